"""One finding per credential, with all its places and its exposure.

In: credentials with their values, and the trace. Out: `Finding`, worst first.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from leakscan.history.base import Source
from leakscan.history.gitfiles import IndexEntry
from leakscan.history.objects import Ident, parse_author
from leakscan.model import (
    Content,
    Credential,
    Event,
    Exposure,
    Finding,
    Identity,
    Kind,
    ObjectId,
    Occurrence,
    Part,
    Place,
)
from leakscan.record import State
from leakscan.trace.events import PathEvent, numbers_of
from leakscan.trace.held import Remotes
from leakscan.trace.old_markers import OldMarkers, old_markers
from leakscan.trace.refs import Names, names_by_value
from leakscan.trace.tracer import HEAD, TipPlace, Traced
from leakscan.trace.values import DECIDES, Spot, Value, Values, parts

_NOBODY: Final = Ident(b"", b"", None)
_STARTS: Final = (Event.INTRODUCED, Event.MOVED)
_NAMED: Final = {
    Kind.TAG: Place.TAG,
    Kind.REF: Place.REF,
    Kind.INDEX: Place.INDEX,
    Kind.GIT_FILE: Place.GIT_FILE,
    Kind.TEXT: Place.TEXT,
}
_HAS_LINES: Final = (Kind.TAG, Kind.GIT_FILE, Kind.TEXT)


class Findings(State):
    """Builds findings from one trace; what they share is looked up once."""

    source: Source
    values: Values
    traced: Traced
    idents: Mapping[ObjectId, Ident]
    events: Mapping[int, list[int]]
    tip_places: Mapping[int, list[TipPlace]]
    old_markers: OldMarkers
    staged: Mapping[ObjectId, list[IndexEntry]]
    refs: Mapping[int, Names]
    tips: Mapping[int, Names]
    leftovers: Mapping[int, Names]
    remotes: Remotes

    def build(self, credential: Credential) -> Finding:
        """Return the finding of a credential."""
        numbers = self.values.of(credential.identity)
        occurrences = tuple(self._occurrences(numbers))
        decisive = _decisive(credential.identity)
        number = self.values.numbers[decisive]
        having = [item for item in occurrences if decisive[0] in item.parts]
        return Finding(credential, occurrences, self._exposure(number, having))

    def exposure(self, identity: Identity) -> Exposure | None:
        """Return the exposure of a credential that another source met; None if this has none."""
        decisive = _decisive(identity)
        if decisive not in self.values.numbers:
            return None
        number = self.values.numbers[decisive]
        occurrences = self._occurrences(frozenset({number}))
        return self._exposure(number, [item for item in occurrences if decisive[0] in item.parts])

    def _occurrences(self, numbers: frozenset[int]) -> Iterator[Occurrence]:
        for position in sorted({at for number in numbers for at in self.events.get(number, ())}):
            event = self.traced.events[position]
            yield from self._at_event(event, _among(numbers, event.bits))
        for kind, key in self.values.held({Kind.COMMIT}, numbers):
            commit = ObjectId(key)
            for spot in self.values.at(kind, key, numbers):
                known = self._by(commit, Place.COMMIT, Event.INTRODUCED)
                yield _placed(replace(known, object_id=commit), spot)
        yield from self._at_tips(numbers)
        yield from self._named(numbers)
        yield from self._unheld(numbers)

    def _at_event(self, event: PathEvent, numbers: frozenset[int]) -> Iterator[Occurrence]:
        place = Place.SYMLINK if event.symlink else Place.FILE
        known = replace(
            self._by(event.commit, Place.PATH if event.in_name else place, event.event),
            object_id=event.blob,
            path=event.path,
            from_path=event.from_path,
            at_boundary=event.at_boundary,
        )
        if event.event in _STARTS and event.blob is not None:
            for spot in self.values.at(Kind.BLOB, event.blob, numbers):
                is_old = self.old_markers.has(event.commit, event.path, spot)
                yield replace(_placed(known, spot), marker_is_old=is_old)
        else:
            spots = self.values.at(Kind.BLOB, event.blob, numbers) if event.blob else []
            marker = next((spot.marker for spot in spots), None)
            yield replace(known, parts=self._parts(numbers), marker=marker)

    def _by(self, commit: ObjectId, place: Place, event: Event) -> Occurrence:
        """Return the start of an occurrence: what is known of it from its commit."""
        if commit == self.source.staged:
            return Occurrence(Place.INDEX, event, (), name=b"index")
        ident = self.idents.get(commit, _NOBODY)
        return Occurrence(
            place,
            event,
            (),
            commit=commit,
            author=ident.name,
            email=ident.email,
            date=ident.date,
        )

    def _parts(self, numbers: frozenset[int]) -> tuple[Part, ...]:
        here = {part for (part, _), number in self.values.numbers.items() if number in numbers}
        return tuple(part for part in Part if part in here)

    def _at_tips(self, numbers: frozenset[int]) -> Iterator[Occurrence]:
        """Yield what HEAD holds, and what stands beside a comment at another tip."""
        places = {place for number in numbers for place in self.tip_places.get(number, ())}
        for at in sorted(places):
            place = Place.SYMLINK if at.symlink else Place.FILE
            here = Occurrence(
                place, Event.PRESENT, (), at.blob, at.commit, path=at.path, name=at.ref
            )
            for spot in self.values.at(Kind.BLOB, at.blob, numbers):
                if at.ref == HEAD or spot.marker is not None:
                    yield _placed(here, spot)

    def _named(self, numbers: frozenset[int]) -> Iterator[Occurrence]:
        """Yield places that have a name and no commit: tags, refs, index paths, git's own files."""
        for kind, key in self.values.held(_NAMED, numbers):
            here = Occurrence(_NAMED[kind], Event.PRESENT, (), name=key)
            if kind is Kind.TAG:
                tag = self.source.links.tags.get(ObjectId(key))
                here = replace(here, object_id=ObjectId(key), name=tag.name if tag else b"")
            elif kind in (Kind.INDEX, Kind.TEXT):
                here = replace(here, path=key)
            for spot in self.values.at(kind, key, numbers):
                yield _placed(here, spot) if kind in _HAS_LINES else replace(here, parts=spot.parts)

    def _unheld(self, numbers: frozenset[int]) -> Iterator[Occurrence]:
        """Yield blobs that no commit holds: staged, named by a ref, or dangling."""
        for kind, key in self.values.held({Kind.BLOB}, numbers):
            blob = ObjectId(key)
            if blob not in self.traced.unheld:
                continue
            for here in self._unheld_places(blob):
                for spot in self.values.at(kind, key, numbers):
                    yield _placed(here, spot)

    def _unheld_places(self, blob: ObjectId) -> list[Occurrence]:
        present = Event.PRESENT
        staged = [
            Occurrence(Place.INDEX, present, (), blob, path=entry.path, name=entry.index)
            for entry in self.staged.get(blob, ())
        ]
        named = [
            Occurrence(Place.FILE, present, (), blob, path=path or None, name=name)
            for name, path in self.traced.named.get(blob, ())
        ]
        return staged + named or [Occurrence(Place.DANGLING, present, (), blob)]

    def paths(self, identity: Identity) -> set[bytes]:
        """Return the paths at which any part of a credential ever was."""
        numbers = self.values.of(identity)
        events = self.traced.events
        return {events[at].path for number in numbers for at in self.events.get(number, ())}

    def _deciding(self, having: Sequence[Occurrence]) -> list[Occurrence]:
        """Return what decides over the exposure, in the order of history.

        What commits outside all refs did counts only where no commit of a ref did anything.
        """
        reached = self.traced.holders.reached
        in_refs = [item for item in having if item.commit in reached]
        order = self.traced.order
        return sorted(in_refs or having, key=lambda item: order.get(item.commit or b"", 0))

    def _exposure(self, number: int, having: Sequence[Occurrence]) -> Exposure:
        """Return the exposure of what decides: the secret, else the token, else the id."""
        in_order = self._deciding(having)
        starts = [item for item in in_order if item.event is Event.INTRODUCED]
        ends = [item for item in in_order if item.event is Event.REMOVED]
        nowhere = Names()
        refs, tips = self.refs.get(number, nowhere), self.tips.get(number, nowhere)
        leftovers = self.leftovers.get(number, nowhere)
        at_head = bool(self.traced.holders.head >> number & 1)
        named = {item.name for item in having if item.place is Place.REF}.difference(refs.first)
        indexes = {item.name for item in having if item.place is Place.INDEX and item.object_id}
        changes = [item for item in in_order if item.event in (Event.INTRODUCED, Event.REMOVED)]
        return Exposure(
            introduced_at=starts[0].date if starts else None,
            removed_at=ends[-1].date if ends and not tips.total and not at_head else None,
            at_head=at_head,
            reachable=bool(refs.total or named) or at_head,
            refs=(*refs.first, *sorted(named)),
            refs_total=refs.total + len(named),
            tips=tuple(tips.first),
            tips_total=tips.total,
            leftovers=(*leftovers.first, *sorted(indexes)),
            leftovers_total=leftovers.total + len(indexes),
            first_commit=starts[0].commit if starts else None,
            last_commit=changes[-1].commit if changes else None,
            remotes=self.remotes.holding(number, starts),
        )


