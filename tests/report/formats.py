"""All formats by the ending of their files, and the report schema."""

import json
from pathlib import Path
from typing import Any, Final

from jsonschema import Draft202012Validator

import leakscan.report
from leakscan.report.base import Reporter
from leakscan.report.console import ConsoleReporter
from leakscan.report.gitlab import GitlabReporter
from leakscan.report.json_report import JsonlReporter, JsonReporter
from leakscan.report.sarif import SarifReporter

FORMATS: Final[dict[str, Reporter]] = {
    "txt": ConsoleReporter(),
    "json": JsonReporter(),
    "jsonl": JsonlReporter(),
    "sarif": SarifReporter(),
    "gitlab": GitlabReporter(),
}

SCHEMA_FILE: Final = Path(leakscan.report.__path__[0]) / "schema" / "report-1.json"
SCHEMA: Final[dict[str, Any]] = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
VALIDATOR: Final = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)


def problems(report: object) -> list[str]:
    """Return where and how a report breaks the schema."""
    return [f"{list(e.absolute_path)}: {e.message}" for e in VALIDATOR.iter_errors(report)]
