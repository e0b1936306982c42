"""`leakscan remedy` as a user runs it: of a report, of a fingerprint, of a kind of place."""

import json
import os
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.report.formats import problems
from tests.support.cli import CLEAN, FINDINGS, INCOMPLETE, USAGE, Cli, Json, Run
from tests.support.keys import KeyMaker, Leak
from tests.support.repo import Repo
from tests.support.spy import leaked

WORKFLOW = """\
name: deploy
jobs:
  deploy:
    runs-on: ubuntu-latest
    env:
      AWS_ACCESS_KEY_ID: %s
      AWS_SECRET_ACCESS_KEY: %s
"""
DEPLOY = b".github/workflows/deploy.yml"
NOW = re.compile(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
PHASES = ["contain", "replace", "prove", "delete", "purge", "prevent"]


def workflow(key: Leak) -> bytes:
    return (WORKFLOW % (key.key_id, key.secret)).encode()


@pytest.fixture
def key(keys: KeyMaker) -> Leak:
    return keys.leak()


@pytest.fixture
def shop(repo: Repo, key: Leak) -> Repo:
    """A repository on GitHub with a key in a workflow."""
    repo.git("remote", "add", "origin", "https://x-token:hunter2@github.com/acme/web-shop.git")
    repo.commit({DEPLOY: workflow(key)})
    return repo


class User:
    """Runs the program, and reads what it writes."""

    def __init__(self, cli: Cli, folder: Path) -> None:
        self.cli, self.folder = cli, folder

    def report(self, repo: Repo, *options: str, form: str = "json") -> Path:
        """Scan a repository and return the report."""
        file = self.folder / f"report.{form}"
        run = self.cli.run(
            "scan", repo.path, "--quiet", "--format", form, "--output", file, *options
        )
        assert run.code == FINDINGS
        return file

    def remedy(self, *args: str | Path, cwd: Path | None = None) -> Run:
        run = self.cli.run("remedy", *args, cwd=cwd)
        assert run.code == CLEAN, run.message
        return run

    def text(self, *args: str | Path, cwd: Path | None = None) -> str:
        return self.remedy(*args, cwd=cwd).out.decode()

    def json(self, *args: str | Path, schema: str = "plan-1", cwd: Path | None = None) -> Any:
        out = self.remedy(*args, "--format", "json", cwd=cwd).out
        made = json.loads(NOW.sub(b"NOW", out))  # Of two plans made one after the other.
        assert problems(made, schema) == []
        return made

    def plan(self, *args: str | Path, cwd: Path | None = None) -> Any:
        (plan,) = self.json(*args, cwd=cwd)["plans"]
        return plan


@pytest.fixture
def user(cli: Cli, tmp_path: Path) -> User:
    folder = tmp_path / "reports"
    folder.mkdir()
    return User(cli, folder)


def parts(plan: Json) -> Iterator[Json]:
    for phase in plan["phases"]:
        for step in phase["steps"]:
            yield from step["parts"]


def commands(plan: Json) -> list[str]:
    return [one for part in parts(plan) for one in part.get("commands", ())]


def fingerprint_of(report: Path, key: Leak) -> str:
    findings = json.loads(report.read_bytes())["findings"]
    (one,) = [one["fingerprint"] for one in findings if one["access_key_id"] == key.key_id]
    return str(one)


def change(report: Path, change: Callable[[Any], None]) -> Path:
    """Change each finding of a report by hand."""
    doc = json.loads(report.read_bytes())
    for finding in doc["findings"]:
        change(finding)
    report.write_text(json.dumps(doc), encoding="utf-8")
    return report


def incomplete(report: Path) -> None:
    """Have a report say that not all could be read."""
    doc = json.loads(report.read_bytes())
    doc["complete"] = False
    report.write_text(json.dumps(doc), encoding="utf-8")


def held_by(arn: str, holder: str) -> Callable[[Any], None]:
    def with_verdict(finding: Any) -> None:
        finding["verdict"] |= {"state": "live", "arn": arn, "identity": holder}

    return with_verdict


# -- what it is asked for -----------------------------------------------------------------


def test_a_masked_report_is_enough(user: User, shop: Repo, key: Leak) -> None:
    plan = user.plan(user.report(shop))
    assert [one["access_key_id"] for one in plan["keys"]] == [key.key_id]
    assert [one["id"] for one in plan["places"]] == ["github-actions"]
    assert plan["places"][0]["paths"] == [DEPLOY.decode()]
    assert [one["phase"] for one in plan["phases"]] == PHASES
    numbers = [step["number"] for phase in plan["phases"] for step in phase["steps"]]
    assert numbers == list(range(1, len(numbers) + 1))
    assert plan["filled_in"]["repository"] == "acme/web-shop"
    assert plan["filled_in"]["branch"] == "main"
    assert plan["filled_in"]["role"] == "web-shop-github-actions"
    assert any(f"--access-key-id {key.key_id} --status Inactive" in one for one in commands(plan))
    assert "repo:acme/web-shop:ref:refs/heads/main" in plan["places"][0]["trust"]["text"]


def test_lines_of_json_are_a_report_too(user: User, shop: Repo, key: Leak) -> None:
    assert user.plan(user.report(shop, form="jsonl"))["keys"][0]["access_key_id"] == key.key_id


def test_a_fingerprint_is_looked_up_in_its_repository(user: User, shop: Repo, key: Leak) -> None:
    fingerprint = fingerprint_of(user.report(shop), key)
    plan = user.plan(fingerprint, "--repository", shop.path)
    assert plan["keys"][0]["access_key_id"] == key.key_id
    assert [one["id"] for one in plan["places"]] == ["github-actions"]
    assert user.plan(fingerprint, cwd=shop.path) == plan


def test_the_plans_of_a_report_and_of_a_fingerprint_are_the_same(
    user: User, shop: Repo, key: Leak
) -> None:
    report = user.report(shop)
    of_report = user.plan(report, "--fingerprint", fingerprint_of(report, key))
    of_one = user.plan(fingerprint_of(report, key), "--repository", shop.path)
    assert {**of_report, "keys": []} == {**of_one, "keys": []}


def test_a_place_has_a_plan_without_a_finding(user: User) -> None:
    plan = user.plan("github-actions")
    assert plan["keys"] == []
    assert plan["filled_in"].keys() <= {"now"}
    assert {"ACCESS_KEY_ID", "OWNER/REPOSITORY", "BRANCH", "app"} <= set(plan["fill_in"])


def test_a_place_takes_what_the_user_says(user: User, shop: Repo) -> None:
    plan = user.plan(
        "github-actions", "--repository", shop.path, "--account", "418892985061",
        "--region", "eu-west-1",
    )  # fmt: skip
    plan["filled_in"].pop("now", None)
    assert plan["filled_in"] == {
        "account_id": "418892985061",
        "branch": "main",
        "region": "eu-west-1",
        "repository": "acme/web-shop",
        "role": "web-shop-github-actions",
    }


def test_a_kind_of_key_has_a_plan_as_well(user: User) -> None:
    plan = user.plan("aws-root-access-key")
    assert plan["id"] == "aws-root-access-key"
    assert plan["places"] == []


def test_the_list_names_every_kind(user: User) -> None:
    listed = user.text("--list")
    for one in json.loads(user.remedy("--list", "--format", "json").out):
        assert one["id"] in listed
        assert one["title"] in listed


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["github-action"], "github-actions"),
        ([], "--list"),
        (["no-such-thing-at-all"], "--list"),
        (["lk1.is.0123456789abcdef0123456789abcdef"], "--repository"),
        (["github-actions", "--format", "terraform"], "--role"),
        (["github-actions", "--events", os.devnull], "--role"),
        (["github-actions", "--account", "12"], "12 digits"),
        (["github-actions", "--region", "nowhere"], "Region"),
        (["github-actions", "--fingerprint", "x"], "report"),
        (["."], "leakscan scan"),
        (["--role", "--compliance"], "--compliance"),
        (["--list", "github-actions"], "no target"),
        (["--list", "--compliance"], "no target"),
        (["github-actions", "--output", "plan.csv"], "--format"),
        (["github-actions", "--output", "plan.tf"], "--format"),
    ],
)
def test_wrong_use_says_what_is_right(
    arguments: list[str], says: str, own_cli: Cli, tmp_path: Path
) -> None:
    run = own_cli.run("remedy", *arguments, cwd=tmp_path)
    assert run.code == USAGE
    assert says in run.message
    assert not run.out


