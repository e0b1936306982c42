"""Reads notebooks of Jupyter: their Python as one module, their lines for a shell as scripts.

Part of the usage stage. In: files of JSON. Out: Calls and Unclear, on the lines that the cells have
in the file where each stands on one of its own, as Jupyter writes them.
"""

import json
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any, Final

from leakscan.permissions import Call, Unclear
from leakscan.usage.other_languages import unread as of_other_language
from leakscan.usage.python.reader import PythonReader
from leakscan.usage.shell.calls import script_calls
from leakscan.usage.syntax import spot, unread

_SPEAKS: Final = re.compile(rb"(?i)aws|boto|s3|dynamo|paws")
_SHELL: Final = re.compile(r"([ \t]*)(?:\w{1,64}[ \t]*=[ \t]*)?!{1,2}(.*)\Z", re.DOTALL)
_MAGIC: Final = re.compile(r"([ \t]*)(?:\w{1,64}[ \t]*=[ \t]*)?%.*\Z", re.DOTALL)
_CELL: Final = re.compile(r"[ \t\n]*%%(\w+)")
_SHELLS: Final = frozenset({"bash", "sh", "script"})
_PYTHON_CELLS: Final = frozenset({"time", "timeit", "capture", "prun", "python", "python3"})
_PUT_IN: Final = re.compile(r"(?<!\$)\{([A-Za-z_]\w{0,63})\}")
_ENDINGS: Final = {"r": ".r", "julia": ".jl", "scala": ".scala", "ruby": ".rb", "kotlin": ".kt"}
_MAX_CELLS: Final = 5000


class NotebookReader:
    """The reader of notebooks, for `usage`."""

    language = "notebooks"

    def is_mine(self, path: str, _: bytes) -> bool:
        """Say whether a file is a notebook, by its name."""
        return path.endswith(".ipynb")

    def read(self, files: Sequence[tuple[str, bytes]]) -> Iterator[Call | Unclear]:
        """Yield what the cells of the notebooks do with AWS."""
        for path, data in files:
            if _SPEAKS.search(data):
                yield from _of_notebook(path, data)


def _of_notebook(path: str, data: bytes) -> Iterator[Call | Unclear]:
    try:
        value = json.loads(data)
        cells = list(_cells(value))
    except (ValueError, RecursionError, AttributeError, TypeError):
        yield unread(path, "it is no notebook that can be read")
        return
    language = _language(value)
    if language != "python":
        text = "\n".join("".join(lines) for _, lines in cells)
        found = of_other_language(f"a{_ENDINGS.get(language, '.r')}", text.encode())
        if found is not None:
            yield Unclear(spot(path, 1, found.spot.said), "its language is not read: it uses AWS")
        return
    module, scripts = _split(_placed(cells, data))
    code = "\n".join(module)
    yield from PythonReader().read([(path, code.encode("utf-8", "replace"))])
    for line, script in scripts:
        if "aws" in script:
            yield from script_calls(path, script, line, {})


def _cells(value: Any) -> Iterator[tuple[bool, list[str]]]:
    """Yield of each cell whether it is code, and its lines, of either version of the format."""
    sheets = value.get("worksheets") or [value]
    cells = [cell for sheet in sheets for cell in sheet.get("cells", [])]
    if len(cells) > _MAX_CELLS:
        raise ValueError("more cells than are read")
    for cell in cells:
        source = cell.get("source", cell.get("input", ""))
        text = source if isinstance(source, str) else "".join(source)
        yield cell.get("cell_type") == "code", text.splitlines(keepends=True)


def _language(value: Any) -> str:
    about = value.get("metadata") or {}
    named = (about.get("language_info") or {}).get("name")
    named = named or (about.get("kernelspec") or {}).get("language") or "python"
    return "python" if "python" in str(named).lower() else str(named).lower()


def _placed(cells: list[tuple[bool, list[str]]], data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield the code of each cell with the line, from 1, that its first line has in the file."""
    lines_of: dict[bytes, list[int]] = {}
    for number, line in enumerate(data.split(b"\n")):
        lines_of.setdefault(line.strip().removesuffix(b","), []).append(number)
    at = 0
    for is_code, lines in cells:
        if not lines:
            continue
        first = at
        for form in (True, False):
            numbers = lines_of.get(_json(lines[0], ascii_only=form), [])
            if (place := bisect_left(numbers, at)) < len(numbers):
                first = numbers[place]
                break
        at = first + len(lines)
        if is_code:
            yield first + 1, lines


def _json(text: str, *, ascii_only: bool) -> bytes:
    return json.dumps(text, ensure_ascii=ascii_only).encode("utf-8", "replace")


def _split(cells: Iterator[tuple[int, list[str]]]) -> tuple[list[str], list[tuple[int, str]]]:
    """Return the lines of one module of Python, and scripts with their lines."""
    module: list[str] = []
    scripts: list[tuple[int, str]] = []
    for first, lines in cells:
        text = "".join(lines)
        magic = _CELL.match(text)
        if magic is not None and magic[1] in _SHELLS:
            scripts.append((first, re.sub(r"\A[ \t\n]*%%[^\n]*", "", text)))
        if magic is not None and magic[1] not in _PYTHON_CELLS:
            continue
        module += [""] * (first - 1 - len(module))
        for number, line in enumerate(lines):
            shell = _SHELL.match(line.rstrip("\n"))
            if shell is not None:
                scripts.append((first + number, _PUT_IN.sub(r"${\1}", shell[2])))
            hidden = shell or _MAGIC.match(line.rstrip("\n"))
            module.append(f"{hidden[1]}pass" if hidden else line.rstrip("\n"))
    return module, scripts
