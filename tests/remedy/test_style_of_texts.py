"""The remediation texts as a whole: all are there, in one style, and none turns the order round."""

import re
from typing import Final

import pytest
import regex

from leakscan.remediation import PLACEHOLDERS, Block, Entry, EntryKind, Phase
from leakscan.resources import patterns
from tests.support.texts import SHIPPED, Command, blocks, commands, commands_of_line, prose

ENTRIES: Final = list(SHIPPED.entries.values())
EACH_ENTRY = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
EACH_KEY = pytest.mark.parametrize("entry", SHIPPED.keys.values(), ids=lambda entry: entry.id)
EACH_PLACE = pytest.mark.parametrize("entry", SHIPPED.places.values(), ids=lambda entry: entry.id)

KEYS: Final = {
    "aws-bearer-credential",
    "aws-canary-key",
    "aws-revoke-session",
    "aws-root-access-key",
    "aws-rotate-access-key",
    "aws-secret-without-id",
}
PLACES: Final = {
    *("ec2-instance", "launch-configuration", "launch-template", "auto-scaling-group"),
    *("machine-image", "ecs-task", "lambda-function", "kubernetes", "container-image"),
    *("terraform", "cloudformation", "cdk", "ansible", "chef", "puppet", "on-premises-server"),
    *("github-actions", "gitlab-ci", "circleci", "bitbucket-pipelines", "buildkite", "jenkins"),
    *("codebuild", "other-ci", "application-code", "application-config", "dotenv"),
    *("developer-laptop", "third-party-service", "mobile-or-browser-app", "notebook"),
    *("ses-smtp", "service-api-key", "product-without-roles", "federated-people"),
}
CANARY: Final = "aws-canary-key"
"""It is left alone: no role, no command."""
NO_ROLE_THERE: Final = {"product-without-roles", CANARY}
"""Places where nothing can assume a role."""
WEASELS: Final = re.compile(
    r"\b(simply|easily|obviously|basically|hopefully|quite|please|leverage|utili[sz]e"
    r"|seamless(ly)?|robust|powerful|cutting-edge|world-class|best-in-class|of course|in order to"
    r"|as appropriate|if necessary|where applicable|and/or|TODO|TBD|(?<!/)etc)\b"
)
ONLY_IN: Final = {
    r"aws iam delete-access-key\b.*\{access_key_id\}": Phase.DELETE,
    r"aws iam delete-user\b.*\{user_name\}": Phase.DELETE,
    r"aws iam update-access-key\b.*\{access_key_id\}.* Inactive\b": Phase.CONTAIN,
    r"git filter-repo\b": Phase.PURGE,
    r"git push .*--force": Phase.PURGE,
    r"leakscan hook install\b": Phase.PREVENT,
}
"""What belongs into one part of the work: a key that is deleted first cannot be switched on again,
and a history that is rewritten first has no evidence."""
AT_ONCE: Final = {("aws-root-access-key", Phase.CONTAIN)}
"""For root from outside: there is no way to switch its key off."""
LOOKS: Final = re.compile(
    r"aws [a-z0-9-]+ (get|list|describe|lookup|generate)-|git (log|grep)\b|leakscan (verify|scan)\b"
)
COLUMNS: Final = 100


def body(entry: Entry) -> list[str]:
    """Return the lines of the file below its front matter."""
    text = (patterns() / "remediation" / f"{entry.id}.md").read_text(encoding="utf-8")
    return text.split("\n---\n", 1)[1].split("\n")


def phased(entry: Entry) -> list[tuple[Phase, Command]]:
    """Return the commands of the steps, with what each is for; placeholders as they are."""
    return [
        (step.phase, command)
        for step in entry.steps
        for part in step.parts
        if isinstance(part, Block) and part.language == "sh"
        for line in part.text.replace("\\\n", " ").splitlines()
        for command in commands_of_line(line)
    ]


# -- what there is ------------------------------------------------------------------------------


def test_every_key_and_place_has_its_text() -> None:
    assert SHIPPED.keys.keys() == KEYS
    assert SHIPPED.places.keys() == PLACES


def test_every_control_is_used() -> None:
    used = {name for entry in ENTRIES for name in entry.controls}
    assert used == SHIPPED.controls.keys()


