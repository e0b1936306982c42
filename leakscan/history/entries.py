"""What the header of every entry of a pack says: kind, size, and the base of a delta.

In: a pack and its index. Out: `Entries`, parallel arrays in pack order that are sent to workers.
Nothing is unpacked here. Source: git documentation, gitformat-pack, "pack-*.pack files".
"""

import os
import struct
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from io import RawIOBase
from pathlib import Path
from typing import Final

from leakscan.history.pack import PackIndex
from leakscan.model import Kind, ObjectId
from leakscan.record import Record

NO_BASE: Final = -1
"""The base of an object that is stored whole."""
UNKNOWN_BASE: Final = -2
"""The base of a delta against something that this pack does not hold, or of a broken entry."""
KINDS: Final = {1: Kind.COMMIT, 2: Kind.TREE, 3: Kind.BLOB, 4: Kind.TAG}
_OFS_DELTA: Final = 6
_REF_DELTA: Final = 7
_SIGNATURE: Final = struct.Struct(">4sII")
_HEADER_BYTES: Final = 32
"""More than the sizes and the offset of a base take together; the id of a base comes on top."""
_BLOCK: Final = 4 << 20


class PackDamagedError(Exception):
    """The pack is none, or does not belong to its index; the text says how."""


class Entries(Record, frozen=True, dict=True):
    """The entries of one pack in pack order; every array has one element for each.

    `begin` is where the header starts, `data` where the compressed bytes do, `end` where the next
    entry begins; `size` is the unpacked size (for a delta, of its instructions); `kind` the number
    of the kind, 0 for a delta; `base` the position of the base. `crc` is None for index version 1.
    `owned` is 0 where another pack or an earlier entry already answers for the id.
    """

    path: Path
    ids: bytes
    id_bytes: int
    begin: "array[int]"
    data: "array[int]"
    end: "array[int]"
    size: "array[int]"
    kind: bytearray
    base: "array[int]"
    crc: "array[int] | None"
    owned: bytearray

    def __len__(self) -> int:
        return len(self.begin)

    def id_of(self, position: int) -> ObjectId:
        """Return the id of the entry."""
        return ObjectId(self.ids[position * self.id_bytes : (position + 1) * self.id_bytes])


def read_entries(path: Path, index: PackIndex, id_bytes: int) -> Entries:
    """Read the headers of all entries that the index lists.

    Raises OSError, or PackDamagedError. A header that makes no sense is an entry of UNKNOWN_BASE.
    """
    order = index.order
    begin = array("Q", [index.offsets[at] for at in order])
    # Read, not mapped: a mapped file that somebody shortens ends the process.
    with path.open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        _check(file.read(_SIGNATURE.size), size, len(order), id_bytes)
        return _Reader(file, size, begin, [index.ids[at] for at in order], id_bytes).read(
            path, array("I", [index.crcs[at] for at in order]) if index.crcs else None
        )


def _check(start: bytes, size: int, count: int, id_bytes: int) -> None:
    if len(start) < _SIGNATURE.size or size < _SIGNATURE.size + id_bytes:
        raise PackDamagedError("too short")
    magic, version, declared = _SIGNATURE.unpack(start)
    if magic != b"PACK" or version not in (2, 3):
        raise PackDamagedError("not a pack of version 2 or 3")
    if declared != count:
        raise PackDamagedError(f"it holds {declared} objects, and its index {count}")


class _Reader:
    """Reads the headers of one pack."""

    def __init__(
        self,
        pack: RawIOBase,
        size: int,
        begin: "array[int]",
        ids: Sequence[ObjectId],
        id_bytes: int,
    ) -> None:
        self._pack, self._size, self._begin = pack, size, begin
        self._ids, self._id_bytes = ids, id_bytes
        self._at = {offset: position for position, offset in enumerate(begin)}

    @cached_property
    def _by_id(self) -> dict[ObjectId, int]:
        return {object_id: position for position, object_id in enumerate(self._ids)}

    def read(self, path: Path, crc: "array[int] | None") -> Entries:
        count = len(self._begin)
        kinds = bytearray(count)
        data, size = array("Q", bytes(8 * count)), array("Q", bytes(8 * count))
        base = array("q", [UNKNOWN_BASE]) * count
        header = _HEADER_BYTES + self._id_bytes
        block, first = b"", 0
        for position, start in enumerate(self._begin):
            # Inlined: a call for each of a million entries is a second.
            if not 0 <= start - first <= len(block) - header:
                block, first = self._read(start), start
            head = block[start - first : start - first + header]
            try:
                byte = head[0]
                kind, length, shift, at = byte >> 4 & 7, byte & 15, 4, 1
                while byte & 0x80:
                    byte = head[at]
                    length |= (byte & 0x7F) << shift
                    shift, at = shift + 7, at + 1
                if kind == _OFS_DELTA:
                    byte = head[at]
                    distance, at = byte & 0x7F, at + 1
                    while byte & 0x80:
                        byte = head[at]
                        distance, at = distance + 1 << 7 | byte & 0x7F, at + 1
                    base[position] = self._at.get(start - distance, UNKNOWN_BASE)
                elif kind == _REF_DELTA:
                    wanted = ObjectId(head[at : at + self._id_bytes])
                    base[position], at = self._by_id.get(wanted, UNKNOWN_BASE), at + self._id_bytes
                elif kind in KINDS:
                    base[position], kinds[position] = NO_BASE, kind
                data[position], size[position] = start + at, length
            except (IndexError, OverflowError):
                base[position], kinds[position] = UNKNOWN_BASE, 0
        return Entries(
            path,
            b"".join(self._ids),
            self._id_bytes,
            self._begin,
            data,
            self._ends(),
            size,
            kinds,
            base,
            crc,
            bytearray(b"\1") * count,
        )

    def _read(self, start: int) -> bytes:
        if start >= self._size:
            return b""
        self._pack.seek(start)
        return self._pack.read(_BLOCK) or b""

    def _ends(self) -> "array[int]":
        """Return where the entry behind each begins; the last one ends at the pack's own sum."""
        last = self._size - self._id_bytes
        ends = self._begin[1:]
        ends.append(last)
        for position in range(len(ends)):
            if ends[position] == self._begin[position]:  # Two ids for one entry: both are read.
                behind = bisect_right(self._begin, self._begin[position])
                ends[position] = self._begin[behind] if behind < len(self._begin) else last
        return ends
