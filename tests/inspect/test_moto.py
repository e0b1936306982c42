"""`--inspect` against moto's server: what AWS's own shape of IAM leaves when it is really asked."""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session

from leakscan.inspect.inspector import Inspector
from leakscan.inspect.session import InspectError
from leakscan.inspection import Inspection, Sure, Why
from leakscan.verdict import Holder, Verdict, VerdictState
from tests.inspect.inspecting import NOW, RESPONDER_SECRET, live, settings, write_profile
from tests.support.moto_server import ACCOUNT, Moto

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
NOT_IN_MOTO = {"iam:SimulatePrincipalPolicy", "iam:ListServiceSpecificCredentials"}
ANYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture
def admin(moto: Moto, aws_files: Path) -> Any:
    """A client with which a test fills the account, and a profile that looks at it."""
    session = Session()
    session.set_credentials("AKIAADMIN" + "A" * 11, RESPONDER_SECRET)
    client = session.create_client("iam", region_name="us-east-1", endpoint_url=moto.url)
    client.create_user(UserName="responder")
    reader = policy({"Effect": "Allow", "Action": ["iam:Get*", "iam:List*"], "Resource": "*"})
    client.put_user_policy(UserName="responder", PolicyName="reader", PolicyDocument=reader)
    made = client.create_access_key(UserName="responder")["AccessKey"]
    write_profile(
        aws_files,
        aws_access_key_id=made["AccessKeyId"],
        aws_secret_access_key=made["SecretAccessKey"],
        region="us-east-1",
    )
    return client


def leaked(admin: Any, name: str = "deploy") -> str:
    """Make a user with a key; return its id."""
    admin.create_user(UserName=name, Path="/ci/")
    return str(admin.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"])


def inspected(moto: Moto, access_key_id: str, verdict: Any) -> Inspection:
    inspector = Inspector.open(settings(moto.url), (access_key_id,), lambda: NOW)
    evidence = inspector.evidence(access_key_id)
    return inspector.inspect(access_key_id, evidence, verdict)


def arn(name: str = "deploy") -> str:
    return f"arn:aws:iam::{ACCOUNT}:user/ci/{name}"


def test_a_user_with_all_kinds_of_policies(moto: Moto, admin: Any) -> None:
    key = leaked(admin)
    made = admin.create_policy(PolicyName="buckets", PolicyDocument=policy(ANYTHING))
    admin.attach_user_policy(UserName="deploy", PolicyArn=made["Policy"]["Arn"])
    admin.put_user_policy(UserName="deploy", PolicyName="own", PolicyDocument=policy(ANYTHING))
    admin.create_group(GroupName="builders")
    admin.put_group_policy(
        GroupName="builders", PolicyName="shared", PolicyDocument=policy(ANYTHING)
    )
    admin.add_user_to_group(GroupName="builders", UserName="deploy")
    admin.create_login_profile(UserName="deploy", Password="correct horse battery")
    moto.check_signatures_after(0)

    inspection = inspected(moto, key, live(arn(), Holder.USER, ACCOUNT))

    one = inspection.principal
    assert one is not None
    assert inspection.responder.arn == f"arn:aws:iam::{ACCOUNT}:user/responder"
    assert inspection.evidence.user == one.name == "deploy"
    assert [(p.name, p.group, bool(p.statements)) for p in one.policies] == [
        ("buckets", "", True),
        ("own", "", True),
        ("shared", "builders", True),
    ]
    assert (one.arn, one.groups, one.mfa, one.has_password) == (arn(), ("builders",), 0, True)
    assert inspection.text == "It is an active key of the user deploy."
    assert inspection.reach is not None
    assert {power.sure for power in inspection.reach.powers} == {Sure.MAYBE}
    gaps = {gap.action: gap.why for gap in inspection.gaps}
    assert gaps["iam:SimulatePrincipalPolicy"] is Why.NOT_PERMITTED
    assert set(gaps) <= NOT_IN_MOTO


def test_what_moto_does_not_know_is_no_answer(moto: Moto, admin: Any) -> None:
    """It has no simulation: the rest is told, and that this is not."""
    inspection = inspected(moto, leaked(admin), live(arn(), Holder.USER, ACCOUNT))
    assert inspection.text == "It is an active key of the user deploy."
    assert {gap.action for gap in inspection.gaps} <= NOT_IN_MOTO
    assert {gap.why for gap in inspection.gaps} <= {Why.NO_ANSWER, Why.NOT_UNDERSTOOD}
    assert inspection.reach is not None
    assert "nothing is guessed" in inspection.reach.text


def test_a_responder_without_permissions_is_told_so(moto: Moto, admin: Any) -> None:
    key = leaked(admin)
    admin.delete_user_policy(UserName="responder", PolicyName="reader")
    moto.check_signatures_after(0)
    inspection = inspected(moto, key, live(arn(), Holder.USER, ACCOUNT))
    assert inspection.principal is not None
    assert inspection.principal.name == "deploy"
    assert {gap.why for gap in inspection.gaps} == {Why.NOT_PERMITTED}
    assert {"iam:GetAccessKeyLastUsed", "iam:ListAccessKeys", "iam:GetUser"} <= {
        gap.action for gap in inspection.gaps
    }


def test_a_key_that_was_switched_off_and_another_that_was_not(moto: Moto, admin: Any) -> None:
    key = leaked(admin)
    other = admin.create_access_key(UserName="deploy")["AccessKey"]["AccessKeyId"]
    admin.update_access_key(UserName="deploy", AccessKeyId=key, Status="Inactive")
    inspection = inspected(moto, key, Verdict(VerdictState.NOT_ACCEPTED))
    assert inspection.key is not None
    assert inspection.principal is not None
    assert inspection.key.status == "Inactive"
    assert "can do nothing now" in inspection.text
    statuses = {one.access_key_id: one.status for one in inspection.principal.keys}
    assert statuses == {key: "Inactive", other: "Active"}


def test_a_role(moto: Moto, admin: Any) -> None:
    trust = policy(
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:*"}
    )
    admin.create_role(RoleName="worker", AssumeRolePolicyDocument=trust)
    admin.put_role_policy(RoleName="worker", PolicyName="own", PolicyDocument=policy(ANYTHING))
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/ci"
    key = "ASIA" + "RZPUZDIKA" + "BCDEFG2"
    inspection = inspected(moto, key, live(session, Holder.ROLE_SESSION, ACCOUNT))
    assert inspection.principal is not None
    assert inspection.principal.trusts == (f"arn:aws:iam::{ACCOUNT}:root",)
    assert [one.name for one in inspection.principal.policies] == ["own"]


def test_a_responder_who_is_not_known_is_refused(moto: Moto, admin: Any, aws_files: Path) -> None:
    key = leaked(admin)
    for one in admin.list_access_keys(UserName="responder")["AccessKeyMetadata"]:
        admin.delete_access_key(UserName="responder", AccessKeyId=one["AccessKeyId"])
    moto.check_signatures_after(0)
    with pytest.raises(InspectError, match="InvalidClientTokenId"):
        Inspector.open(settings(moto.url), (key,), lambda: NOW)
