"""Introduced, removed, moved: the one definition, for every commit of the store.

Introduced: a commit's version of a path has the value and no parent's version of that path has
it. Removed: every parent's version has it, and the commit's has not. A value that leaves one path
and enters another in the same commit has moved. Merges of any width follow from this without a
special case. Values are bits of an integer, so that all are compared at once.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import islice
from operator import and_, or_
from typing import Final

from leakscan.history.objects import MODE_SYMLINK, CommitLinks
from leakscan.model import Event, ObjectId
from leakscan.trace.marks import Entry, Marked

MAX_PATHS: Final = 20_000
"""Paths of one commit that lead to a hit. Ten folders of ten folders of ten … are 10^10 of them."""


@dataclass(frozen=True, slots=True)
class Bits:
    """Which values (as bits) each blob, path name, commit and tag holds."""

    blobs: Mapping[ObjectId, int]
    names: Mapping[bytes, int]
    commits: Mapping[ObjectId, int]
    tags: Mapping[ObjectId, int]


@dataclass(frozen=True, slots=True)
class PathEvent:
    """What a commit did to some values at one path.

    `blob` is the version that holds them: the commit's, or a parent's where they were removed.
    `in_name` says that the path itself holds the values, not what stands there.
    """

    commit: ObjectId
    path: bytes
    event: Event
    bits: int
    blob: ObjectId | None = None
    symlink: bool = False
    at_boundary: bool = False
    from_path: bytes | None = None
    in_name: bool = False


@dataclass(frozen=True, slots=True)
class _Pair:
    """The versions of one path to compare: the commit's, and every parent's."""

    path: bytes
    new: Entry | None
    olds: tuple[Entry | None, ...]


def commit_events(
    commit: ObjectId,
    commits: Mapping[ObjectId, CommitLinks],
    marked: Marked,
    bits: Bits,
) -> tuple[list[PathEvent], bool]:
    """Return what the commit did, in path order, and whether that is all of it.

    A parent that is not in the store, or whose tree is not, counts as not having the value; what
    appears against it is flagged `at_boundary`, for its origin may lie beyond.
    Above MAX_PATHS it is not all.
    """
    links = commits[commit]
    if links.tree in marked.unknown:
        return [], True
    parents = [commits.get(parent) for parent in links.parents]
    olds = tuple(parent.tree if parent else None for parent in parents)
    boundary = any(parent is None for parent in parents)
    if not any(tree in marked.children or tree in marked.unknown for tree in (links.tree, *olds)):
        return [], True
    changed = list(islice(_changed(links.tree, olds, marked), MAX_PATHS))
    found = [
        event
        for pair, unsure in changed
        for event in _compare(commit, pair, bits, at_boundary=boundary or unsure)
    ]
    events = _with_moves(sorted(found, key=lambda event: (event.path, event.event)))
    return events, len(changed) < MAX_PATHS


def _changed(
    tree: ObjectId, olds: Sequence[ObjectId | None], marked: Marked
) -> Iterator[tuple[_Pair, bool]]:
    """Yield every path whose version differs from all parents' versions, as `diff-tree -c` does.

    A subtree equal to one parent's can hold neither event. The second item says that a parent's
    version could not be read.
    """
    stack: list[tuple[bytes, ObjectId | None, tuple[ObjectId | None, ...], bool]] = []
    stack.append((b"", tree, tuple(olds), False))
    while stack:
        prefix, new, others, unsure = stack.pop()
        if new in others or new in marked.unknown:
            continue
        unsure = unsure or any(other in marked.unknown for other in others)
        names: set[bytes] = set()
        for some in (new, *others):
            names.update(marked.children.get(some, ()) if some is not None else ())
        for name in names:
            path = prefix + name
            here = marked.child(new, name)
            there = tuple(marked.child(other, name) for other in others)
            if here is not None and here in there:
                continue
            yield _Pair(path, here, there), unsure
            if any(entry is not None and entry.is_tree for entry in (here, *there)):
                stack.append((path + b"/", _tree(here), tuple(map(_tree, there)), unsure))


def _tree(entry: Entry | None) -> ObjectId | None:
    return entry.id if entry is not None and entry.is_tree else None


def _compare(
    commit: ObjectId, pair: _Pair, bits: Bits, *, at_boundary: bool
) -> Iterator[PathEvent]:
    def held(entry: Entry | None) -> int:
        return bits.blobs.get(entry.id, 0) if entry is not None and entry.is_blob else 0

    new, olds = pair.new, pair.olds
    introduced = held(new) & ~reduce(or_, map(held, olds), 0)
    if introduced and new is not None:
        yield PathEvent(
            commit,
            pair.path,
            Event.INTRODUCED,
            introduced,
            new.id,
            new.mode == MODE_SYMLINK,
            at_boundary,
        )
    removed = reduce(and_, map(held, olds)) & ~held(new) if olds else 0
    if removed and olds[0] is not None:
        yield PathEvent(commit, pair.path, Event.REMOVED, removed, olds[0].id)
    in_name = bits.names.get(pair.path.rpartition(b"/")[2], 0)
    if in_name and new is not None and not any(olds):
        yield PathEvent(
            commit,
            pair.path,
            Event.INTRODUCED,
            in_name,
            at_boundary=at_boundary,
            in_name=True,
        )
    elif in_name and new is None and olds and all(olds):
        yield PathEvent(commit, pair.path, Event.REMOVED, in_name, in_name=True)


def _with_moves(events: list[PathEvent]) -> list[PathEvent]:
    """Turn a removal and an introduction of the same value in one commit into one move.

    Several are paired one to one in path order; what is left over stays what it was.
    """
    if len({event.event for event in events if not event.in_name}) < 2:
        return events
    result = {event: event.bits for event in events if event.in_name}
    for bit in _single_bits(reduce(or_, (event.bits for event in events))):
        having = [event for event in events if event.bits & bit and not event.in_name]
        gone = [event for event in having if event.event is Event.REMOVED]
        come = [event for event in having if event.event is Event.INTRODUCED]
        moved = [
            replace(new, event=Event.MOVED, from_path=old.path)
            for old, new in zip(gone, come, strict=False)
        ]
        pairs = len(moved)
        for event in (*moved, *gone[pairs:], *come[pairs:]):
            alike = replace(event, bits=0)
            result[alike] = result.get(alike, 0) | bit
    together = [replace(event, bits=bits) for event, bits in result.items()]
    return sorted(together, key=lambda event: (event.path, event.event))


def _single_bits(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest
        bits ^= lowest
