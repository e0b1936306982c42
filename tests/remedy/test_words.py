"""Words in capitals: each in the catalogue is either explained, or known to be a name."""

from collections.abc import Iterator

import pytest

from leakscan.remediation import PLACEHOLDERS, Block, Entry
from leakscan.remedy.catalog import load_catalog
from leakscan.remedy.words import MEANINGS, WORD, is_open, meanings

CATALOG = load_catalog()
NAMES = frozenset(
    """
    ACCOUNT ACTIVE AKIA ASIA AWS EC2 ECR ECS EKS FARGATE FROM GROUP HOME HTTP HTTPS IAM IMMUTABLE
    INACTIVE LICENSE NET PEM RDS RUN SAML SECURITY SES SSO STAGE XML GET POST PUT SMTP RSA ENV ARG
    COPY CMD KMS SSM USER SQS SNS TCP URL JSON TRUE FALSE
    """.split()  # noqa: SIM905
)
"""Words without an underscore that stand for themselves in commands and files."""


def blocks(entry: Entry) -> Iterator[Block]:
    for step in entry.steps:
        yield from (part for part in step.parts if isinstance(part, Block))
    yield from (one for one in (entry.trust, entry.terraform, entry.cloudformation) if one)


@pytest.mark.parametrize("name", CATALOG.entries)
def test_every_word_in_capitals_is_explained_or_a_name(name: str) -> None:
    words = {word for block in blocks(CATALOG.entries[name]) for word in WORD.findall(block.text)}
    unknown = {word for word in words if not is_open(word) and "_" not in word} - NAMES
    assert not unknown - {word for word, _ in PLACEHOLDERS.values()}


def test_no_meaning_is_left_of_a_word_that_no_text_has() -> None:
    texts = [block.text for entry in CATALOG.entries.values() for block in blocks(entry)]
    used = {word for text in texts for word in WORD.findall(text)}
    assert not MEANINGS.keys() - used


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("--name CLUSTER_NAME --x", ["CLUSTER_NAME"]),
        ("FAMILY:OLD_REVISION", ["FAMILY", "OLD_REVISION"]),
        ("release.v1.RELEASE.vOLD_REVISION", ["RELEASE", "OLD_REVISION"]),
        ("{REPOSITORY_UUID}", ["REPOSITORY_UUID"]),
        ("$MY_VAR ${MY_VAR} AWS_REGION ACTION_LEVEL CALL_ME(x)", []),
        ("https://HOST/x", ["HOST"]),
    ],
)
def test_words_are_found_where_they_stand(text: str, words: list[str]) -> None:
    assert list(meanings([Block("sh", text)])) == words
