"""Where a value can be reached from: refs, HEAD, stash, reflog; states, looked up at the tips.

In: refs, links, marked trees and the events. Out: `Holders` per value, as bits.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from msgspec import field

from leakscan.history.links import Links
from leakscan.history.refs import Refs
from leakscan.model import Kind, ObjectId
from leakscan.record import Record, State
from leakscan.trace.events import Bits, numbers_of
from leakscan.trace.graph import ancestors
from leakscan.trace.marks import Marked

_STASH = b"refs/stash"
MAX_NAMES: Final = 1000
"""Refs that one finding lists; it counts them all."""


class Holders(State):
    """Per ref, as bits: which values its history contains, and which its newest tree still holds.

    `leftovers` are stash and reflog entries no ref contains; `blobs` are values held by a ref or
    tag that points straight at a blob.
    """

    history: dict[bytes, int] = field(default_factory=dict)
    tips: dict[bytes, int] = field(default_factory=dict)
    leftovers: dict[bytes, int] = field(default_factory=dict)
    head: int = 0
    reached: set[ObjectId] = field(default_factory=set)
    """Every commit that some ref contains."""


class Tip(Record, frozen=True):
    """A ref followed through tags to the object it means; `tags` are the tag objects on the way."""

    target: ObjectId
    tags: tuple[ObjectId, ...]


def peel(links: Links, target: ObjectId) -> Tip:
    """Follow annotated tags, of tags if need be, to the object they mean."""
    tags: dict[ObjectId, None] = {}
    while target in links.tags and target not in tags:
        tags[target] = None
        target = links.tags[target].target
    return Tip(target, tuple(tags))


def anchors(refs: Refs) -> dict[bytes, ObjectId]:
    """Return every name that keeps objects alive as a ref does; the stash is told apart."""
    named = {name: target for name, target in refs.targets.items() if name != _STASH}
    return named | refs.worktree_heads


def holders(
    refs: Refs, links: Links, marked: Marked, bits: Bits, contains: Mapping[ObjectId, int]
) -> Holders:
    """Look up every ref and leftover. `contains` has the values in each commit's history."""
    result = Holders()
    named = {name: peel(links, target) for name, target in anchors(refs).items()}
    trees: dict[ObjectId, int] = {}
    for name, tip in named.items():
        now = _now(tip, links, marked, bits, trees)
        result.tips[name] = now
        result.history[name] = now | contains.get(tip.target, 0) | in_tags(tip, bits)
    if refs.head is not None:
        result.head = _now(peel(links, refs.head), links, marked, bits, trees)
    result.reached = ancestors(links.commits, (tip.target for tip in named.values()))
    for name, target in _leftovers(refs).items():
        tip = peel(links, target)
        if tip.target not in result.reached:
            now = _now(tip, links, marked, bits, trees)
            result.leftovers[name] = now | contains.get(tip.target, 0) | in_tags(tip, bits)
    return result


def _leftovers(refs: Refs) -> dict[bytes, ObjectId]:
    names: dict[bytes, ObjectId] = {}
    if _STASH in refs.targets:
        names[b"stash@{0}"] = refs.targets[_STASH]
    for entry in refs.reflog:
        short = b"stash" if entry.ref == _STASH else entry.ref
        names.setdefault(b"%s@{%d}" % (short, entry.position), entry.target)
    return names


def in_tags(tip: Tip, bits: Bits) -> int:
    """Return the values in the texts of the tags on the way."""
    held = 0
    for tag in tip.tags:
        held |= bits.tags.get(tag, 0)
    return held


def _now(tip: Tip, links: Links, marked: Marked, bits: Bits, known: dict[ObjectId, int]) -> int:
    """Return the values in the newest tree, or in the tree or blob a ref points to."""
    commit = links.commits.get(tip.target)
    if commit is None and tip.target in bits.blobs:
        return bits.blobs[tip.target]
    return tree_bits(commit.tree if commit else tip.target, marked, bits, known)


def tree_bits(tree: ObjectId, marked: Marked, bits: Bits, known: dict[ObjectId, int]) -> int:
    """Return the values anywhere below a tree; `known` remembers subtrees between calls."""
    stack = [tree]
    while stack:
        current = stack[-1]
        children = marked.children.get(current, {})
        if current not in known:
            known[current] = 0  # Also what ends a circle of forged ids.
            stack += [e.id for e in children.values() if e.is_tree and e.id not in known]
            continue
        stack.pop()
        held = 0
        for name, entry in children.items():
            below = known.get(entry.id, 0) if entry.is_tree else bits.blobs.get(entry.id, 0)
            held |= below | bits.names.get(name, 0)
        known[current] = held
    return known.get(tree, 0)


class Names(State):
    """The first MAX_NAMES names that hold a value, branches before others, and how many hold it."""

    first: list[bytes] = field(default_factory=list)
    total: int = 0


def names_by_value(holding: Mapping[bytes, int]) -> dict[int, Names]:
    """Turn the values of each name into the names of each value.

    Names with the same values are handled together: thousands of tags often hold all that there is.
    """
    alike: dict[int, list[bytes]] = defaultdict(list)
    for name in sorted(holding, key=_branches_first):
        alike[holding[name]].append(name)
    result: dict[int, Names] = defaultdict(Names)
    for bits, names in alike.items():
        for number in numbers_of(bits):
            result[number].first += names[:MAX_NAMES]
            result[number].total += len(names)
    for found in result.values():
        found.first = sorted(found.first, key=_branches_first)[:MAX_NAMES]
    return result


def _branches_first(name: bytes) -> tuple[int, bytes]:
    order = (b"refs/heads/", b"refs/remotes/", b"refs/tags/")
    return next((i for i, prefix in enumerate(order) if name.startswith(prefix)), len(order)), name


def absent_targets(refs: Refs, links: Links) -> dict[ObjectId, bytes]:
    """Return what refs point to, directly or through tags, and the store does not have."""
    missing: dict[ObjectId, bytes] = {}
    for name, target in (refs.targets | refs.worktree_heads).items():
        tip = peel(links, target)
        links.expect(tip.target, Kind.COMMIT)
        if tip.target in links.absent:
            missing.setdefault(tip.target, name)
    return missing