def test_no_complaint_repeats_an_argument(cli: Cli, key: Leak) -> None:
    for one in (key.secret, key.key_id):
        run = cli.run("remedy", one)
        assert run.code == USAGE
        assert one not in run.message


def test_a_fingerprint_that_nothing_holds_is_an_error(cli: Cli, shop: Repo, user: User) -> None:
    other = "lk1.is.0123456789abcdef0123456789abcdef"
    asked: list[list[str | Path]] = [
        [other, "--repository", shop.path],
        [user.report(shop), "--fingerprint", other],
    ]
    for args in asked:
        run = cli.run("remedy", *args)
        assert run.code == USAGE
        assert other in run.message


def test_what_is_no_report_is_said_to_be_none(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "other.json"
    file.write_text('{"schema": "leakscan.verdicts/1"}')
    run = cli.run("remedy", file)
    assert run.code == USAGE
    assert "no report of a scan" in run.message


def test_a_text_of_the_catalogue_is_not_looked_for_in_the_folder(
    user: User, tmp_path: Path
) -> None:
    (tmp_path / "terraform").mkdir()
    assert user.plan("terraform", cwd=tmp_path)["places"][0]["id"] == "terraform"


# -- several findings -----------------------------------------------------------------------


def test_keys_of_one_kind_and_place_share_a_plan(user: User, repo: Repo, keys: KeyMaker) -> None:
    first, second = keys.leaks(2)
    repo.commit({DEPLOY: workflow(first), b".github/workflows/test.yml": workflow(second)})
    plan = user.plan(user.report(repo))
    ids = {first.key_id, second.key_id}
    assert {one["access_key_id"] for one in plan["keys"]} == ids
    off = [one for one in commands(plan) if "update-access-key" in one]
    assert {one.split("--access-key-id ")[1].split()[0] for one in off} == ids
    assert len(off) == len(ids)
    text = user.text(user.report(repo))
    assert text.count("CONTAIN") == 1
    assert len({one["account_id"] for one in plan["keys"]}) == 2
    assert "in the account of its key" in " ".join(text.split())
    assert all(one in text for one in ids)


def test_keys_of_other_places_have_plans_of_their_own(
    user: User, repo: Repo, keys: KeyMaker
) -> None:
    first, second = keys.leaks(2)
    repo.commit({DEPLOY: workflow(first), b"web/.env": second.env()})
    report = user.report(repo)
    made = user.json(report)
    assert [[one["id"] for one in plan["places"]] for plan in made["plans"]]
    assert len(made["plans"]) == 2
    assert "2 plans for 2 keys" in user.text(report)
    only = user.plan(report, "--fingerprint", fingerprint_of(report, second))
    assert [one["access_key_id"] for one in only["keys"]] == [second.key_id]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"status": "baselined"}, "baseline"),
        ({"status": "allowed"}, "allowed"),
        ({"confidence": "low"}, "confidence"),
    ],
)
def test_what_nobody_acts_on_is_left_out_unless_it_is_named(
    changes: dict[str, str], says: str, user: User, shop: Repo, key: Leak
) -> None:
    report = change(user.report(shop), lambda finding: finding.update(changes))
    made = user.json(report)
    assert made["plans"] == []
    (left,) = made["left_out"]
    assert says in left["why"]
    assert says in user.text(report)
    assert user.plan(report, "--fingerprint", left["fingerprint"])["keys"]


