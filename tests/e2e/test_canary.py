"""A canary is left alone: every way to learn what to do about it says the same."""

import json
from pathlib import Path

import pytest

from tests.support.cli import CLEAN, FINDINGS, Cli
from tests.support.keys import KeyMaker, Leak
from tests.support.repo import Repo
from tests.verify.builder import akia

ACCOUNT = "534261010715"
PLAN = "aws-canary-key"
ASK = "Ask your security team who planted it"
HARM = ("--status Inactive", "update-access-key", "delete-access-key", "create-role")


@pytest.fixture
def canary(keys: KeyMaker) -> Leak:
    """A key of an account of canarytokens.org."""
    return Leak(akia("canary", ACCOUNT), keys.secret())


@pytest.fixture
def planted(repo: Repo, canary: Leak) -> Repo:
    """A repository with a canary in a place where a role would take over."""
    repo.commit({b".github/workflows/deploy.yml": canary.env()})
    return repo


def said(text: str) -> str:
    return " ".join(text.split())


def assert_left_alone(text: str) -> None:
    assert ASK in said(text)
    assert not any(one in text for one in HARM)


@pytest.mark.parametrize("form", ["text", "json", "jsonl", "gitlab"])
def test_a_report_says_to_leave_it_alone(cli: Cli, planted: Repo, form: str) -> None:
    run = cli.run("scan", planted.path, "--format", form, "-q")
    assert run.code == FINDINGS
    assert_left_alone(run.out.decode())


def test_sarif_names_the_plan_of_a_canary_in_its_result(cli: Cli, planted: Repo) -> None:
    log = json.loads(cli.run("scan", planted.path, "--format", "sarif", "-q").out)
    (result,) = log["runs"][0]["results"]
    assert "ask who planted it" in result["message"]["text"]
    assert "instead of a key" not in result["message"]["text"]
    assert result["properties"]["remediation"] == PLAN
    assert ASK in " ".join(result["properties"]["steps"])


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
@pytest.mark.parametrize("way", ["report", "named", "fingerprint"])
def test_its_plan_is_one_everywhere(
    cli: Cli, planted: Repo, tmp_path: Path, way: str, form: str
) -> None:
    report = tmp_path / "report.json"
    cli.run("scan", planted.path, "--output", report, "-q")
    (name,) = [one["fingerprint"] for one in json.loads(report.read_bytes())["findings"]]
    target: dict[str, list[str | Path]] = {
        "report": [report],
        "named": [report, "--fingerprint", name],
        "fingerprint": [name, "--repository", planted.path],
    }
    run = cli.run("remedy", *target[way], "--format", form)
    assert run.code == CLEAN
    text = run.out.decode()
    assert_left_alone(text)
    assert ".github/workflows/deploy.yml" in text
    if form == "json":
        (plan,) = json.loads(text)["plans"]
        assert (plan["id"], plan["places"], plan["controls"]) == (PLAN, [], [])


def test_what_verification_called_a_canary_is_one(
    cli: Cli, repo: Repo, keys: KeyMaker, tmp_path: Path
) -> None:
    """Accounts of canaries may be named in a configuration; the report has the verdict alone."""
    repo.commit({b".env": keys.leak().env()})
    report = tmp_path / "report.json"
    cli.run("scan", repo.path, "--output", report, "-q")
    doc = json.loads(report.read_bytes())
    doc["findings"][0]["verdict"]["state"] = "canary"
    report.write_text(json.dumps(doc), encoding="utf-8")
    assert_left_alone(cli.run("remedy", report).out.decode())
