"""Refs, HEADs and reflogs, read from the git directory's own files.

In: a `Layout`. Out: `Refs`: which names point to which objects, and what could not be read.
Source: git documentation, gitrepository-layout, git-pack-refs, git-reflog.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec import field
from msgspec.structs import replace

from leakscan.history.files import read_file, read_optional
from leakscan.history.git import Git, GitError
from leakscan.history.locate import Layout
from leakscan.model import Kind, ObjectId, Skipped, SkipReason
from leakscan.record import Record, State

_REF_LIMIT: Final = 64 << 10
_PACKED_LIMIT: Final = 1 << 30
_REFLOG_LIMIT: Final = 1 << 30
_SYMBOLIC_DEPTH: Final = 5
_SHALLOW_LIMIT: Final = 1 << 28


class ReflogEntry(Record, frozen=True):
    """One remembered value of a ref: `name@{position}` and the object it was.

    The oldest line also tells what was before it; git does not keep that one, so it is not
    `expected` to be in the store.
    """

    ref: bytes
    position: int
    target: ObjectId
    expected: bool


class Refs(State):
    """What the names of a repository point to. `head` is a ref name or a detached object id."""

    targets: dict[bytes, ObjectId] = field(default_factory=dict)
    head_ref: bytes | None = None
    head: ObjectId | None = None
    worktree_heads: dict[bytes, ObjectId] = field(default_factory=dict)
    reflog: list[ReflogEntry] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


def read_refs(layout: Layout) -> Refs:
    """Read every ref, HEAD, worktree HEAD and reflog of a repository that keeps them in files."""
    refs = Refs()
    symbolic: dict[bytes, bytes] = {}
    for folder in worktree_dirs(layout):
        _read_packed(folder, layout, refs)
        _read_loose(folder, layout, refs, symbolic)
    for name, target in symbolic.items():
        _resolve(name, target, symbolic, refs)
    _read_heads(layout, refs)
    _read_reflogs(layout, refs)
    return refs


def read_targets(layout: Layout, *folders: bytes) -> Refs:
    """Read the refs below some folders such as `refs/remotes`, and HEAD; no reflogs.

    Refs of linked work trees are not among them.
    """
    refs = Refs()
    symbolic: dict[bytes, bytes] = {}
    _read_packed(layout.common_dir, layout, refs)
    starts = tuple(folder + b"/" for folder in folders)
    refs.targets = {name: to for name, to in refs.targets.items() if name.startswith(starts)}
    top = layout.refs_of(layout.common_dir)
    for folder in folders:
        for path, name in _walk(top / os.fsdecode(folder), folder, refs.skipped):
            _read_loose_ref(path, name, layout, refs, symbolic)
    for name, target in symbolic.items():
        _resolve(name, target, symbolic, refs)
    return refs


def read_head(layout: Layout) -> bytes:
    """Return what HEAD of the work tree says, `ref: ` and a name, or an id in hex.

    Raises OSError.
    """
    return read_file(layout.refs_of(layout.git_dir) / "HEAD", _REF_LIMIT).strip()


def read_ref(layout: Layout, name: bytes) -> ObjectId | None:
    """Return what one ref of all work trees points to; None if it does not exist."""
    seen: set[bytes] = set()
    while name.startswith(b"refs/") and name not in seen:
        seen.add(name)
        refs = Refs()
        symbolic: dict[bytes, bytes] = {}
        path = layout.refs_of(layout.common_dir) / os.fsdecode(name)
        if path.is_file():
            _read_loose_ref(path, name, layout, refs, symbolic)
        else:
            _read_packed(layout.common_dir, layout, refs)
        if name not in symbolic:
            return refs.targets.get(name)
        name = symbolic[name]
    return None


def read_shallow(layout: Layout, file: Path | None = None) -> tuple[bytes, frozenset[ObjectId]]:
    """Return the file of a shallow clone's boundary, or another in its place, and its commits.

    Raises OSError or ValueError where it cannot be read.
    """
    text = read_optional(file or layout.common_dir / "shallow", _SHALLOW_LIMIT) or b""
    ids = [ObjectId(bytes.fromhex(line.decode("ascii"))) for line in text.split()]
    return text, frozenset(ids)


def with_plain_refs(layout: Layout, git: Git, *, everywhere: bool = False) -> Layout:
    """Return a layout that also knows the refs and reflogs of its reftables as plain files.

    Each work tree has a reftable of its own, beside the common one. A gate asks only for the one
    it is called in: what is wrong with others must not stop it; a whole scan asks `everywhere`.
    Source: git documentation, git-worktree, "Refs"; gitrepository-layout, `reftable`.
    """
    plain: dict[Path, Path] = {}
    problems = list(layout.problems)
    dirs = worktree_dirs(layout) if everywhere else [layout.common_dir, layout.git_dir]
    for git_dir in dict.fromkeys(dirs):
        try:
            plain[git_dir] = git.refs_from_reftable(git_dir / "reftable")
        except (GitError, OSError) as error:
            problems.append(_not_converted(layout, git_dir, error))
            if git_dir == layout.common_dir:
                break  # So it goes with all of them.
    return replace(layout, plain=plain, problems=tuple(problems))


def _not_converted(layout: Layout, git_dir: Path, error: Exception) -> Skipped:
    name = worktree_prefix(layout, git_dir) + b"reftable"
    detail = f"refs are stored as reftable; it takes git 2.48 or newer to read them ({error})"
    if git_dir != layout.common_dir:
        detail = f"the refs of a linked work tree, stored as reftable ({error})"
    return Skipped(Kind.REF, SkipReason.UNSUPPORTED, path=name, detail=detail)


def worktree_dirs(layout: Layout) -> list[Path]:
    """Return the git directories of all work trees, the main one first."""
    return list(dict.fromkeys([layout.common_dir, *_worktrees(layout), layout.git_dir]))


def worktree_prefix(layout: Layout, git_dir: Path) -> bytes:
    """Return what stands before the names of a work tree's own refs and files."""
    if git_dir == layout.common_dir:
        return b""
    return b"worktrees/" + os.fsencode(git_dir.name) + b"/"


