"""`leakscan baseline`: write down what is there today, and see what has become of it."""

import gc
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from leakscan import __version__
from leakscan.cli import outputs, triaging, wiring
from leakscan.cli.options import RULES
from leakscan.cli.progress import progress
from leakscan.errors import ExitCode, LeakscanError
from leakscan.history.locate import locate
from leakscan.model import Finding, Level, ScanResult
from leakscan.pipeline import scan
from leakscan.report.base import ReportOptions, certain
from leakscan.report.contract import FindingDoc
from leakscan.report.document import document
from leakscan.report.words import count, grouped, now, some, visible
from leakscan.triage.baseline import (
    BASELINE_NAME,
    Baseline,
    BaselineError,
    Entry,
    load_baseline,
    render,
    updated,
)

_MAX_OBJECT_BYTES: Final = 512 << 20
_SALT_BYTES: Final = 16
_SHOWN: Final = 3
_MODE: Final = 0o644
"""A baseline is for all who work in the repository; a report is for one."""

_PATH = click.argument("path", type=click.Path(path_type=Path), default=Path())


class ThereIsOneError(LeakscanError):
    """A baseline would be overwritten without being asked for."""


class NoBaselineError(LeakscanError):
    """There is no baseline where one is needed."""


@click.group("baseline", short_help="Accept what is there today, so that only what is new counts.")
def command() -> None:
    """Accept the credentials that are there today, so that only what is new counts.

    A baseline is a text file with a line for each credential: its fingerprint, its rule and a
    reason. It has no path, line or commit, so it stays valid when code moves, and no secret. Keep
    it in the repository: merges of it are merges of lines.

    An accepted key still works for whoever has it. A baseline is for a start, not for an end.
    """


@command.command(
    "create",
    short_help="Write what is found to a baseline.",
    epilog="""\b
Examples
  leakscan baseline create --reason "before leakscan; see the rotation plan"
  leakscan baseline create --update
""",
)
@_PATH
@click.option(
    "--output",
    "file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"Write FILE. [default: {BASELINE_NAME} at the top of the repository]",
)
@click.option("--reason", metavar="TEXT", default="", help="Why: written behind each new line.")
@click.option(
    "--update",
    is_flag=True,
    help="Rewrite the file: lines that still fit stay as they are, with their reasons and days; "
    "the others go.",
)
@click.option(
    "--confidence",
    type=click.Choice([level.value for level in Level][:3]),
    default="medium",
    show_default=True,
    help="Least confidence of a finding that is written.",
)
@RULES
def create(
    path: Path,
    file: Path | None,
    reason: str,
    update: bool,
    confidence: str,
    rules_folder: Path | None,
) -> int:
    """Scan the whole history of the repository at PATH and write what is found to a baseline.

    An existing file is left alone unless you say --update.
    """
    file = file or _own_file(path)
    if not file.parent.is_dir():
        raise click.UsageError(f"There is no folder {file.parent}.")
    old = _old(file, update=update)
    result = _scan(path, rules_folder)
    options = ReportOptions(confidence=Level(confidence))
    found = [finding for finding in result.findings if certain(finding, options)]
    made = updated(found, old, secrets.token_bytes(_SALT_BYTES), reason, str(file))
    outputs.write(outputs.Output("baseline", file), render(made))
    file.chmod(_MODE)
    gone = len(old.entries) - sum(entry in old.entries for entry in made.entries) if old else 0
    lines = count(len(made.entries), "credential")
    click.echo(f"{visible(str(file))}: {lines}{f', {gone} removed' if gone else ''}.", err=True)
    return _incomplete(result) or ExitCode.CLEAN


