"""What an `aws` command is given: its options apart from its words, and these as an input.

In: the words after `aws`. Out: `Line`; `given_of`, the texts by the members that options name.
"""

import json
import re
from collections.abc import Container, Iterable, Sequence
from typing import Final

from leakscan.permissions import Text
from leakscan.record import Record
from leakscan.usage.given import Given
from leakscan.usage.syntax import ANY, hole, joined, known

# fmt: off
_GLOBAL: Final = {
    "--profile",
    "--region",
    "--endpoint-url",
    "--output",
    "--query",
    "--color",
    "--ca-bundle",
    "--cli-read-timeout",
    "--cli-connect-timeout",
    "--cli-binary-format",
    "--cli-error-format",
}
# fmt: on
"""Options of every command that have a value. Source: awscli/data/cli.json of the AWS CLI."""
# fmt: off
_FLAGS: Final = {
    "--debug",
    "--no-verify-ssl",
    "--no-paginate",
    "--no-sign-request",
    "--version",
    "--no-cli-pager",
    "--cli-auto-prompt",
    "--no-cli-auto-prompt",
    "--v2-debug",
    "--no-cli-prompt",
}
# fmt: on
_FROM_FILE: Final = ("file://", "fileb://")
_SHORT: Final = re.compile(r"([A-Za-z][A-Za-z0-9.]*)=([^,={}\[\]]*)(?:,|\Z)")
_MAX_DEPTH: Final = 8
_MAX_GIVEN: Final = 512


class Line(Record, frozen=True):
    """An `aws` command: its words, and its options with their values, as they stand there."""

    words: tuple[Text, ...]
    options: tuple[tuple[str, tuple[Text, ...]], ...]
    general: dict[str, Text]
    """Options of every command, by their names."""

    def word(self, number: int) -> str:
        """Return a word if all of it is known, or nothing."""
        return known(self.words[number]) or "" if number < len(self.words) else ""

    def has(self, *names: str) -> bool:
        """Say whether one of some options is given."""
        return any(name in names for name, _ in self.options)

    def value(self, name: str) -> Text | None:
        """Return the first value of an option, or None."""
        return next((values[0] for one, values in self.options if one == name and values), None)

    @property
    def region(self) -> str:
        """The region that is named, if all of its name is known."""
        return known(self.general.get("--region", (ANY,))) or ""


def line_of_words(words: Sequence[Text], flags: Iterable[str] = ()) -> Line:
    """Return the parts of a command; `flags` are options of its own that have no value.

    An option of AWS's APIs has all words after it as values; with `flags` it has one.
    """
    alone, one_value = {*_FLAGS, *flags}, bool(flags)
    plain: list[Text] = []
    options: list[tuple[str, tuple[Text, ...]]] = []
    general: dict[str, Text] = {}
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        name, value = _option(word)
        if not name:
            if options and not one_value and len(plain) > 1 and options[-1][0] not in alone:
                options[-1] = (options[-1][0], (*options[-1][1], word))
            else:
                plain.append(word)
            continue
        if name in _FLAGS:
            continue
        if value is None and name not in alone and (name in _GLOBAL or one_value) and waiting:
            value = waiting.pop(0)
        if name in _GLOBAL:
            general[name] = value or (ANY,)
        else:
            options.append((name, (value,) if value is not None else ()))
    return Line(tuple(plain), tuple(options), general)


def _option(word: Text) -> tuple[str, Text | None]:
    """Return the name of an option and the value that stands in the same word, if one does."""
    first = word[0] if word else ""
    if not isinstance(first, str) or not first.startswith("--") or first == "--":
        return "", None
    name, equals, rest = first.partition("=")
    if equals:
        return name, joined((rest,), word[1:])
    return (name, None) if len(word) == 1 else ("", None)


def given_of(line: Line, single: Container[str] = ()) -> Given:
    """Return the texts of an input that options name; the value of a file is not known.

    Options in `single`, without their dashes, have one value; what follows it is none of theirs.
    """
    found: Given = []
    for name, values in line.options:
        plain = name.removeprefix("--").replace("-", "")
        if name == "--cli-input-json":
            found += _structured((), known(values[0]) if values else None)
            continue
        for value in values[:1] if plain in single else values:
            found += _value(((plain,),), value, name)
    return found[:_MAX_GIVEN]


def _value(path: tuple[Text, ...], value: Text, name: str) -> Given:
    text = known(value)
    if text is None:
        return [(path, value)]
    if text.startswith(_FROM_FILE):
        return [(path, (hole(name),))]
    if text.startswith(("{", "[")) and (inner := _structured(path, text)):
        return [*inner, (path, value)]
    pairs = _SHORT.findall(text)
    inner = [((*path, *((part,) for part in key.split("."))), (one,)) for key, one in pairs if one]
    return [(path, value), *inner]


def _structured(path: tuple[Text, ...], text: str | None) -> Given:
    """Return the texts of JSON, by their paths; nothing of what is none."""
    try:
        value = json.loads(text or "")
    except (ValueError, RecursionError):
        return []
    found: Given = []
    waiting: list[tuple[tuple[Text, ...], object]] = [(path, value)]
    while waiting and len(found) < _MAX_GIVEN:
        path, value = waiting.pop()
        if isinstance(value, dict) and value and len(path) < _MAX_DEPTH:
            waiting += [((*path, (str(key),)), one) for key, one in reversed(value.items())]
        elif isinstance(value, list) and value:
            waiting += [(path, one) for one in reversed(value)]
        elif path and value is not None:
            is_text = isinstance(value, str) and value
            found.append((path, (str(value),) if is_text else (ANY,)))
    return found
