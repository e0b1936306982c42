"""The values that were seen, as bits, and the positions of each in each content.

In: sightings. Out: `Values`, the index between what the match found and what the trace needs.
"""

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Iterator
from typing import Final

from msgspec import field

from leakscan.model import Identity, Kind, Marker, ObjectId, Part, Position, Sighting
from leakscan.record import Record, State
from leakscan.redact import Secret
from leakscan.trace.events import Bits

DECIDES: Final = (Part.KEY_ID, Part.TOKEN, Part.SECRET)
"""The part that decides over a credential comes last."""
Value = tuple[Part, str | Secret]
Content = tuple[Kind, bytes]


class Spot(Record, frozen=True):
    """The parts of one credential that stand together in a content: one place to clean up."""

    positions: tuple[tuple[int, Position], ...]

    def only(self, numbers: Container[int]) -> "Spot":
        """Return the spot with just some of the values."""
        return Spot(tuple(item for item in self.positions if item[0] in numbers))

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts here, in the order of a credential."""
        here = {position.part for _, position in self.positions}
        return tuple(part for part in Part if part in here)

    @property
    def marker(self) -> Marker | None:
        """The comment beside the part that decides: the secret, else the token, else the id."""
        return self._decisive[1].marker

    @property
    def deciding(self) -> int:
        """The number of the part that decides."""
        return self._decisive[0]

    @property
    def _decisive(self) -> tuple[int, Position]:
        return max(self.positions, key=lambda item: DECIDES.index(item[1].part))

    @property
    def first(self) -> Position:
        """Where the spot begins."""
        return min((position for _, position in self.positions), key=_reading_order)


class Values(State):
    """Each distinct (part, value) has a number; contents are known by object id or by name."""

    numbers: dict[Value, int] = field(default_factory=dict)
    spots: dict[tuple[Content, int], dict[Spot, None]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    """Where a content holds each value."""
    places: dict[int, dict[Content, None]] = field(default_factory=lambda: defaultdict(dict))
    """The contents that hold each value."""
    has_markers: bool = False
    """Whether a comment stands beside any of them."""

    def add(self, sighting: Sighting) -> None:
        """Note where the parts of a sighting stand. Pieces of one object may repeat a spot."""
        content = (sighting.kind, sighting.object_id or sighting.name)
        values = dict(parts(sighting.identity))
        positions = []
        for position in sighting.positions:
            value = (position.part, values[position.part])
            number = self.numbers.setdefault(value, len(self.numbers))
            positions.append((number, position))
            self.places[number][content] = None
            self.has_markers = self.has_markers or position.marker is not None
        for number, _ in positions:
            self.spots[content, number][Spot(tuple(positions))] = None

    def add_position(self, content: Content, number: int, position: Position) -> None:
        """Note one more place of a known value."""
        self.places[number][content] = None
        self.spots[content, number][Spot(((number, position),))] = None

    def bits(self) -> Bits:
        """Return which values each blob, path name, commit and tag holds."""
        by_kind: dict[Kind, dict[bytes, int]] = defaultdict(dict)
        for number, contents in self.places.items():
            for kind, key in contents:
                by_kind[kind][key] = by_kind[kind].get(key, 0) | 1 << number
        return Bits(
            blobs={ObjectId(key): held for key, held in by_kind[Kind.BLOB].items()},
            names=by_kind[Kind.PATH],
            commits={ObjectId(key): held for key, held in by_kind[Kind.COMMIT].items()},
            tags={ObjectId(key): held for key, held in by_kind[Kind.TAG].items()},
        )

    def of(self, identity: Identity) -> frozenset[int]:
        """Return the numbers of an identity's values."""
        return frozenset(self.numbers[value] for value in parts(identity) if value in self.numbers)

    def at(self, kind: Kind, key: bytes, numbers: Collection[int]) -> list[Spot]:
        """Return where some values stand in a content, first in the text first."""
        found = {
            spot.only(numbers)
            for number in numbers
            for spot in self.spots.get(((kind, key), number), ())
        }
        return sorted(found, key=_spot_order)

    def held(self, kinds: Container[Kind], numbers: Iterable[int]) -> list[Content]:
        """Return the contents of some kinds that hold any of some values."""
        found = {content for number in numbers for content in self.places.get(number, ())}
        return sorted(content for content in found if content[0] in kinds)


def parts(identity: Identity) -> Iterator[tuple[Part, str | Secret]]:
    """Yield the known parts of an identity."""
    if identity.access_key_id is not None:
        yield Part.KEY_ID, identity.access_key_id
    if identity.secret is not None:
        yield Part.SECRET, identity.secret
    if identity.session_token is not None:
        yield Part.TOKEN, identity.session_token


def _reading_order(position: Position) -> tuple[int, int]:
    return position.line, position.column


def _spot_order(spot: Spot) -> list[tuple[tuple[int, int], int]]:
    return sorted((_reading_order(position), number) for number, position in spot.positions)
