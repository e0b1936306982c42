"""`leakscan remedy`: what to do about found keys, step by step, ending in the role."""

import gc
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from leakscan import __version__, aws
from leakscan.cli import outputs, role_wishes, wiring
from leakscan.cli.options import OUTPUT, RULES
from leakscan.cli.remedies import Asked, plans
from leakscan.cli.targets import Looking
from leakscan.errors import ExitCode
from leakscan.remediation import EntryKind
from leakscan.remedy.values import safe
from leakscan.report.base import ReportOptions
from leakscan.report.plans import Plans

_FORMATS: Final = ("text", "markdown", "json")
_ROLE_FORMATS: Final = ("text", "json", "policy", "terraform", "cloudformation", "cli")
_SUFFIXES: Final = {**outputs.TEXT_OR_JSON, ".md": "markdown", ".markdown": "markdown"}
_ROLE_SUFFIXES: Final = {
    **outputs.TEXT_OR_JSON,
    ".tf": "terraform",
    ".yaml": "cloudformation",
    ".yml": "cloudformation",
    ".sh": "cli",
}
_KINDS: Final = {
    EntryKind.PLACE: "Where a key stands, for leakscan remedy PLACE",
    EntryKind.KEY: "What kind of key it is",
}
_COLUMN: Final = 24


@click.command(
    "remedy",
    short_help="What to do about found keys, step by step.",
    epilog="""\b
Examples
  leakscan scan --format json --output shop.json
  leakscan remedy shop.json
  leakscan remedy shop.json --fingerprint lk1.is.0123456789abcdef0123456789abcdef --output plan.md
  leakscan remedy lk1.is.0123456789abcdef0123456789abcdef --repository ~/src/shop
  leakscan remedy github-actions
  leakscan remedy --list
  leakscan remedy shop.json --compliance --format markdown
  leakscan remedy ecs-task --role --repository ~/src/shop --format terraform

\b
Exit codes
  0    the plans are written, and say so where there may be more findings, because not all could be
       read; also where all was read and there is nothing to do
  2    wrong use; no such finding
  3    there is no plan, and not all could be read: that is not clean; with --role: it is written,
       and may lack something, because not all of the code was read or understood
  4    a remediation text is invalid
""",
)
@click.argument("target", metavar="[REPORT|FINGERPRINT|PLACE]", required=False)
@click.option("--list", "wants_list", is_flag=True, help="List the kinds of place and of key.")
@click.option(
    "--fingerprint",
    "fingerprints",
    multiple=True,
    metavar="FINGERPRINT",
    help="Of REPORT only this finding. Repeatable.",
)
@click.option(
    "--repository",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="The repository: its remote and its branch are filled in. [default: the one that REPORT "
    "is of; for FINGERPRINT and --role the current folder]",
)
@click.option(
    "--compliance",
    is_flag=True,
    help="Instead of plans, the controls that the findings touch, by framework and version.",
)
@click.option("--account", metavar="ID", help="The AWS account, where the key does not tell it.")
@click.option("--region", metavar="REGION", help="The Region, such as eu-west-1.")
@role_wishes.options
@click.option(
    "--format",
    "form",
    type=click.Choice(list(dict.fromkeys((*_FORMATS, *_ROLE_FORMATS)))),
    help="Format; the last four with --role. [default: text, or that of the suffix of FILE]",
)
@OUTPUT
@RULES
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def command(
    target: str | None,
    wants_list: bool,
    fingerprints: tuple[str, ...],
    repository: Path | None,
    compliance: bool,
    account: str | None,
    region: str | None,
    form: str | None,
    file: Path | None,
    rules_folder: Path | None,
    quiet: bool,
    role: bool,
    **of_role: Any,
) -> int:
    """Say what to do about found keys: contain, replace, prove, delete, purge, prevent.

    Of what: the findings of REPORT, a JSON report of leakscan scan, masked or not; the finding of
    one FINGERPRINT, which is looked up in its repository; or a kind of PLACE such as
    github-actions, or of key such as aws-root-access-key, without any finding.

    The plan names the IAM role that takes the place of the key where it was found. What is known of
    the finding stands in its commands; words in capitals are for you to fill in. Nothing is run,
    and nobody is asked; but with --profile, AWS is for the events of a key.
    """
    gc.disable()  # As in `leakscan scan`.
    _check(account, region)
    output = _output(form, file, is_role=role)
    if role:
        if wants_list or compliance or fingerprints:
            raise click.UsageError("--role goes with none of --list, --compliance, --fingerprint.")
        from leakscan.cli import role as suggesting

        return suggesting.run(
            role_wishes.RoleWishes(
                target, repository, account, region, rules_folder, quiet, output, **of_role
            )
        )
    for name, value in of_role.items():
        if value:
            raise click.UsageError(f"--{name.replace('_', '-')} is for --role.")
    if wants_list:
        if target is not None or compliance or fingerprints:
            raise click.UsageError(
                "--list names all kinds: it goes with no target, --compliance or --fingerprint."
            )
        outputs.write(output, _listed(output.format))
        return ExitCode.CLEAN
    if target is None:
        raise click.UsageError("Name a report, a fingerprint, or a place; see --list.")
    asked = Asked(target, fingerprints, account or "", region or "", datetime.now(UTC))
    made = plans(asked, Looking(repository, rules_folder, quiet))
    options = outputs.fitted(ReportOptions(tool_version=__version__), output)
    outputs.write(output, _render(made, options, output.format, compliance=compliance))
    return ExitCode.CLEAN if made.planned or made.complete else ExitCode.INCOMPLETE


def _check(account: str | None, region: str | None) -> None:
    if account is not None and not safe("account_id", account):
        raise click.UsageError("--account is the 12 digits of an AWS account.")
    if region is not None and not (safe("region", region) and aws.partition_of(region)):
        raise click.UsageError("--region is a Region of AWS, such as eu-west-1.")


def _output(form: str | None, file: Path | None, *, is_role: bool) -> outputs.Output:
    known = _ROLE_FORMATS if is_role else _FORMATS
    if form is not None and form not in known:
        only = "" if is_role else " without --role"
        raise click.UsageError(f"--format {form}: there is {', '.join(known)}{only}.")
    return outputs.one(form, file, _ROLE_SUFFIXES if is_role else _SUFFIXES)


def _render(made: Plans, options: ReportOptions, form: str, *, compliance: bool) -> bytes:
    match form, compliance:
        case "text", False:
            from leakscan.report.plan_text import render_text

            return render_text(made, options)
        case "markdown", False:
            from leakscan.report.plan_markdown import render_markdown

            return render_markdown(made, options)
        case "json", False:
            from leakscan.report.plans import render_json

            return render_json(made, options)
    from leakscan.report import compliance as controls

    return controls.RENDERERS[form](made, options)


def _listed(form: str) -> bytes:
    """Return the kinds of place and of key there are, with their titles."""
    entries = wiring.load_catalog().entries.values()
    if form == "json":
        rows = [{"id": one.id, "kind": one.kind.value, "title": one.title} for one in entries]
        return (json.dumps(rows, indent=2) + "\n").encode("ascii")
    lines: list[str] = []
    for kind, title in _KINDS.items():
        lines += [f"## {title}" if form == "markdown" else title, ""]
        of_kind = [one for one in entries if one.kind is kind]
        if form == "markdown":
            lines += [f"- `{one.id}`: {one.title}" for one in of_kind]
        else:
            lines += [f"  {one.id.ljust(_COLUMN)} {one.title}" for one in of_kind]
        lines.append("")
    return ("\n".join(lines[:-1]) + "\n").encode("utf-8")
