"""A walk shows each member once, with what git makes of it, and holds little while it does."""

import random
import tracemalloc
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final

import pytest
from msgspec.structs import replace

from leakscan.history.entries import Entries
from leakscan.history.family import Pack, UnreadableError, inflate
from leakscan.history.forest import Family, families, split
from leakscan.history.store import list_store
from leakscan.history.visit import COLD, Since
from leakscan.model import Kind, ObjectId
from tests.support.packs import Copy, Op, PackMaker, Slot, bomb, deflate
from tests.support.repo import Repo

MIB: Final = 1 << 20
HOT: Final = b"HOT"


@dataclass(frozen=True, slots=True)
class Seen:
    """One object as it was shown; `number` is its state, which its versions are shown with."""

    number: int
    kind: Kind
    data: bytes
    since: Since | None


@dataclass(slots=True)
class Recorder:
    """Keeps what it is shown. What has `HOT` in it is suspicious, and nothing else."""

    width: int = 8
    shown: dict[ObjectId, Seen] = field(default_factory=dict)
    sizes: dict[ObjectId, int] = field(default_factory=dict)
    windows: list[bytes] = field(default_factory=list)
    times: Counter[ObjectId] = field(default_factory=Counter)
    states: Iterator[int] = field(default_factory=count)
    copies: dict[ObjectId, bytes] = field(default_factory=dict)

    def suspects(self, piece: bytes) -> bool:
        self.windows.append(piece)
        return HOT in piece

    def visit(self, kind: Kind, object_id: ObjectId, data: bytes, since: Since | None) -> object:
        seen = Seen(next(self.states), kind, data, since)
        self.shown[object_id] = seen
        self.times[object_id] += 1
        return seen.number if HOT in data else COLD

    def see_copy(self, kind: Kind, object_id: ObjectId, data: bytes) -> None:
        self.copies[object_id] = data

    def passed(self, kind: Kind, object_id: ObjectId, size_bytes: int) -> None:
        self.sizes[object_id] = size_bytes
        self.times[object_id] += 1


def walk(
    entries: Entries, parts: Sequence[Family] | None = None, limit_bytes: int = 64 * MIB
) -> Recorder:
    recorder = Recorder()
    with Pack(entries, limit_bytes) as pack:
        for family in list(families(entries)) if parts is None else parts:
            pack.walk(family, recorder)
    return recorder


def store(repo: Repo, maker: PackMaker) -> Entries:
    """Write a pack and list it."""
    maker.write(repo)
    (entries,) = list_store(repo.git_dir / "objects", maker.id_bytes).packs
    return entries


def ids(slots: Sequence[Slot]) -> set[bytes]:
    return {slot.id for slot in slots}


