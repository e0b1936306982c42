"""The headers of entries are read as they are written, and lies become entries without a base."""

import struct
import zlib
from array import array
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from leakscan.history.entries import (
    NO_BASE,
    UNKNOWN_BASE,
    Entries,
    PackDamagedError,
    read_entries,
)
from leakscan.history.forest import families
from leakscan.history.pack import PackIndex
from leakscan.model import ObjectId
from tests.support.packs import OFS, REF, PackMaker, Slot, deflate, entry_header, ofs_distance

BLOB = 3


@pytest.fixture
def maker() -> PackMaker:
    return PackMaker()


def index_of(slots: Sequence[Slot], *, with_sums: bool = True) -> PackIndex:
    """Return what an index in id order says of the slots."""
    listed = sorted(slots, key=lambda slot: slot.id)
    sums = array("I", [zlib.crc32(slot.entry(slot.offset)) for slot in listed])
    ids = tuple(ObjectId(slot.id) for slot in listed)
    return PackIndex(ids, array("Q", [slot.offset for slot in listed]), sums if with_sums else None)


def read(folder: Path, maker: PackMaker, index: PackIndex | None = None) -> Entries:
    """Write the pack and read its headers."""
    path = folder / "some.pack"
    path.write_bytes(maker.build())
    return read_entries(path, index or index_of(maker.slots), maker.id_bytes)


def raw(folder: Path, *bodies: bytes) -> Entries:
    """Write a pack of entries of any bytes and read their headers."""
    data = b"PACK" + struct.pack(">II", 2, len(bodies))
    offsets = array("Q")
    for body in bodies:
        offsets.append(len(data))
        data += body
    path = folder / "raw.pack"
    path.write_bytes(data + bytes(20))
    ids = tuple(ObjectId(b"%020d" % number) for number in range(len(bodies)))
    return read_entries(path, PackIndex(ids, offsets), 20)


# -- what honest headers say ----------------------------------------------------------------------


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_kinds_sizes_and_places(tmp_path: Path, object_format: str) -> None:
    maker = PackMaker(object_format)
    sizes = [0, 1, 15, 16, 2047, 2048, 2049, 1 << 18, (1 << 18) + 1]
    for kind in ("commit", "tree", "blob", "tag"):
        for size in sizes:
            maker.full(kind, kind.encode()[:1] * size)
    base = maker.slots[-1]
    maker.ofs(base, b"another")
    maker.ref(base, b"by its id")

    entries = read(tmp_path, maker)

    data = entries.path.read_bytes()
    assert len(entries) == len(maker.slots)
    assert list(entries.kind) == [number for number in (1, 2, 3, 4) for _ in sizes] + [0, 0]
    assert list(entries.base) == [NO_BASE] * 4 * len(sizes) + [len(maker.slots) - 3] * 2
    assert list(entries.end[:-1]) == list(entries.begin[1:])
    assert entries.end[-1] == len(data) - maker.id_bytes
    assert all(entries.owned)
    for position, slot in enumerate(maker.slots):
        begin, end = entries.begin[position], entries.end[position]
        assert entries.id_of(position) == slot.id
        assert begin == slot.offset
        assert entries.size[position] == len(slot.payload)
        assert zlib.decompress(data[entries.data[position] : end]) == slot.payload
        assert entries.crc is not None
        assert entries.crc[position] == zlib.crc32(data[begin:end])


def test_without_sums_in_the_index_there_are_none(tmp_path: Path, maker: PackMaker) -> None:
    maker.full("blob", b"data")
    assert read(tmp_path, maker, index_of(maker.slots, with_sums=False)).crc is None


def test_bases_by_id_stand_anywhere(tmp_path: Path, maker: PackMaker) -> None:
    base = maker.full("blob", b"base\n")
    before, behind = maker.ref(base, b"one\n"), maker.ref(base, b"two\n")
    deep = maker.ref(before, b"three\n")
    maker.slots[:] = [deep, before, base, behind]
    assert list(read(tmp_path, maker).base) == [1, 2, NO_BASE, 2]


