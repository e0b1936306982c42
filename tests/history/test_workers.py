"""However many processes read, and however they start or end: what comes back is the same."""

import multiprocessing
import os
import random
import signal
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final

import pytest

from leakscan.history.entries import Entries
from leakscan.history.forest import Batch, batches
from leakscan.history.store import list_store
from leakscan.history.survey import Harvest, Inspector
from leakscan.history.trees import TreeIndex
from leakscan.history.workers import Pool, Setup, survey
from leakscan.model import Content, Kind, ObjectId, Skipped, SkipReason
from tests.support.packs import Copy, Op, PackMaker, Slot
from tests.support.repo import Repo

METHODS: Final = [
    pytest.param(
        method,
        marks=pytest.mark.skipif(
            method not in multiprocessing.get_all_start_methods(), reason="not on this platform"
        ),
    )
    for method in ("fork", "forkserver", "spawn")
]
HOT: Final = b"HOT"
FATAL: Final = b"FATAL"


@dataclass(frozen=True)
class Finder:
    """Finds `HOT`; `FATAL` ends its process, if that is none of the tests' own."""

    home: int
    width: int = 8

    def suspects(self, data: bytes) -> bool:
        return HOT in data or FATAL in data

    def look(self, content: Content) -> Iterable[Skipped]:
        if FATAL in content.data and os.getpid() != self.home:
            os.kill(os.getpid(), signal.SIGKILL)
        if HOT in content.data:
            detail = f"{content.data.count(HOT)} in {content.name!r}"
            yield Skipped(content.kind, SkipReason.MATCH_TIMEOUT, content.object_id, detail=detail)


@dataclass(frozen=True)
class MakeFinder:
    """Is sent to the processes; says which process is not to be ended."""

    home: int

    def __call__(self) -> Inspector:
        return Finder(self.home)


@dataclass(frozen=True)
class Greedy(Finder):
    """Has no memory for `FATAL`."""

    def __call__(self) -> Inspector:
        return self

    def look(self, content: Content) -> Iterable[Skipped]:
        if FATAL in content.data:
            raise MemoryError
        return super().look(content)


@dataclass(frozen=True)
class Broken:
    """Makes an inspector that cannot look, or fails itself where that is not at home."""

    home: int
    at_once: bool = False
    width: int = 8

    def __call__(self) -> "Broken":
        if self.at_once and os.getpid() != self.home:
            os.kill(os.getpid(), signal.SIGKILL)
        return self

    def suspects(self, data: bytes) -> bool:
        return True

    def look(self, content: Content) -> Iterable[Skipped]:
        raise ArithmeticError(f"a bug in looking at a {content.kind}")


