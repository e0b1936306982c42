"""Installing hooks for all repositories of a user, without taking any repository's own away.

In: names of hooks. Out: what was done. Three ways, the first that fits:
1. core.hooksPath already names a folder for all repositories: our hook goes there, as anywhere.
2. git 2.54 and newer: settings name our hook, and git runs it beside each repository's own.
3. Older git has only core.hooksPath, which puts one folder in the place of every repository's
   hooks. It becomes a folder of ours, whose hooks run the repository's own of the same name
   first; those we do not check anything in do nothing else.
"""

import os
from enum import Enum, auto
from pathlib import Path
from typing import Final

from leakscan.gates import install_advice, install_file, install_script
from leakscan.gates.install import Change, Done, inspect, put, take_away
from leakscan.gates.install_place import (
    HookError,
    User,
    settings_are_understood,
    settings_section,
)
from leakscan.gates.install_script import Maker, Values
from leakscan.record import Record

PASSED_ON: Final = (
    "applypatch-msg",
    "pre-applypatch",
    "post-applypatch",
    "pre-commit",
    "pre-merge-commit",
    "prepare-commit-msg",
    "commit-msg",
    "post-commit",
    "pre-rebase",
    "post-checkout",
    "post-merge",
    "pre-push",
    "pre-receive",
    "update",
    "post-receive",
    "post-update",
    "pre-auto-gc",
    "post-rewrite",
    "sendemail-validate",
)
"""Hooks that may be there and do nothing.

Not: `push-to-checkout` and `proc-receive`, whose presence changes what git does, and
`reference-transaction` and `post-index-change`, which run too often. Source: githooks(5).
"""
LEFT_OUT: Final = ("push-to-checkout", "proc-receive", "reference-transaction", "post-index-change")


class Way(Enum):
    """How all repositories come to run a hook."""

    THEIR_FOLDER = auto()
    SETTINGS = auto()
    OUR_FOLDER = auto()


class Shared(Record, frozen=True):
    """The way, and the folder of the hooks."""

    way: Way
    folder: Path


def find_shared(user: User) -> Shared:
    """Return how hooks are, or would be, installed for all repositories. Raises HookError."""
    ours = user.config_home / "hooks"
    named = _hooks_path(user)
    if not named:
        return Shared(Way.SETTINGS if settings_are_understood(user) else Way.OUR_FOLDER, ours)
    folder = Path(named)
    if folder == ours:
        return Shared(Way.OUR_FOLDER, ours)
    if not folder.is_absolute() or (folder.exists() and not folder.is_dir()):
        raise HookError(
            f"core.hooksPath is set to {named} for all repositories, which is no folder for all.",
            hint="Install leakscan in each repository: leakscan hook install PATH",
        )
    return Shared(Way.THEIR_FOLDER, folder)


def install_shared(shared: Shared, hook: str, user: User) -> Done:
    """Have all repositories run our hook. Raises HookError."""
    ours = shared.way is Way.OUR_FOLDER
    done = put(shared.folder / hook, hook, Values(user.program, shared=ours))
    changed = False
    if shared.way is Way.SETTINGS:
        changed = _set_command(shared.folder / hook, hook, user)
    elif ours:
        changed = _fill(shared.folder, user)
    change = Change.UPDATED if changed and done.change is Change.UNCHANGED else done.change
    return Done(hook, change, done.file, done.earlier, (*done.advice, _advice(shared)))


def uninstall_shared(shared: Shared, hook: str, user: User) -> Done:
    """Have no repository run our hook any more, but those where it is installed too."""
    target = shared.folder / hook
    kept = install_file.kept_path(target)
    was_kept = os.path.lexists(kept)
    removed = take_away(target, hook)
    if shared.way is Way.OUR_FOLDER and removed:
        _empty(shared.folder, user)
    if user.setting(user.anywhere, f"{settings_section(hook)}.command", "--global"):
        _config(user, "--remove-section", settings_section(hook))
        removed = True
    if shared.way is not Way.THEIR_FOLDER:
        install_file.remove_folder_if_empty(shared.folder)
    change = Change.REMOVED if removed else Change.ABSENT
    return Done(hook, change, target, target if removed and was_kept else None)


def _hooks_path(user: User) -> str:
    """Return core.hooksPath of the user's, else of the system's configuration."""
    options = ("--includes", "--type=path")
    return user.setting(user.anywhere, "core.hooksPath", "--global", *options) or user.setting(
        user.anywhere, "core.hooksPath", "--system", *options
    )


def _set_command(file: Path, hook: str, user: User) -> bool:
    section = settings_section(hook)
    # The hook sees who started it; with `exec` that is git, and no shell in between.
    command = f"exec {install_script.shell_word(file.as_posix())}"
    wanted = {f"{section}.command": command, f"{section}.event": hook}
    changed = False
    for name, value in wanted.items():
        if user.setting(user.anywhere, name, "--global") != value:
            _config(user, "--replace-all", name, value)
            changed = True
    return changed


def _fill(folder: Path, user: User) -> bool:
    """Complete our folder, and name it to git; return whether anything was missing."""
    changed = False
    for hook in PASSED_ON:
        if inspect(folder / hook, hook).maker is Maker.NOBODY:
            install_file.write(folder / hook, install_script.relay())
            changed = True
    if _hooks_path(user) != str(folder):
        _config(user, "core.hooksPath", str(folder))
        changed = True
    return changed


def _empty(folder: Path, user: User) -> None:
    """Pass on what was just removed; if no hook of ours checks anything any more, leave nothing."""
    makers = {hook: inspect(folder / hook, hook).maker for hook in PASSED_ON}
    if Maker.LEAKSCAN in makers.values() or Maker.CHANGED in makers.values():
        _fill(folder, user)
        return
    _config(user, "--unset", "core.hooksPath")
    for hook, maker in makers.items():
        if maker is Maker.RELAY:
            install_file.remove(folder / hook)


def _config(user: User, *arguments: str) -> None:
    answer = user.git(user.anywhere, "config", "--global", *arguments)
    if answer.status != 0:
        raise HookError(f"git did not change its configuration: {answer.complaint.strip()}")


def _advice(shared: Shared) -> str:
    if shared.way is Way.SETTINGS:
        return install_advice.BESIDE_OTHERS
    if shared.way is Way.THEIR_FOLDER:
        return f"core.hooksPath already names {shared.folder} for all repositories."
    return install_advice.in_our_folder(shared.folder, LEFT_OUT)
