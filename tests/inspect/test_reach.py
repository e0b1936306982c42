"""The blast radius: what a simulation means, and what is said where there is none."""

from pathlib import Path

import pytest
from botocore import xform_name
from botocore.session import Session

from leakscan.inspect.actions import ALL_POWERFUL, DANGERS
from leakscan.inspect.policies import covers
from leakscan.inspect.resources import fits
from leakscan.inspection import Harm, Inspection, Power, Reach, Statement, Sure, Why
from leakscan.report import inspected as report
from leakscan.verdict import Holder
from tests.inspect.inspecting import FOUND, SESSION_ID, inspected, live
from tests.support.fake_iam import (
    NOTHING_SUCH,
    SESSION,
    USER,
    FakeIam,
    Refusal,
    Reply,
    Values,
    decision,
    document,
)

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
ACTIONS = tuple(one.action for one in DANGERS)


@pytest.fixture(autouse=True)
def holding(iam: FakeIam) -> None:
    iam.holds(FOUND)


def reach_of(inspection: Inspection) -> Reach:
    assert inspection.reach is not None
    return inspection.reach


def powers(inspection: Inspection) -> dict[str, Power]:
    return {one.action: one for one in reach_of(inspection).powers}


def inline(iam: FakeIam, *statements: Values) -> None:
    """Leave the user one inline policy and nothing else."""
    empty = {"IsTruncated": False}
    iam.says("ListGroupsForUser", {**empty, "Groups": []})
    iam.says("ListAttachedUserPolicies", {**empty, "AttachedPolicies": []})
    iam.says("GetUserPolicy", {"PolicyName": "own", "PolicyDocument": document(*statements)})


def attached(iam: FakeIam, arn: str) -> None:
    """Leave the user one attached policy, whose text cannot be read."""
    iam.says("ListGroupsForUser", {"IsTruncated": False, "Groups": []})
    iam.says("ListUserPolicies", {"IsTruncated": False, "PolicyNames": []})
    policy = {"PolicyName": arn.rsplit("/", 1)[-1], "PolicyArn": arn}
    iam.says("ListAttachedUserPolicies", {"IsTruncated": False, "AttachedPolicies": [policy]})
    iam.deny("GetPolicy")


# -- the list -----------------------------------------------------------------------------

_NO_OPERATION = ("iam:PassRole", "s3:ListAllMyBuckets")
"""Actions that are a permission and no operation of an API."""
_CLIENTS = {"bedrock": "bedrock-runtime"}


@pytest.mark.parametrize("action", [one for one in ACTIONS if one not in _NO_OPERATION])
def test_every_action_is_an_operation_of_its_service(action: str) -> None:
    service, operation = action.split(":")
    model = Session().get_service_model(_CLIENTS.get(service, service))
    assert operation in model.operation_names, xform_name(operation)


def test_actions_stand_once_and_in_the_order_of_their_harm() -> None:
    assert len(set(ACTIONS)) == len(ACTIONS)
    order = list(Harm)
    ranks = [order.index(one.harm) for one in DANGERS]
    assert ranks == sorted(ranks)
    assert set(order) == {one.harm for one in DANGERS}


# -- decisions ----------------------------------------------------------------------------


def test_powers_come_worst_first_with_their_rank(iam: FakeIam, aws_files: Path) -> None:
    for action in ("s3:GetObject", "sts:AssumeRole", "iam:CreateAccessKey", "ec2:RunInstances"):
        iam.allowed[action] = {"word": "allowed"}
    found = reach_of(inspected(iam, aws_files)).powers
    assert [(one.rank, one.action, one.sure) for one in found] == [
        (1, "iam:CreateAccessKey", Sure.ALLOWED),
        (2, "s3:GetObject", Sure.ALLOWED),
        (3, "s3:PutBucketPolicy", Sure.MAYBE),
        (4, "ec2:RunInstances", Sure.ALLOWED),
        (5, "sts:AssumeRole", Sure.ALLOWED),
    ]


