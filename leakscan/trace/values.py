"""The values that were seen, as bits, and the positions of each in each content.

In: sightings. Out: `Values`, the index between what the match found and what the trace needs.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from leakscan.model import Identity, Kind, ObjectId, Part, Position, Sighting
from leakscan.redact import Secret
from leakscan.trace.events import Bits

Value = tuple[Part, str | Secret]


@dataclass(slots=True)
class Values:
    """Each distinct (part, value) has a number; contents are known by object id or by name."""

    numbers: dict[Value, int] = field(default_factory=dict)
    positions: dict[tuple[Kind, bytes], dict[int, list[Position]]] = field(default_factory=dict)

    def add(self, sighting: Sighting) -> None:
        """Note where each part of a sighting stands."""
        key = (sighting.kind, sighting.object_id or sighting.name)
        where = self.positions.setdefault(key, defaultdict(list))
        values = dict(parts(sighting.identity))
        for position in sighting.positions:
            number = self.numbers.setdefault(
                (position.part, values[position.part]), len(self.numbers)
            )
            if position not in where[number]:
                where[number].append(position)

    def bits(self) -> Bits:
        """Return which values each blob, path name, commit and tag holds."""
        by_kind: dict[Kind, dict[bytes, int]] = defaultdict(dict)
        for (kind, key), where in self.positions.items():
            held = 0
            for number in where:
                held |= 1 << number
            by_kind[kind][key] = held
        return Bits(
            blobs={ObjectId(key): held for key, held in by_kind[Kind.BLOB].items()},
            names=by_kind[Kind.PATH],
            commits={ObjectId(key): held for key, held in by_kind[Kind.COMMIT].items()},
            tags={ObjectId(key): held for key, held in by_kind[Kind.TAG].items()},
        )

    def of(self, identity: Identity) -> dict[int, Part]:
        """Return the numbers of an identity's values with the part each one is."""
        return {
            self.numbers[part, value]: part
            for part, value in parts(identity)
            if (part, value) in self.numbers
        }

    def at(self, kind: Kind, key: bytes, numbers: Iterable[int]) -> list[Position]:
        """Return where some values stand in a content, first in the text first."""
        where = self.positions.get((kind, key), {})
        found = [position for number in numbers for position in where.get(number, ())]
        return sorted(found, key=lambda position: (position.line, position.column))


def parts(identity: Identity) -> Iterator[tuple[Part, str | Secret]]:
    """Yield the known parts of an identity."""
    if identity.access_key_id is not None:
        yield Part.KEY_ID, identity.access_key_id
    if identity.secret is not None:
        yield Part.SECRET, identity.secret
    if identity.session_token is not None:
        yield Part.TOKEN, identity.session_token