def heavy_pack(*, fatal: bool = False) -> PackMaker:
    """Return families that weigh enough for processes to be worth it, of every kind of object."""
    rng, maker = random.Random(1), PackMaker()
    for number in range(3):
        base = maker.full("blob", bytes(MIB // 2) + b"%d" % number)
        for turn in range(30):
            word = HOT if turn % 7 == 0 else b"new"
            if fatal and (number, turn) == (1, 12):
                word = FATAL
            slot = base if turn % 3 else maker.slots[-1]
            maker.ofs(slot, [Copy(0, MIB // 2), b"%b%d.%d" % (word, number, turn)])
    blobs = [slot.id for slot in maker.slots]
    maker.full("blob", b"version https://git-lfs.github.com/spec/v1\noid sha256:%b\n" % (b"e" * 64))
    names = sorted({b"%03d" % rng.randrange(1000) for _ in range(50)} | {b"HOT"})
    lines = {name: rng.choice(blobs) for name in names}
    tree = maker.full("tree", b"".join(b"100644 %b\0%b" % item for item in lines.items()))
    parent = b""
    for _ in range(60):
        lines[rng.choice(names)] = rng.choice(blobs)
        data = b"".join(b"100644 %b\0%b" % item for item in lines.items())
        if data in {slot.content for slot in maker.slots if slot.kind == "tree"}:
            continue
        tree = maker.ofs(tree, change(tree.content, data))
        who = b"A <a@b.c> %d +0000" % len(maker.slots)
        text = b"tree %b\n%bauthor %b\ncommitter %b\n\n" % (
            tree.id.hex().encode(),
            parent,
            who,
            who,
        )
        commit = maker.full("commit", text)
        parent = b"parent %b\n" % commit.id.hex().encode()
    maker.full("tag", b"object %b\ntype commit\ntag t\n\nHOT\n" % commit.id.hex().encode())
    return maker


MIB: Final = 1 << 20


def change(base: bytes, target: bytes) -> list[Op]:
    """Return instructions with seams at the first and the last byte that differ."""
    size = len(target)
    first = next(at for at in range(size) if base[at] != target[at])
    last = next(at for at in reversed(range(size)) if base[at] != target[at]) + 1
    ops: list[Op] = [Copy(0, first), target[first:last], Copy(last, size - last)]
    return [op for op in ops if isinstance(op, bytes) or op.size]


@dataclass(frozen=True)
class Work:
    """A store and how to read it."""

    slots: Sequence[Slot]
    packs: list[Entries]

    @classmethod
    def of(cls, repo: Repo, maker: PackMaker) -> "Work":
        maker.write(repo)
        return cls(maker.slots, list_store(repo.git_dir / "objects", 20).packs)

    def setup(self, make: Callable[[], Inspector], work: Sequence[Batch]) -> Setup:
        return Setup(self.packs, work, make, 20, 64 * MIB)

    def harvests(
        self, pool: Pool, make: Callable[[], Inspector] | None = None
    ) -> Generator[Iterator[Harvest], None, None]:
        """Yield the harvests, once, while the processes are there."""
        work = batches(self.packs, pool.jobs)
        with survey(self.setup(make or MakeFinder(os.getpid()), work), pool) as harvests:
            yield harvests

    def all(self, pool: Pool, make: Callable[[], Inspector] | None = None) -> list[Harvest]:
        """Read everything."""
        with closing(self.harvests(pool, make)) as opened:
            return list(next(opened))


def total(harvests: Iterable[Harvest]) -> dict[str, object]:
    """Put harvests together so that neither their order nor who read what makes a difference."""
    read: Counter[tuple[Kind, ObjectId]] = Counter()
    index, facts, lfs, size = TreeIndex(20), set[object](), set[bytes](), 0
    for harvest in harvests:
        read.update((kind, one) for kind, ids in harvest.read.items() for one in ids)
        # Each process looks at a name once, so that may be several times.
        facts |= {*harvest.found, *harvest.commits, *harvest.tags}
        lfs |= harvest.lfs
        size += harvest.bytes_scanned
        index.add(harvest.trees)
    lines = {
        index.line(number): {index.ids[tree] for tree in trees}
        for number, trees in index.holders(range(len(index))).items()
    }
    return {"read": read, "facts": facts, "lfs": lfs, "size": size, "lines": lines}


@pytest.fixture
def work(repo: Repo) -> Work:
    return Work.of(repo, heavy_pack())


def nobody_is_left() -> bool:
    return not multiprocessing.active_children()


# -- the same harvest -----------------------------------------------------------------------------


def check_whole(work: Work, found: dict[str, object]) -> None:
    assert found["read"] == Counter((slot.kind, slot.id) for slot in work.slots)
    assert found["size"] == sum(len(slot.content) for slot in work.slots)
    assert found["lfs"] == {b"e" * 64}
    facts = found["facts"]
    assert isinstance(facts, set)
    hot = {slot.id for slot in work.slots if HOT in slot.content and slot.kind != "tree"}
    seen = {fact.object_id for fact in facts if isinstance(fact, Skipped)}
    assert seen == {*hot, None}
    assert len(facts) == len(hot) + 1 + sum(slot.kind in ("commit", "tag") for slot in work.slots)
    held: dict[bytes, set[bytes]] = {}
    for slot in work.slots:
        if slot.kind == "tree":
            for at in range(0, len(slot.content), 31):
                held.setdefault(slot.content[at : at + 31], set()).add(slot.id)
    lines = found["lines"]
    assert isinstance(lines, dict)
    assert {b"%b %b\0%b" % line: trees for line, trees in lines.items()} == held


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_any_number_of_processes_brings_all(work: Work, jobs: int) -> None:
    check_whole(work, total(work.all(Pool(jobs))))
    assert nobody_is_left()


@pytest.mark.parametrize("method", METHODS)
def test_any_way_to_start_a_process_brings_all(work: Work, method: str) -> None:
    check_whole(work, total(work.all(Pool(2, method))))
    assert nobody_is_left()


@pytest.mark.parametrize("jobs", [1, 2])
def test_other_processes_read_only_where_that_is_worth_it(repo: Repo, jobs: int) -> None:
    """Or the rest would prove nothing: what ends another process leaves this one alone."""
    maker = heavy_pack(fatal=True)
    work = Work.of(repo, maker)
    (batch,) = [one for one in batches(work.packs, 1) if one.weight < MIB][:1]
    make = MakeFinder(os.getpid())
    with survey(work.setup(make, [batch]), Pool(jobs)) as harvests:
        assert nobody_is_left()
        assert len(list(harvests)) == 1
    with survey(work.setup(make, []), Pool(jobs)) as harvests:
        assert list(harvests) == []
    read = total(work.all(Pool(jobs)))["read"]
    everything = Counter((slot.kind, slot.id) for slot in work.slots)
    assert (read == everything) == (jobs == 1)


# -- how processes end ----------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_what_a_killed_process_held_is_missing(repo: Repo, method: str) -> None:
    maker = heavy_pack(fatal=True)
    work = Work.of(repo, maker)
    (fatal,) = [slot.id for slot in maker.slots if FATAL in slot.content]
    lost = [
        work.packs[batch.pack].id_of(member)
        for batch in batches(work.packs, 2)
        for family in batch.families
        for member in family.members
        if fatal in {work.packs[batch.pack].id_of(one) for one in family.members}
    ]
    read = total(work.all(Pool(2, method)))["read"]
    assert isinstance(read, Counter)
    assert fatal in lost
    assert not {one for _, one in read} & {*lost}
    assert read <= Counter((slot.kind, slot.id) for slot in work.slots)
    assert nobody_is_left()


@pytest.mark.parametrize("count", [8, 2000])
def test_processes_that_die_at_once_leave_everything_to_others(work: Work, count: int) -> None:
    """Also those that die while work is still handed out to others."""
    (batch, *_) = batches(work.packs, 2)
    setup = work.setup(Broken(os.getpid(), at_once=True), [batch] * count)
    for _ in range(3):
        with survey(setup, Pool(4, "fork")) as harvests:
            assert list(harvests) == []
        assert nobody_is_left()


@pytest.mark.parametrize("jobs", [1, 2])
def test_where_the_memory_ends_just_that_is_missing(repo: Repo, jobs: int) -> None:
    maker = heavy_pack(fatal=True)
    work = Work.of(repo, maker)
    lost = [slot for slot in maker.slots if FATAL in slot.content]
    read = total(work.all(Pool(jobs), Greedy(0)))["read"]
    hanging = {slot.id for slot in maker.slots if any(slot.base is one for one in lost)}
    kept = Counter((slot.kind, slot.id) for slot in maker.slots if slot not in lost)
    assert isinstance(read, Counter)
    assert read <= kept
    # What is made from it may be read as part of another process's work.
    assert {one for _, one in (kept - read)} <= hanging


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_bug_in_looking_is_not_taken_for_a_killed_process(work: Work, jobs: int) -> None:
    with pytest.raises(ArithmeticError, match="a bug in looking at a blob"):
        work.all(Pool(jobs), Broken(os.getpid()))
    assert nobody_is_left()


class LeavingError(Exception):
    """What somebody raises who has seen enough."""


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("taken", [0, 1])
def test_leaving_early_ends_all_processes(work: Work, method: str, taken: int) -> None:
    some = batches(work.packs, 2)
    setup = work.setup(MakeFinder(os.getpid()), some)
    assert len(some) > taken + 1
    with survey(setup, Pool(2, method)) as harvests:
        assert not nobody_is_left()
        assert all(next(harvests).read for _ in range(taken))
    assert nobody_is_left()
    with (
        pytest.raises(LeavingError),
        survey(setup, Pool(2, method)) as harvests,
    ):
        leave(harvests, taken)
    assert nobody_is_left()


def leave(harvests: Iterator[Harvest], taken: int) -> None:
    assert all(next(harvests).read for _ in range(taken))
    raise LeavingError


def test_a_reader_that_is_closed_ends_all_processes(work: Work) -> None:
    """As when whoever takes the harvests is interrupted between two of them."""
    with closing(work.harvests(Pool(2, "fork"))) as opened:
        next(next(opened))
        assert not nobody_is_left()
    assert nobody_is_left()
