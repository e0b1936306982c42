"""Writes packs and their indexes byte by byte, the honest ones and those that lie.

In: objects, full or as deltas that are made by hand or from two texts. Out: the bytes of a pack,
the rows of its index, and both as files of a repository. Whatever a slot or a row says is written
as it is said. Source: git documentation, gitformat-pack.
"""

import hashlib
import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import Final, TypeAlias

from tests.support.repo import Repo

NUMBERS: Final = {"commit": 1, "tree": 2, "blob": 3, "tag": 4}
OFS: Final = 6
REF: Final = 7
LARGEST_COPY: Final = 0xFFFFFF


@dataclass(frozen=True, slots=True)
class Copy:
    """The instruction of a delta to take bytes of its base."""

    offset: int
    size: int


Op: TypeAlias = Copy | bytes
"""One instruction: bytes to insert, or a stretch to copy."""
Change: TypeAlias = bytes | Sequence[Op]
"""How an object differs from its base: its own bytes, or the instructions."""


@dataclass(slots=True, eq=False)
class Slot:
    """One entry of a pack. `kind` and `content` are what an honest reader makes of it.

    The rest is what is written: a type number, a declared size, the bytes that are deflated (the
    content or a delta), the deflated bytes themselves, and the base. `nudge` moves the place that
    an OFS_DELTA names as its base; `base` may be any slot, also itself, or the id of any object.
    """

    kind: str
    content: bytes = field(repr=False)
    type_number: int
    payload: bytes = field(repr=False)
    base: "Slot | bytes | None" = None
    size: int | None = None
    stream: bytes | None = field(default=None, repr=False)
    nudge: int = 0
    offset: int = 0
    id: bytes = b""

    def entry(self, offset: int) -> bytes:
        """Return the bytes of the entry when it stands at an offset of the pack."""
        size = len(self.payload) if self.size is None else self.size
        stream = deflate(self.payload) if self.stream is None else self.stream
        return entry_header(self.type_number, size) + self._base_name(offset) + stream

    def _base_name(self, offset: int) -> bytes:
        if self.type_number == REF:
            assert self.base is not None
            return self.base.id if isinstance(self.base, Slot) else self.base
        if self.type_number == OFS:
            assert isinstance(self.base, Slot)
            start = offset if self.base is self else self.base.offset
            return ofs_distance(offset - start - self.nudge)
        return b""


@dataclass(slots=True)
class Row:
    """What an index says of one object."""

    id: bytes
    offset: int
    crc: int


class PackMaker:
    """Collects the slots of one pack in the order in which they will stand in it."""

    def __init__(self, object_format: str = "sha1") -> None:
        self.object_format = object_format
        self.slots: list[Slot] = []

    def full(self, kind: str, data: bytes) -> Slot:
        """Add an object as it is."""
        return self._add(Slot(kind, data, NUMBERS[kind], data))

    def ofs(self, base: Slot, change: Change) -> Slot:
        """Add an object as a delta against an entry that stands earlier in this pack."""
        return self._delta(OFS, base, change)

    def ref(self, base: Slot, change: Change) -> Slot:
        """Add an object as a delta against the id of any other."""
        return self._delta(REF, base, change)

    def _delta(self, type_number: int, base: Slot, change: Change) -> Slot:
        ops = ops_between(base.content, change) if isinstance(change, bytes) else change
        content = apply_ops(base.content, ops)
        payload = encode_delta(len(base.content), len(content), ops)
        return self._add(Slot(base.kind, content, type_number, payload, base))

    def _add(self, slot: Slot) -> Slot:
        slot.id = object_id(self.object_format, slot.kind, slot.content)
        self.slots.append(slot)
        return slot

    def build(self, *, count: int | None = None) -> bytes:
        """Return the pack, and set the offset of every slot; `count` is what its header states."""
        stated = len(self.slots) if count is None else count
        parts = [struct.pack(">4sII", b"PACK", 2, stated)]
        at = len(parts[0])
        for slot in self.slots:
            slot.offset = at
            parts.append(slot.entry(at))
            at += len(parts[-1])
        data = b"".join(parts)
        return data + hashlib.new(self.object_format, data).digest()

    def rows(self) -> list[Row]:
        """Return the honest rows of the index, in the order of the pack."""
        return [
            Row(slot.id, slot.offset, zlib.crc32(slot.entry(slot.offset))) for slot in self.slots
        ]

    def write(
        self,
        repo: Repo,
        *,
        data: bytes | None = None,
        rows: Sequence[Row] | None = None,
        index: bytes | None = None,
        suffixes: Iterable[str] = (),
    ) -> Path:
        """Store the pack with its index in a repository and return where it lies.

        `data`, `rows` and `index` stand in for the honest ones; `suffixes` are empty files beside
        them, such as `.promisor`. The name is that of the honest pack.
        """
        honest = self.build()
        name = honest[-self.id_bytes :].hex()
        if index is None:
            trailer = (honest if data is None else data)[-self.id_bytes :]
            listed = sorted(self.rows() if rows is None else rows, key=lambda row: row.id)
            index = write_index(listed, trailer, self.object_format)
        pack = repo.git_dir / "objects" / "pack" / f"pack-{name}.pack"
        pack.parent.mkdir(parents=True, exist_ok=True)
        pack.write_bytes(honest if data is None else data)
        pack.with_suffix(".idx").write_bytes(index)
        for suffix in suffixes:
            pack.with_suffix(suffix).touch()
        return pack

    @property
    def id_bytes(self) -> int:
        """The length of an id."""
        return hashlib.new(self.object_format).digest_size