@pytest.mark.parametrize("distance", [127, 128, 129, 16511, 16512, 16513, 2_113_663, 2_113_664])
def test_distances_of_every_length(tmp_path: Path, maker: PackMaker, distance: int) -> None:
    """Around the numbers where a group of seven bits more is needed."""
    base = maker.full("blob", b"base")
    gap = maker.full("blob", b"")
    delta = maker.ofs(base, b"delta")
    maker.build()
    room = distance - (delta.offset - base.offset)
    gap.stream = deflate(b"") + bytes(room)
    entries = read(tmp_path, maker)
    assert entries.begin[2] - entries.begin[0] == distance
    assert entries.base[2] == 0


# -- what is not there ----------------------------------------------------------------------------


def test_a_base_that_is_no_entry_is_unknown(tmp_path: Path, maker: PackMaker) -> None:
    base = maker.full("blob", b"base" * 20)
    maker.ofs(base, b"in the middle").nudge = 3
    maker.ofs(base, b"before all entries").nudge = -base.offset - 12
    maker.ofs(base, b"before the file").nudge = -1_000_000
    maker.ofs(base, b"behind the file").nudge = 1_000_000
    maker.ofs(base, b"not in the index")
    maker.ref(base, b"of no pack").base = b"?" * 20
    on_lost = maker.ofs(maker.slots[1], b"on one that is lost itself")
    entries = read(tmp_path, maker)
    assert list(entries.base) == [NO_BASE, *[UNKNOWN_BASE] * 4, 0, UNKNOWN_BASE, 1]
    assert {*families_of(entries)} == {0, 5}
    assert on_lost.base is maker.slots[1]

    unlisted = maker.slots.pop(0)
    hidden = index_of(maker.slots)
    maker.slots.insert(0, unlisted)
    data = maker.build(count=len(maker.slots) - 1)
    (tmp_path / "hidden.pack").write_bytes(data)
    entries = read_entries(tmp_path / "hidden.pack", hidden, 20)
    assert list(entries.base) == [UNKNOWN_BASE] * 6 + [0]


def families_of(entries: Entries) -> list[int]:
    return [position for family in families(entries) for position in family.members]


def test_an_entry_on_itself_has_no_root(tmp_path: Path, maker: PackMaker) -> None:
    for slot in (maker.ofs(maker.full("blob", b"x"), b"y"), maker.ref(maker.slots[0], b"z")):
        slot.base = slot
    entries = read(tmp_path, maker)
    assert list(entries.base) == [NO_BASE, 1, 2]
    assert families_of(entries) == [0]


@pytest.mark.parametrize("number", [0, 5])
def test_a_kind_that_there_is_not(tmp_path: Path, maker: PackMaker, number: int) -> None:
    maker.full("blob", b"x").type_number = number
    maker.ofs(maker.slots[0], b"y")
    entries = read(tmp_path, maker)
    assert list(entries.base) == [UNKNOWN_BASE, 0]
    assert list(entries.kind) == [0, 0]
    assert families_of(entries) == []


@pytest.mark.parametrize("bits", [31, 32, 33, 63, 64])
def test_sizes_that_can_be_told(tmp_path: Path, bits: int) -> None:
    entries = raw(tmp_path, entry_header(BLOB, (1 << bits) - 1) + deflate(b"x"))
    assert entries.size[0] == (1 << bits) - 1
    assert (entries.base[0], entries.kind[0]) == (NO_BASE, BLOB)


@pytest.mark.parametrize("bits", [65, 70, 200, 20_000])
@pytest.mark.parametrize("kind", [BLOB, OFS, REF])
def test_sizes_beyond_64_bits(tmp_path: Path, bits: int, kind: int) -> None:
    name = {OFS: ofs_distance(10), REF: b"%020d" % 0}.get(kind, b"")
    first = entry_header(BLOB, 1) + deflate(b"x")
    entries = raw(tmp_path, first, entry_header(kind, (1 << bits) - 1) + name + deflate(b"x"))
    assert (entries.base[1], entries.kind[1]) == (UNKNOWN_BASE, 0)
    assert (entries.base[0], entries.kind[0]) == (NO_BASE, BLOB)
    assert families_of(entries) == [0]


