"""The order of commits and who can reach whom.

In: the commit links of the store. Out: an order with parents first, and sets of ancestors.
"""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping

from leakscan.history.objects import CommitLinks
from leakscan.model import ObjectId


def topological(commits: Mapping[ObjectId, CommitLinks]) -> list[ObjectId]:
    """Return all commits, parents before children, older committer times first among equals.

    Commits in a circle, which only forged ids can make, come last in id order.
    """
    waiting: dict[ObjectId, int] = {}
    children: dict[ObjectId, list[ObjectId]] = defaultdict(list)
    ready: list[tuple[int, ObjectId]] = []
    for commit, links in commits.items():
        parents = {parent for parent in links.parents if parent in commits}
        waiting[commit] = len(parents)
        for parent in parents:
            children[parent].append(commit)
        if not parents:
            ready.append((links.time, commit))
    heapq.heapify(ready)
    order: list[ObjectId] = []
    while ready:
        _, commit = heapq.heappop(ready)
        order.append(commit)
        for child in children[commit]:
            waiting[child] -= 1
            if not waiting[child]:
                heapq.heappush(ready, (commits[child].time, child))
    if len(order) < len(commits):
        order += sorted(set(commits).difference(order))
    return order


def ancestors(commits: Mapping[ObjectId, CommitLinks], tips: Iterable[ObjectId]) -> set[ObjectId]:
    """Return the tips that are commits and everything they descend from."""
    seen: set[ObjectId] = set()
    stack = [tip for tip in tips if tip in commits]
    while stack:
        commit = stack.pop()
        if commit not in seen:
            seen.add(commit)
            stack += [parent for parent in commits[commit].parents if parent in commits]
    return seen
