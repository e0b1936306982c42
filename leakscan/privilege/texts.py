"""Texts with holes: what is known of a name, and what only shows when the program runs.

Part of the privilege stage. In: `Text`. Out: `Text` and str, as policies write them: `*` and `?`
are wildcards there, and `${` begins a variable.
"""

import re
from collections.abc import Callable
from typing import Final

from leakscan.permissions import Hole, Text

_WILD: Final = re.compile(r"[*?]|\$(?=\{)")
_WORD: Final = re.compile(r"[^A-Z0-9]+")
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def literal(text: Text) -> str | None:
    """Return the text if all of it is known."""
    return None if any(isinstance(part, Hole) for part in text) else "".join(map(str, text))


def begins(text: Text) -> str:
    """Return what is known of the text at its beginning."""
    return text[0] if text and isinstance(text[0], str) else ""


def joined(*parts: str | Hole) -> Text:
    """Return a text of parts, neighbours that are known made one."""
    found: list[str | Hole] = []
    for part in parts:
        if isinstance(part, str) and found and isinstance(found[-1], str):
            found[-1] += part
        elif part != "":
            found.append(part)
    return tuple(found)


def quoted(text: Text) -> Text:
    """Return a text of the code's for a policy, where none of its characters is a wildcard."""
    return joined(*(part if isinstance(part, Hole) else _quoted(part) for part in text))


def _quoted(part: str) -> str:
    return _WILD.sub(lambda found: f"${{{found[0]}}}", part)


def opened(text: Text) -> Text:
    """Return the text with `*` for each hole."""
    parts = joined(*("*" if isinstance(part, Hole) else part for part in text))
    return tuple(re.sub(r"(?<!\$\{)\*\*+", "*", str(part)) for part in parts)


def named(text: Text, word: str) -> Text:
    """Return the text with a name for holes that have none: the word alone, `*` within a text."""
    if text == (Hole(""),):
        return (Hole(word),)
    return joined(*("*" if part == Hole("") else part for part in text))


def mapped(text: Text, change: Callable[[str], str]) -> Text:
    """Return the text with its known parts changed."""
    return joined(*(part if isinstance(part, Hole) else change(part) for part in text))


def word_of(name: str) -> str:
    """Return a name of an API as a word in capitals: TableName -> TABLE_NAME."""
    return _WORD.sub("_", _CAMEL.sub("_", name).upper()).strip("_")
