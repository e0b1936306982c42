"""`--inspect` against an IAM on loopback: in what order it asks, and what each refusal leaves."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from leakscan.inspection import Harm, Inspection, Kind, Principal, State, Sure, Why
from leakscan.report import inspected as report
from leakscan.verdict import Holder, Verdict, VerdictState
from leakscan.verify.inspect_calls import MAX_PAGES
from tests.support.fake_iam import (
    MANAGED,
    NOTHING_SUCH,
    OF_USER,
    ROLE,
    SESSION,
    USED,
    USER,
    FakeIam,
    Raw,
    Refusal,
    Reply,
    Values,
    document,
)
from tests.verify.builder import finding, secret
from tests.verify.inspecting import (
    FOREIGN,
    FOUND,
    OLD_ID,
    RESPONDER_ID,
    RESPONDER_SECRET,
    SESSION_ID,
    inspected,
    live,
    opened,
)

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


@pytest.fixture(autouse=True)
def holding(iam: FakeIam) -> None:
    iam.holds(FOUND)


def principal_of(inspection: Inspection) -> Principal:
    assert inspection.principal is not None
    return inspection.principal


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


def test_agent_is_fixed_and_no_secret_of_the_responder_is_told(
    iam: FakeIam, aws_files: Path, caplog: pytest.LogCaptureFixture
) -> None:
    inspection = inspected(iam, aws_files)
    assert {one.agent for one in iam.requests} == {"leakscan/test"}
    everything = f"{inspection!r}{report.lines(inspection)}{report.document(inspection)}"
    assert RESPONDER_SECRET not in everything + caplog.text


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
        (FOUND, NOTHING_SUCH, "it was deleted, or is one of the root user."),
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
    assert inspection.text == "Whether the key of the user deploy is active is not known."
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
    assert inspection.gaps == ()


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


# -- states of a key ----------------------------------------------------------------------


@pytest.mark.parametrize("status", ["Inactive", "Expired"])
def test_a_key_that_is_off_says_what_it_could_do(
    iam: FakeIam, aws_files: Path, status: str
) -> None:
    iam.holds(FOUND, status)
    iam.allowed["iam:CreateAccessKey"] = {"word": "allowed"}
    inspection = inspected(iam, aws_files, verdict=Verdict(VerdictState.NOT_ACCEPTED))
    assert f"{status.lower()}: it can do nothing now" in inspection.text
    labels = dict(report.lines(inspection))
    assert "may create keys for other users" in labels["Could"]
    assert "Can" not in labels


def test_a_key_that_iam_does_not_list_was_deleted(iam: FakeIam, aws_files: Path) -> None:
    iam.holds(RESPONDER_ID)
    inspection = inspected(iam, aws_files)
    assert inspection.text == "IAM lists no such key of the user deploy: it was deleted."
    assert inspection.key is None


@pytest.mark.parametrize("version", ["", "V2", "V3", "V4"])
def test_quarantine_does_not_stop_the_key(iam: FakeIam, aws_files: Path, version: str) -> None:
    name = f"AWSCompromisedKeyQuarantine{version}"
    attached = [{"PolicyName": name, "PolicyArn": f"arn:aws:iam::aws:policy/{name}"}]
    iam.says("ListAttachedUserPolicies", {"IsTruncated": False, "AttachedPolicies": attached})
    inspection = inspected(iam, aws_files)
    assert principal_of(inspection).quarantine == (name,)
    assert name in inspection.text
    assert "the key still works" in inspection.text
    assert "Do not remove that policy first" in inspection.text
    assert "GetPolicy" not in iam.actions()


def test_a_policy_of_that_name_which_aws_did_not_write(iam: FakeIam, aws_files: Path) -> None:
    name = "AWSCompromisedKeyQuarantineV3"
    attached = [{"PolicyName": name, "PolicyArn": MANAGED.replace("buckets", name)}]
    iam.says("ListAttachedUserPolicies", {"IsTruncated": False, "AttachedPolicies": attached})
    inspection = inspected(iam, aws_files)
    assert principal_of(inspection).quarantine == ()
    assert "found a key" not in inspection.text


# -- others than users --------------------------------------------------------------------


def test_a_role_session(iam: FakeIam, aws_files: Path) -> None:
    iam.allowed["dynamodb:Scan"] = {"word": "allowed"}
    inspection = inspected(iam, aws_files, SESSION_ID, live(SESSION, Holder.ROLE_SESSION))
    one = principal_of(inspection)
    assert (one.kind, one.name, one.session, one.arn) == (Kind.ROLE, "worker", "i-0abc", ROLE)
    assert one.trusts == ("ec2.amazonaws.com",)
    assert (one.last_used_at, one.last_used_region) == (USED, "eu-west-1")
    simulated = [one for one in iam.requests if one.action == "SimulatePrincipalPolicy"]
    assert simulated[0].parameters["PolicySourceArn"] == ROLE
    assert inspection.reach is not None
    assert [power.action for power in inspection.reach.powers] == ["dynamodb:Scan"]


@pytest.mark.parametrize(
    "action",
    [
        "GetRole",
        "ListAttachedRolePolicies",
        "ListRolePolicies",
        "GetRolePolicy",
        "SimulatePrincipalPolicy",
    ],
)
def test_of_a_role_too_each_call_may_be_denied_alone(
    iam: FakeIam, aws_files: Path, action: str
) -> None:
    iam.deny(action)
    inspection = inspected(iam, aws_files, SESSION_ID, live(SESSION, Holder.ROLE_SESSION))
    assert {gap.action for gap in inspection.gaps} == {f"iam:{action}"}
    assert principal_of(inspection).arn == ROLE


def test_root_may_do_everything(iam: FakeIam, aws_files: Path) -> None:
    iam.says("GetAccessKeyLastUsed", NOTHING_SUCH)
    root = "arn:aws:iam::418892985061:root"
    inspection = inspected(iam, aws_files, FOUND, live(root, Holder.ROOT))
    one = principal_of(inspection)
    assert (one.kind, one.root_keys, one.mfa) == (Kind.ROOT, 1, 0)
    assert inspection.reach is not None
    (power,) = inspection.reach.powers
    assert (power.rank, power.harm, power.sure) == (1, Harm.TAKE_OVER, Sure.ALLOWED)
    assert iam.actions() == ["GetCallerIdentity", "GetAccessKeyLastUsed", "GetAccountSummary"]


def test_a_federated_user_is_named_and_nothing_more(iam: FakeIam, aws_files: Path) -> None:
    arn = "arn:aws:sts::418892985061:federated-user/eve"
    inspection = inspected(iam, aws_files, SESSION_ID, live(arn, Holder.FEDERATED))
    assert principal_of(inspection).name == "eve"
    assert "GetFederationToken" in inspection.text
    assert inspection.reach is None
    assert iam.actions() == ["GetCallerIdentity"]


def test_a_session_of_a_user_calls_iam_only_with_mfa(iam: FakeIam, aws_files: Path) -> None:
    iam.allowed["iam:CreateUser"] = {"word": "allowed"}
    iam.allowed["ses:SendEmail"] = {"word": "allowed"}
    inspection = inspected(iam, aws_files, SESSION_ID, live(USER, Holder.USER))
    assert inspection.reach is not None
    sure = {power.action: power.sure for power in inspection.reach.powers}
    assert (sure["iam:CreateUser"], sure["ses:SendEmail"]) == (Sure.MAYBE, Sure.ALLOWED)
    assert "outlives the keys" in inspection.text


def test_policies_of_a_user_are_read_once_for_all_its_keys(iam: FakeIam, aws_files: Path) -> None:
    inspector = opened(iam.url, aws_files)
    other = RESPONDER_ID
    for access_key_id in (FOUND, other):
        inspector.inspect(access_key_id, inspector.evidence(access_key_id), live(USER, Holder.USER))
    assert iam.actions().count("GetUser") == 1
    assert iam.actions().count("SimulatePrincipalPolicy") == 1


# -- what holders choose ------------------------------------------------------------------


def test_names_that_the_holder_chose_are_masked_and_harmless(iam: FakeIam, aws_files: Path) -> None:
    planted = RESPONDER_SECRET  # Any secret: here one that must not be told in any case.
    name = f"a\x9b31mb\u202e{planted}"
    iam.says("ListUserPolicies", {"IsTruncated": False, "PolicyNames": [name]})
    hostile = {"Effect": f"Allow\u202e{planted}", "Action": ["*", 7, {"a": "b"}], "Resource": [[]]}
    iam.says(
        "GetUserPolicy", {"PolicyDocument": document(hostile, {"Statement": None}, {"Action": []})}
    )
    inspection = inspected(iam, aws_files)
    told = "\n".join(f"{label} {text}" for label, text in report.lines(inspection))
    assert planted not in told + str(report.document(inspection))
    assert "\u202e" not in told
    assert "\x9b" not in told
    assert "\\u202e" in told


@pytest.mark.parametrize("text", ["", "[]", "null", "%7B", "not json", '{"Statement": 3}'])
def test_policies_that_are_none_are_not_read(iam: FakeIam, aws_files: Path, text: str) -> None:
    iam.says("GetUserPolicy", {"PolicyName": "own", "PolicyDocument": text})
    inspection = inspected(iam, aws_files)
    (own,) = (one for one in principal_of(inspection).policies if one.name == "own")
    assert not own.statements
