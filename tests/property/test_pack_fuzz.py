"""Any bytes in place of a pack end in an answer that is right, or in none.

Packs are read in this process by the walk over families, with a visitor of our own. What it is
shown has to be what was packed, unless the index itself was changed.
"""

import random
import re
import shutil
import zlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakscan.history.delta import DeltaError, apply, fresh
from leakscan.history.family import Pack
from leakscan.history.forest import batches
from leakscan.history.store import Listing, list_store
from leakscan.history.visit import COLD, Since
from leakscan.model import Kind, ObjectId
from tests.support.packs import (
    Copy,
    Op,
    PackMaker,
    Row,
    Slot,
    apply_ops,
    encode_delta,
    entry_header,
    write_index,
)

NEEDLE: Final = re.compile(rb"(?:^|[^A-Z])KEY[0-9]{12}(?:$|[^0-9])")
WIDTH: Final = 17
"""Of the widest match, with the bytes beside the value that decide."""
SHAPES: Final = ("loners", "chain", "fan", "bases behind", "mixed")


@dataclass(slots=True)
class Recorder:
    """A visitor that keeps what it is shown."""

    width: int = WIDTH
    shown: dict[ObjectId, bytes] = field(default_factory=dict)
    sizes: dict[ObjectId, int] = field(default_factory=dict)
    times: Counter[ObjectId] = field(default_factory=Counter)
    kinds: set[Kind] = field(default_factory=set)

    def suspects(self, piece: bytes) -> bool:
        return NEEDLE.search(piece) is not None

    def visit(self, kind: Kind, object_id: ObjectId, data: bytes, since: Since | None) -> object:
        self.kinds.add(kind)
        self.shown[object_id] = data
        self.times[object_id] += 1
        return None if self.suspects(data) else COLD

    def see_copy(self, kind: Kind, object_id: ObjectId, data: bytes) -> None:
        raise AssertionError("everything here is owned")

    def passed(self, kind: Kind, object_id: ObjectId, size_bytes: int) -> None:
        self.sizes[object_id] = size_bytes
        self.times[object_id] += 1


def small_pack(shape: str) -> PackMaker:
    """Return a pack of a dozen objects, some with a needle, most of them deltas."""
    rng = random.Random(shape)
    maker = PackMaker()
    text = b"".join(b"%d %d\n" % (n, rng.getrandbits(30)) for n in range(999))
    slots: list[Slot] = []
    for number in range(12):
        cut = rng.randrange(len(text))
        new = b"KEY%012d" % number if number % 3 == 0 else b"word %d " % number
        change = (Copy(0, cut), new, Copy(cut, len(text) - cut))
        if not slots or shape == "loners" or (shape == "mixed" and number % 5 == 0):
            slots.append(maker.full("blob", apply_ops(text, change)))
            continue
        base = {"chain": slots[-1], "fan": slots[0]}.get(shape) or rng.choice(slots)
        whole = len(base.content)
        ops = (Copy(0, min(cut, whole)), new, Copy(cut, whole - cut) if cut < whole else b"end")
        by_id = shape == "bases behind" or number % 2
        slots.append(maker.ref(base, ops) if by_id else maker.ofs(base, ops))
    if shape == "bases behind":
        maker.slots.reverse()
    return maker


def walk(folder: Path, jobs: int = 1) -> tuple[Listing, Recorder]:
    """List a store and walk all its families, as several processes would."""
    listing, recorder = list_store(folder, 20), Recorder()
    for batch in batches(listing.packs, jobs):
        with Pack(listing.packs[batch.pack]) as pack:
            for family in batch.families:
                pack.walk(family, recorder)
    assert recorder.times.keys() <= listing.ids.keys()
    assert max(recorder.times.values(), default=1) == 1
    return listing, recorder


def store(folder: Path, pack: bytes, index: bytes) -> Path:
    """Write a store of one pack."""
    shutil.rmtree(folder / "pack", ignore_errors=True)
    (folder / "pack").mkdir(parents=True)
    (folder / "pack/pack-1.pack").write_bytes(pack)
    (folder / "pack/pack-1.idx").write_bytes(index)
    return folder


def honest(maker: PackMaker) -> tuple[bytes, bytes]:
    pack = maker.build()
    return pack, write_index(sorted(maker.rows(), key=lambda row: row.id), pack[-20:])


