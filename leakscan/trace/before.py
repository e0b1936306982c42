"""What commits changed, whether or not anything was seen in it: the old side of their paths.

In: commits with the paths to look at, and a source. Out: `Before`. Trees that are equal on both
sides are never read. A tree that cannot be read counts as empty, as for the events.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from msgspec import field

from leakscan.history.base import Source
from leakscan.history.treelines import MalformedTreeError, read_tree
from leakscan.history.trees import parse_line
from leakscan.model import Content, Kind, ObjectId, Skipped
from leakscan.record import Record, State
from leakscan.trace.marks import Entry

MAX_FOLDERS: Final = 500_000
"""Pairs of folders that are compared in all."""


class Before(State):
    """What was there before a commit: versions of the paths asked for, and what went with it.

    `went` are the versions of paths that are not there any more, nor anything equal elsewhere.
    `whole` says that this is all.
    """

    versions: dict[bytes, set[ObjectId]] = field(default_factory=dict)
    went: set[ObjectId] = field(default_factory=set)
    came: set[ObjectId] = field(default_factory=set)
    whole: bool = True


class _Pair(Record, frozen=True):
    """One folder as a commit and one of its parents have it."""

    commit: ObjectId
    prefix: bytes
    new: ObjectId | None
    old: ObjectId | None


_Entries = Mapping[bytes, Entry]


def before(source: Source, wanted: Mapping[ObjectId, Collection[bytes]]) -> dict[ObjectId, Before]:
    """Return what was there before each commit; `wanted` has the paths to look at."""
    found = {commit: Before() for commit in wanted}
    commits = source.links.commits
    waiting = [
        _Pair(commit, b"", commits[commit].tree, commits[parent].tree)
        for commit in sorted(wanted)
        for parent in commits[commit].parents
        if parent in commits
    ]
    compared = 0
    while waiting:
        compared += len(waiting)
        if compared > MAX_FOLDERS:
            for pair in waiting:
                found[pair.commit].whole = False
            break
        trees = _read(source, waiting)
        waiting = [
            below
            for pair in waiting
            for below in _compare(pair, trees, wanted[pair.commit], found[pair.commit])
        ]
    for one in found.values():
        one.went -= one.came
    return found


def _read(source: Source, pairs: Collection[_Pair]) -> dict[ObjectId, _Entries]:
    """Return the entries of the folders that differ."""
    ids = {tree for pair in pairs if pair.new != pair.old for tree in (pair.new, pair.old)}
    asked = sorted(tree for tree in ids if tree is not None)
    answers = source.reader.read_whole(asked)
    return {item.object_id: _entries(item) for item in answers if item.object_id is not None}


def _entries(item: Content | Skipped) -> _Entries:
    if not isinstance(item, Content) or item.kind is not Kind.TREE or item.object_id is None:
        return {}
    id_bytes = len(item.object_id)
    try:
        lines = read_tree(item.data, id_bytes).lines
    except MalformedTreeError:
        return {}
    parsed = (parse_line(line, id_bytes) for line in lines)
    return {line.name: Entry(line.mode, line.id) for line in parsed}


def _compare(
    pair: _Pair, trees: Mapping[ObjectId, _Entries], wanted: Collection[bytes], found: Before
) -> Iterator[_Pair]:
    """Note what differs in a folder, and yield the folders in it that do."""
    if pair.new == pair.old:
        return
    news = trees.get(pair.new, {}) if pair.new is not None else {}
    olds = trees.get(pair.old, {}) if pair.old is not None else {}
    for name in news.keys() | olds.keys():
        new, old = news.get(name), olds.get(name)
        if new == old:
            continue
        path = pair.prefix + name
        _note(path, new, old, wanted, found)
        below = tuple(entry.id if entry and entry.is_tree else None for entry in (new, old))
        if any(below):
            yield _Pair(pair.commit, path + b"/", *below)


def _note(
    path: bytes, new: Entry | None, old: Entry | None, wanted: Collection[bytes], found: Before
) -> None:
    is_new, is_old = new is not None and new.is_blob, old is not None and old.is_blob
    if old is not None and is_old:
        if path in wanted:
            found.versions.setdefault(path, set()).add(old.id)
        if not is_new:
            found.went.add(old.id)
    if new is not None and is_new and not is_old:
        found.came.add(new.id)
