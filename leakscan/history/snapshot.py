"""The files of one commit, from the object store: no work tree is needed, and nothing is run.

Part of the history stage. In: a reader and a commit, tag or tree. Out: paths, as bytes, each with
its Content, or with a Skipped that says why there is none. Symlinks and submodules are not
followed. A forged tree can hold a billion files in a few objects, so everything is bounded; what
many useless files use up is no room of the useful ones, for each kind has its own.
"""

import sys
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

from msgspec import field

from leakscan.history.base import WholeReader
from leakscan.history.objects import MODE_SUBMODULE, MODE_SYMLINK, parse_commit, parse_tag
from leakscan.history.treelines import MalformedTreeError, read_tree
from leakscan.model import Content, Kind, ObjectId, Skipped, SkipReason
from leakscan.record import Record, State

_BATCH: Final = 256
_TAGS: Final = 8
_LARGE: Final = 8
_FOLDER: Final = b"4"
"""Modes of folders alone begin with it; git writes 40000, old tools 040000."""

Found = tuple[bytes, Content | Skipped]
Wanted = Callable[[bytes], str | bool]
"""Says of a path of which kind its file is, and by something false that it is not looked at."""

TOO_DEEP: Final = "folders that lie deeper than is looked at"
TOO_MANY_NAMES: Final = "more names than are looked at"
TOO_MANY_FILES: Final = "more files than are looked at"
TOO_MANY_BYTES: Final = "more bytes than are looked at"


class Limits(Record, frozen=True):
    """How much of a commit is looked at. For all that is left out there is a Skipped each.

    `files` and `total_bytes` are of each kind of file that is wanted. What is larger than
    `file_bytes` is read to its end nevertheless, and counts for up to eight files of that size.
    """

    files: int = 50_000
    entries: int = 1_000_000
    depth: int = 64
    file_bytes: int = 1 << 20
    total_bytes: int = 256 << 20


class _Entry(Record, frozen=True):
    path: bytes
    object_id: ObjectId
    kind: str | bool = True


class _Share(State):
    """What the files of one kind have used up."""

    files: int = 0
    total_bytes: int = 0


class _Walk(State):
    reader: WholeReader
    wanted: Wanted
    limits: Limits
    entries: int = 0
    shares: dict[str | bool, _Share] = field(default_factory=dict)

    def share(self, kind: str | bool) -> _Share:
        return self.shares.setdefault(kind, _Share())


def snapshot(
    reader: WholeReader, top: ObjectId, wanted: Wanted, limits: Limits | None = None
) -> Iterator[Found]:
    """Yield the wanted files below a commit, tag or tree, nearest to the top first, lazily."""
    tree = _tree_of(reader, top)
    if isinstance(tree, Skipped):
        yield b"", tree
        return
    walk = _Walk(reader, wanted, limits or Limits())
    folders, depth = [_Entry(b"", tree)], 0
    while folders:
        if depth > walk.limits.depth:
            yield from (_too_much(one.path, TOO_DEEP) for one in folders)
            return
        below: list[_Entry] = []
        for start in range(0, len(folders), _BATCH):
            yield from _read_folders(walk, folders[start : start + _BATCH], below)
        folders, depth = below, depth + 1


def _tree_of(reader: WholeReader, top: ObjectId) -> ObjectId | Skipped:
    """Follow tags and a commit to the tree."""
    for _ in range(_TAGS):
        read = next(iter(reader.read_whole([top])), None)
        if read is None:
            return Skipped(Kind.COMMIT, SkipReason.MISSING, top)
        if isinstance(read, Skipped) or read.kind is Kind.BLOB:
            why = read.reason if isinstance(read, Skipped) else SkipReason.UNSUPPORTED
            return Skipped(Kind.COMMIT, why, top)
        if read.kind is Kind.TREE:
            return top
        if read.kind is Kind.TAG:
            tag = parse_tag(read.data)
            following = tag.target if tag else None
        else:
            commit = parse_commit(read.data)
            following = commit.tree if commit else None
        if following is None:
            break
        top = following
    return Skipped(Kind.COMMIT, SkipReason.DAMAGED, top)


def _read_folders(walk: _Walk, folders: list[_Entry], below: list[_Entry]) -> Iterator[Found]:
    """Yield the files of some folders; the folders in them are added to `below`."""
    files: list[_Entry] = []
    if walk.entries >= walk.limits.entries:
        yield from (_too_much(one.path, TOO_MANY_NAMES) for one in folders)
        return
    for folder, read in _read(walk.reader, folders):
        if isinstance(read, Skipped):
            yield folder.path, _placed(read, Kind.TREE, folder)
            continue
        try:
            lines = read_tree(read.data, len(folder.object_id)).lines
        except MalformedTreeError:
            yield folder.path, Skipped(Kind.TREE, SkipReason.DAMAGED, folder.object_id, folder.path)
            continue
        room = max(0, walk.limits.entries - walk.entries)
        walk.entries += len(lines)
        for line in lines[:room]:
            _sort(walk, folder, line, files, below)
        for _ in lines[room:]:
            yield _too_much(folder.path, TOO_MANY_NAMES)
    yield from _read_files(walk, files)


