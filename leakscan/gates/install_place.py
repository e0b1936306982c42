"""Where git looks for the hooks of a repository, and who says so.

In: a path of the user's own repository. Out: a `Place`. core.hooksPath may stand in the
repository's, the user's or the system's configuration or in what these include, so the user's
own git is asked.
"""

import os
import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final

from leakscan.errors import LeakscanError
from leakscan.history.git import Answer, run_for_user
from leakscan.history.locate import Layout, locate
from leakscan.record import Record

PROGRAM_SETTING: Final = "leakscan.program"
"""Names the program for hooks that are shared with others and hold no path of this machine."""
_SETTINGS_SINCE: Final = (2, 54)


class HookError(LeakscanError):
    """A hook cannot be installed, removed or judged."""


class Kind(StrEnum):
    """Whose folder git looks for hooks in."""

    OWN = "the repository's own"
    WORK_TREE = "in the work tree"
    HUSKY = "husky's"
    SHARED = "shared by several repositories"
    OFF = "none: hooks are switched off"


class User(Record, frozen=True):
    """What the command line knows of its user; `program` is the leakscan to bake in, or empty."""

    environment: Mapping[str, str]
    program: str
    config_home: Path
    """The folder for configuration of ours."""

    @property
    def anywhere(self) -> Path:
        """A folder that is there, for questions that concern no repository."""
        return Path(self.config_home.anchor or ".")

    def git(self, folder: Path, *arguments: str) -> Answer:
        """Run the user's git in a folder of the user's. Raises GitError."""
        return run_for_user(arguments, folder, self.environment)

    def setting(self, folder: Path, name: str, *options: str) -> str:
        """Return a setting of git; empty if there is none."""
        answer = self.git(folder, "config", *options, "--get", name)
        return os.fsdecode(answer.out).removesuffix("\n") if answer.status == 0 else ""


def settings_run(folder: Path, hook: str, user: User) -> bool:
    """Say whether git's own settings run our hook in a repository (git 2.54 and newer).

    Source: git documentation, git-hook and git-config, `hook.<friendly-name>.event`.
    """
    section = settings_section(hook)
    if not user.setting(folder, f"{section}.command"):
        return False
    events = user.git(folder, "config", "--get-all", f"{section}.event").out.decode().split("\n")
    enabled = user.setting(folder, f"{section}.enabled", "--type=bool") != "false"
    return enabled and hook in events and settings_are_understood(user)


def settings_section(hook: str) -> str:
    """Return the section of git's configuration that names our hook; no event may have its name."""
    return f"hook.leakscan-{hook}"


def settings_are_understood(user: User) -> bool:
    """Say whether the user's git runs hooks that its settings name."""
    found = re.search(r"(\d+)\.(\d+)", user.git(user.anywhere, "version").out.decode())
    return found is not None and (int(found[1]), int(found[2])) >= _SETTINGS_SINCE


class Place(Record, frozen=True):
    """Where the hooks of one repository are."""

    layout: Layout
    bare: bool
    folder: Path
    """Where git looks for hooks."""
    kind: Kind
    origin: str
    """The value of core.hooksPath and the file it stands in; empty if it is not set."""

    def file(self, hook: str) -> Path:
        """Return the file that is ours to write: git's, or the one that husky runs."""
        if self.kind is Kind.HUSKY and self.folder.name == "_":
            return self.folder.parent / hook
        return self.folder / hook

    @property
    def default(self) -> Path:
        """Where git would look if core.hooksPath were not set."""
        return self.layout.common_dir / "hooks"


def find_place(path: Path, user: User) -> Place:
    """Return where git looks for hooks. Raises NoRepositoryError, HookError and GitError."""
    layout = locate(path)
    if layout.top.name == ".git" and layout.git_dir == layout.top:
        layout = locate(layout.top.parent)
    answer = user.git(layout.top, "rev-parse", "--is-bare-repository", "--git-path", "hooks")
    if answer.status != 0:
        raise HookError(f"git does not accept {layout.top}: {answer.complaint.strip()}")
    bare, _, folder = os.fsdecode(answer.out).removesuffix("\n").partition("\n")
    where = Path(os.path.normpath(layout.top / folder))
    origin = user.setting(layout.top, "core.hooksPath", "--show-origin")
    scope = user.setting(layout.top, "core.hooksPath", "--show-scope").partition("\t")[0]
    return Place(layout, bare == "true", where, _kind(where, scope, layout), _readable(origin))


def _kind(folder: Path, scope: str, layout: Layout) -> Kind:
    folder = folder.resolve()
    if folder.exists() and not folder.is_dir():
        return Kind.OFF
    if _is_huskys(folder):
        return Kind.HUSKY
    if any(folder.is_relative_to(own) for own in (layout.common_dir, layout.git_dir)):
        return Kind.OWN
    if folder.is_relative_to(layout.top):
        return Kind.WORK_TREE
    return Kind.SHARED if scope in ("global", "system") else Kind.OWN


def _is_huskys(folder: Path) -> bool:
    """Tell by the names, or by what husky writes: `h` since version 9, `_/husky.sh` before."""
    if folder.name == "_":
        return folder.parent.name == ".husky" or (folder / "h").is_file()
    return folder.name == ".husky" or (folder / "_" / "husky.sh").is_file()


def _readable(origin: str) -> str:
    file, _, value = origin.partition("\t")
    return f"core.hooksPath = {value} ({file.removeprefix('file:')})" if value else ""
