"""The one call over real HTTP on loopback: what is sent, and what each true answer becomes."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from leakscan.verdict import Cause, Holder, VerdictState
from leakscan.verify.aws_sts import Sts
from tests.support.fake_proxy import FakeProxy, Manner
from tests.support.fake_sts import (
    CODES,
    REQUEST_ID,
    FakeKey,
    FakeSts,
    Reply,
    Seen,
    denied,
    reply,
    true_success,
)
from tests.support.moto_server import ACCOUNT as MOTO_ACCOUNT
from tests.support.moto_server import moto_running
from tests.verify.asking import AGENT, ask, client, keys_of

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


@pytest.fixture
def server() -> Iterator[FakeSts]:
    with FakeSts(region="us-east-1") as sts:
        yield sts


@pytest.fixture
def sts() -> Iterator[Sts]:
    made = client()
    yield made
    made.close()


# -- what is said of each key --------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "holder"),
    [
        ("user", Holder.USER),
        ("root", Holder.ROOT),
        ("role_session", Holder.ROLE_SESSION),
        ("federated", Holder.FEDERATED),
    ],
)
def test_a_key_that_works_is_live(server: FakeSts, sts: Sts, kind: str, holder: Holder) -> None:
    key: FakeKey = getattr(server, kind)()
    answer, verdict = ask(sts, key, server.url)
    assert (answer.arn, answer.account, answer.user_id) == (key.arn, key.account, key.user_id)
    assert answer.date is not None
    assert (verdict.state, verdict.holder) == (VerdictState.LIVE, holder)
    assert (verdict.arn, verdict.account) == (key.arn, key.account)
    assert verdict.request_id == REQUEST_ID


def test_keys_that_do_not_work(server: FakeSts, sts: Sts) -> None:
    inactive, deleted, session = server.user(active=False), server.user(), server.role_session()
    server.delete(deleted)
    expected = {
        inactive: VerdictState.NOT_ACCEPTED,
        deleted: VerdictState.NOT_ACCEPTED,
        server.unknown(): VerdictState.NOT_ACCEPTED,
        server.user().with_secret(server.secret()): VerdictState.WRONG_SECRET,
        session.with_token(None): VerdictState.NOT_ACCEPTED,
        session.with_token(server.token()): VerdictState.NOT_ACCEPTED,
        session.with_secret(server.secret()): VerdictState.WRONG_SECRET,
        server.role_session(expired=True): VerdictState.EXPIRED,
        server.federated(expired=True): VerdictState.EXPIRED,
    }
    assert {key: ask(sts, key, server.url)[1].state for key in expected} == expected


def test_a_key_that_is_switched_on_again_is_live(server: FakeSts, sts: Sts) -> None:
    key = server.user()
    server.plan("InvalidClientTokenId")
    assert ask(sts, key, server.url)[1].state is VerdictState.NOT_ACCEPTED
    assert ask(sts, key, server.url)[1].state is VerdictState.LIVE


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("form", ["aws", "moto"])
def test_each_code_is_read_with_its_message(
    server: FakeSts, sts: Sts, code: str, form: str
) -> None:
    planned = reply(code)
    if form == "moto":
        body = planned.body.replace(b"<Error>", b"<Errors><Error>")
        planned = Reply(planned.status, body.replace(b"</Error>", b"</Error></Errors>"))
    server.plan(planned)
    answer, verdict = ask(sts, server.user(), server.url)
    assert (answer.status, answer.code, answer.request_id) == (planned.status, code, REQUEST_ID)
    assert answer.message
    assert answer.message.encode() in planned.body
    assert answer.failed_as is None
    assert verdict.code == code


def test_a_denial_that_names_who_asked_is_live(server: FakeSts, sts: Sts) -> None:
    key = server.user()
    server.plan(denied(key.arn))
    _, verdict = ask(sts, key, server.url)
    assert (verdict.state, verdict.arn, verdict.code) == (
        VerdictState.LIVE, key.arn, "AccessDenied",
    )  # fmt: skip


@pytest.mark.parametrize("offset_s", [-3600, 3600])
def test_a_wrong_clock_is_no_wrong_secret_and_the_date_header_helps(
    server: FakeSts, sts: Sts, offset_s: int
) -> None:
    server.offset_s = offset_s
    key = server.user()
    answer, verdict = ask(sts, key, server.url)
    assert (verdict.state, verdict.cause) == (VerdictState.UNKNOWN, Cause.CLOCK)
    assert answer.date is not None
    assert ask(sts, key, server.url, at=answer.date)[1].state is VerdictState.LIVE


def test_fourteen_minutes_off_is_fine(server: FakeSts, sts: Sts) -> None:
    at = datetime.now(UTC) - timedelta(minutes=14)
    assert ask(sts, server.user(), server.url, at=at)[1].state is VerdictState.LIVE


def test_a_host_of_another_region_says_nothing_of_the_secret(server: FakeSts, sts: Sts) -> None:
    _, verdict = ask(sts, server.user(), server.url, region="eu-west-1")
    assert (verdict.state, verdict.cause) == (VerdictState.UNKNOWN, Cause.REGION)


# -- what is sent --------------------------------------------------------------------------


def test_a_call_is_one_post_that_names_leakscan_and_nothing_else(server: FakeSts, sts: Sts) -> None:
    key = server.user()
    at = datetime.now(UTC)
    ask(sts, key, server.url, at=at)
    (seen,) = server.requests
    assert (seen.method, seen.path) == ("POST", "/")
    assert seen.body == b"Action=GetCallerIdentity&Version=2011-06-15"
    headers = {name.lower(): value for name, value in seen.headers}
    assert len(headers) == len(seen.headers)
    assert headers.pop("authorization").startswith(f"AWS4-HMAC-SHA256 Credential={key.id}/")
    assert headers == {
        "host": f"127.0.0.1:{server.port}",
        "accept-encoding": "identity",
        "content-type": "application/x-www-form-urlencoded; charset=utf-8",
        "content-length": "43",
        "user-agent": AGENT,
        "x-amz-date": at.strftime("%Y%m%dT%H%M%SZ"),
    }


def test_the_token_goes_along(server: FakeSts, sts: Sts) -> None:
    key = server.role_session()
    ask(sts, key, server.url)
    assert server.requests[0].header("X-Amz-Security-Token") == key.token


def test_the_time_that_is_signed_is_the_one_handed_in_in_utc(server: FakeSts, sts: Sts) -> None:
    at = datetime.fromisoformat("2031-02-03T04:05:06+05:00")
    server.offset_s = (at - datetime.now(UTC)).total_seconds()
    assert ask(sts, server.user(), server.url, at=at)[1].state is VerdictState.LIVE
    assert server.requests[0].header("X-Amz-Date") == "20310202T230506Z"


def test_what_no_key_can_hold_is_not_sent(server: FakeSts, sts: Sts) -> None:
    key = server.role_session()
    assert key.token is not None
    for odd in (
        key.with_secret(key.secret + "\r\nX-Evil: 1"),
        key.with_token(key.token + "\n"),
        key.with_secret("pass word"),
    ):
        answer, verdict = ask(sts, odd, server.url)
        assert answer.failed_as is Cause.ANSWER
        assert verdict.state is VerdictState.UNKNOWN
    assert server.count() == 0


# -- many calls ----------------------------------------------------------------------------


def test_connections_are_used_again(server: FakeSts, sts: Sts) -> None:
    keys = [server.user(), server.unknown(), server.user().with_secret(server.secret())] * 5
    for key in keys:
        ask(sts, key, server.url)
    assert (server.count(), server.connections) == (15, 1)


def test_threads_get_each_their_own_answer(server: FakeSts, sts: Sts) -> None:
    keys = [server.user(server.account(), f"user-{number}") for number in range(60)]
    with ThreadPoolExecutor(12) as pool:
        verdicts = list(pool.map(lambda key: ask(sts, key, server.url)[1], keys))
    assert [verdict.arn for verdict in verdicts] == [key.arn for key in keys]
    assert server.connections <= 12


# -- nothing of the caller's own AWS --------------------------------------------------------

CHILD = """
import json, sys
from datetime import datetime
from leakscan.redact import Secret
from leakscan.verify.aws_sts import Sts
from leakscan.verify.base import Endpoint, Keys
told = json.load(sys.stdin)
sts = Sts(user_agent="leakscan/0.0-test", connect_timeout_s=20, read_timeout_s=20, deadline_s=30,
          ca_bundle=None, proxies={})
