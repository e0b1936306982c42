"""The reports of `leakscan verify`: what AWS said, what is live first; before that, the dry run.

In: a `VerifyOutcome`, or the rows of a plan. Out: the bytes of text or of JSON (of the schemas
`verdicts-1.json` and `verify-plan-1.json`), and the exit code. No secret stands in any of them, not
even where a report of a scan would reveal it.
"""

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from typing import Any, Final, Literal

from msgspec.structs import replace
from rich.text import Text

from leakscan.errors import ExitCode
from leakscan.inspection import Inspection
from leakscan.model import Finding, Fingerprint, Level, RuleSet
from leakscan.record import Record
from leakscan.redact import Secret, mask_text
from leakscan.report.base import ReportOptions
from leakscan.report.clean import Cleaner
from leakscan.report.contract import (
    FindingDoc,
    OccurrenceDoc,
    PlaceDoc,
    PlanDoc,
    PlannedDoc,
    VerdictsDoc,
    VerifiedDoc,
)
from leakscan.report.document import finding_documents, redactor, tool_document
from leakscan.report.liveness import is_live, is_open
from leakscan.report.page import Page
from leakscan.report.rows import do_now, means, stands, values
from leakscan.report.verdict_words import (
    DISPUTED,
    DISPUTED_WORDS,
    live_line,
    liveness,
    state_style,
    state_words,
)
from leakscan.report.words import count, some, standing_first, visible
from leakscan.verdict import VerdictState

Format = Literal["text", "json"]

SCHEMA: Final = "leakscan.verdicts/1"
PLAN_SCHEMA: Final = "leakscan.verify-plan/1"
MIN_WIDTH: Final = 40
MAX_PLACES: Final = 10
"""Places of a credential that JSON lists; their count is always whole."""
_ORDER: Final = (
    "live",
    "unknown",
    "wrong-secret",
    "token-missing",
    "foreign-account",
    "not-checked",
    "not-accepted",
    "expired",
    "canary",
)


class VerifyOutcome(Record, frozen=True):
    """What came of verifying: the findings with their verdicts, and what could not be looked at.

    `calls` is how often AWS was asked, `not_found` are fingerprints that were asked for and that
    nothing read held; without `complete` not all was read. `inspections` are those of `--inspect`.
    `hidden` are secrets that stand in none of the findings, and in no report.
    """

    findings: tuple[Finding, ...]
    rules: RuleSet
    calls: int
    inspections: Mapping[Fingerprint, Inspection]
    not_found: tuple[str, ...]
    complete: bool
    hidden: tuple[Secret, ...] = ()


def exit_code(outcome: VerifyOutcome) -> ExitCode:
    """Return 1 if one is live, else 5 if one could not be settled, else 3 if incomplete, else 0.

    Where IAM says that a key is active which AWS did not accept, nothing is settled.
    """
    if any(map(is_live, outcome.findings)):
        return ExitCode.FINDINGS
    if _doubts(outcome):
        return ExitCode.UNVERIFIED
    return ExitCode.CLEAN if outcome.complete else ExitCode.INCOMPLETE


def _doubts(outcome: VerifyOutcome) -> int:
    found = sum(is_open(one) or _is_contradicted(one, outcome) for one in outcome.findings)
    return found + len(outcome.not_found)


def _is_contradicted(finding: Finding, outcome: VerifyOutcome) -> bool:
    if finding.verdict.state is not VerdictState.NOT_ACCEPTED:
        return False  # Of another finding of its id: a wrong secret is no contradiction.
    inspection = outcome.inspections.get(finding.credential.fingerprint)
    return inspection is not None and inspection.contradicts


def render(outcome: VerifyOutcome, options: ReportOptions, form: Format) -> bytes:
    """Return the report in a format."""
    clean = Cleaner(redactor(outcome.findings, outcome.hidden))
    docs = _documents(outcome, options)
    if form == "json":
        doc = _document(outcome, docs, options, clean)
        return (json.dumps(doc, indent=2, allow_nan=False) + "\n").encode("ascii")
    page = Page(max(options.width, MIN_WIDTH), color=options.color)
    _text(page, outcome, docs, clean)
    return page.text().encode("utf-8")


def _documents(outcome: VerifyOutcome, options: ReportOptions) -> list[FindingDoc]:
    """Return what is live first, and of each state the worst first; IAM's word makes it unknown."""
    docs = finding_documents(outcome.findings, replace(options, reveal=False), outcome.hidden)
    disputed = _disputed(outcome)
    return sorted(docs, key=lambda its: (_rank(its, disputed), -Level(its["severity"]).rank))