def right(recorder: Recorder, slots: list[Slot]) -> None:
    """What was shown is what was packed, and what was passed over holds nothing."""
    packed = {slot.id: slot.content for slot in slots}
    assert recorder.kinds <= {Kind.BLOB}
    for object_id, data in recorder.shown.items():
        assert data == packed[object_id]
    for object_id, size in recorder.sizes.items():
        assert size == len(packed[object_id])
        assert not NEEDLE.search(packed[object_id])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


# -- whole packs ----------------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", [1, 2, 7])
@pytest.mark.parametrize("shape", SHAPES)
def test_an_honest_pack_is_answered_whole(folder: Path, shape: str, jobs: int) -> None:
    maker = small_pack(shape)
    listing, recorder = walk(store(folder, *honest(maker)), jobs)
    assert not listing.skipped
    assert recorder.times.keys() == {slot.id for slot in maker.slots}
    right(recorder, maker.slots)
    # Some are only looked at through windows; of a base that another part reads nothing is known.
    assert recorder.sizes or shape == "loners" or jobs == 7


PLACES: Final = st.floats(0, 1, exclude_max=True)
EDITS: Final = st.lists(
    st.tuples(PLACES, st.integers(0, 3), st.binary(max_size=6)),
    min_size=1,
    max_size=4,
)
"""Where to edit, how many bytes to drop there, and what to put in place."""


def edited(data: bytes, edits: list[tuple[float, int, bytes]]) -> bytes:
    for part, drop, put in edits:
        at = int(part * len(data))
        data = data[:at] + put + data[at + drop :]
    return data


@given(shape=st.sampled_from(SHAPES), edits=EDITS)
def test_an_edited_pack_is_answered_right_or_not(
    folder: Path, shape: str, edits: list[tuple[float, int, bytes]]
) -> None:
    maker = small_pack(shape)
    pack, index = honest(maker)
    _, recorder = walk(store(folder, edited(pack, edits), index), 2)
    right(recorder, maker.slots)


@given(
    shape=st.sampled_from(SHAPES), part=st.floats(0, 1, exclude_max=True), to=st.integers(1, 255)
)
def test_a_changed_byte_costs_only_what_is_made_from_it(
    folder: Path, shape: str, part: float, to: int
) -> None:
    maker = small_pack(shape)
    pack, index = honest(maker)
    at = 12 + int(part * (len(pack) - 32))
    changed = pack[:at] + bytes([pack[at] ^ to]) + pack[at + 1 :]
    _, recorder = walk(store(folder, changed, index))
    right(recorder, maker.slots)
    hit = max((slot for slot in maker.slots if slot.offset <= at), key=lambda slot: slot.offset)
    lost = {hit}
    for _ in maker.slots:
        lost |= {slot for slot in maker.slots if slot.base in lost}
    assert recorder.times.keys() == {slot.id for slot in maker.slots if slot not in lost}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_bit_of_every_header_counts(folder: Path, shape: str) -> None:
    """No sum of the stream covers kind, size and base; that of the index does."""
    maker = small_pack(shape)
    pack, index = honest(maker)
    for slot in maker.slots:
        for at in range(slot.offset, slot.offset + 4):
            for bit in range(8):
                changed = pack[:at] + bytes([pack[at] ^ 1 << bit]) + pack[at + 1 :]
                _, recorder = walk(store(folder, changed, index))
                right(recorder, maker.slots)
                assert slot.id not in recorder.times


@given(shape=st.sampled_from(SHAPES), edits=EDITS, version=st.sampled_from([1, 2]))
def test_an_edited_index_ends_in_order(
    folder: Path, shape: str, edits: list[tuple[float, int, bytes]], version: int
) -> None:
    maker = small_pack(shape)
    pack = maker.build()
    rows = sorted(maker.rows(), key=lambda row: row.id)
    wide = [row.id for row in rows[::2]]
    index = write_index(rows, pack[-20:], version=version, wide=wide)
    walk(store(folder, pack, edited(index, edits)))