def object_id(object_format: str, kind: str, data: bytes) -> bytes:
    """Return the id of an object."""
    header = b"%b %d\0" % (kind.encode(), len(data))
    return hashlib.new(object_format, header + data).digest()


# -- entries --------------------------------------------------------------------------------------


def entry_header(type_number: int, size: int) -> bytes:
    """Return type and size as they stand at the start of an entry."""
    first = type_number << 4 | size & 0x0F
    rest = size >> 4
    return bytes([first | (0x80 if rest else 0)]) + (varint(rest) if rest else b"")


def varint(number: int) -> bytes:
    """Return a number in groups of seven bits, lowest first."""
    made = bytearray()
    while number > 0x7F:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*made, number])


def ofs_distance(distance: int) -> bytes:
    """Return how far before the entry its base begins; less than nothing wraps at 64 bits."""
    distance %= 1 << 64
    made = [distance & 0x7F]
    while distance := distance >> 7:
        distance -= 1
        made.insert(0, distance & 0x7F | 0x80)
    return bytes(made)


def deflate(data: bytes, level: int = 6) -> bytes:
    """Return a zlib stream; at level 0 the data stand in it as they are."""
    return zlib.compress(data, level)


def bomb(size: int) -> bytes:
    """Return the zlib stream of so many zeros, without ever having them: a multiple of 16 MiB."""
    block = 16 << 20
    assert size % block == 0
    maker = zlib.compressobj(9, zlib.DEFLATED, -15)
    one = maker.compress(bytes(block)) + maker.flush(zlib.Z_FULL_FLUSH)
    # Adler-32 of zeros: the first sum stays 1, the second counts the bytes.
    check = struct.pack(">I", size % 65521 << 16 | 1)
    return b"\x78\x9c" + one * (size // block) + b"\x03\x00" + check


# -- deltas ---------------------------------------------------------------------------------------


def encode_delta(base_size: int, target_size: int, ops: Iterable[Op]) -> bytes:
    """Return a delta that states these sizes and holds these instructions."""
    return varint(base_size) + varint(target_size) + b"".join(map(_encode_op, ops))


def apply_ops(base: bytes, ops: Iterable[Op]) -> bytes:
    """Return what the instructions make of the base."""
    return b"".join(
        base[op.offset : op.offset + op.size] if isinstance(op, Copy) else op for op in ops
    )


def ops_between(old: bytes, new: bytes) -> list[Op]:
    """Return instructions that make the new text of the old one, line by line."""
    old_lines, new_lines = old.splitlines(keepends=True), new.splitlines(keepends=True)
    starts = [0]
    for line in old_lines:
        starts.append(starts[-1] + len(line))
    ops: list[Op] = []
    for word, i1, i2, j1, j2 in SequenceMatcher(None, old_lines, new_lines, False).get_opcodes():
        if word == "equal":
            ops.append(Copy(starts[i1], starts[i2] - starts[i1]))
        elif j2 > j1:
            ops.append(b"".join(new_lines[j1:j2]))
    return ops


def _encode_op(op: Op) -> bytes:
    if isinstance(op, bytes):
        parts = (op[at : at + 127] for at in range(0, len(op), 127))
        return b"".join(bytes([len(part)]) + part for part in parts)
    made = b""
    for at in range(op.offset, op.offset + op.size, LARGEST_COPY):
        made += _encode_copy(at, min(LARGEST_COPY, op.offset + op.size - at))
    return made


def _encode_copy(offset: int, size: int) -> bytes:
    # A size of 0x10000 is written by leaving it out.
    fields = struct.pack("<I", offset) + struct.pack("<I", 0 if size == 0x10000 else size)[:3]
    flags = sum(1 << place for place, byte in enumerate(fields) if byte)
    return bytes([0x80 | flags, *(byte for byte in fields if byte)])


# -- indexes --------------------------------------------------------------------------------------


def write_index(
    rows: Sequence[Row],
    pack_trailer: bytes,
    object_format: str = "sha1",
    *,
    version: int = 2,
    wide: Iterable[bytes] = (),
) -> bytes:
    """Return an index that holds the rows in the order given; ids in `wide` get 64-bit offsets."""
    counts = [0] * 256
    for row in rows:
        counts[row.id[0]] += 1
    fanout = b"".join(struct.pack(">I", sum(counts[: byte + 1])) for byte in range(256))
    body = fanout + _entries_1(rows) if version == 1 else _entries_2(fanout, rows, set(wide))
    body += pack_trailer
    return body + hashlib.new(object_format, body).digest()


def _entries_1(rows: Iterable[Row]) -> bytes:
    return b"".join(struct.pack(">I", row.offset) + row.id for row in rows)


def _entries_2(fanout: bytes, rows: Sequence[Row], wide: set[bytes]) -> bytes:
    small: list[int] = []
    large: list[int] = []
    for row in rows:
        if row.id in wide or row.offset >= 1 << 31:
            small.append(1 << 31 | len(large))
            large.append(row.offset)
        else:
            small.append(row.offset)
    return b"".join(
        [
            b"\xfftOc" + struct.pack(">I", 2) + fanout,
            *(row.id for row in rows),
            *(struct.pack(">I", row.crc) for row in rows),
            struct.pack(f">{len(small)}I", *small),
            struct.pack(f">{len(large)}Q", *large),
        ]
    )
