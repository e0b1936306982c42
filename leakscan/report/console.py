"""The report for people: findings worst first, then coverage, then one line to remember.

In: a ScanResult. Out: UTF-8 text, with terminal styles only if asked for. Names of the
repository go through `visible`, and rich gets them as text, never as markup. Lines
wrap at `width`; a word that is too long, such as a path, stays whole so that it can be copied.
"""

from collections.abc import Iterator
from typing import Final

from rich.text import Text

from leakscan.model import Finding, ScanResult, Status
from leakscan.report.base import (
    ReportOptions,
    acts,
    anything_read,
    certain,
    is_complete,
    live_aside,
    unsettled,
)
from leakscan.report.contract import FindingDoc, ReportDoc
from leakscan.report.document import document
from leakscan.report.liveness import is_live, is_open, is_verified, known
from leakscan.report.page import Page
from leakscan.report.rows import values, verdict
from leakscan.report.steps import what_to_do
from leakscan.report.verdict_words import is_told, live_line, liveness
from leakscan.report.words import (
    count,
    elsewhere,
    exposed,
    grouped,
    introduction,
    introductions,
    moment,
    now,
    ref,
    remotes,
    scope_line,
    short,
    size,
    some,
    visible,
)
from leakscan.verdict import VerdictState

MIN_WIDTH: Final = 40
SHOWN: Final = 3
SHOWN_SKIPPED: Final = 10
SHOWN_ACCEPTED: Final = 10
SHOWN_NOTES: Final = 20
_REFUSED: Final = (VerdictState.NOT_ACCEPTED, VerdictState.WRONG_SECRET, VerdictState.EXPIRED)
_SEVERITY: Final = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan"}


class ConsoleReporter:
    """The text format."""

    def render(self, result: ScanResult, options: ReportOptions) -> bytes:
        """Return the report; without `color` it has no escape code at all."""
        page = Page(max(options.width, MIN_WIDTH), color=options.color)
        doc = document(result, options)
        _heading(page, doc)
        _findings(page, result, doc, options)
        _coverage(page, doc)
        _target(page, doc)
        _unlisted(page, result, options)
        _accepted(page, doc)
        _triage_notes(page, doc)
        _last_line(page, result, doc, options)
        return page.text().encode("utf-8")


def _heading(page: Page, doc: ReportDoc) -> None:
    tool, target = doc["tool"], doc["target"]
    version = " ".join(part for part in (tool["name"], visible(tool["version"])) if part)
    rules = f"rules {visible(tool['rules']['version'])} ({visible(tool['rules']['hash'])[:12]})"
    page.line(Text(f"{version}, {rules}"))
    page.hang(Text(), visible(target["path"]), "bold")
    if target["scope"] is not None:
        page.hang(Text(), scope_line(target["scope"]))


# -- findings -----------------------------------------------------------------------------


def _findings(page: Page, result: ScanResult, doc: ReportDoc, options: ReportOptions) -> None:
    pairs = zip(result.findings, doc["findings"], strict=True)
    listed = [pair for pair in pairs if _is_listed(pair[0], options)]
    listed.sort(key=lambda pair: _rank(pair[0], options), reverse=True)
    told: dict[str, tuple[int, list[str]]] = {}
    for number, (finding, its) in enumerate(listed, 1):
        page.blank()
        _finding(page, number, its, _aside(finding, options))
        what_to_do(page, number, its, told)


def _is_listed(finding: Finding, options: ReportOptions) -> bool:
    return finding.status is Status.NEW and certain(finding, options)


def _rank(finding: Finding, options: ReportOptions) -> tuple[bool, bool, int, int]:
    credential = finding.credential
    ranks = credential.severity.rank, credential.confidence.rank
    return acts(finding, options), is_live(finding), *ranks


def _aside(finding: Finding, options: ReportOptions) -> str:
    """Say why a listed finding is nothing to act on; empty if it is."""
    if acts(finding, options):
        return ""
    if not options.fail_on_live:
        return "below --fail-on"
    if is_open(finding):
        return "not settled"
    return "not live" if known(finding).state in _REFUSED else "not asked"


