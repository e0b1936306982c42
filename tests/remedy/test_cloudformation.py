"""Every CloudFormation template of the remediation texts is one that cfn-lint takes."""

import pytest
from cfnlint.api import lint

from leakscan.remediation import Entry
from tests.support.policies import load_template
from tests.support.texts import SHIPPED, filled, made_up

ENTRIES = [entry for entry in SHIPPED.entries.values() if entry.cloudformation]
EACH_ENTRY = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
GOOD = """\
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: app
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: {Service: ec2.amazonaws.com}
            Action: sts:AssumeRole
"""


def text(entry: Entry) -> str:
    assert entry.cloudformation is not None
    return made_up(filled(entry.cloudformation.text)) + "\n"


def told(template: str) -> list[str]:
    return [f"{one.rule.id} line {one.linenumber}: {one.message}" for one in lint(template)]


@EACH_ENTRY
def test_templates_are_taken(entry: Entry) -> None:
    assert told(text(entry)) == []


@EACH_ENTRY
def test_templates_make_no_keys(entry: Entry) -> None:
    types = {one["Type"] for one in load_template(text(entry))["Resources"].values()}
    assert "AWS::IAM::AccessKey" not in types
    assert entry.id == "product-without-roles" or "AWS::IAM::User" not in types


def test_a_good_template_is_taken() -> None:
    assert told(GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("AWS::IAM::Role", "AWS::IAM::Rolle", "E3006"),
        ("RoleName", "RolleName", "E3002"),
        ("RoleName: app", "RoleName: [app]", "E3012"),
        ("RoleName: app", "RoleName: !Ref Name", "E1020"),
        ("Effect: Allow", "Effect: Permit", "E3530"),
        ("      AssumeRolePolicyDocument", "AssumeRolePolicyDocument", "E"),
        ("Resources", "Ressources", "E1001"),
    ],
)
def test_a_wrong_template_is_told(old: str, new: str, rule: str) -> None:
    assert GOOD.count(old) >= 1
    assert any(one.startswith(rule) for one in told(GOOD.replace(old, new)))
