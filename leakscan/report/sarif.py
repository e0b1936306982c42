"""SARIF 2.1.0, for code hosts and viewers.

In: a ScanResult. Out: one run; one result per credential of at least the asked confidence
(`findings_below_confidence` counts the others), one rule per rule that found one of them.
SARIF knows files of one revision and not a history, so:

- A credential at HEAD points at its path and line there.
- One only in history points at the path and line of the commit that introduced it, says so
  in its message and names the commit as `properties.revisionId`; the run's
  `versionControlProvenance` lists these commits.
- One without any path (a commit message, a ref, a git file) points at a name under `.git/`,
  for uploaders refuse a result without a physical location.
- One that AWS accepted is an error whatever its severity, and its message says so;
  `properties.verdict` is the state, the keys beside it the rest of the verdict.
- The help of a rule is for any key of its kind. A result whose key is of another kind (root's, a
  canary) says so in its message and has `properties.steps`.
- Accepted findings are suppressed; in a scan of a part of history, one that the rest holds
  already has the `baselineState` unchanged.
- `partialFingerprints` holds the credential's own fingerprint, so that a result keeps its
  identity however lines and commits move.

Source: OASIS SARIF 2.1.0 plus errata 01; GitHub, "SARIF support for code scanning".
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final
from urllib.parse import quote

from leakscan.model import Remediation, Rule, ScanResult
from leakscan.report.base import ReportOptions, certain, exit_code
from leakscan.report.chosen import found_in, in_sentence, mechanisms
from leakscan.report.contract import (
    FindingDoc,
    OccurrenceDoc,
    ReportDoc,
    SkippedDoc,
)
from leakscan.report.document import document
from leakscan.report.places import name, places
from leakscan.report.words import exposed, introduction, moment, now, visible

Json = Mapping[str, object]

_SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS: Final = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
# GitHub reads: over 9.0 critical, 7.0 to 8.9 high, 4.0 to 6.9 medium, 0.1 to 3.9 low.
_SECURITY_SEVERITY: Final = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}
_ROOT: Final = "%SRCROOT%"
_MAX_LOCATIONS: Final = 10
_MAX_PLACES: Final = 3
_ALL_STEPS: Final = "All steps for the place of a finding: `leakscan remedy FINGERPRINT`."


HelpOf = Callable[[str], Remediation | None]


class SarifReporter:
    """The SARIF format; `help_of` says what to do about any key of a rule's remediation."""

    def __init__(self, help_of: HelpOf = lambda _: None) -> None:
        self._help_of = help_of

    def render(self, result: ScanResult, options: ReportOptions) -> bytes:
        """Return the log as indented JSON with a newline at the end."""
        doc = document(result, options)
        log = {
            "$schema": _SCHEMA,
            "version": "2.1.0",
            "runs": [_run(doc, result, options, self._help_of)],
        }
        return (json.dumps(log, indent=2, allow_nan=False) + "\n").encode("ascii")


def _run(doc: ReportDoc, result: ScanResult, options: ReportOptions, help_of: HelpOf) -> Json:
    pairs = [
        (finding.credential.rule, its)
        for finding, its in zip(result.findings, doc["findings"], strict=True)
        if certain(finding, options)
    ]
    worst: dict[str, tuple[Rule, FindingDoc]] = {}
    for rule, its in pairs:
        worst.setdefault(its["rule"], (rule, its))
    rules = {
        name: _rule(rule, its["severity"], help_of(rule.remediation))
        for name, (rule, its) in worst.items()
    }
    numbers = {rule: number for number, rule in enumerate(rules)}
    below = len(doc["findings"]) - len(pairs)
    return {
        "tool": {"driver": _driver(doc, list(rules.values()))},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {
            _ROOT: {"description": {"text": "The root of the scanned repository."}}
        },
        "versionControlProvenance": _revisions(doc, [its for _, its in pairs]),
        "invocations": [_invocation(doc, int(exit_code(result, options)))],
        "results": [
            _result(rule, its, numbers[its["rule"]]) | _state(doc, its) for rule, its in pairs
        ],
        "properties": {
            "complete": doc["complete"],
            "coverage": doc["coverage"],
            "target": doc["target"],
            "findings_below_confidence": below,
        },
    }


