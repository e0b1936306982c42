"""Diffs: which bytes of a stream are a file's new side, which its old one, and which are neither.

Part of the history stage. In: a binary stream that is a unified or combined diff, has diffs in
it, or is plain text. Out: every line of it as a `Line` of one `Part`, in order, and a Skipped for
each content that a diff names and does not hold.
Source: git documentation, diff-format and diff-generate-patch.
"""

import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import BinaryIO, Final, NamedTuple

from leakscan.history.binarypatch import BinaryPatchError, read_literal
from leakscan.history.patchfile import GIT_FILE, NOWHERE, PatchFile, unquoted
from leakscan.model import Kind, Skipped, SkipReason
from leakscan.record import Record

_LINE_LIMIT: Final = 1 << 20
"""Bytes of a line that are handed on in one go; a longer line comes in several."""
_HUNK: Final = re.compile(
    rb"(@@+)((?: -\d{1,18}(?:,\d{1,18})?)+) \+(\d{1,18})(?:,(\d{1,18}))? \1(.*)", re.DOTALL
)
_COUNT: Final = re.compile(rb"-\d+(?:,(\d+))?")
_EXTENDED: Final = re.compile(
    rb"(?:old mode|new mode|mode|deleted file mode|new file mode|copy from|copy to|rename from"
    rb"|rename to|similarity index|dissimilarity index|index) "
)
_BINARY: Final = re.compile(rb"Binary files (.+) and (.+) differ\r?\n?\Z")

_FIRST: Final = frozenset(b"d-B")
"""How a line begins that ends plain text, or tells of a file: no other needs a closer look."""


class Role(Enum):
    """Which sides of a comparison have a line."""

    NEW = auto()
    BOTH = auto()
    OLD = auto()


class Part(Record, frozen=True, eq=False):
    """Lines that stand together: a hunk, a name, or text that belongs to no diff.

    `line` is the number of the first one: on the new side, or in the stream. `path` is empty for
    what is no content of a file. Parts of one `run` compare the same two states: what its old
    side has is not new. Text that belongs to no diff has no run.
    """

    line: int
    path: bytes = b""
    run: int | None = None


class Line(NamedTuple):
    """A line without the marks of a diff, or a piece of a very long one."""

    part: Part
    role: Role
    number: int
    data: bytes

    def __repr__(self) -> str:
        return f"Line(number={self.number}, role={self.role.name})"


