"""The lines of a tree, taken from its delta: only what changed since its base is parsed.

In: the bytes of a tree, and of a deltified one the lines of its base and the instructions.
Out: its lines, and which came and went. A line is one entry as git writes it: mode, name and id.
Only trees in git's own order are followed this way: there each name stands once, so a line that
one place lost is in no other place. Any other tree, which only forgery makes, is parsed as a whole.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from contextlib import suppress
from functools import cache, cached_property
from itertools import accumulate, pairwise

from leakscan.record import Record

_MODE_TREE = b"40000 "


class MalformedTreeError(Exception):
    """The bytes are no tree."""


class TreeText(Record, frozen=True, dict=True):
    """The lines of a tree, and which came and went since the one it is made from, if any."""

    lines: list[bytes]
    came: Sequence[bytes]
    gone: Sequence[bytes] = ()
    is_ordered: bool = True

    @cached_property
    def starts(self) -> list[int]:
        """Where each line begins, and where the last one ends."""
        return list(accumulate(map(len, self.lines), initial=0))


def read_tree(data: bytes, id_bytes: int) -> TreeText:
    """Parse a whole tree. Raises MalformedTreeError."""
    lines = _parse(data, id_bytes)
    return TreeText(lines, lines, is_ordered=_is_ordered(lines, id_bytes))


def read_change(
    base: TreeText, data: bytes, steps: Sequence[tuple[int, int]] | None, id_bytes: int
) -> TreeText:
    """Parse a tree that is made from another by instructions; see `delta.instructions`.

    Without instructions all of it is parsed, as where they do not follow lines.
    Raises MalformedTreeError.
    """
    if base.is_ordered and steps is not None:
        # A line can begin where none of its base's did, and forgers keep no order.
        with suppress(MalformedTreeError):
            return _follow(base, data, steps, id_bytes)
    lines = _parse(data, id_bytes)
    now, before = set(lines), set(base.lines)
    ordered = _is_ordered(lines, id_bytes)
    return TreeText(lines, [*(now - before)], [*(before - now)], ordered)


def _follow(
    base: TreeText, data: bytes, steps: Sequence[tuple[int, int]], id_bytes: int
) -> TreeText:
    """Take whole lines from copied stretches, and parse what is between them.

    Raises MalformedTreeError where that is not whole lines, or where lines are not in order.
    """
    starts = base.starts
    lines: list[bytes] = []
    came: list[bytes] = []
    gone: list[bytes] = []
    target = parsed = done = 0
    for start, length in steps:
        if start >= 0:
            first, last = bisect_left(starts, start), bisect_right(starts, start + length) - 1
            if first < last:
                begin = target + starts[first] - start
                came += _between(lines, base.lines[first], data[parsed:begin], id_bytes)
                lines += base.lines[first:last]
                gone += base.lines[done:first]
                parsed, done = begin + starts[last] - starts[first], last
        target += length
    came += _between(lines, None, data[parsed:], id_bytes)
    gone += base.lines[done:]
    both = set(came).intersection(gone)
    if both:
        came = [line for line in came if line not in both]
        gone = [line for line in gone if line not in both]
    return TreeText(lines, came, gone)


def _between(
    lines: list[bytes], following: bytes | None, data: bytes, id_bytes: int
) -> list[bytes]:
    """Parse what is between copied lines, add it to lines and return it.

    Raises MalformedTreeError where it is not whole lines, or not in git's order.
    """
    fresh = _parse(data, id_bytes)
    around = lines[-1:] + fresh + ([following] if following is not None else [])
    if not _is_ordered(around, id_bytes):
        raise MalformedTreeError
    lines += fresh
    return fresh


def _parse(data: bytes, id_bytes: int) -> list[bytes]:
    lines: list[bytes] = _line(id_bytes).findall(data)
    # Every byte must belong to a line: a search alone skips what is none.
    if b"".join(lines) != data:
        raise MalformedTreeError
    return lines


def _is_ordered(lines: Sequence[bytes], id_bytes: int) -> bool:
    """Say whether the names ascend: folders as if they ended with a slash, as git has them."""
    end = -id_bytes - 1
    keys = [line[6:end] + b"/" if line.startswith(_MODE_TREE) else line[7:end] for line in lines]
    return all(one < other for one, other in pairwise(keys))


@cache
def _line(id_bytes: int) -> re.Pattern[bytes]:
    return re.compile(rb"0*+[1-7][0-7]{4,5} [^\0]*\0.{%d}" % id_bytes, re.DOTALL)