def findings_of(source: Source, values: Values, traced: Traced) -> Findings:
    """Prepare what all findings of a trace share; reads the event commits once more for authors."""
    commits = {event.commit for event in traced.events} | set(traced.bits.commits)
    idents = {
        item.object_id: parse_author(item.data)
        for item in source.reader.read_whole(sorted(commits))
        if isinstance(item, Content) and item.object_id is not None
    }
    events: dict[int, list[int]] = defaultdict(list)
    for position, event in enumerate(traced.events):
        for number in numbers_of(event.bits):
            events[number].append(position)
    tip_places: dict[int, list[TipPlace]] = defaultdict(list)
    for place in traced.tip_places:
        for number in numbers_of(traced.bits.blobs[place.blob]):
            tip_places[number].append(place)
    staged: dict[ObjectId, list[IndexEntry]] = {}
    for entry in source.index:
        staged.setdefault(entry.id, []).append(entry)
    return Findings(
        source,
        values,
        traced,
        idents,
        events,
        tip_places,
        old_markers(source, values, traced),
        staged,
        names_by_value(traced.holders.history),
        names_by_value(traced.holders.tips),
        names_by_value(traced.holders.leftovers),
        Remotes(source, traced),
    )


def _decisive(identity: Identity) -> Value:
    """Return the value that decides over a credential: the secret, else the token, else the id."""
    return max(parts(identity), key=lambda value: DECIDES.index(value[0]))


def _among(numbers: frozenset[int], bits: int) -> frozenset[int]:
    return frozenset(number for number in numbers if bits >> number & 1)


def _placed(known: Occurrence, spot: Spot) -> Occurrence:
    first = spot.first
    return replace(
        known,
        parts=spot.parts,
        line=first.line,
        column=first.column,
        encoding=first.encoding,
        marker=spot.marker,
    )
