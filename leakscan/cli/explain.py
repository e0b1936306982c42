"""`leakscan explain`: why something was found, where it stands, and why it gets its remedy."""

import gc
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import click

from leakscan import __version__
from leakscan.cli import outputs, wiring
from leakscan.cli.options import RULES
from leakscan.cli.remedying import Remedy
from leakscan.cli.targets import Looking, TargetError, of_repository, report_bytes
from leakscan.config import is_fingerprint
from leakscan.errors import ExitCode
from leakscan.model import Finding, Fingerprint
from leakscan.redact import Secret
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
  2    wrong use; no such finding
  3    no such finding, and not all could be read
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
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    help="Format of what is said. [default: text, or that of the suffix of FILE]",
)
@click.option(
    "--output",
    "file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write to FILE.",
)
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
    output = _output(form, file)
    kept: dict[Fingerprint, tuple[Considered, ...]] = {}
    remedy = Remedy(wiring.load_catalog(), kept.__setitem__)
    looking = Looking(repository, rules_folder, quiet, remedy)
    wanted, path = _wanted(target, looking)
    found = of_repository(wanted, path, looking)
    options = outputs.fitted(ReportOptions(tool_version=__version__), output)
    explained = Explained(found.findings, found.rules, kept, found.not_found, found.complete)
    hidden = [*found.hidden, *_secrets(found.beside)]
    render = render_json if output.format == "json" else render_text
    outputs.write(output, render(explained, options, hidden))
    if found.findings or not wanted:
        return ExitCode.CLEAN
    return ExitCode.USAGE if found.complete else ExitCode.INCOMPLETE


def _wanted(target: str, looking: Looking) -> tuple[list[Fingerprint], Path]:
    """Return the fingerprints to explain, and where to look. Raises LeakscanError."""
    # Unlike pathlib, this takes a text too long for a path as no file.
    if os.path.isfile(target):  # noqa: PTH113
        rules = wiring.rules(looking.rules_folder)
        listed = read_listed(report_bytes(Path(target)), target, rules, ())
        path = looking.repository or (Path(listed.path) if listed.path else None)
        if path is None:
            raise TargetError("That report is of a text.", hint="Name a --repository.")
        return [one.credential.fingerprint for one in listed.findings], path
    if is_fingerprint(target):
        return [Fingerprint(target)], looking.repository or Path()
    raise TargetError("That is neither a file nor a fingerprint of a report.", hint=_HOW)


def _secrets(findings: Sequence[Finding]) -> Iterator[Secret]:
    for one in findings:
        identity = one.credential.identity
        yield from (part for part in (identity.secret, identity.session_token) if part is not None)


def _output(form: str | None, file: Path | None) -> outputs.Output:
    if file is None:
        return outputs.Output(form or "text", None)
    if not file.parent.is_dir():
        raise click.UsageError(f"--output {file}: there is no folder {file.parent}.")
    return outputs.Output(form or ("json" if file.suffix == ".json" else "text"), file)
