"""Families and their parts: whatever hangs on a root is read exactly once, at a bounded price."""

import random
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from leakscan.history.entries import NO_BASE, UNKNOWN_BASE, Entries
from leakscan.history.forest import (
    Family,
    batches,
    children_of,
    downwards,
    families,
    heaviest_first,
    split,
)

OBJECT: Final = 4096
"""What an object weighs besides its bytes."""


def forest(bases: Iterable[int], size: int = 0) -> Entries:
    """Return entries of which only the bases matter: one for each, in pack order."""
    base = array("q", bases)
    count = len(base)
    places = array("Q", range(count))
    return Entries(
        Path("none"),
        b"".join(b"%020d" % number for number in range(count)),
        20,
        places,
        places,
        places,
        array("Q", [size]) * count,
        bytearray(3 if above == NO_BASE else 0 for above in base),
        base,
        None,
        bytearray(b"\1") * count,
    )


def root_of(bases: Sequence[int], position: int) -> int | None:
    """Follow the bases; None where they lead nowhere, or in a circle."""
    for _ in bases:
        if bases[position] == NO_BASE:
            return position
        if bases[position] < 0:
            return None
        position = bases[position]
    return None


BASES: Final = st.integers(1, 40).flatmap(
    lambda count: st.lists(
        st.one_of(st.sampled_from([NO_BASE, UNKNOWN_BASE]), st.integers(0, count - 1)),
        min_size=count,
        max_size=count,
    )
)
"""Bases before and behind, on oneself and in circles."""


@st.composite
def trees(draw: st.DrawFn) -> list[int]:
    """Draw one family: every base is another member, in any order of the pack."""
    count = draw(st.integers(1, 40))
    deep = draw(st.sampled_from([1, 3, 40]))
    above = [draw(st.integers(max(0, at - deep), at - 1)) for at in range(1, count)]
    place = draw(st.permutations(range(count)))
    bases = [NO_BASE] * count
    for at, base in enumerate(above, 1):
        bases[place[at]] = place[base]
    return bases


# -- families -------------------------------------------------------------------------------------


@given(bases=BASES, size=st.sampled_from([0, 100]))
def test_every_entry_with_a_root_is_in_the_family_of_that_root(bases: list[int], size: int) -> None:
    found = list(families(forest(bases, size)))
    for family in found:
        assert family.root in family.members
        assert not family.path
        assert family.weight == (size + OBJECT) * len(family.members)
        assert {root_of(bases, member) for member in family.members} == {family.root}
    times = Counter(member for family in found for member in family.members)
    assert times == Counter(at for at in range(len(bases)) if root_of(bases, at) is not None)
    assert len({family.root for family in found}) == len(found)


def test_circles_and_unknown_bases_are_in_no_family() -> None:
    bases = [0, 2, 1, NO_BASE, 3, UNKNOWN_BASE, 5, 9, 7, 8, 2, 6, 4]
    (family,) = families(forest(bases))
    assert sorted(family.members) == [3, 4, 12]


# -- orders ---------------------------------------------------------------------------------------


@given(bases=trees())
def test_downwards_each_comes_behind_its_base_and_the_heaviest_child_first(
    bases: list[int],
) -> None:
    root = bases.index(NO_BASE)
    children = children_of(forest(bases), range(len(bases)))
    heaviest_first(children, root)
    order = downwards(children, root)
    assert sorted(order) == list(range(len(bases)))
    seen: set[int] = set()
    for position in order:
        assert position == root or bases[position] in seen
        seen.add(position)
    for below in children.values():
        weights = [len(downwards(children, child)) for child in below]
        assert weights == sorted(weights, reverse=True)


# -- parts ----------------------------------------------------------------------------------------


