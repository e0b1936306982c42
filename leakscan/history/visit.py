"""What a walk over families and the one who visits it tell each other.

A module of its own: who reads objects through git alone needs no reader of packs.
"""

from typing import Final, Protocol

from leakscan.model import Kind, ObjectId
from leakscan.record import Record

COLD: Final = object()


class Since(Record, frozen=True):
    """What an object was made from: what `visit` returned for that, and how it was changed."""

    state: object
    size_bytes: int
    delta: bytes


class Visitor(Protocol):
    """Is shown every object of a walk."""

    @property
    def width(self) -> int:
        """Bytes that anything it suspects can span at most."""
        ...

    def suspects(self, piece: bytes) -> bool:
        """Say whether a part of an object may hold something."""
        ...

    def visit(self, kind: Kind, object_id: ObjectId, data: bytes, since: Since | None) -> object:
        """Take an object; return what is to be known of it where versions are made from it.

        COLD says that it holds nothing suspicious, so that windows of its versions suffice.
        """
        ...

    def see_copy(self, kind: Kind, object_id: ObjectId, data: bytes) -> None:
        """Take a second copy of an object, which is not to be counted again."""
        ...

    def passed(self, kind: Kind, object_id: ObjectId, size_bytes: int) -> None:
        """Hear of a version that holds nothing: its base did not, nor what changed since."""
        ...
