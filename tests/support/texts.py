"""The remediation texts as a reader has them: placeholders filled, commands as words, files."""

import re
import shlex
from collections.abc import Iterator
from typing import Final

from leakscan.record import Record
from leakscan.remediation import PLACEHOLDERS, Block, Entry
from leakscan.remedy.catalog import load_catalog

SHIPPED: Final = load_catalog()
VALUES: Final = {
    "access_key_id": "AKIA" + "Z2Q7LEAKSCAN2345",
    "user_name": "deployer",
    "role_name": "app-role",
    "account_id": "123456789012",
    "region": "eu-west-1",
    "partition": "aws",
    "repository": "octo/app",
    "branch": "main",
    "role": "app",
    "path": "src/app.py",
    "now": "2026-11-22T12:00:00Z",
}
"""A value of the right shape for each placeholder."""
_NUMBERS: Final = re.compile(
    r"\b([A-Z]+_)*(VERSION|NUMBER|COUNT|PORT|SECONDS|DAYS|CAPACITY|SIZE)(_[A-Z]+)*\b"
)
_ARNS: Final = re.compile(r"\b([A-Z]+_)+ARN\b")
_ACCOUNTS: Final = re.compile(r"\b([A-Z]+_)*ACCOUNT_ID\b")
_WORDS: Final = {"INSTANCE_TYPE": "t3.micro"}
"""Words in capitals that stand for one of an enumeration."""
_KEY_IDS: Final = re.compile(r"\b([A-Z]+_)+KEY_ID\b")
_OPERATORS: Final = frozenset({"|", "<", ">", ">>"})
_ASSIGNED: Final = re.compile(r"[A-Z][A-Z0-9_]*=.*")
_RUNNERS: Final = frozenset({"env", "sudo", "-u"})
_CODE: Final = re.compile(r"`([^`]+)`")


class CommandError(Exception):
    """A line that no shell would take for one command."""


class Command(Record, frozen=True):
    """One command: the line it stands in, and its words."""

    line: str
    words: tuple[str, ...]


def filled(text: str) -> str:
    """Return a text with a value for each placeholder."""
    assert VALUES.keys() == PLACEHOLDERS.keys()
    for name, value in VALUES.items():
        text = re.sub(rf"(?<![$%])\{{{name}\}}", value, text)
    return text


def made_up(text: str) -> str:
    """Return a text with a value for the words in capitals whose shape AWS looks at."""
    for word, value in _WORDS.items():
        text = re.sub(rf"\b{word}\b", value, text)
    text = _KEY_IDS.sub(VALUES["access_key_id"], text)
    text = _ARNS.sub("arn:aws:iam::123456789012:role/app", text)
    return _NUMBERS.sub("7", _ACCOUNTS.sub("123456789012", text))


def blocks(entry: Entry) -> Iterator[Block]:
    """Yield all blocks of an entry in the order of the text."""
    for step in entry.steps:
        yield from (part for part in step.parts if isinstance(part, Block))
    yield from (one for one in (entry.trust, entry.terraform, entry.cloudformation) if one)


def prose(entry: Entry) -> Iterator[str]:
    """Yield all sentences of an entry, as paragraphs."""
    yield from (entry.title, entry.mechanism, entry.instead, *entry.why.split("\n\n"))
    for step in entry.steps:
        yield from (part for part in step.parts if isinstance(part, str))
    yield from entry.cautions


def commands(entry: Entry) -> list[Command]:
    """Return the commands of an entry's blocks. Raises CommandError."""
    return [
        command
        for block in blocks(entry)
        if block.language == "sh"
        for line in block.text.replace("\\\n", " ").splitlines()
        for command in commands_of_line(filled(line))
    ]


def spoken(entry: Entry, program: str) -> list[Command]:
    """Return the commands of a program that sentences name, which may be cut short."""
    found = (code for text in prose(entry) for code in _CODE.findall(text))
    return [
        command
        for code in found
        if re.match(rf"{program} [a-z]", code)
        for command in commands_of_line(filled(code))
    ]


def files(entry: Entry) -> dict[str, str]:
    """Return the files that an entry shows, by name."""
    return {block.file: made_up(filled(block.text)) for block in blocks(entry) if block.file}


def commands_of_line(line: str) -> Iterator[Command]:
    """Yield the commands of a line: one, or several with pipes. Raises CommandError."""
    if re.search(r"\$\(|`", line):
        raise CommandError(f"substitutes a command: {line}")
    try:
        lexer = shlex.shlex(line, posix=True, punctuation_chars="();<>|&")
        lexer.commenters, lexer.whitespace_split = "", True
        words = list(lexer)
    except ValueError as error:
        raise CommandError(f"{error}: {line}") from None
    command: list[str] = []
    rest = iter(words)
    for word in rest:
        if not set(word) - set("();<>|&") and word not in _OPERATORS:
            raise CommandError(f"has {word}: {line}")
        if word == "#":
            raise CommandError(f"has a comment: {line}")
        if word == "|":
            yield _command(line, command)
            command = []
        elif word in _OPERATORS:
            next(rest, None)  # The file.
        else:
            command.append(word)
    yield _command(line, command)


def _command(line: str, words: list[str]) -> Command:
    """Return what is run in the end, without the variables and the user it is run with."""
    while words and (words[0] in _RUNNERS or _ASSIGNED.fullmatch(words[0])):
        words = words[2:] if words[0] == "-u" else words[1:]
    if not words:
        raise CommandError(f"is no command: {line}")
    return Command(line, tuple(words))