def test_every_placeholder_is_used() -> None:
    texts = " ".join(
        text for entry in ENTRIES for text in (*prose(entry), *(one.text for one in blocks(entry)))
    )
    assert [name for name in PLACEHOLDERS if f"{{{name}}}" not in texts] == []


def test_every_control_has_numbers_of_each_version_once() -> None:
    for control in SHIPPED.controls.values():
        for framework, versions in control.numbers.items():
            for numbers in versions.values():
                assert len(set(numbers)) == len(numbers), (control.id, framework)


# -- how it is said -----------------------------------------------------------------------------


@EACH_ENTRY
def test_lines_of_prose_are_short_and_clean(entry: Entry) -> None:
    fenced = False
    for line in body(entry):
        fenced ^= line.strip().startswith("```")
        assert line == line.rstrip(), line
        assert fenced or line.strip().startswith("```") or len(line) <= COLUMNS, line
    assert body(entry)[-1] == ""
    assert body(entry)[-2] != ""


@EACH_ENTRY
def test_sentences_say_what_they_mean(entry: Entry) -> None:
    for text in prose(entry):
        assert not WEASELS.search(text), text
        assert "  " not in text.strip(), text
        assert "—" not in text, text


@EACH_ENTRY
def test_sentences_are_whole(entry: Entry) -> None:
    assert entry.title[0].isupper()
    assert not entry.title.endswith(".")
    assert not entry.mechanism.endswith(".")
    whole = (*entry.why.split("\n\n"), *entry.cautions, *([entry.instead] if entry.instead else []))
    for text in whole:
        assert text.endswith((".", '."', ".)")), text
    for step in entry.steps:
        first, last = step.parts[0], step.parts[-1]
        assert isinstance(first, str)
        assert re.match(r"[A-Z`{]|[a-z]+-[a-z]+ ", first), first
        assert first.endswith((".", ":", '."', ".)")), first
        assert isinstance(last, Block) or last.endswith((".", '."', ".)")), last


@EACH_ENTRY
def test_an_entry_ends_in_a_role(entry: Entry) -> None:
    words = f"{entry.mechanism} {entry.instead}"
    assert entry.id in NO_ROLE_THERE or re.search(
        r"\b[Rr]oles?\b|Identity Center|[Tt]emporary", words
    ), words


@EACH_PLACE
def test_signs_say_something(entry: Entry) -> None:
    """A pattern that an empty text fits would speak for its place everywhere."""
    assert any(sign.points > 0 for sign in entry.signs)
    for sign in entry.signs:
        assert not regex.search(sign.pattern, "", regex.IGNORECASE), sign.pattern
        assert not sign.says.endswith("."), sign.says


# -- the order of the work ----------------------------------------------------------------------


@EACH_ENTRY
def test_nothing_is_done_before_its_time(entry: Entry) -> None:
    for phase, command in phased(entry):
        for pattern, its in ONLY_IN.items():
            if re.search(pattern, command.line):
                assert phase is its or (entry.id, phase) in AT_ONCE, command.line


@EACH_ENTRY
def test_sections_come_in_the_order_of_the_work(entry: Entry) -> None:
    order = list(Phase)
    found = [order.index(step.phase) for step in entry.steps]
    assert found == sorted(found)


@EACH_KEY
def test_evidence_comes_first(entry: Entry) -> None:
    """What is looked at first tells what later steps overwrite."""
    if entry.id == CANARY:
        assert not phased(entry)
        return
    phase, command = phased(entry)[0]
    assert phase is Phase.CONTAIN
    assert LOOKS.match(command.line), command.line


@EACH_KEY
def test_a_key_is_contained_deleted_and_purged(entry: Entry) -> None:
    assert {step.phase for step in entry.steps} >= {
        *(Phase.CONTAIN, Phase.DELETE, Phase.PURGE, Phase.PREVENT)
    }
    assert entry.kind is EntryKind.KEY


@EACH_ENTRY
def test_commands_about_the_key_name_it(entry: Entry) -> None:
    for _, command in phased(entry):
        for option, value in zip(command.words, command.words[1:], strict=False):
            if option == "--access-key-id":
                assert value == "{access_key_id}" or re.fullmatch(r"[A-Z_]+_KEY_ID", value)


@EACH_PLACE
def test_a_place_has_commands(entry: Entry) -> None:
    assert commands(entry)
