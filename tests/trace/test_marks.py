"""What is marked is what leads to a hit, and nothing else: found here by asking every entry."""

import random
from collections.abc import Collection, Mapping
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from leakscan.history.trees import TreeChanges, TreeIndex
from leakscan.model import ObjectId
from leakscan.trace.marks import Entry, Marked, mark

NAMES: Final = (b"a", b"b", b"c", b"secret")
MODES: Final = (b"40000", b"40000", b"100644", b"120000", b"160000")
Trees = Mapping[ObjectId, list[tuple[bytes, bytes, ObjectId]]]
"""Mode, name and id of each line; honest trees have each name once."""


def some_id(number: int) -> ObjectId:
    return ObjectId(number.to_bytes(20, "big"))


def index_of(trees: Trees, rng: random.Random) -> TreeIndex:
    """Index the trees, some as what came and went since another, in two harvests."""
    index, order = TreeIndex(20), list(trees)
    rng.shuffle(order)
    for part in (order[::2], order[1::2]):
        changes = TreeChanges()
        for number, tree in enumerate(part):
            lines = [b"%b %b\0%b" % one for one in trees[tree]]
            if number and len({*lines}) == len(lines) and rng.random() < 0.6:
                parent = rng.randrange(number)
                base = {b"%b %b\0%b" % one for one in trees[part[parent]]}
                came = [one for one in lines if one not in base]
                changes.add(tree, parent, came, sorted(base - {*lines}))
            else:
                changes.add(tree, -1, lines, ())
        index.add(changes)
    return index


def marked_slowly(
    trees: Trees,
    targets: Collection[ObjectId],
    names: Collection[bytes],
    unknown: Collection[ObjectId],
) -> dict[ObjectId, dict[bytes, Entry]]:
    """Ask every entry of every tree, again and again until nothing more is found."""
    found: dict[ObjectId, dict[bytes, Entry]] = {}
    while True:
        before = sum(map(len, found.values()))
        found = {
            tree: {
                name: max(
                    Entry(mode, one)
                    for mode, other, one in lines
                    if other == name and leads(mode, other, one, targets, names, unknown, found)
                )
                for name in {
                    name
                    for mode, name, one in lines
                    if leads(mode, name, one, targets, names, unknown, found)
                }
            }
            for tree, lines in trees.items()
        }
        found = {tree: entries for tree, entries in found.items() if entries}
        if sum(map(len, found.values())) == before:
            return found


def leads(
    mode: bytes,
    name: bytes,
    object_id: ObjectId,
    targets: Collection[ObjectId],
    names: Collection[bytes],
    unknown: Collection[ObjectId],
    found: Collection[ObjectId],
) -> bool:
    """Say whether an entry is a hit, or a folder that leads to one."""
    is_hit = object_id in targets or object_id in unknown or name in names
    return is_hit or (mode == b"40000" and object_id in found)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[dict[ObjectId, list[tuple[bytes, bytes, ObjectId]]], int]:
    """Draw trees of few ids: what is a blob here is a folder there, and circles are common."""
    seed, count = draw(st.integers(0, 1 << 40)), draw(st.integers(1, 12))
    hostile, circles = draw(st.booleans()), draw(st.booleans())
    rng = random.Random(seed)
    trees: dict[ObjectId, list[tuple[bytes, bytes, ObjectId]]] = {}
    for number in range(count):
        # Without circles a folder only holds what comes later; from 12 on there are no trees.
        reach = range(0 if circles else number + 1, 18)
        lines = [
            (rng.choice(MODES), rng.choice(NAMES), some_id(rng.choice(reach)))
            for _ in range(rng.randrange(5))
        ]
        names = {line[1]: line for line in lines}
        trees[some_id(number)] = lines if hostile else [names[name] for name in sorted(names)]
    return trees, seed


@settings(max_examples=10 * settings.default.max_examples)
@given(
    world=worlds(),
    targets=st.sets(st.integers(0, 18).map(some_id), max_size=3),
    names=st.sets(st.sampled_from([b"secret", b"c", b"nowhere"]), max_size=2),
    unknown=st.sets(st.integers(0, 18).map(some_id), max_size=2),
)
def test_exactly_what_leads_to_a_hit_is_marked(
    world: tuple[Trees, int],
    targets: set[ObjectId],
    names: set[bytes],
    unknown: set[ObjectId],
) -> None:
    trees, seed = world
    made = mark(index_of(trees, random.Random(seed)), targets, names, unknown)
    assert made.children == marked_slowly(trees, targets, names, unknown)
    assert made.unknown == unknown


def test_a_name_twice_is_told_alike_whatever_comes_first() -> None:
    """Of two entries of one name the greater stays, in every order of finding them."""
    for seed in range(20):
        lines = [(b"100644", b"x", some_id(number)) for number in (50, 51, 52)]
        random.Random(seed).shuffle(lines)
        trees = {some_id(1): lines, some_id(2): lines[::-1]}
        made = mark(index_of(trees, random.Random(seed)), {some_id(50), some_id(51)}, (), ())
        entry = Entry(b"100644", some_id(51))
        assert made.children == {some_id(1): {b"x": entry}, some_id(2): {b"x": entry}}


def test_a_submodule_is_no_folder() -> None:
    """Where its commit has the id of a tree here, that is another repository's."""
    inner, outer = some_id(1), some_id(2)
    trees = {inner: [(b"100644", b"f", some_id(9))], outer: [(b"160000", b"lib", inner)]}
    assert mark(index_of(trees, random.Random(1)), {some_id(9)}, (), ()).children.keys() == {inner}


def test_circles_end_and_hang_together() -> None:
    ring = {
        some_id(number): [(b"40000", b"next", some_id((number + 1) % 500))] for number in range(500)
    }
    assert not mark(index_of(ring, random.Random(1)), {some_id(900)}, (), ()).children
    ring[some_id(7)].append((b"100644", b"there", some_id(900)))
    made = mark(index_of(ring, random.Random(1)), {some_id(900)}, (), ())
    assert made.children.keys() == ring.keys()
    assert made.child(some_id(7), b"there") == Entry(b"100644", some_id(900))


def test_what_is_not_marked_has_no_child() -> None:
    made = Marked({some_id(1): {b"x": Entry(b"40000", some_id(2))}})
    assert made.child(some_id(1), b"x") == Entry(b"40000", some_id(2))
    assert made.child(some_id(1), b"y") is None
    assert made.child(some_id(2), b"x") is None
    assert made.child(None, b"x") is None


def test_what_an_entry_is() -> None:
    kinds = {mode: Entry(mode, some_id(1)) for mode in MODES}
    assert [mode for mode, entry in kinds.items() if entry.is_tree] == [b"40000"]
    assert [mode for mode, entry in kinds.items() if entry.is_blob] == [b"100644", b"120000"]
