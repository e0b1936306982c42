"""The JSON contract: reports keep it, and the schema, the types and the model agree on it."""

import copy
import json
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from msgspec.structs import replace

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
from leakscan.report import contract, explained
from leakscan.report.verdicts import render, render_plan
from leakscan.verdict import Cause, Holder, NotAsked, VerdictState
from tests.report.builder import (
    OPTIONS,
    OUTCOMES,
    SCENARIOS,
    everything,
    hostile,
    inspected_outcome,
    judged,
    planned,
    result,
    verdict,
    verified,
)
from tests.report.formats import FORMATS, SCHEMA, SCHEMAS, problems

DEFS = SCHEMA["$defs"]
VERDICT = DEFS["verdict"]["properties"]
VERDICTS = SCHEMAS["verdicts-1"]
PLAN = SCHEMAS["verify-plan-1"]
EXPLAINED = SCHEMAS["explained-1"]
FINDING = DEFS["finding"]["properties"]
OCCURRENCE = DEFS["occurrence"]["properties"]


def report(name: str) -> Any:
    scenario = SCENARIOS[name]
    return json.loads(FORMATS["json"].render(scenario.make(), scenario.options))


@pytest.mark.parametrize("schema", SCHEMAS)
def test_schema_is_a_valid_schema(schema: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[schema])


@pytest.mark.parametrize("name", SCENARIOS)
def test_report_keeps_the_schema(name: str) -> None:
    assert problems(report(name)) == []


@pytest.mark.parametrize("name", OUTCOMES)
def test_report_of_verify_keeps_its_schema(name: str) -> None:
    assert problems(json.loads(render(OUTCOMES[name](), OPTIONS, "json")), "verdicts-1") == []


def test_the_schema_of_verdicts_is_enough_by_itself() -> None:
    alone = Draft202012Validator(VERDICTS)
    made = json.loads(render(inspected_outcome(), OPTIONS, "json"))
    assert list(alone.iter_errors(made)) == []
    made["findings"][0]["inspection"]["surprise"] = 1
    assert list(alone.iter_errors(made))


def test_plan_keeps_its_schema() -> None:
    assert problems(json.loads(render_plan(planned(), "json", OPTIONS)), "verify-plan-1") == []


def test_all_schemas_mean_the_same_by_the_same_name() -> None:
    own = copy.deepcopy(VERDICTS["$defs"])
    finding, masked = own.pop("finding")["properties"], own.pop("secret")["properties"]
    assert own.pop("inspection") == SCHEMAS["inspection-1"]
    place = own.pop("place")["properties"]
    assert place["kind"]["enum"] == OCCURRENCE["kind"]["enum"]
    assert own == {name: DEFS[name] for name in own}
    assert masked == {"masked": DEFS["secret"]["properties"]["masked"]}
    for name in ("inspection", "places", "places_total"):
        del finding[name]
    assert finding == {name: FINDING[name] for name in finding}


