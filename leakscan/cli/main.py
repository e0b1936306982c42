"""The way in, and every way out: each ending gets one sentence and the right exit code.

Commands are imported when they are called, so that `--version` and `--help` start at once.
"""

import importlib
import os
import signal
import sys
from types import FrameType
from typing import Final

import click

from leakscan import __version__
from leakscan.errors import ExitCode, LeakscanError

_COMMANDS: Final = {
    "scan": ("leakscan.cli.scan", "Scan a repository's whole history for AWS credentials."),
    "hook": ("leakscan.cli.hook", "Install, remove and judge the git hooks."),
    "rules": ("leakscan.cli.rules", "List, show and test the rules."),
}

_EPILOG: Final = """\b
Exit codes
  0    complete, nothing to act on
  1    something to act on
  2    wrong use; no such repository or ref
  3    incomplete, nothing found in what was read
  4    a rule, remediation or configuration file is invalid
  70   a bug in leakscan
  130  interrupted
"""


class StoppedError(LeakscanError):
    """The user, or the system, ended the program."""

    code = ExitCode.INTERRUPTED


class _LazyGroup(click.Group):
    """A group that knows its commands by name and imports one only to run it or show its help."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise StoppedError("Interrupted; nothing was concluded.") from error

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(_COMMANDS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


def _show_version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    from leakscan.cli.version import version_lines

    for line in version_lines():
        click.echo(line)
    ctx.exit()


@click.group(
    cls=_LazyGroup,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the versions of leakscan, its rules and what it is built on.",
)
def cli() -> None:
    """Find leaked AWS credentials in everything a git repository has ever stored.

    leakscan says since when and where each one is exposed, and which IAM role replaces it. It
    never prints a secret unless told to, and never calls a scan complete that was not.
    """


def main(arguments: list[str]) -> int:
    """Run the program and return its exit code. Never raises but for a bug in itself."""
    try:
        result = cli.main(args=arguments, prog_name="leakscan", standalone_mode=False)
        return int(result) if isinstance(result, int) else ExitCode.CLEAN
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        return _complain(error.format_message(), _usage_hint(error), ExitCode.USAGE)
    except (click.Abort, KeyboardInterrupt):
        return _complain("Interrupted; nothing was concluded.", "", ExitCode.INTERRUPTED)
    except LeakscanError as error:
        return _complain(error.message, error.hint, error.code)
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else ExitCode.BUG
    except Exception as error:  # noqa: BLE001 - the last net: a bug still ends with its own code
        return _report_bug(error)


def run() -> None:
    """Be the `leakscan` command."""
    # Closed by the caller, they are None: what is written then goes nowhere, as with other tools.
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, _interrupt)
    code = main(sys.argv[1:])
    try:
        sys.stdout.flush()
    except OSError:
        # Whoever read our output has gone, or could not take it; that was said where it was
        # written, and what was found still decides the exit code.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    # Once is enough: a second one would end the tidying up in its middle.
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _usage_hint(error: click.ClickException) -> str:
    if isinstance(error, click.UsageError) and error.ctx is not None:
        return f"Try: {error.ctx.command_path} --help"
    return ""


def _complain(message: str, hint: str, code: ExitCode) -> int:
    from leakscan.redact import mask_text
    from leakscan.report.words import visible

    click.echo(f"leakscan: {visible(mask_text(message))}", err=True)
    if hint:
        click.echo(f"  {visible(mask_text(hint))}", err=True)
    return code


def _report_bug(error: Exception) -> int:
    import traceback

    from leakscan.redact import mask_text

    click.echo(mask_text("".join(traceback.format_exception(error))), err=True)
    click.echo(
        f"leakscan {__version__}: this is a bug in leakscan, and the scan is worth nothing. "
        "Please report the lines above; secrets in them are masked.",
        err=True,
    )
    return ExitCode.BUG
