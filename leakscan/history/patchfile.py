"""The header of one file of a diff: its paths, and whether they are new.

Part of the history stage. In: header lines. Out: `PatchFile`.
Source: git documentation, diff-generate-patch.
"""

import re
from typing import Final

from msgspec import field

from leakscan.record import State

NOWHERE: Final = b"/dev/null"
GIT_FILE: Final = re.compile(rb"diff --(?:git|cc|combined) ")
_LETTER: Final = re.compile(rb"[a-z]/")
_ESCAPE: Final = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
_ESCAPED: Final = dict(zip(b"abtnvfr", b"\a\b\t\n\v\f\r", strict=True))


class PatchFile(State):
    """One file: `begin` is its first line where git wrote the diff, and `number` where that is.

    `is_named` says that its new path was handed on, `is_moved` that the paths are those of a
    rename or copy.
    """

    begin: bytes
    number: int
    old: bytes = b""
    new: bytes = b""
    is_named: bool = False
    is_moved: bool = False
    is_ready: bool = False
    """Whether hunks may follow."""
    in_hunks: bool = False
    paths: set[bytes] = field(default_factory=set)

    @property
    def in_git_header(self) -> bool:
        """Whether lines of git's own header may follow."""
        return bool(self.begin) and not self.in_hunks

    def stripped(self, path: bytes) -> bytes:
        """Return a path without the letter that git puts before it."""
        return path[2:] if _LETTER.match(path) and self._has_letters(path) else path

    def only_path(self) -> bytes:
        """Return the path of a file whose header has no line for it: each half of the first is."""
        return self.stripped(unquoted(self._names()[-1]))

    def placed_name(self) -> bytes:
        """Return the first line with blanks for all but the new name, which keeps its place."""
        name = self._names()[-1]
        return b" " * (len(self.begin.rstrip(b"\r\n")) - len(name)) + name

    def _names(self) -> list[bytes]:
        """Return the names of the first line: two that are as long as each other, or one."""
        rest = self.begin.partition(b" --")[2].partition(b" ")[2].rstrip(b"\r\n")
        half = len(rest) // 2
        is_pair = self.begin.startswith(b"diff --git ") and rest[half : half + 1] == b" "
        return [rest[:half], rest[half + 1 :]] if is_pair else [rest]

    def _has_letters(self, path: bytes) -> bool:
        """Say whether paths have the letters of the two sides: git can be told not to write them.

        Then both names of its first line are the same; that of a merge has one, always bare.
        """
        names = self._names()
        return names[0] != names[1] if len(names) == 2 else path != unquoted(names[0])


def unquoted(shown: bytes) -> bytes:
    """Return the path that a header shows: git escapes as C does; a time stamp may follow."""
    if not (shown.startswith(b'"') and (end := shown.rfind(b'"')) > 0):
        return shown.partition(b"\t")[0]
    return _ESCAPE.sub(_escaped, shown[1:end])


def _escaped(found: "re.Match[bytes]") -> bytes:
    code = found[1]
    if len(code) == 3:
        return bytes([int(code, 8) & 0xFF])
    return bytes([_ESCAPED.get(code[0], code[0])])
