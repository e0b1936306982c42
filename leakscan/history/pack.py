"""Pack indexes: which objects a pack holds, and where.

In: an `.idx` file, version 1 or 2, for SHA-1 or SHA-256. Out: object ids with the offsets and the
checksums of their entries.
Source: git documentation, gitformat-pack, "Original (version 1)" and "Version 2".
"""

import mmap
import struct
from array import array
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Final

from leakscan.model import ObjectId
from leakscan.record import Record

_MAGIC: Final = b"\xfftOc\0\0\0\2"
_FANOUT_BYTES: Final = 1024
_LARGE: Final = 0x8000_0000


class IndexDamagedError(Exception):
    """The index contradicts itself or is cut short; the text says how."""


class PackIndex(Record, frozen=True, dict=True):
    """The ids of a pack in id order, with offset and CRC-32 of each entry in the pack.

    Version 1 has no checksums: `crcs` is None.
    """

    ids: tuple[ObjectId, ...]
    offsets: "array[int]"
    crcs: "array[int] | None" = None

    @cached_property
    def order(self) -> list[int]:
        """The positions of the ids as their entries follow each other in the pack."""
        return sorted(range(len(self.ids)), key=self.offsets.__getitem__)


def read_index(path: Path, id_bytes: int) -> PackIndex:
    """Read a pack index. Nothing is allocated that the file's own size does not allow.

    Raises OSError, or IndexDamagedError.
    """
    with path.open("rb") as file:
        size = path.stat().st_size
        if size < _FANOUT_BYTES + 2 * id_bytes:
            raise IndexDamagedError("too short")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            if data[:8] == _MAGIC:
                return _version_2(data, id_bytes)
            if data[:4] == _MAGIC[:4]:
                raise IndexDamagedError("unknown index version")
            return _version_1(data, id_bytes)


def _count(data: mmap.mmap, start: int, entry_bytes: int) -> int:
    fanout = struct.unpack(">256I", data[start : start + _FANOUT_BYTES])
    if any(later < earlier for earlier, later in pairwise(fanout)):
        raise IndexDamagedError("fan-out table is not in order")
    if start + _FANOUT_BYTES + fanout[255] * entry_bytes > len(data):
        raise IndexDamagedError("more entries than the file has room for")
    return int(fanout[255])


def _version_1(data: mmap.mmap, id_bytes: int) -> PackIndex:
    count = _count(data, 0, 4 + id_bytes)
    record = struct.Struct(f">I{id_bytes}s")
    entries = list(record.iter_unpack(data[_FANOUT_BYTES : _FANOUT_BYTES + count * record.size]))
    ids = tuple(ObjectId(entry[1]) for entry in entries)
    return PackIndex(ids, array("Q", (entry[0] for entry in entries)))


def _version_2(data: mmap.mmap, id_bytes: int) -> PackIndex:
    count = _count(data, 8, id_bytes + 8)
    names = 8 + _FANOUT_BYTES
    sums = names + count * id_bytes
    small = sums + count * 4
    large = small + count * 4
    joined = data[names:sums]
    ids = tuple(ObjectId(joined[at : at + id_bytes]) for at in range(0, len(joined), id_bytes))
    offsets = array("Q", struct.unpack(f">{count}I", data[small:large]))
    for position, offset in enumerate(offsets if max(offsets, default=0) & _LARGE else ()):
        if offset & _LARGE:
            at = large + 8 * (offset & ~_LARGE)
            if at + 8 > len(data):
                raise IndexDamagedError("a 64-bit offset lies outside the file")
            offsets[position] = struct.unpack(">Q", data[at : at + 8])[0]
    return PackIndex(ids, offsets, array("I", struct.unpack(f">{count}I", data[sums:small])))