def _rank(its: FindingDoc, disputed: Collection[str]) -> int:
    state = "unknown" if its["fingerprint"] in disputed else its["verdict"]["state"]
    is_alone = its["secret"] is None and its["session_token"] is None
    # An id alone opens nothing: it is nothing to act on.
    return len(_ORDER) if state == "not-checked" and is_alone else _ORDER.index(state)


def _disputed(outcome: VerifyOutcome) -> set[str]:
    return {
        one.credential.fingerprint for one in outcome.findings if _is_contradicted(one, outcome)
    }


# -- JSON ---------------------------------------------------------------------------------


def _document(
    outcome: VerifyOutcome, docs: Sequence[FindingDoc], options: ReportOptions, clean: Cleaner
) -> VerdictsDoc:
    return {
        "schema": SCHEMA,
        "tool": tool_document(outcome.rules, options, clean),
        "complete": outcome.complete,
        "calls": outcome.calls,
        "findings": [_verified(its, outcome, clean) for its in docs],
        "not_found": clean.names(outcome.not_found),
    }


def _verified(its: FindingDoc, outcome: VerifyOutcome, clean: Cleaner) -> VerifiedDoc:
    places = standing_first(its)
    return {
        "fingerprint": its["fingerprint"],
        "rule": its["rule"],
        "title": its["title"],
        "severity": its["severity"],
        "confidence": its["confidence"],
        "access_key_id": its["access_key_id"],
        "account_id": its["account_id"],
        "key_generation": its["key_generation"],
        "regions": its["regions"],
        "secret": its["secret"],
        "session_token": its["session_token"],
        "places": [_place(one) for one in places[:MAX_PLACES]],
        "places_total": len(places),
        "verdict": its["verdict"],
        "inspection": _inspection(its, outcome, clean),
    }


def _place(one: OccurrenceDoc) -> PlaceDoc:
    return {
        "kind": one["kind"],
        "path": None if one["path"] is None else mask_text(one["path"]),
        "name": one["name"],
        "line": one["line"],
        "commit": one["commit"],
    }


def _inspection(its: FindingDoc, outcome: VerifyOutcome, clean: Cleaner) -> object:
    inspection = _inspected(its, outcome, clean)
    if inspection is None:
        return None
    from leakscan.report import inspected

    return inspected.document(inspection)


def _inspected(its: FindingDoc, outcome: VerifyOutcome, clean: Cleaner) -> Inspection | None:
    """Return the inspection with its texts cleaned: what IAM answers may quote what leaked."""
    found = outcome.inspections.get(Fingerprint(its["fingerprint"]))
    return None if found is None else _cleaned(found, clean)


def _cleaned(node: Any, clean: Cleaner) -> Any:
    if isinstance(node, Enum):
        return node
    if isinstance(node, str):
        return clean.one(node)
    if isinstance(node, tuple):
        return tuple(_cleaned(one, clean) for one in node)
    if isinstance(node, Record):
        fields = {name: _cleaned(getattr(node, name), clean) for name in node.__struct_fields__}
        return replace(node, **fields)
    return node


# -- text ---------------------------------------------------------------------------------


def _text(page: Page, outcome: VerifyOutcome, docs: Sequence[FindingDoc], clean: Cleaner) -> None:
    disputed = _disputed(outcome)
    for number, its in enumerate(docs, 1):
        if number > 1:
            page.blank()
        _credential(page, number, its, is_disputed=its["fingerprint"] in disputed)
        _inspection_rows(page, its, outcome, clean)
    if outcome.not_found:
        if docs:
            page.blank()
        page.row("Not found", "asked for, and held by nothing that was read:")
        for name in clean.names(outcome.not_found):
            page.row("", f"- {visible(name)}")
    if docs or outcome.not_found:
        page.blank()
    _last_lines(page, outcome, docs)


def _credential(page: Page, number: int, its: FindingDoc, *, is_disputed: bool) -> None:
    verdict = its["verdict"]
    words = DISPUTED_WORDS if is_disputed else state_words(verdict)
    page.hang(Text(f"{number}. "), words, "bold yellow" if is_disputed else state_style(verdict))
    page.row("What", f"{visible(its['title'])} (severity {its['severity']})")
    values(page, its)
    stands(page, its)
    means(page, "Verdict", its)
    page.row("Fingerprint", visible(its["fingerprint"]), "dim")
    do_now(page, its)