def _worktrees(layout: Layout) -> list[Path]:
    folder = layout.common_dir / "worktrees"
    try:
        return sorted(Path(entry.path) for entry in os.scandir(folder) if entry.is_dir())
    except OSError:
        return []


def _read_packed(git_dir: Path, layout: Layout, refs: Refs) -> None:
    if git_dir != layout.common_dir and git_dir not in layout.plain:
        return  # What git itself packs is never of one work tree; conversions are.
    prefix = worktree_prefix(layout, git_dir)
    try:
        path = layout.refs_of(git_dir) / "packed-refs"
        text = read_optional(path, _PACKED_LIMIT) or b""
    except OSError as error:
        refs.skipped.append(_unreadable(prefix + b"packed-refs", error))
        return
    for line in text.split(b"\n"):
        if not line or line.startswith((b"#", b"^")):
            continue
        hexadecimal, _, name = line.partition(b" ")
        target = object_id(hexadecimal, layout.id_bytes)
        if target is None or not name:
            refs.skipped.append(_damaged(b"packed-refs", "a line is no ref"))
        else:
            refs.targets[prefix + name.rstrip(b"\r")] = target


def _read_loose(git_dir: Path, layout: Layout, refs: Refs, symbolic: dict[bytes, bytes]) -> None:
    prefix = worktree_prefix(layout, git_dir)
    for path, relative in _walk(layout.refs_of(git_dir) / "refs", b"refs", refs.skipped):
        _read_loose_ref(path, prefix + relative, layout, refs, symbolic)


def _read_loose_ref(
    path: Path, name: bytes, layout: Layout, refs: Refs, symbolic: dict[bytes, bytes]
) -> None:
    try:
        if path.is_symlink() and (linked := os.fsencode(path.readlink())).startswith(b"refs/"):
            symbolic[name] = linked
            return
        text = read_file(path, _REF_LIMIT).strip()
    except OSError as error:
        refs.skipped.append(_unreadable(name, error))
        return
    if text.startswith(b"ref:") and text[4:].strip().startswith(b"refs/"):
        symbolic[name] = text[4:].strip()
    elif (target := object_id(text, layout.id_bytes)) is not None:
        refs.targets[name] = target
    elif not name.endswith(b".lock"):
        refs.skipped.append(_damaged(name, "not an object id"))


