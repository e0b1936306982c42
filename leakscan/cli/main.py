"""The way in, and every way out: each ending gets one sentence and the right exit code.

What takes long to import is imported once Ctrl-C has its handler, and a command when it is called.
"""

import os
import signal
import sys
from collections.abc import Mapping

_COMMANDS: Mapping[str, tuple[str, str]] = {
    "scan": ("leakscan.cli.scan", "Scan a repository's whole history for AWS credentials."),
    "verify": ("leakscan.cli.verify", "Ask AWS whether found keys work."),
    "remedy": ("leakscan.cli.remedy", "What to do about found keys, step by step."),
    "explain": ("leakscan.cli.explain", "Why something was found, and why it gets this remedy."),
    "pre-push": ("leakscan.cli.pre_push", "Refuse a push that would leak a credential."),
    "pre-commit": ("leakscan.cli.pre_commit", "Refuse a commit that would hold a credential."),
    "pre-receive": ("leakscan.cli.pre_receive", "On a server: refuse a push with a credential."),
    "hook": ("leakscan.cli.hook", "Install, remove and judge the git hooks."),
    "doctor": ("leakscan.cli.doctor", "Prove that the installed hook stops leaks."),
    "baseline": ("leakscan.cli.baseline", "Accept what is there today; see what became of it."),
    "rules": ("leakscan.cli.rules", "List, show and test the rules."),
}

_INTERRUPTED = "Interrupted; nothing was concluded."


def run() -> None:
    """Be the `leakscan` command."""
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, _interrupt)
    # Closed by the caller, they are None: what is written then goes nowhere, as with other tools.
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    try:
        code = main(sys.argv[1:])
    except KeyboardInterrupt:  # While the first modules were imported.
        sys.stderr.write(f"leakscan: {_INTERRUPTED}\n")
        code = 130
    _leave(code)


def main(arguments: list[str]) -> int:
    """Run the program and return its exit code. Never raises but for a bug in itself."""
    from leakscan.errors import ExitCode, LeakscanError

    try:
        words, from_git = _of_push(arguments)
        if words is None:
            return _parsed(arguments)
        from leakscan.cli.pushing import push

        return push(*words, from_git=from_git)
    except KeyboardInterrupt:
        return _complain(_INTERRUPTED, "", ExitCode.INTERRUPTED)
    except LeakscanError as error:
        return _complain(error.message, error.hint, error.code)
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else ExitCode.BUG
    except Exception as error:  # noqa: BLE001 - the last net: a bug still ends with its own code
        return _report_bug(error)


def _parsed(arguments: list[str]) -> int:
    """Run the program as click understands it. Raises LeakscanError."""
    import click

    from leakscan.cli.group import program
    from leakscan.errors import ExitCode

    try:
        group = program(_COMMANDS)
        result = group.main(
            args=arguments or ["--help"], prog_name="leakscan", standalone_mode=False
        )
        return int(result) if isinstance(result, int) else ExitCode.CLEAN
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.UsageError as error:
        hint = f"Try: {error.ctx.command_path} --help" if error.ctx is not None else ""
        return _complain(error.format_message(), hint, ExitCode.USAGE)
    except click.ClickException as error:
        return _complain(error.format_message(), "", ExitCode.USAGE)
    except click.Abort as error:
        raise KeyboardInterrupt from error


def _of_push(arguments: list[str]) -> tuple[list[str] | None, bool]:
    """Return remote and URL, and whether the hook says that stdin is git's.

    None instead of the words where that takes click: `pre-push [--from-git] [--] REMOTE URL` alone
    does not, for git waits for it.
    """
    from_git = arguments[1:2] == ["--from-git"]
    words = arguments[2:] if from_git else arguments[1:]
    if words[:1] == ["--"]:
        del words[0]
    elif any(word.startswith("-") for word in words):
        return None, False
    is_push = arguments[:1] == ["pre-push"] and len(words) <= len(("REMOTE", "URL"))
    return (words, from_git) if is_push else (None, False)


def _leave(code: int) -> None:
    """End the process, without the 10 ms and more that taking it apart piece by piece takes."""
    import atexit
    from contextlib import suppress

    try:
        sys.stdout.flush()
    except OSError:
        # Whoever read our output has gone, or could not take it; that was said where it was
        # written, and what was found still decides the exit code.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    with suppress(OSError):
        sys.stderr.flush()
    atexit._run_exitfuncs()
    os._exit(code)


def _interrupt(_signal: int, _frame: object) -> None:
    # Once is enough: a second one would end the tidying up in its middle.
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _complain(message: str, hint: str, code: int) -> int:
    from leakscan.redact import mask_text
    from leakscan.report.words import visible

    sys.stderr.write(f"leakscan: {visible(mask_text(message))}\n")
    for line in hint.splitlines():
        sys.stderr.write(f"  {visible(mask_text(line))}\n")
    return code


def _report_bug(error: Exception) -> int:
    import traceback

    from leakscan import __version__
    from leakscan.errors import ExitCode
    from leakscan.redact import mask_text

    sys.stderr.write(mask_text("".join(traceback.format_exception(error))))
    sys.stderr.write(
        f"leakscan {__version__}: this is a bug in leakscan, and the scan is worth nothing. "
        "Please report the lines above; secrets in them are masked.\n"
    )
    return ExitCode.BUG
