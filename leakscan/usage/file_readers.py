"""Readers of languages whose files are read one by one, for `usage`.

Part of the usage stage. A parser that fails on what nobody writes is no reason to lose the
other files: it makes the file Unclear.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from leakscan.permissions import Call, Unclear
from leakscan.record import Record
from leakscan.usage.golang.reader import GoReader
from leakscan.usage.javascript.reader import JavaScriptReader
from leakscan.usage.notebooks import NotebookReader
from leakscan.usage.pipelines import jenkins, scripts, templates
from leakscan.usage.shell import calls as shell_calls
from leakscan.usage.syntax import unread

Calls = Callable[[str, bytes], Iterator[Call | Unclear]]


class FileReader(Record, frozen=True):
    """Reads the files of one language."""

    language: str
    mine: Callable[[str, bytes], bool]
    calls: Calls

    def is_mine(self, path: str, data: bytes) -> bool:
        """Say whether a file is of this language, by its name or its first line."""
        return self.mine(path, data)

    def read(self, files: Sequence[tuple[str, bytes]]) -> Iterator[Call | Unclear]:
        """Yield what the files do with AWS."""
        for path, data in files:
            try:
                yield from self.calls(path, data)
            except RecursionError:
                yield unread(path, "it is nested too deeply")


SHELL: Final = FileReader("shell", shell_calls.is_shell, shell_calls.calls)
JENKINS: Final = FileReader("pipelines", jenkins.is_jenkins, jenkins.calls)
TEMPLATES: Final = FileReader("templates", templates.is_template, templates.calls)
SCRIPTS: Final = FileReader("pipelines", lambda path, _: scripts.is_scripts(path), scripts.calls)

FILE_READERS: Final = (
    JavaScriptReader(),
    GoReader(),
    SHELL,
    SCRIPTS,
    JENKINS,
    TEMPLATES,
    NotebookReader(),
)
