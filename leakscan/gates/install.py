"""Installing and removing the hooks of one repository.

In: a `Place` and the names of hooks. Out: what was done, as `Done`. Earlier hooks are kept and
run first; a second run changes nothing. Folders that serve all repositories are left to
`install_shared`.
"""

import os
from enum import StrEnum
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from leakscan.gates import install_advice, install_file, install_script
from leakscan.gates.install_place import (
    PROGRAM_SETTING,
    HookError,
    Kind,
    Place,
    User,
    settings_run,
)
from leakscan.gates.install_script import Found, Maker, Values
from leakscan.history.files import read_optional
from leakscan.record import Record

_LIMIT: Final = 4 << 20
_FOR_ALL: Final = "It is installed for all repositories of this user."


class Change(StrEnum):
    """What a command did to one hook."""

    INSTALLED = "installed"
    UPDATED = "updated"
    UNCHANGED = "already installed"
    REMOVED = "removed"
    ABSENT = "was not installed"


class Done(Record, frozen=True):
    """What was done to one hook: its file, an earlier hook (kept or restored), and advice."""

    hook: str
    change: Change
    file: Path
    earlier: Path | None = None
    advice: tuple[str, ...] = ()


def install(place: Place, hook: str, user: User) -> Done:
    """Put our hook where git looks for it. Raises HookError where that would lose something."""
    if place.kind is Kind.OFF:
        raise HookError(
            f"git looks for hooks in {place.folder}, which is no folder: {place.origin}.",
            hint="Unset core.hooksPath, or let it name a folder, and try again.",
        )
    target = place.file(hook)
    if settings_run(place.layout.top, hook, user):
        return Done(hook, Change.UNCHANGED, place.file(hook), advice=(_FOR_ALL,))
    if place.kind is Kind.SHARED:
        return _in_shared(place, hook)
    if place.kind is Kind.HUSKY:
        return _in_husky(target, hook, place, user)
    in_tree = place.kind is Kind.WORK_TREE
    done = put(target, hook, Values("" if in_tree else user.program))
    return replace(done, advice=(*done.advice, _remember(place, user))) if in_tree else done


def put(target: Path, hook: str, values: Values) -> Done:
    """Write our hook with these values to target, and keep another's. Raises HookError."""
    moved = moved_aside(target, hook)
    if moved is not None:
        return put(moved, hook, values)
    found = inspect(target, hook)
    if found.maker is Maker.CHANGED:
        raise HookError(
            f"{target} is leakscan's, but somebody has changed it.",
            hint=f"Move those changes to {install_file.kept_path(target).name} beside it, which "
            "runs first, delete the hook, and try again.",
        )
    kept: Path | None = None
    change = Change.INSTALLED
    if found.maker in (Maker.LEAKSCAN, Maker.RELAY):
        text = install_script.render(hook, install_script.keep_options(values, found))
        kept = _existing(install_file.kept_path(target))
        if text == read_optional(target, _LIMIT) and os.access(target, os.X_OK):
            return Done(hook, Change.UNCHANGED, target, kept)
        change = Change.UPDATED if found.maker is Maker.LEAKSCAN else Change.INSTALLED
    else:
        text = install_script.render(hook, values)
        if found.maker is not Maker.NOBODY or os.path.lexists(target):
            kept = install_file.keep(target)
    install_file.write(target, text)
    return Done(hook, change, target, kept, install_advice.for_manager(found.maker, hook))


def uninstall(place: Place, hook: str, user: User) -> Done:
    """Take our hook away again, also from where git no longer looks; put an earlier one back."""
    done = Done(hook, Change.ABSENT, place.file(hook))
    for target in dict.fromkeys((place.default / hook, place.file(hook))):
        if place.kind is Kind.SHARED and target != place.default / hook:
            continue
        kept = _existing(install_file.kept_path(target))
        moved = moved_aside(target, hook)
        if moved is not None:
            _take_away_moved(moved, target, hook)
            done = Done(hook, Change.REMOVED, moved)
        elif take_away(target, hook):
            done = Done(hook, Change.REMOVED, target, target if kept else None)
    if done.change is Change.REMOVED and user.setting(place.layout.top, PROGRAM_SETTING, "--local"):
        user.git(place.layout.top, "config", "--local", "--unset", PROGRAM_SETTING)
    return done


def take_away(target: Path, hook: str) -> bool:
    """Remove our hook or our block at target; return whether one was there. Raises HookError."""
    found = inspect(target, hook)
    if found.maker is Maker.CHANGED:
        raise HookError(
            f"{target} is leakscan's, but somebody has changed it; it was left as it is.",
            hint="Delete it by hand once the changes are elsewhere.",
        )
    if found.maker is not Maker.LEAKSCAN:
        return False
    text = read_optional(target, _LIMIT) or b""
    rest = install_script.without_block(text)
    if rest == text:
        install_file.remove(target)
    elif rest:
        install_file.rewrite(target, rest)
    else:
        install_file.delete(target)
    return True


def moved_aside(target: Path, hook: str) -> Path | None:
    """Return our hook where the pre-commit framework has moved it and runs it; None elsewhere.

    Source: the framework's documentation, "Running in migration mode".
    """
    if inspect(target, hook).maker is not Maker.PRE_COMMIT:
        return None
    moved = target.with_name(f"{target.name}.legacy")
    ours = inspect(moved, hook).maker in (Maker.LEAKSCAN, Maker.CHANGED)
    return moved if ours else None


def _take_away_moved(moved: Path, target: Path, hook: str) -> None:
    """Remove our hook from beside the framework's; what it runs first is run in its place."""
    kept = install_file.kept_path(target)
    take_away(moved, hook)
    if inspect(kept, hook).maker is Maker.PRE_COMMIT:
        install_file.delete(kept)  # The framework's own, from before: it is at the target again.
    elif os.path.lexists(kept):
        install_file.move(kept, moved)


def inspect(target: Path, hook: str) -> Found:
    """Say whose hook stands at target. Raises HookError where it cannot be read."""
    try:
        return install_script.inspect(target, hook)
    except OSError as error:
        raise HookError(f"{target} cannot be read: {error.strerror or error}.") from error


def _existing(path: Path) -> Path | None:
    return path if os.path.lexists(path) else None


def _in_shared(place: Place, hook: str) -> Done:
    target = place.file(hook)
    if inspect(target, hook).maker is Maker.LEAKSCAN:
        return Done(hook, Change.UNCHANGED, target, advice=(_FOR_ALL,))
    raise HookError(
        f"Hooks of this repository come from {place.folder}, which serves others too: "
        f"{place.origin}.",
        hint="To install leakscan for all of them: leakscan hook install --global",
    )


def _in_husky(target: Path, hook: str, place: Place, user: User) -> Done:
    inspect(target, hook)
    old = read_optional(target, _LIMIT)
    new = install_script.with_block(old or b"", hook)
    advice = (_remember(place, user),)
    if new == old:
        return Done(hook, Change.UNCHANGED, target, advice=advice)
    was_there = old is not None and install_script.without_block(old) != old
    install_file.rewrite(target, new)
    return Done(hook, Change.UPDATED if was_there else Change.INSTALLED, target, advice=advice)


def _remember(place: Place, user: User) -> str:
    """Remember the program for a hook that git shares with others; return what that means."""
    if user.program:
        user.git(place.layout.top, "config", "--local", PROGRAM_SETTING, user.program)
    return install_advice.in_work_tree(place.folder)
