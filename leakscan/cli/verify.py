"""`leakscan verify`: ask AWS whether found keys work, and say no more than AWS said."""

import gc
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from leakscan import __version__
from leakscan.cli import outputs, verifying
from leakscan.cli.asking import Asking, rows
from leakscan.cli.options import OUTPUT, RULES, TEXT_OR_JSON
from leakscan.cli.progress import Live
from leakscan.cli.repository import secrets_of
from leakscan.cli.responder import settings_for
from leakscan.cli.targets import Found, Looking, find, one_of
from leakscan.cli.verifying import Wishes
from leakscan.errors import ExitCode
from leakscan.inspection import Inspection
from leakscan.model import Finding, Fingerprint
from leakscan.report.base import ReportOptions
from leakscan.report.verdicts import Format, VerifyOutcome, exit_code, render, render_plan

if TYPE_CHECKING:
    from leakscan.inspect.session import Settings as InspectSettings


@click.command(
    "verify",
    short_help="Ask AWS whether found keys work.",
    epilog="""\b
Examples
  leakscan scan --format json --output shop.json
  leakscan verify shop.json --account 123456789012
  leakscan verify shop.json --dry-run
  leakscan verify lk1.is.0123456789abcdef0123456789abcdef --repository ~/src/shop --any-account
  pass show leaked | leakscan verify - --any-account
  leakscan verify shop.json --account 123456789012 --inspect --profile responder

\b
Exit codes
  0    nothing is live: AWS said so of every secret, or it is a known canary's, or an id stands
       there without a secret; also where there was nothing to ask about
  1    one is live
  2    wrong use; no key on stdin
  3    none is live, and not all of the repository could be read, now or when REPORT was made
  4    a configuration file is invalid
  5    nobody knows of one of them whether it is live: the report says why
""",
)
@click.argument("targets", metavar="REPORT|FINGERPRINT|-", nargs=-1)
@click.option(
    "--repository",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="The repository that holds what REPORT or FINGERPRINT names. [default: the one that the "
    "report is of; the current folder]",
)
@click.option("--dry-run", is_flag=True, help="Say what would be asked, of whom; ask nothing.")
@verifying.options
@click.option(
    "--inspect",
    is_flag=True,
    help="Look up what a key can do and when it was last used, as --profile, never with the key; "
    "and ask afresh what is kept.",
)
@click.option(
    "--profile",
    metavar="NAME",
    help="Your own AWS profile for --inspect; your default credentials are never used.",
)
@TEXT_OR_JSON
@OUTPUT
@RULES
@click.option("-q", "--quiet", is_flag=True, help="Only the report: no progress.")
def command(
    targets: tuple[str, ...],
    repository: Path | None,
    dry_run: bool,
    inspect: bool,
    profile: str | None,
    form: str | None,
    file: Path | None,
    rules_folder: Path | None,
    quiet: bool,
    **wishes: Any,
) -> int:
    """Ask AWS whether found keys work: one call of STS GetCallerIdentity for each.

    What is asked about: the findings of REPORT, a JSON report of leakscan scan; one FINGERPRINT of
    such a report; or every key in the text on stdin, with -. Where a report is masked its
    repository is scanned again. Keys are never given as arguments.

    The call needs no permission, changes nothing and tells whose key it is. The key's owner can
    see it in CloudTrail, and it counts as a use of the key. Only keys of accounts that you name are
    asked about, known canary tokens never. What is sent is the key's id, a signature made with the
    secret, and the session token if there is one.

    Not accepted does not mean harmless: AWS does not tell deleted, deactivated and unknown apart,
    and a deactivated key can be activated again.
    """
    gc.disable()  # As in `leakscan scan`.
    output = outputs.one(form, file)
    target = one_of(targets)
    _check_inspection(inspect=inspect, profile=profile, dry_run=dry_run)
    settings = verifying.settings(Wishes(**wishes), dry=dry_run)
    if inspect:
        settings = verifying.afresh(settings)
    found = find(target, Looking(repository, rules_folder, quiet))
    asking = Asking(settings, quiet=quiet)
    options = outputs.fitted(ReportOptions(tool_version=__version__), output)
    if dry_run:
        plan = asking.plan(found.findings, found.beside)
        planned = rows(plan, found.findings, found.beside)
        outputs.write(output, render_plan(planned, _form(output), options))
        for name in found.not_found:
            click.echo(f"leakscan: nothing that was read holds {name}.", err=True)
        return ExitCode.UNVERIFIED if found.not_found else ExitCode.CLEAN
    inspector = _Inspecting(settings_for(profile, settings.config)) if profile else None
    outcome = _outcome(found, asking, inspector)
    outputs.write(output, render(outcome, options, _form(output)))
    return exit_code(outcome)


def _outcome(found: Found, asking: Asking, inspecting: "_Inspecting | None") -> VerifyOutcome:
    """Ask about what was found; what the responder is told of it, before and after."""
    plan = asking.plan(found.findings, found.beside)
    if inspecting is not None:
        inspecting.before(found, {one.access_key_id for one in plan.questions})
    findings = tuple(asking.verify(found.findings, found.beside, plan))
    inspections: Mapping[Fingerprint, Inspection] = {}
    if inspecting is not None:
        # It may take minutes, and what is live has been said nowhere yet.
        with Live(lambda: asking.live):
            inspections = inspecting.after(findings)
    return VerifyOutcome(
        findings=findings,
        rules=found.rules,
        calls=asking.calls,
        inspections=inspections,
        not_found=found.not_found,
        complete=found.complete,
        hidden=(*found.hidden, *secrets_of(found.beside)),
    )


class _Inspecting:
    """The responder's look at found keys: when they were last used is asked before they are."""

    def __init__(self, settings: "InspectSettings") -> None:
        self._settings = settings

    def before(self, found: Found, to_ask: Collection[str]) -> None:
        """Take the evidence that a call with the keys would overwrite. Raises InspectError."""
        from leakscan.inspect.inspector import Inspector

        all_ids = {_id(one) for one in (*found.findings, *found.beside)} - {""}
        self._inspector = Inspector.open(self._settings, all_ids, lambda: datetime.now(UTC))
        also = [one for one in found.beside if _id(one) in to_ask]
        self._evidence = self._inspector.evidence_of([*found.findings, *also])

    def after(self, findings: Sequence[Finding]) -> Mapping[Fingerprint, Inspection]:
        """Return what the responder may know of each."""
        return self._inspector.inspect_all(findings, self._evidence)


def _id(finding: Finding) -> str:
    return finding.credential.identity.access_key_id or ""


def _check_inspection(*, inspect: bool, profile: str | None, dry_run: bool) -> None:
    if inspect and not profile:
        raise click.UsageError(
            "--inspect needs --profile NAME: your default credentials are never used unasked."
        )
    if profile and not inspect:
        raise click.UsageError("--profile is for --inspect; found keys are asked with themselves.")
    if inspect and dry_run:
        raise click.UsageError("--dry-run asks nothing, so there is nothing to --inspect.")


def _form(output: outputs.Output) -> Format:
    return "json" if output.format == "json" else "text"
