"""Deltas: one version of an object written as copies from another and insertions.

In: the bytes of a base and the instructions. Out: the bytes of the object, or just the text around
whatever is not copied. Nothing is allocated that the declared sizes and the limit do not allow.
Source: git documentation, gitformat-pack, "Deltified representation".
"""

from typing import Final

from leakscan.errors import LeakscanError

try:
    from dulwich._pack import apply_delta
    from dulwich.errors import ApplyDeltaError
except ImportError as error:  # dulwich falls back to Python on its own, 50 times slower.
    raise LeakscanError(
        "dulwich is installed without its compiled part.",
        hint="Install a wheel of it: pip install --force-reinstall --only-binary :all: dulwich",
    ) from error

_COPY: Final = 0x80
_WHOLE_COPY: Final = 0x10000
"""The length of a copy that names none."""
_SEPARATOR: Final = b"\0"
_PLACES: Final = tuple(
    (
        tuple(8 * bit for bit in range(4) if code >> bit & 1),
        tuple(8 * bit for bit in range(3) if code >> bit & 16),
    )
    for code in range(256)
)
"""The shifts of the bytes that follow the code of a copy: those of its start and its length."""
_DENSE: Final = tuple(
    (len(start) + len(length), (1 << 8 * len(start)) - 1, 8 * len(start))
    if start == tuple(range(0, 8 * len(start), 8)) and length == tuple(range(0, 8 * len(length), 8))
    else None
    for start, length in _PLACES
)
"""Of the codes that leave no byte out: how many follow, and mask and shift to take them apart."""


class DeltaError(Exception):
    """The instructions contradict themselves or their base."""


def sizes(delta: bytes) -> tuple[int, int, int]:
    """Return the declared sizes of base and result, and where the instructions begin.

    Raises DeltaError.
    """
    base, at = _number(delta, 0)
    result, at = _number(delta, at)
    return base, result, at


def apply(base: bytes, delta: bytes) -> bytes:
    """Return the object; its declared size is allocated. Raises DeltaError, MemoryError."""
    try:
        chunks: list[bytes] = apply_delta(base, delta)
    except ApplyDeltaError as error:
        raise DeltaError(str(error)) from error
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def instructions(base_bytes: int, delta: bytes) -> list[tuple[int, int]]:
    """Return what the delta does, in order: (start, length) of a copy from the base.

    Of an insertion the start is negative: the complement of where its bytes begin in the delta.
    Raises DeltaError where the whole is not what the delta declares.
    """
    declared, result, at = sizes(delta)
    if declared != base_bytes:
        raise DeltaError("its base has another size")
    found: list[tuple[int, int]] = []
    end, total = len(delta), 0
    try:
        while at < end:
            code = delta[at]
            if code < _COPY:
                start, length, after = ~(at + 1), code, at + 1 + code
            else:
                if dense := _DENSE[code]:  # Inlined: a large history has millions of them.
                    count, mask, shift = dense
                    after = at + 1 + count
                    number = int.from_bytes(delta[at + 1 : after], "little")
                    start, length = number & mask, number >> shift or _WHOLE_COPY
                else:
                    start, length, after = _copy(delta, at, code)
                if start + length > declared:
                    raise DeltaError("a copy from beyond its base")
            if not length:
                raise DeltaError("a reserved instruction")
            found.append((start, length))
            total += length
            at = after
    except IndexError as error:
        raise DeltaError("cut short") from error
    if total != result or at != end:
        raise DeltaError("its length is not the declared one")
    return found


def fresh(base: bytes, delta: bytes, width: int) -> bytes:
    """Return the text that can hold what base does not: joined windows around all changes.

    Whatever spans at most `width` bytes lies inside one copied stretch, and then base has it, or
    inside a window: windows hold all insertions and `width - 1` bytes of both ends of every copied
    stretch, so nothing that touches a seam is cut. Between windows stands a NUL.
    Raises DeltaError.
    """
    edge = width - 1
    windows: list[bytes] = []
    for start, length in instructions(len(base), delta):
        if start < 0:
            windows.append(delta[~start : ~start + length])
        elif length <= 2 * edge:
            windows.append(base[start : start + length])
        else:
            stop = start + length
            windows += (base[start : start + edge], _SEPARATOR, base[stop - edge : stop])
    return b"".join(windows)


def _copy(delta: bytes, at: int, code: int) -> tuple[int, int, int]:
    """Return start and length of a copy, and where the next instruction is."""
    offset, length = _PLACES[code]
    end = at + 1 + len(offset) + len(length)
    start = stop = 0
    for shift in offset:
        at += 1
        start |= delta[at] << shift
    for shift in length:
        at += 1
        stop |= delta[at] << shift
    return start, stop or _WHOLE_COPY, end


def _number(delta: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    for byte in delta[at : at + 10]:
        value |= (byte & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if byte < _COPY:
            return value, at
    raise DeltaError("cut short")
