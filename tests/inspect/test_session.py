"""The responder's profile: what is refused before anything is asked, and where it may not lead."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from leakscan.errors import ExitCode
from leakscan.inspect.inspector import Inspector
from leakscan.inspect.session import InspectError, open_session
from leakscan.inspection import Evidence, State
from leakscan.verdict import Holder
from tests.inspect.inspecting import (
    FOUND,
    NOW,
    RESPONDER_ID,
    RESPONDER_SECRET,
    live,
    opened,
    settings,
    write_profile,
)
from tests.report.builder import key_id, secret_text
from tests.support.fake_iam import (
    ACCOUNT,
    RESPONDER,
    ROLE,
    FakeIam,
    Raw,
    Refusal,
    Reply,
    session_of,
)
from tests.verify.builder import finding, secret

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
FOUND_KEY = {"aws_access_key_id": FOUND, "aws_secret_access_key": secret_text("found")}
NOWHERE = "http://127.0.0.1:1"


def opening(url: str, profile: str = "responder") -> Inspector:
    return Inspector.open(settings(url, profile, timeout_s=0.3), (FOUND,), lambda: NOW)


def test_the_profile_says_who_it_is_with_one_call(iam: FakeIam, aws_files: Path) -> None:
    responder = opened(iam.url, aws_files).responder
    assert (responder.profile, responder.account, responder.arn) == (
        "responder",
        ACCOUNT,
        RESPONDER,
    )
    assert responder.partition == "aws"
    assert iam.actions() == ["GetCallerIdentity"]


@pytest.mark.parametrize(
    ("profile", "more"),
    [
        (FOUND_KEY, {}),
        ({"role_arn": "arn:aws:iam::418892985061:role/a", "source_profile": "far"}, FOUND_KEY),
        (
            {"role_arn": "arn:aws:iam::418892985061:role/a", "source_profile": "far"},
            {**FOUND_KEY, "source_profile": "responder"},
        ),
    ],
)
def test_a_profile_with_a_found_key_is_refused_before_any_call(
    iam: FakeIam, aws_files: Path, profile: Mapping[str, str], more: Mapping[str, str]
) -> None:
    write_profile(aws_files, "responder", **profile)
    if more:
        write_profile(aws_files, "far", **more)
    with pytest.raises(InspectError, match="uses a key that was found") as caught:
        opening(iam.url)
    assert iam.requests == []
    assert secret_text("found") not in str(caught.value)


def test_a_found_key_in_the_environment_that_the_profile_names(
    iam: FakeIam, aws_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", FOUND)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret_text("found"))
    role = "arn:aws:iam::418892985061:role/a"
    write_profile(aws_files, role_arn=role, credential_source="Environment")
    with pytest.raises(InspectError, match="uses a key that was found"):
        opening(iam.url)
    assert iam.requests == []


def test_a_found_key_that_a_process_gives(iam: FakeIam, aws_files: Path) -> None:
    made = aws_files / "made.json"
    made.write_text(
        f'{{"Version": 1, "AccessKeyId": "{FOUND}", "SecretAccessKey": "{secret_text("found")}"}}'
    )
    write_profile(aws_files, credential_process=f"cat {made}")
    with pytest.raises(InspectError, match="uses a key that was found"):
        opening(iam.url)
    assert iam.requests == []


# -- credentials that are found on the way -------------------------------------------------

ROLE_OF = {"role_arn": ROLE, "source_profile": "source"}


def process(folder: Path, access_key_id: str, name: str) -> dict[str, str]:
    """Return settings of a profile whose credentials a program gives."""
    made = folder / f"{name}.json"
    key = {"AccessKeyId": access_key_id, "SecretAccessKey": secret_text("found")}
    made.write_text(json.dumps({"Version": 1, **key}))
    return {"credential_process": f"cat {made}"}


def web_identity(folder: Path) -> dict[str, str]:
    """Return settings of a profile whose credentials a token of somebody else's buys."""
    token = folder / "token"
    token.write_text("a.b.c")
    return {"role_arn": ROLE, "web_identity_token_file": str(token)}


def refused(iam: FakeIam) -> None:
    with pytest.raises(InspectError, match=f"uses a key that was found: {FOUND}") as caught:
        opening(iam.url)
    assert caught.value.code is ExitCode.USAGE
    assert FOUND not in {one.signer for one in iam.requests}


def test_a_found_key_that_a_process_gives_to_a_source_profile_signs_nothing(
    iam: FakeIam, aws_files: Path
) -> None:
    write_profile(aws_files, **ROLE_OF)
    write_profile(aws_files, "source", **process(aws_files, FOUND, "found"))
    refused(iam)
    assert iam.requests == []


