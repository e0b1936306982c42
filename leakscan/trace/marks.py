"""The trees through which a hit can be reached: marked upwards from the hits.

In: all trees of the store, the ids and names that were hit. Out: `Marked`, a small copy of just
those trees and entries that lead to a hit, so that commits are compared without reading the rest.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from leakscan.history.base import Reader
from leakscan.history.objects import MODE_SUBMODULE, MODE_TREE, parse_tree
from leakscan.model import ObjectId, Skipped


@dataclass(frozen=True, slots=True)
class Entry:
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


@dataclass(slots=True)
class Marked:
    """The marked entries of each marked tree, and the trees that could not be read.

    `skipped` are trees that could be read before, and not again.
    """

    children: dict[ObjectId, dict[bytes, Entry]] = field(default_factory=dict)
    unknown: set[ObjectId] = field(default_factory=set)
    skipped: list[Skipped] = field(default_factory=list)

    def child(self, tree: ObjectId | None, name: bytes) -> Entry | None:
        """Return the entry if it leads to a hit."""
        return self.children.get(tree, {}).get(name) if tree is not None else None


def mark(
    reader: Reader,
    trees: Sequence[ObjectId],
    targets: Collection[ObjectId],
    names: Collection[bytes],
    unknown: Iterable[ObjectId],
    id_bytes: int,
) -> Marked:
    """Return the trees that lead to one of targets or to an entry with one of names.

    `unknown` are trees that are missing or damaged; they lead to who knows what, and are kept.
    """
    marked = Marked(unknown=set(unknown))
    wanted = set(targets) | marked.unknown
    if not wanted and not names:
        return marked
    direct, subtrees = _scan(reader, trees, wanted, set(names), marked, id_bytes)
    leading = _closure(direct, subtrees, id_bytes)
    for item in reader.read_whole(list(leading)):
        if isinstance(item, Skipped):
            marked.skipped.append(item)
        elif item.object_id is not None:
            marked.children[item.object_id] = {
                name: Entry(mode, object_id)
                for mode, name, object_id in parse_tree(item.data, id_bytes) or ()
                if object_id in wanted or object_id in leading or name in names
            }
    return marked


def _scan(
    reader: Reader,
    trees: Sequence[ObjectId],
    wanted: set[ObjectId],
    names: set[bytes],
    marked: Marked,
    id_bytes: int,
) -> tuple[set[ObjectId], dict[ObjectId, bytes]]:
    """Read every tree; return those that hold a hit, and the joined ids of each one's subtrees."""
    direct: set[ObjectId] = set()
    subtrees: dict[ObjectId, bytes] = {}
    for item in reader.read_whole(trees):
        if isinstance(item, Skipped):
            marked.skipped.append(item)
            continue
        assert item.object_id is not None
        entries = parse_tree(item.data, id_bytes) or []
        if any(object_id in wanted for _, _, object_id in entries) or (
            names and any(name in names for _, name, _ in entries)
        ):
            direct.add(item.object_id)
        below = b"".join([object_id for mode, _, object_id in entries if mode == MODE_TREE])
        if below:
            subtrees[item.object_id] = below
    return direct, subtrees


def _closure(
    direct: set[ObjectId], subtrees: dict[ObjectId, bytes], id_bytes: int
) -> dict[ObjectId, None]:
    """Return direct and every tree above it. Iterative: a hostile tree can nest without end."""
    leads: dict[ObjectId, bool] = {}
    for top in (*subtrees, *direct):
        stack = [top]
        while stack:
            tree = stack[-1]
            below = subtrees.get(tree, b"")
            children = [
                ObjectId(below[at : at + id_bytes]) for at in range(0, len(below), id_bytes)
            ]
            if tree not in leads:
                leads[tree] = tree in direct  # Also what ends a circle of forged ids.
                stack += [child for child in children if child not in leads]
            else:
                stack.pop()
                leads[tree] = leads[tree] or any(leads.get(child, False) for child in children)
    return {tree: None for tree, leading in leads.items() if leading}