def _walk(folder: Path, name: bytes, skipped: list[Skipped]) -> Iterator[tuple[Path, bytes]]:
    """Yield every file below folder with its ref name; links to folders are not followed."""
    waiting = [(folder, name)]
    while waiting:
        current, prefix = waiting.pop()
        try:
            entries = sorted(os.scandir(current), key=lambda entry: entry.name)
        except FileNotFoundError:
            continue
        except OSError as error:
            skipped.append(_unreadable(prefix, error))
            continue
        for entry in entries:
            child = prefix + b"/" + os.fsencode(entry.name)
            if entry.is_dir(follow_symlinks=False):
                waiting.append((Path(entry.path), child))
            else:
                yield Path(entry.path), child


def _resolve(name: bytes, target: bytes, symbolic: dict[bytes, bytes], refs: Refs) -> None:
    for _ in range(_SYMBOLIC_DEPTH):
        if target in refs.targets:
            refs.targets[name] = refs.targets[target]
            return
        if target not in symbolic:
            return  # A symbolic ref to a branch not born yet is no damage: a fresh clone has one.
        target = symbolic[target]
    refs.skipped.append(_damaged(name, "a circle of symbolic refs"))


def _read_heads(layout: Layout, refs: Refs) -> None:
    for git_dir in worktree_dirs(layout):
        name = worktree_prefix(layout, git_dir) + b"HEAD"
        try:
            text = read_file(layout.refs_of(git_dir) / "HEAD", _REF_LIMIT).strip()
        except OSError as error:
            refs.skipped.append(_unreadable(name, error))
            continue
        ref = text[4:].strip() if text.startswith(b"ref:") else None
        if ref is not None and not ref.startswith(b"refs/"):
            refs.skipped.append(_damaged(name, "points outside refs/"))
        target = refs.targets.get(ref) if ref else object_id(text, layout.id_bytes)
        if ref is None and target is None:
            refs.skipped.append(_damaged(name, "neither a ref nor an object id"))
        if git_dir == layout.git_dir:
            refs.head_ref, refs.head = ref, target
        if target is not None and ref is None:
            refs.worktree_heads[name] = target


def _read_reflogs(layout: Layout, refs: Refs) -> None:
    for git_dir in worktree_dirs(layout):
        prefix = worktree_prefix(layout, git_dir)
        for path, relative in _walk(layout.refs_of(git_dir) / "logs", b"", refs.skipped):
            name = prefix + relative[1:]
            try:
                lines = read_file(path, _REFLOG_LIMIT).splitlines()
            except OSError as error:
                refs.skipped.append(_unreadable(b"logs" + relative, error))
                continue
            refs.reflog += _reflog_entries(name, lines, layout.id_bytes)


def _reflog_entries(name: bytes, lines: list[bytes], id_bytes: int) -> Iterator[ReflogEntry]:
    for position, line in enumerate(reversed(lines)):
        old, _, rest = line.partition(b" ")
        targets = [rest.partition(b" ")[0]]
        if position == len(lines) - 1:
            targets.append(old)
        for step, text in enumerate(targets):
            target = object_id(text, id_bytes)
            if target is not None and any(target):
                yield ReflogEntry(name, position + step, target, expected=not step)


def object_id(text: bytes, id_bytes: int) -> ObjectId | None:
    """Return the raw id that some hex digits write, or None."""
    if len(text) != 2 * id_bytes:
        return None
    try:
        return ObjectId(bytes.fromhex(text.decode("ascii")))
    except ValueError:
        return None


def _unreadable(name: bytes, error: OSError) -> Skipped:
    return Skipped(Kind.REF, SkipReason.UNREADABLE, path=name, detail=error.strerror or str(error))


def _damaged(name: bytes, detail: str) -> Skipped:
    return Skipped(Kind.REF, SkipReason.DAMAGED, path=name, detail=detail)
