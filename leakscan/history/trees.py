"""Which trees hold which lines: an index over all trees of a store, built from their changes.

In: harvests. Out: for a line, all trees that hold it. A tree is stored as what came and went since
the tree it is deltified against, which is a few lines, where all lines of all trees are a hundred
times the store itself.
"""

from array import array
from collections import defaultdict
from collections.abc import Collection, Container, Sequence
from typing import NamedTuple

from msgspec import field

from leakscan.model import ObjectId
from leakscan.record import State


class TreeChanges(State):
    """Trees of one harvest: `lines` has each line once, all else are numbers.

    `parents` has for each tree the number of the one its changes are against, or -1. `came` and
    `gone` are pairs of arrays: numbers of trees, and of the line that came or went there.
    """

    ids: list[ObjectId] = field(default_factory=list)
    parents: "array[int]" = field(default_factory=lambda: array("i"))
    lines: dict[bytes, int] = field(default_factory=dict)
    came: "tuple[array[int], array[int]]" = field(default_factory=lambda: (array("I"), array("I")))
    gone: "tuple[array[int], array[int]]" = field(default_factory=lambda: (array("I"), array("I")))

    def add(self, tree: ObjectId, parent: int, came: Sequence[bytes], gone: Sequence[bytes]) -> int:
        """Note a tree and return its number."""
        number = len(self.ids)
        self.ids.append(tree)
        self.parents.append(parent)
        for (trees, lines), changed in ((self.came, came), (self.gone, gone)):
            for line in changed:
                trees.append(number)
                lines.append(self.lines.setdefault(line, len(self.lines)))
        return number


class TreeLine(NamedTuple):
    """One entry of a tree; mode as git writes it there, without leading zeros."""

    mode: bytes
    name: bytes
    id: ObjectId


class TreeIndex:
    """All trees that could be read, by number, and all distinct lines in them, by number.

    Large histories have millions of both, and few are ever asked for: so lines stay as they are
    written, changes stay in arrays, and a question is one pass over them.
    """

    def __init__(self, id_bytes: int) -> None:
        self._id_bytes = id_bytes
        self._numbers: dict[bytes, int] = {}
        self._lines: list[bytes] = []
        self._came: list[tuple[array[int], array[int]]] = []
        self._gone: list[tuple[array[int], array[int]]] = []
        # The children of a tree are a chain: the first, and from each one the next.
        self._first_child = array("i")
        self._next_child = array("i")
        self.ids: list[ObjectId] = []
        """The trees by number."""

    def __len__(self) -> int:
        return len(self._lines)

    def line(self, number: int) -> TreeLine:
        """Return a line by its number."""
        return parse_line(self._lines[number], self._id_bytes)

    def add(self, changes: TreeChanges) -> list[TreeLine]:
        """Take in some trees; return the lines that no tree had before."""
        first_tree, first_line = len(self.ids), len(self._lines)
        own = [self._numbers.setdefault(line, len(self._numbers)) for line in changes.lines]
        self._lines += [
            line for line, number in zip(changes.lines, own, strict=True) if number >= first_line
        ]
        self.ids += changes.ids
        self._first_child.extend([-1] * len(changes.ids))
        for tree, parent in enumerate(changes.parents, first_tree):
            above = parent + first_tree
            self._next_child.append(self._first_child[above] if parent >= 0 else -1)
            if parent >= 0:
                self._first_child[above] = tree
        for kept, (trees, lines) in ((self._came, changes.came), (self._gone, changes.gone)):
            kept.append(
                (
                    array("I", [first_tree + tree for tree in trees]),
                    array("I", [own[line] for line in lines]),
                )
            )
        return [parse_line(line, self._id_bytes) for line in self._lines[first_line:]]

    def find(self, ids: Container[bytes], names: Collection[bytes] = ()) -> set[int]:
        """Return the numbers of the lines that have one of the ids, or one of the names."""
        start, end = -self._id_bytes, -self._id_bytes - 1
        found = {number for number, line in enumerate(self._lines) if line[start:] in ids}
        if names:
            found |= {
                number
                for number, line in enumerate(self._lines)
                if line[line.index(b" ") + 1 : end] in names
            }
        return found

    def holders(self, lines: Collection[int]) -> dict[int, set[int]]:
        """Return for each line the numbers of the trees that hold it: where it came, and below."""
        came, gone = _trees_by_line(self._came, lines), _trees_by_line(self._gone, lines)
        return {line: self._spread(came[line], {*gone.get(line, ())}) for line in came}

    def _spread(self, stack: list[int], gone: set[int]) -> set[int]:
        found: set[int] = set()
        while stack:
            tree = stack.pop()
            if tree in found:
                continue
            found.add(tree)
            child = self._first_child[tree]
            while child >= 0:
                if child not in gone:
                    stack.append(child)
                child = self._next_child[child]
        return found


def parse_line(line: bytes, id_bytes: int) -> TreeLine:
    """Return the entry that a line of a tree is."""
    mode, _, rest = line[: -id_bytes - 1].partition(b" ")
    return TreeLine(mode.lstrip(b"0"), rest, ObjectId(line[-id_bytes:]))


def _trees_by_line(
    pairs: list[tuple["array[int]", "array[int]"]], wanted: Collection[int]
) -> dict[int, list[int]]:
    wanted = set(wanted)
    found: dict[int, list[int]] = defaultdict(list)
    for trees, lines in pairs:
        if not wanted.isdisjoint(lines):
            for tree, line in zip(trees, lines, strict=True):
                if line in wanted:
                    found[line].append(tree)
    return found
