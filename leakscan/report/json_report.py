r"""The JSON formats: one document, or one line per finding.

In: a ScanResult. Out: ASCII only (`\u` escapes for the rest), so that no name of a
repository can steer the terminal that shows the report.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from leakscan.model import ScanResult
from leakscan.report.base import ReportOptions, acts, exit_code
from leakscan.report.contract import ReportDoc
from leakscan.report.document import document

_LISTS: Final = ("findings", "skipped", "notes")


class JsonReporter:
    """The whole report as one indented JSON object."""

    def render(self, result: ScanResult, options: ReportOptions) -> bytes:
        """Return the document of `schema/report-1.json` with a newline at the end."""
        text = json.dumps(document(result, options), indent=2, allow_nan=False)
        return f"{text}\n".encode("ascii")


class JsonlReporter:
    """The same report in lines: a header, one finding, skipped or note each, a summary.

    Every line is an object with a key `type` that is not part of the document: `header` holds
    the document without its lists, `finding`, `skipped` and `note` one entry each, in order. A
    file that ends without a `summary` was cut off.
    """

    def render(self, result: ScanResult, options: ReportOptions) -> bytes:
        """Return the lines, each with a newline."""
        doc = document(result, options)
        summary = {
            "complete": doc["complete"],
            "findings": len(doc["findings"]),
            "to_act_on": sum(acts(finding, options) for finding in result.findings),
            "skipped": len(doc["skipped"]),
            "notes": len(doc["notes"]),
            "verdicts": Counter(finding["verdict"]["state"] for finding in doc["findings"]),
            "exit_code": int(exit_code(result, options)),
        }
        return "".join(_lines(doc, summary)).encode("ascii")


def _lines(doc: ReportDoc, summary: Mapping[str, object]) -> Iterator[str]:
    yield _line("header", {key: value for key, value in doc.items() if key not in _LISTS})
    for finding in doc["findings"]:
        yield _line("finding", finding)
    for skipped in doc["skipped"]:
        yield _line("skipped", skipped)
    for note in doc["notes"]:
        # A note has a `kind` of its own; `type` says what the line is.
        yield _line("note", note)
    yield _line("summary", summary)


def _line(kind: str, body: Mapping[str, object]) -> str:
    return json.dumps({"type": kind, **body}, allow_nan=False) + "\n"
