"""Commands on a page: broken over lines they are the same words to a shell."""

import shlex

import pytest

from leakscan.remediation import Block
from leakscan.remedy.catalog import load_catalog
from leakscan.report.page import command_lines

COMMANDS = {
    command: None
    for entry in load_catalog().entries.values()
    for step in entry.steps
    for part in step.parts
    if isinstance(part, Block) and part.language == "sh"
    for command in part.commands
}


def words(lines: list[str]) -> list[str]:
    """Return what a shell makes of lines; to it a backslash and a newline are nothing."""
    return shlex.split("\n  ".join(lines).replace("\\\n", ""))


@pytest.mark.parametrize("width", [40, 74, 100])
def test_every_command_of_the_catalogue_stays_what_it_is(width: int) -> None:
    assert COMMANDS
    for command in COMMANDS:
        assert words(command_lines(command, width)) == shlex.split(command)


@pytest.mark.parametrize(
    ("command", "lines"),
    [
        ("aws x", ["aws x"]),
        ("aws x y --some-option value", ["aws x y \\", "--some-option value"]),
        ("kubectl a --b c d=eeeeeeeeeeeeeeeeeeeeeeee", ["kubectl a --b c \\", "d=" + 24 * "e"]),
        ("aws x --text 'one --two three four'", ["aws x --text \\", "'one --two three four'"]),
        ('aws x --text "one \\" --two three"', ["aws x --text \\", '"one \\" --two three"']),
        ("echo 'never closed --at all in this one", ["echo 'never closed --at all in this one"]),
    ],
)  # fmt: skip
def test_a_command_is_broken_between_words_and_never_inside_quotes(
    command: str, lines: list[str]
) -> None:
    assert command_lines(command, 24) == lines
