"""The report for GitLab: its structure, its places, and what it leaves out.

GitLab's published schema is in no Python package, and is not copied here. `check` below is written
from it (secret-detection-report-format.json, 15.1.0): required properties, types, patterns and
limits of exactly what we write.
"""

import json
import re
import uuid
from typing import Any

import pytest
from jsonschema import Draft7Validator
from msgspec.structs import replace

from leakscan.model import Event, Exposure, Level, Place, Remediation, ScanResult, Status
from leakscan.report.base import ReportOptions
from leakscan.report.gitlab import GitlabReporter
from leakscan.verdict import Holder
from tests.report.builder import (
    OPTIONS,
    SCENARIOS,
    commitless,
    credential,
    finding,
    finding_at_head,
    finding_in_history,
    finding_low,
    incomplete,
    judged,
    live,
    object_id,
    pair,
    place,
    pushed,
    result,
    triaged,
)
from tests.support.cli import FINDINGS, Cli
from tests.support.keys import KeyMaker
from tests.support.repo import Repo

TEXT = {"type": "string", "minLength": 1}
TIME = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$"}


def strict(properties: dict[str, Any], *optional: str) -> dict[str, Any]:
    """An object of these properties and no other."""
    required = [name for name in properties if name not in optional]
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


TOOL = strict({"id": TEXT, "name": TEXT, "version": TEXT, "vendor": strict({"name": TEXT})})
MESSAGE = strict({"level": {"enum": ["info", "warn", "fatal"]}, "value": TEXT})
IDENTIFIER = strict(
    {"type": TEXT, "name": TEXT, "value": TEXT, "url": {"type": "string", "pattern": "^https?://"}},
    "url",
)
LOCATION = strict(
    {
        "file": TEXT,
        "commit": strict({"sha": TEXT, "author": TEXT, "date": TEXT}, "author", "date"),
        "start_line": {"type": "integer", "minimum": 1},
        "end_line": {"type": "integer", "minimum": 1},
    },
    "start_line",
    "end_line",
)
VULNERABILITY = strict(
    {
        "id": TEXT,
        "category": {"const": "secret_detection"},
        "name": {"type": "string", "maxLength": 255},
        "description": {"type": "string", "maxLength": 1048576},
        "severity": {"enum": ["Info", "Unknown", "Low", "Medium", "High", "Critical"]},
        "solution": {"type": "string", "maxLength": 7000},
        "location": LOCATION,
        "identifiers": {"type": "array", "minItems": 1, "items": IDENTIFIER},
        "details": {
            "type": "object",
            "additionalProperties": strict(
                {"name": TEXT, "type": {"const": "text"}, "value": {"type": "string"}}
            ),
        },
    },
    "solution",
)
SCHEMA = strict(
    {
        "version": {"const": "15.1.0"},
        "scan": strict(
            {
                "type": {"const": "secret_detection"},
                "status": {"enum": ["success", "failure"]},
                "start_time": TIME,
                "end_time": TIME,
                "analyzer": TOOL,
                "scanner": TOOL,
                "messages": {"type": "array", "items": MESSAGE},
            }
        ),
        "vulnerabilities": {"type": "array", "items": VULNERABILITY},
    }
)


def report(made: ScanResult, options: ReportOptions = OPTIONS) -> Any:
    return json.loads(GitlabReporter().render(made, options))


def problems(made: Any) -> list[str]:
    errors = Draft7Validator(SCHEMA).iter_errors(made)
    return [f"{list(error.absolute_path)}: {error.message}" for error in errors]


@pytest.mark.parametrize("name", SCENARIOS)
def test_structure(name: str) -> None:
    scenario = SCENARIOS[name]
    made = report(scenario.make(), scenario.options)
    assert problems(made) == []
    ids = [uuid.UUID(one["id"]) for one in made["vulnerabilities"]]
    assert len(set(ids)) == len(ids)


def test_the_check_notices_what_it_is_for() -> None:
    made = report(result(finding_at_head()))
    made["vulnerabilities"][0]["location"]["commit"].pop("sha")
    made["scan"]["end_time"] = "2026-11-22T12:00:00Z"
    assert len(problems(made)) == 2


def test_only_what_is_new_and_sure_is_listed_and_the_others_are_counted() -> None:
    assert report(triaged())["vulnerabilities"] == []
    assert "12 findings not listed" in str(report(triaged())["scan"]["messages"])
    (new,) = report(pushed())["vulnerabilities"]
    key_id = finding_in_history().credential.identity.access_key_id
    assert new["details"]["access_key_id"]["value"] == key_id
    assert report(result(finding_low()))["vulnerabilities"] == []
    assert report(result(finding_low()), replace(OPTIONS, confidence=Level.LOW))["vulnerabilities"]


