"""The commands of a shell script, word by word, as texts with holes.

In: a script, what is known of its environment, the line that it begins on in its file. Out:
`Command`s. A variable counts where one assignment in the script, or the environment, says all.
"""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from leakscan.permissions import Hole, Text
from leakscan.record import Record
from leakscan.usage.syntax import ANY, hole, joined, known, line_of, text_of, tree, walk

if TYPE_CHECKING:
    from tree_sitter import Node

OPEN: Final = "\ue000"
CLOSE: Final = "\ue001"
"""Around the name of what is put into a script before a shell reads it, `$(X)` of make."""
_MARK: Final = re.compile(f"{OPEN}([^{OPEN}{CLOSE}]*){CLOSE}")
_ESCAPE: Final = re.compile(r"\\(\n|.)")
_RUN_ON: Final = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)(?=[^\s\"'$]{0,256}\$)")
"""A variable with another one after it in the same word, which the grammar takes for two words."""
_DEPTH: Final = 12
_REGION_NAMES: Final = ("AWS_REGION", "AWS_DEFAULT_REGION")
_REGION: Final = re.compile(r"[a-z]{2}(?:-[a-z]{2,12}){1,3}-[0-9]{1,2}\Z")
_NAMED: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


class Command(Record, frozen=True):
    """A command as it is run: its words, the first is its name; the line it begins on."""

    words: tuple[Text, ...]
    line: int
    region: str = ""
    """What `AWS_REGION=...` in front of it says."""


class Script:
    """One script.

    Raises: UnreadableError, if it is none.
    """

    def __init__(self, text: str, first_line: int = 1, around: Mapping[str, Text] | None = None):
        self._known = dict(around or {})
        self._shift = first_line - 1
        self._values: dict[str, list[Node]] = {}
        self._changed: set[str] = set()
        self._before: set[int] = set()
        """What stands in a command; a variable that is set before one is set for it alone."""
        self._exported: set[str] = set()
        self.functions: set[str] = set()
        """Names of functions that the script declares."""
        text = _RUN_ON.sub(r"${\1}", text)
        self._nodes = list(walk(tree("bash", text.encode("utf-8", "replace"))))
        for node in self._nodes:
            self._note(node)

    def commands(self) -> Iterator[Command]:
        """Yield all commands, those inside of others as well, in the order of the script."""
        for node in self._nodes:
            if node.type == "command":
                words = tuple(self._words(node))
                if words:
                    yield Command(words, line_of(node) + self._shift, self._set_before(node))

    def _set_before(self, node: "Node") -> str:
        """Return the region that is set for one command alone."""
        for child in node.named_children:
            if child.type == "variable_assignment":
                name = text_of(child.child_by_field_name("name"))
                value = child.child_by_field_name("value")
                if name in _REGION_NAMES and value is not None:
                    return _region(self.text(value))
        return ""

    @property
    def region(self) -> str:
        """The region that all of the script's commands get, if it is one and known."""
        for name in _REGION_NAMES:
            if name in self._known or (name in self._exported and name in self._values):
                return _region(self.variable(name))
        return ""

    def _note(self, node: "Node") -> None:
        """Note what gives a variable its value, or a function its name."""
        match node.type:
            case "variable_assignment":
                name = text_of(node.child_by_field_name("name"))
                value = node.child_by_field_name("value")
                if value is None or text_of(node.child(1)) == "+=":
                    self._changed.add(name)
                elif node.id not in self._before:
                    self._values.setdefault(name, []).append(value)
            case "declaration_command" if node.children and node.children[0].type == "export":
                names = (one.child_by_field_name("name") or one for one in node.named_children)
                self._exported.update(map(text_of, names))
            case "for_statement":
                self._changed.add(text_of(node.child_by_field_name("variable")))
            case "function_definition":
                self.functions.add(text_of(node.child_by_field_name("name")))
            case "command":
                self._before |= {one.id for one in node.named_children}
                if text_of(node.child_by_field_name("name")) in {"read", "mapfile"}:
                    self._changed |= {text_of(one) for one in node.named_children[1:]}

    def _words(self, node: "Node") -> Iterator[Text]:
        for child in node.named_children:
            if child.type == "command_name":
                inner = child.named_children
                yield from self._split(inner[0]) if inner else ()
            elif child.type not in {"variable_assignment", "file_redirect", "herestring_redirect"}:
                yield self.text(child)

    def _split(self, node: "Node") -> list[Text]:
        """Return the words of a command's name: one, or those of a variable that holds several."""
        text = self.text(node)
        if node.type == "simple_expansion" and len(text) == 1 and isinstance(text[0], str):
            return [(word,) for word in text[0].split()]
        return [text]

    def text(self, node: "Node", seen: frozenset[str] = frozenset()) -> Text:
        """Return the text that a word is."""
        match node.type:
            case "word" | "number" | "string_content" | "variable_name" | "command_name":
                return self._plain(_unescaped(text_of(node)), seen)
            case "raw_string":
                return self._plain(text_of(node)[1:-1], seen)
            case "string":
                return self._pieces(node, seen, 1)
            case "concatenation":
                return self._pieces(node, seen, 0)
            case "simple_expansion" | "expansion":
                return self._expanded(node, seen)
        return (ANY,)

    def _pieces(self, node: "Node", seen: frozenset[str], quotes: int) -> Text:
        """Return the text of what is made of several; between its parts stand plain letters."""
        source, start = node.text or b"", node.start_byte
        parts, end = [], start + quotes
        for child in node.named_children:
            between = source[end - start : child.start_byte - start].decode("utf-8", "replace")
            parts += [self._plain(_unescaped(between), seen), self.text(child, seen)]
            end = child.end_byte
        rest = source[end - start : len(source) - quotes].decode("utf-8", "replace")
        return joined(*parts, self._plain(_unescaped(rest), seen))

    def _expanded(self, node: "Node", seen: frozenset[str]) -> Text:
        """Return the text of `$NAME` or `${NAME...}`; what changes the value makes a Hole."""
        name = next((text_of(one) for one in node.named_children if "name" in one.type), "")
        if not _NAMED.match(name):
            return (ANY,)
        bare = text_of(node) in {f"${name}", f"${{{name}}}"}
        return self.variable(name, seen) if bare else (hole(name),)

    def has(self, name: str) -> bool:
        """Say whether a variable is set here or around."""
        return name in self._known or name in self._values

    def filled(self, text: str) -> Text:
        """Return a text that no shell reads, with what is put in from outside."""
        return joined(self._plain(text, frozenset())) or (ANY,)

    def variable(self, name: str, seen: frozenset[str] = frozenset()) -> Text:
        """Return the text of a variable."""
        values = self._values.get(name, [])
        if name in seen or len(seen) > _DEPTH or name in self._changed or len(values) > 1:
            return (hole(name),)
        found = self.text(values[0], seen | {name}) if values else self._known.get(name, (ANY,))
        found = joined(*(self._filled(part, seen | {name}) for part in found))
        return found if found != (ANY,) else (hole(name),)

    def _filled(self, part: str | Hole, seen: frozenset[str]) -> Text:
        return self._plain(part, seen) if isinstance(part, str) else (part,)

    def _plain(self, text: str, seen: frozenset[str]) -> Text:
        """Return a text in which what is put in from outside is a variable or a Hole."""
        if OPEN not in text:
            return (text,) if text else ()
        pieces = _MARK.split(text)
        filled = [
            (self.variable(piece, seen) if _NAMED.match(piece) else (hole(piece),))
            if number % 2
            else (piece,)
            for number, piece in enumerate(pieces)
        ]
        return joined(*filled)


def _region(text: Text) -> str:
    said = known(text) or ""
    return said if _REGION.match(said) else ""


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: "" if found[1] == "\n" else found[1], text)


def mark(name: str) -> str:
    """Return what stands in a script for something that is put in from outside, by its name."""
    return f"{OPEN}{name.replace(OPEN, '').replace(CLOSE, '')}{CLOSE}"
