"""The values of findings put into the texts of the catalogue.

Part of the remedy stage. In: a text with placeholders such as `{user_name}`, and the values of one
finding or of several that share a plan. Out: the text with what is known; the words of
`PLACEHOLDERS` for what is not, and which those were. Values come from `values`, which lets nothing
pass that means anything to a shell.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from leakscan.remediation import PLACEHOLDERS, Block
from leakscan.remedy.values import Paths

MAX_TOLD_APART: Final = 10
"""Findings of one plan whose commands are written out each; of more, the words stay."""

MAX_PATHS: Final = 10
"""Files that commands are written out for, and that a sentence names."""

_PLACEHOLDER: Final = re.compile(r"(?<!\$)\{(" + "|".join(PLACEHOLDERS) + r")\}")
_NAMED: Final = 5
_NO_PATHS: Final = Paths()


class Filling:
    """Fills texts, and remembers what was put in and what was left open.

    What findings have in common stands in all texts. Where their values differ, a command is
    written once for each; in other texts the word stays. Of several files, a command is written
    once for each as well, and a sentence lists them.
    """

    def __init__(self, each: Sequence[Mapping[str, str]], paths: Paths = _NO_PATHS) -> None:
        if paths.names or paths.others:
            one = {"path": paths.names[0]} if paths.names and _count(paths) == 1 else {}
            each = [{**_without_path(its), **one} for its in each]
        self._paths = paths if _count(paths) > 1 else _NO_PATHS
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
        """Return a sentence with what all findings have in common."""
        if not self._paths.names:
            return self._fill(text, self.common)
        names = ", ".join(self._paths.names[:MAX_PATHS])
        more = _count(self._paths) - min(MAX_PATHS, len(self._paths.names))
        return self._fill(
            text, {**self.common, "path": f"{names} and {more} more" if more else names}
        )

    def block(self, block: Block) -> Block:
        """Return a block; a command is repeated for each finding or file it is different for."""
        if block.language != "sh":
            return Block(block.language, self._fill(block.text, self.common), block.file)
        lines: list[str] = []
        for command in block.commands:
            lines += dict.fromkeys(self._repeated(command))
        return Block(block.language, "\n".join(lines), block.file)

    def parts(self, parts: Iterable[str | Block]) -> Iterator[str | Block]:
        """Yield the parts of a step, filled; and of how many files no command is written out."""
        more = len(self._paths.names) - MAX_PATHS
        for part in parts:
            yield self.text(part) if isinstance(part, str) else self.block(part)
            if more > 0 and isinstance(part, Block) and "{path}" in part.text:
                yield f"The same for {more} more {'files' if more > 1 else 'file'}."

    def _repeated(self, command: str) -> Iterator[str]:
        for values in self._each or [{}]:
            if "{path}" not in command or not self._paths.names:
                yield self._fill(command, values)
                continue
            for path in self._paths.names[:MAX_PATHS]:
                yield self._fill(command, {**values, "path": path})
            if self._paths.others:
                yield self._fill(command, values)

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
            if name == "path" and self._paths.others:
                left[word] += f"; {self._paths.others} with a name that is not put into commands"
        return left

    def _fill(self, text: str, values: Mapping[str, str]) -> str:
        def value(found: re.Match[str]) -> str:
            name = found[1]
            if name not in values:
                self._left.add(name)
                return PLACEHOLDERS[name][0]
            if name in self.common:
                self._used[name] = values[name]
            elif name == "path" and self._paths.names:
                self._used[name] = ", ".join(self._paths.names[:MAX_PATHS])
            return values[name]

        return _PLACEHOLDER.sub(value, text)


def _count(paths: Paths) -> int:
    return len(paths.names) + paths.others


def _without_path(values: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if name != "path"}
