"""What `remedy` makes plans of: a kind of place or of key, a fingerprint, or a report.

In: the argument. Out: `Plans`. A report is enough as it is, masked too: a plan needs no secret. A
fingerprint is looked up in its repository. No complaint repeats an argument: it may be a key.
"""

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import click
from msgspec.structs import replace

from leakscan import aws
from leakscan.cli import wiring
from leakscan.cli.repository import Named, secrets_of, values_of_repository
from leakscan.cli.targets import Looking, TargetError, find, report_bytes
from leakscan.config import is_fingerprint
from leakscan.errors import ExitCode, LeakscanError
from leakscan.history.locate import NoRepositoryError
from leakscan.model import Finding, Level, Status
from leakscan.record import Record
from leakscan.redact import Redactor, Secret
from leakscan.remedy.catalog import Catalog
from leakscan.remedy.plan import grouped, is_canary, plan_for_all, plan_of_place
from leakscan.remedy.values import Mask, Values, contradiction, partition_of
from leakscan.report.plans import LeftOut, Planned, Plans
from leakscan.verdict import VerdictState
from leakscan.verify.listed import Listed, read_listed

_NAME: Final = "Name a report, a fingerprint, or a kind of place: leakscan remedy --list"
_UNKNOWN: Final = "That is no kind of place, no fingerprint, and no file."
_FOLDER: Final = (
    "For what a repository holds: leakscan scan --format json --output FILE PATH\n"
    "and then: leakscan remedy FILE"
)
_NOT_ASKED_FOR: Final = {
    Status.BASELINED: "accepted in the baseline",
    Status.ALLOWED: "allowed by a comment or the configuration",
}
_LOW: Final = "of low confidence; name it with --fingerprint to have its plan"


class NotFoundError(LeakscanError):
    """What a plan is asked for is not there, as far as could be read."""

    def __init__(self, names: Collection[str], *, complete: bool) -> None:
        super().__init__(
            f"Nothing that was read holds {', '.join(names)}.",
            hint="" if complete else "Not all of it could be read.",
        )
        self.code = ExitCode.USAGE if complete else ExitCode.INCOMPLETE


class Asked(Record, frozen=True):
    """What the user asks for: one target, of a report perhaps some fingerprints alone."""

    target: str
    fingerprints: tuple[str, ...]
    account: str
    region: str
    now: datetime


def plans(asked: Asked, looking: Looking) -> Plans:
    """Return the plans that are asked for. Raises LeakscanError."""
    catalog = wiring.load_catalog()
    # A file of such a name is meant where it is written as a path.
    if asked.target in catalog.entries:
        _no_fingerprints(asked)
        values = _values(Named(looking.repository, must_be_there=True), asked)
        plan = plan_of_place(catalog.entries[asked.target], catalog, values)
        return Plans((Planned(plan),))
    # Unlike pathlib, this takes a text too long for a path as no file.
    if os.path.isfile(asked.target):  # noqa: PTH113
        return _of_report(Path(asked.target), asked, looking, catalog)
    if is_fingerprint(asked.target):
        _no_fingerprints(asked)
        return _of_fingerprint(asked, looking, catalog)
    if os.path.isdir(asked.target):  # noqa: PTH112
        raise TargetError("That is a folder, and no report.", hint=_FOLDER)
    near = get_close_matches(asked.target, catalog.entries, cutoff=0.6)
    raise TargetError(_UNKNOWN, hint=f"Is it {' or '.join(near)}?" if near else _NAME)


def _no_fingerprints(asked: Asked) -> None:
    if asked.fingerprints:
        raise click.UsageError("--fingerprint names findings of a report.")


def _of_fingerprint(asked: Asked, looking: Looking, catalog: Catalog) -> Plans:
    try:
        found = find(asked.target, looking)
    except NoRepositoryError as error:
        error.hint = "Name the repository that holds it with --repository PATH."
        raise
    if found.not_found:
        raise NotFoundError(found.not_found, complete=found.complete)
    hidden = (*found.hidden, *secrets_of(found.beside))
    secrets = (*hidden, *secrets_of(found.findings))
    named = Named(looking.repository or Path(), must_be_there=True)
    values = _values(named, asked, secrets)
    made = _planned(found.findings, catalog, values, Redactor(secrets))
    return replace(made, hidden=hidden, complete=found.complete)