def _finding(page: Page, number: int, its: FindingDoc, aside: str) -> None:
    style = _SEVERITY[its["severity"]]
    lead = Text.assemble(f"{number}. ", (its["severity"].upper(), style), "  ")
    sure = "; ".join(part for part in (f"confidence {its['confidence']}", aside) if part)
    page.hang(lead, f"{visible(its['title'])} ({sure})", "bold")
    values(page, its)
    if is_told(its["verdict"]):
        verdict(page, its)
    page.row("Exposed", exposed(its))
    page.row("Now", now(its))
    _introduction(page, its)
    _places(page, its)
    strongest = sorted(its["reasons"], key=lambda reason: -abs(reason["effect"]))[:SHOWN]
    if strongest:
        page.row("Why", " ".join(visible(reason["text"]).rstrip(".") + "." for reason in strongest))


def _introduction(page: Page, its: FindingDoc) -> None:
    first = introduction(its)
    if first is None:
        return
    place = some(grouped(introductions(its)), SHOWN)
    if first["commit"] is None:
        page.row("Found in", place)
        return
    commit = "" if first["kind"] == "commit" else f" in commit {short(first['commit'])}"
    page.row("Introduced", place + commit)
    name, mail = visible(first["author"] or ""), visible(first["email"] or "")
    who = " ".join(part for part in (name, f"<{mail}>" if mail else "") if part)
    page.row("", f"{f'by {who}, ' if who else ''}{moment(first['date'])}")
    if any(one["at_boundary"] for one in its["occurrences"]):
        page.row("", "at the edge of a shallow history: it may be older")


def _places(page: Page, its: FindingDoc) -> None:
    refs = [ref(name) for name in its["exposure"]["refs"]]
    if refs:
        page.row("Refs", some(refs, SHOWN, its["exposure"]["refs_total"]))
    held = remotes(its)
    if held:
        page.row("On remote", some(held, SHOWN))
    further = elsewhere(its)
    if further:
        page.row("Elsewhere", some(further, SHOWN))


# -- coverage and target ------------------------------------------------------------------


def _coverage(page: Page, doc: ReportDoc) -> None:
    coverage = doc["coverage"]
    objects = coverage["objects"]
    page.blank()
    amount = f"{objects['scanned']} of {objects['expected']} objects"
    took = f"{size(coverage['bytes_scanned'])} in {coverage['seconds']:.1f} s"
    page.row(
        "Coverage", f"scanned {amount}, {took}; {'complete' if doc['complete'] else 'INCOMPLETE'}"
    )
    kinds = ", ".join(f"{kind} {number}" for kind, number in coverage["by_kind"].items())
    if kinds:
        page.row("", f"by kind: {kinds}")
    if not doc["complete"]:
        _incomplete(page, doc)


def _incomplete(page: Page, doc: ReportDoc) -> None:
    skipped = doc["skipped"]
    objects = doc["coverage"]["objects"]
    missing = objects["expected"] - objects["scanned"]
    if skipped:
        page.row("INCOMPLETE", f"{count(len(skipped), 'item')} could not be read or followed:")
    elif missing > 0:
        page.row("INCOMPLETE", f"{count(missing, 'object')} expected and not scanned")
    for one in skipped[:SHOWN_SKIPPED]:
        name = " ".join(part for part in (short(one["object"]), visible(one["path"] or "")) if part)
        detail = f" ({visible(one['detail'])})" if one["detail"] else ""
        page.row("", f"- {one['kind']} {name.removeprefix('? ')}: {one['reason']}{detail}")
    if len(skipped) > SHOWN_SKIPPED:
        page.row("", f"+{len(skipped) - SHOWN_SKIPPED} more in the JSON report")


def _target(page: Page, doc: ReportDoc) -> None:
    for number, note in enumerate(_notes(doc)):
        page.row("" if number else "Target", note)


