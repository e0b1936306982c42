"""Where reports go: which format to which file, and how a file is written."""

import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import click

from leakscan.errors import LeakscanError
from leakscan.record import Record
from leakscan.report.base import ReportOptions

SUFFIXES: Final = {
    ".txt": "text",
    ".json": "json",
    ".jsonl": "jsonl",
    ".sarif": "sarif",
    ".gitlab": "gitlab",
}
TEXT_OR_JSON: Final = {".txt": "text", ".json": "json"}


class OutputError(LeakscanError):
    """A report could not be written where the user wanted it."""


class Output(Record, frozen=True):
    """One report: its format, and the file it goes to or None for stdout."""

    format: str
    file: Path | None


def plan(formats: Sequence[str], files: Sequence[Path]) -> list[Output]:
    """Return the reports to write: each file takes the next format, the format left over stdout.

    A file without a format takes the one of its suffix. Raises click.UsageError.
    """
    if len(formats) > len(files) + 1:
        raise click.UsageError("Each --format but one needs an --output FILE.")
    outputs = []
    for position, file in enumerate(files):
        chosen = formats[position] if position < len(formats) else SUFFIXES.get(file.suffix.lower())
        if chosen is None:
            raise click.UsageError(
                f"--output {file}: name its --format; the suffix is none of {', '.join(SUFFIXES)}."
            )
        if not file.parent.is_dir():
            raise click.UsageError(f"--output {file}: there is no folder {file.parent}.")
        outputs.append(Output(chosen, file))
    if len(formats) > len(files):
        outputs.append(Output(formats[-1], None))
    elif not files:
        outputs.append(Output("text", None))
    return outputs


def one(form: str | None, file: Path | None, suffixes: Mapping[str, str] = TEXT_OR_JSON) -> Output:
    """Return the one report of a command: its format is the one named, or else of the suffix.

    Without both it is text. Raises click.UsageError.
    """
    if file is None:
        return Output(form or "text", None)
    if not file.parent.is_dir():
        raise click.UsageError(f"--output {file}: there is no folder {file.parent}.")
    chosen = form or (suffixes.get(file.suffix.lower()) if file.suffix else "text")
    if chosen is None:
        raise click.UsageError(
            f"--output {file}: name its --format; the suffix is none of {', '.join(suffixes)}."
        )
    return Output(chosen, file)


def fitted(options: ReportOptions, report: Output) -> ReportOptions:
    """Give a report on a terminal the terminal's width and colours."""
    if report.file is not None or not sys.stdout.isatty():
        return options
    import shutil

    from msgspec.structs import replace

    width = min(shutil.get_terminal_size().columns, 120)
    return replace(options, width=width, color="NO_COLOR" not in os.environ)


def write(output: Output, report: bytes) -> None:
    """Write a report whole: a file appears only when it is complete, readable by its owner alone.

    Raises OutputError. A reader of stdout who left is no error.
    """
    try:
        if output.file is not None:
            _replace(output.file, report)
        else:
            with suppress(BrokenPipeError):
                sys.stdout.buffer.write(report)
                sys.stdout.buffer.flush()
    except OSError as error:
        name = output.file or "The standard output"
        raise OutputError(f"{name} cannot be written: {error.strerror}.") from error


def _replace(file: Path, report: bytes) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(descriptor, "wb") as part:
            part.write(report)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
