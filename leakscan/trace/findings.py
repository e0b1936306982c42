"""One finding per credential, with all its places and its exposure.

In: credentials with their values, and the trace. Out: `Finding`, worst first.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypedDict

from leakscan.history.base import Source
from leakscan.history.objects import Ident, parse_author
from leakscan.model import (
    Content,
    Credential,
    Encoding,
    Event,
    Exposure,
    Finding,
    Kind,
    ObjectId,
    Occurrence,
    Part,
    Place,
    Position,
)
from leakscan.trace.events import PathEvent
from leakscan.trace.refs import peel
from leakscan.trace.tracer import Traced, refs_by_value
from leakscan.trace.values import Values


class _Where(TypedDict, total=False):
    line: int
    column: int
    encoding: Encoding


_NOWHERE = Ident(b"", b"", None)
_STARTS = (Event.INTRODUCED, Event.MOVED)


@dataclass(slots=True)
class Findings:
    """Builds findings from one trace; what they share is looked up once."""

    source: Source
    values: Values
    traced: Traced
    idents: Mapping[ObjectId, Ident]
    refs: Mapping[int, list[bytes]]
    tips: Mapping[int, list[bytes]]
    leftovers: Mapping[int, list[bytes]]

    def build(self, credential: Credential) -> Finding:
        """Return the finding of a credential."""
        numbers = self.values.of(credential.identity)
        occurrences = tuple(self._occurrences(numbers))
        return Finding(credential, occurrences, self._exposure(numbers, occurrences))

    def _occurrences(self, numbers: Mapping[int, Part]) -> Iterator[Occurrence]:
        mask = _mask(numbers)
        for event in self.traced.events:
            if event.bits & mask:
                yield from self._at_event(event, numbers)
        yield from self._in_commits(numbers)
        yield from self._at_head(numbers)
        yield from self._named(numbers)
        yield from self._unheld(numbers)

    def _at_event(self, event: PathEvent, numbers: Mapping[int, Part]) -> Iterator[Occurrence]:
        here = {number: part for number, part in numbers.items() if event.bits >> number & 1}
        ident = self.idents.get(event.commit, _NOWHERE)
        place = Place.SYMLINK if event.symlink else Place.FILE
        positions: list[Position | None] = [None]
        if event.in_name:
            place = Place.PATH
        elif event.event in _STARTS and event.blob is not None:
            positions = _by_line(self.values.at(Kind.BLOB, event.blob, here))
        for position in positions:
            yield Occurrence(
                place,
                event.event,
                _parts(here.values()),
                event.blob,
                event.commit,
                ident.name,
                ident.email,
                ident.date,
                event.path,
                event.from_path,
                **_where(position),
                at_boundary=event.at_boundary,
            )

    def _in_commits(self, numbers: Mapping[int, Part]) -> Iterator[Occurrence]:
        for commit, bits in self.traced.bits.commits.items():
            here = {number: part for number, part in numbers.items() if bits >> number & 1}
            ident = self.idents.get(commit, _NOWHERE)
            for position in _by_line(self.values.at(Kind.COMMIT, commit, here)):
                yield Occurrence(
                    Place.COMMIT,
                    Event.INTRODUCED,
                    _parts(here.values()),
                    commit,
                    commit,
                    ident.name,
                    ident.email,
                    ident.date,
                    **_where(position),
                )

    def _at_head(self, numbers: Mapping[int, Part]) -> Iterator[Occurrence]:
        refs = self.source.refs
        if refs.head is None:
            return
        commit = peel(self.source.links, refs.head).target
        for path, blob, symlink in self.traced.head_places:
            bits = self.traced.bits.blobs[blob]
            here = {number: part for number, part in numbers.items() if bits >> number & 1}
            for position in _by_line(self.values.at(Kind.BLOB, blob, here)):
                yield Occurrence(
                    Place.SYMLINK if symlink else Place.FILE,
                    Event.PRESENT,
                    _parts(here.values()),
                    blob,
                    commit,
                    path=path,
                    name=b"HEAD",
                    **_where(position),
                )

    def _named(self, numbers: Mapping[int, Part]) -> Iterator[Occurrence]:
        """Yield places that have a name and no commit: tags, refs, index paths, git's own files."""
        places = {
            Kind.TAG: Place.TAG,
            Kind.REF: Place.REF,
            Kind.INDEX: Place.INDEX,
            Kind.GIT_FILE: Place.GIT_FILE,
        }
        for (kind, key), where in self.values.positions.items():
            here = {number: part for number, part in numbers.items() if number in where}
            if kind not in places or not here:
                continue
            tag = self.source.links.tags.get(ObjectId(key)) if kind is Kind.TAG else None
            for position in _by_line(self.values.at(kind, key, here)):
                yield Occurrence(
                    places[kind],
                    Event.PRESENT,
                    _parts(here.values()),
                    ObjectId(key) if kind is Kind.TAG else None,
                    path=key if kind is Kind.INDEX else None,
                    name=(tag.name if tag else b"") if kind is Kind.TAG else key,
                    **(_where(position) if kind in (Kind.TAG, Kind.GIT_FILE) else {}),
                )

    def _unheld(self, numbers: Mapping[int, Part]) -> Iterator[Occurrence]:
        """Yield blobs that no commit holds: staged, tagged, or dangling."""
        staged: dict[ObjectId, list[tuple[bytes, bytes]]] = {}
        for entry in self.source.index:
            staged.setdefault(entry.id, []).append((entry.path, entry.index))
        tagged = {
            peel(self.source.links, target).target: name
            for name, target in self.source.refs.targets.items()
        }
        for blob in sorted(self.traced.unheld):
            bits = self.traced.bits.blobs[blob]
            here = {number: part for number, part in numbers.items() if bits >> number & 1}
            for position in _by_line(self.values.at(Kind.BLOB, blob, here)) if here else ():
                for path, index in staged.get(blob, [(None, None)]):
                    place = Place.INDEX if path is not None else Place.DANGLING
                    name = index if index is not None else tagged.get(blob, b"")
                    if place is Place.DANGLING and blob in tagged:
                        place = Place.REF
                    yield Occurrence(
                        place,
                        Event.PRESENT,
                        _parts(here.values()),
                        blob,
                        path=path,
                        name=name,
                        **_where(position),
                    )

    def _exposure(self, numbers: Mapping[int, Part], occurrences: Iterable[Occurrence]) -> Exposure:
        """Return the exposure of what decides: the secret, else the token, else the id."""
        decisive = next(
            part for part in (Part.SECRET, Part.TOKEN, Part.KEY_ID) if part in numbers.values()
        )
        number = next(number for number, part in numbers.items() if part is decisive)
        having = [item for item in occurrences if decisive in item.parts]
        starts = sorted(
            (item for item in having if item.commit and item.event is Event.INTRODUCED),
            key=lambda item: self._order(item.commit),
        )
        ends = sorted(
            (item for item in having if item.event is Event.REMOVED),
            key=lambda item: self._order(item.commit),
        )
        tips = self.tips.get(number, [])
        at_head = bool(self.traced.holders.head >> number & 1)
        named = [item.name for item in having if item.place is Place.REF]
        refs = sorted({*self.refs.get(number, []), *named})
        gone = bool(ends) and not tips and not at_head
        last = [item for item in (*starts, *ends) if item.commit]
        return Exposure(
            introduced_at=starts[0].date if starts else None,
            removed_at=ends[-1].date if gone else None,
            at_head=at_head,
            reachable=bool(refs) or at_head,
            refs=tuple(refs),
            tips=tuple(tips),
            leftovers=tuple(self._leftovers(number, having)),
            first_commit=starts[0].commit if starts else None,
            last_commit=max(last, key=lambda item: self._order(item.commit)).commit
            if last
            else None,
        )

    def _leftovers(self, number: int, having: Iterable[Occurrence]) -> list[bytes]:
        indexes = {item.name for item in having if item.place is Place.INDEX}
        return [*self.leftovers.get(number, []), *sorted(indexes)]

    def _order(self, commit: ObjectId | None) -> int:
        return self.traced.order.get(commit, 0) if commit is not None else 0