@given(
    heads=st.lists(
        st.tuples(st.integers(0, 7), st.integers(0, 1 << 70), st.binary(max_size=30)),
        min_size=1,
        max_size=8,
    ),
    shifts=st.lists(st.integers(-30, 30), min_size=8, max_size=8),
)
def test_entries_of_any_bytes(
    folder: Path, heads: list[tuple[int, int, bytes]], shifts: list[int]
) -> None:
    """The sums of the index are right for once, so that the entries themselves are believed."""
    pack, rows = bytearray(b"PACK\0\0\0\2" + len(heads).to_bytes(4, "big")), []
    for number, (kind, size, body) in enumerate(heads):
        entry = entry_header(kind, size if size % 3 == 0 else len(body)) + zlib.compress(body)
        rows.append(Row(b"%020d" % number, len(pack) + shifts[number] // 20, zlib.crc32(entry)))
        pack += entry
    pack += bytes(20)
    index = write_index(rows, bytes(20))
    walk(store(folder, bytes(pack), index), 2)


# -- deltas ---------------------------------------------------------------------------------------

NEEDLE_TEXT: Final = b"KEY123456789012"


@st.composite
def deltas(draw: st.DrawFn) -> tuple[bytes, list[Op]]:
    """Draw a base of halves of needles with anything between, and copies from where they end."""
    base, places = b"", [0]
    for _ in range(draw(st.integers(1, 6))):
        cut = draw(st.integers(1, len(NEEDLE_TEXT) - 1))
        halves = [NEEDLE_TEXT[:cut], NEEDLE_TEXT[cut:], b"-", b"X", b"7", b"." * 60]
        base += draw(st.sampled_from(halves))
        places.append(len(base))
    ops: list[Op] = []
    for _ in range(draw(st.integers(1, 5))):
        start, stop = sorted(draw(st.tuples(*[st.sampled_from(places)] * 2)))
        start = max(0, start - draw(st.sampled_from([0, 0, 0, 1, 40])))
        if start < stop:
            ops.append(Copy(start, stop - start))
        cut = draw(st.integers(1, len(NEEDLE_TEXT) - 1))
        parts = [b"", b"", NEEDLE_TEXT[:cut], NEEDLE_TEXT[cut:], b"-", b"7", b"X"]
        if insert := draw(st.sampled_from(parts)):
            ops.append(insert)
    return base, ops


@settings(max_examples=15 * settings.default.max_examples)
@given(delta=deltas())
def test_windows_show_what_the_base_has_not(delta: tuple[bytes, list[Op]]) -> None:
    base, ops = delta
    child = apply_ops(base, ops)
    data = encode_delta(len(base), len(child), ops)
    assert apply(base, data) == child
    windows = fresh(base, data, WIDTH)
    if NEEDLE.search(child) and not NEEDLE.search(base):
        assert NEEDLE.search(windows)


@pytest.mark.parametrize("cut", range(1, WIDTH))
def test_a_window_is_wide_enough_for_every_cut(cut: int) -> None:
    far, text = b"." * 200, b"<" + NEEDLE_TEXT + b">"
    assert len(text) == WIDTH
    base = far + text[:cut] + b"#" + text[cut:] + far
    kept, rest = len(far) + cut, len(base) - len(far) - cut - 1
    for ops in (
        [Copy(0, kept), Copy(kept + 1, rest)],
        [Copy(0, kept), text[cut:], Copy(0, 200)],
        [Copy(0, 200), text[:cut], Copy(kept + 1, rest)],
    ):
        assert text in windows_of(base, ops)


@pytest.mark.parametrize("before", [b"", b"A", b"-"])
@pytest.mark.parametrize("behind", [b"", b"1", b"-"])
def test_a_window_shows_what_copies_alone_set_free(before: bytes, behind: bytes) -> None:
    """Also at the beginning and the end of a text, where nothing adjoins."""
    far = b"." * 200
    base = far + before + NEEDLE_TEXT + behind + far
    value, rest = Copy(200 + len(before), 15), Copy(215 + len(before) + len(behind), 200)
    for ops in ([Copy(0, 200), value, rest], [value, rest], [Copy(0, 200), value], [value]):
        assert NEEDLE.search(windows_of(base, ops))


def windows_of(base: bytes, ops: list[Op]) -> bytes:
    return fresh(base, encode_delta(len(base), len(apply_ops(base, ops)), ops), WIDTH)


@given(base=st.binary(max_size=60), data=st.binary(max_size=60), sizes=st.booleans())
def test_any_delta_ends_in_order(base: bytes, data: bytes, sizes: bool) -> None:
    """What windows are given for can be applied, and is as long as it says."""
    if sizes:
        data = encode_delta(len(base), len(data), [data]) + data
    try:
        made = apply(base, data)
    except DeltaError:
        made = None
    try:
        fresh(base, data, WIDTH)
    except DeltaError:
        return
    assert made is not None
