"""Families: a full object and everything deltified, directly or not, against it.

One walk over a family unpacks each object once: the root is inflated, each delta is applied to the
bytes of its base. In: `Entries` and a `Family`. Out: each object to a visitor; the positions that
could not be read, with all that needs them, are left to the other way of reading.
"""

import os
import sys
from contextlib import suppress
from typing import Final, Self

from isal import isal_zlib

from leakscan.history.delta import DeltaError, apply, fresh, sizes
from leakscan.history.entries import KINDS, Entries
from leakscan.history.forest import Family, children_of, heaviest_first
from leakscan.history.visit import COLD, Since, Visitor
from leakscan.model import Kind
from leakscan.record import State

MAX_OBJECT_BYTES: Final = 32 << 20
"""A larger object, and what is deltified against it, is left to git, which streams it."""
_MAX_HELD_BYTES: Final = 128 << 20
"""Bases that wait for more of their children at one time; only a forged family has more."""
_WORTH: Final = 200
"""Bytes of the object for each byte of its delta from which on windows cost less than all of it."""
_MAX_OVERHEAD: Final = 4096
"""What headers, and compression that compresses nothing, can add to an object, and more."""
_SMALL: Final = 2048
"""Objects below this are always looked at whole."""


class UnreadableError(Exception):
    """An entry is damaged, or larger than what is read here."""


_LEFT: Final = (UnreadableError, DeltaError, OSError, MemoryError, OverflowError)


class _Base(State):
    """An unpacked object whose children are still to come."""

    data: bytes
    state: object
    waiting: int = 0

    @property
    def weight(self) -> int:
        """About how many bytes it takes; the lines of a tree are some times the tree."""
        return len(self.data) if self.state is None or self.state is COLD else 5 * len(self.data)


def inflate(data: memoryview, size: int) -> bytes:
    """Return the unpacked bytes. Raises UnreadableError where they are not `size`, or damaged.

    Never allocates more than `size`, whatever the stream holds.
    """
    stream = isal_zlib.decompressobj()
    try:
        plain: bytes = stream.decompress(data, size + 1)
    except (isal_zlib.IsalError, MemoryError, OverflowError) as error:  # type: ignore[misc]
        raise UnreadableError(str(error)) from error
    if len(plain) != size or not stream.eof:
        raise UnreadableError("its size is not the declared one")
    return plain


class Pack:
    """An open pack. Raises OSError where it cannot be opened any more.

    It is read, not mapped: a mapped file that somebody shortens ends the process.
    """

    def __init__(self, entries: Entries, limit_bytes: int = MAX_OBJECT_BYTES) -> None:
        self.entries = entries
        self._limit = min(limit_bytes, MAX_OBJECT_BYTES)
        self._file = entries.path.open("rb", buffering=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def walk(self, family: Family, visitor: Visitor) -> None:
        """Show every member that can be read to the visitor.

        The heaviest child comes last, when its base is no longer needed: at most log2 of the
        family are held at a time.
        """
        entries = self.entries
        kind = KINDS[entries.kind[family.root]]
        if len(family.members) == 1 and not family.path:  # As most families are: no bookkeeping.
            with suppress(*_LEFT):
                self._read(family.root, None, kind, visitor, False, False)
            return
        carried = frozenset(family.path)
        children = children_of(entries, (*family.path, *family.members))
        heaviest_first(children, family.root)
        held = 0
        stack: list[tuple[int, _Base | None]] = [(family.root, None)]
        while stack:
            position, base = stack.pop()
            if base is not None:
                base.waiting -= 1
                held -= 0 if base.waiting else base.weight
            below = children.get(position, ())
            try:
                made = self._read(position, base, kind, visitor, bool(below), position in carried)
            except _LEFT:
                continue  # It and what is made from it are left to git.
            if not below or made is None:
                continue
            if held + made.weight > _MAX_HELD_BYTES:
                continue
            made.waiting = len(below)
            held += made.weight
            stack += [(child, made) for child in below]
            del base, made

    def _read(
        self,
        position: int,
        base: _Base | None,
        kind: Kind,
        visitor: Visitor,
        is_base: bool,
        is_carried: bool,
    ) -> _Base | None:
        """Show one object to the visitor; return it, if it is a base itself."""
        entries = self.entries
        is_blind = is_carried or not entries.owned[position]
        data, since = self._inflate(position), None
        if base is not None:
            declared, result, _ = sizes(data)
            if result > self._limit or declared != len(base.data):
                raise UnreadableError("too large, or made from something else")
            since = Since(base.state, declared, data)
            # Of blobs alone: of all others more than what is suspicious is taken.
            windows = kind is Kind.BLOB and base.state is COLD and not is_blind
            windows = windows and len(data) * _WORTH < result > _SMALL
            if windows and not visitor.suspects(fresh(base.data, data, visitor.width)):
                made = _Base(apply(base.data, data), COLD) if is_base else None
                visitor.passed(kind, entries.id_of(position), result)
                return made
            data = apply(base.data, data)
        if is_blind:  # Below it, anything can be.
            if not is_carried:
                visitor.see_copy(kind, entries.id_of(position), data)
            return _Base(data, None)
        state = visitor.visit(kind, entries.id_of(position), data, since)
        return _Base(data, state) if is_base else None

    def _bytes(self, begin: int, length: int) -> bytes:
        if sys.platform != "win32":
            return os.pread(self._file.fileno(), length, begin)
        self._file.seek(begin)
        return self._file.read(length) or b""

    def _inflate(self, position: int) -> bytes:
        entries = self.entries
        size, begin = entries.size[position], entries.begin[position]
        length = entries.end[position] - begin
        if size > self._limit or not 0 < length < size + size // 8 + _MAX_OVERHEAD:
            raise UnreadableError("left to git")
        raw = self._bytes(begin, length)
        if entries.crc is not None and isal_zlib.crc32(raw) != entries.crc[position]:
            raise UnreadableError("its checksum is wrong")
        return inflate(memoryview(raw)[entries.data[position] - begin :], size)
