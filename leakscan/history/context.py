"""What the commits of a range are compared with, where something was found in it.

Part of the history stage. In: the commits of a range. Out: the parents outside it, and the trees
and the versions of changed paths that the range itself does not hold. Trees that are equal on
both sides are never read.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from msgspec import field
from msgspec.structs import replace

from leakscan.history.base import Reader
from leakscan.history.objects import (
    MODE_SUBMODULE,
    MODE_TREE,
    CommitLinks,
    parse_commit,
)
from leakscan.history.treelines import MalformedTreeError, read_tree
from leakscan.model import Content, Kind, ObjectId, Skipped, SkipReason
from leakscan.record import State

MAX_PAIRS: Final = 2_000_000
"""Pairs of folders that are compared; a push of 20 000 commits has some hundred thousand."""

_Entry = tuple[bytes, ObjectId]
_Pair = tuple[ObjectId | None, ObjectId]


class Context(State):
    """Parents outside a range, objects to read for the comparison, and what could not be read."""

    parents: dict[ObjectId, CommitLinks] = field(default_factory=dict)
    objects: dict[ObjectId, None] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)


def context_of(
    commits: Mapping[ObjectId, CommitLinks], reader: Reader, inside: Collection[ObjectId]
) -> Context:
    """Return what commits are compared with; `inside` are the objects of the range itself.

    A parent that is not there, as at the edge of a shallow clone, is left out.
    """
    context = Context()
    wanted = {parent for links in commits.values() for parent in links.parents} - commits.keys()
    for item in reader.read_whole(sorted(wanted)):
        if isinstance(item, Content) and item.object_id is not None and item.kind is Kind.COMMIT:
            links = parse_commit(item.data)
            if links is not None:
                context.parents[item.object_id] = replace(links, parents=())
    known = {**context.parents, **commits}
    pairs: set[_Pair] = {
        (links.tree, known[parent].tree)
        for links in commits.values()
        for parent in links.parents
        if parent in known
    }
    _compare(pairs, context, _Trees(reader), inside)
    return context


class _Trees:
    """Trees as what stands at each name, read many at a time."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._trees: dict[ObjectId, dict[bytes, _Entry]] = {}

    def read(self, ids: Iterable[ObjectId]) -> None:
        """Have these trees at hand; one that cannot be read is as if it were empty."""
        fresh = sorted(set(ids) - self._trees.keys())
        for item in self._reader.read_whole(fresh):
            if item.object_id is not None:
                self._trees[item.object_id] = _entries(item)

    def of(self, tree: ObjectId | None) -> Mapping[bytes, _Entry]:
        """Return mode and id by name."""
        return self._trees.get(tree, {}) if tree is not None else {}


def _entries(item: Content | Skipped) -> dict[bytes, _Entry]:
    if not isinstance(item, Content) or item.kind is not Kind.TREE or item.object_id is None:
        return {}
    id_bytes = len(item.object_id)
    try:
        lines = read_tree(item.data, id_bytes).came
    except MalformedTreeError:
        return {}
    entries: dict[bytes, _Entry] = {}
    for line in lines:
        mode, _, name = line[: -id_bytes - 1].partition(b" ")
        entries[name] = mode.lstrip(b"0"), ObjectId(line[-id_bytes:])
    return entries


def _compare(
    pairs: set[_Pair], context: Context, trees: _Trees, inside: Collection[ObjectId]
) -> None:
    """Note the old side of everything that differs, one level of folders after the other."""
    seen: set[_Pair] = set()
    waiting: set[_Pair] = {pair for pair in pairs if pair[0] != pair[1]}
    while waiting and len(seen) < MAX_PAIRS:
        seen |= waiting
        trees.read(tree for pair in waiting for tree in pair if tree is not None)
        below: set[_Pair] = set()
        for new, old in waiting:
            if old not in inside:
                context.objects[old] = None
            below |= _differences(trees.of(new), trees.of(old), context, inside)
        waiting = below - seen
    if waiting:
        detail = f"more than {MAX_PAIRS} folders to compare"
        context.skipped.append(Skipped(Kind.TREE, SkipReason.NOT_TRACED, detail=detail))


def _differences(
    new: Mapping[bytes, _Entry],
    old: Mapping[bytes, _Entry],
    context: Context,
    inside: Collection[ObjectId],
) -> set[_Pair]:
    below: set[_Pair] = set()
    for name, entry in old.items():
        other = new.get(name)
        if other == entry:
            continue
        mode, object_id = entry
        if mode == MODE_TREE:
            is_tree = other is not None and other[0] == MODE_TREE
            below.add((other[1] if is_tree and other is not None else None, object_id))
        elif mode != MODE_SUBMODULE and object_id not in inside:
            context.objects[object_id] = None
    return below