def text(rng: random.Random, size: int) -> bytes:
    return rng.randbytes(size // 2).hex().encode()


def changed(rng: random.Random, base: bytes, *, hot: bool) -> list[Op]:
    """Return instructions that change a text in two places."""
    one, two = sorted(rng.sample(range(1, len(base) - 1), 2))
    word = HOT if hot else b"new"
    return [Copy(0, one), word + b"%d" % rng.getrandbits(30), Copy(one, two - one), b"!",
            Copy(two, len(base) - two)]  # fmt: skip


@pytest.fixture(params=["blob", "tree", "commit", "tag"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def mixed(kind: str) -> PackMaker:
    """Two families, hot and cold in turn, large and small, with bases before and behind."""
    rng, maker = random.Random(kind), PackMaker()
    for size in (6000, 900):
        slots = [maker.full(kind, text(rng, size))]
        for _ in range(50):
            base = rng.choice(slots[-8:])
            ops = changed(rng, base.content, hot=rng.random() < 0.15)
            if HOT in base.content and rng.random() < 0.5:  # It becomes cold again.
                ops = [text(rng, size), Copy(0, 3)]
            slots.append(maker.ref(base, ops) if rng.random() < 0.4 else maker.ofs(base, ops))
    for at in range(1, len(maker.slots), 3):  # A reference by id may stand before its base.
        if all(slot.base is not maker.slots[at] for slot in maker.slots[: at + 2]):
            maker.slots.insert(at + 1, maker.slots.pop(at))
    maker.slots.sort(key=lambda slot: slot.type_number == 6)
    return in_writable_order(maker)


def in_writable_order(maker: PackMaker) -> PackMaker:
    """Put every base by offset before what is made from it; bases by id stay behind if they are."""
    placed: list[Slot] = []
    waiting = list(maker.slots)
    while waiting:
        slot = next(
            one for one in waiting if one.type_number != 6 or any(one.base is at for at in placed)
        )
        waiting = [one for one in waiting if one is not slot]
        placed.append(slot)
    maker.slots[:] = placed
    return maker


# -- what is shown --------------------------------------------------------------------------------


def test_every_member_is_shown_once_as_git_has_it(repo: Repo, mixed: PackMaker, kind: str) -> None:
    entries = store(repo, mixed)
    recorder = walk(entries)
    assert recorder.times == Counter(ids(mixed.slots))
    assert any(base > at for at, base in enumerate(entries.base))
    # All there is to a commit, tag or tree is taken from it, not only what is suspicious.
    assert bool(recorder.sizes) == (kind == Kind.BLOB)
    repo.git("verify-pack", *repo.packs())
    for slot in mixed.slots:
        # git verifies the pack, and each id is the hash of the content.
        if seen := recorder.shown.get(ObjectId(slot.id)):
            assert (seen.kind, seen.data) == (kind, slot.content)
        else:
            assert recorder.sizes[ObjectId(slot.id)] == len(slot.content)
            assert HOT not in slot.content


def test_only_what_is_made_from_cold_is_passed(repo: Repo, mixed: PackMaker) -> None:
    recorder = walk(store(repo, mixed))
    cold = {
        slot.id
        for slot in mixed.slots
        if slot.id in recorder.sizes or HOT not in recorder.shown[ObjectId(slot.id)].data
    }
    for slot in mixed.slots:
        if slot.id in recorder.sizes:
            assert isinstance(slot.base, Slot)
            assert slot.base.id in cold
            # The little ones are looked at as a whole, whatever they are made from.
            assert len(slot.content) > 2048


def test_versions_come_with_what_their_base_was(repo: Repo, mixed: PackMaker) -> None:
    recorder = walk(store(repo, mixed))
    for slot in mixed.slots:
        if (seen := recorder.shown.get(ObjectId(slot.id))) is None:
            continue
        if slot.base is None:
            assert seen.since is None
            continue
        assert isinstance(slot.base, Slot)
        base = recorder.shown.get(ObjectId(slot.base.id))
        hot = base is not None and HOT in base.data
        state = base.number if base is not None and hot else COLD
        assert seen.since == Since(state, len(slot.base.content), slot.payload)


def test_a_version_with_much_new_is_shown_whole(repo: Repo) -> None:
    """Windows are for what changed little; the rest is shown, though its base was cold."""
    rng, maker = random.Random(1), PackMaker()
    base = maker.full("blob", text(rng, 8000))
    little = maker.ofs(base, [Copy(0, 4000), b"x", Copy(4000, 4000)])
    much = maker.ofs(base, [Copy(0, 4000), text(rng, 3000)])
    recorder = walk(store(repo, maker))
    assert recorder.sizes.keys() == {little.id}
    assert recorder.shown.keys() == {base.id, much.id}


def test_what_is_small_is_shown_whole(repo: Repo) -> None:
    """However little changed: windows would cost more than they save."""
    maker = PackMaker()
    base = maker.full("blob", b"." * 2049)
    small = maker.ofs(base, [Copy(0, 2048)])
    large = maker.ofs(maker.full("blob", b"." * 2100), [Copy(0, 2050)])
    assert len(small.payload) * 250 < 2048
    recorder = walk(store(repo, maker))
    assert recorder.sizes.keys() == {large.id}
    assert {base.id, small.id} <= recorder.shown.keys()


def test_what_a_delta_makes_hot_is_shown(repo: Repo) -> None:
    maker = PackMaker()
    base = maker.full("blob", b"." * 3000 + b"HO" + b"." * 3000 + b"T" + b"." * 3000)
    made = maker.ofs(base, [Copy(0, 3002), Copy(6002, 3001)])
    recorder = walk(store(repo, maker))
    assert HOT in made.content
    assert made.id in recorder.shown


# -- what is not shown ----------------------------------------------------------------------------


def test_what_is_not_owned_is_shown_as_a_copy(repo: Repo, mixed: PackMaker) -> None:
    entries = store(repo, mixed)
    whole = walk(entries)
    entries.owned[:] = bytes(position % 3 != 0 for position in range(len(entries)))
    recorder = walk(entries)
    own = {entries.id_of(at) for at in range(len(entries)) if at % 3}
    assert recorder.times == Counter(own)
    assert recorder.copies.keys() == {entries.id_of(at) for at in range(len(entries))} - own
    for object_id in own & whole.shown.keys() & recorder.shown.keys():
        assert recorder.shown[object_id].data == whole.shown[object_id].data
    # Of a base that nobody looked at nothing is known.
    unknown = {slot.id for slot in mixed.slots if isinstance(slot.base, Slot)
               and slot.base.id not in own and slot.id in own}  # fmt: skip
    assert unknown
    assert unknown <= recorder.shown.keys()
    assert all((recorder.shown[ObjectId(one)].since or Since(1, 0, b"")).state is None
               for one in unknown)  # fmt: skip


@pytest.mark.parametrize("share", [2, 5, 30, 1000])
def test_parts_show_the_same_as_the_whole(repo: Repo, mixed: PackMaker, share: int) -> None:
    entries = store(repo, mixed)
    together: Counter[ObjectId] = Counter()
    for family in families(entries):
        parts = split(entries, family, family.weight // share + 1)
        assert len(parts) > 1
        for part in parts:
            recorder = walk(entries, [part])
            assert recorder.times == Counter(entries.id_of(at) for at in part.members)
            together += recorder.times
            contents = {slot.id: slot.content for slot in mixed.slots}
            for object_id, seen in recorder.shown.items():
                assert seen.data == contents[object_id]
    assert together == Counter(ids(mixed.slots))


# -- what cannot be read --------------------------------------------------------------------------


def below(maker: PackMaker, slot: Slot) -> list[Slot]:
    """Return a slot and all that is made from it."""
    found = [slot]
    for one in found:  # The list grows while it is walked.
        found += [other for other in maker.slots if other.base is one]
    return found


def flipped_at_its_end(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize("turn", range(6))
@pytest.mark.parametrize("harm", ["size", "stream", "tail", "delta", "base size"])
def test_damage_costs_the_entry_and_what_hangs_on_it(repo: Repo, harm: str, turn: int) -> None:
    rng, maker = random.Random(turn), PackMaker()
    slots = [maker.full("blob", text(rng, 4000))]
    for _ in range(30):
        base = rng.choice(slots)
        slots.append(maker.ofs(base, changed(rng, base.content, hot=rng.random() < 0.3)))
    victim = slots[turn * 5]
    match harm:
        case "size":
            victim.size = len(victim.payload) + 1
        case "stream":
            victim.stream = deflate(victim.payload)[:-5]
        case "tail":
            victim.stream = flipped_at_its_end(deflate(victim.payload))
        case "delta":
            victim.payload += b"\0"
        case _:
            victim.payload = b"\1" + victim.payload[1:]
    recorder = walk(store(repo, maker))
    is_whole = victim.base is None and harm in ("delta", "base size")
    lost = below(maker, victim)[1:] if is_whole else below(maker, victim)
    if is_whole and harm == "base size":
        lost = []  # A byte of a full object is what it says it is.
    assert recorder.times == Counter(ids(maker.slots) - ids(lost))


def test_what_is_too_large_is_left_with_what_is_made_from_it(repo: Repo) -> None:
    """A small delta may make something large, and a large object something small."""
    maker = PackMaker()
    base = maker.full("blob", b"b" * 1000)
    large = maker.ofs(base, [Copy(0, 1000)] * 5)
    small = maker.ofs(large, [Copy(0, 10)])
    fits = maker.ofs(base, [Copy(0, 1000)] * 4)
    whole = maker.full("blob", b"w" * 4001)
    rest = maker.ofs(whole, [Copy(0, 10), b"r"])
    recorder = walk(store(repo, maker), limit_bytes=4000)
    assert recorder.times.keys() == {base.id, fits.id}
    recorder = walk(store(repo, maker), limit_bytes=5000)
    assert recorder.times.keys() == ids([base, large, small, fits, whole, rest])


def test_a_stream_is_unpacked_no_further_than_it_says() -> None:
    data = deflate(b"x" * 1000)
    assert inflate(memoryview(data + b"what follows"), 1000) == b"x" * 1000
    for size in (0, 1, 999, 1001, 1 << 62, 1 << 70):
        with pytest.raises(UnreadableError):
            inflate(memoryview(data), size)
    for end in range(len(data)):
        with pytest.raises(UnreadableError):
            inflate(memoryview(data[:end]), 1000)


def test_a_bomb_is_not_unpacked() -> None:
    data = bomb(256 * MIB)
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableError):
            inflate(memoryview(data), 1000)
        assert tracemalloc.get_traced_memory()[1] < MIB
    finally:
        tracemalloc.stop()


def test_a_pack_that_is_gone_says_so(repo: Repo, tmp_path: Path) -> None:
    maker = PackMaker()
    maker.full("blob", b"x")
    entries = store(repo, maker)
    with pytest.raises(FileNotFoundError):
        Pack(replace(entries, path=tmp_path / "none"))


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
@pytest.mark.parametrize("moment", ["before it is opened", "while it is open"])
def test_a_pack_that_was_cut_meanwhile(
    repo: Repo, mixed: PackMaker, share: float, moment: str
) -> None:
    """What stands before the cut is read if the pack can be; nothing is made up."""
    entries, recorder = store(repo, mixed), Recorder()
    kept = int(entries.path.stat().st_size * share)

    def cut() -> None:
        with entries.path.open("r+b") as file:
            file.truncate(kept)

    if moment == "before it is opened":
        cut()
    with suppress(OSError), Pack(entries) as pack:
        cut()
        for family in families(entries):
            pack.walk(family, recorder)
    contents = {slot.id: slot.content for slot in mixed.slots}
    assert recorder.times == Counter(recorder.shown.keys() | recorder.sizes.keys())
    assert all(seen.data == contents[one] for one, seen in recorder.shown.items())
    assert len(recorder.times) < len(entries)
    first = entries.id_of(0)
    assert entries.base[0] != -1 or entries.end[0] > kept or first in recorder.shown


# -- what is held ---------------------------------------------------------------------------------


class Glance:
    """Looks at nothing and keeps nothing but what it was shown."""

    width = 8

    def __init__(self) -> None:
        self.seen: set[ObjectId] = set()

    def suspects(self, piece: bytes) -> bool:
        return not piece

    def visit(self, kind: Kind, object_id: ObjectId, data: bytes, since: Since | None) -> object:
        self.seen.add(object_id)
        return None

    def see_copy(self, kind: Kind, object_id: ObjectId, data: bytes) -> None:
        raise AssertionError("nothing here is there twice")

    def passed(self, kind: Kind, object_id: ObjectId, size_bytes: int) -> None:
        raise AssertionError("nothing here is known to be cold")


def held_at_most(entries: Entries, visitor: Glance) -> int:
    """Walk the one family of a pack; return the most bytes that were held on the way."""
    (family,) = families(entries)
    with Pack(entries) as pack:
        tracemalloc.start()
        try:
            pack.walk(family, visitor)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


def test_a_long_way_down_holds_little(repo: Repo) -> None:
    """A chain of which each has a child besides: that comes first, and its base is let go."""
    size, maker = MIB // 2, PackMaker()
    slot = maker.full("blob", bytes(size))
    for number in range(40):
        leaf: list[Op] = [b"leaf %03d" % number, Copy(8, size - 8)]
        step: list[Op] = [b"step %03d" % number, Copy(8, size - 8)]
        if number % 2:
            maker.ofs(slot, leaf)
        above, slot = slot, maker.ofs(slot, step)
        if not number % 2:
            maker.ofs(above, leaf)
    visitor = Glance()
    assert held_at_most(store(repo, maker), visitor) < 6 * size
    assert visitor.seen == ids(maker.slots)


def test_a_bushy_family_holds_no_more_than_its_depth(repo: Repo) -> None:
    size, maker = MIB // 4, PackMaker()
    slots = [maker.full("blob", bytes(size))]
    for number in range(1, 127):
        change: list[Op] = [b"%04d" % number, Copy(4, size - 4)]
        slots.append(maker.ofs(slots[(number - 1) // 2], change))
    visitor = Glance()
    # Seven storeys; two more are in the hands of whoever makes one from the other.
    assert held_at_most(store(repo, maker), visitor) < 10 * size
    assert visitor.seen == ids(slots)


def test_a_family_made_to_be_held_is_left_before_it_is_too_much(repo: Repo) -> None:
    """Small versions in great number hang on each of ever lighter large ones, which all wait."""
    size, maker = 24 * MIB, PackMaker()
    slot = maker.full("blob", bytes(size))
    large = [slot]
    for number in range(8):
        twig = maker.ofs(slot, [b"%d" % number])
        for turn in range(16 << 8 - number):
            twig = maker.ofs(twig, [b"%d.%d" % (number, turn)])
        slot = maker.ofs(slot, [b"%d" % number, Copy(1, size - 1)])
        large.append(slot)
    visitor = Glance()
    assert held_at_most(store(repo, maker), visitor) < 128 * MIB + 3 * size
    left = ids(maker.slots) - visitor.seen
    # What is made from the sixth that would have to wait, and nothing else.
    assert left == ids(below(maker, large[5])[1:])
    assert left