def test_what_is_allowed_names_the_policy(iam: FakeIam, aws_files: Path) -> None:
    statement = {"SourcePolicyId": "own", "SourcePolicyType": "IAM Policy"}
    iam.allowed["ses:SendEmail"] = {"word": "allowed", "MatchedStatements": [statement]}
    power = powers(inspected(iam, aws_files))["ses:SendEmail"]
    assert power.sure is Sure.ALLOWED
    assert power.because == "allowed by own in IAM's simulation"


@pytest.mark.parametrize("word", ["allowed", "implicitDeny", "explicitDeny"])
def test_missing_context_makes_it_unsure(iam: FakeIam, aws_files: Path, word: str) -> None:
    inline(iam, {"Effect": "Allow", "Action": "kms:*", "Resource": "*"})
    missing = ["aws:MultiFactorAuthPresent"]
    iam.allowed["kms:Decrypt"] = {"word": word, "MissingContextValues": missing}
    power = powers(inspected(iam, aws_files))["kms:Decrypt"]
    assert power.sure is Sure.MAYBE
    assert "aws:MultiFactorAuthPresent" in power.because


def test_a_permission_for_one_bucket_is_told(iam: FakeIam, aws_files: Path) -> None:
    """On all resources at once the simulation denies it; the text of the policy does not."""
    found = inspected(iam, aws_files)
    power = powers(found)["s3:GetObject"]
    assert power.sure is Sure.SOME
    assert power.because == "buckets allows it, not on everything"
    assert "s3:DeleteObject" in reach_of(found).denied


def test_files_of_a_bucket_are_no_bucket(iam: FakeIam, aws_files: Path) -> None:
    power = powers(inspected(iam, aws_files))["s3:PutBucketPolicy"]
    assert power.sure is Sure.MAYBE
    assert power.because == (
        "buckets allows it, but on other things only: it needs a bucket itself, as "
        "arn:aws:s3:::NAME"
    )


