"""Which controls the found credentials touch, for auditors: text, Markdown, JSON.

In: `Plans`. Out: bytes, by framework and version. A finding touches the controls of its kind of key
and of the places it stands in.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from rich.text import Text

from leakscan.remediation import Control
from leakscan.report.base import ReportOptions
from leakscan.report.page import Page
from leakscan.report.plan_contract import (
    ComplianceDoc,
    FrameworkDoc,
    KeyDoc,
    NumberDoc,
    TouchedDoc,
)
from leakscan.report.plan_markdown import code
from leakscan.report.plan_text import MIN_WIDTH, key_words
from leakscan.report.plans import Plans, keys, maker
from leakscan.report.words import count, some

SCHEMA: Final = "leakscan.compliance/1"
_LABEL: Final = 16
_KEYS: Final = 5


def compliance(plans: Plans, options: ReportOptions) -> ComplianceDoc:
    """Return the controls that the plans name, with what touches each."""
    controls: dict[str, Control] = {}
    touched: dict[str, dict[str, None]] = {}
    found: dict[str, KeyDoc] = {}
    for one in plans.planned:
        its = keys(one.findings, options, plans.hidden)
        found |= {key["fingerprint"]: key for key in its}
        for control in one.plan.controls:
            controls[control.id] = control
            touched.setdefault(control.id, {}).update(dict.fromkeys(k["fingerprint"] for k in its))
    return {
        "schema": SCHEMA,
        "tool": maker(options),
        "findings": list(found.values()),
        "controls": [
            TouchedDoc(id=one.id, title=one.title, findings=list(touched[one.id]))
            for one in controls.values()
        ],
        "frameworks": list(_frameworks(controls.values(), touched)),
    }


def _frameworks(
    controls: Iterable[Control], touched: dict[str, dict[str, None]]
) -> Iterator[FrameworkDoc]:
    """Yield each version of each framework, the frameworks in the order of our controls."""
    numbers: dict[str, dict[str, dict[str, list[str]]]] = {}
    for control in controls:
        for framework, versions in control.numbers.items():
            for version, found in versions.items():
                known = numbers.setdefault(framework, {}).setdefault(version, {})
                for number in found:
                    known.setdefault(number, []).append(control.id)
    for framework in sorted(numbers):
        for version in sorted(numbers[framework], key=_parts):
            by_number = numbers[framework][version]
            yield {
                "framework": framework,
                "version": version,
                "numbers": [
                    NumberDoc(
                        number=number,
                        controls=by_number[number],
                        findings=list(
                            dict.fromkeys(
                                one for name in by_number[number] for one in touched[name]
                            )
                        ),
                    )
                    for number in sorted(by_number, key=_parts)
                ],
            }


def _number(number: str, names: list[str], touched: dict[str, dict[str, None]]) -> NumberDoc:
    findings = dict.fromkeys(one for name in names for one in touched[name])
    return {"number": number, "controls": names, "findings": list(findings)}


def _parts(number: str) -> list[tuple[int, str]]:
    """Return what orders 1.9 before 1.11."""
    words = number.replace("(", ".").replace("-", ".").replace(")", "").split(".")
    return [(int(word), "") if word.isdecimal() else (0, word) for word in words]


def render_json(plans: Plans, options: ReportOptions) -> bytes:
    """Return the document with a newline at the end, in ASCII."""
    doc = compliance(plans, options)
    return (json.dumps(doc, indent=2, allow_nan=False) + "\n").encode("ascii")


def render_text(plans: Plans, options: ReportOptions) -> bytes:
    """Return the controls as text, with the keys that touch each number."""
    doc = compliance(plans, options)
    page = Page(max(options.width, MIN_WIDTH), color=options.color)
    page.line(Text(_heading(doc), "bold"))
    titles = {one["id"]: one["title"] for one in doc["controls"]}
    for one in doc["frameworks"]:
        page.blank()
        page.line(Text(_named(one), "bold"))
        for its in one["numbers"]:
            lead = Text(f"  {its['number']}  ".ljust(_LABEL), "bold")
            page.hang(lead, "; ".join(titles[name] for name in its["controls"]))
            if its["findings"]:
                page.hang(Text(" " * lead.cell_len), _touching(its, doc), "dim")
    return page.text().encode("utf-8")


def render_markdown(plans: Plans, options: ReportOptions) -> bytes:
    """Return a table for each version of each framework."""
    doc = compliance(plans, options)
    titles = {one["id"]: one["title"] for one in doc["controls"]}
    names = {one["fingerprint"]: one["access_key_id"] or one["title"] for one in doc["findings"]}
    lines = [f"# {_heading(doc)}", ""]
    for one in doc["frameworks"]:
        lines += [f"## {_named(one)}", "", "| Number | Control | Findings |", "| --- | --- | --- |"]
        for its in one["numbers"]:
            controls = "; ".join(titles[name] for name in its["controls"])
            # No key id has a bar in it; what is none of one form is no key id of a finding.
            touching = ", ".join(code(names[name]).replace("|", "") for name in its["findings"])
            lines.append(f"| {its['number']} | {controls} | {touching} |")
        lines.append("")
    return ("\n".join(lines).rstrip("\n") + "\n").encode("utf-8")


def _heading(doc: ComplianceDoc) -> str:
    controls = count(len(doc["controls"]), "control")
    if not doc["findings"]:
        return f"{controls} that a key there touches"
    return f"{controls} touched by {count(len(doc['findings']), 'finding')}"


def _named(one: FrameworkDoc) -> str:
    version = one["version"]
    number = f"v{version}" if version[:1].isdigit() else version
    return f"{one['framework']} {number}".strip()


def _touching(its: NumberDoc, doc: ComplianceDoc) -> str:
    by_name = {one["fingerprint"]: one for one in doc["findings"]}
    return some([key_words(by_name[name]) for name in its["findings"]], _KEYS)


RENDERERS: Final[Mapping[str, Callable[[Plans, ReportOptions], bytes]]] = {
    "text": render_text,
    "markdown": render_markdown,
    "json": render_json,
}
"""By the name of the format."""
