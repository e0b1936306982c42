"""Which id, secret and token belong together: structure before distance, one to one.

Part of the score stage. In: the candidates of one content that passed the gate. Out: groups of
candidates. N profiles give N pairs: the groups are those of greatest total bond, so a close
neighbour does not take a part that another needs.
"""

import re
from bisect import bisect
from collections.abc import Iterator, Sequence
from enum import IntEnum
from functools import partial
from typing import Final

from leakscan.model import Candidate, Content, Encoding
from leakscan.record import Record
from leakscan.score.assign import Weights, assign
from leakscan.score.columns import in_columns

_MAX_LINES: Final = 12
_MAX_BYTES: Final = 4096
_MAX_BYTES_ALONE: Final = 1 << 16
_NEIGHBOURS: Final = 4
_SLIGHT: Final = 0.1
"""Less weight than the next line or a few dozen bytes make: no ground to prefer a pair."""

_BRACE: Final = re.compile(rb"(?<!\x1b)[\[\](){}]")
_TAG: Final = re.compile(rb"<(/?)[A-Za-z][^<>]*?(/?)>")
_SECTION: Final = re.compile(rb"(?m)^[ \t]*\[[^\]\[\n\"',]+\][ \t]*\r?$")
_BLANK: Final = re.compile(rb"\n[ \t\r]*\n")
_ITEM: Final = re.compile(rb"(?m)^[ \t]*- |^---")


class Nearness(IntEnum):
    """How two parts stand to each other, the closest first."""

    LINE = 0
    BLOCK = 1
    LINES = 2
    CONTENT = 3


class Bond(Record, frozen=True):
    """How strongly two candidates belong together, and why."""

    weight: float
    nearness: Nearness


class Pair(Record, frozen=True):
    """Two candidates that belong together; `doubtful` if others would fit about as well."""

    first: Candidate
    second: Candidate
    nearness: Nearness
    doubtful: bool = False


def pair(content: Content, firsts: Sequence[Candidate], seconds: Sequence[Candidate]) -> list[Pair]:
    """Return the pairs of greatest total bond; each candidate is in one pair at most."""
    near = partial(_nearness, content)
    columns = in_columns(content, firsts, seconds, near)
    pairs = [
        Pair(firsts[i], seconds[j], max(near(firsts[i], seconds[j]), Nearness.BLOCK), not named)
        for (i, j), named in columns.items()
    ]
    taken = {i for i, _ in columns}, {j for _, j in columns}
    rest = [one for i, one in enumerate(firsts) if i not in taken[0]]
    others = [one for j, one in enumerate(seconds) if j not in taken[1]]
    pairs += _by_bond(content, rest, others)
    return sorted(pairs, key=lambda p: p.first.start)


def _by_bond(
    content: Content, firsts: Sequence[Candidate], seconds: Sequence[Candidate]
) -> list[Pair]:
    bonds: dict[tuple[int, int], Bond] = {}
    alone = len({c.value for c in firsts}) == 1 and len({c.value for c in seconds}) == 1
    for i, j in _neighbours(firsts, seconds):
        bond = _bond(content, firsts[i], seconds[j], alone)
        if bond:
            # Where two layouts weigh the same, the first belongs to the first.
            bonds[i, j] = Bond(bond.weight - 0.01 * abs(i - j), bond.nearness)
    weights: Weights = {key: bond.weight for key, bond in bonds.items()}
    chosen = assign(weights)
    doubtful = _doubtful(weights, chosen)
    return [
        Pair(firsts[i], seconds[j], bonds[i, j].nearness, (i, j) in doubtful) for i, j in chosen
    ]


def _doubtful(weights: Weights, chosen: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
    """Return the pairs that could exchange partners and lose next to nothing."""
    owner = {j: i for i, j in chosen}
    partner = dict(chosen)
    doubtful = set()
    for (i, j), weight in weights.items():
        other, own = owner.get(j), partner.get(i)
        if other is None or own is None or other == i or (other, own) not in weights:
            continue
        kept = weights[i, own] + weights[other, j]
        if kept - weight - weights[other, own] < _SLIGHT:
            doubtful |= {(i, own), (other, j)}
    return doubtful


def _nearness(content: Content, one: Candidate, other: Candidate) -> Nearness:
    """Return how two candidates stand to each other, however far apart."""
    first, last = sorted((one, other), key=lambda c: c.start)
    return _structure(_between(content, first, last), last.line - first.line)[1]


def _neighbours(
    firsts: Sequence[Candidate], seconds: Sequence[Candidate]
) -> Iterator[tuple[int, int]]:
    """Yield each first with the nearest seconds on either side."""
    order = sorted(range(len(seconds)), key=lambda j: seconds[j].start)
    starts = [seconds[j].start for j in order]
    for i, first in enumerate(firsts):
        at = bisect(starts, first.start)
        for j in order[max(0, at - _NEIGHBOURS) : at + _NEIGHBOURS]:
            yield i, j


def _bond(content: Content, one: Candidate, other: Candidate, alone: bool) -> Bond | None:
    """Return the bond of two candidates, None if they are too far apart or in different views.

    `alone` says that the content has one value of each part, which then may be further apart.
    """
    first, last = sorted((one, other), key=lambda c: c.start)
    lines, size = last.line - first.line, last.start - first.end
    if (one.encoding is Encoding.PLAIN) != (other.encoding is Encoding.PLAIN) or size < 0:
        return None
    weight, nearness = 0.0, Nearness.CONTENT
    if lines <= _MAX_LINES and size <= _MAX_BYTES:
        weight, nearness = _structure(_between(content, first, last), lines)
    if nearness is Nearness.CONTENT:
        # So far away only a value with a name is taken for the other part.
        fits = alone and not other.rule.near and size <= _MAX_BYTES_ALONE
        return Bond(1.0, nearness) if fits else None
    weight -= size / 500 + (0.5 if one is last else 0)
    return Bond(max(weight, 0.1), nearness)


def _between(content: Content, first: Candidate, last: Candidate) -> bytes:
    text = content.data[first.end - content.start : last.start - content.start]
    return text if first.encoding is Encoding.PLAIN else text.replace(b"\0", b"")


def _structure(between: bytes, lines: int) -> tuple[float, Nearness]:
    """Return the weight and the nearness that the text between two parts gives them."""
    if _SECTION.search(between):
        return 0.0, Nearness.CONTENT
    left = _levels_left(between)
    if not left and not lines:
        return 100.0, Nearness.LINE
    blank, item = bool(_BLANK.search(between)), bool(_ITEM.search(between))
    if not left and not blank and not item:
        return 60.0 - lines, Nearness.BLOCK
    return 36.0 - lines - 4 * left - 4 * blank - item, Nearness.LINES


def _levels_left(between: bytes) -> int:
    """Return how many objects or elements end between two parts; an element of one value is none.

    Braces and tags are counted apart: nothing nests one in the other for long.
    """
    braces = lowest = 0
    for found in _BRACE.finditer(between):
        braces += 1 if found.group() in b"[({" else -1
        lowest = min(lowest, braces)
    tags = least = 0
    for found in _TAG.finditer(between):
        tags += 0 if found[2] else -1 if found[1] else 1
        least = min(least, tags)
    return -lowest + max(0, -least - 1)
