"""Every IAM policy of the remediation texts is valid, and as narrow as it can be."""

import re
from typing import Any

import pytest
from msgspec.structs import replace

from leakscan.remediation import Entry
from tests.support.policies import (
    is_action,
    is_condition_key,
    is_service,
    load_template,
    policies,
    problems,
    trusted,
)
from tests.support.texts import SHIPPED, blocks, commands, prose

ENTRIES = list(SHIPPED.entries.values())
EACH_ENTRY = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
ACTION = re.compile(r"(?<![\w:./{$-])([a-z][a-z0-9-]{1,30}):([A-Z][A-Za-z0-9]{3,}\*?)(?![\w:/-])")
"""What looks like an action or a condition key of AWS."""


@EACH_ENTRY
def test_policies_are_valid_and_narrow(entry: Entry) -> None:
    wrong = [(where, told) for where, one in policies(entry) if (told := problems(one))]
    assert wrong == []


@EACH_ENTRY
def test_a_role_is_created_alike_in_each_form(entry: Entry) -> None:
    assert bool(entry.terraform) == bool(entry.cloudformation)
    assert entry.terraform or not entry.trust


@pytest.mark.parametrize(
    "entry", [entry for entry in ENTRIES if entry.trust], ids=lambda entry: entry.id
)
def test_a_role_trusts_the_same_in_each_form(entry: Entry) -> None:
    """The other two may have further roles."""
    forms = trusted(entry)
    assert forms["json"] <= forms["cloudformation"]
    assert forms["json"] <= forms["terraform"]


@EACH_ENTRY
def test_actions_that_are_named_are_there(entry: Entry) -> None:
    texts = [*prose(entry), *(block.text for block in blocks(entry))]
    for text in texts:
        for service, name in ACTION.findall(text):
            full = f"{service}:{name}"
            assert is_action(full) or is_condition_key(full) or not is_service(service), full


@EACH_ENTRY
def test_no_arn_names_a_partition(entry: Entry) -> None:
    texts = [*prose(entry), *(block.text for block in blocks(entry))]
    for text in texts:
        assert not re.search(r"arn:aws[a-z-]*:", text), text


@EACH_ENTRY
def test_no_policy_stands_on_a_command_line_in_pieces(entry: Entry) -> None:
    """A document on a command line is whole, or it is a file."""
    for command in commands(entry):
        for option, word in zip(command.words, command.words[1:], strict=False):
            if re.fullmatch(r"--\S*policy-document", option):
                assert word.startswith(("{", "file://")), command.line


# -- the judges judge ---------------------------------------------------------------------------

GOOD = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
TRUST = {
    "Effect": "Allow",
    "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/x.example"},
    "Action": "sts:AssumeRoleWithWebIdentity",
    "Condition": {"StringEquals": {"x.example:aud": "a", "x.example:sub": "repo:o/r:ref:main"}},
}


def subject(pattern: str) -> dict[str, Any]:
    keys = {"x.example:aud": "a", "x.example:sub": pattern}
    return TRUST | {"Condition": {"StringLike": keys}}


def told(statement: dict[str, Any]) -> str:
    return " ".join(problems({"Version": "2012-10-17", "Statement": [statement]}))


@pytest.mark.parametrize(
    "statement",
    [
        GOOD,
        TRUST,
        subject("repo:owner/name:*"),
        subject("org/id/project/id/user/*"),
        {"Effect": "Deny", "Action": "*", "Resource": "*"},
        {"Effect": "Allow", "Action": "ec2:DescribeInstances", "Resource": "*"},
        {
            "Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"},
            "Action": "sts:AssumeRole",
        },
    ],
)
def test_a_good_policy_is_taken(statement: dict[str, Any]) -> None:
    assert told(statement) == ""


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        (GOOD | {"Action": "s3:GetObjekt"}, "UNKNOWN_ACTION"),
        (GOOD | {"Action": "s4:GetObject"}, "UNKNOWN_PREFIX"),
        (GOOD | {"Action": "*"}, "allows *"),
        (GOOD | {"Action": "s3:*"}, "allows s3:*"),
        (GOOD | {"Resource": "*"}, "RESOURCE_STAR"),
        (GOOD | {"Resource": "arn:aws:s3:::b"}, "RESOURCE_MISMATCH"),
        (GOOD | {"Resource": "b"}, "INVALID_ARN"),
        (GOOD | {"Condition": {"StringEqals": {"aws:PrincipalOrgID": "o"}}}, "UNKNOWN_OPERATOR"),
        (GOOD | {"Condition": {"StringEquals": {"s3:nothing": "o"}}}, "UNKNOWN_CONDITION"),
        (GOOD | {"Actions": "s3:GetObject"}, "MALFORMED"),
        (TRUST | {"Principal": "*"}, "trusts everybody"),
        (TRUST | {"Principal": {"AWS": "*"}}, "trusts everybody"),
        (TRUST | {"Condition": {"StringEquals": {"x.example:aud": "a"}}}, "no condition on sub"),
        (TRUST | {"Condition": {"StringEquals": {"y.example:sub": "a"}}}, "UNKNOWN_CONDITION"),
        (
            TRUST
            | {"Condition": {"StringLike": {"x.example:aud": "a", "x.example:sub": "repo:*"}}},
            "takes any subject like repo:*",
        ),
    ],
)
def test_a_bad_policy_is_told(statement: dict[str, Any], says: str) -> None:
    assert says in told(statement)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("StringEquals", "StringLike"),
        ("com:aud", "com:azp"),
        ("sts:AssumeRoleWithWebIdentity", "sts:AssumeRole"),
        ('"Federated"', '"AWS"'),
    ],
)
def test_a_form_that_trusts_others_is_told(old: str, new: str) -> None:
    entry = SHIPPED.entries["github-actions"]
    assert entry.trust is not None
    trust = replace(entry.trust, text=entry.trust.text.replace(old, new))
    forms = trusted(replace(entry, trust=trust))
    assert not forms["json"] & forms["cloudformation"]
    assert not forms["json"] & forms["terraform"]


def test_names_of_actions_are_looked_up() -> None:
    assert is_action("iam:CreateUser")
    assert is_action("s3:Get*")
    assert not is_action("iam:CreateUsers")
    assert is_condition_key("sts:ExternalId")
    assert not is_condition_key("sts:ExternalName")
    assert not is_condition_key("none:ExternalId")
    assert is_service("iam")
    assert not is_service("none")


def test_functions_of_a_template_become_texts() -> None:
    text = "a: !Sub 'arn:${AWS::Partition}:x'\nb: !GetAtt X.Arn\nc: !Ref X\nd: !Join ['-', [a, b]]"
    assert load_template(text) == {
        "a": "arn:aws:x",
        "b": "arn:aws:iam::123456789012:role/X",
        "c": "X",
        "d": "a-b",
    }
