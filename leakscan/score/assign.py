"""The one-to-one assignment of greatest total weight.

Part of the score stage. In: weights of possible pairs. Out: the pairs chosen.
"""

from collections.abc import Iterator, Mapping
from typing import Final

Weights = Mapping[tuple[int, int], float]
_MAX_EXACT: Final = 600
"""Possible pairs in one component beyond which the heaviest first is good enough."""


def assign(weights: Weights) -> list[tuple[int, int]]:
    """Return the pairs, in order, whose weights have the greatest sum. Weights are above 0."""
    chosen: list[tuple[int, int]] = []
    for part in _components(weights):
        chosen += _heaviest_first(part) if len(part) > _MAX_EXACT else _exact(part)
    return sorted(chosen)


def _components(weights: Weights) -> Iterator[Weights]:
    """Yield the weights split into groups that share no member."""
    by_left: dict[int, list[int]] = {}
    by_right: dict[int, list[int]] = {}
    for left, right in weights:
        by_left.setdefault(left, []).append(right)
        by_right.setdefault(right, []).append(left)
    seen: set[int] = set()
    for start in by_left:
        if start in seen:
            continue
        seen.add(start)
        queue, rights = [start], set[int]()
        for left in queue:
            for right in set(by_left[left]) - rights:
                rights.add(right)
                fresh = [other for other in by_right[right] if other not in seen]
                seen.update(fresh)
                queue += fresh
        yield {(left, r): weights[left, r] for left in queue for r in by_left[left]}


def _heaviest_first(weights: Weights) -> list[tuple[int, int]]:
    lefts, rights, chosen = set[int](), set[int](), []
    for left, right in sorted(weights, key=lambda key: (-weights[key], key)):
        if left not in lefts and right not in rights:
            lefts.add(left)
            rights.add(right)
            chosen.append((left, right))
    return chosen


def _exact(weights: Weights) -> list[tuple[int, int]]:
    """Grow the assignment along the path that gains most, until none gains."""
    owner: dict[int, int] = {}
    while path := _best_path(weights, owner):
        owner |= {right: left for left, right in path}
    return [(left, right) for right, left in owner.items()]


def _best_path(weights: Weights, owner: Mapping[int, int]) -> list[tuple[int, int]]:
    """Return the pairs to make, the free left one first; empty if nothing is gained.

    Bellman-Ford over left members: taking a right one from its owner costs the owner its weight
    and lets it go on to another.
    """
    taken = set(owner.values())
    gain: dict[int, float] = {left: 0.0 for left, _ in weights if left not in taken}
    via: dict[int, tuple[int, int]] = {}
    best, last = 1e-9, None
    for _ in range(len(owner) + 1):
        changed = False
        for (left, right), weight in weights.items():
            if left not in gain or owner.get(right) == left:
                continue
            total = gain[left] + weight
            other = owner.get(right)
            if other is None:
                if total > best:
                    best, last = total, (left, right)
            elif total - weights[other, right] > gain.get(other, float("-inf")) + 1e-9:
                gain[other] = total - weights[other, right]
                via[other] = (left, right)
                changed = True
        if not changed:
            break
    path: list[tuple[int, int]] = []
    while last is not None:
        path.append(last)
        last = via.get(last[0])
    return path[::-1]