@pytest.mark.parametrize("kind", [OFS, REF])
def test_a_header_cut_by_the_end_of_the_file(tmp_path: Path, kind: int) -> None:
    """Of the last entry as much is left as the sum at the end of the pack gives it."""
    name = ofs_distance(1 << 40) if kind == OFS else b"?" * 20
    header = entry_header(kind, 1 << 40) + name
    for end in range(len(header)):
        path = tmp_path / "short.pack"
        start = b"PACK" + struct.pack(">II", 2, 1) + bytes(20)
        path.write_bytes(start + header[:end])
        entries = read_entries(path, PackIndex((ObjectId(bytes(20)),), array("Q", [32])), 20)
        assert (entries.base[0], entries.kind[0]) == (UNKNOWN_BASE, 0)


@pytest.mark.parametrize("offset", [10_000, 1 << 31, (1 << 63) + 1, (1 << 64) - 1])
def test_an_entry_behind_the_file(tmp_path: Path, maker: PackMaker, offset: int) -> None:
    maker.full("blob", b"one")
    maker.full("blob", b"two")
    maker.build()
    index = index_of(maker.slots)
    index.offsets[1] = offset
    entries = read(tmp_path, maker, index)
    assert list(entries.base) == [NO_BASE, UNKNOWN_BASE]
    assert families_of(entries) == [0]


# -- ends, and two ids for one entry --------------------------------------------------------------


def test_two_ids_for_one_entry_both_end_where_the_next_begins(
    tmp_path: Path, maker: PackMaker
) -> None:
    one, two, three = (maker.full("blob", b"%d" % number * 30) for number in (1, 2, 3))
    last = len(maker.build()) - 20
    again = [replace(slot, id=b"%020d" % at) for at, slot in enumerate((one, one, three))]
    maker.slots += again
    index = index_of(maker.slots)
    del maker.slots[3:]
    (tmp_path / "twice.pack").write_bytes(maker.build(count=6))
    entries = read_entries(tmp_path / "twice.pack", index, 20)
    offsets = [one.offset] * 3 + [two.offset] + [three.offset] * 2
    assert list(entries.begin) == offsets
    assert list(entries.end) == [two.offset] * 3 + [three.offset] + [last] * 2
    assert {entries.id_of(at) for at in range(6)} == set(index.ids)


# -- packs that are none --------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 3, 0xFFFFFFFF])
def test_a_count_that_is_not_that_of_the_index(
    tmp_path: Path, maker: PackMaker, count: int
) -> None:
    maker.full("blob", b"one")
    maker.full("blob", b"two")
    path = tmp_path / "some.pack"
    path.write_bytes(maker.build(count=count))
    with pytest.raises(PackDamagedError, match=f"{count} objects, and its index 2"):
        read_entries(path, index_of(maker.slots), 20)


@pytest.mark.parametrize(
    ("start", "word"),
    [
        (b"PACK\0\0\0\1", "version"),
        (b"PACK\0\0\0\4", "version"),
        (b"KCAP\0\0\0\2", "version"),
        (b"PACK", "short"),
    ],
)
def test_bytes_that_are_no_pack(tmp_path: Path, maker: PackMaker, start: bytes, word: str) -> None:
    maker.full("blob", b"one")
    data = maker.build()
    path = tmp_path / "some.pack"
    path.write_bytes(start + (data[len(start) :] if len(start) > 4 else b""))
    with pytest.raises(PackDamagedError, match=word):
        read_entries(path, index_of(maker.slots), 20)


def test_version_3_is_read_as_version_2(tmp_path: Path, maker: PackMaker) -> None:
    maker.full("blob", b"one")
    data = maker.build()
    path = tmp_path / "some.pack"
    path.write_bytes(b"PACK\0\0\0\3" + data[8:])
    assert list(read_entries(path, index_of(maker.slots), 20).base) == [NO_BASE]
