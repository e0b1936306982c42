"""What each answer of STS says of a key, and that no doubt ever becomes a no."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakscan.verdict import Cause, Holder, Verdict, VerdictState
from leakscan.verify.answers import account_of, is_clock, judge
from leakscan.verify.base import Answer, Endpoint
from tests.support.fake_sts import ACCOUNT, INVALID_TOKEN, MISMATCH, REQUEST_ID
from tests.support.keys import KeyMaker

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HERE = Endpoint("aws", "us-east-1", "https://sts.us-east-1.amazonaws.com")
KEYS = KeyMaker("answers")
USER_ID, SESSION_ID = KEYS.key_id(), KEYS.key_id("ASIA")
USER = f"arn:aws:iam::{ACCOUNT}:user/ada"
CONCLUSIVE = frozenset(
    {VerdictState.LIVE, VerdictState.NOT_ACCEPTED, VerdictState.WRONG_SECRET, VerdictState.EXPIRED}
)


def ask(answer: Answer, key_id: str = USER_ID, endpoint: Endpoint = HERE) -> Verdict:
    return judge(answer, key_id, endpoint, AT)


def refusal(code: str, message: str = "", status: int = 403) -> Answer:
    return Answer(status=status, code=code, message=message)


def success(arn: str) -> Answer:
    return Answer(status=200, arn=arn, account=arn.split(":")[4], user_id="AIDA")


@dataclass(frozen=True)
class Case:
    answer: Answer
    state: VerdictState
    cause: Cause | None = None
    more: dict[str, Any] = field(default_factory=dict)


EXPIRED_SIGNATURE = (
    "Signature expired: 20261122T110000Z is now earlier than 20261122T114500Z"
    " (20261122T120000Z - 15 min.)"
)
NOT_YET = "Signature not yet current: 20261122T130000Z is still later than 20261122T121500Z"
NOT_AUTHORIZED = "is not authorized to perform: sts:GetCallerIdentity with an explicit deny"
CASES = [
    Case(refusal("InvalidClientTokenId", INVALID_TOKEN), VerdictState.NOT_ACCEPTED),
    Case(refusal("UnrecognizedClientException", INVALID_TOKEN), VerdictState.NOT_ACCEPTED),
    Case(refusal("SignatureDoesNotMatch", MISMATCH), VerdictState.WRONG_SECRET),
    Case(refusal("SignatureDoesNotMatch", EXPIRED_SIGNATURE), VerdictState.UNKNOWN, Cause.CLOCK),
    Case(refusal("SignatureDoesNotMatch", NOT_YET), VerdictState.UNKNOWN, Cause.CLOCK),
    Case(
        refusal("SignatureDoesNotMatch", "Credential should be scoped to a valid region."),
        VerdictState.UNKNOWN,
        Cause.REGION,
    ),
    Case(refusal("SignatureDoesNotMatch"), VerdictState.UNKNOWN, Cause.ANSWER),
    Case(refusal("SignatureDoesNotMatch", "Something new"), VerdictState.UNKNOWN, Cause.ANSWER),
    Case(refusal("ExpiredToken"), VerdictState.EXPIRED),
    Case(refusal("ExpiredTokenException"), VerdictState.EXPIRED),
    Case(refusal("AccessDenied", "Access denied"), VerdictState.UNKNOWN, Cause.DENIED),
    Case(
        refusal("AccessDenied", f"User: {USER} {NOT_AUTHORIZED}"),
        VerdictState.LIVE,
        more={"arn": USER, "account": ACCOUNT, "holder": Holder.USER},
    ),
    Case(
        refusal("AccessDenied", f"User: arn:aws:s3:::bucket {NOT_AUTHORIZED}"),
        VerdictState.UNKNOWN,
        Cause.DENIED,
    ),
    Case(refusal("AccessDenied", f"User: anonymous {NOT_AUTHORIZED}"), VerdictState.UNKNOWN,
         Cause.DENIED),
    Case(refusal("RegionDisabledException"), VerdictState.UNKNOWN, Cause.REGION),
    Case(refusal("OptInRequired"), VerdictState.UNKNOWN, Cause.REGION),
    Case(refusal("Throttling", status=400), VerdictState.UNKNOWN, Cause.THROTTLED),
    Case(refusal("ThrottlingException", status=400), VerdictState.UNKNOWN, Cause.THROTTLED),
    Case(refusal("ThrottledException", status=400), VerdictState.UNKNOWN, Cause.THROTTLED),
    Case(refusal("RequestLimitExceeded", status=400), VerdictState.UNKNOWN, Cause.THROTTLED),
    Case(refusal("SlowDown", status=503), VerdictState.UNKNOWN, Cause.THROTTLED),
    Case(refusal("Whatever", status=429), VerdictState.UNKNOWN, Cause.THROTTLED),
    Case(refusal("RequestExpired", status=400), VerdictState.UNKNOWN, Cause.CLOCK),
    Case(refusal("RequestTimeTooSkewed"), VerdictState.UNKNOWN, Cause.CLOCK),
    Case(refusal("InternalFailure", status=500), VerdictState.UNKNOWN, Cause.SERVER),
    Case(refusal("ServiceUnavailable", status=503), VerdictState.UNKNOWN, Cause.SERVER),
    Case(refusal("InvalidClientTokenId", status=502), VerdictState.UNKNOWN, Cause.SERVER),
    Case(refusal("IncompleteSignature", status=400), VerdictState.UNKNOWN, Cause.ANSWER),
    Case(refusal("MissingAuthenticationToken"), VerdictState.UNKNOWN, Cause.ANSWER),
    Case(refusal("ValidationError", status=400), VerdictState.UNKNOWN, Cause.ANSWER),
    Case(refusal("InvalidAction", status=400), VerdictState.UNKNOWN, Cause.ANSWER),
    Case(refusal("NeverHeardOf"), VerdictState.UNKNOWN, Cause.ANSWER),
    Case(refusal(""), VerdictState.UNKNOWN, Cause.ANSWER),
    Case(Answer(status=200), VerdictState.UNKNOWN, Cause.ANSWER),
    Case(Answer(status=200, arn="arn:aws:iam::12:root"), VerdictState.UNKNOWN, Cause.ANSWER),
    *(
        Case(Answer(failure="no answer came in time", failed_as=cause), VerdictState.UNKNOWN, cause)
        for cause in Cause
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_table(case: Case) -> None:
    verdict = ask(case.answer)
    assert (verdict.state, verdict.cause) == (case.state, case.cause)
    assert {name: getattr(verdict, name) for name in case.more} == case.more
    assert verdict.code == case.answer.code
    assert verdict.asked == ("sts.us-east-1.amazonaws.com",)
    assert verdict.checked_at == AT
    assert verdict.text.endswith(".")
    assert not case.answer.message or case.answer.message not in verdict.text


@pytest.mark.parametrize(
    ("resource", "holder"),
    [
        (f"arn:aws:iam::{ACCOUNT}:root", Holder.ROOT),
        (f"arn:aws:iam::{ACCOUNT}:user/ada", Holder.USER),
        (f"arn:aws:iam::{ACCOUNT}:user/team/b/ada", Holder.USER),
        (f"arn:aws-us-gov:iam::{ACCOUNT}:user/ada", Holder.USER),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/ci", Holder.ROLE_SESSION),
        (f"arn:aws-cn:sts::{ACCOUNT}:federated-user/eve", Holder.FEDERATED),
        (f"arn:aws:sts::{ACCOUNT}:user/moto", Holder.OTHER),
        (f"arn:aws:iam::{ACCOUNT}:rooted", Holder.OTHER),
    ],
)
def test_who_holds_a_live_key(resource: str, holder: Holder) -> None:
    verdict = ask(success(resource))
    assert (verdict.state, verdict.holder) == (VerdictState.LIVE, holder)
    assert (verdict.arn, verdict.account) == (resource, ACCOUNT)


def test_a_live_key_is_not_said_to_be_free_of_quarantine() -> None:
    assert "quarantine" in ask(success(USER)).text


def test_an_account_that_the_id_does_not_tell_is_named() -> None:
    other = KEYS.key_id()
    assert "The id itself tells account" in ask(success(USER), other).text
    assert "The id itself" not in ask(success(USER), "AKIA" + "A" * 16).text


def test_not_accepted_does_not_claim_that_a_key_is_gone() -> None:
    text = ask(refusal("InvalidClientTokenId", INVALID_TOKEN)).text
    assert "partition aws" in text
    assert "AWS does not say which" in text
    assert "can be activated again" in text


def test_a_temporary_key_may_have_the_wrong_token_instead() -> None:
    verdict = ask(refusal("InvalidClientTokenId", INVALID_TOKEN), SESSION_ID)
    assert verdict.state is VerdictState.NOT_ACCEPTED
    assert "session token is not its own" in verdict.text


@pytest.mark.parametrize(
    ("partition", "region", "state"),
    [
        ("aws", "eu-west-3", VerdictState.NOT_ACCEPTED),
        ("aws", "eu-south-1", VerdictState.UNKNOWN),
        ("aws", "af-south-1", VerdictState.UNKNOWN),
        ("aws-us-gov", "us-gov-west-1", VerdictState.NOT_ACCEPTED),
        ("aws-cn", "cn-north-1", VerdictState.NOT_ACCEPTED),
    ],
)
def test_a_region_that_accounts_switch_on_knows_no_keys_of_the_others(
    partition: str, region: str, state: VerdictState
) -> None:
    endpoint = Endpoint(partition, region, "https://sts.test")
    verdict = ask(refusal("InvalidClientTokenId", INVALID_TOKEN), endpoint=endpoint)
    assert verdict.state is state
    assert verdict.cause is (Cause.REGION if state is VerdictState.UNKNOWN else None)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (refusal("SignatureDoesNotMatch", EXPIRED_SIGNATURE), True),
        (refusal("SignatureDoesNotMatch", NOT_YET), True),
        (refusal("InvalidSignatureException", EXPIRED_SIGNATURE), True),
        (refusal("RequestExpired"), True),
        (refusal("RequestTimeTooSkewed"), True),
        (refusal("RequestInTheFuture"), True),
        (refusal("SignatureDoesNotMatch", MISMATCH), False),
        (refusal("ExpiredToken", "The security token included in the request is expired"), False),
        (refusal("AccessDenied", EXPIRED_SIGNATURE), False),
        (success(USER), False),
    ],
)
def test_only_words_on_the_time_are_the_clock(answer: Answer, expected: bool) -> None:
    assert is_clock(answer) is expected


@pytest.mark.parametrize("code", ["a b", "x" * 65, "<b>", "A1", "Throttling\n", "Ünknown"])
def test_a_code_that_does_not_look_like_one_is_not_repeated(code: str) -> None:
    assert ask(refusal(code)).code == ""


@pytest.mark.parametrize("value", ["", "x" * 36, "../../etc", REQUEST_ID + "\n", KEYS.secret()])
def test_a_request_id_that_does_not_look_like_one_is_not_repeated(value: str) -> None:
    assert ask(Answer(status=403, code="X", request_id=value)).request_id == ""


def test_the_request_id_is_that_of_cloudtrail() -> None:
    assert ask(Answer(status=403, code="X", request_id=REQUEST_ID)).request_id == REQUEST_ID


@pytest.mark.parametrize(
    "arn",
    [
        "", "arn:aws:iam::12345:root", f"arn:aws:iam::{ACCOUNT}:", f"arn:aws:s3::{ACCOUNT}:x",
        f"arn:gcp:iam::{ACCOUNT}:root", f"arn:aws:iam::{ACCOUNT}:user/a b", f"x{USER}",
        f"{USER}\n", f"arn:aws:iam::{ACCOUNT}:user/" + "x" * 800, f"arn:aws:iam:us:{ACCOUNT}:root",
    ],
)  # fmt: skip
def test_what_is_no_arn_has_no_account(arn: str) -> None:
    assert account_of(arn) is None


def test_an_arn_has_its_account() -> None:
    assert account_of(USER) == ACCOUNT


@given(
    status=st.integers(100, 599),
    code=st.one_of(st.text(max_size=80), st.sampled_from([case.answer.code for case in CASES])),
    message=st.one_of(st.text(max_size=80), st.sampled_from([c.answer.message for c in CASES])),
    key_id=st.sampled_from([USER_ID, SESSION_ID]),
)
def test_only_aws_words_conclude_anything(
    status: int, code: str, message: str, key_id: str
) -> None:
    verdict = ask(Answer(status=status, code=code, message=message), key_id)
    if verdict.state in CONCLUSIVE:
        assert 400 <= status < 500
        assert code in {
            "InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch",
            "InvalidSignatureException", "ExpiredToken", "ExpiredTokenException", "AccessDenied",
        }  # fmt: skip
    else:
        assert verdict.state is VerdictState.UNKNOWN
        assert verdict.cause is not None
