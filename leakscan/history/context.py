"""What the commits of a range are compared with, where something was found in it.

Part of the history stage. In: the commits of a range. Out: the parents outside it, and the trees
and the versions of changed paths that the range itself does not hold. Trees that are equal on
both sides are never read, and of the others no more are held than are compared at the moment.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final

from msgspec import field
from msgspec.structs import replace

from leakscan.history.base import WholeReader
from leakscan.history.objects import (
    MODE_SUBMODULE,
    MODE_TREE,
    CommitLinks,
    parse_commit,
)
from leakscan.history.treepairs import Pair, TreePairs
from leakscan.history.trees import parse_line
from leakscan.model import Content, Kind, ObjectId, Skipped, SkipReason
from leakscan.record import State

MAX_PAIRS: Final = 2_000_000
"""Pairs of folders that are compared; a push of 20 000 commits has some hundred thousand."""


class Context(State):
    """Parents outside a range, objects to read for the comparison, and what could not be read."""

    parents: dict[ObjectId, CommitLinks] = field(default_factory=dict)
    objects: dict[ObjectId, None] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)


def context_of(
    commits: Mapping[ObjectId, CommitLinks],
    reader: WholeReader,
    inside: Collection[ObjectId],
    is_over: Callable[[], bool] = lambda: False,
) -> Context:
    """Return what commits are compared with; `inside` are the objects of the range itself.

    A parent that is not there, as at the edge of a shallow clone, is left out. What is left when
    `is_over` is Skipped. The reader is asked for few trees at a time, and very often.
    """
    context = Context()
    wanted = {parent for links in commits.values() for parent in links.parents} - commits.keys()
    for item in reader.read_whole(sorted(wanted)):
        if isinstance(item, Content) and item.object_id is not None and item.kind is Kind.COMMIT:
            links = parse_commit(item.data)
            if links is not None:
                context.parents[item.object_id] = replace(links, parents=())
    known = {**context.parents, **commits}
    # In the order of commits: there most trees are in two pairs that follow each other.
    pairs = [
        (links.tree, known[parent].tree)
        for links in commits.values()
        for parent in links.parents
        if parent in known
    ]
    _compare(pairs, context, TreePairs(reader), inside, is_over)
    return context


def _compare(
    pairs: Iterable[Pair],
    context: Context,
    trees: TreePairs,
    inside: Collection[ObjectId],
    is_over: Callable[[], bool],
) -> None:
    """Note the old side of everything that differs: first what is below, so that little waits."""
    seen: set[bytes] = set()
    waiting = _fresh(pairs, seen)
    while waiting:
        if is_over() or len(seen) > MAX_PAIRS:
            context.skipped.append(_given_up(late=is_over()))
            return
        some = waiting[-trees.at_once :]
        del waiting[-trees.at_once :]
        below: list[Pair] = []
        for (_, old), came, gone in trees.differences(some):
            if old not in inside:
                context.objects[old] = None
            below += _below(came, gone, context, inside, len(old))
        waiting += _fresh(below, seen)


def _fresh(pairs: Iterable[Pair], seen: set[bytes]) -> list[Pair]:
    """Return the pairs that differ and were not seen before, and count them as seen."""
    fresh = []
    for new, old in pairs:
        key = (new or b"") + old
        if new != old and key not in seen:
            seen.add(key)
            fresh.append((new, old))
    return fresh


def _below(
    came: Iterable[bytes],
    gone: Iterable[bytes],
    context: Context,
    inside: Collection[ObjectId],
    id_bytes: int,
) -> list[Pair]:
    """Note the files that went, and return the folders that did, with what is there instead."""
    below: list[Pair] = []
    folders: dict[bytes, ObjectId] | None = None
    for line in gone:
        mode, name, object_id = parse_line(line, id_bytes)
        if mode == MODE_TREE:
            if folders is None:
                fresh = [parse_line(one, id_bytes) for one in came]
                folders = {one.name: one.id for one in fresh if one.mode == MODE_TREE}
            below.append((folders.get(name), object_id))
        elif mode != MODE_SUBMODULE and object_id not in inside:
            context.objects[object_id] = None
    return below


def _given_up(*, late: bool) -> Skipped:
    if late:
        return Skipped(Kind.TREE, SkipReason.OUT_OF_TIME, detail="folders left to compare")
    detail = f"more than {MAX_PAIRS} folders to compare"
    return Skipped(Kind.TREE, SkipReason.NOT_TRACED, detail=detail)
