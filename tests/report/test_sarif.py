"""SARIF 2.1.0: structure, places, fingerprints, and what an uploader asks for.

The published OASIS schema is in no Python package, and is not copied here. So `check` below is
written by hand from the specification (sections 3.13 to 3.58): required properties, known
names, enums, types and URIs of exactly the objects we write. It is no substitute for the
schema: set LEAKSCAN_SARIF_SCHEMA to a copy to validate against it as well. OASIS publishes it as
`sarif-schema-2.1.0.json`; `npm pack @microsoft/sarif-multitool-linux` has it as `sarif-2.1.0.json`.
"""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from jsonschema.validators import validator_for
from msgspec.structs import replace

from leakscan.model import Event, Exposure, Level, Place, ScanResult, Status
from leakscan.report.base import ReportOptions
from leakscan.report.sarif import SarifReporter
from leakscan.verdict import Holder, VerdictState
from tests.report.builder import (
    OPTIONS,
    SCENARIOS,
    commitless,
    credential,
    everything,
    finding,
    finding_at_head,
    finding_dangling,
    finding_in_history,
    finding_low,
    help_of,
    incomplete,
    judged,
    live,
    object_id,
    pair,
    place,
    pushed,
    remediation,
    result,
    target,
    triaged,
    verdict,
)

PUBLISHED = os.environ.get("LEAKSCAN_SARIF_SCHEMA")


def log(made: ScanResult, options: ReportOptions = OPTIONS) -> dict[str, Any]:
    loaded = json.loads(SarifReporter(help_of).render(made, options))
    assert isinstance(loaded, dict)
    return loaded


def run(made: ScanResult, options: ReportOptions = OPTIONS) -> Any:
    return log(made, options)["runs"][0]


def scenario(name: str) -> dict[str, Any]:
    return log(SCENARIOS[name].make(), SCENARIOS[name].options)


# -- structure ----------------------------------------------------------------------------------

Check = Callable[[Any], None]


def check(node: Any, required: dict[str, Check], optional: dict[str, Check] | None = None) -> None:
    known = required | (optional or {}) | {"properties": a(dict)}
    assert required.keys() <= node.keys() <= known.keys()
    for key, value in node.items():
        known[key](value)


def a(kind: type) -> Check:
    def check_type(value: Any) -> None:
        assert type(value) is kind

    return check_type


def one_of(*values: str) -> Check:
    def check_value(value: Any) -> None:
        assert value in values

    return check_value


def list_of(item: Check, *, unique: bool = False) -> Check:
    def check_items(values: Any) -> None:
        assert type(values) is list
        assert not unique or len({json.dumps(value) for value in values}) == len(values)
        for value in values:
            item(value)

    return check_items


def natural(value: Any) -> None:
    assert type(value) is int
    assert value >= 1