@command.command(
    "audit",
    short_help="Say of each line where its credential is.",
    epilog="""\b
Exit codes
  0  every line fits a credential that is in the repository, and has not expired
  1  a line is stale or has expired
  2  there is no baseline
  3  not all of the repository could be read
  4  the baseline is invalid
""",
)
@_PATH
@click.option(
    "--baseline",
    "file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"The file to look at. [default: {BASELINE_NAME} at the top of the repository]",
)
@RULES
def audit(path: Path, file: Path | None, rules_folder: Path | None) -> int:
    """Say of each line of a baseline where its credential is, or that the line can go.

    A line is stale when no credential in the whole history fits it any more.
    """
    file = file or _own_file(path)
    known = _read(file)
    if known is None:
        raise NoBaselineError(
            f"There is no file {file}.", hint="Make one: leakscan baseline create"
        )
    result = _scan(path, rules_folder)
    day = triaging.today()
    whole = result.complete
    states = []
    for entry, state, where in _states(known, result, whole=whole):
        expired = entry.expires is not None and entry.expires < day
        states.append("expired" if expired else state)
        click.echo(f"{states[-1]:8} {visible(entry.text, limit=10_000)}")
        click.echo(f"         {where}")
    click.echo(_summary(states), err=True)
    if "stale" in states or "expired" in states:
        return ExitCode.FINDINGS
    return _incomplete(result) or ExitCode.CLEAN


def _own_file(path: Path) -> Path:
    """Return where the repository at path keeps its baseline. Raises LeakscanError."""
    top = locate(path).top
    return top / triaging.baseline_path(triaging.own_config(triaging.work_tree(top)))


def _old(file: Path, *, update: bool) -> Baseline | None:
    if not update:
        if file.exists() or file.is_symlink():
            raise ThereIsOneError(
                f"There is a file {file} already; it was left as it is.",
                hint="To bring it up to date: leakscan baseline create --update",
            )
        return None
    return _read(file)


def _read(file: Path) -> Baseline | None:
    try:
        source = triaging.read_baseline(file)
    except OSError as error:
        raise BaselineError(str(file), f"cannot be read: {error.strerror or error}") from error
    return load_baseline(source, str(file)) if source is not None else None


def _scan(path: Path, rules_folder: Path | None) -> ScanResult:
    gc.disable()  # As in `leakscan scan`.
    make_stages = wiring.stages(rules_folder, deep=False)
    reading = wiring.reading(_MAX_OBJECT_BYTES, None, "packs")
    with wiring.open_source(path, reading) as source, progress() as observer:
        return scan(source, make_stages, observer, time.monotonic)


def _states(
    known: Baseline, result: ScanResult, *, whole: bool
) -> Iterator[tuple[Entry, str, str]]:
    """Yield each line with what it is, and where its credentials are."""
    doc = document(result, ReportOptions(authors=False, tool_version=__version__))
    fitting: dict[Entry, list[tuple[Finding, FindingDoc]]] = {}
    for finding, its in zip(result.findings, doc["findings"], strict=True):
        for entry in known.entries_of(finding.credential.fingerprint):
            fitting.setdefault(entry, []).append((finding, its))
    missing = ("stale", "nothing in the whole history fits it; it can go")
    unsure = ("unknown", "nothing in what could be read fits it")
    for entry in known.entries:
        if entry in fitting:
            yield entry, "found", "; ".join(_where(its) for _, its in fitting[entry])
        else:
            yield entry, *(missing if whole else unsure)


def _where(its: FindingDoc) -> str:
    """Say in one line which credential it is, and where."""
    places = some(grouped(its["occurrences"]), _SHOWN)
    return ", ".join(part for part in (its["access_key_id"], now(its), f"seen in {places}") if part)


def _summary(states: list[str]) -> str:
    counted = [f"{states.count(state)} {state}" for state in dict.fromkeys(states)]
    return f"{count(len(states), 'line')}{': ' if counted else ''}{', '.join(counted)}."


def _incomplete(result: ScanResult) -> ExitCode | None:
    """Say so, if not all could be read."""
    if result.complete:
        return None
    click.echo(
        "INCOMPLETE: not all of the repository could be read; see leakscan scan.",
        err=True,
    )
    return ExitCode.INCOMPLETE
