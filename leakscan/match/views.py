"""Ways to read the bytes of a content, and the way back to their offsets.

Part of the match stage. In: bytes and where the first phase saw a sign of an encoding.
Out: views: text of one byte per character, with offsets. An encoding is one more Encoding, one
more anchor in `compile` and one more entry of `DECODERS`; base64, hex and archives belong here.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Final

from leakscan.model import Encoding
from leakscan.record import Record

# Not a letter, digit or sign of any boundary or keyword: a character outside ASCII becomes it.
_OTHER: Final = 0xFF
_NOT_ZERO: Final = bytes([0]) + bytes([_OTHER]) * 255
_MARK: Final = bytes([0]) + bytes([1]) * 255
_BOMS: Final = {b"\xff\xfe": Encoding.UTF_16_LE, b"\xfe\xff": Encoding.UTF_16_BE}


class View(Record, frozen=True):
    """Bytes as one decoding shows them; character i stands at `origin + i * width`."""

    encoding: Encoding
    text: bytes
    origin: int = 0
    width: int = 1

    def offset(self, index: int) -> int:
        """Return where the character stands in the bytes that were decoded."""
        return self.origin + index * self.width

    def index(self, offset: int) -> int:
        """Return which character stands at the offset; the inverse of `offset`."""
        return (offset - self.origin) // self.width


Decoder = Callable[[bytes, Collection[int]], Iterator[View]]
"""Takes the bytes and the ends of the anchors seen in them; yields the views worth matching."""


def plain(data: bytes) -> View:
    """Return the bytes as they are: ASCII, UTF-8, Latin-1 and binaries alike."""
    return View(Encoding.PLAIN, data)


def utf16(data: bytes, ends: Collection[int]) -> Iterator[View]:
    """Yield a view for every alignment and byte order in which an anchor was seen.

    An anchor ends with the byte of its last character, in either byte order.
    """
    for parity in (0, 1):
        lane = sorted((end - 1) // 2 for end in ends if (end - 1) % 2 == parity)
        if lane:
            for order in _byte_orders(data, parity, lane):
                yield _narrow(data, order, parity)


def _byte_orders(data: bytes, parity: int, indexes: Collection[int]) -> list[Encoding]:
    """Return the byte orders to read the runs of text in that hold the indexes of a lane.

    Text in either order is letters and zeros in turn; only where a run begins do they differ:
    with its letter, or with a zero. What stands before a string in a binary can hide that, so
    without a mark of byte order the less likely one is read too, after the other.
    """
    if _BOMS.get(data[:2]) is (Encoding.UTF_16_BE if parity else Encoding.UTF_16_LE):
        return [_BOMS[data[:2]]]
    letters = data[parity::2].translate(_MARK)
    zeros = data[parity + 1 :: 2].translate(_MARK)
    big = little = 0
    run_end = -1
    for index in indexes:
        if index < run_end:
            continue
        first = max(letters.rfind(b"\0", 0, index), zeros.rfind(b"\1", 0, index)) + 1
        breaks = (letters.find(b"\0", index), zeros.find(b"\1", index))
        run_end = min((at for at in breaks if at >= 0), default=len(data))
        before = parity + 2 * first - 1
        is_big = before >= 0 and data[before] == 0
        big, little = big + is_big, little + (not is_big)
    orders = [Encoding.UTF_16_LE, Encoding.UTF_16_BE]
    return orders[::-1] if big > little else orders


def _narrow(data: bytes, order: Encoding, parity: int) -> View:
    """Return every other byte, where the byte beside it is zero; surrogates count as two."""
    if order is Encoding.UTF_16_LE:
        low, high, origin = data[parity::2], data[parity + 1 :: 2], parity
    else:
        start = parity or 2
        low, high, origin = data[start::2], data[start - 1 :: 2], start - 1
    count = min(len(low), len(high))
    # One integer operation on the whole lane; a loop over characters is 100 times slower.
    mask = int.from_bytes(high[:count].translate(_NOT_ZERO), "little")
    text = (int.from_bytes(low[:count], "little") | mask).to_bytes(count, "little")
    return View(order, text, origin, 2)


DECODERS: Final[Mapping[Encoding, Decoder]] = {Encoding.UTF_16_LE: utf16}
"""Decoders by the encoding whose anchors the first phase looks for; UTF-16 serves both orders."""
