"""`leakscan remedy --role` with events: looked up with the responder's profile, or of a file."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.test_role import document, event, granted
from tests.inspect.inspecting import FOUND, RESPONDER_ID, write_profile
from tests.support.cli import CLEAN, INCOMPLETE, USAGE, Cli
from tests.support.fake_cloudtrail import FakeCloudTrail
from tests.support.guard import Guard
from tests.support.repo import Repo

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

CODE = b"import boto3\nboto3.client('s3').put_object(Bucket='b', Key='k')\n"
READ = event("GetObject", {"bucketName": "site", "key": "a"}, FOUND)
LISTED = event("ListObjectsV2", {"bucketName": "site"}, FOUND)
DENIED = event("DeleteBucket", {"bucketName": "site"}, FOUND, errorCode="AccessDenied")


@pytest.fixture
def cloudtrail() -> Iterator[FakeCloudTrail]:
    with FakeCloudTrail({"eu-west-1": [READ, LISTED], "us-east-1": [DENIED]}) as server:
        yield server


@pytest.fixture
def env(own_cli: Cli, tmp_path: Path, cloudtrail: FakeCloudTrail) -> dict[str, str]:
    """A profile of the responder, and a configuration of theirs that names the endpoint."""
    folder = own_cli.home / ".aws"
    folder.mkdir()
    write_profile(folder)
    own = own_cli.home / ".config" / "leakscan"
    own.mkdir(parents=True)
    (own / "config.yaml").write_text(f"version: 1\nverify:\n  endpoint_url: {cloudtrail.url}\n")
    return Guard(tmp_path / "guard").environment()


@pytest.fixture
def words(repo: Repo) -> tuple[str | Path, ...]:
    repo.commit({b"app.py": CODE})
    return (
        *("remedy", "ecs-task", "--role", "--repository", repo.path),
        *("--profile", "responder", "--format", "json"),
    )


def test_the_events_of_all_regions_make_the_policy(
    own_cli: Cli,
    env: dict[str, str],
    cloudtrail: FakeCloudTrail,
    words: tuple[str | Path, ...],
) -> None:
    run = own_cli.run(*words, "--access-key-id", FOUND, env=env)
    assert run.code == CLEAN, run.message
    doc = document(run)
    assert granted(doc) == {
        "s3:GetObject": {"arn:aws:s3:::site/a"},
        "s3:ListBucket": {"arn:aws:s3:::site"},
    }
    assert [one["action"] for one in doc["difference"]["refused"]] == ["s3:DeleteBucket"]
    assert [one["action"] for one in doc["difference"]["only_code"]] == ["s3:PutObject"]
    looked = [(one.region, one.body.get("NextToken")) for one in cloudtrail.asked[1:]]
    assert sorted(looked, key=str) == [
        ("eu-west-1", "1"), ("eu-west-1", None), ("us-east-1", None)
    ]  # fmt: skip
    # It is the responder who asks, of this key alone.
    assert {one.signer for one in cloudtrail.asked} == {RESPONDER_ID}
    wanted = [{"AttributeKey": "AccessKeyId", "AttributeValue": FOUND}]
    assert all(one.body["LookupAttributes"] == wanted for one in cloudtrail.asked[1:])
    assert own_cli.run(*words, "--access-key-id", FOUND, env=env).out == run.out


def test_a_region_that_refuses_is_said_and_shows_in_the_exit_code(
    own_cli: Cli,
    env: dict[str, str],
    cloudtrail: FakeCloudTrail,
    words: tuple[str | Path, ...],
) -> None:
    cloudtrail.refusing = ("us-east-1",)
    run = own_cli.run(*words, "--access-key-id", FOUND, env=env)
    assert run.code == INCOMPLETE
    assert "what the key was used for in us-east-1" in run.message
    doc = document(run)
    assert set(granted(doc)) == {"s3:GetObject", "s3:ListBucket"}
    assert not doc["complete"]
    assert any("us-east-1" in one for one in doc["decisions"])


def test_a_key_without_events_gets_no_permission_and_no_all_clear(
    own_cli: Cli,
    env: dict[str, str],
    cloudtrail: FakeCloudTrail,
    words: tuple[str | Path, ...],
) -> None:
    cloudtrail.events = {"eu-west-1": []}
    run = own_cli.run(*words, "--access-key-id", FOUND, env=env)
    assert run.code == INCOMPLETE
    doc = document(run)
    assert doc["policies"] == []
    assert doc["decisions"][0].startswith("NOTHING WAS INFERRED")


def test_the_key_itself_never_asks(
    own_cli: Cli,
    env: dict[str, str],
    cloudtrail: FakeCloudTrail,
    words: tuple[str | Path, ...],
) -> None:
    run = own_cli.run(*words, "--access-key-id", RESPONDER_ID, env=env)
    assert run.code == USAGE
    assert "uses a key that was found" in run.message
    assert cloudtrail.asked == []
    run = own_cli.run(*words, env=env)
    assert run.code == USAGE
    assert "--access-key-id" in run.message


# -- of a file ----------------------------------------------------------------------------

OTHER = "AKIA%%Z2Q7LEAKSCAN6789".replace("%%", "")


def of_file(cli: Cli, repo: Repo, file: Path, *words: str | Path, code: int) -> Any:
    repo.commit({b"app.py": CODE})
    run = cli.run(
        *("remedy", "ecs-task", "--role", "--repository", repo.path, "--format", "json"),
        *("--events", file, *words),
    )
    assert run.code == code, run.message
    return run


def test_events_of_several_keys_are_not_merged(cli: Cli, repo: Repo, tmp_path: Path) -> None:
    file = tmp_path / "events.json"
    file.write_text(json.dumps([READ, LISTED, event("ListBuckets", {}, OTHER)]))
    run = of_file(cli, repo, file, code=USAGE)
    assert f"are of 2 keys: {FOUND} (2), {OTHER} (1)." in run.message
    assert "--access-key-id" in run.message
    one = document(of_file(cli, repo, file, "--access-key-id", OTHER, code=CLEAN))
    assert set(granted(one)) == {"s3:ListAllMyBuckets"}


def test_of_one_key_no_id_is_needed_and_services_of_aws_are_left_out(
    cli: Cli, repo: Repo, tmp_path: Path
) -> None:
    service = {**event("ListBuckets", {}, ""), "userIdentity": {"type": "AWSService"}}
    file = tmp_path / "events.json"
    file.write_text(json.dumps([READ, service]))
    doc = document(of_file(cli, repo, file, code=CLEAN))
    assert set(granted(doc)) == {"s3:GetObject"}


def test_what_root_did_is_called_so(cli: Cli, repo: Repo, tmp_path: Path) -> None:
    file = tmp_path / "events.json"
    root = {**READ, "userIdentity": {"type": "Root", "accessKeyId": FOUND}}
    file.write_text(json.dumps([root]))
    said = document(of_file(cli, repo, file, code=CLEAN))["decisions"]
    assert any(one.startswith("DANGER: the root user") for one in said)


def test_an_id_alone_is_no_source(cli: Cli, repo: Repo) -> None:
    repo.commit({b"app.py": CODE})
    run = cli.run("remedy", "--role", "--repository", repo.path, "--access-key-id", FOUND)
    assert run.code == USAGE
    assert "--events or --profile" in run.message