def absolute_uri(value: Any) -> None:
    assert urlsplit(value).scheme in ("https", "file")
    assert re.fullmatch(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+", value)


def relative_uri(value: Any) -> None:
    parts = urlsplit(value)
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", "")
    assert re.fullmatch(r"(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})+", value)
    assert not value.startswith("/")
    assert not {".", ".."} & set(value.split("/")) or value == "."


def message(node: Any) -> None:
    check(node, {"text": a(str)}, {"markdown": a(str)})
    # An embedded link or a placeholder would need its arguments.
    assert not re.search(r"\]\(|\{\d+\}", node["text"])


def base(node: Any) -> None:
    check(node, {}, {"uri": relative_uri, "uriBaseId": one_of("%SRCROOT%"), "description": message})


def location(node: Any) -> None:
    def physical(inner: Any) -> None:
        check(inner, {"artifactLocation": base}, {"region": region})

    check(node, {"physicalLocation": physical})


def region(node: Any) -> None:
    check(node, {"startLine": natural}, {"startColumn": natural})


def rule(node: Any) -> None:
    check(
        node,
        {
            "id": a(str),
            "name": a(str),
            "shortDescription": message,
            "fullDescription": message,
            "help": message,
            "defaultConfiguration": lambda inner: check(inner, {"level": level}),
        },
        {"helpUri": absolute_uri},
    )
    assert float(node["properties"]["security-severity"]) > 0


level = one_of("none", "note", "warning", "error")


def suppression(node: Any) -> None:
    check(node, {"kind": one_of("inSource", "external")}, {"justification": a(str)})


def finding_result(node: Any) -> None:
    check(
        node,
        {
            "ruleId": a(str),
            "ruleIndex": a(int),
            "kind": one_of("fail"),
            "level": level,
            "message": message,
            "locations": list_of(location),
            "partialFingerprints": lambda inner: check(inner, {"leakscan/v1": a(str)}),
        },
        {
            "suppressions": list_of(suppression, unique=True),
            "baselineState": one_of("new", "unchanged", "updated", "absent"),
        },
    )


def notification(node: Any) -> None:
    check(node, {"message": message, "level": level})


def invocation(node: Any) -> None:
    check(
        node,
        {"executionSuccessful": a(bool), "exitCode": a(int)},
        {
            "toolExecutionNotifications": list_of(notification),
            "toolConfigurationNotifications": list_of(notification),
        },
    )


def revision(node: Any) -> None:
    check(
        node,
        {"repositoryUri": absolute_uri},
        {"revisionId": a(str), "branch": a(str), "mappedTo": base},
    )


def driver(node: Any) -> None:
    check(node, {"name": one_of("leakscan"), "rules": list_of(rule)}, {"version": a(str)})


def check_run(node: Any) -> None:
    check(
        node,
        {
            "tool": lambda inner: check(inner, {"driver": driver}),
            "results": list_of(finding_result),
            "invocations": list_of(invocation),
            "columnKind": one_of("utf16CodeUnits", "unicodeCodePoints"),
            "originalUriBaseIds": lambda inner: check(inner, {"%SRCROOT%": base}),
            "versionControlProvenance": list_of(revision, unique=True),
        },
    )


@pytest.mark.parametrize("name", SCENARIOS)
def test_structure(name: str) -> None:
    made = scenario(name)
    check(made, {"$schema": absolute_uri, "version": one_of("2.1.0"), "runs": list_of(check_run)})
    for node in made["runs"]:
        rules = [one["id"] for one in node["tool"]["driver"]["rules"]]
        assert len(set(rules)) == len(rules)
        for one in node["results"]:
            assert rules[one["ruleIndex"]] == one["ruleId"]
            assert len(one["locations"]) >= 1


def test_the_check_notices_what_it_is_for() -> None:
    made = run(everything())
    made["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] = "a b"
    with pytest.raises(AssertionError):
        check_run(made)
    with pytest.raises(AssertionError):
        check_run({**run(everything()), "surprise": 1})


@pytest.mark.skipif(PUBLISHED is None, reason="LEAKSCAN_SARIF_SCHEMA names no published schema")
@pytest.mark.parametrize("name", SCENARIOS)
def test_published_schema(name: str) -> None:
    schema = json.loads(Path(PUBLISHED or "").read_text(encoding="utf-8"))
    errors = validator_for(schema)(schema).iter_errors(scenario(name))
    assert [f"{list(e.absolute_path)}: {e.message}" for e in errors] == []


# -- places -------------------------------------------------------------------------------------


def places(one: Any) -> list[tuple[str, int | None]]:
    found = [location["physicalLocation"] for location in one["locations"]]
    return [
        (unquote(at["artifactLocation"]["uri"]), at.get("region", {}).get("startLine"))
        for at in found
    ]


def test_a_finding_at_head_points_at_its_place_there() -> None:
    made = run(result(finding_at_head()))
    (one,) = made["results"]
    assert places(one) == [("config/prod.env", 14)]
    assert one["properties"]["revisionId"] is None
    assert [entry.get("revisionId") for entry in made["versionControlProvenance"]] == [None]
    assert made["versionControlProvenance"][0]["branch"] == "refs/heads/main"


def test_a_finding_only_in_history_names_its_commit() -> None:
    found = finding_in_history()
    commit = found.exposure.first_commit
    assert commit is not None
    made = run(result(found))
    (one,) = made["results"]
    assert places(one) == [("config/prod.env", 12)]
    assert "only in history" in one["message"]["text"]
    assert commit.hex() in one["message"]["text"]
    assert one["properties"]["revisionId"] == commit.hex()
    assert commit.hex() in [one.get("revisionId") for one in made["versionControlProvenance"]]


def test_a_detached_head_is_a_revision() -> None:
    at = object_id("detached").hex()
    made = run(result(target=target(head=at.encode())))
    assert made["versionControlProvenance"][0]["revisionId"] == at


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        (b"a b/c#d?e.env", "a%20b/c%23d%3Fe.env"),
        ("ä/漢".encode(), "%C3%A4/%E6%BC%A2"),
        (b"c:/x", "c%3A/x"),
        (b"../../etc/passwd", ".../.../etc/passwd"),
        (b"/abs//olute", "abs/olute"),
        (b"a/./b", "a/.../b"),
        (b"%2e%2e/x", "%252e%252e/x"),
        (b"..\\x", "..%5Cx"),
        (b"", "."),
    ],
)
def test_uris_are_encoded_and_stay_inside_the_repository(path: bytes, uri: str) -> None:
    first = place("uri", Event.INTRODUCED, 0, path=path)
    made = finding(credential("uri", pair("uri")), (first,), Exposure())
    (one,) = run(result(made))["results"]
    assert one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


