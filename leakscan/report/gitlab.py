"""The secret detection report of GitLab, for merge requests and its vulnerability list.

In: a ScanResult. Out: JSON of the schema 15.1.0: one vulnerability for each new credential of at
least the asked confidence, at its place at HEAD or in the commit that brought it in. What is
accepted or known is left out, so that GitLab does not raise it, and counted in a message. GitLab
renders descriptions as Markdown, so nothing that a repository names stands there; it stands in
`details`, which are shown as they are.

Source: GitLab, security-report-schemas, secret-detection-report-format.json.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from leakscan.model import Finding, Rule, ScanResult, Status
from leakscan.report.base import ReportOptions, certain
from leakscan.report.chosen import found_in, mechanisms
from leakscan.report.contract import FindingDoc, OccurrenceDoc, ReportDoc
from leakscan.report.document import document
from leakscan.report.places import name, places
from leakscan.report.verdict_words import state_words
from leakscan.report.words import count, exposed, now, visible

Json = Mapping[str, object]

_VERSION: Final = "15.1.0"
_NO_COMMIT: Final = "0000000"
"""What GitLab itself writes for a place that is in no commit."""
_MAX_SOLUTION: Final = 7000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CWE: Final = {
    "type": "cwe",
    "name": "CWE-798",
    "value": "798",
    "url": "https://cwe.mitre.org/data/definitions/798.html",
}


class GitlabReporter:
    """The format of GitLab's `artifacts:reports:secret_detection`."""

    def render(self, result: ScanResult, options: ReportOptions) -> bytes:
        """Return the report as indented JSON with a newline at the end."""
        doc = document(result, options)
        pairs = zip(result.findings, doc["findings"], strict=True)
        report = {
            "version": _VERSION,
            "scan": _scan(doc, result, options),
            "vulnerabilities": [
                _vulnerability(finding.credential.rule, its)
                for finding, its in pairs
                if _is_listed(finding, options)
            ],
        }
        return (json.dumps(report, indent=2, allow_nan=False) + "\n").encode("ascii")


def _is_listed(finding: Finding, options: ReportOptions) -> bool:
    return finding.status is Status.NEW and certain(finding, options)


def _scan(doc: ReportDoc, result: ScanResult, options: ReportOptions) -> Json:
    ended = options.ended_at or _EPOCH + timedelta(seconds=doc["coverage"]["seconds"])
    tool = {
        "id": "leakscan",
        "name": "leakscan",
        "version": doc["tool"]["version"] or "unknown",
        "vendor": {"name": "leakscan"},
    }
    return {
        "type": "secret_detection",
        "status": "success" if doc["complete"] else "failure",
        "start_time": _time(ended - timedelta(seconds=doc["coverage"]["seconds"])),
        "end_time": _time(ended),
        "analyzer": tool,
        "scanner": tool,
        "messages": [
            {"level": level, "value": text} for level, text in _messages(doc, result, options)
        ],
    }


def _messages(
    doc: ReportDoc, result: ScanResult, options: ReportOptions
) -> Iterator[tuple[str, str]]:
    objects = doc["coverage"]["objects"]
    scanned = f"{objects['scanned']} of {objects['expected']} objects"
    if not doc["complete"]:
        yield "warn", f"INCOMPLETE: scanned {scanned}; do not take this as clean."
    else:
        yield "info", f"Scanned {scanned}; complete."
    left_out = sum(not _is_listed(finding, options) for finding in result.findings)
    if left_out:
        yield "info", f"{count(left_out, 'finding')} not listed: accepted, known or doubtful."
    for note in doc["notes"]:
        yield "info", visible(f"{note['where']}: {note['kind']}: {note['text']}")


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _vulnerability(rule: Rule, its: FindingDoc) -> Json:
    made: dict[str, object] = {
        "id": str(uuid5(NAMESPACE_URL, f"urn:leakscan:{its['fingerprint']}")),
        "category": "secret_detection",
        "name": its["title"],
        "description": rule.description,
        "severity": its["severity"].capitalize(),
        "location": _location(places(its)[0]),
        "identifiers": [
            {
                "type": "leakscan_rule_id",
                "name": f"leakscan rule {its['rule']}",
                "value": its["rule"],
            },
            _CWE,
        ],
        "details": dict(_details(its)),
    }
    if its["remediation"] is not None:
        steps = [f"{number}. {step}" for number, step in enumerate(its["remediation"]["steps"], 1)]
        made["solution"] = "\n".join([its["remediation"]["title"], *steps])[:_MAX_SOLUTION]
    return made


def _location(one: OccurrenceDoc) -> Json:
    commit = {
        "sha": one["commit"] or _NO_COMMIT,
        "author": visible(" ".join(part for part in (one["author"], one["email"]) if part)),
        "date": one["date"],
    }
    made: dict[str, object] = {
        "file": visible(name(one), limit=4000),
        "commit": {key: value for key, value in commit.items() if value},
    }
    if one["line"] is not None:
        made |= {"start_line": one["line"], "end_line": one["line"]}
    return made


def _details(its: FindingDoc) -> Iterator[tuple[str, Json]]:
    arn = its["verdict"]["arn"]
    shown = (
        ("fingerprint", "Fingerprint", its["fingerprint"]),
        ("access_key_id", "Access key id", its["access_key_id"]),
        ("account_id", "AWS account", its["account_id"]),
        ("key_generation", "Form of the access key id", its["key_generation"]),
        ("confidence", "Confidence", its["confidence"]),
        ("verdict", "Verdict", state_words(its["verdict"])),
        ("arn", "ARN", visible(arn, limit=4000) if arn else None),
        ("verdict_text", "What the verdict means", visible(its["verdict"]["text"] or "")),
        ("checked_at", "Asked at", its["verdict"]["checked_at"]),
        ("exposed", "Exposed", exposed(its)),
        ("now", "Now", visible(now(its), limit=1000)),
        ("places", "Found in", visible("; ".join(found_in(its)), limit=4000)),
        ("instead", "Instead of a key", visible("; ".join(mechanisms(its)), limit=1000)),
    )
    for key, title, value in shown:
        if value:
            yield key, {"name": title, "type": "text", "value": value}