def _sort(
    walk: _Walk, folder: _Entry, line: bytes, files: list[_Entry], below: list[_Entry]
) -> None:
    """Put one line of a tree where it belongs."""
    end = -len(folder.object_id)
    mode, _, name = line[: end - 1].partition(b" ")
    mode = mode.lstrip(b"0")
    entry = _Entry(folder.path + name, ObjectId(line[end:]))
    if mode.startswith(_FOLDER):
        below.append(_Entry(entry.path + b"/", entry.object_id))
    elif mode not in {MODE_SYMLINK, MODE_SUBMODULE} and (kind := walk.wanted(entry.path)):
        files.append(_Entry(entry.path, entry.object_id, kind))


def _read_files(walk: _Walk, files: list[_Entry]) -> Iterator[Found]:
    for start in range(0, len(files), _BATCH):
        batch = []
        for entry in files[start : start + _BATCH]:
            share = walk.share(entry.kind)
            if share.files >= walk.limits.files:
                yield _too_much(entry.path, TOO_MANY_FILES)
            elif share.total_bytes >= walk.limits.total_bytes:
                yield _too_much(entry.path, TOO_MANY_BYTES)
            else:
                share.files += 1
                batch.append(entry)
        yield from _read_batch(walk, batch)


def _read_batch(walk: _Walk, batch: list[_Entry]) -> Iterator[Found]:
    limits = walk.limits
    for entry, read in _read(walk.reader, batch):
        share = walk.share(entry.kind)
        share.total_bytes += min(_size(read), _LARGE * limits.file_bytes)
        if share.total_bytes > limits.total_bytes:
            yield _too_much(entry.path, TOO_MANY_BYTES)
        else:
            yield entry.path, _kept(read, entry, limits.file_bytes)


def _size(read: Content | Skipped) -> int:
    if isinstance(read, Content):
        return len(read.data)
    return sys.maxsize if read.reason is SkipReason.TOO_LARGE else 0


def _kept(read: Content | Skipped, entry: _Entry, limit_bytes: int) -> Content | Skipped:
    if isinstance(read, Skipped):
        return _placed(read, Kind.BLOB, entry)
    if read.kind is not Kind.BLOB:
        return Skipped(Kind.BLOB, SkipReason.DAMAGED, entry.object_id, entry.path)
    if len(read.data) > limit_bytes:
        return Skipped(Kind.BLOB, SkipReason.TOO_LARGE, entry.object_id, entry.path)
    return read


def _read(reader: WholeReader, entries: list[_Entry]) -> Iterator[tuple[_Entry, Content | Skipped]]:
    """Yield each entry with what was read of it; an object that several name is read once each."""
    answers = reader.read_whole([entry.object_id for entry in entries])
    for entry in entries:
        read = next(islice(answers, 1), None)
        yield entry, read or Skipped(Kind.BLOB, SkipReason.MISSING, entry.object_id, entry.path)


def _placed(skipped: Skipped, kind: Kind, entry: _Entry) -> Skipped:
    return Skipped(kind, skipped.reason, entry.object_id, entry.path, skipped.detail)


def _too_much(path: bytes, detail: str) -> Found:
    return path, Skipped(Kind.BLOB, SkipReason.TOO_LARGE, None, path, detail)


def kind_at(reader: WholeReader, top: ObjectId, path: bytes) -> Kind | Skipped | None:
    """Return what stands at a path below a commit, None for nothing; of a submodule COMMIT.

    A Skipped stands for the folder on the way that cannot be read.
    """
    tree = _tree_of(reader, top)
    names = [name for name in path.split(b"/") if name]
    for place, name in enumerate(names, 1):
        if isinstance(tree, Skipped):
            return tree
        line = _line_of(reader, tree, name)
        if line is None or isinstance(line, Skipped):
            return line
        mode, found = line
        if not mode.startswith(_FOLDER):
            kind = Kind.COMMIT if mode == MODE_SUBMODULE else Kind.BLOB
            return kind if place == len(names) else None
        tree = found
    return tree if isinstance(tree, Skipped) else Kind.TREE


def _line_of(
    reader: WholeReader, tree: ObjectId, wanted: bytes
) -> tuple[bytes, ObjectId] | Skipped | None:
    """Return mode and id of a name in a tree."""
    read = next(iter(reader.read_whole([tree])), None)
    if read is None or isinstance(read, Skipped):
        return read or Skipped(Kind.TREE, SkipReason.MISSING, tree)
    try:
        lines = read_tree(read.data, len(tree)).lines
    except MalformedTreeError:
        return Skipped(Kind.TREE, SkipReason.DAMAGED, tree)
    for line in lines:
        mode, _, name = line[: -len(tree) - 1].partition(b" ")
        if name == wanted:
            return mode.lstrip(b"0"), ObjectId(line[-len(tree) :])
    return None
