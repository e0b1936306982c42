"""`leakscan remedy --role` as a user runs it: of a place, of a finding, with and without events."""

import json
import os
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from tests.support.cli import CLEAN, FINDINGS, INCOMPLETE, USAGE, Cli, Run
from tests.support.keys import KeyMaker, Leak
from tests.support.repo import Repo
from tests.support.spy import leaked

APPS = Path(__file__).parent.parent / "privilege" / "apps"
NAMES = sorted(one.name for one in APPS.iterdir() if one.is_dir())


def commit_app(repo: Repo, name: str) -> None:
    code = APPS / name / "code"
    files = {
        os.fsencode(file.relative_to(code).as_posix()): file.read_bytes()
        for file in code.rglob("*")
        if file.is_file()
    }
    repo.commit(files)


def role(cli: Cli, *words: str | Path, code: int = CLEAN) -> Run:
    run = cli.run("remedy", *words, "--role")
    assert run.code == code, run.message
    return run


def document(run: Run) -> dict[str, Any]:
    doc: dict[str, Any] = json.loads(run.out)
    schema = resources.files("leakscan.report") / "schema" / "role-1.json"
    jsonschema.Draft202012Validator(json.loads(schema.read_bytes())).validate(doc)
    return doc


def granted(doc: dict[str, Any]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for policy in doc["policies"]:
        for one in policy["document"]["Statement"]:
            for action in one["Action"]:
                found.setdefault(action, set()).update(one["Resource"])
    return found


@pytest.mark.parametrize("name", NAMES)
def test_the_known_answer_through_the_program(cli: Cli, repo: Repo, name: str) -> None:
    commit_app(repo, name)
    expected = json.loads((APPS / name / "expected.json").read_bytes())
    words: list[str | Path] = ["lambda-function", "--repository", repo.path, "--format", "json"]
    for option in ("region", "account"):
        words += [f"--{option}", expected[option]] if expected[option] else []
    doc = document(role(cli, *words))
    wanted = {
        action: {one.replace("${", "").replace("}", "") for one in ones}
        for action, ones in expected["allowed"].items()
    }
    assert granted(doc) == wanted
    assert doc["place"] == "lambda-function"
    assert doc["trust"]["Statement"][0]["Principal"] == {"Service": "lambda.amazonaws.com"}


@pytest.mark.parametrize("form", ["text", "json", "terraform", "cloudformation", "cli"])
def test_every_format_to_a_file(cli: Cli, repo: Repo, tmp_path: Path, form: str) -> None:
    commit_app(repo, "orders_lambda")
    file = tmp_path / "role.out"
    run = role(
        cli, "ecs-task", "--repository", repo.path, "--format", form, "--output", file,
        "--name", "orders",
    )  # fmt: skip
    assert run.out == b""
    text = file.read_text()
    assert "orders" in text
    assert "dynamodb:PutItem" in text


def test_code_of_a_folder_and_tests(cli: Cli, repo: Repo) -> None:
    commit_app(repo, "orders_lambda")
    words = ("lambda-function", "--repository", repo.path, "--format", "json")
    whole = document(role(cli, *words))
    assert whole["left_out"]["tests"] == 1
    tests = document(role(cli, *words, "--include-tests"))
    assert "s3:DeleteBucket" in granted(tests)
    assert "s3:DeleteBucket" not in granted(whole)
    part = document(role(cli, *words, "--code", "orders"))
    assert set(granted(part)) == {"s3:PutObject", "s3:GetObject", "kms:GenerateDataKey"}


def test_of_a_finding_with_its_own_values(cli: Cli, repo: Repo, keys: KeyMaker) -> None:
    key = keys.leak()
    repo.git("remote", "add", "origin", "git@github.com:acme/orders.git")
    commit_app(repo, "deploy_workflow")
    path = b".github/workflows/old.yml"
    repo.commit({path: b"jobs:\n  x:\n    env:\n" + indented(key.env(), b"      ")})
    scan = cli.scan(repo.path)
    assert scan.code == FINDINGS
    (found,) = scan.of(key.key_id)
    run = role(cli, found["fingerprint"], "--repository", repo.path, "--format", "json")
    doc = document(run)
    assert doc["place"] == "github-actions"
    assert "repo:acme/orders:ref:refs/heads/main" in json.dumps(doc["trust"])
    assert found["account_id"] in json.dumps(doc["trust"])
    assert not leaked(run.out, [key])


def indented(text: bytes, by: bytes) -> bytes:
    return b"".join(by + line.replace(b"=", b": ") + b"\n" for line in text.splitlines())


def event(name: str, parameters: dict[str, str], key_id: str, **rest: str) -> dict[str, Any]:
    return {
        "eventName": name,
        "eventSource": "s3.amazonaws.com",
        "eventID": "e-1",
        "eventTime": "2026-11-20T10:00:00Z",
        "awsRegion": "eu-west-1",
        "userIdentity": {"accessKeyId": key_id},
        "requestParameters": parameters,
        "sourceIPAddress": "203.0.113.9",
        "userAgent": "\x1b[31mBoto3",
        **rest,
    }


def test_with_events_the_policy_is_what_was_used(
    cli: Cli, repo: Repo, tmp_path: Path, keys: KeyMaker
) -> None:
    commit_app(repo, "orders_lambda")
    used = {"bucketName": "example-receipts", "key": "config/rates.json"}
    key_id = keys.leak().key_id
    file = tmp_path / "events.json"
    events = [
        event("GetObject", used, key_id),
        event("DeleteBucket", {"bucketName": "x"}, key_id, errorCode="AccessDenied"),
        event("ListBuckets", {}, "AKIA%%Z2Q7LEAKSCAN6789".replace("%%", "")),
    ]
    file.write_text(json.dumps({"Records": events}))
    words = ("--repository", repo.path, "--events", file, "--access-key-id", key_id)
    doc = document(role(cli, *words, "--format", "json"))
    assert granted(doc) == {"s3:GetObject": {"arn:aws:s3:::example-receipts/config/rates.json"}}
    assert doc["difference"]["only_used"] == []
    assert doc["difference"]["refused"] == [
        {"action": "s3:DeleteBucket", "resource": "arn:aws:s3:::x"}
    ]
    assert "sqs:SendMessage" in {one["action"] for one in doc["difference"]["only_code"]}
    text = role(cli, *words).out.decode()
    assert "IF SOMEBODY ELSE USED THE KEY" in " ".join(text.split())
    assert "203.0.113.9" in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    "words",
    [
        ("lambda-function", "--name", "a b"),
        ("lambda-function", "--name", "$(id)"),
        ("no-such-place",),
        ("--access-key-id", "secret"),
        ("--profile", "p"),
        ("--events", "missing.json"),
    ],
)
def test_wrong_use(cli: Cli, repo: Repo, words: tuple[str, ...]) -> None:
    commit_app(repo, "image_worker")
    role(cli, *words, "--repository", repo.path, code=USAGE)