def findings_of(source: Source, values: Values, traced: Traced) -> Findings:
    """Prepare what all findings of a trace share; reads the event commits once more for authors."""
    commits = {event.commit for event in traced.events} | set(traced.bits.commits)
    idents = {
        item.object_id: parse_author(item.data)
        for item in source.reader.read_whole(sorted(commits))
        if isinstance(item, Content) and item.object_id is not None
    }
    return Findings(
        source,
        values,
        traced,
        idents,
        refs_by_value(traced.holders.history),
        refs_by_value(traced.holders.tips),
        refs_by_value(traced.holders.leftovers),
    )


def _mask(numbers: Iterable[int]) -> int:
    mask = 0
    for number in numbers:
        mask |= 1 << number
    return mask


def _parts(parts: Iterable[Part]) -> tuple[Part, ...]:
    return tuple(sorted(set(parts), key=list(Part).index))


def _by_line(positions: list[Position]) -> list[Position | None]:
    """Return the first position on each line: one line is one place, whatever parts it holds."""
    lines: dict[int, Position] = {}
    for position in positions:
        lines.setdefault(position.line, position)
    return list(lines.values())


def _where(position: Position | None) -> _Where:
    if position is None:
        return {}
    return {"line": position.line, "column": position.column, "encoding": position.encoding}
