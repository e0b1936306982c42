"""`--inspect` against an IAM on loopback: in what order it asks, and what each refusal leaves."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from leakscan.aws import CANARY_ACCOUNTS
from leakscan.inspect.calls import MAX_PAGES
from leakscan.inspect.inspector import Inspector
from leakscan.inspect.policies import MAX_DOCUMENTS
from leakscan.inspection import Kind, State, Why
from leakscan.report import inspected as report
from leakscan.verdict import Holder, Verdict, VerdictState
from tests.inspect.inspecting import (
    FOREIGN,
    FOUND,
    NOW,
    OLD_ID,
    RESPONDER_ID,
    RESPONDER_SECRET,
    SESSION_ID,
    inspected,
    live,
    opened,
    principal_of,
    settings,
    write_profile,
)
from tests.report.builder import key_id
from tests.support.fake_iam import (
    ACCOUNT,
    MANAGED,
    NOTHING_SUCH,
    OF_USER,
    USED,
    USER,
    FakeIam,
    Raw,
    Refusal,
    Reply,
    Values,
)
from tests.verify.builder import finding, secret

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


@pytest.fixture(autouse=True)
def holding(iam: FakeIam) -> None:
    iam.holds(FOUND)


# -- order and identity -------------------------------------------------------------------


def test_last_use_is_asked_before_all_else_and_nothing_with_the_found_key(
    iam: FakeIam, aws_files: Path
) -> None:
    inspector = opened(iam.url, aws_files)
    assert iam.actions() == ["GetCallerIdentity"]
    evidence = inspector.evidence(FOUND)
    assert iam.actions() == ["GetCallerIdentity", "GetAccessKeyLastUsed"]
    inspector.inspect(FOUND, evidence, live(USER, Holder.USER))
    assert iam.actions()[2] == "ListAccessKeys"
    assert {one.signer for one in iam.requests} == {RESPONDER_ID}


def test_evidence_of_findings_is_asked_once_for_an_id(iam: FakeIam, aws_files: Path) -> None:
    inspector = opened(iam.url, aws_files)
    findings = [
        finding("one", FOUND, secret("one")),
        finding("two", FOUND, secret("two")),
        finding("lone secret", None, secret("three")),
    ]
    evidence = inspector.evidence_of(findings)
    assert list(evidence) == [FOUND]
    made = inspector.inspect_all(findings, evidence)
    assert set(made) == {one.credential.fingerprint for one in findings[:2]}
    assert len({id(one) for one in made.values()}) == 1


def test_what_aws_named_decides_among_findings_of_one_id(iam: FakeIam, aws_files: Path) -> None:
    iam.deny("GetAccessKeyLastUsed")
    inspector = opened(iam.url, aws_files)
    right = finding("right", FOUND, secret("right"))
    right = replace(right, verdict=live(USER, Holder.USER))
    wrong = finding("wrong", FOUND, secret("wrong"))
    wrong = replace(wrong, verdict=Verdict(VerdictState.WRONG_SECRET))
    made = inspector.inspect_all([right, wrong], inspector.evidence_of([right, wrong]))
    assert {one.state for one in made.values()} == {State.INSPECTED}


def test_a_no_counts_more_than_what_was_not_asked(iam: FakeIam, aws_files: Path) -> None:
    inspector = opened(iam.url, aws_files)
    states = (VerdictState.NOT_CHECKED, VerdictState.NOT_ACCEPTED, VerdictState.WRONG_SECRET)
    findings = [
        replace(finding(state, FOUND, secret(state)), verdict=Verdict(state)) for state in states
    ]
    made = inspector.inspect_all(findings, inspector.evidence_of(findings))
    assert [one.contradicts for one in made.values()] == [True, True, True]


def test_agent_is_fixed_and_no_secret_of_the_responder_is_told(
    iam: FakeIam, aws_files: Path, caplog: pytest.LogCaptureFixture
) -> None:
    inspection = inspected(iam, aws_files)
    assert {one.agent for one in iam.requests} == {"leakscan/test"}
    everything = f"{inspection!r}{report.lines(inspection)}{report.document(inspection)}"
    assert RESPONDER_SECRET not in everything + caplog.text


# -- whom IAM is asked about ----------------------------------------------------------------

CANARY = key_id("canary", "AKIA", int(min(CANARY_ACCOUNTS)))
NEVER_BUILT = "AKIA" + "7" * 16


def test_evidence_is_asked_of_a_limited_number_of_ids_those_with_secrets_first(
    iam: FakeIam, aws_files: Path
) -> None:
    write_profile(aws_files)
    few = replace(settings(iam.url), max_keys=2)
    inspector = Inspector.open(few, (FOUND,), lambda: NOW)
    planted = [key_id(f"planted {number}", "AKIA", int(ACCOUNT)) for number in range(3)]
    findings = [finding(one, one) for one in (SESSION_ID, FOREIGN, *planted)]
    findings.append(finding("real", FOUND, secret("real")))
    evidence = inspector.evidence_of(findings)
    asked = [one.parameters.get("AccessKeyId") for one in iam.requests[1:]]
    assert asked == [FOUND, planted[0]]
    assert set(evidence) == {SESSION_ID, FOREIGN, *planted, FOUND}
    for one in planted[1:]:
        assert evidence[one].text.startswith("More than 2 keys (--max-keys)")
        assert (evidence[one].is_told, evidence[one].asked_at) == (False, None)


@pytest.mark.parametrize(
    ("access_key_id", "words"),
    [
        (FOREIGN, "It is a key of account 210987654321"),
        (CANARY, "canary"),
        (NEVER_BUILT, "AWS builds no such id"),
        (SESSION_ID, "temporary"),
        ("ACCA" + FOUND[4:], "other than access keys"),
    ],
)
def test_nobody_is_asked_about_ids_of_which_iam_tells_nothing(
    iam: FakeIam, aws_files: Path, access_key_id: str, words: str
) -> None:
    inspector = opened(iam.url, aws_files)
    findings = [finding("one", access_key_id, secret("one"))]
    evidence = inspector.evidence_of(findings)
    assert words in evidence[access_key_id].text
    assert iam.actions() == ["GetCallerIdentity"]
    (made,) = inspector.inspect_all(findings, evidence).values()
    assert any(words in text for _, text in report.lines(made))
    assert iam.actions() == ["GetCallerIdentity"]


def test_a_canary_is_none_of_ours_though_the_responder_is_of_its_account(
    iam: FakeIam, aws_files: Path
) -> None:
    account = min(CANARY_ACCOUNTS)
    iam.says("GetCallerIdentity", {"Arn": f"arn:aws:iam::{account}:user/a", "Account": account})
    evidence = opened(iam.url, aws_files).evidence_of([finding("one", CANARY, secret("one"))])
    assert "canary" in evidence[CANARY].text
    assert iam.actions() == ["GetCallerIdentity"]


# -- evidence -----------------------------------------------------------------------------


def test_evidence_says_when_where_and_for_what(iam: FakeIam, aws_files: Path) -> None:
    evidence = opened(iam.url, aws_files).evidence(FOUND)
    told = (evidence.user, evidence.last_used_at, evidence.service, evidence.region)
    assert evidence.is_told
    assert told == ("deploy", USED, "s3", "eu-west-1")


def test_a_key_that_was_never_used(iam: FakeIam, aws_files: Path) -> None:
    never = {
        "UserName": "deploy",
        "AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"},
    }
    iam.says("GetAccessKeyLastUsed", never)
    inspection = inspected(iam, aws_files)
    assert inspection.evidence.is_told
    assert (inspection.evidence.last_used_at, inspection.evidence.service) == (None, "")
    assert ("Last used", "never, as far as IAM keeps track (since April 2015)") in report.lines(
        inspection
    )


def test_a_key_of_another_account_is_not_asked_about(iam: FakeIam, aws_files: Path) -> None:
    inspection = inspected(iam, aws_files, FOREIGN)
    assert inspection.state is State.OTHER_ACCOUNT
    assert "210987654321" in inspection.text
    assert iam.actions() == ["GetCallerIdentity"]


def test_the_account_that_aws_named_counts_more_than_none(iam: FakeIam, aws_files: Path) -> None:
    inspector = opened(iam.url, aws_files)
    iam.deny("GetAccessKeyLastUsed")
    evidence = inspector.evidence(OLD_ID)
    elsewhere = live("arn:aws:iam::210987654321:user/eve", Holder.USER, "210987654321")
    inspection = inspector.inspect(OLD_ID, evidence, elsewhere)
    assert inspection.state is State.OTHER_ACCOUNT
    assert iam.actions() == ["GetCallerIdentity", "GetAccessKeyLastUsed"]


@pytest.mark.parametrize(
    ("access_key_id", "reply", "words"),
    [
        (OLD_ID, None, "Not permitted, or a key of another account"),
        (FOUND, None, "When it was last used is not known."),
        (OLD_ID, NOTHING_SUCH, "or of another account"),
        (FOUND, NOTHING_SUCH, "it was deleted, was never made, or is one of the root user."),
    ],
)
def test_a_key_of_which_nobody_says_whose_it_is(
    iam: FakeIam, aws_files: Path, access_key_id: str, reply: Reply | None, words: str
) -> None:
    if reply is None:
        iam.deny("GetAccessKeyLastUsed")
    else:
        iam.says("GetAccessKeyLastUsed", reply)
    inspection = inspected(iam, aws_files, access_key_id)
    assert inspection.state is State.NOT_FOUND
    assert words in inspection.text
    assert len(iam.requests) == 2


def test_where_iam_knows_no_key_that_sts_does_both_are_told(iam: FakeIam, aws_files: Path) -> None:
    iam.says("GetAccessKeyLastUsed", NOTHING_SUCH)
    inspection = inspected(iam, aws_files, FOUND, Verdict(VerdictState.WRONG_SECRET))
    assert inspection.text.endswith(" STS answered as it does for ids that are active.")


def test_a_temporary_key_has_no_last_use(iam: FakeIam, aws_files: Path) -> None:
    evidence = opened(iam.url, aws_files).evidence(SESSION_ID)
    assert not evidence.is_told
    assert "temporary" in evidence.text
    assert iam.actions() == ["GetCallerIdentity"]


# -- a user -------------------------------------------------------------------------------


def test_a_user_and_all_that_belongs_to_it(iam: FakeIam, aws_files: Path) -> None:
    inspection = inspected(iam, aws_files)
    assert inspection.state is State.INSPECTED
    assert inspection.text == "It is an active key of the user deploy."
    assert inspection.key is not None
    assert inspection.gaps == ()
    one = principal_of(inspection)
    assert (one.kind, one.arn, one.groups) == (Kind.USER, USER, ("builders",))
    assert [(policy.name, policy.group) for policy in one.policies] == [
        ("buckets", ""),
        ("own", ""),
        ("shared", "builders"),
    ]
    assert (one.mfa, one.has_password, one.password_used_at) == (0, True, USED)
    assert one.boundary.endswith("policy/edge")
    assert [other.service for other in one.service_credentials] == ["bedrock.amazonaws.com"]


def test_without_a_last_use_the_arn_names_the_user(iam: FakeIam, aws_files: Path) -> None:
    iam.deny("GetAccessKeyLastUsed")
    inspection = inspected(iam, aws_files, verdict=live(USER, Holder.USER))
    assert principal_of(inspection).name == "deploy"
    assert [gap.action for gap in inspection.gaps] == ["iam:GetAccessKeyLastUsed"]


@pytest.mark.parametrize("action", OF_USER)
def test_each_call_may_be_denied_alone(iam: FakeIam, aws_files: Path, action: str) -> None:
    iam.deny(action)
    inspection = inspected(iam, aws_files)
    assert {(gap.action, gap.why) for gap in inspection.gaps} == {
        (f"iam:{action}", Why.NOT_PERMITTED)
    }
    skipped = _SKIPPED.get(action, ())
    assert set(OF_USER) - set(iam.actions()) == set(skipped)
    label = "\n".join(text for _, text in report.lines(inspection))
    assert f"not permitted (iam:{action})" in label


_SKIPPED = {
    "GetPolicy": ("GetPolicyVersion",),
    "ListAttachedUserPolicies": ("GetPolicy", "GetPolicyVersion"),
    "ListUserPolicies": ("GetUserPolicy",),
    "ListGroupPolicies": ("GetGroupPolicy",),
    "ListGroupsForUser": ("ListAttachedGroupPolicies", "ListGroupPolicies", "GetGroupPolicy"),
}
"""What cannot be asked without the answer to another call."""


def test_all_calls_denied_leave_the_name_of_the_user(iam: FakeIam, aws_files: Path) -> None:
    for action in OF_USER:
        iam.deny(action)
    inspection = inspected(iam, aws_files)
    assert principal_of(inspection).name == "deploy"
    assert inspection.text == "Whether the key of the user deploy is active IAM does not say."
    assert inspection.reach is not None
    assert inspection.reach.powers == ()
    assert "not worked out" in inspection.reach.text


@pytest.mark.parametrize(
    ("reply", "why", "code"),
    [
        (Refusal(400, "Throttling", "Rate exceeded"), Why.NO_ANSWER, "Throttling"),
        (Refusal(500, "ServiceFailure"), Why.NO_ANSWER, "ServiceFailure"),
        (Refusal(403, "ExpiredToken"), Why.REFUSED, "ExpiredToken"),
        (Raw(200, b"<html>log in</html"), Why.NOT_UNDERSTOOD, "ResponseParserError"),
        (Raw(200, b"<html><p>log in</p></html>"), Why.NOT_UNDERSTOOD, "KeyError"),
        (Raw(403, b"<html><p>log in</p></html>"), Why.NOT_UNDERSTOOD, "HTTP 403"),
        (
            {"User": {"UserName": "deploy", "CreateDate": "yesterday"}},
            Why.NOT_UNDERSTOOD,
            "ValueError",
        ),
    ],
)
def test_other_failures_degrade_alone_too(
    iam: FakeIam, aws_files: Path, reply: Reply, why: Why, code: str
) -> None:
    iam.says("GetUser", reply)
    inspection = inspected(iam, aws_files)
    assert [(gap.action, gap.why, gap.code) for gap in inspection.gaps] == [
        ("iam:GetUser", why, code)
    ]
    assert principal_of(inspection).mfa == 0


@pytest.mark.parametrize(
    ("reply", "whys"),
    [
        (Raw(0, b""), (Why.NO_ANSWER,)),
        # What half a body is taken for depends on the version of urllib3.
        (
            Raw(200, b"<GetUser", {"Content-Length": "999"}),
            (Why.NO_ANSWER, Why.NOT_UNDERSTOOD),
        ),
    ],
)
def test_an_answer_that_breaks_off_is_none(
    iam: FakeIam, aws_files: Path, reply: Reply, whys: tuple[Why, ...]
) -> None:
    iam.says("GetUser", reply)
    inspection = inspected(iam, aws_files)
    (gap,) = inspection.gaps
    assert (gap.action, gap.why in whys) == ("iam:GetUser", True)
    assert principal_of(inspection).mfa == 0


def test_a_server_that_is_gone_is_named_so(aws_files: Path) -> None:
    with FakeIam() as gone:
        inspector = opened(gone.url, aws_files)
    evidence = inspector.evidence(FOUND)
    assert [(gap.why, gap.code) for gap in evidence.gaps] == [(Why.NO_ANSWER, "could not connect")]


def test_a_redirect_is_not_followed(iam: FakeIam, aws_files: Path) -> None:
    iam.says("GetUser", Raw(302, b"", {"Location": f"{iam.url}/elsewhere"}))
    inspection = inspected(iam, aws_files)
    assert [gap.action for gap in inspection.gaps] == ["iam:GetUser"]
    assert iam.actions().count("GetUser") == 1


def test_where_nothing_answers_any_more_the_rest_is_not_asked(
    iam: FakeIam, aws_files: Path
) -> None:
    inspector = opened(iam.url, aws_files, timeout_s=0.2)
    evidence = inspector.evidence(FOUND)

    def hang(_: Values) -> Reply:
        iam.closing.wait(20)
        return NOTHING_SUCH

    for action in OF_USER:
        iam.answers(action, hang)
    inspection = inspector.inspect(FOUND, evidence, live(USER, Holder.USER))
    assert set(iam.actions()[2:]) == {"ListAccessKeys", "GetUser"}
    assert {gap.why for gap in inspection.gaps} == {Why.NO_ANSWER}
    assert inspection.gaps[0].code == "timed out"
    assert inspection.gaps[-1].code.startswith("not asked")


def test_no_password_is_an_answer_and_no_gap(iam: FakeIam, aws_files: Path) -> None:
    iam.says("GetLoginProfile", NOTHING_SUCH)
    inspection = inspected(iam, aws_files)
    assert principal_of(inspection).has_password is False
    assert ("Password", "none for the console") in report.lines(inspection)
    assert inspection.gaps == ()


def test_of_very_many_policies_the_first_are_read(iam: FakeIam, aws_files: Path) -> None:
    names = [f"p{number}" for number in range(MAX_DOCUMENTS + 2)]
    many = [{"PolicyName": name, "PolicyArn": f"{MANAGED}/{name}"} for name in names]
    iam.says("ListAttachedUserPolicies", {"IsTruncated": False, "AttachedPolicies": many})
    inspection = inspected(iam, aws_files)
    attached = [one for one in principal_of(inspection).policies if one.arn]
    assert [one.name for one in attached] == names
    assert [one.statements is None for one in attached[-3:]] == [False, True, True]
    assert [(gap.what, gap.why) for gap in inspection.gaps] == [("texts of policies", Why.CUT)]
    assert iam.actions().count("GetPolicyVersion") == MAX_DOCUMENTS


def test_lists_are_read_in_pages_and_cut_with_a_word(iam: FakeIam, aws_files: Path) -> None:
    def page(parameters: Values) -> Reply:
        number = int(parameters.get("Marker", "0"))
        return {
            "IsTruncated": True,
            "Marker": str(number + 1),
            "Groups": [{"GroupName": f"g{number}"}],
        }

    iam.answers("ListGroupsForUser", page)
    inspection = inspected(iam, aws_files)
    assert principal_of(inspection).groups == tuple(f"g{number}" for number in range(MAX_PAGES))
    assert [(gap.what, gap.why) for gap in inspection.gaps] == [("groups", Why.CUT)]
