"""The JSON contract: reports keep it, and the schema, the types and the model agree on it."""

import copy
import json
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from leakscan.model import (
    Encoding,
    Event,
    Kind,
    Level,
    NoteKind,
    Part,
    Place,
    ScopeKind,
    SkipReason,
    Status,
)
from leakscan.report import contract
from leakscan.verdict import VerdictState
from tests.report.builder import SCENARIOS, everything, hostile, result
from tests.report.formats import FORMATS, SCHEMA, problems

DEFS = SCHEMA["$defs"]
FINDING = DEFS["finding"]["properties"]
OCCURRENCE = DEFS["occurrence"]["properties"]


def report(name: str) -> Any:
    scenario = SCENARIOS[name]
    return json.loads(FORMATS["json"].render(scenario.make(), scenario.options))


def test_schema_is_a_valid_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", SCENARIOS)
def test_report_keeps_the_schema(name: str) -> None:
    assert problems(report(name)) == []


def objects(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every object in a JSON document."""
    if isinstance(node, dict):
        yield path
    for key, child in node.items() if isinstance(node, dict) else enumerate(node):
        if isinstance(child, dict | list):
            yield from objects(child, (*path, key))


def test_schema_refuses_an_unknown_key_everywhere_and_a_missing_one() -> None:
    good = report("everything")
    for path in objects(good):
        bad = copy.deepcopy(good)
        node = bad
        for step in path:
            node = node[step]
        node["surprise"] = 1
        assert problems(bad), path
        del node["surprise"]
        if path and path[-1] != "by_kind":
            node.pop(next(iter(node)))
            assert problems(bad), path


@pytest.mark.parametrize("value", ["2024-03-01T10:00:00+01:00", "2024-03-01 10:00:00Z", "now", 5])
def test_schema_refuses_a_time_that_is_not_utc(value: object) -> None:
    bad = report("everything")
    bad["findings"][0]["exposure"]["introduced_at"] = value
    assert problems(bad)


@pytest.mark.parametrize(
    ("enum", "listed"),
    [
        (Kind, DEFS["kind"]["enum"]),
        (Level, DEFS["severity"]["enum"]),
        (Level, DEFS["confidence"]["enum"]),
        (Part, DEFS["part"]["enum"]),
        (Status, FINDING["status"]["enum"]),
        (VerdictState, DEFS["verdict"]["properties"]["state"]["enum"]),
        (Place, OCCURRENCE["kind"]["enum"]),
        (Event, OCCURRENCE["event"]["enum"]),
        (Encoding, OCCURRENCE["encoding"]["enum"]),
        (NoteKind, DEFS["note"]["properties"]["kind"]["enum"]),
        (ScopeKind, DEFS["scope"]["properties"]["kind"]["enum"]),
        (SkipReason, DEFS["skipped"]["properties"]["reason"]["enum"]),
    ],
)
def test_schema_lists_the_values_of_the_model(enum: type[StrEnum], listed: list[str]) -> None:
    assert listed == [one.value for one in enum]


@pytest.mark.parametrize(
    ("shape", "schema"),
    [
        (contract.ReportDoc, SCHEMA),
        (contract.ToolDoc, DEFS["tool"]),
        (contract.RulesDoc, DEFS["tool"]["properties"]["rules"]),
        (contract.TargetDoc, DEFS["target"]),
        (contract.CoverageDoc, DEFS["coverage"]),
        (contract.ObjectsDoc, DEFS["coverage"]["properties"]["objects"]),
        (contract.NotInStoreDoc, DEFS["coverage"]["properties"]["not_in_store"]),
        (contract.ElsewhereDoc, DEFS["elsewhere"]),
        (contract.FindingDoc, DEFS["finding"]),
        (contract.ReasonDoc, FINDING["reasons"]["items"]),
        (contract.SecretDoc, DEFS["secret"]),
        (contract.VerdictDoc, DEFS["verdict"]),
        (contract.ExposureDoc, DEFS["exposure"]),
        (contract.OccurrenceDoc, DEFS["occurrence"]),
        (contract.RemediationDoc, DEFS["remediation"]),
        (contract.SkippedDoc, DEFS["skipped"]),
        (contract.ScopeDoc, DEFS["scope"]),
        (contract.AcceptedDoc, DEFS["accepted"]),
        (contract.RemoteDoc, DEFS["remote"]),
        (contract.NoteDoc, DEFS["note"]),
    ],
)
def test_types_and_schema_have_the_same_keys(shape: Any, schema: dict[str, Any]) -> None:
    assert schema["additionalProperties"] is False
    assert set(schema["properties"]) == shape.__required_keys__ | shape.__optional_keys__
    assert set(schema["required"]) == shape.__required_keys__


@pytest.mark.parametrize("name", SCENARIOS)
def test_lines_reassemble_to_the_same_report(name: str) -> None:
    scenario = SCENARIOS[name]
    text = FORMATS["jsonl"].render(scenario.make(), scenario.options).decode("ascii")
    assert text.endswith("\n")
    lines = [json.loads(line) for line in text.splitlines()]
    types = [line.pop("type") for line in lines]
    header, summary = lines[0], lines[-1]
    assert (types[0], types[-1]) == ("header", "summary")
    bodies = list(zip(types, lines, strict=True))[1:-1]
    whole = header | {
        "findings": [line for kind, line in bodies if kind == "finding"],
        "skipped": [line for kind, line in bodies if kind == "skipped"],
        "notes": [line for kind, line in bodies if kind == "note"],
    }
    assert whole == report(name)
    order = ["finding", "skipped", "note"]
    assert [kind for kind, _ in bodies] == sorted((kind for kind, _ in bodies), key=order.index)
    assert summary["findings"] + summary["skipped"] + summary["notes"] == len(bodies)
    assert summary["complete"] is whole["complete"]


def test_json_is_ascii_and_ends_with_a_newline() -> None:
    text = FORMATS["json"].render(hostile(), SCENARIOS["hostile"].options)
    assert text.isascii()
    assert text.endswith(b"}\n")
    assert not any(byte < 32 and byte != 10 for byte in text)


def test_names_outside_the_store_are_counted_whole_and_listed_up_to_a_hundred() -> None:
    outside = report("everything")["coverage"]["not_in_store"]["submodules"]
    assert (outside["count"], len(outside["names"])) == (120, 100)


def test_findings_and_skipped_keep_the_order_of_the_result() -> None:
    made = everything()
    turned = result(*reversed(made.findings))
    options = SCENARIOS["everything"].options
    reported = json.loads(FORMATS["json"].render(turned, options))["findings"]
    wanted = [finding.credential.fingerprint for finding in turned.findings]
    assert [one["fingerprint"] for one in reported] == wanted


def test_authors_can_be_left_out() -> None:
    options = SCENARIOS["no-authors"].options
    for suffix, reporter in FORMATS.items():
        text = reporter.render(everything(), options).decode()
        for name in ("Ada Test", "Bob Test", "ada@example.com"):
            assert name not in text, suffix