@pytest.mark.parametrize(
    ("kind", "changes", "path"),
    [
        (Place.GIT_FILE, {"name": b"config"}, ".git/config"),
        (Place.REF, {"name": b"refs/heads/x"}, ".git/refs/heads/x"),
        (Place.INDEX, {"path": b"staged.env", "name": b"index"}, "staged.env"),
        (
            Place.DANGLING,
            {"object_id": object_id("d")},
            f".git/objects/{object_id('d').hex()[:2]}/{object_id('d').hex()[2:]}",
        ),
    ],
)
def test_a_place_without_a_commit_still_has_a_location(
    kind: Place, changes: dict[str, Any], path: str
) -> None:
    where = commitless(kind, **changes)
    made = finding(credential("p", pair("p")), (where,), Exposure())
    assert places(run(result(made))["results"][0]) == [(path, 3)]


def test_a_finding_without_any_place_still_has_a_location() -> None:
    made = finding(credential("p", pair("p")), (), Exposure())
    assert places(run(result(made))["results"][0]) == [(".git", None)]


# -- identity, levels, status -------------------------------------------------------------------


def test_the_fingerprint_is_that_of_the_credential_wherever_it_stands() -> None:
    found = finding_in_history()
    moved = replace(found, occurrences=(place("else", Event.INTRODUCED, 5, path=b"else"),))
    for one in (found, moved):
        (made,) = run(result(one))["results"]
        assert made["partialFingerprints"] == {"leakscan/v1": found.credential.fingerprint}


@pytest.mark.parametrize(
    ("severity", "said", "low", "high"),
    [
        (Level.CRITICAL, "error", 9.0, 10.0),
        (Level.HIGH, "error", 7.0, 8.9),
        (Level.MEDIUM, "warning", 4.0, 6.9),
        (Level.LOW, "note", 0.1, 3.9),
    ],
)
def test_severity_gives_level_and_score(
    severity: Level, said: str, low: float, high: float
) -> None:
    made = credential("s", pair("s"), severity=severity)
    node = run(result(finding(made, (), Exposure())))
    assert node["results"][0]["level"] == said
    score = node["tool"]["driver"]["rules"][0]["properties"]["security-severity"]
    assert low <= float(score) <= high


def test_accepted_findings_are_suppressed_and_new_ones_are_not() -> None:
    accepted = replace(finding_in_history(), status=Status.BASELINED)
    old, new = run(result(accepted, finding_at_head()))["results"]
    assert [one["kind"] for one in old["suppressions"]] == ["external"]
    assert "suppressions" not in new


def test_a_comment_suppresses_in_the_source_and_says_why() -> None:
    beside, entry, *baselined = [one["suppressions"][0] for one in run(triaged())["results"]]
    assert beside["kind"] == "inSource"
    assert beside["justification"].endswith("leakscan:allow: sample of the handbook")
    assert (entry["kind"], entry["justification"].endswith(": made up")) == ("external", True)
    assert {one["kind"] for one in baselined} == {"external"}


def test_in_a_part_of_history_each_result_is_new_or_unchanged() -> None:
    states = [one["baselineState"] for one in run(pushed())["results"]]
    assert states == ["new", "unchanged"]
    assert "suppressions" not in run(pushed())["results"][1]
    assert "baselineState" not in run(everything())["results"][0]


def test_notes_of_triage_are_told() -> None:
    told = run(triaged())["invocations"][0]["toolConfigurationNotifications"]
    assert len(told) == len(triaged().notes)
    assert told[0]["message"]["text"] == ".leakscan.yaml: allow 1: stale: text 1"