keys = Keys("lk1:test", Secret(told["secret"].encode(), "s"), Secret(told["token"].encode(), "t"))
endpoint = Endpoint("aws", "us-east-1", told["url"])
answer = sts.ask(told["id"], keys, endpoint, datetime.fromisoformat(told["at"]))
print(answer.arn)
"""


def run_child(key: FakeKey, url: str, at: datetime, environment: dict[str, str]) -> str:
    told = {"id": key.id, "secret": key.secret, "token": key.token, "url": url}
    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        input=json.dumps({**told, "at": at.isoformat()}),
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.strip()


def hostile_home(folder: Path, trap: str, own: FakeKey) -> None:
    aws = folder / ".aws"
    (aws / "models/sts/2011-06-15").mkdir(parents=True)
    (aws / "models/sts/2011-06-15/service-2.json").write_text("{")
    (aws / "models/endpoints.json").write_text("{")
    (aws / "config").write_text(
        f"[default]\nregion = ap-south-1\nendpoint_url = {trap}\nca_bundle = /nowhere\n"
        f"credential_process = touch {folder / 'ran'}\nuser_agent_extra = evil\n"
        f"[plugins]\nevil = evil\n[profile evil]\nendpoint_url = {trap}\n"
    )
    (aws / "credentials").write_text(
        f"[default]\naws_access_key_id = {own.id}\naws_secret_access_key = {own.secret}\n"
    )
    (folder / ".netrc").write_text("machine 127.0.0.1 login evil password evil\n")
    (folder / ".boto").write_text("[Boto]\nproxy = 127.0.0.1\n")


def hostile_environment(home: Path, trap: str, own: FakeKey) -> dict[str, str]:
    return {
        "HOME": str(home), "PATH": os.environ["PATH"],
        "AWS_ACCESS_KEY_ID": own.id, "AWS_SECRET_ACCESS_KEY": own.secret,
        "AWS_SESSION_TOKEN": "evil", "AWS_PROFILE": "evil", "AWS_DEFAULT_PROFILE": "evil",
        "AWS_REGION": "ap-south-1", "AWS_DEFAULT_REGION": "ap-south-1",
        "AWS_ENDPOINT_URL": trap, "AWS_ENDPOINT_URL_STS": trap,
        "AWS_CONFIG_FILE": str(home / ".aws/config"), "AWS_DATA_PATH": str(home / ".aws/models"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / ".aws/credentials"),
        "AWS_CA_BUNDLE": "/nowhere", "REQUESTS_CA_BUNDLE": "/nowhere", "SSL_CERT_FILE": "/nowhere",
        "AWS_STS_REGIONAL_ENDPOINTS": "legacy", "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_USE_DUALSTACK_ENDPOINT": "true", "AWS_EXECUTION_ENV": "evil",
        "AWS_SDK_UA_APP_ID": "evil", "AWS_CONTAINER_CREDENTIALS_FULL_URI": trap,
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": trap, "AWS_MAX_ATTEMPTS": "9",
        "AWS_SIGV4A_SIGNING_REGION_SET": "*", "BOTO_CONFIG": str(home / ".boto"),
        "HTTP_PROXY": trap, "http_proxy": trap, "HTTPS_PROXY": trap, "https_proxy": trap,
        "ALL_PROXY": trap, "all_proxy": trap,
    }  # fmt: skip


def test_nothing_of_the_callers_environment_changes_a_byte(server: FakeSts, tmp_path: Path) -> None:
    key, own = server.role_session(), server.user(name="caller")
    at = datetime.now(UTC)
    with FakeSts() as trap, FakeProxy(Manner.FAILING) as proxy:
        hostile_home(tmp_path, trap.url, own)
        clean = {"HOME": str(tmp_path / "empty"), "PATH": os.environ["PATH"]}
        hostile = hostile_environment(tmp_path, trap.url, own)
        proxied = {name: proxy.url for name in hostile if name.lower().endswith("_proxy")}
        for environment in (clean, hostile, {**hostile, **proxied}):
            assert run_child(key, server.url, at, environment) == key.arn
        assert (trap.count(), trap.connections, proxy.asked) == (0, 0, [])
    first, *others = [(seen.headers, seen.body) for seen in server.requests]
    assert others == [first, first]
    assert not (tmp_path / "ran").exists()


def test_the_signature_is_that_of_the_fixed_parts_alone(server: FakeSts, sts: Sts) -> None:
    key, at = server.user(), datetime.now(UTC)
    for _ in range(2):
        ask(sts, key, server.url, at=at)
    one, other = (seen.header("Authorization") for seen in server.requests)
    assert one == other


def test_nothing_of_a_key_shows_in_what_the_client_prints(server: FakeSts, sts: Sts) -> None:
    key = server.role_session()
    assert key.token is not None
    answer, verdict = ask(sts, key, server.url)
    for shown in (repr(answer), repr(verdict), repr(sts), repr(keys_of(key)), str(answer)):
        assert key.secret not in shown
        assert key.token not in shown
        assert key.arn not in shown


def test_the_answer_of_another_account_than_the_arns_is_none(server: FakeSts, sts: Sts) -> None:
    key = server.user()

    def mixed(seen: Seen) -> Reply:
        wrong = f"<Account>{server.account()}</Account>"
        right = f"<Account>{key.account}</Account>"
        return Reply(200, true_success(key).replace(right.encode(), wrong.encode()))

    server.plan(mixed)
    answer, verdict = ask(sts, key, server.url)
    assert (answer.arn, answer.failed_as) == ("", Cause.ANSWER)
    assert verdict.state is VerdictState.UNKNOWN


# -- moto, where it answers as AWS does -----------------------------------------------------


def test_what_moto_says_is_read_as_what_aws_says(
    tmp_path: Path, sts: Sts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    with FakeSts() as maker, moto_running(tmp_path) as moto:
        iam, tokens = _moto_client("iam", moto.url), _moto_client("sts", moto.url)
        user = iam.create_user(UserName="ada")["User"]
        made, gone = (iam.create_access_key(UserName="ada")["AccessKey"] for _ in range(2))
        iam.delete_access_key(UserName="ada", AccessKeyId=gone["AccessKeyId"])
        role = f"arn:aws:iam::{MOTO_ACCOUNT}:role/deploy"
        trust = '{"Version": "2012-10-17", "Statement": []}'
        iam.create_role(RoleName="deploy", AssumeRolePolicyDocument=trust)
        session = tokens.assume_role(RoleArn=role, RoleSessionName="ci")["Credentials"]
        iam.close()
        tokens.close()
        moto.check_signatures_after(0)

        live = FakeKey(made["AccessKeyId"], made["SecretAccessKey"])
        temporary = FakeKey(
            session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"]
        )
        expected = {
            live: VerdictState.LIVE,
            live.with_secret(maker.secret()): VerdictState.WRONG_SECRET,
            FakeKey(gone["AccessKeyId"], gone["SecretAccessKey"]): VerdictState.NOT_ACCEPTED,
            maker.unknown(): VerdictState.NOT_ACCEPTED,
            temporary: VerdictState.LIVE,
            temporary.with_token(None): VerdictState.NOT_ACCEPTED,
            temporary.with_token(maker.token()): VerdictState.NOT_ACCEPTED,
        }
        said = {key: ask(sts, key, moto.url)[1] for key in expected}
    assert {key: verdict.state for key, verdict in said.items()} == expected
    assert (said[live].arn, said[live].holder) == (user["Arn"], Holder.USER)
    assert said[temporary].arn == f"arn:aws:sts::{MOTO_ACCOUNT}:assumed-role/deploy/ci"
    assert said[temporary].holder is Holder.ROLE_SESSION


def _moto_client(service: str, url: str) -> Any:
    return botocore.session.Session().create_client(
        service,
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id="anybody",
        aws_secret_access_key="anything",
    )