def test_of_nothing_there_is_nothing_to_do(user: User, repo: Repo, cli: Cli) -> None:
    repo.commit({b"README": b"nothing\n"})
    file = user.folder / "clean.json"
    cli.run("scan", repo.path, "--format", "json", "--output", file)
    assert "nothing to do" in user.text(file)
    assert user.json(file)["plans"] == []


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
@pytest.mark.parametrize("compliance", [False, True])
def test_what_was_not_read_is_not_clean(
    user: User, repo: Repo, cli: Cli, form: str, compliance: bool
) -> None:
    repo.commit({b"README": b"nothing\n"})
    file = user.folder / "partial.json"
    cli.run("scan", repo.path, "--format", "json", "--output", file)
    incomplete(file)
    run = cli.run("remedy", file, "--format", form, *(["--compliance"] if compliance else []))
    assert run.code == INCOMPLETE
    said = run.out.decode()
    if form == "json":
        schema = "compliance-1" if compliance else "plan-1"
        made = json.loads(said)
        assert problems(made, schema) == []
        assert made["complete"] is False
    else:
        assert "INCOMPLETE" in said
        assert "not clean" in said
        assert "nothing to do" not in said


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_plans_of_a_part_say_that_there_may_be_more(
    user: User, shop: Repo, key: Leak, form: str
) -> None:
    report = user.report(shop)
    name = fingerprint_of(report, key)
    incomplete(report)
    shop.commit({b"lost": b"lost\n"})
    shop.loose(shop.blob("HEAD", b"lost")).write_bytes(b"broken")
    for args in ([report], [report, "--compliance"], [name, "--repository", shop.path]):
        said = user.text(*args, "--format", form)
        assert ("INCOMPLETE" in said) if form != "json" else ('"complete": false' in said)


