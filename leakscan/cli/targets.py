"""What `verify` verifies: the credentials of a report, of a fingerprint, or of a text on stdin.

In: the argument. Out: `Found`. Where values are not in what was named, the repository that holds
them is scanned again. Keys are never arguments, and no complaint repeats an argument.
"""

import os
import re
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, cast

import click
from msgspec.structs import replace

from leakscan.aws import known_fake_id
from leakscan.cli import wiring
from leakscan.cli.parts import How, scan_all
from leakscan.cli.progress import Quiet, progress
from leakscan.cli.triaging import Choice
from leakscan.config import is_fingerprint
from leakscan.errors import LeakscanError
from leakscan.history.files import read_file
from leakscan.history.locate import NoRepositoryError
from leakscan.history.textsource import TextSource
from leakscan.model import Finding, Fingerprint, RuleSet, ScanResult
from leakscan.pipeline import Remedying, scan
from leakscan.record import Record
from leakscan.redact import Secret
from leakscan.report.words import count, visible
from leakscan.score.fingerprint import fingerprint
from leakscan.verify.inputs import MAX_REPORT_BYTES, Reported, read_report

STDIN: Final = "-"
_KEY_ID: Final = re.compile(rb"(?<![A-Z0-9])[A-Z]{4}[A-Z0-9]{16}(?![A-Z0-9])")
_MAX_OBJECT_BYTES: Final = 512 << 20
_NO_ARGUMENT: Final = (
    "Keys are never given as arguments: shells and process lists keep them. Write them to stdin:\n"
    "leakscan verify -"
)
_LARGE: Final = (
    "Verify with the scan itself: leakscan scan --verify PATH\n"
    "Or one credential of it: leakscan verify FINGERPRINT --repository PATH\n"
    "With --format jsonl a report is a fifth smaller; masked ones are as large as others."
)
_PROMPT: Final = (
    "Paste the key id, its secret and its token, if any; then Enter and Ctrl-D. Nothing is shown."
)
_LOCAL_MODES: Final = 3
"""Where termios keeps whether what is typed is shown."""


class TargetError(LeakscanError):
    """What is to be verified cannot be found."""


class Found(Record, frozen=True):
    """The credentials to verify; `not_found` were asked for, and nothing that was read has them.

    `beside` was found with them and nobody asked for it: its parts may belong to theirs. `hidden`
    are secrets that are no findings' and that names may hold.
    """

    findings: tuple[Finding, ...]
    rules: RuleSet
    not_found: tuple[str, ...] = ()
    complete: bool = True
    beside: tuple[Finding, ...] = ()
    hidden: tuple[Secret, ...] = ()


class Looking(Record, frozen=True):
    """How to look for what is to be verified."""

    repository: Path | None
    rules_folder: Path | None
    quiet: bool
    remedy: Remedying | None = None
    """What chooses places instead of the usual stage."""


def one_of(targets: tuple[str, ...]) -> str:
    """Return the one thing to verify. Raises TargetError without repeating what was given."""
    if not targets:
        raise click.UsageError("Name a report, a fingerprint, or - for stdin.")
    if len(targets) > 1:
        raise TargetError("There is more than one thing to verify.", hint=_NO_ARGUMENT)
    (target,) = targets
    # Unlike pathlib, this takes a text too long for a path as no file.
    if target == STDIN or os.path.isfile(target) or is_fingerprint(target):  # noqa: PTH113
        return target
    if os.path.isdir(target):  # noqa: PTH112
        hint = "To verify what a repository holds: leakscan scan --verify PATH"
        raise TargetError("That is a folder, and no report.", hint=hint)
    raise TargetError("That is neither a file nor a fingerprint of a report.", hint=_NO_ARGUMENT)


def find(target: str, looking: Looking) -> Found:
    """Return what is to be verified. Raises LeakscanError."""
    if target == STDIN:
        return _of_stdin(looking)
    if os.path.isfile(target):  # noqa: PTH113
        return _of_report(Path(target), looking)
    return of_repository([Fingerprint(target)], looking.repository or Path(), looking)


