"""What stands around the credentials: the text beside each, and the names beside its file.

In: findings with their occurrences, and the source they come from, still open. Out: for each
finding the `Context`s of its places, those at HEAD first, then the newest. All is bounded: of what
lies beyond, and of what cannot be read, the path alone is known.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from msgspec import field
from msgspec.structs import replace

from leakscan.history.base import Source
from leakscan.history.objects import MODE_TREE
from leakscan.history.treelines import MalformedTreeError, read_tree
from leakscan.history.trees import parse_line
from leakscan.model import (
    Content,
    Encoding,
    Event,
    Finding,
    Level,
    ObjectId,
    Occurrence,
    Place,
    ScopeKind,
)
from leakscan.record import State
from leakscan.remedy.context import (
    MAX_DEPTH,
    MAX_NAMES,
    TEXT_BYTES,
    Context,
    Text,
    key_words,
    names_text,
    path_text,
)

MAX_PATHS: Final = 10
"""Paths of one finding that are looked at."""
MAX_TEXTS: Final = 3
"""Of these, those whose text and neighbours are looked at."""
MAX_TEXTS_OF_ALL: Final = 1_000
MAX_BYTES_OF_ALL: Final = 4 << 20
"""Bytes of texts that are looked at in one scan: usual files with a key have some thousand each."""
MAX_TREE_BYTES_OF_ALL: Final = 16 << 20
"""Bytes of folders that are parsed in one scan; a usual one has some thousand."""
MAX_NAMES_SIZE_OF_ALL: Final = 2 << 20
"""Characters of names that are looked at in one scan."""
_AT_ONCE: Final = 32
"""Objects that are read before the time is looked at again."""
_MESSAGES: Final = (Place.COMMIT, Place.TAG, Place.REF, Place.DANGLING)
_NOT_HERE: Final = ObjectId(b"")


class _Spot(State):
    """A place to look at, and what is known of it so far."""

    occurrence: Occurrence
    context: Context


class _Left(State):
    """What may still be looked at."""

    size: int


class _Walk(State):
    """The way down from a commit's tree to the folder of a path; `names` are those on the way."""

    spot: _Spot
    tree: ObjectId
    folders: list[bytes]
    names: list[str] = field(default_factory=list)

    @property
    def next_folder(self) -> bytes | None:
        """The folder to go into, None in the last one."""
        depth = len(self.names)
        return self.folders[depth] if depth < len(self.folders) else None


class _Folder(State):
    """The first names in a folder, and where those of its folders lead that are gone into."""

    names: list[bytes]
    below: Mapping[bytes, ObjectId]


class _Known(State):
    """What was read of folders, and how much more may be; equal names are there once."""

    folders: dict[ObjectId, _Folder] = field(default_factory=dict)
    names: dict[tuple[ObjectId, bytes], str] = field(default_factory=dict)
    tree_bytes: int = MAX_TREE_BYTES_OF_ALL
    names_size: int = MAX_NAMES_SIZE_OF_ALL


def surroundings(
    source: Source | None,
    findings: Sequence[Finding],
    is_over: Callable[[], bool] = lambda: False,
) -> list[tuple[Context, ...]]:
    """Return the contexts of each finding; without a source, or time, by their paths alone.

    The findings stand in the order of their weight: the first ones are looked at most closely.
    """
    spots = [list(islice(_spots(source, finding), MAX_PATHS)) for finding in findings]
    if source is not None and not is_over():
        closely = [
            spot
            for finding, its in zip(findings, spots, strict=True)
            if finding.credential.confidence is not Level.LOW
            for spot in its[:MAX_TEXTS]
        ][:MAX_TEXTS_OF_ALL]
        _read_texts(source, closely, is_over)
        _read_names(source, closely, is_over)
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


def _read_texts(source: Source, spots: Sequence[_Spot], is_over: Callable[[], bool]) -> None:
    wanted: dict[ObjectId, list[_Spot]] = defaultdict(list)
    for spot in spots:
        if spot.occurrence.object_id is not None and spot.occurrence.place is not Place.PATH:
            wanted[spot.occurrence.object_id].append(spot)
    left = _Left(MAX_BYTES_OF_ALL)
    # In the order of the findings, for the bytes may not be enough for all.
    for item in _read(source, list(wanted), lambda: left.size < TEXT_BYTES or is_over()):
        _look_around(item.data, wanted[item.object_id or _NOT_HERE], left)


