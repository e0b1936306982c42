"""A report read back for what is to be done about its findings; no secret is needed for that.

Part of the verify stage, beside `inputs`. In: the bytes of a `leakscan.report/1`, as JSON or JSON
lines; they may be hostile. Out: `Listed`: findings without values, but with the verdicts and the
places that the report has. Nothing is believed but words of ours; what is filled into commands is
checked there once more.
"""

import re
from collections.abc import Collection, Iterator
from typing import Final

from msgspec.structs import replace

from leakscan.model import Finding, Identity, RuleSet, Status
from leakscan.record import Record
from leakscan.redact import Secret
from leakscan.remediation import Choice
from leakscan.verdict import Holder, Verdict, VerdictState
from leakscan.verify.inputs import ReportedFinding, finding_of, key_id_of, read_as

_ID: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+){0,10}")
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_MAX_PLACES: Final = 100


class Listed(Record, frozen=True):
    """The findings of a report, and the repository that was scanned, None where it was a text.

    `head` is the ref or the commit that HEAD was.
    """

    findings: tuple[Finding, ...]
    path: str | None
    complete: bool
    head: str | None = None


class _Place(Record, frozen=True):
    id: str = ""
    path: str | None = None
    reasons: tuple[str, ...] = ()
    sure: bool = True


class _Remediation(Record, frozen=True):
    id: str = ""
    places: tuple[_Place, ...] = ()


class _Verdict(Record, frozen=True):
    state: VerdictState = VerdictState.NOT_CHECKED
    arn: str | None = None
    identity: Holder | None = None
    account_id: str | None = None


class _Known(ReportedFinding, frozen=True):
    status: Status = Status.NEW
    verdict: _Verdict = _Verdict()
    remediation: _Remediation | None = None


def read_listed(data: bytes, name: str, rules: RuleSet, places: Collection[str]) -> Listed:
    """Return what a report lists; `places` are the kinds of place there are.

    Raises ReportError for what is no report, of another version, or not complete.
    """
    read = read_as(data, name, _Known)
    known = {rule.id: rule for rule in rules.rules}
    found = {}
    for one in read.findings:
        finding = finding_of(one, _identity(one), known)
        remediation = one.remediation or _Remediation()
        if finding.credential.rule.id not in known and _ID.fullmatch(remediation.id):
            rule = replace(finding.credential.rule, remediation=remediation.id)
            finding = replace(finding, credential=replace(finding.credential, rule=rule))
        found[one.fingerprint] = replace(
            finding,
            status=one.status,
            verdict=_verdict(one.verdict),
            places=tuple(_choices(remediation, places)),
        )
    return Listed(tuple(found.values()), read.path, read.complete, read.head)


def _identity(one: _Known) -> Identity:
    """Return which parts there are: a part that is not empty in the report is one without bytes."""
    return Identity(
        key_id_of(one),
        None if one.secret is None else Secret(b"", "secret-access-key"),
        None if one.session_token is None else Secret(b"", "session-token"),
    )


def _verdict(its: _Verdict) -> Verdict:
    account = its.account_id or ""
    return Verdict(
        its.state,
        arn=its.arn or "",
        holder=its.identity,
        account=account if _ACCOUNT.fullmatch(account) else "",
    )


def _choices(remediation: _Remediation, places: Collection[str]) -> Iterator[Choice]:
    for one in remediation.places[:_MAX_PLACES]:
        if one.id in places:
            path = (one.path or "").encode("utf-8", "replace")
            yield Choice(one.id, path, 0, one.reasons, one.sure)
