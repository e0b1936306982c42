"""Old versions are read for their comments only where a value came beside one."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

import pytest

from leakscan.history.objects import CommitLinks
from leakscan.model import (
    Content,
    Event,
    Identity,
    Kind,
    Marker,
    ObjectId,
    Part,
    Position,
    Sighting,
    Skipped,
    SkipReason,
)
from leakscan.trace.events import Bits, PathEvent
from leakscan.trace.old_markers import old_markers
from leakscan.trace.tracer import Traced
from leakscan.trace.values import Values
from tests.report.builder import ID_RULE

MARKER = Marker("gitleaks:allow")


def named(number: int) -> ObjectId:
    return ObjectId(bytes([number]) * 20)


PARENT, COMMIT, OLD_TREE, TREE, OLD, NEW, GONE = map(named, range(1, 8))


def entry(name: bytes, blob: ObjectId) -> bytes:
    return b"100644 %b\0%b" % (name, blob)


class Reads:
    """A source of one commit that changes `f` and removes `gone`; remembers what was asked for."""

    def __init__(self) -> None:
        self.links = self
        self.reader = self
        self.commits = {
            PARENT: CommitLinks(OLD_TREE, (), 1),
            COMMIT: CommitLinks(TREE, (PARENT,), 2),
        }
        old_tree = entry(b"f", OLD) + entry(b"gone", GONE)
        self.held: dict[ObjectId, Content | Skipped] = {
            OLD_TREE: Content(Kind.TREE, old_tree, OLD_TREE),
            TREE: Content(Kind.TREE, entry(b"f", NEW), TREE),
            OLD: Content(Kind.BLOB, b"x\n", OLD),
            GONE: Content(Kind.BLOB, b"x\n", GONE),
            NEW: Content(Kind.BLOB, b"new # gitleaks:allow\n", NEW),
        }
        self.asked: list[ObjectId] = []

    def read_whole(self, ids: Sequence[ObjectId]) -> Iterator[Content | Skipped]:
        self.asked += ids
        return (self.held[one] for one in ids)


def old(source: Reads, marker: Marker | None = MARKER) -> bool:
    """Say whether the marker that a value came with is old."""
    position = Position(Part.KEY_ID, 1, 1, marker=marker)
    seen = Sighting(Identity("AKIA" + "%%"), ID_RULE, Kind.BLOB, NEW, b"", (position,), 0, ())
    values = Values()
    values.add(seen)
    event = PathEvent(COMMIT, b"f", Event.INTRODUCED, 1, NEW)
    traced = Traced(Bits({NEW: 1}, {}, {}, {}), events=[event])
    found = old_markers(cast(Any, source), values, traced)
    (spot,) = values.at(Kind.BLOB, NEW, {0})
    return found.has(COMMIT, b"f", spot)


def test_nothing_is_read_where_there_is_no_marker() -> None:
    source = Reads()
    assert not old(source, None)
    assert source.asked == []


def test_what_differs_is_read() -> None:
    source = Reads()
    assert not old(source)
    assert sorted(source.asked) == sorted([OLD_TREE, TREE, OLD, NEW, GONE])


@pytest.mark.parametrize("where", [OLD, GONE])
def test_a_line_that_is_lost(where: ObjectId) -> None:
    source = Reads()
    source.held[where] = Content(Kind.BLOB, b"y\nother # gitleaks:allow\n", where)
    assert old(source)
    source.held[NEW] = Content(Kind.BLOB, b"other #gitleaks:allow\nnew # gitleaks:allow\n", NEW)
    assert not old(source)


@pytest.mark.parametrize(
    ("where", "reason", "is_old"),
    [
        (OLD, SkipReason.TOO_LARGE, True),
        (OLD, SkipReason.PROMISED, True),
        (GONE, SkipReason.PROMISED, True),
        # It is no old name of a file that could be read.
        (GONE, SkipReason.TOO_LARGE, False),
        # As for the events, a tree that is not there holds nothing.
        (OLD_TREE, SkipReason.MISSING, False),
    ],
)
def test_what_cannot_be_read(where: ObjectId, reason: SkipReason, is_old: bool) -> None:
    source = Reads()
    source.held[where] = Skipped(Kind.BLOB, reason, where)
    assert old(source) is is_old
