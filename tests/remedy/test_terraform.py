"""Every Terraform configuration of the remediation texts parses, and names what there is."""

import pytest

from leakscan.remediation import Entry
from tests.support.terraform import problems
from tests.support.texts import SHIPPED, filled, made_up

ENTRIES = [entry for entry in SHIPPED.entries.values() if entry.terraform]
GOOD = """\
variable "url" {
  type = string
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.ci.arn]
    }
  }
}

resource "aws_iam_openid_connect_provider" "ci" {
  url            = var.url
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_role" "app" {
  name               = "app"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}
"""


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_configurations_are_good(entry: Entry) -> None:
    assert entry.terraform is not None
    assert problems(made_up(filled(entry.terraform.text))) == []


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_configurations_make_no_keys(entry: Entry) -> None:
    assert entry.terraform is not None
    assert "aws_iam_access_key" not in entry.terraform.text
    assert entry.id == "product-without-roles" or "aws_iam_user" not in entry.terraform.text


def test_a_good_configuration_is_taken() -> None:
    assert problems(GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("  statement {", "  statement", "is not HCL"),
        ('"aws_iam_role" "app"', '"aws_iam_rolle" "app"', "aws_iam_rolle: is not known here"),
        ("  name  ", "  nom  ", "aws_iam_role: takes no nom"),
        ("principals {", "principal {", "takes no principal{}"),
        ("      type        =", "      kind        =", "needs type"),
        ("client_id_list =", "client_ids =", "needs client_id_list"),
        ("trust.json", "trusts.json", "data.aws_iam_policy_document.trusts: is used and not"),
        ("trust.json", "trust.jason", "is no attribute"),
        ("ci.arn", "other.arn", "aws_iam_openid_connect_provider.other: is used and not declared"),
        ("var.url", '"x"', "var.url: is declared and not used"),
        ("var.url", "var.uri", "var.uri: is used and not declared"),
    ],
)
def test_a_wrong_configuration_is_told(old: str, new: str, says: str) -> None:
    assert GOOD.count(old) == 1
    assert any(says in one for one in problems(GOOD.replace(old, new)))
