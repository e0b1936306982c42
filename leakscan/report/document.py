"""From a ScanResult to the JSON contract, which every format is made from.

In: a ScanResult. Out: a `ReportDoc`, valid and free of secrets whatever the repository holds: every
string passes `Cleaner`. Revealing adds `value` beside the two masks after that: a secret in a path,
ref or name stays masked even then, because such strings are copied around (into tickets, shells,
URLs) by people who asked for the value in one place.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from leakscan import aws
from leakscan.model import (
    Acceptance,
    Coverage,
    Credential,
    Exposure,
    Finding,
    NotInStore,
    ObjectId,
    Occurrence,
    Part,
    Remediation,
    RemoteExposure,
    RuleSet,
    ScanResult,
    Scope,
    Skipped,
    Target,
    TriageNote,
)
from leakscan.redact import Redactor, Secret, mask_text
from leakscan.remediation import Choice
from leakscan.report.base import ReportOptions, is_complete
from leakscan.report.clean import Cleaner, text_of
from leakscan.report.contract import (
    AcceptedDoc,
    ChosenDoc,
    CoverageDoc,
    ElsewhereDoc,
    ExposureDoc,
    FindingDoc,
    NoteDoc,
    NotInStoreDoc,
    OccurrenceDoc,
    ReasonDoc,
    RemediationDoc,
    RemoteDoc,
    ReportDoc,
    ScopeDoc,
    SecretDoc,
    SkippedDoc,
    TargetDoc,
    ToolDoc,
    VerdictDoc,
)
from leakscan.report.liveness import known
from leakscan.verdict import Verdict

SCHEMA: Final = "leakscan.report/1"
MAX_NAMES: Final = 100
"""Names of submodules and LFS objects that a report lists; their count is always whole."""
_ACCOUNT: Final = re.compile("[0-9]{12}")


def document(result: ScanResult, options: ReportOptions) -> ReportDoc:
    """Return the report as the JSON contract; findings and skipped keep the result's order."""
    clean = _Documents(redactor(result.findings, result.hidden), options)
    return {
        "schema": SCHEMA,
        "tool": tool_document(result.rules, options, clean),
        "target": clean.target(result.target),
        "complete": is_complete(result),
        "coverage": clean.coverage(result.coverage),
        "findings": [clean.finding(finding) for finding in result.findings],
        "skipped": [clean.skipped(skipped) for skipped in result.skipped],
        "notes": [clean.note(note) for note in result.notes],
    }


def finding_documents(
    findings: Sequence[Finding], options: ReportOptions, hidden: Iterable[Secret] = ()
) -> list[FindingDoc]:
    """Return each finding as the JSON contract has it, in their order."""
    clean = _Documents(redactor(findings, hidden), options)
    return [clean.finding(finding) for finding in findings]


def tool_document(rules: RuleSet, options: ReportOptions, clean: Cleaner) -> ToolDoc:
    """Return what made the report."""
    return {
        "name": "leakscan",
        "version": clean.one(options.tool_version),
        "rules": {"version": clean.one(rules.version), "hash": clean.one(rules.hash)},
    }


def redactor(findings: Iterable[Finding], hidden: Iterable[Secret] = ()) -> Redactor:
    """Return what masks every secret of the findings, and the hidden ones."""
    return Redactor([*_secrets(findings), *hidden])


def _secrets(findings: Iterable[Finding]) -> Iterable[Secret]:
    for finding in findings:
        identity = finding.credential.identity
        for secret in (identity.secret, identity.session_token):
            if secret is not None and len(secret) > 0:
                yield secret


def _hex(object_id: ObjectId | None) -> str | None:
    return None if object_id is None else object_id.hex()


