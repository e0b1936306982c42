"""Comments that were made for another value: they stood there before the one beside them came.

In: values with their markers, and a trace. Out: `OldMarkers`. A value found its marker there if an
old version had the same one on a line that is not there any more: the line that it came into. A
line that stays keeps its marker to itself, and a value that brings its line brings the marker.
Old versions are those of the path, and those of paths that went in the same commit, for one of
them may be the old name. Where that is not sure, the marker counts as old: a new reason helps.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from msgspec import field

from leakscan.history.base import Source
from leakscan.model import Content, Event, Kind, Marker, ObjectId, SkipReason
from leakscan.record import Record, State
from leakscan.trace.before import Before, before
from leakscan.trace.events import numbers_of
from leakscan.trace.tracer import Traced
from leakscan.trace.values import Spot, Values
from leakscan.triage.comments import marked_lines

MAX_VERSIONS: Final = 20_000
"""Versions that are read for their markers."""
_STARTS: Final = (Event.INTRODUCED, Event.MOVED)
_Lines = Mapping[Marker, Counter[bytes]]


class _Claim(Record, frozen=True):
    """A value that a commit brought to a path, beside a marker."""

    commit: ObjectId
    path: bytes
    number: int
    marker: Marker
    blob: ObjectId
    from_path: bytes | None = None


class OldMarkers(State):
    """The markers that values found where a commit brought them."""

    found: set[tuple[ObjectId, bytes, int, Marker]] = field(default_factory=set)

    def has(self, commit: ObjectId, path: bytes, spot: Spot) -> bool:
        """Say whether the marker of a spot is old."""
        marker = spot.marker
        return marker is not None and (commit, path, spot.deciding, marker) in self.found


def old_markers(source: Source, values: Values, traced: Traced) -> OldMarkers:
    """Return the old markers; nothing is read where no value has any."""
    claims = list(_claims(values, traced)) if values.has_markers else []
    if not claims:
        return OldMarkers()
    wanted: dict[ObjectId, set[bytes]] = defaultdict(set)
    for claim in claims:
        wanted[claim.commit] |= {path for path in (claim.path, claim.from_path) if path is not None}
    versions = _Versions(source, values, claims, before(source, wanted))
    return OldMarkers(
        {
            (claim.commit, claim.path, claim.number, claim.marker)
            for claim in claims
            if versions.had(claim)
        }
    )


def _claims(values: Values, traced: Traced) -> Iterator[_Claim]:
    for event in traced.events:
        if event.event in _STARTS and event.blob is not None:
            for number in numbers_of(event.bits):
                for marker in _markers(values, event.blob, number):
                    yield _Claim(
                        event.commit, event.path, number, marker, event.blob, event.from_path
                    )


def _markers(values: Values, blob: ObjectId, number: int) -> set[Marker]:
    """Return the markers beside a value in a version."""
    spots = values.at(Kind.BLOB, blob, {number})
    return {spot.marker for spot in spots if spot.marker is not None}


class _Versions:
    """The marked lines of new and old versions, each read once."""

    def __init__(
        self,
        source: Source,
        values: Values,
        claims: Collection[_Claim],
        befores: Mapping[ObjectId, Before],
    ) -> None:
        self._values = values
        self._before = befores
        self._lines: dict[ObjectId, _Lines] = {}
        self._too_large: set[ObjectId] = set()
        self._holding: dict[int, set[ObjectId]] = {}
        self._went: dict[tuple[ObjectId, Marker], list[ObjectId]] = {}
        asked = {
            **dict.fromkeys(claim.blob for claim in claims),
            **dict.fromkeys(old for claim in claims for old in self._old(claim)),
            **dict.fromkeys(old for each in befores.values() for old in sorted(each.went)),
        }
        self._read(source, list(asked)[:MAX_VERSIONS], {claim.marker for claim in claims})

    def _read(self, source: Source, ids: list[ObjectId], markers: Collection[Marker]) -> None:
        for item in source.reader.read_whole(ids):
            assert item.object_id is not None
            if isinstance(item, Content):
                self._lines[item.object_id] = marked_lines(item.data, markers)
            elif item.reason is SkipReason.TOO_LARGE:
                self._too_large.add(item.object_id)

    def had(self, claim: _Claim) -> bool:
        """Say whether the marker of a claim stood there before its value."""
        olds, went = self._old(claim), self._before[claim.commit].went
        holding = self._holding_value(claim.number)
        for version in (holding & olds) | (holding & went):
            if claim.marker in _markers(self._values, version, claim.number):
                return False  # They came together.
        if not self._before[claim.commit].whole:
            return True
        stay = self._marked(claim.blob, claim.marker) or Counter()
        lines = [
            self._marked(version, claim.marker) for version in (*olds, *self._went_with(claim))
        ]
        return any(each is None or each - stay for each in lines)

    def _old(self, claim: _Claim) -> set[ObjectId]:
        """Return the versions that the path had, and the one that the value moved from."""
        versions = self._before[claim.commit].versions
        moved = versions.get(claim.from_path, set()) if claim.from_path is not None else set()
        return versions.get(claim.path, set()) | moved

    def _holding_value(self, number: int) -> set[ObjectId]:
        if number not in self._holding:
            held = self._values.held({Kind.BLOB}, {number})
            self._holding[number] = {ObjectId(key) for _, key in held}
        return self._holding[number]

    def _went_with(self, claim: _Claim) -> list[ObjectId]:
        """Return what went and had the marker, or cannot be read.

        A huge file is the old name of none that could be read.
        """
        key = claim.commit, claim.marker
        if key not in self._went:
            self._went[key] = [
                version
                for version in self._before[claim.commit].went - self._too_large
                if self._marked(version, claim.marker) != Counter()
            ]
        return self._went[key]

    def _marked(self, version: ObjectId, marker: Marker) -> Counter[bytes] | None:
        """Return the lines that a version has with a marker; None if it could not be read."""
        lines = self._lines.get(version)
        return lines.get(marker, Counter()) if lines is not None else None