def _of_report(file: Path, asked: Asked, looking: Looking, catalog: Catalog) -> Plans:
    rules = wiring.rules(looking.rules_folder)
    listed = read_listed(report_bytes(file), str(file), rules, catalog.places)
    left: list[LeftOut] = []
    if asked.fingerprints:
        by_name = {one.credential.fingerprint: one for one in listed.findings}
        missing = [name for name in asked.fingerprints if name not in by_name]
        if missing:
            raise NotFoundError(missing, complete=listed.complete)
        findings = [by_name[name] for name in dict.fromkeys(asked.fingerprints)]  # type: ignore[index]
    else:
        findings = list(_to_act_on(listed.findings, left))
    made = _planned(
        _with_places(findings), catalog, _values(_repository(listed, looking), asked), str
    )
    return replace(made, left_out=tuple(left), complete=listed.complete)


def _to_act_on(findings: Sequence[Finding], left: list[LeftOut]) -> Iterator[Finding]:
    """Yield the findings to make plans for; the others are added to what is left out."""
    for one in findings:
        is_live = one.verdict.state is VerdictState.LIVE
        why = "" if is_live else _NOT_ASKED_FOR.get(one.status, "")
        if one.credential.confidence is Level.LOW and not is_live and not is_canary(one):
            why = why or _LOW
        if why:
            left.append(LeftOut(one.credential.fingerprint, why))
        else:
            yield one


def _with_places(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings with places: those of the report, or else what their paths say."""
    lacking = [one for one in findings if not one.places]
    chosen = wiring.late_remedy().choose(None, lacking) if lacking else []
    by_name = {one.credential.fingerprint: one for one in chosen}
    return [by_name.get(one.credential.fingerprint, one) for one in findings]


def _planned(findings: Sequence[Finding], catalog: Catalog, values: Values, mask: Mask) -> Plans:
    _warn(findings, values)
    return Plans(
        tuple(
            Planned(plan_for_all(group, catalog, values, mask), group)
            for group in grouped(findings, catalog, values)
        )
    )


def _repository(listed: Listed, looking: Looking) -> Named:
    """Return what to ask for a report: what it says itself comes before what is here now."""
    if looking.repository is not None:
        return Named(looking.repository, must_be_there=True)
    head = (listed.head or "").encode("utf-8", "replace")
    return Named(Path(listed.path) if listed.path else None, head=head)


def _values(named: Named, asked: Asked, secrets: Iterable[Secret] = ()) -> Values:
    return values_of_repository(
        named,
        secrets,
        account=asked.account,
        region=asked.region,
        now=asked.now.astimezone(UTC),
    )


def _warn(findings: Sequence[Finding], values: Values) -> None:
    """Say in a line each what does not fit together."""
    for said in (_other_region(findings, values), _other_account(findings)):
        if said:
            click.echo(f"leakscan: {said}", err=True)


def _other_region(findings: Sequence[Finding], values: Values) -> str:
    its = aws.partition_of(values.region) if values.region else None
    others = {partition_of(one, values) for one in findings} - {its.name if its else ""}
    if its is None or not others:
        return ""
    where = " and ".join(sorted(others))
    return f"--region is of {its.name}, and AWS named keys of {where}: it is not used for them."


def _other_account(findings: Sequence[Finding]) -> str:
    odd = [(one, found) for one in findings if (found := contradiction(one)) is not None]
    if not odd:
        return ""
    (first, (said, encoded)), more = odd[0], len(odd) - 1
    return (
        f"{first.credential.identity.access_key_id} was made for account {encoded}, and the report "
        f"says that AWS named {said}: find out which is right"
        f"{f'; {more} more are so' if more else ''}."
    )
