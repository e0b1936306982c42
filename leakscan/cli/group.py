"""The program as click sees it: its help, and commands that are imported when they are called."""

import importlib
from collections.abc import Mapping
from typing import Any, Final

import click

from leakscan.errors import ExitCode, LeakscanError

_HELP: Final = """\
Find leaked AWS credentials in everything a git repository has ever stored.

leakscan says since when and where each one is exposed, and which IAM role replaces it. It
never prints a secret unless told to, and never calls a scan complete that was not.
"""
_EPILOG: Final = """\b
Exit codes
  0    complete, nothing to act on
  1    something to act on
  2    wrong use; no such repository or ref
  3    incomplete, nothing found in what was read
  4    a rule, remediation or configuration file is invalid
  5    nothing is known to be live, and nobody knows of all; with verify, or --fail-on live
  70   a bug in leakscan
  130  interrupted
"""


class StoppedError(LeakscanError):
    """The user, or the system, ended the program."""

    code = ExitCode.INTERRUPTED


class _LazyGroup(click.Group):
    """A group that knows its commands by name and imports one only to run it or show its help."""

    def __init__(self, known: Mapping[str, tuple[str, str]], **options: Any) -> None:
        super().__init__(**options)
        self._known = known

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise StoppedError("Interrupted; nothing was concluded.") from error

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._known)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._known:
            return None
        command: click.Command = importlib.import_module(self._known[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self._known.items()])


def _show_version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    from leakscan.cli.version import version_lines

    for line in version_lines():
        click.echo(line)
    ctx.exit()


def program(commands: Mapping[str, tuple[str, str]]) -> click.Group:
    """Return the program with its commands: name to module and line of help."""
    version = click.Option(
        ["--version"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_show_version,
        help="Show the versions of leakscan, its rules and what it is built on.",
    )
    return _LazyGroup(
        commands,
        help=_HELP,
        epilog=_EPILOG,
        params=[version],
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
