"""The trees through which a hit can be reached: marked upwards from the hits.

In: the index of all trees, the ids and names that were hit. Out: `Marked`, a small copy of just
those trees and entries that lead to a hit, so that commits are compared without reading the rest.
"""

from collections.abc import Collection, Iterable

from msgspec import field

from leakscan.history.objects import MODE_SUBMODULE, MODE_TREE
from leakscan.history.trees import TreeIndex
from leakscan.model import ObjectId
from leakscan.record import Record, State


class Entry(Record, frozen=True, order=True):
    """One marked entry of a tree."""

    mode: bytes
    id: ObjectId

    @property
    def is_tree(self) -> bool:
        """Whether it is a folder."""
        return self.mode == MODE_TREE

    @property
    def is_blob(self) -> bool:
        """Whether it is a file or a symlink."""
        return self.mode not in (MODE_TREE, MODE_SUBMODULE)


class Marked(State):
    """The marked entries of each marked tree, and the trees that could not be read."""

    children: dict[ObjectId, dict[bytes, Entry]] = field(default_factory=dict)
    unknown: set[ObjectId] = field(default_factory=set)

    def child(self, tree: ObjectId | None, name: bytes) -> Entry | None:
        """Return the entry if it leads to a hit."""
        return self.children.get(tree, {}).get(name) if tree is not None else None


def mark(
    index: TreeIndex,
    targets: Collection[ObjectId],
    names: Collection[bytes],
    unknown: Iterable[ObjectId],
) -> Marked:
    """Return the trees that lead to one of targets or to an entry with one of names.

    `unknown` are trees that are missing or damaged; they lead to who knows what, and are kept.
    """
    marked = Marked(unknown=set(unknown))
    wanted = set(targets) | marked.unknown
    lines = index.find(wanted, names)
    # Each line is followed once, which also ends a circle of forged ids.
    followed = set(lines)
    while lines:
        fresh: set[ObjectId] = set()
        for number, holders in index.holders(lines).items():
            line = index.line(number)
            entry = Entry(line.mode, line.id)
            for holder in holders:
                tree = index.ids[holder]
                if tree not in marked.children:
                    marked.children[tree] = {}
                    fresh.add(tree)
                # A forged tree can hold a name twice.
                children = marked.children[tree]
                children[line.name] = max(entry, children.get(line.name, entry))
        above = index.find(fresh) - followed
        lines = {number for number in above if index.line(number).mode == MODE_TREE}
        followed |= lines
    return marked
