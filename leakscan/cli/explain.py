"""`leakscan explain`: why something was found, where it stands, and why it gets its remedy."""

import gc
import os
from pathlib import Path
from typing import Final

import click

from leakscan import __version__
from leakscan.cli import outputs, wiring
from leakscan.cli.options import OUTPUT, RULES, TEXT_OR_JSON
from leakscan.cli.remedying import Remedy
from leakscan.cli.repository import secrets_of
from leakscan.cli.targets import Found, Looking, TargetError, of_repository, report_bytes
from leakscan.config import is_fingerprint
from leakscan.errors import ExitCode
from leakscan.model import Fingerprint
from leakscan.record import Record
from leakscan.remediation import Considered
from leakscan.report.base import ReportOptions
from leakscan.report.explained import Explained, render_json, render_text
from leakscan.verify.listed import read_listed

_HOW: Final = "Name a report of leakscan scan, or a fingerprint of one."


@click.command(
    "explain",
    short_help="Why something was found, and why it gets this remedy.",
    epilog="""\b
Examples
  leakscan explain lk1.is.0123456789abcdef0123456789abcdef
  leakscan explain shop.json --repository ~/src/shop
  leakscan explain shop.json --format json --output why.json

\b
Exit codes
  0    all that was asked for is explained
  2    wrong use; a finding that was asked for is not there; what is there is explained
  3    the same, and not all could be read: it may be there; also where REPORT has no finding, and
       its scan could not read all
  4    a rule or a remediation text is invalid
""",
)
@click.argument("target", metavar="FINGERPRINT|REPORT")
@click.option(
    "--repository",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="The repository that holds it. [default: the one that REPORT is of; the current folder]",
)
@TEXT_OR_JSON
@OUTPUT
@RULES
@click.option("-q", "--quiet", is_flag=True, help="Only the explanation: no progress.")
def command(
    target: str,
    repository: Path | None,
    form: str | None,
    file: Path | None,
    rules_folder: Path | None,
    quiet: bool,
) -> int:
    """Say of a finding why it is one, where it stands, and why it gets its remedy.

    That is its rule, and each reason for its confidence with its points; its places in history; and
    of each file that holds it every kind of place that was considered, what spoke for it and
    against it, and what was chosen.

    The repository is scanned again. Nothing of it is run, nobody is asked, no secret is shown.
    """
    gc.disable()  # As in `leakscan scan`.
    output = outputs.one(form, file)
    kept: dict[Fingerprint, tuple[Considered, ...]] = {}
    remedy = Remedy(wiring.load_catalog(), kept.__setitem__)
    looking = Looking(repository, rules_folder, quiet, remedy)
    wanted = _wanted(target, looking)
    found = wanted.look(looking)
    options = outputs.fitted(ReportOptions(tool_version=__version__), output)
    explained = Explained(found.findings, found.rules, kept, found.not_found, found.complete)
    hidden = [*found.hidden, *secrets_of(found.beside)]
    render = render_json if output.format == "json" else render_text
    outputs.write(output, render(explained, options, hidden))
    if found.findings and not found.not_found:
        return ExitCode.CLEAN
    if not found.complete:
        return ExitCode.INCOMPLETE
    return ExitCode.USAGE if found.not_found else ExitCode.CLEAN


class _Wanted(Record, frozen=True):
    """The fingerprints to explain, and where to look; `complete` is what their report says."""

    fingerprints: tuple[Fingerprint, ...]
    path: Path
    complete: bool = True

    def look(self, looking: Looking) -> Found:
        """Return what the repository has of them; of nothing, it is not even opened."""
        if not self.fingerprints:
            return Found((), wiring.rules(looking.rules_folder), complete=self.complete)
        return of_repository(self.fingerprints, self.path, looking)


def _wanted(target: str, looking: Looking) -> _Wanted:
    """Return what to explain. Raises LeakscanError."""
    # Unlike pathlib, this takes a text too long for a path as no file.
    if os.path.isfile(target):  # noqa: PTH113
        rules = wiring.rules(looking.rules_folder)
        listed = read_listed(report_bytes(Path(target)), target, rules, ())
        path = looking.repository or (Path(listed.path) if listed.path else None)
        names = tuple(one.credential.fingerprint for one in listed.findings)
        if path is None and names:
            raise TargetError("That report is of a text.", hint="Name a --repository.")
        return _Wanted(names, path or Path(), listed.complete)
    if is_fingerprint(target):
        return _Wanted((Fingerprint(target),), looking.repository or Path())
    raise TargetError("That is neither a file nor a fingerprint of a report.", hint=_HOW)