def _driver(doc: ReportDoc, rules: Sequence[Json]) -> Json:
    tool = doc["tool"]
    driver: dict[str, object] = {"name": tool["name"]}
    if tool["version"]:
        driver["version"] = tool["version"]
    return {**driver, "rules": rules, "properties": {"rules": tool["rules"]}}


def _rule(rule: Rule, severity: str, remediation: Remediation | None) -> Json:
    """Return a rule with the severity of its worst finding, and nothing else of any finding."""
    text = _message(rule.description or rule.name)
    made: dict[str, object] = {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.id.split("-")),
        "shortDescription": {"text": _message(rule.name)},
        "fullDescription": {"text": text},
        "defaultConfiguration": {"level": _LEVELS[severity]},
        "help": {"text": text},
        "properties": {
            "security-severity": _SECURITY_SEVERITY[severity],
            "tags": ["security", "external/cwe/cwe-798"],
        },
    }
    if remediation is not None:
        made["help"] = _help(remediation)
        made["helpUri"] = next(iter(remediation.references), None)
    return {key: value for key, value in made.items() if value is not None}


def _help(remediation: Remediation) -> Json:
    """Return the steps as text and as Markdown; what replaces the key is said by each result."""
    title = remediation.title
    body = "\n".join(f"{number}. {step}" for number, step in enumerate(remediation.steps, 1))
    return {
        "text": f"{title}\n{body}\n{_ALL_STEPS}".replace("`", ""),
        "markdown": f"**{title}**\n\n{body}\n\n{_ALL_STEPS}",
    }


# -- results ------------------------------------------------------------------------------


def _result(rule: Rule, its: FindingDoc, rule_index: int) -> dict[str, object]:
    result: dict[str, object] = {
        "ruleId": its["rule"],
        "ruleIndex": rule_index,
        "kind": "fail",
        "level": "error" if _is_live(its) else _LEVELS[its["severity"]],
        "message": {"text": _summary(its)},
        "locations": [_location(one) for one in places(its)[:_MAX_LOCATIONS]],
        "partialFingerprints": {"leakscan/v1": its["fingerprint"]},
        "properties": {**_properties(its), **_other_plan(rule, its)},
    }
    if its["status"] in ("baselined", "allowed"):
        result["suppressions"] = [_suppression(its)]
    return result


def _other_plan(rule: Rule, its: FindingDoc) -> Json:
    """Return what to do where that is not what the help of the rule says."""
    remediation = its["remediation"]
    if remediation is None or remediation["id"] == rule.remediation:
        return {}
    return {"remediation": remediation["id"], "steps": remediation["steps"]}


def _state(doc: ReportDoc, its: FindingDoc) -> dict[str, object]:
    """Say whether a result is new, where only a part of the history was asked for."""
    if doc["target"]["scope"] is None:
        return {}
    return {"baselineState": "unchanged" if its["status"] == "known" else "new"}


def _suppression(its: FindingDoc) -> Json:
    """Say what accepted a finding: a comment stands in the source, the rest outside of it."""
    accepted = its["accepted"]
    if accepted is None:
        return {"kind": "external", "justification": f"{its['status']} in leakscan"}
    kind = "inSource" if accepted["source"] == "comment" else "external"
    text = ": ".join(part for part in (accepted["entry"], accepted["reason"]) if part)
    return {"kind": kind, "justification": _message(text)}


def _summary(its: FindingDoc) -> str:
    key_id = its["access_key_id"]
    parts = [f"{its['title']} {key_id}" if key_id else its["title"]]
    if _is_live(its):
        arn = f" as {its['verdict']['arn']}" if its["verdict"]["arn"] else ""
        parts.append(f"live: AWS accepted it{arn} at {moment(its['verdict']['checked_at'])}")
    parts += [now(its), f"exposed {exposed(its)}"]
    first = introduction(its)
    if first is not None and first["commit"] is not None:
        by = f" by {visible(first['author'])}" if first["author"] else ""
        parts.append(f"introduced in commit {first['commit']}{by} on {moment(first['date'])}")
    parts += [f"found in {said}" for said in found_in(its)[:_MAX_PLACES]]
    parts += [f"instead of a key: {in_sentence(said)}" for said in mechanisms(its)[:1]]
    if its["remediation"] is not None:
        parts.append(its["remediation"]["title"])
    return _message("; ".join(parts))


