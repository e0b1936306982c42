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
from leakscan.trace.events import PathEvent, numbers_of
from leakscan.trace.tracer import Traced
from leakscan.trace.values import Spot, Values
from leakscan.triage.comments import marked_lines

_MAX_VERSIONS: Final = 20_000
"""Versions that are read for their markers."""
_STARTS: Final = (Event.INTRODUCED, Event.MOVED)
_Lines = Mapping[Marker, Counter[bytes]]


class _Claim(Record, frozen=True):
    """A value with a marker at a path, in one version: as a commit brought it, or as it is now."""

    number: int
    marker: Marker
    path: bytes
    blob: ObjectId
    commit: ObjectId | None = None
    from_path: bytes | None = None


class _Olds(State):
    """The old versions of a claim: those of its path, and those that went at the same time."""

    versions: set[ObjectId] = field(default_factory=set)
    went: set[ObjectId] = field(default_factory=set)
    whole: bool = True


class OldMarkers(State):
    """The markers that values found where they came: by commit, or in a version of a tip."""

    found: set[tuple[ObjectId, bytes, int, Marker]] = field(default_factory=set)

    def has(self, where: ObjectId, path: bytes, spot: Spot) -> bool:
        """Say whether the marker of a spot is old; `where` is the commit, or the blob of a tip."""
        marker = spot.marker
        return marker is not None and (where, path, spot.deciding, marker) in self.found


def old_markers(source: Source, values: Values, traced: Traced) -> OldMarkers:
    """Return the old markers; nothing is read where no value has any."""
    if not values.has_markers:
        return OldMarkers()
    came = list(_that_came(values, traced))
    olds = _before(source, came)
    claims = {claim: olds[claim] for claim in came}
    claims |= _of_tips(values, traced)
    versions = _Versions(source, values, claims)
    return OldMarkers(
        {
            (claim.commit or claim.blob, claim.path, claim.number, claim.marker)
            for claim, old in claims.items()
            if versions.has_old(claim, old)
        }
    )


def _that_came(values: Values, traced: Traced) -> Iterator[_Claim]:
    """Yield the values that a commit brought, with their markers."""
    for event in traced.events:
        if event.event in _STARTS and event.blob is not None:
            for number in numbers_of(event.bits):
                for marker in _markers(values, event.blob, number):
                    yield _Claim(
                        number, marker, event.path, event.blob, event.commit, event.from_path
                    )


def _markers(values: Values, blob: ObjectId, number: int) -> set[Marker]:
    spots = values.at(Kind.BLOB, blob, {number})
    return {spot.marker for spot in spots if spot.marker is not None}


def _before(source: Source, claims: Collection[_Claim]) -> dict[_Claim, _Olds]:
    """Return what the parents of each claim's commit had."""
    wanted: dict[ObjectId, set[bytes]] = defaultdict(set)
    for claim in claims:
        assert claim.commit is not None
        wanted[claim.commit] |= {path for path in (claim.path, claim.from_path) if path is not None}
    found = before(source, wanted)
    return {claim: _olds(claim, found[claim.commit]) for claim in claims if claim.commit}


def _olds(claim: _Claim, parents: Before) -> _Olds:
    versions: set[ObjectId] = set()
    for path in (claim.path, claim.from_path):
        versions |= parents.versions.get(path, set()) if path is not None else set()
    return _Olds(versions, parents.went, parents.whole)


def _of_tips(values: Values, traced: Traced) -> dict[_Claim, _Olds]:
    """Return the values that a tip has beside a marker that did not come with them.

    What they are compared with is the version that they came in.
    """
    by_path: dict[bytes, list[PathEvent]] = defaultdict(list)
    for event in traced.events:
        if event.event in _STARTS and event.blob is not None:
            by_path[event.path].append(event)
    found: dict[_Claim, _Olds] = {}
    places = {(place.path, place.blob) for place in traced.tip_places}
    for path, blob in sorted(places):
        for number in numbers_of(traced.bits.blobs.get(blob, 0)):
            starts = [event for event in by_path.get(path, ()) if event.bits >> number & 1]
            versions = {event.blob for event in starts if event.blob is not None}
            for marker in _markers(values, blob, number):
                claim = _Claim(number, marker, path, blob)
                found[claim] = _Olds(versions - {blob})
    return found


class _Versions:
    """The marked lines of versions, read once, for the markers of the claims."""

    def __init__(self, source: Source, values: Values, claims: Mapping[_Claim, _Olds]) -> None:
        self._values = values
        self._lines: dict[ObjectId, _Lines] = {}
        self._too_large: set[ObjectId] = set()
        self._went: dict[tuple[ObjectId | None, Marker], list[ObjectId]] = {}
        markers = {claim.marker for claim in claims}
        asked: dict[ObjectId, None] = {}
        for claim, olds in claims.items():
            if olds.versions or olds.went:
                asked |= dict.fromkeys((claim.blob, *olds.versions))
        for olds in {claim.commit: olds for claim, olds in claims.items()}.values():
            asked |= dict.fromkeys(olds.went)
        for item in source.reader.read_whole(list(asked)[:_MAX_VERSIONS]):
            assert item.object_id is not None
            if isinstance(item, Content):
                self._lines[item.object_id] = marked_lines(item.data, markers)
            elif item.reason is SkipReason.TOO_LARGE:
                self._too_large.add(item.object_id)

    def has_old(self, claim: _Claim, olds: _Olds) -> bool:
        """Say whether the marker of a claim stood there before its value."""
        if not (olds.versions or olds.went):
            return not olds.whole
        had = {ObjectId(key) for _, key in self._values.held({Kind.BLOB}, {claim.number})}
        for version in had & (olds.versions | olds.went):
            if claim.marker in _markers(self._values, version, claim.number):
                return False  # They came together.
        stay = self._marked(claim.blob, claim.marker) or Counter()
        before = [*olds.versions, *self._went_with(claim, olds)]
        lines = [self._marked(version, claim.marker) for version in before]
        return not olds.whole or any(each is None or each - stay for each in lines)

    def _went_with(self, claim: _Claim, olds: _Olds) -> list[ObjectId]:
        """Return what went and had the marker, or cannot be read.

        A huge file is the old name of none that could be read.
        """
        key = claim.commit, claim.marker
        if key not in self._went:
            self._went[key] = [
                version
                for version in olds.went - self._too_large
                if self._marked(version, claim.marker) != Counter()
            ]
        return self._went[key]

    def _marked(self, version: ObjectId, marker: Marker) -> Counter[bytes] | None:
        """Return the lines that a version has with a marker; None if it could not be read."""
        lines = self._lines.get(version)
        return lines.get(marker, Counter()) if lines is not None else None
