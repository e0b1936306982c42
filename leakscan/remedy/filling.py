"""The values of findings put into the texts of the catalogue.

Part of the remedy stage. In: a text with placeholders such as `{user_name}`, and the values of one
finding or of several that share a plan. Out: the text with what is known; the words of
`PLACEHOLDERS` for what is not, and which those were. Values come from `values`, which lets nothing
pass that means anything to a shell.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from leakscan.remediation import PLACEHOLDERS, Block

MAX_TOLD_APART: Final = 10
"""Findings of one plan whose commands are written out each; of more, the words stay."""

_PLACEHOLDER: Final = re.compile(r"(?<!\$)\{(" + "|".join(PLACEHOLDERS) + r")\}")
_NAMED: Final = 5


class Filling:
    """Fills texts, and remembers what was put in and what was left open.

    What findings have in common stands in all texts. Where their values differ, a command is
    written once for each; in other texts the word stays.
    """

    def __init__(self, each: Sequence[Mapping[str, str]]) -> None:
        first = each[0] if each else {}
        self.common = {
            name: value
            for name, value in first.items()
            if all(its.get(name) == value for its in each)
        }
        self._all = each
        self._each = each if len(each) <= MAX_TOLD_APART else [self.common]
        self._used: dict[str, str] = {}
        self._left: set[str] = set()

    def text(self, text: str) -> str:
        """Return a sentence, or a file, with what all findings have in common."""
        return self._fill(text, self.common)

    def block(self, block: Block) -> Block:
        """Return a block; a command is repeated for each finding it is different for."""
        if block.language != "sh":
            return Block(block.language, self.text(block.text), block.file)
        lines: list[str] = []
        for command in block.commands:
            lines += dict.fromkeys(self._fill(command, values) for values in self._each or [{}])
        return Block(block.language, "\n".join(lines), block.file)

    def part(self, part: str | Block) -> str | Block:
        """Return a part of a step, filled."""
        return self.text(part) if isinstance(part, str) else self.block(part)

    @property
    def used(self) -> dict[str, str]:
        """The values that were put in and are the same for all, by the names of placeholders."""
        return dict(sorted(self._used.items()))

    @property
    def open(self) -> dict[str, str]:
        """The words that were left, with what they mean."""
        left = {}
        for name, (word, meaning) in PLACEHOLDERS.items():
            if name not in self._left or name == "partition":
                continue
            known = list(dict.fromkeys(its[name] for its in self._all if name in its))
            more = f", +{len(known) - _NAMED} more" if len(known) > _NAMED else ""
            left[word] = f"{meaning}: {', '.join(known[:_NAMED])}{more}" if known else meaning
        return left

    def _fill(self, text: str, values: Mapping[str, str]) -> str:
        def value(found: re.Match[str]) -> str:
            name = found[1]
            if name not in values:
                self._left.add(name)
                return PLACEHOLDERS[name][0]
            if name in self.common:
                self._used[name] = values[name]
            return values[name]

        return _PLACEHOLDER.sub(value, text)
