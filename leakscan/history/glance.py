"""A first look at a range: whether there is anything in it that needs a second one.

Part of the history stage. In: the objects of a range. Out: `Glance`, mostly that all was read and
nothing seen. Nothing is parsed: the names in a tree stand in its bytes as they are, so a first
phase that suspects none of the bytes suspects none of the names.
"""

from collections.abc import Generator, Iterable
from typing import TYPE_CHECKING, Final

from msgspec import field

from leakscan.model import Content, Kind, ObjectId, Skipped
from leakscan.record import State

if TYPE_CHECKING:
    from leakscan.history.survey import Inspector

_DUE: Final = 8 << 20
"""Bytes after which whoever waits is told, and may stop."""


class Glance(State):
    """Objects that were read, by their kind, and that hold nothing; and how many bytes."""

    read: dict[Kind, list[ObjectId]] = field(default_factory=dict)
    bytes_scanned: int = 0


def glance(
    items: Iterable[Content | Skipped], inspector: "Inspector"
) -> Generator[Glance, None, Glance | None]:
    """Look at every object; return what was read, or None where something has to be followed.

    Yields an empty Glance from time to time.
    """
    seen = Glance()
    due = _DUE
    for item in items:
        if isinstance(item, Skipped) or item.object_id is None:
            return None
        if inspector.suspects(item.data) and (
            item.kind is Kind.TREE or any(True for _ in inspector.look(item))
        ):
            return None
        if not item.start:
            seen.read.setdefault(item.kind, []).append(item.object_id)
        seen.bytes_scanned += len(item.data)
        if seen.bytes_scanned > due:
            due += _DUE
            yield Glance()
    return seen