def test_a_masked_report_knows_which_parts_there_are(user: User, shop: Repo) -> None:
    report = user.report(shop)
    (finding,) = json.loads(report.read_bytes())["findings"]
    (key,) = user.plan(report)["keys"]
    assert key["title"] == finding["title"] == "AWS access key ID with its secret"


def test_a_fingerprint_twice_is_one(user: User, shop: Repo, key: Leak) -> None:
    report = user.report(shop)
    name = fingerprint_of(report, key)
    plan = user.plan(report, "--fingerprint", name, "--fingerprint", name)
    assert len(plan["keys"]) == 1


def test_a_list_of_another_tool_is_no_report(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "other.json"
    file.write_text('[{"RuleID": "x"}]')
    run = cli.run("remedy", file)
    assert run.code == USAGE
    assert "no report of a scan" in run.message


# -- values ---------------------------------------------------------------------------------


def test_the_user_that_aws_named_stands_in_the_commands(user: User, shop: Repo) -> None:
    arn = "arn:aws-us-gov:iam::418892985061:user/ci/deploy"
    plan = user.plan(change(user.report(shop), held_by(arn, "user")))
    assert plan["keys"][0]["user"] == "deploy"
    assert plan["filled_in"]["user_name"] == "deploy"
    assert plan["filled_in"]["account_id"] == "418892985061"
    assert any("--user-name deploy " in one for one in commands(plan))
    assert any("arn:aws-us-gov:iam::aws:policy/" in one for one in commands(plan))
    assert "USER_NAME" not in plan["fill_in"]


def test_a_key_of_root_has_the_plan_of_root(user: User, shop: Repo) -> None:
    report = change(user.report(shop), held_by("arn:aws:iam::418892985061:root", "root"))
    assert user.plan(report)["id"] == "aws-root-access-key"


def test_no_secret_of_a_report_and_no_password_of_a_remote_is_in_a_plan(
    user: User, shop: Repo, key: Leak
) -> None:
    report = user.report(shop, "--reveal")
    assert leaked(report.read_bytes(), [key])
    for form in ("text", "markdown", "json"):
        for target in (report, fingerprint_of(report, key)):
            out = user.remedy(target, "--repository", shop.path, "--format", form).out
            assert not leaked(out, [key])
            assert b"hunter2" not in out


@pytest.fixture
def glued(keys: KeyMaker) -> Leak:
    """A key whose secret is of letters and digits alone: within a name nothing ends it."""
    made = keys.leak()
    return replace(made, secret=made.secret.replace("/", "a").replace("+", "b"))


FORMS = ("text", "markdown", "json")


def test_a_secret_within_a_name_is_in_no_plan(user: User, repo: Repo, glued: Leak) -> None:
    repo.git("remote", "add", "origin", f"https://github.com/acme/x{glued.secret}.git")
    repo.commit({f"conf/prod{glued.secret}.env".encode(): glued.env()})
    repo.git("branch", "-M", f"fix{glued.secret}")
    report = user.report(repo)
    targets = (report, fingerprint_of(report, glued), "github-actions", "dotenv")
    for target in targets:
        for form in FORMS:
            out = user.remedy(target, "--repository", repo.path, "--format", form).out
            assert glued.secret.encode() not in out
            assert glued.secret[:20].encode() not in out
    (plan,) = user.json(report)["plans"]
    assert not {"path", "branch", "repository", "role"} & set(plan["filled_in"])
    steps = json.loads(report.read_bytes())["findings"][0]["remediation"]["steps"]
    assert any("git rm --cached FILE" in step for step in steps)
    assert not any("<" in step for step in steps)


def test_the_secret_of_another_finding_is_in_no_plan(
    user: User, repo: Repo, key: Leak, glued: Leak
) -> None:
    repo.commit({f"x{glued.secret}/.env".encode(): key.env(), b"z/.env": glued.env()})
    fingerprint = fingerprint_of(user.report(repo), key)
    for form in FORMS:
        out = user.remedy(fingerprint, "--repository", repo.path, "--format", form).out
        assert glued.secret.encode() not in out


@pytest.mark.parametrize(
    ("url", "subject"),
    [
        ("git@github.com:platform/shop.git", "repo:platform/shop:ref"),
        ("git@git.corp.example:platform/shop.git", "repo:OWNER/REPOSITORY:ref"),
    ],
)
def test_a_repository_of_another_host_is_not_trusted(
    url: str, subject: str, user: User, repo: Repo, key: Leak
) -> None:
    repo.git("remote", "add", "origin", url)
    repo.commit({DEPLOY: workflow(key)})
    plan = user.plan(user.report(repo))
    assert subject in plan["places"][0]["trust"]["text"]
    assert ("platform/shop" in json.dumps(plan)) == ("platform/shop" in subject)


def branches_trusted(user: User, repo: Repo) -> set[str]:
    report = user.report(repo)
    plans = [user.plan(report), user.plan("github-actions", "--repository", repo.path)]
    texts = [plan["places"][0]["trust"]["text"] for plan in plans]
    return {found for text in texts for found in re.findall(r"refs/heads/([^\"]+)", text)}


def test_a_branch_that_somebody_works_on_is_not_trusted(user: User, shop: Repo) -> None:
    assert branches_trusted(user, shop) == {"main"}
    shop.git("branch", "-M", "feature/login-x")
    assert branches_trusted(user, shop) == {"BRANCH"}
    commit = shop.id("HEAD")
    shop.git("update-ref", "refs/remotes/origin/feature/login-x", commit)
    assert branches_trusted(user, shop) == {"feature/login-x"}
    shop.git("update-ref", "refs/remotes/origin/next", commit)
    assert branches_trusted(user, shop) == {"BRANCH"}
    shop.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/next")
    assert branches_trusted(user, shop) == {"next"}


def test_a_repository_that_the_user_names_has_to_be_there(
    user: User, shop: Repo, tmp_path: Path
) -> None:
    report = user.report(shop)
    for target in (report, "dotenv"):
        run = user.cli.run("remedy", target, "--repository", tmp_path / "nope")
        assert run.code == USAGE
        assert "nope" in run.message
    shop.path.rename(shop.path.with_name("moved"))
    assert user.plan(report)["filled_in"]["branch"] == "main"


def test_the_branch_is_that_of_the_report(user: User, shop: Repo) -> None:
    report = user.report(shop)
    shop.git("branch", "-M", "prod")
    assert user.plan(report)["filled_in"]["branch"] == "main"
    assert user.plan(report, "--repository", shop.path)["filled_in"]["branch"] == "prod"


def test_several_files_are_each_acted_on(user: User, repo: Repo, keys: KeyMaker) -> None:
    first, second = keys.leaks(2)
    repo.commit({b"web/.env": first.env(), b"api/.env": second.env()})
    plan = user.plan(user.report(repo))
    removed = [one for one in commands(plan) if one.startswith("git rm --cached ")]
    assert sorted(removed) == ["git rm --cached api/.env", "git rm --cached web/.env"]


def test_keys_of_two_partitions_have_plans_that_are_told_apart(
    user: User, repo: Repo, keys: KeyMaker
) -> None:
    first, second = keys.leaks(2)
    repo.commit({b".github/workflows/a.yml": workflow(first), DEPLOY: workflow(second)})

    def in_gov(finding: Any) -> None:
        if finding["access_key_id"] == second.key_id:
            held_by("arn:aws-us-gov:iam::418892985061:user/ci", "user")(finding)

    report = change(user.report(repo), in_gov)
    plans = user.json(report)["plans"]
    trusts = {
        plan["keys"][0]["access_key_id"]: plan["places"][0]["trust"]["text"] for plan in plans
    }
    assert "arn:aws:iam" in trusts[first.key_id]
    assert "arn:aws-us-gov:iam" in trusts[second.key_id]
    assert "A workflow of GitHub Actions, in aws-us-gov" in user.text(report)


def test_what_does_not_fit_together_is_said_in_a_line(user: User, shop: Repo, key: Leak) -> None:
    arn = "arn:aws-us-gov:iam::210987654321:user/ci"
    report = change(user.report(shop), held_by(arn, "user"))
    said = user.remedy(report, "--region", "eu-west-1").message
    assert "--region is of aws, and AWS named keys of aws-us-gov" in said
    assert f"{key.key_id} was made for account" in said
    assert "--region" not in user.remedy(report, "--region", "us-gov-west-1").message


# -- formats ----------------------------------------------------------------------------------


def test_text_is_ordered_and_its_commands_paste(user: User, shop: Repo) -> None:
    report = user.report(shop)
    text = user.text(report)
    heads = [line.split()[0] for line in text.splitlines() if re.match(r"[A-Z]{3}", line)]
    assert heads[:6] == [phase.upper() for phase in PHASES]
    assert heads[-1] == "REFERENCES"
    assert heads.index("TERRAFORM") > heads.index("PREVENT")
    joined = re.sub(r" \\\n +", " ", text)
    for command in commands(user.plan(report)):
        assert f"\n      {command}\n" in joined


def test_markdown_has_boxes_to_tick_and_its_fences_are_closed(user: User, shop: Repo) -> None:
    report = user.report(shop)
    text = user.text(report, "--format", "markdown")
    steps = [step for phase in user.plan(report)["phases"] for step in phase["steps"]]
    assert re.findall(r"^- \[ \] \*\*(\d+)\.\*\*", text, re.MULTILINE) == [
        str(step["number"]) for step in steps
    ]
    assert len(re.findall(r"^ *```", text, re.MULTILINE)) % 2 == 0
    assert "`trust.json`:" in text


def test_the_suffix_of_the_file_says_the_format(user: User, shop: Repo, tmp_path: Path) -> None:
    report = user.report(shop)
    suffixes = ((".md", b"# "), (".MD", b"# "), (".json", b"{"), (".txt", b"Take"), ("", b"Take"))
    for suffix, begin in suffixes:
        file = tmp_path / f"plan{suffix}"
        user.remedy(report, "--output", file)
        assert file.read_bytes().startswith(begin)
        assert file.stat().st_mode & 0o077 == 0


def test_compliance_names_each_version_and_what_touches_it(
    user: User, shop: Repo, key: Leak
) -> None:
    report = user.report(shop)
    made = user.json(report, "--compliance", schema="compliance-1")
    fingerprint = fingerprint_of(report, key)
    versions = {(one["framework"], one["version"]): one["numbers"] for one in made["frameworks"]}
    (cis,) = [
        one for one in versions["CIS AWS Foundations Benchmark", "5.0"] if one["number"] == "1.20"
    ]
    assert cis["findings"] == 1
    (touching,) = made["touching"]
    assert touching["findings"] == [fingerprint]
    assert set(cis["controls"]) <= set(touching["controls"])
    assert ("CIS AWS Foundations Benchmark", "7.0") in versions
    assert ("CWE", "") in versions
    text = user.text(report, "--compliance")
    assert "CIS AWS Foundations Benchmark v5.0" in text
    assert key.key_id in text
    table = user.text(report, "--compliance", "--format", "markdown")
    assert f"`{key.key_id}`" in table
    assert user.json("ecs-task", "--compliance", schema="compliance-1")["findings"] == []


# -- hostile repositories and reports -----------------------------------------------------------

EVIL = "x$(touch pwned)`touch pwned`;touch pwned|touch pwned&touch pwned\n```\n<b>'\"\\ -rf {role}"


def test_nothing_a_repository_says_becomes_a_command(
    user: User, repo: Repo, key: Leak, tmp_path: Path
) -> None:
    repo.git("remote", "add", "origin", f"https://github.com/acme/{EVIL}")
    path = f".github/workflows/{' '.join(EVIL.split()).replace('/', '')}.yml".encode()
    branch = "$(touch${IFS}pwned)"
    repo.commit({path: workflow(key)}, branch=branch)
    repo.git("symbolic-ref", "HEAD", f"refs/heads/{branch}")
    arn = f"arn:aws:iam::418892985061:user/{EVIL}"
    report = change(user.report(repo), held_by(arn, "user"))
    plan = user.plan(report)
    assert [one["id"] for one in plan["places"]] == ["github-actions"]
    assert set(plan["filled_in"]) - {"now"} == {"access_key_id", "account_id"}
    assert_harmless(plan, tmp_path / "run")
    clean = user.plan("github-actions", "--account", plan["filled_in"]["account_id"])
    told = [one.replace(key.key_id, "ACCESS_KEY_ID") for one in commands(plan)]
    assert told == commands(clean)
    text = user.text(report)
    assert "\x1b" not in text
    assert "\n```" not in text
    markdown = user.text(report, "--format", "markdown")
    assert "<b>" not in re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", markdown)


def test_nothing_a_report_says_becomes_a_command(user: User, shop: Repo, tmp_path: Path) -> None:
    def lie(finding: Any) -> None:
        finding["title"] = finding["rule"] = EVIL
        finding["access_key_id"] = "AKIA;touch pwned"
        finding["regions"] = [EVIL, "--region"]
        finding["remediation"]["id"] = EVIL
        for one in finding["remediation"]["places"]:
            one |= {"path": EVIL, "reasons": [EVIL, "\x1b[2J"], "title": EVIL, "mechanism": EVIL}
        finding["occurrences"][0]["path"] = EVIL
        finding["verdict"] |= {"arn": EVIL, "identity": "user", "account_id": EVIL, "state": "live"}

    report = change(user.report(shop), lie)
    plan = user.plan(report)
    assert_harmless(plan, tmp_path / "run")
    assert not {"access_key_id", "user_name", "account_id", "region"} & set(plan["filled_in"])
    text, markdown = user.text(report), user.text(report, "--format", "markdown")
    assert "\x1b" not in text + markdown
    assert "<b>" not in re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", markdown).replace("\\<b", "")
    user.json(report, "--compliance", schema="compliance-1")
    user.text(report, "--compliance", "--format", "markdown")


def assert_harmless(plan: Json, folder: Path) -> None:
    """Run every command with programs that do nothing, and see that nothing was written."""
    folder.mkdir()
    programs = folder / "programs"
    programs.mkdir()
    work = folder / "work"
    work.mkdir()
    every = commands(plan)
    assert every
    for command in every:
        program = programs / shlex.split(command)[0].replace("/", "_")
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    script = "\n".join(every)
    subprocess.run(["/bin/sh", "-n", "-c", script], check=True, capture_output=True, cwd=work)
    subprocess.run(
        ["/bin/sh", "-c", script],
        check=False,
        capture_output=True,
        cwd=work,
        env={"PATH": str(programs), "HOME": str(work)},
    )
    assert not list(work.rglob("*pwned*"))
    assert "pwned" not in script
