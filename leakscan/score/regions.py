"""Regions and partitions of AWS that are named near a credential.

Part of the score stage. In: a content with the parts of credentials in it, or all sightings of one
credential. Out: names of regions, the likeliest first. They are hints where to ask about it and no
evidence: they change no points. Imported with the first sighting.
"""

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Final

from leakscan.aws import PARTITIONS, token_region
from leakscan.model import Candidate, Content, Encoding, Part, Sighting
from leakscan.record import Record
from leakscan.redact import Secret

_NEAR_CHARS: Final = 2048
"""Characters looked at on each side of a part: about 40 lines, more than a profile, a provider
block or the settings of a client have. What a piece of a huge object cuts off is not seen."""
_SLACK_CHARS: Final = 128
"""Characters beyond, so that no name is cut there; longer than an ARN up to its region."""
_MOST_LOOKED_AT: Final = 16
"""Names on each side of a part: more of them are a list of regions and say nothing."""
_MOST_NEAR: Final = 3
_MOST: Final = 5

_DIRECTION: Final = re.compile(rb"-(?:north|south|east|west|central)(?:east|west)?-[1-9]")
_BEFORE_DIRECTION: Final = 7
"""Characters of the longest area, `eusc-de`."""
_AFTER_DIRECTION: Final = 3
"""A digit, the letter of a zone, and what follows."""
_PATTERNS: Final = "|".join(one.region_pattern for one in PARTITIONS.values())
# Before a name may stand what a URL or a quoted text makes of a slash or a new line.
_REGION: Final = re.compile(
    rf"(?:(?<![a-z0-9])|(?<=%2f)|(?<=\\[nrt]))({_PATTERNS})[a-z]?(?![a-z0-9])".encode()
)
# ARNs of IAM have no region, and others may have a variable there.
_NAMES: Final = "|".join(PARTITIONS)
_ARN: Final = re.compile(rf"arn:({_NAMES}):[a-z0-9-]{{1,63}}:(?!{_PATTERNS})".encode())
_SHARED_SUFFIX: Final = PARTITIONS["aws"].dns_suffix
_BY_SUFFIX: Final = {
    one.dns_suffix: one for one in PARTITIONS.values() if one.dns_suffix != _SHARED_SUFFIX
}
# A host with a region says more by that; `t-1` is the end of one.
_SUFFIXES: Final = "|".join(map(re.escape, _BY_SUFFIX))
_HOST: Final = re.compile(rf"(?<![a-z]-[1-9])\.({_SUFFIXES})(?![a-z0-9-])".encode())


class _Lane(Record, frozen=True):
    """Every byte of a content or every second one: the characters of ASCII in a decoding."""

    step: int
    phase: int


class _Span(Record, frozen=True, order=True):
    """Where a part or a name stands, in characters of a lane."""

    start: int
    end: int


class _Name(Record, frozen=True):
    """A region that is named at a place."""

    span: _Span
    region: str


def near(content: Content, groups: Sequence[Sequence[Candidate]]) -> list[tuple[str, ...]]:
    """Return for each group of parts the regions named near it, at most three, the nearest first.

    What its token says comes before. The time is linear in the size of the content, however many
    groups there are.
    """
    spans: dict[_Lane, list[_Span]] = defaultdict(list)
    for part in chain.from_iterable(groups):
        lane = _lane(content, part)
        spans[lane].append(_span(content, part, lane))
    names = {lane: list(_names(content.data, lane, own)) for lane, own in spans.items()}
    tokens = (next((p.value for p in ps if p.rule.part is Part.TOKEN), None) for ps in groups)
    return [
        _token_first(token, _nearest(content, parts, names))[:_MOST_NEAR]
        for token, parts in zip(tokens, groups, strict=True)
    ]


def likeliest(sightings: Sequence[Sighting], token: Secret | None) -> tuple[str, ...]:
    """Return the regions of a credential, at most five: its token's, then by how many name them."""
    counts = Counter(region for one in sightings for region in one.regions)
    ranks = {
        region: rank
        for rank in reversed(range(_MOST_NEAR))
        for one in sightings
        for region in one.regions[rank : rank + 1]
    }
    ordered = sorted(counts, key=lambda region: (-counts[region], ranks[region], region))
    return _token_first(token, ordered)[:_MOST]


def _token_first(token: Secret | None, regions: Iterable[str]) -> tuple[str, ...]:
    own = token_region(token.reveal()) if token is not None else None
    return tuple(dict.fromkeys((own, *regions) if own else regions))


def _nearest(
    content: Content, parts: Sequence[Candidate], names: Mapping[_Lane, Sequence[_Name]]
) -> list[str]:
    """Return the regions near any of the parts, the nearest first."""
    away: dict[str, int] = {}
    for part in parts:
        lane = _lane(content, part)
        span, all_names = _span(content, part, lane), names[lane]
        at = bisect_left(all_names, span.start, key=lambda name: name.span.start)
        for name in all_names[max(0, at - _MOST_LOOKED_AT) : at + _MOST_LOOKED_AT]:
            gap = max(span.start - name.span.end, name.span.start - span.end)
            if gap <= _NEAR_CHARS:
                away[name.region] = min(gap, away.get(name.region, gap))
    return sorted(away, key=lambda region: (away[region], region))


def _lane(content: Content, part: Candidate) -> _Lane:
    at = part.start - content.start
    if part.encoding is Encoding.PLAIN:
        return _Lane(1, 0)
    return _Lane(2, at % 2 if part.encoding is Encoding.UTF_16_LE else (at + 1) % 2)


def _span(content: Content, part: Candidate, lane: _Lane) -> _Span:
    start = (part.start - content.start - lane.phase + lane.step - 1) // lane.step
    return _Span(start, start + (part.end - part.start) // lane.step)


def _names(data: bytes, lane: _Lane, spans: Sequence[_Span]) -> Iterator[_Name]:
    """Yield what is named near any of the spans, each name once and in order."""
    for low, high in _stretches(spans):
        piece = data[lane.phase + low * lane.step : lane.phase + high * lane.step : lane.step]
        text = piece.lower().replace(b"_", b"-")
        found = [*_regions(text), *_defaults(text)]
        found.sort(key=lambda one: one.span)
        for one in found:
            yield _Name(_Span(low + one.span.start, low + one.span.end), one.region)


def _stretches(spans: Sequence[_Span]) -> list[tuple[int, int]]:
    """Return what is near the spans, as few stretches that do not overlap."""
    found: list[tuple[int, int]] = []
    margin = _NEAR_CHARS + _SLACK_CHARS
    for span in sorted(spans):
        low, high = max(0, span.start - margin), span.end + margin
        if found and low <= found[-1][1]:
            low, before = found.pop()
            high = max(high, before)
        found.append((low, high))
    return found


def _regions(text: bytes) -> Iterator[_Name]:
    """Yield the regions of a text; to look for the directions first is fifty times as fast."""
    for hit in _DIRECTION.finditer(text):
        low = max(0, hit.start() - _BEFORE_DIRECTION)
        found = _REGION.search(text, low, hit.end() + _AFTER_DIRECTION)
        if found:
            yield _Name(_Span(*found.span(1)), found[1].decode())


def _defaults(text: bytes) -> Iterator[_Name]:
    """Yield for ARNs and hosts that name a partition alone the default region of that."""
    for found in _ARN.finditer(text):
        yield _Name(_Span(*found.span(1)), PARTITIONS[found[1].decode()].default_region)
    for found in _HOST.finditer(text):
        yield _Name(_Span(*found.span(1)), _BY_SUFFIX[found[1].decode()].default_region)
