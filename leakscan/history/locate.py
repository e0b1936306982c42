"""Finding the git directory of a path, and the few facts in it that decide how to read.

In: a path the user named. Out: a `Layout`. Nothing of the repository is run or obeyed; its config
is read as text for three settings, and includes are not followed.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from leakscan.errors import ExitCode, LeakscanError
from leakscan.history.files import read_file, read_optional
from leakscan.model import Kind, Skipped, SkipReason
from leakscan.record import Record

_POINTER_LIMIT: Final = 8192
_FALSE: Final = (b"false", b"no", b"off", b"0", b"")
_CONFIG_LIMIT: Final = 8 << 20
_SECTION = re.compile(rb"^\s*\[\s*([A-Za-z0-9.\-]+)(?:\s+\"((?:[^\"\\\n]|\\.)*)\")?\s*\]\s*(.*)$")
_SETTING = re.compile(rb"^\s*([A-Za-z][A-Za-z0-9\-]*)\s*(?:=\s*(.*?))?\s*(?:[#;].*)?$")


class NoRepositoryError(LeakscanError):
    """The path holds no git repository, nor does any folder above it."""

    code = ExitCode.USAGE


class Remote(Record, frozen=True):
    """A remote of the repository's own config; it may have promised what is not here."""

    url: bytes = b""
    push_url: bytes = b""
    promisor: bool = False


class Layout(Record, frozen=True):
    """Where the parts of a repository are; in a linked worktree `git_dir` is not `common_dir`."""

    top: Path
    """The work tree, or the folder of a bare repository."""
    git_dir: Path
    common_dir: Path
    objects: Path
    object_format: str
    """`sha1` or `sha256`."""
    ref_format: str
    """`files` or `reftable`."""
    partial: bool
    remotes: Mapping[str, Remote]
    problems: tuple[Skipped, ...]
    """Files of the git directory that should tell how to read it, and could not be read."""
    plain: Mapping[Path, Path] = {}
    """For git directories whose refs are no plain files: where there is a copy in plain files."""

    def refs_of(self, git_dir: Path) -> Path:
        """Return where refs, HEAD and reflogs of one of the git directories are plain files."""
        return self.plain.get(git_dir, git_dir)

    @property
    def id_bytes(self) -> int:
        """Length of a raw object id: 20 or 32."""
        return 32 if self.object_format == "sha256" else 20


def locate(path: Path) -> Layout:
    """Return the layout of the repository at path or in the nearest folder above it.

    Raises NoRepositoryError, also where the path or something on the way to it cannot be read.
    """
    if "\0" in str(path):  # Nothing that the system is asked would say it in words.
        raise NoRepositoryError(f"{path} is no path: there is a NUL in it.")
    try:
        return _locate(path)
    except OSError as error:
        raise NoRepositoryError(f"{path} cannot be read: {error.strerror or error}.") from error


def locate_git_dir(git_dir: Path, top: Path) -> Layout:
    """Return the layout of a git directory that git itself has named, as it does to its hooks.

    Raises NoRepositoryError where it is none.
    """
    if not _has_objects(git_dir):
        raise NoRepositoryError(f"{git_dir} is not a git directory.")
    return _layout(git_dir.resolve(), top)


def _locate(path: Path) -> Layout:
    if not path.is_dir():
        path.stat()  # Says what is wrong where there is nothing at all.
        raise NoRepositoryError(
            f"{path} is a file, not a git repository.",
            hint="Name the folder that holds the repository.",
        )
    start = path.resolve()
    for folder in (start, *start.parents):
        git_dir = _git_dir(folder)
        if git_dir is not None:
            return _layout(git_dir, folder)
    raise NoRepositoryError(
        f"{path} is not a git repository, nor is any folder above it.",
        hint="Name a repository, bare or not: leakscan scan PATH",
    )


def _git_dir(folder: Path) -> Path | None:
    """Return the git directory of a work tree, or the folder itself if it is a bare repository.

    Raises NoRepositoryError for a `.git` that is damaged: what lies above is another repository,
    and its report would be taken for this one's.
    """
    dot_git = folder / ".git"
    if dot_git.is_dir() and next(dot_git.iterdir(), None) is not None:
        if not _has_objects(dot_git):
            raise NoRepositoryError(f"{dot_git} has no folder with objects; it is damaged.")
        return dot_git
    if dot_git.is_file():
        pointer = read_file(dot_git, _POINTER_LIMIT)
        if pointer.startswith(b"gitdir: "):
            target = folder / _path(pointer[8:].strip())
            if not _has_objects(target):
                raise NoRepositoryError(
                    f"{dot_git} points to {target}, which is not a git directory."
                )
            return target.resolve()
    names = ("refs", "packed-refs", "HEAD")
    is_bare = _has_objects(folder) and sum((folder / name).exists() for name in names) >= 2
    return folder if is_bare else None