def _is_live(its: FindingDoc) -> bool:
    return its["verdict"]["state"] == "live"


def _message(text: str) -> str:
    """Return text that no viewer takes for an embedded link or a placeholder.

    Source: SARIF 2.1.0, 3.11.5 and 3.11.6.
    """
    text = visible(text, limit=4000).replace("](", "] (")
    return re.sub(r"\{(\d+)\}", r"{ \1 }", text)


def _properties(its: FindingDoc) -> Json:
    return {
        "security-severity": _SECURITY_SEVERITY[its["severity"]],
        "confidence": its["confidence"],
        "access_key_id": its["access_key_id"],
        "account_id": its["account_id"],
        "key_generation": its["key_generation"],
        "verdict": its["verdict"]["state"],
        **{f"verdict_{key}": value for key, value in its["verdict"].items() if key != "state"},
        "revisionId": None if its["exposure"]["at_head"] else _revision(its),
        "exposure": its["exposure"],
        "places": its["remediation"]["places"] if its["remediation"] else [],
    }


def _revision(its: FindingDoc) -> str | None:
    first = introduction(its)
    return its["exposure"]["first_commit"] or (first["commit"] if first else None)


def _location(one: OccurrenceDoc) -> Json:
    physical: dict[str, object] = {
        "artifactLocation": {"uri": _relative(name(one)), "uriBaseId": _ROOT}
    }
    if one["line"] is not None:
        region = {"startLine": one["line"], "startColumn": one["column"]}
        physical["region"] = {key: value for key, value in region.items() if value is not None}
    return {"physicalLocation": physical}


def _relative(path: str) -> str:
    """Return path as a relative URI that cannot leave its base, whatever a tree is named."""
    parts = [part for part in path.split("/") if part]
    safe = ["..." if part in (".", "..") else quote(part, safe="") for part in parts]
    return "/".join(safe) or "."


# -- the run ------------------------------------------------------------------------------


def _revisions(doc: ReportDoc, findings: Sequence[FindingDoc]) -> list[Json]:
    """Name what was scanned, and each commit that a finding only in history points into."""
    where: dict[str, object] = {
        "repositoryUri": "file:///" + quote(doc["target"]["path"].lstrip("/")),
        "mappedTo": {"uriBaseId": _ROOT},
    }
    head = doc["target"]["head"]
    scanned = dict(where)
    if head is not None:
        scanned["branch" if head.startswith("refs/") else "revisionId"] = head
    gone = [_revision(its) for its in findings if not its["exposure"]["at_head"]]
    return [scanned, *({**where, "revisionId": one} for one in dict.fromkeys(gone) if one)]


def _invocation(doc: ReportDoc, code: int) -> Json:
    invocation: dict[str, object] = {"executionSuccessful": doc["complete"], "exitCode": code}
    notes = [_notification(one) for one in doc["skipped"]]
    if not doc["complete"] and not notes:
        objects = doc["coverage"]["objects"]
        scanned = f"{objects['scanned']} of {objects['expected']} objects scanned"
        notes = [_note(f"The scan is incomplete: {scanned}.")]
    if notes:
        invocation["toolExecutionNotifications"] = notes
    if doc["notes"]:
        told = [_note(f"{one['where']}: {one['kind']}: {one['text']}") for one in doc["notes"]]
        invocation["toolConfigurationNotifications"] = told
    return invocation


def _notification(one: SkippedDoc) -> Json:
    name = " ".join(part for part in (one["object"], one["path"]) if part)
    detail = f" ({one['detail']})" if one["detail"] else ""
    return _note(f"Not scanned: {one['kind']} {name}: {one['reason']}{detail}")


def _note(text: str) -> Json:
    return {"level": "warning", "message": {"text": _message(text)}}
