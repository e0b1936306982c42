"""Remediation texts: those that came with leakscan, and what is refused."""

import re
from pathlib import Path

import pytest

from leakscan.errors import ExitCode
from leakscan.model import Credential, Remediation
from leakscan.redact import Secret
from leakscan.remedy.catalog import RemediationError, fill, load_catalog
from tests.report.builder import Identity, credential, key_id

GOOD = """\
---
id: some-text
title: A title
mechanism: IAM role
controls: [CWE-798]
references: [https://docs.aws.amazon.com/]
---

1. First, with a command:
   `aws iam get-user`
   and more.

2. Then use an IAM role for {access_key_id}.
"""
SHIPPED = load_catalog()


def write(folder: Path, text: str) -> Path:
    path = folder / "some-text.md"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_text_becomes_a_remediation(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    assert load_catalog(tmp_path) == {
        "some-text": Remediation(
            id="some-text",
            title="A title",
            mechanism="IAM role",
            steps=(
                "First, with a command: `aws iam get-user` and more.",
                "Then use an IAM role for {access_key_id}.",
            ),
            controls=("CWE-798",),
            references=("https://docs.aws.amazon.com/",),
        )
    }


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("---\nid", "id", "front matter"),
        ("---\n\n1.", "\n1.", "front matter"),
        ("title: A title", "title: [", "front matter"),
        ("title: A title\n", "", "title"),
        ("title: A title", "title: ' '", "title"),
        ("title: A title", "title: 5", "title"),
        ("title: A title", "title: A title\ncolour: red", "colour"),
        ("id: some-text", "id: other-text", "id"),
        ("mechanism: IAM role", "mechanism: null", "mechanism"),
        ("controls: [CWE-798]", "controls: []", "controls"),
        ("controls: [CWE-798]", "controls: CWE-798", "controls"),
        ("https://docs.aws.amazon.com/", "docs.aws.amazon.com", "references"),
        ("1. First", "2. First", "steps"),
        ("2. Then", "3. Then", "steps"),
        ("   and more", "and more", "steps"),
        ("`aws iam get-user`", "`aws iam get-user", "step 1"),
        ("{access_key_id}", "{secret}", "step 2"),
    ],
)
def test_an_error_names_file_and_field(tmp_path: Path, old: str, new: str, field: str) -> None:
    assert old in GOOD
    write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(RemediationError) as caught:
        load_catalog(tmp_path)
    assert caught.value.message.startswith(f"some-text.md: {field}: ")
    assert caught.value.code is ExitCode.CONFIG


def test_a_text_without_steps_is_refused(tmp_path: Path) -> None:
    write(tmp_path, GOOD.partition("1. First")[0])
    with pytest.raises(RemediationError, match="steps"):
        load_catalog(tmp_path)


def test_bytes_that_are_not_utf_8_are_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.md").write_bytes(b"\xff")
    with pytest.raises(RemediationError, match=r"bad\.md: file: cannot be read"):
        load_catalog(tmp_path)


def test_a_folder_without_texts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RemediationError, match="no remediation text"):
        load_catalog(tmp_path)


# -- what came with leakscan --------------------------------------------------------------------


def test_there_is_a_text_for_each_family_of_rules() -> None:
    assert {
        "aws-rotate-access-key",
        "aws-revoke-session",
        "aws-secret-without-id",
        "aws-bearer-credential",
    } <= SHIPPED.keys()


@pytest.mark.parametrize("remediation", SHIPPED.values(), ids=SHIPPED)
def test_a_text_ends_in_an_iam_role(remediation: Remediation) -> None:
    assert any("IAM role" in step for step in remediation.steps)
    assert "role" in remediation.mechanism


@pytest.mark.parametrize("remediation", SHIPPED.values(), ids=SHIPPED)
def test_a_text_takes_out_of_service_before_it_deletes_and_purges(remediation: Remediation) -> None:
    text = "\n".join(remediation.steps)
    contain = min(_at(text, "--status Inactive"), _at(text, "AWSDenyAll"))
    assert contain < _at(text, "iam delete-")
    assert contain < _at(text, "IAM role that")
    assert contain < text.index("git filter-repo")


def _at(text: str, words: str) -> int:
    return text.index(words) if words in text else len(text)


@pytest.mark.parametrize("remediation", SHIPPED.values(), ids=SHIPPED)
def test_the_key_is_a_placeholder_in_every_command_about_it(remediation: Remediation) -> None:
    for command in re.findall(r"`(aws [^`]*)`", " ".join(remediation.steps)):
        for option in ("--access-key-id", "AttributeValue=", "--service-specific-credential-id"):
            if option in command:
                assert re.search(rf"{option} ?\{{access_key_id\}}", command), command


# -- filling in ---------------------------------------------------------------------------------


def filled(access_key_id: str | None) -> str:
    remediation = SHIPPED["aws-rotate-access-key"]
    return " ".join(fill(remediation, _credential(access_key_id)).steps)


def _credential(access_key_id: str | None) -> Credential:
    return credential("fill", Identity(access_key_id, Secret(b"x" * 40, "secret-access-key")))


def test_the_access_key_id_goes_into_the_commands() -> None:
    name = key_id("fill")
    assert f"--access-key-id {name} --status Inactive" in filled(name)
    assert "{" not in filled(name)


@pytest.mark.parametrize(
    "unsafe",
    [None, "", "AKIA;rm -rf ~", "$(id)" * 4, "AKIA\nAKIA" * 3, "A" * 15, "a" * 20, "É" * 20],
)
def test_what_is_not_an_id_stays_out_of_the_commands(unsafe: str | None) -> None:
    assert "--access-key-id ACCESS_KEY_ID --status Inactive" in filled(unsafe)
    assert not unsafe or unsafe not in filled(unsafe)


def test_braces_of_a_policy_document_stay() -> None:
    steps = fill(SHIPPED["aws-revoke-session"], _credential(key_id("fill"))).steps
    assert '{"DateLessThan":{"aws:TokenIssueTime":"NOW"}}' in " ".join(steps)