def _has_objects(git_dir: Path) -> bool:
    return (_common_dir(git_dir) / "objects").is_dir()


def _common_dir(git_dir: Path) -> Path:
    try:
        pointer = read_optional(git_dir / "commondir", _POINTER_LIMIT)
    except OSError:
        return git_dir  # `_layout` reports it.
    return (git_dir / _path(pointer.strip())).resolve() if pointer else git_dir


def _layout(git_dir: Path, top: Path) -> Layout:
    common = _common_dir(git_dir)
    objects = common / "objects"
    problems: list[Skipped] = []
    _read_or_note(git_dir, "commondir", _POINTER_LIMIT, problems)
    settings = parse_config(_read_or_note(common, "config", _CONFIG_LIMIT, problems))
    declared = settings.get(("extensions", "objectformat"), b"").decode("ascii", "replace").lower()
    ref_format = settings.get(("extensions", "refstorage"), b"files").decode("ascii", "replace")
    remotes = _remotes(settings)
    promised = any(remote.promisor for remote in remotes.values())
    return Layout(
        top=top,
        git_dir=git_dir,
        common_dir=common,
        objects=objects,
        object_format="sha256" if (declared or _infer_format(objects)) == "sha256" else "sha1",
        ref_format="reftable" if ref_format.lower().startswith("reftable") else "files",
        partial=promised or _has_promisor_pack(objects),
        remotes=remotes,
        problems=tuple(problems),
    )


def _read_or_note(folder: Path, name: str, limit_bytes: int, problems: list[Skipped]) -> bytes:
    try:
        return read_optional(folder / name, limit_bytes) or b""
    except OSError as error:
        detail = error.strerror or str(error)
        problems.append(
            Skipped(Kind.GIT_FILE, SkipReason.UNREADABLE, path=name.encode(), detail=detail)
        )
        return b""


def parse_config(text: bytes) -> dict[tuple[str, str], bytes]:
    """Return the last value of each (section, key), lower-cased; subsections as `section.sub`.

    Only the plain forms that git itself writes are understood; includes are never followed.
    Source: git documentation, git-config, "Syntax".
    """
    settings: dict[tuple[str, str], bytes] = {}
    section = ""
    for line in text.split(b"\n"):
        opened = _SECTION.match(line)
        if opened:
            name, sub, line = opened.groups()
            section = name.decode("latin-1").lower() + (f".{sub.decode('latin-1')}" if sub else "")
        setting = _SETTING.match(line)
        if setting:
            value = (setting.group(2) or b"true").strip().strip(b'"')
            settings[section, setting.group(1).decode("latin-1").lower()] = value
    return settings


def _remotes(settings: Mapping[tuple[str, str], bytes]) -> dict[str, Remote]:
    """Return the remotes a config names. Source: git documentation, git-config, `remote.<name>`."""
    remotes: dict[str, Remote] = {}
    partial = settings.get(("extensions", "partialclone"))
    if partial is not None:
        remotes[partial.decode("utf-8", "surrogateescape")] = Remote(promisor=True)
    for (section, key), value in settings.items():
        if not section.startswith("remote.") or key not in ("url", "pushurl", "promisor"):
            continue
        # Sections are read as Latin-1; names are UTF-8, as in the names of refs.
        name = section[7:].encode("latin-1").decode("utf-8", "surrogateescape")
        known = remotes.get(name, Remote())
        if key == "promisor":
            remotes[name] = replace(known, promisor=value.lower() not in _FALSE)
        elif key == "url":
            remotes[name] = replace(known, url=value)
        else:
            remotes[name] = replace(known, push_url=value)
    return remotes


def submodule_paths(gitmodules: bytes) -> set[bytes]:
    """Return the paths that a .gitmodules file declares."""
    return {
        value
        for (section, key), value in parse_config(gitmodules).items()
        if section.startswith("submodule.") and key == "path"
    }


def _infer_format(objects: Path) -> str:
    """Tell the format from the names of packs and loose objects, where no config says it."""
    for folder in sorted(objects.glob("pack")) + sorted(objects.glob("[0-9a-f][0-9a-f]")):
        try:
            names = [entry.name for entry in os.scandir(folder)]
        except OSError:
            continue  # Listing the store reports it.
        for name in names:
            stem = name.partition(".")[0].removeprefix("pack-") if folder.name == "pack" else name
            if len(stem) in (38, 40, 62, 64):
                return "sha256" if len(stem) >= 62 else "sha1"
    return "sha1"


def _has_promisor_pack(objects: Path) -> bool:
    packs = objects / "pack"
    return packs.is_dir() and any(packs.glob("*.promisor"))


def _path(raw: bytes) -> Path:
    return Path(raw.decode("utf-8", "surrogateescape"))
