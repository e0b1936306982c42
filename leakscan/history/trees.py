"""Which trees hold which lines: an index over all trees of a store, built from their changes.

In: harvests. Out: for a line, all trees that hold it. A tree is stored as what came and went since
the tree it is deltified against, which is a few lines, where all lines of all trees are a hundred
times the store itself.
"""

from array import array
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from leakscan.history.objects import MODE_TREE, parse_tree
from leakscan.model import ObjectId


@dataclass(slots=True)
class TreeChanges:
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
    """All trees that could be read, by number, and all distinct lines in them, by number."""

    def __init__(self, id_bytes: int) -> None:
        self._id_bytes = id_bytes
        self._numbers: dict[bytes, int] = {}
        self._parents = array("i")
        self._came: list[tuple[array[int], array[int]]] = []
        self._gone: list[tuple[array[int], array[int]]] = []
        self.ids: list[ObjectId] = []
        """The trees by number."""
        self.lines: list[TreeLine] = []
        """The lines by number."""

    def add(self, changes: TreeChanges) -> list[TreeLine]:
        """Take in some trees; return the lines that no tree had before."""
        first_tree, first_line = len(self.ids), len(self.lines)
        own = [self._numbers.setdefault(line, len(self._numbers)) for line in changes.lines]
        fresh = b"".join(
            line for line, number in zip(changes.lines, own, strict=True) if number >= first_line
        )
        self.lines += [TreeLine(*parts) for parts in parse_tree(fresh, self._id_bytes) or ()]
        self.ids += changes.ids
        self._parents.extend(
            parent + first_tree if parent >= 0 else -1 for parent in changes.parents
        )
        for kept, (trees, lines) in ((self._came, changes.came), (self._gone, changes.gone)):
            kept.append(
                (
                    array("I", [first_tree + tree for tree in trees]),
                    array("I", [own[line] for line in lines]),
                )
            )
        return self.lines[first_line:]

    def holders(self, line: int) -> set[int]:
        """Return the numbers of the trees that hold a line: where it came, and what follows."""
        gone = self._gone_at.get(line, ())
        found: set[int] = set()
        stack = list(self._came_at.get(line, ()))
        while stack:
            tree = stack.pop()
            if tree not in found:
                found.add(tree)
                stack += [child for child in self._children.get(tree, ()) if child not in gone]
        return found

    @cached_property
    def folders(self) -> dict[ObjectId, list[int]]:
        """The lines that name a tree, by its id."""
        found: dict[ObjectId, list[int]] = defaultdict(list)
        for number, line in enumerate(self.lines):
            if line.mode == MODE_TREE:
                found[line.id].append(number)
        return found

    @cached_property
    def _came_at(self) -> dict[int, list[int]]:
        return _by_line(self._came)

    @cached_property
    def _gone_at(self) -> dict[int, set[int]]:
        return {line: set(trees) for line, trees in _by_line(self._gone).items()}

    @cached_property
    def _children(self) -> dict[int, list[int]]:
        children: dict[int, list[int]] = defaultdict(list)
        for tree, parent in enumerate(self._parents):
            if parent >= 0:
                children[parent].append(tree)
        return children


def _by_line(pairs: list[tuple["array[int]", "array[int]"]]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for trees, lines in pairs:
        for tree, line in zip(trees, lines, strict=True):
            found[line].append(tree)
    return found
