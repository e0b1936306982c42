"""`leakscan verify --inspect --profile NAME`: the responder's look, in the right order."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.inspect.inspecting import FOUND, RESPONDER_ID, write_profile
from tests.report.builder import key_id
from tests.support.cli import CLEAN, FINDINGS, INTERRUPTED, TIMEOUT_S, USAGE, Cli, program
from tests.support.fake_iam import ACCOUNT, RESPONDER, USER, FakeIam, Refusal
from tests.support.fake_proxy import FakeProxy, Manner
from tests.support.fake_sts import INVALID_TOKEN
from tests.support.guard import Guard
from tests.support.keys import KeyMaker, Leak
from tests.support.repo import Repo
from tests.support.spy import leaked

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

UNVERIFIED = 5


@pytest.fixture
def iam() -> Iterator[FakeIam]:
    with FakeIam() as server:
        server.holds(FOUND)
        yield server


@pytest.fixture
def env(own_cli: Cli, tmp_path: Path) -> dict[str, str]:
    """An environment with a profile, and default credentials that are nobody's business."""
    folder = own_cli.home / ".aws"
    folder.mkdir()
    write_profile(folder)
    with (folder / "config").open("a") as stream:
        stream.write("[default]\naws_access_key_id = default\naws_secret_access_key = default\n")
    return Guard(tmp_path / "guard").environment()


@pytest.fixture
def found(keys: KeyMaker) -> Leak:
    return Leak(FOUND, keys.secret())


def test_the_last_use_is_asked_before_the_key_is_used(
    own_cli: Cli, env: dict[str, str], iam: FakeIam, found: Leak
) -> None:
    words = ("verify", "-", "--account", ACCOUNT, "--endpoint-url", iam.url)
    inspect = ("--inspect", "--profile", "responder", "--format", "json")
    run = own_cli.run(*words, *inspect, stdin=found.env(), env=env)
    assert run.code == FINDINGS
    (one,) = json.loads(run.out)["findings"]
    assert one["inspection"]["state"] == "inspected"
    assert USER in json.dumps(one["inspection"])
    with_key = [(one.action, one.signer == FOUND) for one in iam.requests]
    assert with_key[:3] == [
        ("GetCallerIdentity", False),
        ("GetAccessKeyLastUsed", False),
        ("GetCallerIdentity", True),
    ]
    # Nothing else is ever done with the key, and nothing with the default credentials.
    assert [action for action, own in with_key if own] == ["GetCallerIdentity"]
    assert {one.signer for one in iam.requests} == {FOUND, RESPONDER_ID}
    assert len(with_key) > 5
    assert not leaked(run.out + run.err, [found])
    text = own_cli.run(*words, *inspect[:3], stdin=found.env(), env=env)
    assert text.code == FINDINGS
    assert b"deploy" in text.out


def test_what_is_inspected_needs_a_profile_of_ones_own(
    own_cli: Cli, env: dict[str, str], iam: FakeIam, found: Leak
) -> None:
    words = ("verify", "-", "--account", ACCOUNT, "--endpoint-url", iam.url)
    for wrong, said in (
        (("--inspect",), "--profile"),
        (("--profile", "responder"), "--inspect"),
        (("--inspect", "--profile", "responder", "--dry-run"), "--dry-run"),
        (("--inspect", "--profile", "nobody"), "no AWS profile nobody"),
    ):
        run = own_cli.run(*words, *wrong, stdin=found.env(), env=env)
        assert run.code == USAGE
        assert said in run.message
    assert iam.requests == []


def test_a_found_key_is_never_the_profile(
    own_cli: Cli, env: dict[str, str], iam: FakeIam, found: Leak
) -> None:
    write_profile(
        own_cli.home / ".aws", "found", aws_access_key_id=FOUND, aws_secret_access_key=found.secret
    )
    run = own_cli.run(
        *("verify", "-", "--account", ACCOUNT, "--endpoint-url", iam.url),
        *("--inspect", "--profile", "found"),
        stdin=found.env(),
        env=env,
    )
    assert run.code == USAGE
    assert "uses a key that was found" in run.message
    assert iam.requests == []


