"""`--inspect`: states of a key, roles and root, and names that whoever holds the key chose."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from leakscan.inspection import Harm, Kind, Sure
from leakscan.report import inspected as report
from leakscan.verdict import NOT_CHECKED, Holder, Verdict, VerdictState
from tests.inspect.inspecting import (
    FOUND,
    RESPONDER_ID,
    RESPONDER_SECRET,
    SESSION_ID,
    inspected,
    live,
    opened,
    principal_of,
)
from tests.support.fake_iam import (
    MANAGED,
    NOTHING_SUCH,
    ROLE,
    SESSION,
    USED,
    USER,
    FakeIam,
    document,
)

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
YES = live(USER, Holder.USER)
NO = Verdict(VerdictState.NOT_ACCEPTED)


@pytest.fixture(autouse=True)
def holding(iam: FakeIam) -> None:
    iam.holds(FOUND)


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


@pytest.mark.parametrize(
    ("status", "verdict", "sentence"),
    [
        ("Active", NO, "IAM says it is active, and STS did not accept it moments ago"),
        (
            "Active",
            replace(NO, is_kept=True),
            "IAM says it is active, and STS did not accept it in an earlier run",
        ),
        ("Inactive", YES, "IAM says it is inactive, and STS accepted it moments ago"),
    ],
)
def test_where_iam_and_sts_contradict_each_other_the_key_is_taken_for_live(
    iam: FakeIam, aws_files: Path, status: str, verdict: Verdict, sentence: str
) -> None:
    iam.holds(FOUND, status)
    iam.allowed["iam:CreateAccessKey"] = {"word": "allowed"}
    inspection = inspected(iam, aws_files, verdict=verdict)
    assert inspection.text == (
        f"{sentence}: treat it as live. IAM takes a while to spread a change: ask again with "
        "--max-age 0 before believing either. It is a key of the user deploy."
    )
    assert inspection.contradicts is (status == "Active")
    assert "may create keys" in dict(report.lines(inspection))["Can"]


def test_a_key_that_sts_accepts_and_iam_does_not_list(iam: FakeIam, aws_files: Path) -> None:
    iam.holds(RESPONDER_ID)
    inspection = inspected(iam, aws_files, verdict=YES)
    assert inspection.text.startswith("IAM lists no such key of its user, and STS accepted it")
    assert "deleted" not in inspection.text


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("Active", YES),
        ("Active", Verdict(VerdictState.WRONG_SECRET)),
        ("Active", Verdict(VerdictState.UNKNOWN)),
        ("Active", NOT_CHECKED),
        ("Inactive", NO),
    ],
)
def test_what_fits_together_is_no_contradiction(
    iam: FakeIam, aws_files: Path, status: str, verdict: Verdict
) -> None:
    iam.holds(FOUND, status)
    inspection = inspected(iam, aws_files, verdict=verdict)
    assert not inspection.contradicts
    assert "treat it as live" not in inspection.text


def test_where_iam_may_not_list_keys_what_sts_said_is_told(iam: FakeIam, aws_files: Path) -> None:
    iam.deny("ListAccessKeys")
    assert inspected(iam, aws_files, verdict=YES).text.endswith(" STS accepted it.")


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
    assert "as AWS does itself where it finds a key" in inspection.text
    assert "Do not remove that policy first" in inspection.text
    assert "GetPolicy" not in iam.actions()


def test_a_policy_of_that_name_which_aws_did_not_write(iam: FakeIam, aws_files: Path) -> None:
    name = "AWSCompromisedKeyQuarantineV3"
    attached = [{"PolicyName": name, "PolicyArn": MANAGED.replace("buckets", name)}]
    iam.says("ListAttachedUserPolicies", {"IsTruncated": False, "AttachedPolicies": attached})
    inspection = inspected(iam, aws_files)
    assert principal_of(inspection).quarantine == ()
    assert "in public" not in inspection.text


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
    ("principal", "names"),
    [
        ("*", ("*",)),
        ({"AWS": "*"}, ("*",)),
        ({"AWS": ["a", "b"], "Service": "ec2.amazonaws.com"}, ("a", "b", "ec2.amazonaws.com")),
        (None, ()),
        ([{"x": 1}, 7], ()),
    ],
)
def test_who_may_assume_a_role(
    iam: FakeIam, aws_files: Path, principal: object, names: tuple[str, ...]
) -> None:
    trust = document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})
    role = {"RoleName": "worker", "Arn": ROLE, "AssumeRolePolicyDocument": trust}
    iam.says("GetRole", {"Role": role})
    inspection = inspected(iam, aws_files, SESSION_ID, live(SESSION, Holder.ROLE_SESSION))
    assert principal_of(inspection).trusts == names


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
    for told in (inspection.text, power.because):
        assert "organization's may (service control policies)" in told
    assert ("MFA", "none") in report.lines(inspection)
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