class _Samples:
    """A stream that notices published sample ids, which no scan tells of."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.has_any = False

    def readline(self, limit: int) -> bytes:
        """Return the next line."""
        line = self._stream.readline(limit)
        ids = () if self.has_any else _KEY_ID.findall(line)
        self.has_any |= any(known_fake_id(one.decode("ascii")) for one in ids)
        return line


def _of_stdin(looking: Looking) -> Found:
    stages = wiring.stages(looking.rules_folder, deep=False)
    text = _Samples(sys.stdin.buffer)
    with _prompted():
        result = scan(TextSource(cast("BinaryIO", text)), stages, Quiet(), time.monotonic)
    if not any(one.credential.identity.access_key_id for one in result.findings):
        said = "There is no access key on stdin."
        if result.findings:
            said = "There is a secret on stdin, and no key id to ask with."
        elif text.has_any:
            said = "Only published sample keys are on stdin."
        hint = "It may be any text with the key id and the secret in it, as of a file .env."
        raise TargetError(said, hint=hint)
    return Found(
        result.findings, result.rules, complete=result.complete, hidden=tuple(result.hidden)
    )


@contextmanager
def _prompted() -> Iterator[None]:
    """Ask for keys where stdin is a terminal, which does not show them meanwhile."""
    if not sys.stdin.isatty():
        yield
        return
    click.echo(_PROMPT, err=True)
    try:
        import termios
    except ImportError:  # On Windows they are shown.
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    silent = [*before]
    silent[_LOCAL_MODES] = int(before[_LOCAL_MODES]) & ~termios.ECHO
    termios.tcsetattr(sys.stdin, termios.TCSAFLUSH, silent)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSAFLUSH, before)


def _of_report(file: Path, looking: Looking) -> Found:
    rules = wiring.rules(looking.rules_folder)
    reported = read_report(report_bytes(file), str(file), rules, fingerprint)
    for one in reported.refused:
        what = f"{file}: {one} is left out: its values in the report are not those it is made of."
        click.echo(f"leakscan: {visible(what)}", err=True)
    findings = wiring.late_remedy().choose(None, reported.findings) if reported.findings else []
    whole = Found(tuple(findings), rules, reported.refused, complete=reported.complete)
    if not reported.masked:
        return whole
    again = of_repository(reported.masked, _repository(reported, file, looking), looking)
    here = {one.credential.fingerprint for one in whole.findings}
    return replace(
        again,
        findings=(*whole.findings, *again.findings),
        not_found=(*whole.not_found, *again.not_found),
        complete=whole.complete and again.complete,
        beside=tuple(one for one in again.beside if one.credential.fingerprint not in here),
    )


def report_bytes(file: Path) -> bytes:
    """Return what a report holds. Raises TargetError where it is too large or cannot be read."""
    try:
        if file.stat().st_size > MAX_REPORT_BYTES:
            limit = f"{MAX_REPORT_BYTES >> 20} MiB"
            raise TargetError(f"{file} is larger than {limit}, the most of a report.", hint=_LARGE)
        return read_file(file, MAX_REPORT_BYTES)
    except OSError as error:
        raise TargetError(f"{file} cannot be read: {error.strerror or error}.") from error


def _repository(reported: Reported, file: Path, looking: Looking) -> Path:
    if looking.repository is not None:
        return looking.repository
    if reported.path is None:
        raise TargetError(
            f"{file} is of a text, and does not show its secrets.",
            hint="Give the text itself to leakscan verify -, or name a --repository.",
        )
    return Path(reported.path)


def of_repository(wanted: Collection[Fingerprint], path: Path, looking: Looking) -> Found:
    """Scan a repository whole, for some credentials; for what is missing once more, deeper."""
    if not looking.quiet:
        what = f"the secrets of {count(len(wanted), 'credential')}"
        click.echo(f"leakscan: looking up {what} in {visible(str(path))}", err=True)
    result = _scanned(path, looking, deep=False)
    found = _taken(result, wanted)
    if len(found) < len(wanted):
        result = _scanned(path, looking, deep=True)
        found = _taken(result, wanted) | found
    return Found(
        tuple(found[one] for one in wanted if one in found),
        result.rules,
        tuple(one for one in wanted if one not in found),
        result.complete,
        tuple(one for one in result.findings if one.credential.fingerprint not in found),
        tuple(result.hidden),
    )


def _scanned(path: Path, looking: Looking, *, deep: bool) -> ScanResult:
    stages = wiring.stages(looking.rules_folder, deep=deep, remedy=looking.remedy)
    reading = wiring.reading(_MAX_OBJECT_BYTES, None, "packs")
    try:
        with Quiet() if looking.quiet else progress() as observer:
            return scan_all(path, How(stages, reading, observer, Choice()))
    except NoRepositoryError as error:
        error.hint = error.hint or "Name the repository that was scanned with --repository PATH."
        raise


def _taken(result: ScanResult, wanted: Collection[Fingerprint]) -> dict[Fingerprint, Finding]:
    return {
        one.credential.fingerprint: one
        for one in result.findings
        if one.credential.fingerprint in wanted
    }