def test_low_confidence_is_counted_and_listed_on_request() -> None:
    made = result(finding_low())
    assert run(made)["results"] == []
    assert run(made)["properties"]["findings_below_confidence"] == 1
    assert len(run(made, replace(OPTIONS, confidence=Level.LOW))["results"]) == 1


def test_incompleteness_is_told() -> None:
    node = run(incomplete())["invocations"][0]
    assert (node["executionSuccessful"], node["exitCode"]) == (False, 3)
    assert len(node["toolExecutionNotifications"]) == 12
    nothing_named = run(replace(incomplete(), skipped=()))["invocations"][0]
    (said,) = nothing_named["toolExecutionNotifications"]
    assert "157973 of 157985 objects" in said["message"]["text"]


def test_a_complete_scan_tells_of_nothing() -> None:
    node = run(everything())["invocations"][0]
    assert (node["executionSuccessful"], node["exitCode"]) == (True, 1)
    assert "toolExecutionNotifications" not in node


def test_help_is_for_any_key() -> None:
    made = finding_in_history()
    (one,) = run(result(made))["tool"]["driver"]["rules"]
    assert "ACCESS_KEY_ID" in one["help"]["text"]
    assert str(made.credential.identity.access_key_id) not in one["help"]["markdown"]


def test_help_of_a_rule_does_not_depend_on_its_findings() -> None:
    """Of a rule there are keys of users and of root, in many places, of many accounts."""
    plain, root = finding_at_head(), finding_in_history()
    of_root = replace(remediation("AKIA"), id="aws-root-access-key", title="Root", steps=("Ask.",))
    root = replace(root, remediation=of_root)
    told = [run(result(*found)) for found in ((plain,), (root,), (root, plain))]
    (first,), (second,), (third,) = (one["tool"]["driver"]["rules"] for one in told)
    assert first["help"] == second["help"] == third["help"]
    assert "Find out who used it" in first["help"]["text"]
    assert "leakscan remedy FINGERPRINT" in first["help"]["text"]
    special, usual = told[2]["results"]
    assert (special["properties"]["remediation"], special["properties"]["steps"]) == (
        "aws-root-access-key",
        ["Ask."],
    )
    assert "Root" in special["message"]["text"]
    assert "steps" not in usual["properties"]


def test_a_result_names_its_place_and_what_replaces_the_key() -> None:
    one = run(result(finding_in_history()))["results"][0]
    assert "found in a file .env (config/prod.env): it is a file" in one["message"]["text"]
    assert "instead of a key: the role of whoever is signed in" in one["message"]["text"]
    (place_,) = one["properties"]["places"]
    assert (place_["id"], place_["path"], place_["sure"]) == ("dotenv", "config/prod.env", True)


def test_a_rule_without_a_text_has_help_from_its_description() -> None:
    log = json.loads(SarifReporter().render(result(finding_dangling()), OPTIONS))
    (one,) = log["runs"][0]["tool"]["driver"]["rules"]
    assert one["help"]["text"] == finding_dangling().credential.rule.description


def test_what_is_live_is_an_error_and_says_so_and_whose_it_is() -> None:
    found = live(Holder.USER, "iam::418892985061:user/ci")
    (one,) = run(result(judged("x", found, severity=Level.LOW, confidence=Level.LOW)))["results"]
    assert one["level"] == "error"
    said = "live: AWS accepted it as arn:aws:iam::418892985061:user/ci at 2026-11-22 11:59 UTC"
    assert said in one["message"]["text"]
    properties = one["properties"]
    assert properties["verdict"] == "live"
    assert properties["verdict_identity"] == "user"
    assert properties["verdict_arn"] == "arn:aws:iam::418892985061:user/ci"
    assert properties["verdict_checked_at"] == "2026-11-22T11:59:30Z"
    assert properties["verdict_text"] == found.text


@pytest.mark.parametrize("state", [state for state in VerdictState if state != "live"])
def test_no_other_verdict_changes_the_level_or_claims_to_be_live(state: VerdictState) -> None:
    (one,) = run(result(judged("x", verdict(state), severity=Level.MEDIUM)))["results"]
    assert one["level"] == "warning"
    assert "AWS accepted it" not in one["message"]["text"]
    assert one["properties"]["verdict"] == state
