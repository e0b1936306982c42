"""A page of text: lines that wrap at a width, rows with a label, commands that still paste.

In: text that is harmless already, and styles. Out: str, with escape codes only in colour. rich
gets text and never markup, and reads no environment.
"""

import io
import re
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

LABEL: Final = 14
"""Columns of a label with the space after it."""
_WORD: Final = re.compile(r"""(?:'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^\s'"\\])+""")
"""A word of a shell command, with the quotes in it."""


class Page:
    """Lines of text with a hanging indent, kept within a width."""

    def __init__(self, width: int, *, color: bool) -> None:
        self._file = io.StringIO()
        self._width = width
        self._console = Console(
            file=self._file,
            width=width,
            force_terminal=color,
            color_system="standard" if color else None,
            no_color=not color,
            highlight=False,
            markup=False,
            emoji=False,
            legacy_windows=False,
            _environ={},
        )

    def text(self) -> str:
        """Return what was written."""
        return self._file.getvalue()

    def blank(self) -> None:
        """Write an empty line."""
        self._file.write("\n")

    def line(self, line: Text) -> None:
        """Write one line as it is, however long."""
        line.rstrip()
        self._console.print(line, soft_wrap=True)

    def hang(self, lead: Text, body: str, style: str = "") -> None:
        """Write the body wrapped, its first line after the lead and the others below it."""
        lines = wrap(body, self._width - lead.cell_len)
        for number, part in enumerate(lines):
            start = lead if number == 0 else Text(" " * lead.cell_len)
            self.line(Text.assemble(start, (part, style)))

    def row(self, label: str, body: str, style: str = "") -> None:
        """Write a label and what it says; an empty label continues the row before."""
        self.hang(Text(f"  {label}".ljust(LABEL), style="dim"), body, style)

    def command(self, indent: int, command: str) -> None:
        """Write a shell command; too long a one goes on in lines that still paste as one."""
        lines = command_lines(command, self._width - indent)
        for number, line in enumerate(lines, 1):
            start = " " * (indent if number == 1 else indent + 2)
            self.line(Text(f"{start}{line}", style="bold"))


def command_lines(command: str, width: int) -> list[str]:
    """Break a shell command into lines that still paste as one, where it is too long for one.

    It is broken before its options, and between words where one has too many; never inside quotes.
    """
    if len(command) <= width:
        return [command]
    room = width - 4
    lines = [""]
    for part in _arguments(command, room):
        longer = f"{lines[-1]} {part}".lstrip()
        if lines[-1] and len(longer) > room:
            lines.append(part)
        else:
            lines[-1] = longer
    return [*(f"{line} \\" for line in lines[:-1]), lines[-1]]


def _arguments(command: str, room: int) -> list[str]:
    """Split a command before its options, and what is too long for a line between its words."""
    words = _WORD.findall(command)
    if " ".join(words) != command:
        return [command]  # Its quotes are not what they seem: it stays as it is.
    options: list[str] = []
    for word in words:
        if word.startswith("--") or not options:
            options.append(word)
        else:
            options[-1] += f" {word}"
    return [
        part
        for option in options
        for part in ([option] if len(option) <= room else _WORD.findall(option))
    ]


def wrap(text: str, width: int) -> list[str]:
    """Break text at spaces so that lines fill at most `width` columns; longer words stay whole."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if lines[-1] and cell_len(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
