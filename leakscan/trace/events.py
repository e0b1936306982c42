"""Introduced, removed, moved: the one definition, for every commit of the store.

Introduced: a commit's version of a path has the value and no parent's version of that path has
it. Removed: every parent's version has it, and the commit's has not. A value that leaves one path
and enters another in the same commit has moved. Merges of any width follow from this without a
special case. Values are bits of an integer, so that all are compared at once.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from operator import and_, or_
from typing import Final

from msgspec.structs import replace

from leakscan.history.objects import MODE_SYMLINK, CommitLinks
from leakscan.model import Event, ObjectId
from leakscan.record import Record
from leakscan.trace.marks import Entry, Marked

MAX_PATHS: Final = 20_000
"""Paths of one commit that lead to a hit. Ten folders of ten folders of ten … are 10^10 of them."""
MAX_PATH_BYTES: Final = 16_384
"""Four times what a system opens; without a bound, nested folders grow the paths quadratically."""


class Bits(Record, frozen=True):
    """Which values (as bits) each blob, path name, commit and tag holds."""

    blobs: Mapping[ObjectId, int]
    names: Mapping[bytes, int]
    commits: Mapping[ObjectId, int]
    tags: Mapping[ObjectId, int]


class PathEvent(Record, frozen=True):
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


class _Pair(Record, frozen=True):
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
    Above MAX_PATHS and MAX_PATH_BYTES it is not all.
    """
    links = commits[commit]
    if links.tree in marked.unknown:
        return [], True
    parents = [commits.get(parent) for parent in links.parents]
    olds = tuple(parent.tree if parent else None for parent in parents)
    boundary = any(parent is None for parent in parents)
    if not any(tree in marked.children or tree in marked.unknown for tree in (links.tree, *olds)):
        return [], True
    changed, whole = _changed(links.tree, olds, marked)
    found = [
        event
        for pair, unsure in changed
        for event in _compare(commit, pair, bits, at_boundary=boundary or unsure)
    ]
    return _with_moves(sorted(found, key=lambda event: (event.path, event.event))), whole


def _changed(
    tree: ObjectId, olds: Sequence[ObjectId | None], marked: Marked
) -> tuple[list[tuple[_Pair, bool]], bool]:
    """Return the paths whose version differs from all parents' versions, as `diff-tree -c` does.

    A subtree equal to one parent's can hold neither event. With each comes whether a parent's
    version could not be read; with all, whether they are all.
    """
    found: list[tuple[_Pair, bool]] = []
    stack: list[tuple[bytes, ObjectId | None, tuple[ObjectId | None, ...], bool]] = []
    stack.append((b"", tree, tuple(olds), False))
    whole = True
    while stack and len(found) < MAX_PATHS:
        prefix, new, others, unsure = stack.pop()
        if new in others or new in marked.unknown:
            continue
        if len(prefix) > MAX_PATH_BYTES:
            whole = False
            continue
        unsure = unsure or any(other in marked.unknown for other in others)
        for name in _names((new, *others), marked):
            path = prefix + name
            here = marked.child(new, name)
            there = tuple(marked.child(other, name) for other in others)
            if here is not None and here in there:
                continue
            found.append((_Pair(path, here, there), unsure))
            if any(entry is not None and entry.is_tree for entry in (here, *there)):
                stack.append((path + b"/", _tree(here), tuple(map(_tree, there)), unsure))
    return found, whole and len(found) < MAX_PATHS


def _names(trees: Iterable[ObjectId | None], marked: Marked) -> set[bytes]:
    names: set[bytes] = set()
    for tree in trees:
        names.update(marked.children.get(tree, ()) if tree is not None else ())
    return names


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
    gone: dict[int, list[PathEvent]] = defaultdict(list)
    come: dict[int, list[PathEvent]] = defaultdict(list)
    for event in events:
        if not event.in_name:
            side = gone if event.event is Event.REMOVED else come
            for number in numbers_of(event.bits):
                side[number].append(event)
    moved: dict[PathEvent, int] = defaultdict(int)
    taken: dict[PathEvent, int] = defaultdict(int)
    for number in gone.keys() & come.keys():
        for old, new in zip(gone[number], come[number], strict=False):
            alike = replace(new, event=Event.MOVED, from_path=old.path, bits=0)
            for one, of in ((alike, moved), (old, taken), (new, taken)):
                of[one] |= 1 << number
    together = [replace(event, bits=bits) for event, bits in moved.items()]
    together += [
        replace(event, bits=event.bits & ~taken[event])
        for event in events
        if event.bits & ~taken[event]
    ]
    return sorted(together, key=lambda event: (event.path, event.event))


def numbers_of(bits: int) -> list[int]:
    """Return the positions of the bits that are set, in order."""
    return [number for number, digit in enumerate(reversed(f"{bits:b}")) if digit == "1"]
