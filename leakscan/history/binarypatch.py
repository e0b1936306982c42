"""The content of a file that a `GIT binary patch` holds.

Part of the history stage. In: the lines after its first one. Out: one side of the file, where the
patch has it whole; a delta can only be applied where its base is, and says so.
Source: git documentation, diff-options (`--binary`); git's apply.c, `parse_binary_hunk`.
"""

import base64
import re
import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from leakscan.history.catfile import PIECE_BYTES

_SIZE: Final = re.compile(rb"(literal|delta) (\d{1,18})\r?\n?\Z")
_CAPITALS: Final = 26
_MAX_PACKED: Final = PIECE_BYTES + (1 << 20)
"""What deflate makes of a piece that it cannot make smaller is not larger than this."""


class BinaryPatchError(Exception):
    """Why a side of a binary file cannot be read from the patch."""


def read_literal(read: Callable[[], bytes]) -> bytes:
    """Return one side of a binary file; `read` gives line by line, up to the empty one behind it.

    Raises BinaryPatchError if it is not there, not whole, too large or damaged.
    """
    header = _SIZE.match(read())
    if header is None:
        raise BinaryPatchError("a binary patch that ends early")
    packed = _packed(read)
    size = int(header[2])
    if header[1] == b"delta":
        raise BinaryPatchError("a binary delta: the diff does not hold the whole file")
    if size > PIECE_BYTES:
        raise BinaryPatchError(f"a binary file of {size} bytes")
    stream = zlib.decompressobj()
    try:
        data = stream.decompress(packed, size + 1)
    except zlib.error as error:
        raise BinaryPatchError("a damaged binary patch") from error
    if len(data) != size or not stream.eof:
        raise BinaryPatchError("a damaged binary patch")
    return data


def _packed(read: Callable[[], bytes]) -> bytes:
    """Return what the lines up to an empty one hold; zlib sees where one could not be read."""
    parts = bytearray()
    while line := read().rstrip(b"\r\n"):
        with suppress(ValueError):
            data = base64.b85decode(line[1:])
            if len(parts) < _MAX_PACKED:
                parts += data[: _length(line[0])]
    return bytes(parts)


def _length(char: int) -> int:
    """Return the bytes of a line: A is 1, Z is 26, a is 27, z is 52."""
    return char - ord("A") + 1 if char <= ord("Z") else char - ord("a") + 1 + _CAPITALS
