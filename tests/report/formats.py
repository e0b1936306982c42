"""All formats by the ending of their files, and the report schema."""

import json
from pathlib import Path
from typing import Any, Final

from jsonschema import Draft202012Validator
from referencing import Registry

import leakscan.report
from leakscan.report.base import Reporter
from leakscan.report.console import ConsoleReporter
from leakscan.report.gitlab import GitlabReporter
from leakscan.report.json_report import JsonlReporter, JsonReporter
from leakscan.report.sarif import SarifReporter
from tests.report.builder import help_of

FORMATS: Final[dict[str, Reporter]] = {
    "txt": ConsoleReporter(),
    "json": JsonReporter(),
    "jsonl": JsonlReporter(),
    "sarif": SarifReporter(help_of),
    "gitlab": GitlabReporter(),
}

_FOLDER: Final = Path(leakscan.report.__path__[0]) / "schema"
SCHEMAS: Final[dict[str, dict[str, Any]]] = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in _FOLDER.glob("*.json")
}
SCHEMA: Final = SCHEMAS["report-1"]
_ALL: Final = Registry().with_contents((one["$id"], one) for one in SCHEMAS.values())
VALIDATORS: Final = {
    name: Draft202012Validator(
        schema, format_checker=Draft202012Validator.FORMAT_CHECKER, registry=_ALL
    )
    for name, schema in SCHEMAS.items()
}


def problems(report: object, schema: str = "report-1") -> list[str]:
    """Return where and how a report breaks a schema."""
    errors = VALIDATORS[schema].iter_errors(report)
    return [f"{list(error.absolute_path)}: {error.message}" for error in errors]