def _read(
    source: Source, ids: Sequence[ObjectId], is_over: Callable[[], bool]
) -> Iterator[Content]:
    """Yield some objects, a few at a time: what a reader was asked for has to be taken from it."""
    for start in range(0, len(ids), _AT_ONCE):
        if is_over():
            return
        for item in source.reader.read_whole(ids[start : start + _AT_ONCE]):
            if isinstance(item, Content) and not is_over():
                yield item


def _look_around(data: bytes, spots: Sequence[_Spot], left: _Left) -> None:
    """Note the text around the places of one content, as long as there is room."""
    by_encoding: dict[Encoding, list[_Spot]] = defaultdict(list)
    for spot in spots:
        by_encoding[spot.occurrence.encoding].append(spot)
    for encoding, its in by_encoding.items():
        places = [(spot.occurrence.line, spot.occurrence.column) for spot in its]
        text = Text(data, encoding, places)
        for spot, place in zip(its, places, strict=True):
            if left.size - text.size < TEXT_BYTES:
                break
            spot.context = text.around(spot.context, place)
        left.size -= text.size


# -- names --------------------------------------------------------------------------------


def _read_names(source: Source, spots: Sequence[_Spot], is_over: Callable[[], bool]) -> None:
    """Note the names beside each path and above it, a level of folders at a time."""
    walks = list(_walks(source, spots))
    known = _Known()
    waiting = walks
    while waiting and not is_over():
        _read_folders(source, waiting, known, is_over)
        waiting = [walk for walk in waiting if _step(walk, known)]
    for walk in walks:
        folders = tuple(names for names in walk.names if names)
        walk.spot.context = replace(walk.spot.context, neighbours=folders)


def _walks(source: Source, spots: Sequence[_Spot]) -> Iterator[_Walk]:
    for spot in spots:
        one = spot.occurrence
        commit = source.staged if one.place is Place.INDEX else one.commit
        links = source.links.commits.get(commit) if commit is not None else None
        if links is not None and one.path:
            yield _Walk(spot, links.tree, one.path.split(b"/", MAX_DEPTH + 1)[:-1][:MAX_DEPTH])


def _step(walk: _Walk, known: _Known) -> bool:
    """Take in the names of the folder a walk is in, and go down; say whether it goes on."""
    into = walk.next_folder
    walk.names.append(_names(walk, known))
    if into is None:
        return False
    walk.tree = known.folders[walk.tree].below.get(into, _NOT_HERE)
    return walk.tree != _NOT_HERE


def _names(walk: _Walk, known: _Known) -> str:
    """Return the names in the folder a walk is in, as paths from the top."""
    above = b"".join(name + b"/" for name in walk.folders[: len(walk.names)])
    key = walk.tree, above
    if key not in known.names:
        names = names_text(known.folders[walk.tree].names, above) if known.names_size > 0 else ""
        known.names[key] = names
        known.names_size -= len(names)
    return known.names[key]


def _read_folders(
    source: Source, walks: Sequence[_Walk], known: _Known, is_over: Callable[[], bool]
) -> None:
    """Read the trees that walks are in; one that cannot be read is empty."""
    wanted: dict[ObjectId, set[bytes | None]] = defaultdict(set)
    for walk in walks:
        wanted[walk.tree].add(walk.next_folder)
    new = wanted.keys() - known.folders.keys()
    known.folders.update({tree: _Folder([], {}) for tree in new})
    for item in _read(source, sorted(new), lambda: known.tree_bytes <= 0 or is_over()):
        known.tree_bytes -= len(item.data)
        if item.object_id is not None and known.tree_bytes >= 0:
            known.folders[item.object_id] = _folder(item, wanted[item.object_id])


def _folder(tree: Content, wanted: Collection[bytes | None]) -> _Folder:
    id_bytes = len(tree.object_id or b"")
    try:
        lines = read_tree(tree.data, id_bytes).lines
    except MalformedTreeError:
        return _Folder([], {})
    entries = [parse_line(line, id_bytes) for line in lines]
    return _Folder(
        [one.name + b"/" * (one.mode == MODE_TREE) for one in entries[:MAX_NAMES]],
        {one.name: one.id for one in entries if one.name in wanted and one.mode == MODE_TREE},
    )