def test_every_action_on_one_bucket_is_none_on_other_services(
    iam: FakeIam, aws_files: Path
) -> None:
    inline(iam, {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::site"})
    found = powers(inspected(iam, aws_files))
    sure = {one.action for one in found.values() if one.sure is Sure.SOME}
    assert sure == {"s3:PutBucketPolicy", "ssm:GetParameters", "ssm:SendCommand"}
    assert found["kms:Decrypt"].because.endswith(
        "on other things only: it needs what belongs to kms"
    )


def test_another_statement_that_names_a_bucket_counts(iam: FakeIam, aws_files: Path) -> None:
    files = {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::site/*"}
    inline(iam, files, {**files, "Resource": ["arn:aws:s3:::site"]})
    assert powers(inspected(iam, aws_files))["s3:PutBucketPolicy"].sure is Sure.SOME


def test_an_explicit_denial_is_one_though_a_text_allows_it(iam: FakeIam, aws_files: Path) -> None:
    iam.allowed["s3:GetObject"] = {"word": "explicitDeny"}
    assert "s3:GetObject" in reach_of(inspected(iam, aws_files)).denied


WHOLE: Values = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}
PART: Values = {**WHOLE, "Resource": "arn:aws:kms:*:*:key/one"}
SOMETIMES = {"Condition": {"StringEquals": {"aws:PrincipalTag/a": "b"}}}


@pytest.mark.parametrize(
    ("statements", "word", "sure"),
    [
        ([PART], "implicitDeny", Sure.SOME),
        ([PART, {**WHOLE, "Effect": "Deny"}], "explicitDeny", None),
        ([PART, {**PART, "Effect": "Deny"}], "implicitDeny", Sure.MAYBE),
        ([PART, {**WHOLE, **SOMETIMES, "Effect": "Deny"}], "explicitDeny", Sure.MAYBE),
        ([{**PART, **SOMETIMES}], "implicitDeny", Sure.MAYBE),
        ([{**WHOLE, **SOMETIMES}], "implicitDeny", Sure.MAYBE),
        ([{**PART, **SOMETIMES}, PART], "implicitDeny", Sure.SOME),
        ([WHOLE], "explicitDeny", None),
        ([PART], "explicitDeny", None),
    ],
)
def test_texts_tell_what_one_decision_for_everything_cannot(
    iam: FakeIam, aws_files: Path, statements: list[Values], word: str, sure: Sure | None
) -> None:
    inline(iam, *statements)
    iam.allowed["kms:Decrypt"] = {"word": word}
    found = inspected(iam, aws_files)
    assert {one.action: one.sure for one in reach_of(found).powers if "Dec" in one.action} == (
        {} if sure is None else {"kms:Decrypt": sure}
    )
    assert ("kms:Decrypt" in reach_of(found).denied) is (sure is None)


def test_a_text_that_denies_everywhere_settles_it_though_another_was_not_read(
    iam: FakeIam, aws_files: Path
) -> None:
    inline(iam, {**WHOLE, "Effect": "Deny"})
    iam.deny("ListAttachedUserPolicies")
    iam.allowed["kms:Decrypt"] = {"word": "explicitDeny"}
    assert reach_of(inspected(iam, aws_files)).denied == ("kms:Decrypt", "kms:ScheduleKeyDeletion")


def test_a_permission_that_an_unread_text_may_deny_is_unsure(iam: FakeIam, aws_files: Path) -> None:
    inline(iam, PART)
    iam.deny("ListAttachedUserPolicies")
    power = powers(inspected(iam, aws_files))["kms:Decrypt"]
    assert power.sure is Sure.MAYBE
    assert "may deny it" in power.because


def test_a_denial_of_all_but_one_resource_leaves_that_one(iam: FakeIam, aws_files: Path) -> None:
    """On all resources at once it is a denial of everything, and the one file can be read."""
    but = {"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::site/*"}
    inline(iam, {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}, but)
    iam.allowed["s3:GetObject"] = {"word": "explicitDeny"}
    power = powers(inspected(iam, aws_files))["s3:GetObject"]
    assert power.sure is Sure.MAYBE
    assert "denies it on some resources" in power.because


def test_what_no_text_allows_does_not_depend_on_a_condition(iam: FakeIam, aws_files: Path) -> None:
    inline(iam, PART)
    iam.allowed["ses:SendEmail"] = {
        "word": "implicitDeny",
        "MissingContextValues": ["aws:SourceIp"],
    }
    assert "ses:SendEmail" in reach_of(inspected(iam, aws_files)).denied


def test_a_word_that_is_none_of_iams_settles_nothing(iam: FakeIam, aws_files: Path) -> None:
    inline(iam, PART)
    iam.allowed["ses:SendEmail"] = {"word": "denied"}
    assert reach_of(inspected(iam, aws_files)).unsettled == ("ses:SendEmail",)


@pytest.mark.parametrize("word", ["implicitDeny", "explicitDeny", "allowed"])
@pytest.mark.parametrize(
    "cap",
    [
        {"OrganizationsDecisionDetail": {"AllowedByOrganizations": False}},
        {"PermissionsBoundaryDecisionDetail": {"AllowedByPermissionsBoundary": False}},
    ],
)
def test_a_cap_from_outside_leaves_it_unsure(
    iam: FakeIam, aws_files: Path, cap: Values, word: str
) -> None:
    inline(iam, WHOLE)
    iam.allowed["kms:Decrypt"] = {"word": word, **cap}
    found = inspected(iam, aws_files)
    assert set(powers(found)) == {"kms:Decrypt"}
    assert powers(found)["kms:Decrypt"].sure is Sure.MAYBE


def test_what_a_policy_denies_or_speaks_not_of_is_no_power(iam: FakeIam, aws_files: Path) -> None:
    inline(
        iam,
        {"Effect": "Deny", "Action": "kms:*", "Resource": "arn:aws:kms:*:*:key/one"},
        {"Effect": "Allow", "Action": "sqs:*", "Resource": "arn:aws:sqs:*:*:queue"},
    )
    found = reach_of(inspected(iam, aws_files))
    assert (found.powers, found.unsettled) == ((), ())
    assert found.denied == ACTIONS


def test_texts_that_were_not_read_leave_it_unsettled(iam: FakeIam, aws_files: Path) -> None:
    iam.deny("GetPolicyVersion")
    iam.allowed["kms:Decrypt"] = {"word": "explicitDeny"}
    inspection = inspected(iam, aws_files)
    found = reach_of(inspection)
    assert found.denied == ()
    assert {"s3:GetObject", "kms:Decrypt"} <= set(found.unsettled)
    rows = dict(report.lines(inspection))
    assert "Unsettled" in rows
    assert rows["Can"] == "not known: what it can do was not worked out"


@pytest.mark.parametrize(
    "action",
    ["ListAttachedUserPolicies", "ListUserPolicies", "ListGroupsForUser", "GetGroupPolicy"],
)
def test_lists_that_were_not_read_do_so_too(iam: FakeIam, aws_files: Path, action: str) -> None:
    iam.deny(action)
    assert "kms:Decrypt" in reach_of(inspected(iam, aws_files)).unsettled


# -- how it is asked ----------------------------------------------------------------------


def test_all_actions_are_asked_in_one_call(iam: FakeIam, aws_files: Path) -> None:
    inspected(iam, aws_files)
    asked = [one for one in iam.requests if one.action == "SimulatePrincipalPolicy"]
    assert [one.parameters["ActionNames"] for one in asked] == [list(ACTIONS)]
    assert asked[0].parameters["PolicySourceArn"] == USER


@pytest.mark.parametrize("is_named", [True, False])
def test_actions_that_iam_cannot_judge_together_are_asked_apart(
    iam: FakeIam, aws_files: Path, is_named: bool
) -> None:
    apart = ("iam:PassRole", "sts:AssumeRole")

    def simulation(parameters: Values) -> Reply:
        actions = parameters["ActionNames"]
        alone = [one for one in actions if one in apart]
        others = [one for one in actions if one not in apart]
        if alone and others:
            groups = f"[{','.join(alone)}] and [{','.join(others)}]" if is_named else "Some"
            message = f"Invalid Input Actions: {groups} require different authorization information"
            return Refusal(400, "InvalidInput", message)
        return {"IsTruncated": False, "EvaluationResults": [decision(one) for one in actions]}

    iam.answers("SimulatePrincipalPolicy", simulation)
    inspection = inspected(iam, aws_files)
    found = reach_of(inspection)
    settled = {*found.denied, *(one.action for one in found.powers)}
    assert (settled, found.unsettled, inspection.gaps) == (set(ACTIONS), (), ())
    if is_named:
        assert iam.actions().count("SimulatePrincipalPolicy") == 3


def test_an_action_that_iam_does_not_know_is_left_out_alone(iam: FakeIam, aws_files: Path) -> None:
    def simulation(parameters: Values) -> Reply:
        actions = parameters["ActionNames"]
        if "bedrock:InvokeModel" in actions:
            return Refusal(400, "InvalidInput", "Invalid action")
        return {"IsTruncated": False, "EvaluationResults": [decision(one) for one in actions]}

    iam.answers("SimulatePrincipalPolicy", simulation)
    inspection = inspected(iam, aws_files)
    assert reach_of(inspection).unsettled == ("bedrock:InvokeModel",)
    assert [(gap.why, gap.code) for gap in inspection.gaps] == [(Why.REFUSED, "InvalidInput")]


def test_results_come_in_pages(iam: FakeIam, aws_files: Path) -> None:
    def simulation(parameters: Values) -> Reply:
        at = int(parameters.get("Marker", "0"))
        action = parameters["ActionNames"][at]
        return {
            "IsTruncated": at + 1 < len(ACTIONS),
            "Marker": str(at + 1),
            "EvaluationResults": [decision(action, "allowed")],
        }

    iam.answers("SimulatePrincipalPolicy", simulation)
    assert set(powers(inspected(iam, aws_files))) == set(ACTIONS)


def test_where_the_simulation_is_denied_that_is_not_nothing(iam: FakeIam, aws_files: Path) -> None:
    inline(iam, PART)
    iam.deny("SimulatePrincipalPolicy")
    rows = dict(report.lines(inspected(iam, aws_files)))
    assert rows["Can"] == "not known: what it can do was not worked out"


def test_a_user_that_is_gone_cannot_be_simulated(iam: FakeIam, aws_files: Path) -> None:
    iam.says("SimulatePrincipalPolicy", NOTHING_SUCH)
    inspection = inspected(iam, aws_files)
    assert [gap.code for gap in inspection.gaps] == ["no such user or role"]
    assert not reach_of(inspection).is_simulated


@pytest.mark.parametrize(
    ("access_key_id", "arn", "holder", "is_asked"),
    [
        (FOUND, USER, Holder.USER, True),
        (SESSION_ID, USER, Holder.USER, False),
        (SESSION_ID, SESSION, Holder.ROLE_SESSION, False),
    ],
)
def test_sessions_that_outlive_the_key_are_made_by_long_term_keys_alone(
    iam: FakeIam, aws_files: Path, access_key_id: str, arn: str, holder: Holder, is_asked: bool
) -> None:
    inspected(iam, aws_files, access_key_id, live(arn, holder))
    (asked,) = [one for one in iam.requests if one.action == "SimulatePrincipalPolicy"]
    names = asked.parameters["ActionNames"]
    assert "sts:AssumeRole" in names
    assert ("sts:GetFederationToken" in names) is is_asked


# -- without a simulation -----------------------------------------------------------------


@pytest.mark.parametrize("name", ALL_POWERFUL)
def test_policies_of_aws_itself_are_known_by_name(iam: FakeIam, aws_files: Path, name: str) -> None:
    attached(iam, f"arn:aws:iam::aws:policy/{name}")
    iam.deny("SimulatePrincipalPolicy")
    inspection = inspected(iam, aws_files)
    assert set(powers(inspection)) == set(ALL_POWERFUL[name])
    assert {one.sure for one in reach_of(inspection).powers} == {Sure.MAYBE}
    assert "not worked out" in reach_of(inspection).text


def test_a_policy_that_only_bears_such_a_name_says_nothing(iam: FakeIam, aws_files: Path) -> None:
    attached(iam, "arn:aws:iam::418892985061:policy/AdministratorAccess")
    iam.deny("SimulatePrincipalPolicy")
    inspection = inspected(iam, aws_files)
    assert powers(inspection) == {}
    assert "nothing is guessed" in reach_of(inspection).text
    assert reach_of(inspection).unsettled == ACTIONS
    assert any("AdministratorAccess" in text for _, text in report.lines(inspection))


@pytest.mark.parametrize(
    ("more", "is_told"),
    [
        ({"Action": "*", "Resource": "*"}, True),
        ({"NotAction": "iam:*", "Resource": "*"}, True),
        ({"Action": "*", "Resource": "*", "Condition": {"Bool": {"a": "b"}}}, False),
        ({"Action": "*", "Resource": "arn:aws:s3:::one"}, False),
        ({"Action": "*", "NotResource": "arn:aws:s3:::one"}, False),
        ({"NotAction": "kms:*", "Resource": "*"}, False),
    ],
)
def test_an_inline_policy_that_allows_everything_is_told(
    iam: FakeIam, aws_files: Path, more: Values, is_told: bool
) -> None:
    inline(iam, {"Effect": "Allow", **more})
    iam.deny("SimulatePrincipalPolicy")
    assert ("kms:Decrypt" in powers(inspected(iam, aws_files))) is is_told


def test_without_a_simulation_a_session_is_no_better(iam: FakeIam, aws_files: Path) -> None:
    inline(iam, {"Effect": "Allow", "Action": "*", "Resource": "*"})
    iam.deny("SimulatePrincipalPolicy")
    found = inspected(iam, aws_files, SESSION_ID, live(USER, Holder.USER))
    assert "MFA" in powers(found)["iam:CreateUser"].because
    assert "MFA" not in powers(found)["kms:Decrypt"].because


# -- patterns of actions ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "action", "is_covered"),
    [
        ("*", "s3:GetObject", True),
        ("s3:*", "s3:GetObject", True),
        ("S3:getobject", "s3:GetObject", True),
        ("s3:Get?bject", "s3:GetObject", True),
        ("s3:Get", "s3:GetObject", False),
        ("s3:[G]etObject", "s3:GetObject", False),
        ("*a" * 2000 + "*", "s3:GetObject", False),
        ("", "s3:GetObject", False),
    ],
)
def test_patterns_match_as_iam_does(pattern: str, action: str, is_covered: bool) -> None:
    assert covers(Statement("Allow", (pattern,)), action) is is_covered
    assert covers(Statement("Allow", (pattern,), is_inverted=True), action) is not is_covered


# -- patterns of resources ------------------------------------------------------------------

_S3 = {"s3:GetObject", "s3:PutBucketPolicy", "s3:ListAllMyBuckets"}
_WORKING_ON_SOMETHING = _S3 | {"kms:Decrypt", "sts:AssumeRole", "iam:PassRole"}


@pytest.mark.parametrize(
    ("pattern", "fitting"),
    [
        ("arn:aws:s3:::site/*", {"s3:GetObject"}),
        ("arn:aws:s3:::site", {"s3:PutBucketPolicy"}),
        ("arn:aws-cn:s3:::site*", {"s3:GetObject", "s3:PutBucketPolicy"}),
        ("arn:aws:s3:::site?a", {"s3:GetObject", "s3:PutBucketPolicy"}),
        ("arn:aws:s3:::${aws:username}", {"s3:GetObject", "s3:PutBucketPolicy"}),
        ("arn:aws:s3:::${aws:a, 'b/c'}", {"s3:GetObject", "s3:PutBucketPolicy"}),
        ("arn:aws:s3:::${aws:username}/*", {"s3:GetObject"}),
        ("arn:aws:s3:::*", {"s3:GetObject", "s3:PutBucketPolicy", "s3:ListAllMyBuckets"}),
        ("arn:aws:s3:eu-west-1:418892985061:accesspoint/a/object/*", {"s3:GetObject"}),
        ("arn:aws:kms:*:*:key/one", {"kms:Decrypt"}),
        ("arn:aws:iam::418892985061:role/a", {"sts:AssumeRole", "iam:PassRole"}),
        ("arn:aws:*:*:*:a", _WORKING_ON_SOMETHING),
        ("", _WORKING_ON_SOMETHING - {"s3:GetObject"}),
    ],
)
def test_a_resource_is_of_the_kind_that_an_action_works_on(pattern: str, fitting: set[str]) -> None:
    statement = Statement("Allow", ("*",), resources=(pattern,))
    assert {action for action in _WORKING_ON_SOMETHING if fits(statement, action)} == fitting


def test_commands_are_sent_to_servers() -> None:
    servers = Statement("Allow", ("*",), resources=("arn:aws:ec2:*:*:instance/*",))
    assert fits(servers, "ssm:SendCommand")
    assert not fits(servers, "ses:SendEmail")


def test_what_is_named_by_exception_may_be_anything() -> None:
    assert fits(Statement("Allow", ("*",)), "s3:PutBucketPolicy")
