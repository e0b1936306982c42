"""The options of `leakscan remedy --role`, and what they say; `cli/role.py` does it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from leakscan.cli.outputs import Output
from leakscan.record import Record

_OPTIONS: Final = (
    click.option("--role", is_flag=True, help="Suggest the role: its trust and its permissions."),
    click.option(
        "--code",
        multiple=True,
        metavar="FOLDER",
        help="With --role: look at the code in FOLDER alone, whatever it is called; from the "
        "current folder if that is in the repository, else from the top. Repeatable.",
    ),
    click.option("--include-tests", is_flag=True, help="With --role: look at tests as well."),
    click.option(
        "--events",
        metavar="FILE",
        type=click.Path(path_type=Path, dir_okay=False, exists=True),
        help="With --role: CloudTrail events; the policy is made of what the key was used for.",
    ),
    click.option(
        "--profile",
        metavar="NAME",
        help="With --role: your own AWS profile, to look up the events of --access-key-id.",
    ),
    click.option(
        "--access-key-id", metavar="ID", help="With --profile or --events: the key whose events."
    ),
    click.option("--name", metavar="ROLE", help="With --role: the name of the role."),
)
_Command = Callable[..., Any]


class RoleWishes(Record, frozen=True):
    """For what, from what and how a role is to be suggested.

    `target` is a place, a fingerprint or None. `code` are folders in the repository that alone are
    looked at; without `events` or `profile` the policy is made of the code alone.
    """

    target: str | None
    repository: Path | None
    account: str | None
    region: str | None
    rules_folder: Path | None
    quiet: bool
    output: Output
    code: tuple[str, ...]
    include_tests: bool
    events: Path | None
    profile: str | None
    access_key_id: str | None
    name: str | None


def options(command: _Command) -> _Command:
    """Add the options of `--role` to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
