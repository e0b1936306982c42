"""What stands around the credentials: the text beside each, and the names beside its file.

In: findings with their occurrences, and the source they come from, still open. Out: for each
finding the `Context`s of its places, those at HEAD first, then the newest. All is bounded: of what
lies beyond, and of what cannot be read, the path alone is known.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from msgspec.structs import replace

from leakscan.history.base import Source
from leakscan.history.objects import MODE_TREE
from leakscan.history.treelines import MalformedTreeError, read_tree
from leakscan.history.trees import parse_line
from leakscan.model import Content, Event, Finding, Level, ObjectId, Occurrence, Place, ScopeKind
from leakscan.record import State
from leakscan.remedy.context import TEXT_BYTES, Context, key_words, neighbours, path_text, with_text

MAX_PATHS: Final = 10
"""Paths of one finding that are looked at."""
MAX_TEXTS: Final = 3
"""Of these, those whose text and neighbours are looked at."""
MAX_TEXTS_OF_ALL: Final = 1_000
MAX_BYTES_OF_ALL: Final = 8 << 20
"""Bytes of texts that are looked at in one scan: usual files with a key have some thousand each."""
MAX_DEPTH: Final = 16
"""Folders above a file whose names are looked at, from the top."""
_NAMES_OF_ONE: Final = 500
"""Names of one folder: who has more files beside each other has them of one kind."""
_MESSAGES: Final = (Place.COMMIT, Place.TAG, Place.REF, Place.DANGLING)
_NOT_HERE: Final = ObjectId(b"")


class _Spot(State):
    """A place to look at, and what is known of it so far."""

    occurrence: Occurrence
    context: Context


class _Walk(State):
    """The way down from a commit's tree to the folder of a path."""

    spot: _Spot
    tree: ObjectId
    folders: list[bytes]
    file: bytes
    names: list[bytes]
    depth: int = 0


class _Folder(State):
    names: list[tuple[bytes, bool]]
    below: Mapping[bytes, ObjectId]


def surroundings(source: Source | None, findings: Sequence[Finding]) -> list[tuple[Context, ...]]:
    """Return the contexts of each finding; without a source by their paths alone.

    The findings stand in the order of their weight: the first ones are looked at most closely.
    """
    spots = [list(islice(_spots(source, finding), MAX_PATHS)) for finding in findings]
    if source is not None:
        closely = [
            spot
            for finding, its in zip(findings, spots, strict=True)
            if finding.credential.confidence is not Level.LOW
            for spot in its[:MAX_TEXTS]
        ][:MAX_TEXTS_OF_ALL]
        _read_texts(source, closely)
        _read_names(source, closely)
    return [tuple(spot.context for spot in its) for its in spots]


def _spots(source: Source | None, finding: Finding) -> Iterator[_Spot]:
    """Yield the places of a finding, each path once."""
    key, seen = key_words(finding), set()
    for one in sorted(finding.occurrences, key=_rank):
        if one.event is Event.REMOVED:
            continue
        path = _path(source, one)
        if path not in seen:
            seen.add(path)
            yield _Spot(one, Context(path_text(path), key=key, is_partial=bool(path)))


def _rank(one: Occurrence) -> tuple[bool, bool, float]:
    """Sort what stands there now first, then the newest, what has no path last."""
    time = one.date.timestamp() if one.date is not None else 0.0
    return one.place in _MESSAGES, one.event is not Event.PRESENT, -time


def _path(source: Source | None, one: Occurrence) -> bytes:
    """Return the path of a place; a git file gets one, and a message or plain text has none."""
    if one.place is Place.GIT_FILE:
        return b".git/" + one.name
    if one.path is None or one.place in _MESSAGES:
        return b""
    if one.place is Place.TEXT and source is not None:
        scope = source.target.scope
        is_name = scope is not None and scope.kind is ScopeKind.TEXT
        return b"" if is_name and one.path == source.target.path.encode() else one.path
    return one.path


def _read_texts(source: Source, spots: Sequence[_Spot]) -> None:
    wanted: dict[ObjectId, list[_Spot]] = defaultdict(list)
    for spot in spots:
        if spot.occurrence.object_id is not None and spot.occurrence.place is not Place.PATH:
            wanted[spot.occurrence.object_id].append(spot)
    left = MAX_BYTES_OF_ALL
    # In the order of the findings, for the bytes may not be enough for all.
    for item in source.reader.read_whole(list(wanted)) if wanted else ():
        if isinstance(item, Content):
            for spot in wanted[item.object_id or _NOT_HERE]:
                left -= min(len(item.data), TEXT_BYTES)
                if left < 0:
                    return
                one = spot.occurrence
                spot.context = with_text(
                    spot.context, item.data, one.line, one.column, one.encoding
                )


# -- names --------------------------------------------------------------------------------


def _read_names(source: Source, spots: Sequence[_Spot]) -> None:
    """Note the names beside each path and above it, a level of folders at a time."""
    walks = list(_walks(source, spots))
    known: dict[ObjectId, _Folder] = {}
    waiting = walks
    while waiting:
        _read_folders(source, {walk.tree for walk in waiting} - known.keys(), known)
        waiting = [walk for walk in waiting if _step(walk, known)]
    shared: dict[tuple[bytes, ...], frozenset[str]] = {}
    for walk in walks:
        names = tuple(walk.names)
        found = shared.setdefault(names, neighbours(names))
        walk.spot.context = replace(walk.spot.context, neighbours=found)


def _walks(source: Source, spots: Sequence[_Spot]) -> Iterator[_Walk]:
    for spot in spots:
        one = spot.occurrence
        commit = source.staged if one.place is Place.INDEX else one.commit
        links = source.links.commits.get(commit) if commit is not None else None
        if links is not None and one.path:
            *folders, file = one.path.split(b"/")
            yield _Walk(spot, links.tree, folders[:MAX_DEPTH], file, [])


def _step(walk: _Walk, known: Mapping[ObjectId, _Folder]) -> bool:
    """Take in the names of the folder a walk is in, and go down; say whether it goes on."""
    folder = known[walk.tree]
    above = b"".join(name + b"/" for name in walk.folders[: walk.depth])
    own = walk.folders[walk.depth] if walk.depth < len(walk.folders) else walk.file
    walk.names += [
        above + name + (b"/" if is_folder else b"")
        for name, is_folder in folder.names
        if name != own  # Neither the file itself nor what it is in.
    ]
    if walk.depth == len(walk.folders):
        return False
    walk.tree = folder.below.get(walk.folders[walk.depth], _NOT_HERE)
    walk.depth += 1
    return walk.tree != _NOT_HERE


def _read_folders(source: Source, trees: set[ObjectId], known: dict[ObjectId, _Folder]) -> None:
    """Read trees; one that cannot be read is empty."""
    known.update({tree: _Folder([], {}) for tree in trees})
    for item in source.reader.read_whole(sorted(trees)) if trees else ():
        if not isinstance(item, Content) or item.object_id is None:
            continue
        try:
            lines = read_tree(item.data, len(item.object_id)).lines
        except MalformedTreeError:
            continue
        entries = [parse_line(line, len(item.object_id)) for line in lines]
        known[item.object_id] = _Folder(
            [(one.name, one.mode == MODE_TREE) for one in entries[:_NAMES_OF_ONE]],
            {one.name: one.id for one in entries if one.mode == MODE_TREE},
        )