def test_events_of_nobody(cli: Cli, repo: Repo, tmp_path: Path, keys: KeyMaker) -> None:
    commit_app(repo, "image_worker")
    key: Leak = keys.leak()
    file = tmp_path / "events.json"
    file.write_text(json.dumps({"Records": []}))
    run = role(
        cli, "--repository", repo.path, "--events", file, "--access-key-id", key.key_id, code=USAGE
    )
    assert "None of the events" in run.message


def test_a_repository_without_a_commit(cli: Cli, repo: Repo) -> None:
    run = role(cli, "lambda-function", "--repository", repo.path, code=USAGE)
    assert "no commit at HEAD" in run.message


def test_without_a_place_there_is_no_trust(cli: Cli, repo: Repo) -> None:
    commit_app(repo, "image_worker")
    doc = document(role(cli, "--repository", repo.path, "--format", "json"))
    assert doc["trust"] is None
    assert doc["place"] is None
    assert any("No place was named" in one for one in doc["decisions"])


def test_what_is_not_understood_shows_in_the_exit_code(cli: Cli, repo: Repo) -> None:
    repo.commit({b"app.py": b"import boto3\nboto3.client(name()).put_object(Bucket='b')\n"})
    run = role(cli, "ecs-task", "--repository", repo.path, code=INCOMPLETE)
    assert b"Not understood" in run.out
    assert b"app.py:2" in run.out


def test_a_bare_policy_says_elsewhere_what_is_open(cli: Cli, repo: Repo, tmp_path: Path) -> None:
    repo.commit({b"app.py": b"import boto3\nboto3.client('sqs').purge_queue(QueueUrl=url)\n"})
    words = ("ecs-task", "--repository", repo.path, "--region", "eu-west-1", "--format", "policy")
    run = role(cli, *words, "--output", tmp_path / "policy.json")
    policy = json.loads((tmp_path / "policy.json").read_bytes())
    assert policy["Statement"][0]["Action"] == ["sqs:PurgeQueue"]
    assert "fill in ACCOUNT_ID, " in run.message
    assert "fill in" not in role(cli, *words, "--quiet").message


def test_programs_of_their_own_are_told_apart(cli: Cli, repo: Repo) -> None:
    code = b"import boto3\nboto3.client('s3').put_object(Bucket='b', Key='k')\n"
    repo.commit({b"src/shop/app.py": code, b"src/mail/app.py": code, b"src/mail/b.py": code})
    words = ("ecs-task", "--repository", repo.path, "--format", "json")
    said = [one for one in document(role(cli, *words))["decisions"] if "--code" in one]
    assert [one.partition(". ")[0] for one in said] == [
        "Calls come from 2 folders: src/mail (2), src/shop (1)"
    ]
    alone = document(role(cli, *words, "--code", "src/shop"))
    assert not any("--code" in one for one in alone["decisions"])


@pytest.mark.parametrize("name", ["policy_sentry", "tree_sitter", "tree_sitter_go", "boto3"])
def test_without_the_extra_one_sentence_says_what_to_install(
    cli: Cli, repo: Repo, tmp_path: Path, name: str
) -> None:
    commit_app(repo, "image_worker")
    # Python finds no such package, as where it is not installed.
    (tmp_path / "sitecustomize.py").write_text(
        "from importlib.machinery import PathFinder\n"
        "find = PathFinder.find_spec\n"
        "def missing(cls, name, path=None, target=None):\n"
        f"    return None if name == {name!r} else find(name, path, target)\n"
        "PathFinder.find_spec = classmethod(missing)\n"
    )
    run = cli.run(
        "remedy", "ecs-task", "--role", "--repository", repo.path,
        env={"PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert run.code == USAGE
    assert "pip install 'leakscan[role]'" in run.message
    assert len(run.message.splitlines()) == 2
