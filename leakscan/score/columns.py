"""Ids in one run and secrets in another, as in a list of all ids above one of all secrets.

Part of the score stage. In: two kinds of candidates and how near two of them stand. Out: which
belongs to which: by the names before them where these say so, else by rank.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Final

from leakscan.model import Candidate, Content, Encoding
from leakscan.score.context import surroundings

Near = Callable[[Candidate, Candidate], int]
Member = tuple[Candidate, bool, int]
"""A candidate, whether it is one of the firsts, and its index among its kind."""

_MAX_LINES: Final = 12
_MAX_BYTES: Final = 4096
_NAME: Final = re.compile(rb"([A-Za-z0-9_.\-]+)[^A-Za-z0-9_.\-]*\Z")
_COMMON: Final = re.compile(
    rb"(?i)aws|amazon|s3|access|secret|session|security|key|token|id|user|name|password|pass|pw"
    rb"|value|export|set"
)
_WORD: Final = re.compile(rb"[a-z]+|[0-9]+")


def in_columns(
    content: Content, firsts: Sequence[Candidate], seconds: Sequence[Candidate], near: Near
) -> dict[tuple[int, int], bool]:
    """Return the pairs of indexes that runs give, and whether a name says so.

    A run of n and the run of n after it belong together, if all of the neighbourhood can be read
    so and no structure ties the end of one closer to the beginning of the other.
    """
    members: list[Member] = [(c, True, n) for n, c in enumerate(firsts)]
    members += [(c, False, n) for n, c in enumerate(seconds)]
    pairs: dict[tuple[int, int], bool] = {}
    for cluster in _clusters(sorted(members, key=lambda m: m[0].start)):
        runs = [list(run) for _, run in groupby(cluster, key=lambda m: m[1])]
        for one, other in zip(runs[::2], runs[1::2], strict=False):
            if len(one) > 1 and len(one) == len(other) and _ends_apart(one, other, near):
                named = _by_name(content, one, other)
                if named or _all_even(runs):
                    ranks = named or list(zip(one, other, strict=True))
                    pairs |= {_indexes(a, b): bool(named) for a, b in ranks}
    return pairs


def _clusters(members: Sequence[Member]) -> Iterator[list[Member]]:
    """Yield the members that stand close after each other."""
    cluster: list[Member] = []
    for member in members:
        if cluster and _far(cluster[-1][0], member[0]):
            yield cluster
            cluster = []
        cluster.append(member)
    if cluster:
        yield cluster


def _far(one: Candidate, other: Candidate) -> bool:
    far = other.line - one.line > _MAX_LINES or other.start - one.end > _MAX_BYTES
    return far or (one.encoding is Encoding.PLAIN) != (other.encoding is Encoding.PLAIN)


def _all_even(runs: Sequence[Sequence[Member]]) -> bool:
    sizes = [len(run) for run in runs]
    return sizes[::2] == sizes[1::2]


def _ends_apart(one: Sequence[Member], other: Sequence[Member], near: Near) -> bool:
    last, first, end = one[-1][0], other[0][0], other[-1][0]
    return near(last, first) >= near(last, end)


def _by_name(
    content: Content, one: Sequence[Member], other: Sequence[Member]
) -> list[tuple[Member, Member]]:
    """Return the pairs whose names differ from the rest alike; empty if not all do."""
    labels = {_label(content, member[0]): member for member in one}
    others = {_label(content, member[0]): member for member in other}
    if b"" in labels or labels.keys() != others.keys() or len(labels) != len(one):
        return []
    return [(member, others[label]) for label, member in labels.items()]


def _label(content: Content, candidate: Candidate) -> bytes:
    """Return what the name before a value says beyond that it is an id or a secret."""
    found = _NAME.search(surroundings(content, candidate).line_before)
    words = _WORD.findall(_COMMON.sub(b" ", found[1]).lower()) if found else []
    return b" ".join(words)


def _indexes(one: Member, other: Member) -> tuple[int, int]:
    return (one[2], other[2]) if one[1] else (other[2], one[2])
