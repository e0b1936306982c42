"""The delta families of a pack, and their distribution over processes.

In: `Entries`. Out: `Batch`es of work, heaviest first. Every entry whose root is known is a member
of exactly one family; what hangs on nothing, or on itself, is in none.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from leakscan.history.entries import NO_BASE, Entries
from leakscan.record import Record

_OBJECT_COST: Final = 4096
"""Bytes that could be matched in the time one more object costs."""
_LOST: Final = -1
_LATER: Final = -2


class Family(Record, frozen=True):
    """Positions of entries to read: all of a family, or a part of a heavy one.

    Of a part, `path` leads from the root of the family down to the entries that the members are
    deltified against; those are unpacked on the way and read elsewhere.
    """

    root: int
    members: "array[int]"
    weight: int
    path: "array[int]"


class Batch(Record, frozen=True):
    """Families of one pack that one process reads in one go."""

    pack: int
    families: tuple[Family, ...]

    @property
    def weight(self) -> int:
        """About how many bytes there are to look at."""
        return sum(family.weight for family in self.families)


def batches(packs: Sequence[Entries], jobs: int) -> list[Batch]:
    """Return all families of all packs, heaviest first, in work for `jobs` processes.

    A family heavier than 1/(4 * jobs) of all is split, where there are several; small ones are put
    together.
    """
    grown = [list(families(entries)) for entries in packs]
    total = sum(family.weight for found in grown for family in found)
    limit = total // (4 * jobs) + 1
    made: list[Batch] = []
    for number, entries in enumerate(packs):
        parts: Iterable[Family] = grown[number]
        if jobs > 1:
            parts = (part for family in parts for part in split(entries, family, limit))
        made += _together(number, parts, limit // 8 + 1)
    return sorted(made, key=lambda batch: batch.weight, reverse=True)


def families(entries: Entries) -> Iterator[Family]:
    """Yield every family, in the order of the roots in the pack."""
    members: dict[int, list[int]] = {}
    roots = array("q", bytes(8 * len(entries)))
    later: list[int] = []
    for position, base in enumerate(entries.base):
        if base < 0:
            root = position if base == NO_BASE else _LOST
        else:
            root = roots[base] if base < position else _LATER
        roots[position] = root
        if root >= 0:
            members.setdefault(root, []).append(position)
        elif root == _LATER:
            later.append(position)
    for position in later:
        root = _resolve(entries, roots, position)
        if root >= 0:
            members[root].append(position)
    for root, found in members.items():
        weight = (entries.size[root] + _OBJECT_COST) * len(found)
        yield Family(root, array("I", found), weight, array("I"))


def circular(entries: Entries) -> list[int]:
    """Return the positions of deltas that are made from themselves, or from such: none can be read.

    git takes seconds to see that, for each.
    """
    state = bytearray(len(entries))  # 1: on the way, 2: a circle, 3: none.
    for position in range(len(entries)):
        path: list[int] = []
        at = position
        while at >= 0 and not state[at]:
            state[at] = 1
            path.append(at)
            at = entries.base[at]
        verdict = 2 if at >= 0 and state[at] < 3 else 3
        for passed in path:
            state[passed] = verdict
    return [position for position, verdict in enumerate(state) if verdict == 2]


def _resolve(entries: Entries, roots: "array[int]", position: int) -> int:
    """Return the root of an entry whose base comes later in the pack; _LOST for a circle."""
    path = [position]
    root = _LATER
    while root == _LATER:
        roots[path[-1]] = _LOST  # Met again, this is a circle.
        above = entries.base[path[-1]]
        root = roots[above]
        path.append(above)
    for passed in path[:-1]:
        roots[passed] = root
    return root


def children_of(entries: Entries, positions: Iterable[int]) -> dict[int, list[int]]:
    """Return the positions by the position of their base."""
    children: dict[int, list[int]] = defaultdict(list)
    for position in positions:
        base = entries.base[position]
        if base >= 0:
            children[base].append(position)
    return children


def heaviest_first(children: dict[int, list[int]], root: int) -> None:
    """Sort the children of every entry below a root by how many entries hang on each."""
    weights: dict[int, int] = {}
    for position in reversed(downwards(children, root)):
        below = children.get(position, [])
        below.sort(key=weights.__getitem__, reverse=True)
        weights[position] = 1 + sum(weights[child] for child in below)


def downwards(children: dict[int, list[int]], root: int) -> list[int]:
    """Return all positions below a root and itself, each behind its base."""
    order = [root]
    for position in order:  # The list grows while it is walked.
        order += children.get(position, ())
    return order


def split(entries: Entries, family: Family, limit: int) -> list[Family]:
    """Return the family in parts of about `limit` at most: subtrees, or some children of one."""
    if family.weight <= limit or len(family.members) == 1:
        return [family]
    each = family.weight // len(family.members)
    children = children_of(entries, family.members)
    open_below: dict[int, list[int]] = {}
    parts: list[Family] = []
    for position in reversed(downwards(children, family.root)):
        kept: list[int] = []
        for child in children.get(position, ()):
            below = open_below.pop(child)
            kept, below = (below, kept) if len(below) > len(kept) else (kept, below)
            kept += below
            if len(kept) * each >= limit:
                parts.append(_part(family, kept, each, _path(entries, position)))
                kept = []
        kept.append(position)
        open_below[position] = kept
    return [*parts, _part(family, open_below[family.root], each, [])]


def _part(family: Family, members: list[int], each: int, path: list[int]) -> Family:
    return Family(family.root, array("I", members), each * len(members), array("I", path))


def _path(entries: Entries, position: int) -> list[int]:
    """Return the positions from the root of a family down to this one."""
    path = [position]
    while entries.base[path[-1]] != NO_BASE:
        path.append(entries.base[path[-1]])
    return path[::-1]


def _together(pack: int, parts: Iterable[Family], limit: int) -> Iterator[Batch]:
    waiting: list[Family] = []
    weight = 0
    for part in parts:
        if part.weight >= limit:
            yield Batch(pack, (part,))
            continue
        waiting.append(part)
        weight += part.weight
        if weight >= limit:
            yield Batch(pack, tuple(waiting))
            waiting, weight = [], 0
    if waiting:
        yield Batch(pack, tuple(waiting))
