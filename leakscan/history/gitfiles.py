"""The files of the git directory itself, and the paths of its indexes.

Reflog messages, config, messages being edited and hooks can hold a credential like any blob can.
In: a `Layout`. Out: Content of kind git-file and index, and Skipped.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from leakscan.history.catfile import PIECE_BYTES, pieces
from leakscan.history.files import is_special, read_file, read_optional
from leakscan.history.git import Git, GitError
from leakscan.history.locate import Layout
from leakscan.history.refs import worktree_dirs, worktree_prefix
from leakscan.model import Content, Kind, ObjectId, Skipped, SkipReason
from leakscan.record import Record

# Read elsewhere (objects, refs, the index), or a repository of its own (modules), or an object
# store that is not git's (lfs, annex).
_ELSEWHERE: Final = frozenset(
    {"objects", "refs", "packed-refs", "modules", "lfs", "annex", "reftable"}
)
_INDEX_LIMIT: Final = 1 << 30


class IndexEntry(Record, frozen=True):
    """One path staged in an index; `index` names the index, as `index` or `worktrees/x/index`."""

    index: bytes
    path: bytes
    mode: bytes
    id: ObjectId


def git_files(layout: Layout) -> Iterator[Content | Skipped]:
    """Yield the files of the git directory that are not read as objects, refs or index."""
    yield from _files(layout, layout.common_dir, b"")
    for git_dir, plain in layout.plain.items():
        # Of a copy, only what stands nowhere as plain text: the messages in reflogs.
        if (plain / "logs").is_dir():
            yield from _files(layout, plain / "logs", worktree_prefix(layout, git_dir) + b"logs/")


def _files(layout: Layout, top: Path, prefix: bytes) -> Iterator[Content | Skipped]:
    indexed = set(worktree_dirs(layout))
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            yield _unreadable(_name(folder, top, prefix), error)
            continue
        for entry in entries:
            if (folder == top and entry.name in _ELSEWHERE) or (
                folder in indexed and _is_index(entry.name)
            ):
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(Path(entry.path))
            elif not is_special(entry) and not entry.is_symlink():
                path = Path(entry.path)
                yield from _pieces(path, _name(path, top, prefix))


def nested_repositories(layout: Layout) -> set[bytes]:
    """Return the names of submodules whose own git directory lies in this one."""
    top = layout.common_dir / "modules"
    found: set[bytes] = set()
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        try:
            inside = [Path(entry.path) for entry in os.scandir(folder) if entry.is_dir()]
        except OSError:
            continue
        if folder != top and (folder / "objects").is_dir():
            found.add(os.fsencode(folder.relative_to(top).as_posix()))
            inside = [folder / "modules"]
        waiting += inside
    return found


def _is_index(name: str) -> bool:
    return name == "index" or name.startswith("sharedindex.")


def read_indexes(layout: Layout, git: Git) -> Iterator[IndexEntry | Skipped]:
    """Yield the entries of the index of every work tree."""
    for git_dir in worktree_dirs(layout):
        path = git_dir / "index"
        prefix = worktree_prefix(layout, git_dir)
        try:
            data = read_optional(path, _INDEX_LIMIT)
            if data is None:
                continue
            if not _is_sound(data, layout.object_format):
                detail = "its checksum is wrong"
                yield Skipped(Kind.INDEX, SkipReason.DAMAGED, path=prefix + b"index", detail=detail)
            lend_shared_index(git_dir, git)
            listing = git.run(["ls-files", "-z", "--stage"], extra={"GIT_INDEX_FILE": str(path)})
        except OSError as error:
            detail = error.strerror or str(error)
            yield Skipped(Kind.INDEX, SkipReason.UNREADABLE, path=prefix + b"index", detail=detail)
            continue
        except GitError as error:
            yield Skipped(
                Kind.INDEX, SkipReason.DAMAGED, path=prefix + b"index", detail=error.message
            )
            continue
        yield from _entries(prefix + b"index", listing)


def _is_sound(data: bytes, object_format: str) -> bool:
    """Check the sum at the end of an index, which git itself only checks in fsck."""
    import hashlib  # Loads OpenSSL, for 4 ms; ranges have no index to check.

    length = hashlib.new(object_format, usedforsecurity=False).digest_size
    body, stored = data[:-length], data[-length:]
    # A sum of zeros says that there is none. Source: git documentation, index.skipHash.
    return (
        not any(stored)
        or hashlib.new(object_format, body, usedforsecurity=False).digest() == stored
    )


def _entries(index: bytes, listing: bytes) -> Iterator[IndexEntry]:
    for line in listing.split(b"\0")[:-1]:
        state, _, path = line.partition(b"\t")
        mode, hexadecimal, _stage = state.split(b" ")
        object_id = ObjectId(bytes.fromhex(hexadecimal.decode("ascii")))
        yield IndexEntry(index, path, mode.lstrip(b"0"), object_id)


def lend_shared_index(git_dir: Path, git: Git) -> None:
    """Copy what a split index names: git looks for it in its own GIT_DIR. Raises OSError."""
    for shared in git_dir.glob("sharedindex.*"):
        (git.git_dir / shared.name).write_bytes(read_file(shared, _INDEX_LIMIT))


def _name(path: Path, top: Path, prefix: bytes) -> bytes:
    return prefix + os.fsencode(path.relative_to(top).as_posix())


def _pieces(path: Path, name: bytes) -> Iterator[Content | Skipped]:
    try:
        with path.open("rb") as file:
            whole = Content(Kind.GIT_FILE, b"", name=name)
            yield from pieces(whole, file.read, file.read(PIECE_BYTES))
    except FileNotFoundError:
        return  # Lock and message files come and go.
    except OSError as error:
        yield _unreadable(name, error)


def _unreadable(name: bytes, error: OSError) -> Skipped:
    detail = error.strerror or str(error)
    return Skipped(Kind.GIT_FILE, SkipReason.UNREADABLE, path=name, detail=detail)