def _notes(doc: ReportDoc) -> Iterator[str]:
    target, outside = doc["target"], doc["coverage"]["not_in_store"]
    if target["shallow"]:
        yield "shallow clone: older history is not in this store"
    if target["partial"]:
        yield "partial clone: objects may be absent; nothing was fetched"
    if target["alternates"]:
        names = some([visible(name) for name in target["alternates"]], SHOWN)
        yield f"alternates, scanned too: {names}"
    if target["replace_refs"]:
        yield f"{count(target['replace_refs'], 'replace ref')}, not obeyed: what is stored counts"
    if target["grafts"]:
        yield "a grafts file, not obeyed"
    if outside["submodules"]["count"]:
        names = ", ".join(visible(name) for name in outside["submodules"]["names"][:SHOWN])
        number = count(outside["submodules"]["count"], "submodule")
        more = ", ..." if outside["submodules"]["count"] > SHOWN else ""
        yield f"{number} not in this store, to be scanned apart: {names}{more}"
    if outside["lfs"]["count"]:
        yield f"{count(outside['lfs']['count'], 'LFS object')} not in this store, not scanned"


def _unlisted(page: Page, result: ScanResult, options: ReportOptions) -> None:
    """Count the findings that are not listed."""
    new = [finding for finding in result.findings if finding.status is Status.NEW]
    hidden = sum(not _is_listed(finding, options) for finding in new)
    known = sum(finding.status is Status.KNOWN for finding in result.findings)
    if hidden:
        level = options.confidence.value
        said = f"{count(hidden, 'finding')} below {level} confidence; see --confidence low"
        page.row("Not listed", said)
    if known:
        said = f"{count(known, 'finding')} already known on the excluded side: not new"
        page.row("" if hidden else "Not listed", said)


def _accepted(page: Page, doc: ReportDoc) -> None:
    """List what somebody has accepted, and why."""
    accepted = [its for its in doc["findings"] if its["status"] in ("baselined", "allowed")]
    if not accepted:
        return
    page.row("Accepted", count(len(accepted), "finding"))
    for its in accepted[:SHOWN_ACCEPTED]:
        what = its["access_key_id"] or its["fingerprint"]
        why = its["accepted"] or {"source": its["status"], "entry": "", "reason": ""}
        reason = visible(why["reason"]) or "no reason given"
        live = its["verdict"]["state"] == "live"
        said = f"- {its['title']} {what}, by {why['source']}: {reason}"
        page.row("", f"{said} (LIVE)" if live else said, "bold red" if live else "")
    if len(accepted) > SHOWN_ACCEPTED:
        page.row("", f"+{len(accepted) - SHOWN_ACCEPTED} more in the JSON report")


def _triage_notes(page: Page, doc: ReportDoc) -> None:
    """Say what is wrong with baseline, allowlist and comments."""
    notes = doc["notes"]
    for number, one in enumerate(notes[:SHOWN_NOTES]):
        entry = f" ({visible(one['entry'])})" if one["entry"] else ""
        said = f"{visible(one['where'])}{entry}: {one['kind']}: {visible(one['text'])}"
        page.row("" if number else "Triage", said)
    if len(notes) > SHOWN_NOTES:
        page.row("", f"+{len(notes) - SHOWN_NOTES} more in the JSON report")


def _last_line(page: Page, result: ScanResult, doc: ReportDoc, options: ReportOptions) -> None:
    page.blank()
    if is_verified(result.findings):
        page.hang(Text("Liveness: "), liveness(its["verdict"] for its in doc["findings"]))
    number = sum(acts(finding, options) for finding in result.findings)
    doubts = 0
    if options.fail_on_live:
        doubts = sum(unsettled(finding, options) for finding in result.findings)
    complete, aside = is_complete(result), live_aside(result, options)
    sure = complete and not doubts and not aside
    style = "bold red" if number else "bold green" if sure else "bold yellow"
    if options.fail_on_live and any(_is_listed(one, options) for one in result.findings):
        said = live_line(number, doubts, complete, aside)
    else:
        said = _verdict(result, number, complete, aside)
    page.line(Text(said, style))


def _verdict(result: ScanResult, number: int, complete: bool, aside: str) -> str:
    if number:
        more = "" if complete else " INCOMPLETE: there may be more."
        beside = f"; {aside}" if aside else ""
        return f"{count(number, 'credential')} to act on{beside}.{more}"
    if not anything_read(result):
        return "Nothing was scanned. INCOMPLETE: do not take this as clean."
    found = "Nothing to act on" if result.findings else "Nothing found"
    but = f", but {aside}" if aside else ""
    if complete:
        return f"{found}{but}. Complete."
    return f"{found} in what was read{but}. INCOMPLETE: do not take this as clean."