def _inspection_rows(page: Page, its: FindingDoc, outcome: VerifyOutcome, clean: Cleaner) -> None:
    inspection = _inspected(its, outcome, clean)
    if inspection is None:
        return
    from leakscan.report import inspected

    for label, text in inspected.lines(inspection):
        page.row(label, text)


def _last_lines(page: Page, outcome: VerifyOutcome, docs: Sequence[FindingDoc]) -> None:
    if docs:
        disputed = _disputed(outcome)
        said = liveness(
            {**its["verdict"], "state": DISPUTED}
            if its["fingerprint"] in disputed
            else its["verdict"]
            for its in docs
        )
        page.hang(Text("Liveness: "), f"{said}; {count(outcome.calls, 'call')} to AWS")
    live, doubts = sum(map(is_live, outcome.findings)), _doubts(outcome)
    sure = outcome.complete and not doubts
    style = "bold red" if live else "bold green" if sure else "bold yellow"
    said = live_line(live, doubts, outcome.complete)
    if not docs and not doubts and outcome.complete:
        said = "There was no credential to ask about."
    page.line(Text(said, style))


# -- the dry run --------------------------------------------------------------------------


_ACCOUNTS: Final = 5


class PlannedRow(Record, frozen=True):
    """A credential of a plan: how many candidates would be tried, where, and why if not.

    It would be asked about if there is a host, and is foreign if nobody named its account;
    `generation` is None where AWS builds no such id.
    """

    fingerprint: str
    access_key_id: str | None
    account_id: str | None
    generation: str | None
    candidates: int
    hosts: tuple[str, ...]
    text: str
    is_foreign: bool = False


def render_plan(
    rows: Sequence[PlannedRow], form: Format, options: ReportOptions | None = None
) -> bytes:
    """Return what would be asked, in a format; nothing was asked to make it."""
    options = options or ReportOptions()
    clean = Cleaner(mask_text)
    planned = [_planned(row, clean) for row in rows]
    if form == "json":
        doc: PlanDoc = {"schema": PLAN_SCHEMA, "planned": planned}
        return (json.dumps(doc, indent=2, allow_nan=False) + "\n").encode("ascii")
    page = Page(max(options.width, MIN_WIDTH), color=options.color)
    for one in planned:
        _planned_rows(page, one)
    number = sum(bool(one["hosts"]) for one in planned)
    total = count(len(planned), "credential")
    page.line(Text(f"{number} of {total} would be asked about. Nothing was asked.", "bold"))
    foreign = Counter(row.account_id for row in rows if row.is_foreign)
    if foreign:
        page.hang(Text(""), _foreign_line(foreign))
    return page.text().encode("utf-8")


def _foreign_line(foreign: Counter[str | None]) -> str:
    """Say of whom nobody may ask yet, and how to."""
    accounts = sorted(account for account in foreign if account is not None)
    parts = [f"account {one} ({count(foreign[one], 'key')})" for one in accounts]
    named = some([f"--account {one}" for one in accounts], _ACCOUNTS)
    ways = [named.replace(", --", " --")] if accounts else []
    if foreign[None]:
        parts.append(f"account not known ({count(foreign[None], 'key')})")
        ways.append("--any-account")
    return f"Not yours to ask yet: {some(parts, _ACCOUNTS + 1)}. To ask: {' or '.join(ways)}"


def _planned(row: PlannedRow, clean: Cleaner) -> PlannedDoc:
    return {
        "fingerprint": clean.one(row.fingerprint),
        "access_key_id": clean.maybe(row.access_key_id),
        "account_id": clean.maybe(row.account_id),
        "key_generation": clean.maybe(row.generation),
        "candidates": row.candidates,
        "hosts": clean.many(row.hosts),
        "text": clean.one(row.text),
    }


def _planned_rows(page: Page, one: PlannedDoc) -> None:
    """Write a credential in a line, and below it of whom it would be asked, or why not."""
    key_id = visible(one["access_key_id"] or one["fingerprint"])
    account = one["account_id"] or "account not known"
    form = f"  {one['key_generation']} form" if one["key_generation"] else ""
    said = visible(one["text"])
    if one["hosts"]:
        hosts = ", ".join(visible(host) for host in one["hosts"])
        said = f"would ask {hosts}, with {count(one['candidates'], 'secret')}. {said}".rstrip()
    page.line(Text.assemble((key_id.ljust(21), "bold"), f"  {account}{form}"))
    page.hang(Text("  "), said, "" if one["hosts"] else "dim")
    page.blank()
