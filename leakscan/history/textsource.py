"""Text from a stream as a `Source`: a diff, text with diffs in it such as a mail, or any text.

In: a binary stream, read once and forwards; memory is bounded however long it is. Out: sightings.
Of a diff only what it brings counts: what touches an added line, and was not on its old side.
Everything else, commit messages and mail headers too, is matched as the text it is.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import BinaryIO, Final

from msgspec import field

from leakscan.history.base import Reader
from leakscan.history.catfile import PIECE_BYTES, pieces
from leakscan.history.gitfiles import IndexEntry
from leakscan.history.links import Links
from leakscan.history.patch import Line, Part, Patch, Role
from leakscan.history.refs import Refs
from leakscan.history.survey import Harvest, Inspector, MakeInspector
from leakscan.model import (
    Content,
    Kind,
    ObjectId,
    Scope,
    ScopeKind,
    Sighting,
    Skipped,
    SkipReason,
    Target,
)
from leakscan.model import Part as Value
from leakscan.record import State

_ID_BYTES: Final = 20
_MAX_OLD: Final = 32 << 20
"""Bytes of the old side that are kept; what it has beyond them counts as new."""


class TextSource:
    """One stream; see `history.base.Source`. The text counts as the one thing expected."""

    def __init__(self, stream: BinaryIO, name: str = "stdin") -> None:
        self._name = name.encode()
        self._patch = Patch(stream)
        self.reader: Reader = _NoReader()
        self.links = Links((), _ID_BYTES)
        self.refs = Refs()
        self.index: list[IndexEntry] = []
        self.shallow: frozenset[ObjectId] = frozenset()
        self.outside: set[ObjectId] = set()
        self.staged: ObjectId | None = None
        self.target = Target(
            path=name,
            head=None,
            refs=0,
            shallow=False,
            partial=False,
            alternates=(),
            replace_refs=0,
            grafts=False,
            object_format="",
            scope=Scope(ScopeKind.TEXT),
        )

    @property
    def expected(self) -> int:
        """1 once any text has come, 0 before."""
        return int(self._patch.bytes_read > 0)

    def contents(self, make_inspector: MakeInspector) -> Iterator[Content | Skipped | Harvest]:
        """Yield what came of each part, then what the stream names and does not hold."""
        inspector = make_inspector()
        run = _Run()
        for part, lines in groupby(self._patch.lines(), key=attrgetter("part")):
            if part.run is not None and part.run != run.number:
                yield run.harvest()
                run = _Run(part.run)
            yield self._look(inspector, part, lines, run)
        yield run.harvest()
        yield from self._patch.skipped
        if self._patch.bytes_read:
            yield Harvest(read={Kind.TEXT: [ObjectId(self._name)]})
        else:
            yield Skipped(
                Kind.TEXT, SkipReason.MISSING, path=self._name, detail="there was nothing to read"
            )

    def _look(
        self, inspector: Inspector, part: Part, lines: Iterator[Line], run: "_Run"
    ) -> Harvest:
        """Return what a part brings that needs no comparison; leave the rest to its run."""
        text = _NewSide(lines, run)
        harvest = Harvest()
        whole = Content(
            Kind.TEXT, b"", name=part.path or self._name, lines_before=max(0, part.line - 1)
        )
        for piece in pieces(whole, text.read, text.read(PIECE_BYTES)):
            harvest.bytes_scanned += len(piece.data)
            for found in inspector.look(piece):
                if part.run is None or isinstance(found, Skipped):
                    harvest.found.append(found)
                else:
                    run.add(found, text.added)
        return harvest

    def declared_submodules(self) -> set[bytes]:
        """Return nothing: there is no repository."""
        return set()

    def nested_repositories(self) -> set[bytes]:
        """Return nothing: there is no repository."""
        return set()

    def lfs_objects(self) -> set[bytes]:
        """Return nothing: there is no repository."""
        return set()


class _NewSide:
    """The new side of some lines as a file; it notes which lines were added, and the old side."""

    def __init__(self, lines: Iterator[Line], run: "_Run") -> None:
        self.added = _Ranges()
        self._lines = lines
        self._run = run
        self._left = b""

    def read(self, wanted: int) -> bytes:
        """Return so many bytes; fewer at the end."""
        parts, size = [self._left], len(self._left)
        while size < wanted and (line := next(self._lines, None)) is not None:
            if line.role is not Role.NEW:
                self._run.add_old(line.data)
            if line.role is Role.OLD:
                continue
            parts.append(line.data)
            size += len(line.data)
            if line.role is Role.NEW:
                last = line.number + line.data.count(b"\n", 0, len(line.data) - 1)
                self.added.add(line.number, last)
        data = b"".join(parts)
        self._left = data[wanted:]
        return data[:wanted]


class _Ranges(State):
    """Line numbers, added in rising order."""

    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)

    def add(self, first: int, last: int) -> None:
        """Add the numbers from first to last."""
        if self.ends and first <= self.ends[-1] + 1:
            self.ends[-1] = max(last, self.ends[-1])
        else:
            self.starts.append(first)
            self.ends.append(last)

    def __contains__(self, number: int) -> bool:
        at = bisect_left(self.ends, number)
        return at < len(self.ends) and self.starts[at] <= number


class _Run(State):
    """The diff of two states: what it may bring, and the old side that decides whether it does."""

    number: int = -1
    old: list[bytes] = field(default_factory=list)
    old_bytes: int = 0
    waiting: list[tuple[Sighting, list[bytes]]] = field(default_factory=list)

    def add_old(self, data: bytes) -> None:
        """Add a line of the old side."""
        if self.old_bytes < _MAX_OLD:
            self.old.append(data)
            self.old_bytes += len(data)

    def add(self, sighting: Sighting, added: _Ranges) -> None:
        """Have a sighting wait for the old side if any of its values stands in an added line."""
        values = [
            _bytes_of(sighting, position.part)
            for position in sighting.positions
            if position.line in added
        ]
        if values:
            self.waiting.append((sighting, values))

    def harvest(self) -> Harvest:
        """Return the sightings that have a value which the old side has not."""
        old = b"".join(self.old)
        is_old = {
            value: any(spelling in old for spelling in _spellings(value))
            for _, values in self.waiting
            for value in values
        }
        found: list[Sighting | Skipped] = [
            sighting
            for sighting, values in self.waiting
            if not all(is_old[value] for value in values)
        ]
        return Harvest(found=found)


class _NoReader:
    """Reads nothing: text refers to no objects."""

    def read(self, ids: Sequence[ObjectId]) -> Iterator[Content | Skipped]:
        """Yield that each is missing."""
        return _missing(ids)

    def read_whole(self, ids: Sequence[ObjectId]) -> Iterator[Content | Skipped]:
        """Yield that each is missing."""
        return _missing(ids)


def _missing(ids: Iterable[ObjectId]) -> Iterator[Skipped]:
    for object_id in ids:
        yield Skipped(Kind.BLOB, SkipReason.MISSING, object_id)


def _bytes_of(sighting: Sighting, part: Value) -> bytes:
    """Return the value of a part that a sighting has."""
    identity = sighting.identity
    match part:
        case Value.KEY_ID:
            return (identity.access_key_id or "").encode()
        case Value.SECRET:
            secret = identity.secret
        case Value.TOKEN:
            secret = identity.session_token
    return secret.reveal() if secret else b""


def _spellings(value: bytes) -> tuple[bytes, ...]:
    """Return the value as a file may have it: as it is, in JSON, in UTF-16."""
    text = value.decode("latin-1")
    return (
        value,
        value.replace(b"/", b"\\/"),
        text.encode("utf-16-le"),
        text.encode("utf-16-be"),
    )