def test_the_id_is_that_of_the_credential_wherever_it_stands() -> None:
    found = finding_in_history()
    moved = replace(found, occurrences=(place("else", Event.INTRODUCED, 5, path=b"else"),))
    ids = [report(result(one))["vulnerabilities"][0]["id"] for one in (found, moved)]
    other = report(result(finding_at_head()))["vulnerabilities"][0]["id"]
    assert ids[0] == ids[1] != other


def test_a_place_at_head_and_one_in_history() -> None:
    at_head, in_history = report(result(finding_at_head(), finding_in_history()))["vulnerabilities"]
    assert at_head["location"]["file"] == "config/prod.env"
    assert at_head["location"]["start_line"] == at_head["location"]["end_line"] == 14
    first = finding_in_history().exposure.first_commit
    assert first is not None
    assert in_history["location"]["commit"]["sha"] == first.hex()
    assert in_history["location"]["start_line"] == 12


def test_a_place_without_a_commit_has_a_location_all_the_same() -> None:
    where = commitless(Place.DANGLING, object_id=object_id("d"))
    (one,) = report(result(finding(credential("p", pair("p")), (where,), Exposure())))[
        "vulnerabilities"
    ]
    assert one["location"]["commit"] == {"sha": "0000000"}
    assert one["location"]["file"].startswith(".git/objects/")


def test_times_count_back_from_the_end() -> None:
    scan = report(result())["scan"]
    assert (scan["start_time"], scan["end_time"]) == ("2026-11-22T11:59:55", "2026-11-22T12:00:00")


def test_incompleteness_is_told() -> None:
    scan = report(incomplete())["scan"]
    assert scan["status"] == "failure"
    assert [one["level"] for one in scan["messages"]] == ["warn"]


def test_descriptions_hold_nothing_that_a_repository_names() -> None:
    """GitLab renders them as Markdown."""
    path = b"![x](https://example.com/x)"
    first = place("md", Event.INTRODUCED, 0, path=path, author=path)
    made = finding(credential("md", pair("md")), (first,), Exposure(at_head=True))
    (one,) = report(result(made))["vulnerabilities"]
    rendered = (one["name"], one["description"], one["solution"])
    assert not any("![x]" in text for text in rendered)
    assert "![x]" in one["details"]["now"]["value"]


def test_details_name_the_place_and_what_replaces_the_key() -> None:
    (one,) = report(result(finding_in_history()))["vulnerabilities"]
    said = one["details"]["places"]["value"]
    assert said == "a file .env (config/prod.env): it is a file of environment variables"
    assert one["details"]["instead"]["value"] == "The role of whoever is signed in"


def test_a_long_solution_is_cut() -> None:
    steps = tuple("x" * 900 for _ in range(10))
    long = replace(finding_at_head(), remediation=Remediation("r", "title", "", steps, (), ()))
    (one,) = report(result(long))["vulnerabilities"]
    assert len(one["solution"]) == 7000


def test_no_secret_stands_in_it() -> None:
    value = finding_at_head().credential.identity.secret
    assert value is not None
    text = GitlabReporter().render(result(finding_at_head()), replace(OPTIONS, reveal=True))
    assert value.reveal() not in text
    assert re.search(rb"lk1|1:", text)


def test_what_is_live_is_listed_with_its_verdict_and_arn() -> None:
    found = live(Holder.ROOT, "iam::418892985061:root")
    made = result(judged("x", found, confidence=Level.LOW))
    details = report(made)["vulnerabilities"][0]["details"]
    assert details["verdict"]["value"].startswith("LIVE: THE ROOT USER")
    assert details["arn"]["value"] == "arn:aws:iam::418892985061:root"
    assert details["checked_at"]["value"] == "2026-11-22T11:59:30Z"


@pytest.mark.parametrize("status", [Status.BASELINED, Status.ALLOWED, Status.KNOWN])
def test_what_is_not_new_is_left_out(status: Status) -> None:
    assert report(result(replace(finding_at_head(), status=status)))["vulnerabilities"] == []


def test_as_the_program_writes_it(cli: Cli, repo: Repo, keys: KeyMaker) -> None:
    leak = keys.leak()
    commit = repo.commit({b"a.env": b"# settings\n" + leak.env()})
    repo.commit({b"a.env": None})
    run = cli.run("scan", repo.path, "--format", "gitlab")
    assert run.code == FINDINGS
    made = json.loads(run.out)
    assert problems(made) == []
    (one,) = made["vulnerabilities"]
    assert one["location"]["commit"]["sha"] == commit
    assert (one["location"]["file"], one["location"]["start_line"]) == ("a.env", 2)
