"""`leakscan hook`: install, remove and judge the git hooks."""

import os
import shutil
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import click

from leakscan.errors import ExitCode
from leakscan.gates.install import Change, Done, install, uninstall
from leakscan.gates.install_place import Place, User, find_place
from leakscan.gates.install_script import HOOKS
from leakscan.gates.install_shared import Shared, find_shared, install_shared, uninstall_shared
from leakscan.gates.install_status import State, shared_state, state

_PATH = click.argument("path", type=click.Path(path_type=Path), default=Path())
_HOOK = click.option(
    "--hook",
    "hooks",
    multiple=True,
    type=click.Choice(HOOKS),
    help="Which hook; repeatable. [default: pre-push, in a bare repository pre-receive]",
)
_GLOBAL = click.option(
    "--global",
    "for_all",
    is_flag=True,
    help="For all repositories of this user, instead of the one at PATH.",
)


@click.group("hook", short_help="Install, remove and judge the git hooks.")
def command() -> None:
    """Put leakscan where git runs it: before a push, a commit, or what a server receives.

    The hook goes where git looks for it, core.hooksPath, husky and linked work trees included. An
    earlier hook is kept and runs first. Nothing is ever overwritten, and a second run changes
    nothing.
    """


@command.command("install")
@_PATH
@_HOOK
@_GLOBAL
def install_hooks(path: Path, hooks: tuple[str, ...], for_all: bool) -> int:
    """Install hooks in the repository at PATH."""
    return _each(path, hooks, for_all, install, install_shared)


@command.command("uninstall")
@_PATH
@_HOOK
@_GLOBAL
def uninstall_hooks(path: Path, hooks: tuple[str, ...], for_all: bool) -> int:
    """Remove hooks from the repository at PATH, and put earlier ones back."""
    return _each(path, hooks, for_all, uninstall, uninstall_shared)


@command.command("status")
@_PATH
@_HOOK
@_GLOBAL
def status(path: Path, hooks: tuple[str, ...], for_all: bool) -> int:
    """Say of each hook whether git runs it, what runs with it, and whether leakscan can start.

    The exit code is 0 if all are in effect, else 1. `leakscan doctor` proves it with real pushes.
    """
    user = current_user()
    if for_all:
        shared = find_shared(user)
        states = [shared_state(shared, hook, user) for hook in hooks or ("pre-push",)]
    else:
        place = find_place(path, user)
        states = [state(place, hook, user) for hook in hooks or _default(place.bare)]
    for one in states:
        _show_state(one)
    return ExitCode.CLEAN if all(one.effective for one in states) else ExitCode.FINDINGS


def current_user() -> User:
    """Return what a hook needs to know of whoever runs this program."""
    environment = dict(os.environ)
    base = environment.get("XDG_CONFIG_HOME") or str(Path("~/.config").expanduser())
    return User(environment, _program(), Path(base) / "leakscan")


def _program() -> str:
    """Return the leakscan that is running, as a hook would start it; empty if it is no program."""
    beside = str(Path(sys.executable).parent)
    started = sys.argv[0] if Path(sys.argv[0]).stem == "leakscan" else None
    found = shutil.which("leakscan", path=beside) or (started and shutil.which(started))
    program = Path(found).absolute().as_posix() if found else ""
    return "" if "\n" in program else program


def _default(bare: bool) -> tuple[str, ...]:
    return ("pre-receive",) if bare else ("pre-push",)


def _each(
    path: Path,
    hooks: Iterable[str],
    for_all: bool,
    one: Callable[[Place, str, User], Done],
    everywhere: Callable[[Shared, str, User], Done],
) -> int:
    user = current_user()
    if for_all:
        shared = find_shared(user)
        for hook in hooks or ("pre-push",):
            _show_done(everywhere(shared, hook, user))
    else:
        place = find_place(path, user)
        for hook in hooks or _default(place.bare):
            _show_done(one(place, hook, user))
    return ExitCode.CLEAN


def _show_done(done: Done) -> None:
    click.echo(f"{done.hook}: {done.change.value}: {done.file}")
    if done.earlier is not None and done.change is Change.REMOVED:
        click.echo("  The earlier hook is back in its place.")
    elif done.earlier is not None:
        click.echo(f"  An earlier hook is kept as {done.earlier.name} and runs first.")
    for advice in done.advice:
        click.echo("\n".join(f"  {line}" for line in advice.split("\n")))


def _show_state(one: State) -> None:
    click.echo(f"{one.hook}: {'in effect' if one.effective else 'NOT in effect'}: {one.file}")
    for line in one.lines:
        click.echo(f"  {line}")
