"""What `leakscan explain` says: why it is a finding, where it stands, why it gets its remedy.

In: findings, and what was considered for each. Out: bytes, as text or as JSON. Signs and titles are
words of the catalogue; all that is the repository's passes the cleaner of every report.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypedDict

from rich.text import Text

from leakscan.model import Finding, Fingerprint, RuleSet
from leakscan.record import Record
from leakscan.redact import Secret
from leakscan.remediation import Considered, Weighed
from leakscan.report.base import ReportOptions
from leakscan.report.clean import Cleaner
from leakscan.report.contract import (
    ExposureDoc,
    FindingDoc,
    OccurrenceDoc,
    ReasonDoc,
    ToolDoc,
)
from leakscan.report.document import finding_documents, redactor, tool_document
from leakscan.report.page import LABEL, Page
from leakscan.report.rows import values
from leakscan.report.words import count, exposed, grouped, now, some, standing_first, visible

SCHEMA: Final = "leakscan.explained/1"
NOTHING: Final = "The report has no finding, so there is nothing to explain."
_MIN_WIDTH: Final = 40
_PLACES: Final = 10
_FILES: Final = 10
_WEIGHED: Final = 5
_LOOKED: Final = {
    "text": "by its text{beside}",
    "part": "by a part of its text{beside}, for looking for all signs took too long",
    "path": "by its path alone",
    "type": "by its type alone, for there are too many files",
}


class Explained(Record, frozen=True):
    """The findings to explain, and what was considered for each."""

    findings: tuple[Finding, ...]
    rules: RuleSet
    considered: Mapping[Fingerprint, tuple[Considered, ...]]
    not_found: tuple[str, ...]
    complete: bool


class SignDoc(TypedDict):
    """A sign that held; `kind` is what it was looked for in."""

    kind: str
    says: str
    points: int


class WeighedDoc(TypedDict):
    """A kind of place that was considered; a general one has no signs."""

    id: str
    title: str
    points: int
    chosen: bool
    sure: bool
    signs: list[SignDoc]


class ConsideredDoc(TypedDict):
    """One file, and the kinds of place it was held against."""

    path: str | None
    looked_at: str
    names: int
    places: list[WeighedDoc]


class ExplainedDoc(TypedDict):
    """One finding, explained."""

    fingerprint: str
    rule: str
    description: str
    title: str
    severity: str
    confidence: str
    status: str
    access_key_id: str | None
    reasons: list[ReasonDoc]
    exposure: ExposureDoc
    occurrences: list[OccurrenceDoc]
    considered: list[ConsideredDoc]


class ExplainedAllDoc(TypedDict):
    """What `leakscan explain` writes: `leakscan.explained/1`."""

    schema: str
    tool: ToolDoc
    complete: bool
    findings: list[ExplainedDoc]
    not_found: list[str]


def render_json(
    explained: Explained, options: ReportOptions, hidden: Iterable[Secret] = ()
) -> bytes:
    """Return the explanation as indented JSON."""
    doc, _ = _documents(explained, options, list(hidden))
    return (json.dumps(doc, indent=2, allow_nan=False) + "\n").encode("ascii")


def render_text(
    explained: Explained, options: ReportOptions, hidden: Iterable[Secret] = ()
) -> bytes:
    """Return the explanation as text."""
    doc, findings = _documents(explained, options, list(hidden))
    page = Page(max(options.width, _MIN_WIDTH), color=options.color)
    for number, (one, its) in enumerate(zip(doc["findings"], findings, strict=True), 1):
        if number > 1:
            page.blank()
        _finding(page, number, one, its)
    if not doc["findings"] and not doc["not_found"]:
        page.hang(Text(), NOTHING, "bold")
    for name in doc["not_found"]:
        page.hang(Text(), f"Nothing that was read holds {visible(name)}.", "bold")
    if not doc["complete"]:
        page.hang(Text(), "INCOMPLETE: not all could be read; there may be more.", "bold yellow")
    return page.text().encode("utf-8")


def _documents(
    explained: Explained, options: ReportOptions, hidden: Sequence[Secret]
) -> tuple[ExplainedAllDoc, list[FindingDoc]]:
    clean = Cleaner(redactor(explained.findings, hidden))
    findings = finding_documents(explained.findings, options, hidden)
    doc: ExplainedAllDoc = {
        "schema": SCHEMA,
        "tool": tool_document(explained.rules, options, clean),
        "complete": explained.complete,
        "findings": [
            _explained(clean, finding, its, explained)
            for finding, its in zip(explained.findings, findings, strict=True)
        ],
        "not_found": clean.many(explained.not_found),
    }
    return doc, findings


def _explained(
    clean: Cleaner, finding: Finding, its: FindingDoc, explained: Explained
) -> ExplainedDoc:
    considered = explained.considered.get(finding.credential.fingerprint, ())
    return {
        "fingerprint": its["fingerprint"],
        "rule": its["rule"],
        "description": clean.one(finding.credential.rule.description),
        "title": its["title"],
        "severity": its["severity"],
        "confidence": its["confidence"],
        "status": its["status"],
        "access_key_id": its["access_key_id"],
        "reasons": its["reasons"],
        "exposure": its["exposure"],
        "occurrences": its["occurrences"],
        "considered": [_considered(clean, one) for one in considered],
    }


def _considered(clean: Cleaner, one: Considered) -> ConsideredDoc:
    chosen = {choice.id: choice for choice in one.chosen}
    weighed = {its.id for its in one.weighed}
    general = [
        Weighed(choice.id, choice.title, choice.points, ())
        for choice in one.chosen
        if choice.id not in weighed
    ]
    return {
        "path": clean.path(one.path) if one.path else None,
        "looked_at": one.looked.value,
        "names": one.names,
        "places": [
            {
                "id": clean.one(its.id),
                "title": clean.one(its.title),
                "points": its.points,
                "chosen": its.id in chosen,
                "sure": its.id in chosen and chosen[its.id].sure,
                "signs": [
                    SignDoc(kind=sign.kind.value, says=clean.one(sign.says), points=sign.points)
                    for sign in its.spoke
                ],
            }
            for its in (*one.weighed, *general)
        ],
    }


# -- text ---------------------------------------------------------------------------------


def _finding(page: Page, number: int, one: ExplainedDoc, its: FindingDoc) -> None:
    title = f"{visible(one['title'])} (confidence {one['confidence']})"
    page.hang(Text(f"{number}. {one['severity'].upper()}  "), title, "bold")
    page.row("Fingerprint", one["fingerprint"])
    page.row("Rule", f"{visible(one['rule'])}: {visible(one['description'], limit=600)}")
    values(page, its)
    for at, reason in enumerate(sorted(one["reasons"], key=lambda reason: -reason["effect"])):
        page.row("" if at else "Found by", f"{reason['effect']:+d}  {visible(reason['text'])}")
    page.row("Exposed", exposed(its))
    page.row("Now", now(its))
    held = grouped(standing_first(its))
    if held:
        page.row("Held by", some(held, _PLACES))
    page.row("Status", one["status"])
    for considered in one["considered"][:_FILES]:
        _file(page, considered)
    if len(one["considered"]) > _FILES:
        page.row("", f"+{len(one['considered']) - _FILES} more files in --format json")


def _file(page: Page, one: ConsideredDoc) -> None:
    """Write what was considered for one file."""
    beside = f", {count(one['names'], 'name')} beside it and above" if one["names"] else ""
    looked = _LOOKED[one["looked_at"]].format(beside=beside)
    page.row("Stands in", f"{visible(one['path'] or 'no file')}, {looked}:")
    for place in one["places"][:_WEIGHED]:
        is_sure = "chosen" if place["sure"] else "offered, not sure"
        said = is_sure if place["chosen"] else "not close enough"
        lead = Text(f"{place['points']:4d}  ".rjust(LABEL), "bold")
        page.hang(lead, f"{place['id']}: {visible(place['title'])} ({said})")
        for sign in sorted(place["signs"], key=lambda sign: -sign["points"]):
            lead = Text(f"{sign['points']:+d}  ".rjust(LABEL + 5))
            page.hang(lead, f"{visible(sign['says'])} ({sign['kind']})")
    if len(one["places"]) > _WEIGHED:
        page.row("", f"+{len(one['places']) - _WEIGHED} more in --format json")