def test_an_active_key_that_aws_does_not_accept_is_not_settled(
    own_cli: Cli, env: dict[str, str], iam: FakeIam, found: Leak
) -> None:
    who = {"Arn": RESPONDER, "UserId": "AIDA" + "Q" * 17, "Account": ACCOUNT}
    refusal = Refusal(403, "InvalidClientTokenId", INVALID_TOKEN)
    iam.answers("GetCallerIdentity", lambda _: refusal if iam.requests[-1].signer == FOUND else who)
    words = ("verify", "-", "--account", ACCOUNT, "--endpoint-url", iam.url)
    inspect = ("--inspect", "--profile", "responder")
    assert own_cli.run(*words, stdin=found.env(), env=env).code == CLEAN
    run = own_cli.run(*words, *inspect, stdin=found.env(), env=env)
    assert run.code == UNVERIFIED
    said = " ".join(run.out.decode().split())
    assert "NOT SETTLED: IAM calls it active, STS did not accept it" in said
    assert "IAM says it is active, and STS did not accept it moments ago: treat it as live." in said
    assert "1 could not be settled" in run.out.decode().splitlines()[-1]

    # Switched on again meanwhile: what was kept a moment ago does not count beside IAM's word.
    iam.says("GetCallerIdentity", who)
    run = own_cli.run(*words, *inspect, "--max-age", "1h", stdin=found.env(), env=env)
    assert run.code == FINDINGS


def test_iam_hears_of_no_more_keys_than_aws_is_asked_about(
    own_cli: Cli, env: dict[str, str], iam: FakeIam, found: Leak, repo: Repo, keys: KeyMaker
) -> None:
    others = [Leak(key_id(f"other {n}", "AKIA", int(ACCOUNT)), keys.secret()) for n in range(3)]
    repo.commit({b"found.env": found.env()})
    repo.commit({f"{n}.env".encode(): one.env() for n, one in enumerate(others)})
    report = own_cli.run("scan", repo.path, "--format", "json", env=env).out
    mark = next(
        one["fingerprint"]
        for one in json.loads(report)["findings"]
        if one["access_key_id"] == found.key_id
    )
    words = ("verify", mark, "--repository", repo.path, "--any-account", "--endpoint-url", iam.url)
    run = own_cli.run(*words, "--inspect", "--profile", "responder", env=env)
    assert run.code == FINDINGS
    assert iam.actions().count("GetAccessKeyLastUsed") == 1

    iam.requests.clear()
    words = ("verify", "-", "--account", ACCOUNT, "--endpoint-url", iam.url, "--max-keys", "2")
    text = b"\n\n\n\n\n\n\n\n\n\n".join(one.env() for one in others)
    own_cli.run(*words, "--inspect", "--profile", "responder", stdin=text, env=env)
    assert iam.actions().count("GetAccessKeyLastUsed") == 2


def test_what_is_live_is_said_if_the_look_at_it_is_interrupted(
    own_cli: Cli, env: dict[str, str], iam: FakeIam, found: Leak
) -> None:
    def wait(_: object) -> Refusal:
        iam.closing.wait()
        return Refusal(500, "InternalFailure")

    iam.answers("GetUser", wait)
    words = ("verify", "-", "--account", ACCOUNT, "--endpoint-url", iam.url)
    process = subprocess.Popen(
        [*program(), *words, "--inspect", "--profile", "responder", "--quiet"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=own_cli.environment(env),
    )
    assert process.stdin is not None
    process.stdin.write(found.env())
    process.stdin.close()
    process.stdin = None
    while "GetUser" not in iam.actions():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=TIMEOUT_S)
    assert (process.returncode, out) == (INTERRUPTED, b"")
    assert b"leakscan: live so far: %b: deactivate or revoke them.\n" % FOUND.encode() in err


def test_without_encryption_no_proxy_hears_the_responder(
    own_cli: Cli, env: dict[str, str], iam: FakeIam, found: Leak
) -> None:
    words = ("verify", "-", "--account", ACCOUNT, "--endpoint-url", iam.url)
    with FakeProxy(Manner.FAILING) as proxy:
        more = ("--inspect", "--profile", "responder", "--proxy", proxy.url)
        run = own_cli.run(*words, *more, stdin=found.env(), env=env)
        assert (run.code, proxy.asked) == (FINDINGS, [])
    assert b"deploy" in run.out