def objects(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every object in a JSON document."""
    if isinstance(node, dict):
        yield path
    for key, child in node.items() if isinstance(node, dict) else enumerate(node):
        if isinstance(child, dict | list):
            yield from objects(child, (*path, key))


@pytest.mark.parametrize(
    ("good", "schema"),
    [
        (report("everything"), "report-1"),
        (json.loads(render(OUTCOMES["unsettled"](), OPTIONS, "json")), "verdicts-1"),
        (json.loads(render_plan(planned(), "json", OPTIONS)), "verify-plan-1"),
    ],
    ids=["report", "verdicts", "plan"],
)
def test_schema_refuses_an_unknown_key_everywhere_and_a_missing_one(good: Any, schema: str) -> None:
    assert problems(good, schema) == []
    for path in objects(good):
        bad = copy.deepcopy(good)
        node = bad
        for step in path:
            node = node[step]
        node["surprise"] = 1
        assert problems(bad, schema), path
        del node["surprise"]
        if path and path[-1] != "by_kind":
            node.pop(next(iter(node)))
            assert problems(bad, schema), path


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
        (VerdictState, VERDICT["state"]["enum"]),
        (Cause, VERDICT["cause"]["enum"][:-1]),
        (NotAsked, VERDICT["why"]["enum"][:-1]),
        (Holder, VERDICT["identity"]["enum"][:-1]),
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
        (contract.ChosenDoc, DEFS["chosen"]),
        (contract.SkippedDoc, DEFS["skipped"]),
        (contract.ScopeDoc, DEFS["scope"]),
        (contract.AcceptedDoc, DEFS["accepted"]),
        (contract.RemoteDoc, DEFS["remote"]),
        (contract.NoteDoc, DEFS["note"]),
        (contract.VerdictsDoc, VERDICTS),
        (contract.VerifiedDoc, VERDICTS["$defs"]["finding"]),
        (contract.PlaceDoc, VERDICTS["$defs"]["place"]),
        (explained.ExplainedAllDoc, EXPLAINED),
        (explained.ExplainedDoc, EXPLAINED["$defs"]["explained"]),
        (explained.ConsideredDoc, EXPLAINED["$defs"]["considered"]),
        (explained.WeighedDoc, EXPLAINED["$defs"]["weighed"]),
        (
            explained.SignDoc,
            EXPLAINED["$defs"]["weighed"]["properties"]["signs"]["items"],
        ),
        (contract.PlanDoc, PLAN),
        (contract.PlannedDoc, PLAN["$defs"]["planned"]),
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
    assert sum(summary["verdicts"].values()) == summary["findings"]


def test_every_state_cause_and_holder_reaches_the_report() -> None:
    verdicts = [finding["verdict"] for finding in report("verified")["findings"]]
    assert {one["state"] for one in verdicts} == set(VerdictState)
    assert {one["cause"] for one in verdicts} - {None} == set(Cause)
    assert {one["identity"] for one in verdicts} - {None} == set(Holder)
    assert all(one["text"] for one in verdicts)
    assert {one["kept"] for one in verdicts} == {True, False}


def test_a_verdict_is_reported_whole() -> None:
    made = next(one for one in verified().findings if one.verdict.holder is Holder.ROOT)
    reported = json.loads(FORMATS["json"].render(result(made), OPTIONS))["findings"][0]
    assert reported["verdict"] == {
        "state": "live",
        "text": made.verdict.text,
        "code": None,
        "cause": None,
        "why": None,
        "arn": "arn:aws:iam::418892985061:root",
        "identity": "root",
        "account_id": "418892985061",
        "asked": ["sts.us-east-1.amazonaws.com"],
        "checked_at": "2026-11-22T11:59:30Z",
        "request_id": "c6b2-1",
        "kept": False,
    }


@pytest.mark.parametrize("why", NotAsked)
def test_why_nobody_was_asked_reaches_the_report(why: NotAsked) -> None:
    made = judged("x", replace(verdict(VerdictState.NOT_CHECKED), why=why))
    reported = json.loads(FORMATS["json"].render(result(made), OPTIONS))
    assert reported["findings"][0]["verdict"]["why"] == why.value
    assert problems(reported) == []


def test_regions_are_reported_in_their_order() -> None:
    assert report("verified")["findings"][0]["regions"] == ["eu-west-1", "us-east-1"]


def test_account_and_form_of_the_id_stand_in_every_format_though_nobody_asked() -> None:
    made = result(everything().findings[0])
    lines = FORMATS["jsonl"].render(made, OPTIONS).decode().splitlines()
    details = json.loads(FORMATS["gitlab"].render(made, OPTIONS))["vulnerabilities"][0]["details"]
    for reported in (
        json.loads(FORMATS["json"].render(made, OPTIONS))["findings"][0],
        json.loads(lines[1]),
        json.loads(FORMATS["sarif"].render(made, OPTIONS))["runs"][0]["results"][0]["properties"],
        {name: one["value"] for name, one in details.items()},
    ):
        assert (reported["account_id"], reported["key_generation"]) == ("418892985061", "new")
    assert (
        "418892985061, read from the id (new form)" in FORMATS["txt"].render(made, OPTIONS).decode()
    )


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