class Patch:
    """Reads one stream; `skipped` and `bytes_read` grow while `lines` is consumed."""

    def __init__(self, stream: BinaryIO) -> None:
        self.skipped: list[Skipped] = []
        self.bytes_read = 0
        self._stream = stream
        self._number = 0
        self._begins = self._next_begins = True
        self._again: list[bytes] = []
        self._text: Part | None = None
        self._run = 0
        self._seen: set[bytes] = set()
        self._file: PatchFile | None = None

    def lines(self) -> Iterator[Line]:
        """Yield everything the stream holds but the syntax of diffs."""
        while line := self._read():
            if not self._begins or (self._file is None and line[0] not in _FIRST):
                yield self._as_text(line)
            elif GIT_FILE.match(line):
                self._open(PatchFile(line, self._number))
            elif line.startswith(b"--- ") and not (self._file and self._file.in_git_header):
                yield from self._old_name(line)
            elif self._file is not None and (name := self._header(line)) is not None:
                yield from name
            elif found := _BINARY.match(line):
                self._binary(found[2])
            else:
                if not line.startswith(b"\\"):
                    # Also an empty line: one diff has none outside its hunks, but a message that
                    # pretends to be a diff has one behind it.
                    self._end_run()
                yield self._as_text(line)

    # -- lines of the stream --------------------------------------------------------------------

    def _read(self) -> bytes:
        """Return the next line, or piece of one; nothing at the end."""
        line = self._again.pop() if self._again else self._stream.readline(_LINE_LIMIT)
        if not line:
            return b""
        self._begins = self._next_begins
        self._number += self._begins
        self._next_begins = line.endswith(b"\n")
        self.bytes_read += len(line)
        return line

    def _back(self, line: bytes) -> None:
        """Have a line, which begins as one, read again."""
        self._again.append(line)
        self._number -= 1
        self._next_begins = True
        self.bytes_read -= len(line)

    def _as_text(self, line: bytes) -> Line:
        if self._text is None:
            self._text = Part(self._number)
        return Line(self._text, Role.NEW, self._number, line)

    # -- files ------------------------------------------------------------------------------------

    def _open(self, file: PatchFile) -> None:
        self._close()
        self._file, self._text = file, None

    def _close(self) -> None:
        if self._file is not None:
            self._seen |= self._file.paths
        self._file = None

    def _end_run(self) -> None:
        self._close()
        self._run += 1
        self._seen.clear()

    def _old_name(self, line: bytes) -> Iterator[Line]:
        """Begin the file of a diff that is not git's, if the next line says that it is one."""
        following = self._read() if line.endswith(b"\n") else b""
        if following:
            self._back(following)
        if following.startswith(b"+++ "):
            self._open(PatchFile(b"", self._number))
            yield from self._header(line) or ()
            return
        self._end_run()
        yield self._as_text(line)

    def _header(self, line: bytes) -> Iterator[Line] | None:
        """Return what a line of a file's header has to match; None if it is no such line."""
        file = self._file
        assert file is not None
        if found := _HUNK.match(line):
            return self._hunk(found) if file.is_ready else None
        if file.in_hunks:
            return None
        if line.startswith((b"--- ", b"+++ ")):
            file.is_ready |= line.startswith(b"+++ ")
            return self._name(line, 4)
        if not file.in_git_header:
            return None
        if line.startswith((b"rename from ", b"rename to ", b"copy from ", b"copy to ")):
            return self._name(line, line.index(b" ", 7) + 1, bare=True)
        if line.startswith(b"new file mode "):
            return self._new_file()
        if line.startswith(b"deleted file mode "):
            return self._old_first_line()
        if line.startswith(b"GIT binary patch"):
            return self._binary_patch()
        return iter(()) if _EXTENDED.match(line) else None

    def _name(self, line: bytes, start: int, *, bare: bool = False) -> Iterator[Line]:
        """Take in a path; a new one is something to match, an old one something to compare with."""
        file = self._file
        assert file is not None
        shown = unquoted(line[start:].rstrip(b"\r\n"))
        if shown == NOWHERE or (file.is_moved and not bare):
            return
        file.is_moved |= bare
        path = shown if bare else file.stripped(shown)
        if path in self._seen:
            # The same file again: another commit, whose old side may be what this run brought.
            self._run += 1
            self._seen.clear()
        file.paths.add(path)
        if line.startswith((b"--- ", b"rename from ", b"copy from ")):
            file.old = path
            yield Line(Part(self._number, run=self._run), Role.OLD, self._number, line)
            return
        file.new = path
        if not file.is_named and file.old != path:
            file.is_named = True
            yield Line(Part(self._number, run=self._run), Role.NEW, self._number, line)

    def _new_file(self) -> Iterator[Line]:
        """Have the name of a new file matched: an empty or binary one has no other line for it."""
        file = self._file
        assert file is not None
        file.is_named = True
        part = Part(file.number, run=self._run)
        yield Line(part, Role.NEW, file.number, file.placed_name())

    def _old_first_line(self) -> Iterator[Line]:
        """Have the name of a deleted file compared with: an empty one has no other line for it."""
        file = self._file
        assert file is not None
        yield Line(Part(file.number, run=self._run), Role.OLD, file.number, file.begin)

    # -- contents ----------------------------------------------------------------------------------

    def _hunk(self, header: "re.Match[bytes]") -> Iterator[Line]:
        """Yield the lines of a hunk; one that is not whole leaves a Skipped."""
        file = self._file
        assert file is not None
        old = [int(count[1] or b"1") for count in _COUNT.finditer(header[2])]
        new = int(header[4] or b"1")
        part = Part(number := int(header[3]), file.new, self._run)
        file.in_hunks = True
        # What stands beside the numbers is a line of the old side further up.
        yield Line(part, Role.OLD, number, header[5])
        while (new or any(old)) and (line := self._read()):
            if line.startswith(b"\\"):
                continue
            if not line.strip(b"\r\n"):  # Mailers and editors strip the blank of an empty line.
                line = b" " * len(old) + line
            marks = line[: len(old)]
            if len(marks) < len(old) or marks.strip(b" +-"):
                self._back(line)
                break
            role = _role(marks)
            gone = b"-" if role is Role.OLD else b" "
            old = [count - (marks[at : at + 1] == gone) for at, count in enumerate(old)]
            new -= role is not Role.OLD
            if new < 0 or min(old) < 0:
                self._back(line)
                break
            yield Line(part, role, number, line[len(old) :])
            while not self._next_begins and (line := self._read()):
                yield Line(part, role, number, line)
            number += role is not Role.OLD
        if new or any(old):
            self._broken()

    def _broken(self) -> None:
        file = self._file
        assert file is not None
        detail = f"the diff is broken off or damaged at line {self._number} of the input"
        self._skip(file.new, SkipReason.DAMAGED, detail)

    def _binary(self, shown: bytes) -> None:
        self._text = None
        file = self._file or PatchFile(b"", self._number)
        path = unquoted(shown)
        if path != NOWHERE:
            detail = "a binary file: the diff does not hold it"
            self._skip(file.stripped(path), SkipReason.UNREADABLE, detail)

    def _binary_patch(self) -> Iterator[Line]:
        """Yield both sides of a file that a binary patch holds whole."""
        file = self._file
        assert file is not None
        part = Part(1, file.new or file.only_path(), self._run)
        for role in (Role.NEW, Role.OLD):
            try:
                data = read_literal(self._read)
            except BinaryPatchError as error:
                if role is Role.NEW:
                    self._skip(part.path, SkipReason.UNREADABLE, str(error))
                continue
            if data:
                yield Line(part, role, 1, data)

    def _skip(self, path: bytes, reason: SkipReason, detail: str) -> None:
        self.skipped.append(Skipped(Kind.TEXT, reason, path=path, detail=detail))


def _role(marks: bytes) -> Role:
    """Return which sides have a line; in a merge, new is what no parent has."""
    if b"-" in marks:
        return Role.OLD
    return Role.BOTH if b" " in marks else Role.NEW
