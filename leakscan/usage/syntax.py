"""Trees of tree-sitter, and texts with holes, for the readers of languages that are not Python.

In: the bytes of one file. Out: a tree that is walked without recursion, or UnreadableError. The
parsers are an extra and imported here alone, when a file of their language is read.
"""

import functools
import re
import time
from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Final

from leakscan.permissions import Hole, Spot, Text, Unclear
from leakscan.redact import mask_text

if TYPE_CHECKING:
    from tree_sitter import Language, Node

ANY: Final = Hole("")
_SECONDS: Final = 10.0
"""For one file. What is written by people takes a tenth of a second."""
_CHUNK: Final = 1 << 9
"""Bytes at a time; to read the text of a node costs one such piece."""
_MAX_WRONG: Final = 0.25
"""Of a file's bytes, in what the parser could make nothing of."""
_MAX_SAID: Final = 80
_MAX_PARTS: Final = 32
_MAX_TEXT: Final = 1024
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NO_NAME: Final = re.compile(r"[^A-Za-z0-9]+")

_LANGUAGES: Final = {
    "bash": ("tree_sitter_bash", "language"),
    "go": ("tree_sitter_go", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
}


class UnreadableError(Exception):
    """A file that is not read; says why."""


def tree(language: str, source: bytes) -> "Node":
    """Return the root of the tree of a file in a language of `_LANGUAGES`.

    Raises: UnreadableError, if the parser is not installed, takes too long, or fails on much of it.
    """
    try:
        from tree_sitter import Parser

        parser = Parser(_grammar(language))
    except ImportError:
        raise UnreadableError(f"the parser of {language} is not installed") from None
    until = time.monotonic() + _SECONDS
    try:
        root = parser.parse(
            lambda start, _: source[start : start + _CHUNK],
            progress_callback=lambda _offset, _failed: time.monotonic() > until,
        ).root_node
    except (ValueError, AttributeError):
        raise UnreadableError("it takes too long to parse") from None
    if root.has_error and _wrong(root) > _MAX_WRONG * max(len(source), 1):
        raise UnreadableError(f"it is not {language}")
    return root


@functools.cache
def _grammar(language: str) -> "Language":
    from tree_sitter import Language

    module, function = _LANGUAGES[language]
    return Language(getattr(import_module(module), function)())


def _wrong(root: "Node") -> int:
    """Return how many bytes stand in nodes that are errors."""
    count, waiting = 0, [root]
    while waiting:
        node = waiting.pop()
        if node.is_error:
            count += node.end_byte - node.start_byte
        elif node.has_error:
            waiting += node.children
    return count


def walk(root: "Node") -> Iterator["Node"]:
    """Yield all named nodes below and with root, in the order of the file."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += reversed(node.named_children)


def text_of(node: "Node | None") -> str:
    """Return the source of a node; nothing for none."""
    if node is None or node.text is None:
        return ""
    return node.text.decode("utf-8", "replace")


def line_of(node: "Node") -> int:
    """Return the line on which a node begins, from 1."""
    return node.start_point[0] + 1


def spot(path: str, line: int, said: str) -> Spot:
    """Return a Spot; what is said becomes one short line that shows no secret."""
    shown = " ".join(mask_text(said[: _MAX_SAID * 2]).split())
    return Spot(path, line, shown if len(shown) <= _MAX_SAID else shown[: _MAX_SAID - 3] + "...")


def unread(path: str, why: str) -> Unclear:
    """Return what is said of a whole file that is not read."""
    return Unclear(Spot(path, 1), why)


def hole(name: str) -> Hole:
    """Return the Hole for a name of the code: `bucketName` and `bucket-name` are BUCKET_NAME."""
    words = _NO_NAME.sub("_", _HUMP.sub("_", name[:128])).strip("_").upper()
    return Hole(words[:64].strip("_"))


def joined(*texts: Text) -> Text:
    """Return texts one after the other: neighbouring strings are one, and what is long a Hole."""
    parts: list[str | Hole] = []
    for part in (part for text in texts for part in text):
        if isinstance(part, str) and parts and isinstance(parts[-1], str):
            parts[-1] += part
        elif part != "" and not (part == ANY and parts and parts[-1] == ANY):
            parts.append(part)
    if len(parts) > _MAX_PARTS or sum(len(p) for p in parts if isinstance(p, str)) > _MAX_TEXT:
        return (ANY,)
    return tuple(parts)


def bounded(texts: tuple[Text, ...], most: int) -> tuple[Text, ...]:
    """Return at most so many texts; where there are more, the last one is any text."""
    return texts if len(texts) <= most else (*texts[: most - 1], (ANY,))


def known(text: Text) -> str | None:
    """Return a text of which all is known, or None."""
    return "".join(map(str, text)) if not any(isinstance(part, Hole) for part in text) else None


def safe(text: Text, name: str) -> Text:
    """Return a text that shows no secret: with one in it, it is a Hole of that name."""
    shown = "".join(part for part in text if isinstance(part, str))
    return text if mask_text(shown) == shown else (hole(name),)