def test_nor_does_one_at_the_end_of_a_chain_of_roles(iam: FakeIam, aws_files: Path) -> None:
    write_profile(aws_files, **ROLE_OF)
    write_profile(aws_files, "source", role_arn=ROLE, source_profile="far")
    write_profile(aws_files, "far", **process(aws_files, FOUND, "found"))
    refused(iam)
    assert iam.requests == []


def test_nor_does_one_that_a_role_in_between_gives(iam: FakeIam, aws_files: Path) -> None:
    iam.says("AssumeRole", session_of(FOUND, secret_text("found")))
    write_profile(aws_files, **ROLE_OF)
    write_profile(aws_files, "source", role_arn=ROLE, source_profile="far")
    write_profile(aws_files, "far", **process(aws_files, RESPONDER_ID, "far"))
    refused(iam)
    assert [one.signer for one in iam.requests] == [RESPONDER_ID]


@pytest.mark.parametrize("is_source", [True, False])
def test_nor_does_one_that_a_web_identity_buys(
    iam: FakeIam, aws_files: Path, is_source: bool
) -> None:
    iam.says("AssumeRoleWithWebIdentity", session_of(FOUND, secret_text("found")))
    if is_source:
        write_profile(aws_files, **ROLE_OF)
    write_profile(aws_files, "source" if is_source else "responder", **web_identity(aws_files))
    refused(iam)
    assert iam.actions() == ["AssumeRoleWithWebIdentity"]


@pytest.mark.parametrize("is_source", [True, False])
def test_nor_does_one_that_sso_gives(iam: FakeIam, aws_files: Path, is_source: bool) -> None:
    """In a process of its own: botocore looks where the home is when it is loaded."""
    path = "/federation/credentials"
    found = {"accessKeyId": FOUND, "secretAccessKey": secret_text("found"), "sessionToken": "t"}
    body = json.dumps({"roleCredentials": {**found, "expiration": 4_000_000_000_000}})
    iam.says(path, Raw(200, body.encode(), {"Content-Type": "application/json"}))
    start = "https://signin.invalid/start"
    sso = {"sso_start_url": start, "sso_region": "us-east-1"}
    sso |= {"sso_account_id": ACCOUNT, "sso_role_name": "reader"}
    if is_source:
        write_profile(aws_files, **ROLE_OF)
    write_profile(aws_files, "source" if is_source else "responder", **sso)
    tokens = Path(os.environ["HOME"], ".aws", "sso", "cache")
    tokens.mkdir(parents=True)
    token = {"startUrl": start, "accessToken": "t", "expiresAt": "2090-01-01T00:00:00Z"}
    (tokens / f"{hashlib.sha1(start.encode()).hexdigest()}.json").write_text(json.dumps(token))
    program = (
        "import sys\nfrom leakscan.inspect.session import InspectError, Settings, open_session\n"
        "try: open_session(Settings('responder', 'x', endpoint_url=sys.argv[1]), sys.argv[2:])\n"
        "except InspectError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, iam.url, FOUND], capture_output=True, text=True
    )
    assert done.stdout == f"The profile responder uses a key that was found: {FOUND}.\n", done
    assert iam.actions() == [path]


def test_a_key_that_the_profile_comes_to_use_later_signs_nothing_either(
    iam: FakeIam, aws_files: Path
) -> None:
    soon = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    write_profile(aws_files, **process(aws_files, RESPONDER_ID, "made"))
    made = aws_files / "made.json"
    key = {**json.loads(made.read_text()), "Expiration": soon}
    made.write_text(json.dumps(key))
    inspector = opening(iam.url)
    made.write_text(json.dumps({**key, "AccessKeyId": FOUND}))
    with pytest.raises(InspectError, match="uses a key that was found"):
        inspector.evidence(FOUND)
    # What was verified by then is not lost: the inspection says why there is none.
    one = replace(finding("one", FOUND, secret("one")), verdict=live(RESPONDER, Holder.USER))
    (made,) = inspector.inspect_all([one], {FOUND: Evidence(FOUND)}).values()
    assert made.text == f"The profile responder uses a key that was found: {FOUND}."
    assert (made.state, made.principal) == (State.NOT_FOUND, None)
    assert {one.signer for one in iam.requests} == {RESPONDER_ID}


def test_a_double_is_asked_for_a_role_of_the_profile_too(iam: FakeIam, aws_files: Path) -> None:
    """It is one of all of AWS: a test must not reach AWS with the profile's credentials."""
    session = key_id("session", "ASIA", int(ACCOUNT))
    iam.says("AssumeRole", session_of(session, RESPONDER_SECRET))
    write_profile(aws_files, **ROLE_OF)
    write_profile(aws_files, "source", **process(aws_files, RESPONDER_ID, "source"))
    opening(iam.url)
    assert [(one.action, one.signer) for one in iam.requests] == [
        ("AssumeRole", RESPONDER_ID),
        ("GetCallerIdentity", session),
    ]