def _date(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


class _Documents(Cleaner):
    """Builds each part of the document from strings that have been decoded and masked."""

    def __init__(self, mask: Callable[[str], str], options: ReportOptions) -> None:
        super().__init__(mask)
        self.options = options

    def target(self, target: Target) -> TargetDoc:
        return {
            "path": self.name(target.path),
            "head": self.name(target.head) if target.head else None,
            "refs": target.refs,
            "shallow": target.shallow,
            "partial": target.partial,
            "alternates": self.names(target.alternates),
            "replace_refs": target.replace_refs,
            "grafts": target.grafts,
            "object_format": self.one(target.object_format),
            "scope": self.scope(target.scope),
        }

    def scope(self, scope: Scope | None) -> ScopeDoc | None:
        if scope is None:
            return None
        return {
            "kind": scope.kind.value,
            "include": self.names(scope.include),
            "exclude": self.names(scope.exclude),
            "commits": scope.commits,
        }

    def coverage(self, coverage: Coverage) -> CoverageDoc:
        return {
            "objects": {
                "expected": coverage.objects_expected,
                "scanned": coverage.objects_scanned,
            },
            "by_kind": {kind.value: coverage.by_kind[kind] for kind in sorted(coverage.by_kind)},
            "bytes_scanned": coverage.bytes_scanned,
            "not_in_store": self.not_in_store(coverage.not_in_store),
            "seconds": round(coverage.seconds, 3),
        }

    def not_in_store(self, outside: NotInStore) -> NotInStoreDoc:
        return {
            "submodules": self.elsewhere(outside.submodules),
            "lfs": self.elsewhere(outside.lfs),
        }

    def elsewhere(self, names: tuple[bytes, ...]) -> ElsewhereDoc:
        return {"count": len(names), "names": self.names(names[:MAX_NAMES])}

    def finding(self, finding: Finding) -> FindingDoc:
        credential = finding.credential
        identity = credential.identity
        key_id = identity.access_key_id
        return {
            "fingerprint": self.one(credential.fingerprint),
            "rule": self.one(credential.rule.id),
            "title": self.one(_title(credential)),
            "severity": credential.severity.value,
            "confidence": credential.confidence.value,
            "status": finding.status.value,
            "accepted": self.accepted(finding.accepted),
            "reasons": [
                ReasonDoc(name=self.one(r.name), effect=r.effect, text=self.one(r.text))
                for r in credential.reasons
            ],
            "access_key_id": self.maybe(key_id),
            "account_id": aws.account_id(key_id) if key_id else None,
            "key_generation": aws.generation(key_id) if key_id else None,
            "secret": self.secret(identity.secret),
            "session_token": self.secret(identity.session_token),
            "regions": self.many(credential.regions),
            "entropy_bits": round(credential.entropy_bits, 3),
            "verdict": self.verdict(known(finding)),
            "exposure": self.exposure(finding.exposure),
            "occurrences": [self.occurrence(one) for one in finding.occurrences],
            "remediation": self.remediation(finding.remediation, finding.places),
        }

    def accepted(self, accepted: Acceptance | None) -> AcceptedDoc | None:
        if accepted is None:
            return None
        return {
            "source": self.one(accepted.source),
            "entry": self.name(accepted.entry),
            # What stands behind a comment's marker may be more than its author thought of.
            "reason": self.name(accepted.reason),
        }

    def secret(self, secret: Secret | None) -> SecretDoc | None:
        if secret is None:
            return None
        if self.options.reveal:
            return {"masked": secret.masked, "value": text_of(secret.reveal())}
        return {"masked": secret.masked}

    def verdict(self, verdict: Verdict) -> VerdictDoc:
        """Return the verdict; what a server wrote is a name like any other."""
        return {
            "state": verdict.state.value,
            "text": self.maybe(verdict.text),
            "code": self.maybe(verdict.code),
            "cause": verdict.cause.value if verdict.cause else None,
            "why": verdict.why.value if verdict.why else None,
            "arn": self.maybe(verdict.arn),
            "identity": verdict.holder.value if verdict.holder else None,
            "account_id": verdict.account if _ACCOUNT.fullmatch(verdict.account) else None,
            "asked": self.many(verdict.asked),
            "checked_at": _date(verdict.checked_at),
            "request_id": self.maybe(verdict.request_id),
            "kept": verdict.is_kept,
        }

    def exposure(self, exposure: Exposure) -> ExposureDoc:
        return {
            "introduced_at": _date(exposure.introduced_at),
            "removed_at": _date(exposure.removed_at),
            "at_head": exposure.at_head,
            "reachable": exposure.reachable,
            "refs": self.names(exposure.refs),
            "refs_total": max(exposure.refs_total, len(exposure.refs)),
            "tips_total": max(exposure.tips_total, len(exposure.tips)),
            "leftovers_total": max(exposure.leftovers_total, len(exposure.leftovers)),
            "tips": self.names(exposure.tips),
            "leftovers": self.names(exposure.leftovers),
            "first_commit": _hex(exposure.first_commit),
            "last_commit": _hex(exposure.last_commit),
            "remotes": [self.remote(one) for one in exposure.remotes],
        }

    def remote(self, one: RemoteExposure) -> RemoteDoc:
        return {
            "remote": self.name(one.remote),
            "ref": self.name(one.ref),
            "commit": _hex(one.commit),
            "since": _date(one.since),
        }

    def occurrence(self, one: Occurrence) -> OccurrenceDoc:
        named = self.options.authors
        return {
            "kind": one.place.value,
            "event": one.event.value,
            "parts": [part.value for part in one.parts],
            "commit": _hex(one.commit),
            "author": self.maybe(one.author) if named else None,
            "email": self.maybe(one.email) if named else None,
            "date": _date(one.date),
            "path": self.path(one.path),
            "from_path": self.path(one.from_path),
            "name": self.name(one.name) if one.name else None,
            "line": one.line,
            "column": one.column,
            "blob": _hex(one.object_id),
            "encoding": one.encoding.value,
            "member": None,
            "at_boundary": one.at_boundary,
            "allowed_by": self.one(one.marker.word) if one.marker else None,
        }

    def remediation(
        self, remediation: Remediation | None, places: Iterable[Choice]
    ) -> RemediationDoc | None:
        if remediation is None:
            return None
        return {
            "id": self.one(remediation.id),
            "title": self.one(remediation.title),
            "mechanism": self.one(remediation.mechanism),
            "steps": self.many(remediation.steps),
            "phases": self.many(remediation.phases),
            "controls": self.many(remediation.controls),
            "references": self.many(remediation.references),
            "places": [self.chosen(one) for one in places],
        }

    def chosen(self, choice: Choice) -> ChosenDoc:
        """Return a kind of place; all but its path are words of the catalogue."""
        return {
            "id": self.one(choice.id),
            "title": self.one(choice.title),
            "mechanism": self.one(choice.mechanism),
            "path": self.path(choice.path) if choice.path else None,
            "reasons": self.many(choice.reasons),
            "sure": choice.sure,
        }

    def skipped(self, skipped: Skipped) -> SkippedDoc:
        return {
            "object": _hex(skipped.object_id),
            "kind": skipped.kind.value,
            "path": self.name(skipped.path) if skipped.path else None,
            "reason": skipped.reason.value,
            # A detail may quote what a program said about content that no rule has judged yet.
            "detail": mask_text(self.one(skipped.detail)),
        }

    def note(self, note: TriageNote) -> NoteDoc:
        return {
            "kind": note.kind.value,
            "where": self.name(note.where),
            "entry": self.name(note.entry),
            "text": self.name(note.text),
        }


def _title(credential: Credential) -> str:
    """Return the name of the rule and what is known beside an id."""
    identity = credential.identity
    if credential.rule.part is not Part.KEY_ID:
        return credential.rule.name
    known = (("its secret", identity.secret), ("session token", identity.session_token))
    beside = " and ".join(name for name, secret in known if secret is not None)
    return f"{credential.rule.name} with {beside}" if beside else credential.rule.name
