"""What a hook does at this moment: is it there, does git run it, can it start leakscan.

In: a `Place` and the name of a hook. Out: a `State` in words. Nothing is started but git.
"""

import os
import shutil
from pathlib import Path

from msgspec.structs import replace

from leakscan.gates import install_file
from leakscan.gates.install import inspect, moved_aside
from leakscan.gates.install_place import PROGRAM_SETTING, Kind, Place, User, settings_run
from leakscan.gates.install_script import VERSION, Found, Maker
from leakscan.gates.install_shared import Shared, Way
from leakscan.record import Record

_OURS = (Maker.LEAKSCAN, Maker.CHANGED)


class State(Record, frozen=True):
    """One hook: whether it stops anything, and sentences: why, and what runs with it."""

    hook: str
    effective: bool
    file: Path
    lines: tuple[str, ...]


def state(place: Place, hook: str, user: User) -> State:
    """Judge a hook of one repository. Raises HookError where a file cannot be read."""
    top = place.layout.top
    if settings_run(top, hook, user):
        return _judge(user.config_home / "hooks" / hook, hook, user, top)
    target = place.file(hook)
    if place.kind is Kind.OFF:
        return State(hook, False, target, (f"hooks are switched off by {place.origin}",))
    judged = _judge(target, hook, user, top, started_by_git=target.parent == place.folder)
    lines = list(judged.lines)
    effective = judged.effective
    shim = place.folder / hook
    if place.kind is Kind.HUSKY and not os.access(shim, os.X_OK):
        effective = False
        lines.append(f"husky is not set up in this clone: {shim} is not there")
    if place.default / hook != target and inspect(place.default / hook, hook).maker in _OURS:
        lines.append(f"git does not look at {place.default / hook}: {place.origin}")
    return State(hook, effective, target, tuple(lines))


def shared_state(shared: Shared, hook: str, user: User) -> State:
    """Judge a hook for all repositories. Raises HookError where a file cannot be read."""
    judged = _judge(shared.folder / hook, hook, user, user.anywhere)
    if shared.way is Way.SETTINGS and not settings_run(user.anywhere, hook, user):
        return State(hook, False, judged.file, (*judged.lines, "git's settings do not name it"))
    return judged


def _judge(
    target: Path, hook: str, user: User, folder: Path, *, started_by_git: bool = True
) -> State:
    moved = moved_aside(target, hook)
    if moved is not None:
        judged = _judge(moved, hook, user, folder)
        line = "the pre-commit framework has moved it there, and runs it first"
        return replace(judged, lines=(line, *judged.lines))
    found = inspect(target, hook)
    if found.maker not in _OURS:
        there = "" if found.maker is Maker.NOBODY else f"; there is a hook of {found.maker.value}"
        return State(hook, False, target, (f"not installed{there}",))
    lines = [f"version {found.version}" + _remark(found)]
    runs = os.access(target, os.X_OK) or not started_by_git
    if not runs:
        lines.append("git does not run it: it is not executable")
    kept = install_file.kept_path(target)
    if os.access(kept, os.X_OK):
        lines.append(f"runs {kept.name} first")
    elif os.path.lexists(kept):
        lines.append(f"does not run {kept.name}: it is not executable")
    problem, sentence = _program(found.values.program, user, folder)
    return State(hook, runs and not problem, target, (*lines, sentence))


def _remark(found: Found) -> str:
    if found.maker is Maker.CHANGED:
        return ", changed by hand: leakscan doctor tells what it does"
    if found.version != VERSION:
        return f", made by another leakscan (this one has {VERSION}): install it again"
    return ""


def _program(baked: str, user: User, folder: Path) -> tuple[bool, str]:
    """Return whether leakscan could not be started from the hook, and the sentence for it."""
    # A relative path would be a file of the work tree, which no hook of ours starts.
    path = user.environment.get("PATH", "").split(os.pathsep)
    full = os.pathsep.join(part for part in path if Path(part).is_absolute())
    for program in (
        baked,
        shutil.which("leakscan", path=full) or "",
        user.setting(folder, PROGRAM_SETTING, "--type=path"),
    ):
        if Path(program).is_absolute() and os.access(program, os.X_OK):
            interpreter = _missing_interpreter(Path(program))
            if interpreter:
                return True, f"cannot start {program}: {interpreter} is not there"
            return False, f"starts {program}"
    return True, f"cannot start leakscan: {baked or 'it'} is not there, nor is leakscan on PATH"


def _missing_interpreter(program: Path) -> str:
    """Return the interpreter a script names, if there is none there; empty otherwise."""
    try:
        with program.open("rb") as file:
            head = file.read(1024)
    except OSError:
        return ""
    if not head.startswith(b"#!"):
        return ""
    named = os.fsdecode(head[2:].partition(b"\n")[0].strip().partition(b" ")[0])
    return "" if not named.startswith("/") or os.access(named, os.X_OK) else named