# -- whose credentials, and where they are used --------------------------------------------


def test_keys_of_the_environment_are_not_those_of_the_profile(
    iam: FakeIam, aws_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key_id("other", "AKIA", int(ACCOUNT)))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret_text("other"))
    opened(iam.url, aws_files)
    assert [one.signer for one in iam.requests] == [RESPONDER_ID]


def test_a_session_token_of_the_profile_is_sent(iam: FakeIam, aws_files: Path) -> None:
    session = key_id("session", "ASIA", int(ACCOUNT))
    write_profile(
        aws_files,
        aws_access_key_id=session,
        aws_secret_access_key=RESPONDER_SECRET,
        aws_session_token="t" * 120,
    )
    opening(iam.url)
    (request,) = iam.requests
    assert (request.signer, request.is_signed_with_token) == (session, True)


def test_endpoints_of_the_environment_and_the_profile_are_not_obeyed(
    iam: FakeIam, aws_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeIam() as other:
        for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_IAM"):
            monkeypatch.setenv(name, other.url)
        write_profile(
            aws_files,
            aws_access_key_id=RESPONDER_ID,
            aws_secret_access_key=RESPONDER_SECRET,
            endpoint_url=other.url,
        )
        # Without a URL of our own, AWS itself would be asked: the proxy stops that here.
        monkeypatch.setenv("HTTPS_PROXY", NOWHERE)
        aws_itself = replace(settings("", timeout_s=0.3), endpoint_url=None)
        with pytest.raises(InspectError, match="ProxyConnectionError"):
            Inspector.open(aws_itself, (FOUND,), lambda: NOW)
        opening(iam.url)
        assert other.requests == []
    assert iam.actions() == ["GetCallerIdentity"]


def test_no_such_profile(iam: FakeIam, aws_files: Path) -> None:
    with pytest.raises(InspectError, match="There is no AWS profile nobody") as caught:
        opening(iam.url, "nobody")
    assert caught.value.code is ExitCode.USAGE


def test_a_profile_without_credentials_does_not_fall_back_to_the_machine(
    iam: FakeIam, aws_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the instance nor the container is asked: both would be somebody else."""
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", iam.url)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", iam.url)
    write_profile(aws_files, region="eu-west-1")
    with pytest.raises(InspectError, match="has no credentials"):
        opening(iam.url)
    assert iam.requests == []


@pytest.mark.parametrize(
    ("reply", "words", "code"),
    [
        (
            Refusal(403, "InvalidClientTokenId"),
            r"^AWS refused to say who the profile responder is \(InvalidClientTokenId\)\.$",
            ExitCode.USAGE,
        ),
        (Refusal(403, "ExpiredToken"), "ExpiredToken", ExitCode.USAGE),
        (Raw(200, b"<html><p>log in</p></html>"), "no answer of AWS's", ExitCode.UNVERIFIED),
        (Raw(200, b"<html>"), "no answer of AWS's", ExitCode.UNVERIFIED),
        ({}, "did not say who", ExitCode.USAGE),
    ],
)
def test_a_profile_that_aws_does_not_accept(
    iam: FakeIam, aws_files: Path, reply: Reply, words: str, code: ExitCode
) -> None:
    iam.says("GetCallerIdentity", reply)
    with pytest.raises(InspectError, match=words) as caught:
        opened(iam.url, aws_files)
    assert caught.value.code is code
    assert set(iam.actions()) == {"GetCallerIdentity"}


def test_where_aws_cannot_be_reached_the_message_says_so(aws_files: Path) -> None:
    write_profile(aws_files)
    with pytest.raises(InspectError, match="EndpointConnectionError") as caught:
        opening(NOWHERE)
    assert caught.value.code is ExitCode.UNVERIFIED


@pytest.mark.parametrize(
    "profile",
    [
        {"credential_process": "false"},
        {"aws_access_key_id": RESPONDER_ID},
        {"role_arn": "arn:aws:iam::418892985061:role/a", "source_profile": "nobody"},
        {"role_arn": "arn:aws:iam::418892985061:role/a", "source_profile": "responder"},
    ],
)
def test_a_profile_that_is_broken(
    iam: FakeIam, aws_files: Path, profile: Mapping[str, str]
) -> None:
    write_profile(aws_files, "responder", **profile)
    with pytest.raises(InspectError, match="profile responder cannot be used"):
        opening(iam.url)
    assert iam.requests == []


SSO = {"sso_region": "us-east-1", "sso_account_id": ACCOUNT, "sso_role_name": "reader"}


@pytest.mark.parametrize(
    "more", [{"sso_start_url": "https://signin.invalid/start"}, {"sso_session": "ours"}]
)
def test_a_profile_that_is_not_signed_in_to_sso_says_how(
    iam: FakeIam, aws_files: Path, more: Mapping[str, str]
) -> None:
    write_profile(aws_files, **SSO, **more)
    with (aws_files / "config").open("a") as stream:
        stream.write("[sso-session ours]\nsso_start_url = https://signin.invalid/start\n")
        stream.write("sso_region = us-east-1\n")
    with pytest.raises(InspectError, match="responder is not signed in to SSO") as caught:
        opening(iam.url)
    assert "aws sso login --profile responder" in caught.value.hint
    assert (caught.value.code, iam.requests) == (ExitCode.USAGE, [])


def test_a_role_that_the_profile_may_not_assume(iam: FakeIam, aws_files: Path) -> None:
    iam.deny("AssumeRole")
    write_profile(aws_files, **ROLE_OF)
    write_profile(aws_files, "source", **process(aws_files, RESPONDER_ID, "source"))
    with pytest.raises(InspectError) as caught:
        opening(iam.url)
    assert str(caught.value) == (
        "AWS refused to say who the profile responder is (AccessDenied, asked for AssumeRole)."
    )


@pytest.mark.parametrize("name", ["config", "credentials"])
def test_a_config_file_that_is_broken(iam: FakeIam, aws_files: Path, name: str) -> None:
    write_profile(aws_files)
    (aws_files / name).write_text(f"[profile responder\nsecret = {RESPONDER_SECRET}")
    with pytest.raises(InspectError, match="The AWS config file cannot be read: ") as caught:
        opening(iam.url)
    assert str(caught.value).endswith(f"/{name}.")
    assert RESPONDER_SECRET not in f"{caught.value}{caught.value.hint}"


def test_a_proxy_of_our_own_is_used(iam: FakeIam, aws_files: Path) -> None:
    write_profile(aws_files)
    wanted = replace(settings("http://sts.invalid"), proxy=iam.url)
    Inspector.open(wanted, (FOUND,), lambda: NOW)
    assert iam.actions() == ["GetCallerIdentity"]


def test_a_ca_bundle_that_is_none_is_an_error_of_the_profile(aws_files: Path) -> None:
    write_profile(aws_files)
    missing = os.fspath(aws_files / "none.pem")
    wanted = replace(settings("https://127.0.0.1:1", timeout_s=0.3), ca_bundle=missing)
    with pytest.raises(InspectError):
        Inspector.open(wanted, (FOUND,), lambda: NOW)


@pytest.mark.parametrize(
    ("region", "is_fips", "iam_host", "sts_host"),
    [
        ("us-east-1", False, "iam.amazonaws.com", "sts.us-east-1.amazonaws.com"),
        ("eu-west-1", False, "iam.amazonaws.com", "sts.eu-west-1.amazonaws.com"),
        ("us-east-1", True, "iam-fips.amazonaws.com", "sts-fips.us-east-1.amazonaws.com"),
        (
            "us-gov-west-1",
            False,
            "iam.us-gov.amazonaws.com",
            "sts.us-gov-west-1.amazonaws.com",
        ),
        (
            "cn-north-1",
            False,
            "iam.cn-north-1.amazonaws.com.cn",
            "sts.cn-north-1.amazonaws.com.cn",
        ),
    ],
)
def test_hosts_are_those_of_the_profiles_partition(
    aws_files: Path, region: str, is_fips: bool, iam_host: str, sts_host: str
) -> None:
    keys = {"aws_access_key_id": RESPONDER_ID, "aws_secret_access_key": RESPONDER_SECRET}
    write_profile(aws_files, "responder", **keys, region=region)
    write_profile(aws_files, "nowhere", **keys)
    base = replace(settings(""), endpoint_url=None, fips=is_fips)
    for wanted in (base, replace(base, profile="nowhere", region=region)):
        session = open_session(wanted, ())
        hosts = [session.client(name).meta.endpoint_url for name in ("iam", "sts")]
        assert hosts == [f"https://{iam_host}", f"https://{sts_host}"]


def test_a_url_of_our_own_is_asked_with_fips_too(iam: FakeIam, aws_files: Path) -> None:
    write_profile(aws_files)
    Inspector.open(replace(settings(iam.url), fips=True), (FOUND,), lambda: NOW)
    assert iam.actions() == ["GetCallerIdentity"]
