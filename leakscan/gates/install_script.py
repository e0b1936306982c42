"""The text of our hooks: filling it in, and telling from a file whose hook it is.

In: the values of one hook, or a path. Out: bytes to write, or a `Found`. Writing is left to
`install_file`.
"""

import re
from enum import StrEnum
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from leakscan import resources
from leakscan.history.files import read_optional
from leakscan.record import Record

VERSION: Final = 1
HOOKS: Final = ("pre-push", "pre-commit", "pre-receive")

_LIMIT: Final = 4 << 20
_OURS: Final = re.compile(rb"^# leakscan hook, version (\d+): ", re.MULTILINE)
_VALUE: Final = re.compile(r"^(leakscan|shared|options)='((?:[^'\n]|'\\'')*)'$", re.MULTILINE)
_BLOCK: Final = re.compile(
    rb"^# >>> leakscan >>>.*?^# <<< leakscan <<<\r?\n", re.MULTILINE | re.DOTALL
)
_SHEBANG: Final = re.compile(rb"\A#!.*\n")
_HUSKY_SOURCE: Final = re.compile(rb"^.*/husky\.sh.*\n", re.MULTILINE)


class Maker(StrEnum):
    """Who made a hook."""

    NOBODY = "nobody"
    LEAKSCAN = "leakscan"
    CHANGED = "leakscan, changed by hand"
    RELAY = "leakscan, only passing on"
    PRE_COMMIT = "the pre-commit framework"
    LEFTHOOK = "lefthook"
    HUSKY = "husky"
    OTHER = "somebody else"


class Values(Record, frozen=True):
    """What is filled into a hook: the program, and whether it serves all repositories.

    An empty program is looked for on PATH. `options` are words for the command, which the owner
    of the hook may write into it.
    """

    program: str = ""
    shared: bool = False
    options: str = ""


class Found(Record, frozen=True):
    """What stands at the path of a hook."""

    maker: Maker
    version: int = 0
    values: Values = Values()


def render(hook: str, values: Values) -> bytes:
    """Return the text of our hook."""
    filled = {
        "leakscan": values.program,
        "shared": "yes" if values.shared else "",
        "options": values.options,
    }
    return _VALUE.sub(lambda found: f"{found[1]}='{_quote(filled[found[1]])}'", _text(hook)).encode(
        "utf-8", "surrogateescape"
    )


def relay() -> bytes:
    """Return the text of a hook that only runs the repository's own."""
    return _text("relay").encode()


def inspect(path: Path, hook: str) -> Found:
    """Say whose hook stands at path. Raises OSError where it cannot be read."""
    text = read_optional(path, _LIMIT)
    if text is None:
        return Found(Maker.NOBODY)
    ours = _OURS.search(text)
    if ours:
        return _inspect_ours(text, hook, int(ours[1]))
    if _BLOCK.search(text):
        return Found(Maker.LEAKSCAN, VERSION)
    for mark, maker in (
        (b"https://pre-commit.com", Maker.PRE_COMMIT),
        (b"call_lefthook", Maker.LEFTHOOK),
        (b"husky", Maker.HUSKY),
    ):
        if mark in text:
            return Found(maker)
    return Found(Maker.OTHER)


def _inspect_ours(text: bytes, hook: str, version: int) -> Found:
    if text == relay():
        return Found(Maker.RELAY, version)
    found = {
        name: value.replace("'\\''", "'")
        for name, value in _VALUE.findall(text.decode("utf-8", "surrogateescape"))
    }
    values = Values(found.get("leakscan", ""), bool(found.get("shared")), found.get("options", ""))
    changed = version == VERSION and render(hook, values) != text
    return Found(Maker.CHANGED if changed else Maker.LEAKSCAN, version, values)


def with_block(text: bytes, hook: str) -> bytes:
    """Return a hook that husky runs with our block in it: first, so that it sees what git says.

    Older versions of husky start the file a second time from a line of its own, which stays first.
    """
    block = _text("block").replace("@hook@", hook).encode()
    if _BLOCK.search(text):
        return _BLOCK.sub(lambda _: block, text, count=1)
    text = text or b"#!/bin/sh\n"
    head = _HUSKY_SOURCE.search(text) or _SHEBANG.search(text)
    at = head.end() if head else 0
    return text[:at] + block + text[at:]


def without_block(text: bytes) -> bytes:
    """Return a hook that husky runs without our block; empty if nothing but a shebang is left."""
    rest = _BLOCK.sub(b"", text)
    return b"" if not _SHEBANG.sub(b"", rest).strip() else rest


def keep_options(values: Values, found: Found) -> Values:
    """Return values with the options that the owner wrote into a hook of ours."""
    return replace(values, options=found.values.options)


def shell_word(value: str) -> str:
    """Return value as one word of a shell."""
    return f"'{_quote(value)}'"


def _text(name: str) -> str:
    return (resources.hooks() / name).read_text(encoding="utf-8").replace("\r\n", "\n")


def _quote(value: str) -> str:
    """Return value as it stands between single quotes of a shell."""
    return value.replace("'", "'\\''")
