"""Which controls the found credentials touch, for auditors: text, Markdown, JSON.

In: `Plans`. Out: bytes, by framework and version. A finding touches the controls of its kind of key
and of the places it stands in.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from rich.text import Text

from leakscan.remediation import Control, framework_name
from leakscan.report.base import ReportOptions
from leakscan.report.page import Page
from leakscan.report.plan_contract import (
    ComplianceDoc,
    FrameworkDoc,
    KeyDoc,
    NumberDoc,
    TouchedDoc,
    TouchingDoc,
)
from leakscan.report.plan_markdown import code
from leakscan.report.plan_text import (
    INCOMPLETE,
    MIN_WIDTH,
    NOTHING,
    NOTHING_READ,
    incomplete,
    key_words,
)
from leakscan.report.plans import Plans, keys, maker
from leakscan.report.words import count, some

SCHEMA: Final = "leakscan.compliance/1"
_LABEL: Final = 16
_KEYS: Final = 5


def compliance(plans: Plans, options: ReportOptions) -> ComplianceDoc:
    """Return the controls that the plans name, with what touches each.

    A report may have very many findings: each is written once, and its controls once for all that
    share them.
    """
    controls: dict[str, Control] = {}
    touching: dict[tuple[str, ...], dict[str, None]] = {}
    found: dict[str, KeyDoc] = {}
    for one in plans.planned:
        its = {key["fingerprint"]: key for key in keys(one.findings, options, plans.hidden)}
        found |= its
        controls |= {control.id: control for control in one.plan.controls}
        if its:
            names = tuple(sorted(control.id for control in one.plan.controls))
            touching.setdefault(names, {}).update(dict.fromkeys(its))
    groups = [
        TouchingDoc(controls=list(names), findings=list(its)) for names, its in touching.items()
    ]
    return {
        "schema": SCHEMA,
        "tool": maker(options),
        "complete": plans.complete,
        "findings": list(found.values()),
        "touching": groups,
        "controls": [
            TouchedDoc(id=one.id, title=one.title, findings=_touched({one.id}, groups))
            for one in controls.values()
        ],
        "frameworks": list(_frameworks(controls.values(), groups)),
    }


def _touched(names: Collection[str], groups: Iterable[TouchingDoc]) -> int:
    """Return how many findings touch one of some controls."""
    return sum(len(one["findings"]) for one in groups if not set(names).isdisjoint(one["controls"]))


def _frameworks(
    controls: Iterable[Control], groups: Sequence[TouchingDoc]
) -> Iterator[FrameworkDoc]:
    """Yield each version of each framework, by its name."""
    numbers: dict[tuple[str, str], dict[str, list[str]]] = {}
    for control in controls:
        for framework, versions in control.numbers.items():
            for version, found in versions.items():
                for number in found:
                    known = numbers.setdefault((framework, version), {})
                    known.setdefault(number, []).append(control.id)
    for framework, version in sorted(numbers, key=lambda one: (one[0], _parts(one[1]))):
        by_number = numbers[framework, version]
        yield {
            "framework": framework,
            "version": version,
            "numbers": [
                NumberDoc(number=number, controls=names, findings=_touched(names, groups))
                for number, names in sorted(by_number.items(), key=lambda one: _parts(one[0]))
            ],
        }


def _parts(number: str) -> list[tuple[int, str]]:
    """Return what orders 1.9 before 1.11."""
    words = number.replace("(", ".").replace("-", ".").replace(")", "").split(".")
    return [(int(word), "") if word.isdecimal() else (0, word) for word in words]


def render_json(plans: Plans, options: ReportOptions) -> bytes:
    """Return the document with a newline at the end, in ASCII."""
    doc = compliance(plans, options)
    return (json.dumps(doc, indent=2, allow_nan=False) + "\n").encode("ascii")


def render_text(plans: Plans, options: ReportOptions) -> bytes:
    """Return the controls as text, with the first of the keys that touch each number."""
    doc = compliance(plans, options)
    page = Page(max(options.width, MIN_WIDTH), color=options.color)
    incomplete(page, complete=doc["complete"])
    page.line(Text(_heading(plans, doc), "bold"))
    titles = {one["id"]: one["title"] for one in doc["controls"]}
    names = {one["fingerprint"]: key_words(one) for one in _first(doc)}
    for one in doc["frameworks"]:
        page.blank()
        page.line(Text(framework_name(one["framework"], one["version"]), "bold"))
        for its in one["numbers"]:
            lead = Text(f"  {its['number']}  ".ljust(_LABEL), "bold")
            page.hang(lead, "; ".join(titles[name] for name in its["controls"]))
            if its["findings"]:
                touching = some(_touching(its, doc, names), _KEYS, its["findings"])
                page.hang(Text(" " * lead.cell_len), touching, "dim")
    return page.text().encode("utf-8")


def render_markdown(plans: Plans, options: ReportOptions) -> bytes:
    """Return a table for each version of each framework."""
    doc = compliance(plans, options)
    titles = {one["id"]: one["title"] for one in doc["controls"]}
    # No key id has a bar in it; what is none of one form is no key id of a finding.
    names = {
        one["fingerprint"]: code(one["access_key_id"] or one["title"]).replace("|", "")
        for one in _first(doc)
    }
    lines = [] if doc["complete"] else [f"**{INCOMPLETE}**", ""]
    lines += [f"# {_heading(plans, doc)}", ""]
    for one in doc["frameworks"]:
        title = framework_name(one["framework"], one["version"])
        lines += [f"## {title}", "", "| Number | Control | Findings |", "| --- | --- | --- |"]
        for its in one["numbers"]:
            controls = "; ".join(titles[name] for name in its["controls"])
            touching = some(_touching(its, doc, names), _KEYS, its["findings"])
            lines.append(f"| {its['number']} | {controls} | {touching} |")
        lines.append("")
    return ("\n".join(lines).rstrip("\n") + "\n").encode("utf-8")


def _heading(plans: Plans, doc: ComplianceDoc) -> str:
    controls = count(len(doc["controls"]), "control")
    if doc["findings"]:
        return f"{controls} touched by {count(len(doc['findings']), 'finding')}"
    if plans.planned:
        return f"{controls} that a key there touches"
    return NOTHING if doc["complete"] else NOTHING_READ


def _first(doc: ComplianceDoc) -> Iterator[KeyDoc]:
    """Yield the findings that are named: the first of each group."""
    named = {name for one in doc["touching"] for name in one["findings"][:_KEYS]}
    return (one for one in doc["findings"] if one["fingerprint"] in named)


def _touching(its: NumberDoc, doc: ComplianceDoc, names: Mapping[str, str]) -> list[str]:
    """Return the names of the first findings that touch a number."""
    return [
        names[name]
        for one in doc["touching"]
        if not set(its["controls"]).isdisjoint(one["controls"])
        for name in one["findings"][:_KEYS]
    ]


RENDERERS: Final[Mapping[str, Callable[[Plans, ReportOptions], bytes]]] = {
    "text": render_text,
    "markdown": render_markdown,
    "json": render_json,
}
"""By the name of the format."""
