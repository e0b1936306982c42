"""The plans of `leakscan remedy` as a document, which its text and its Markdown are made from.

In: `Plans`. Out: `leakscan.plan/1`, free of secrets whatever the repository holds: what comes from
findings passes a `Cleaner`; what comes from the catalogue was written by us.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, Final, cast

from msgspec.structs import replace

from leakscan.model import Finding
from leakscan.record import Record
from leakscan.redact import Secret, mask_text
from leakscan.remediation import Block, Plan, PlannedStep, Section
from leakscan.report.base import ReportOptions
from leakscan.report.clean import Cleaner
from leakscan.report.contract import FindingDoc
from leakscan.report.document import finding_documents, redactor
from leakscan.report.plan_contract import (
    ControlDoc,
    FileDoc,
    KeyDoc,
    LeftOutDoc,
    MakerDoc,
    PartDoc,
    PhaseDoc,
    PlanDoc,
    PlansDoc,
    StepDoc,
    WhereDoc,
)
from leakscan.report.rows import holder_name
from leakscan.report.words import grouped, now, standing_first

SCHEMA: Final = "leakscan.plan/1"
MAX_PLACES: Final = 10
"""Places of one credential that a plan names."""
MAX_PATHS: Final = 100
"""Paths that a plan names of one kind of place."""
MAX_REASONS: Final = 20
"""Reasons that a plan names of one kind of place; a report that somebody wrote may have any."""


class Planned(Record, frozen=True):
    """A plan, and the findings that it is for; none where a kind of place was asked for."""

    plan: Plan
    findings: tuple[Finding, ...] = ()


class LeftOut(Record, frozen=True):
    """A finding that there is no plan for, and why."""

    fingerprint: str
    why: str


class Plans(Record, frozen=True):
    """All that `leakscan remedy` was asked for; `hidden` are secrets that names may hold.

    `complete` says whether all was read that was to be: if not, there may be more findings.
    """

    planned: tuple[Planned, ...]
    left_out: tuple[LeftOut, ...] = ()
    hidden: tuple[Secret, ...] = ()
    complete: bool = True


def document(plans: Plans, options: ReportOptions) -> PlansDoc:
    """Return the plans as JSON has them."""
    clean = Cleaner(redactor((one for its in plans.planned for one in its.findings), plans.hidden))
    return {
        "schema": SCHEMA,
        "tool": maker(options),
        "complete": plans.complete,
        "plans": [
            _redacted(_plan(one, options, clean, plans.hidden), clean.mask) for one in plans.planned
        ],
        "left_out": [
            LeftOutDoc(fingerprint=clean.one(one.fingerprint), why=one.why)
            for one in plans.left_out
        ],
    }


def render_json(plans: Plans, options: ReportOptions) -> bytes:
    """Return the document with a newline at the end, in ASCII."""
    return (json.dumps(document(plans, options), indent=2, allow_nan=False) + "\n").encode("ascii")


def maker(options: ReportOptions) -> MakerDoc:
    """Return what made the document."""
    return {"name": "leakscan", "version": options.tool_version}


def keys(
    findings: Sequence[Finding], options: ReportOptions, hidden: Iterable[Secret]
) -> list[KeyDoc]:
    """Return the credentials of a plan."""
    docs = finding_documents(findings, replace(options, reveal=False), tuple(hidden))
    return [_key(its) for its in docs]


def _key(its: FindingDoc) -> KeyDoc:
    verdict = its["verdict"]
    name = holder_name(verdict)
    is_user = verdict["identity"] == "user"
    return {
        "fingerprint": its["fingerprint"],
        "title": its["title"],
        "severity": its["severity"],
        "access_key_id": its["access_key_id"],
        "account_id": verdict["account_id"] or its["account_id"],
        "user": (name or None) if is_user else None,
        "role": None if is_user else (name or None),
        "verdict": verdict["state"],
        "arn": verdict["arn"],
        "found": mask_text(now(its)),
        "at": [mask_text(place) for place in grouped(standing_first(its))[:MAX_PLACES]],
    }


def _redacted(plan: PlanDoc, mask: Callable[[str], str]) -> PlanDoc:
    """Mask whatever got into a plan: its values were chosen so that there is nothing to mask."""
    return cast("PlanDoc", _masked(plan, mask))


def _masked(value: Any, mask: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, list):
        return [_masked(one, mask) for one in value]
    if isinstance(value, dict):
        return {name: _masked(one, mask) for name, one in value.items()}
    return value


def _plan(
    one: Planned, options: ReportOptions, clean: Cleaner, hidden: Iterable[Secret]
) -> PlanDoc:
    plan = one.plan
    return {
        "id": plan.key,
        "title": plan.title,
        "why": _paragraphs(plan.why),
        "keys": keys(one.findings, options, hidden),
        "places": [_place(section, clean) for section in plan.places],
        "phases": list(_phases(plan.steps)),
        "watch_out": list(plan.cautions),
        "fill_in": dict(plan.open_values),
        "filled_in": dict(plan.values),
        "controls": [
            ControlDoc(
                id=control.id,
                title=control.title,
                numbers={
                    framework: {version: list(found) for version, found in versions.items()}
                    for framework, versions in control.numbers.items()
                },
            )
            for control in plan.controls
        ],
        "references": list(plan.references),
    }


def _place(section: Section, clean: Cleaner) -> WhereDoc:
    return {
        "id": section.id,
        "title": section.title,
        "mechanism": section.mechanism,
        "why": _paragraphs(section.why),
        "reasons": clean.many(section.reasons[:MAX_REASONS]),
        "paths": clean.names(section.paths[:MAX_PATHS]),
        "sure": section.sure,
        "trust": _file(section.trust),
        "terraform": _file(section.terraform),
        "cloudformation": _file(section.cloudformation),
    }


def _file(block: Block | None) -> FileDoc | None:
    if block is None:
        return None
    return {"language": block.language, "file": block.file or None, "text": block.text}


def _phases(steps: Iterable[PlannedStep]) -> Iterator[PhaseDoc]:
    """Yield the phases that have steps; the numbers go on from one to the next."""
    for phase, group in groupby(enumerate(steps, 1), key=lambda one: one[1].phase):
        yield {"phase": phase.value, "steps": [_step(number, step) for number, step in group]}


def _step(number: int, step: PlannedStep) -> StepDoc:
    return {"number": number, "entry": step.entry, "parts": list(map(_part, step.parts))}


def _part(part: str | Block) -> PartDoc:
    if isinstance(part, str):
        return {"kind": "text", "text": part}
    if part.language == "sh" and not part.file:
        return {"kind": "commands", "commands": list(part.commands)}
    return {
        "kind": "file",
        "language": part.language,
        "file": part.file or None,
        "text": part.text,
    }


def _paragraphs(text: str) -> list[str]:
    return [one for one in text.split("\n\n") if one]