def check_parts(entries: Entries, family: Family, limit: int, parts: list[Family]) -> None:
    """Each member is in one part, can be reached there, and no part is much above the limit."""
    members = Counter(member for part in parts for member in part.members)
    assert members == Counter(family.members)
    assert sum(part.weight for part in parts) == family.weight
    each = family.weight // len(family.members)
    most = max(1, 2 * -(-limit // each) - 1)
    for part in parts:
        assert part.root == family.root
        assert part.weight == each * len(part.members)
        assert len(part.members) <= most
        path, own = list(part.path), set(part.members)
        assert not own & set(path)
        assert [entries.base[position] for position in path] == [NO_BASE, *path[:-1]][: len(path)]
        above = {entries.base[member] for member in own if entries.base[member] not in own}
        assert above == ({path[-1]} if path else {NO_BASE})
        reached = downwards(children_of(entries, [*path, *part.members]), family.root)
        assert sorted(reached) == sorted([*path, *part.members])
    # Little parts are put together by others; here all but what is left at the root are heavy.
    assert all(part.weight >= limit for part in parts[:-1])


@given(bases=trees(), limit=st.integers(1, 42 * OBJECT))
def test_parts_are_the_whole_and_none_is_much_too_heavy(bases: list[int], limit: int) -> None:
    entries = forest(bases)
    (family,) = families(entries)
    check_parts(entries, family, limit, split(entries, family, limit))


def chain(count: int) -> list[int]:
    return [NO_BASE, *range(count - 1)]


def star(count: int) -> list[int]:
    return [NO_BASE] + [0] * (count - 1)


def comb(count: int) -> list[int]:
    """A chain of which each has a child besides."""
    return [NO_BASE, *(at - 1 if at % 2 else at - 2 for at in range(1, count))]


def broom(count: int) -> list[int]:
    """A chain at whose end is a star."""
    return [NO_BASE, *(min(at, count // 2) for at in range(count - 1))]


def binary(count: int) -> list[int]:
    return [NO_BASE, *((at - 1) // 2 for at in range(1, count))]


def backwards(bases: list[int]) -> list[int]:
    """Have every base behind what is made from it."""
    last = len(bases) - 1
    return [base if base < 0 else last - base for base in reversed(bases)]


def anywhere(bases: list[int]) -> list[int]:
    place = random.Random(len(bases)).sample(range(len(bases)), len(bases))
    moved = [NO_BASE] * len(bases)
    for at, base in enumerate(bases):
        moved[place[at]] = base if base < 0 else place[base]
    return moved


if TYPE_CHECKING:
    _Ints = array[int]
else:
    _Ints = array


class Counted(_Ints):
    """An array that counts how often it is read."""

    reads = 0

    def __getitem__(self, at):  # type: ignore[no-untyped-def]  # its two forms do not matter
        self.reads += 1
        return super().__getitem__(at)

    def __iter__(self) -> Iterator[int]:
        self.reads += len(self)
        return super().__iter__()


MANY: Final = 5_000
SHAPES: Final = (chain, star, comb, broom, binary)
ORDERS: Final = (list, backwards, anywhere)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("parts", [2, 16, 64])
def test_large_families_cost_what_they_weigh(
    shape: Callable[[int], list[int]], order: Callable[[list[int]], list[int]], parts: int
) -> None:
    counted = Counted("q", order(shape(MANY)))
    entries = replace(forest(counted), base=counted)
    counted.reads = 0
    (family,) = families(entries)
    assert counted.reads <= 5 * MANY
    counted.reads = 0
    made = split(entries, family, family.weight // parts + 1)
    # Once for each member, and the way down to each part.
    assert counted.reads <= MANY + 3 * sum(len(part.path) + 1 for part in made)
    assert parts / 2 <= len(made) <= parts + 1
    check_parts(entries, family, family.weight // parts + 1, made)


def test_many_circles_cost_no_more() -> None:
    """Ways that end in one circle are walked once."""
    counted = Counted("q", [1, 2, 0, *range(1, MANY - 2)])
    entries = replace(forest(counted), base=counted)
    counted.reads = 0
    assert not list(families(entries))
    assert counted.reads <= 5 * MANY
    backs = forest([*range(1, MANY), 0])
    assert not list(families(backs))


def test_a_light_family_stays_whole() -> None:
    entries = forest(star(10))
    (family,) = families(entries)
    assert split(entries, family, 10 * OBJECT) == [family]
    assert len(split(entries, family, 9 * OBJECT)) == 2


# -- batches --------------------------------------------------------------------------------------


@given(
    packs=st.lists(st.tuples(BASES, st.sampled_from([0, 1000])), max_size=3),
    jobs=st.integers(1, 8),
)
def test_batches_hold_everything_once_and_the_heaviest_come_first(
    packs: list[tuple[list[int], int]], jobs: int
) -> None:
    entries = [forest(bases, size) for bases, size in packs]
    made = batches(entries, jobs)
    held = Counter(
        (batch.pack, member)
        for batch in made
        for family in batch.families
        for member in family.members
    )
    assert held == Counter(
        (number, at)
        for number, (bases, _) in enumerate(packs)
        for at in range(len(bases))
        if root_of(bases, at) is not None
    )
    weights = [batch.weight for batch in made]
    assert weights == sorted(weights, reverse=True)
    assert all(batch.families for batch in made)
    total = sum(weights)
    assert total == sum(
        (packs[number][1] + OBJECT) * times
        for number, times in Counter(pack for pack, _ in held).items()
    )
    # No process waits long for the last of another: none has twice its share of a quarter.
    if jobs == 1:
        assert all(len(family.path) == 0 for batch in made for family in batch.families)
        return
    heaviest = max((OBJECT + size for _, size in packs), default=0)
    assert all(weight <= 2 * (total // (4 * jobs) + heaviest) for weight in weights)


@pytest.mark.parametrize("jobs", [1, 2, 8])
def test_little_families_are_put_together(jobs: int) -> None:
    made = batches([forest([NO_BASE] * MANY)], jobs)
    assert 4 * jobs <= len(made) <= 33 * jobs
    assert sum(len(batch.families) for batch in made) == MANY


def test_of_nothing_there_is_no_batch() -> None:
    assert batches([], 4) == []
    assert batches([forest([])], 4) == []
    assert batches([forest([UNKNOWN_BASE, 1])], 4) == []
