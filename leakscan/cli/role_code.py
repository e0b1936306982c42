"""What the code at HEAD does with AWS, for `leakscan remedy --role`.

In: `RoleWishes`. Out: `Usage`. The repository is read from its object store, and nothing of it is
run. What could not be read is Unclear and counted: it may need permissions that nobody sees.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from msgspec import field
from msgspec.structs import replace

from leakscan.cli.role_wishes import RoleWishes
from leakscan.errors import LeakscanError
from leakscan.history import snapshot
from leakscan.history.catfile import CatFile
from leakscan.history.git import Git
from leakscan.history.locate import Layout, locate
from leakscan.history.remotes import head_commit
from leakscan.model import Content, Kind, ObjectId, Skipped, SkipReason
from leakscan.permissions import Spot, Unclear, Usage
from leakscan.record import State
from leakscan.report.clean import text_of
from leakscan.usage.collect import (
    CODE,
    DATA,
    NO_CODE,
    OTHER,
    TOO_LARGE,
    UNREAD,
    File,
    Options,
    Reader,
    folder_aside,
    kind_of,
    usage,
    why_left_out,
)

_MAX_OBJECT_BYTES: Final = 64 << 20
_NAMED: Final = 100
"""Files that could not be read, each named; all are counted."""
_LIMITS: Final = (
    snapshot.TOO_DEEP,
    snapshot.TOO_MANY_NAMES,
    snapshot.TOO_MANY_FILES,
    snapshot.TOO_MANY_BYTES,
)
_MISSING: Final = "missing or damaged"
"""git says of an object whose first bytes are damaged that it is missing."""


class RoleError(LeakscanError):
    """There is nothing that a role could be made from."""


class _Missed(State):
    """What is not read, by the reason; `gaps` are those of it that should have been."""

    left_out: dict[str, int] = field(default_factory=dict)
    gaps: dict[str, int] = field(default_factory=dict)
    aside: dict[str, dict[str, int]] = field(default_factory=dict)
    unclear: list[Unclear] = field(default_factory=list)

    def leave_out(self, reason: str) -> None:
        self.left_out[reason] = self.left_out.get(reason, 0) + 1

    def put_aside(self, reason: str, folder: str) -> None:
        self.leave_out(reason)
        if folder:
            folders = self.aside.setdefault(reason, {})
            folders[folder] = folders.get(folder, 0) + 1

    def miss(self, reason: str, path: str = "") -> None:
        """Count what should have been read, and name it where a path is given."""
        self.leave_out(reason)
        self.gaps[reason] = self.gaps.get(reason, 0) + 1
        if path and len(self.unclear) < _NAMED:
            self.unclear.append(Unclear(Spot(path, 1), f"it could not be read: {reason}"))


def usage_of_code(wishes: RoleWishes) -> Usage:
    """Return what the files at HEAD do with AWS.

    Raises: RoleError for a repository without a commit, or a folder that is not in it.
    """
    from leakscan.usage.file_readers import FILE_READERS
    from leakscan.usage.python.reader import PythonReader

    readers: list[Reader] = [PythonReader(), *FILE_READERS]
    layout = locate(wishes.repository or Path())
    top = head_commit(layout)
    if top is None:
        raise RoleError("The repository has no commit at HEAD, so there is no code to look at.")
    missed = _Missed()
    with Git(
        layout.objects, layout.object_format, os.environ, max_object_bytes=_MAX_OBJECT_BYTES
    ) as git:
        git.check()
        reader = CatFile(git)
        named = tuple(_folder(one, layout, reader, top) for one in wishes.code)
        options = Options(
            with_tests=wishes.include_tests,
            named=tuple(text_of(os.fsencode(one)) for one in named if one),
        )
        wanted = _wanted(named, options, readers, missed)
        found = snapshot.snapshot(reader, top, wanted)
        made = usage(_files(found, readers, missed), readers, options)
    return _with(made, missed)


def _with(made: Usage, missed: _Missed) -> Usage:
    return replace(
        made,
        unclear=tuple(sorted((*made.unclear, *missed.unclear), key=_place)),
        left_out=_sum(made.left_out, missed.left_out),
        gaps=_sum(made.gaps, missed.gaps),
        aside={why: dict(sorted(ones.items())) for why, ones in sorted(missed.aside.items())},
    )


def _place(one: Unclear) -> tuple[str, int, str]:
    return one.spot.path, one.spot.line, one.why


def _sum(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return {key: one.get(key, 0) + other.get(key, 0) for key in sorted({*one, *other})}


def _wanted(
    named: tuple[str, ...], options: Options, readers: list[Reader], missed: _Missed
) -> Callable[[bytes], str]:
    """Return what says of a path who may read its file; what nobody reads is counted."""
    folders = tuple(os.fsencode(one) + b"/" for one in named)

    def kind(path: bytes) -> str:
        if folders and b"/" not in folders and not path.startswith(folders):
            return ""
        text = text_of(path)
        found = kind_of(text, readers)
        reason = why_left_out(text, b"", options) if found else ""
        if reason and found in (CODE, UNREAD):
            missed.put_aside(reason, folder_aside(text, options))
        elif reason or not found:
            missed.leave_out(NO_CODE)
        return "" if reason else found

    return kind


def _files(
    found: Iterator[snapshot.Found], readers: list[Reader], missed: _Missed
) -> Iterator[File]:
    for path, content in found:
        text = text_of(path)
        if isinstance(content, Content):
            yield text, content.data
        elif content.reason is not SkipReason.TOO_LARGE:
            is_missing = content.reason is SkipReason.MISSING
            missed.miss(_MISSING if is_missing else content.reason.value, text or "HEAD")
        elif content.detail in (snapshot.TOO_DEEP, snapshot.TOO_MANY_NAMES):
            missed.miss(content.detail)
        elif kind_of(text, readers) == OTHER:
            missed.leave_out(DATA)
        else:
            missed.miss(content.detail if content.detail in _LIMITS else TOO_LARGE)


# -- folders ------------------------------------------------------------------------------


def _folder(said: str, layout: Layout, reader: CatFile, top: ObjectId) -> str:
    """Return a folder of the repository as its path from the top, empty for all of it.

    It may be said from the current folder where that is in the repository, or from the top.
    Raises: RoleError.
    """
    if not said.strip():
        raise RoleError("--code needs the name of a folder; it is empty.")
    shown = text_of(said)
    candidates = list(dict.fromkeys(_candidates(said, layout)))
    if not candidates:
        raise RoleError(f"--code {shown}: this lies outside of the repository.")
    kinds = [(one, snapshot.kind_at(reader, top, os.fsencode(one))) for one in candidates]
    for one, kind in kinds:
        if kind is Kind.TREE or isinstance(kind, Skipped):
            return one
    if any(kind is Kind.BLOB for _, kind in kinds):
        raise RoleError(f"--code {shown}: this is a file; name the folder that it is in.")
    if any(kind is Kind.COMMIT for _, kind in kinds):
        raise RoleError(f"--code {shown}: this is a submodule, a repository of its own.")
    raise RoleError(f"--code {shown}: there is no such folder at HEAD.")


def _candidates(said: str, layout: Layout) -> Iterator[str]:
    """Yield what a folder may be from the top; nothing for one that is outside."""
    above = Path(os.path.realpath(layout.top))
    given = Path(said)
    here = Path(os.path.realpath(os.curdir))
    for path in (here / given, above / given):
        for whole in (Path(os.path.normpath(path)), Path(os.path.realpath(path))):
            if whole.is_relative_to(above):
                inside = whole.relative_to(above).as_posix()
                yield "" if inside == "." else inside
