"""Who else holds a value: the excluded side of a range, and the remotes of a repository.

In: a trace of the whole store. Out: bits of values, and since when a remote has one.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from leakscan.history.base import Source
from leakscan.model import Event, ObjectId, Occurrence, RemoteExposure
from leakscan.trace.graph import ancestors
from leakscan.trace.refs import in_tags, peel
from leakscan.trace.tracer import Traced

_TRACKING = b"refs/remotes/"


def held_by(source: Source, traced: Traced, tips: Iterable[ObjectId]) -> int:
    """Return, as bits, the values that some tips have anywhere in their history."""
    peeled = [peel(source.links, tip) for tip in tips]
    reached = ancestors(source.links.commits, (tip.target for tip in peeled))
    bits = traced.bits
    held = 0
    for event in traced.events:
        held |= event.bits if event.commit in reached else 0
    for commit, message in bits.commits.items():
        held |= message if commit in reached else 0
    for tip in peeled:
        held |= in_tags(tip, bits) | bits.blobs.get(tip.target, 0)
    return held


class Remotes:
    """The histories of the remotes, as far as their tracking refs tell; each is walked once."""

    def __init__(self, source: Source, traced: Traced) -> None:
        self._source = source
        self._refs: dict[bytes, list[bytes]] = defaultdict(list)
        self._history = traced.holders.history
        for ref in sorted(self._history):
            if ref.startswith(_TRACKING):
                self._refs[ref[len(_TRACKING) :].partition(b"/")[0]].append(ref)
        self._reached: dict[bytes, set[ObjectId]] = {}

    def holding(self, number: int, starts: Sequence[Occurrence]) -> tuple[RemoteExposure, ...]:
        """Return the remotes that hold a value; `starts` are its introductions, oldest first.

        Since when a remote has it is the date of the first of them that the remote has: the
        commit may have been pushed later.
        """
        found = []
        for remote, refs in self._refs.items():
            ref = next((ref for ref in refs if self._history[ref] >> number & 1), None)
            if ref is None:
                continue
            reached = self._commits(remote)
            first = next((start for start in starts if start.commit in reached), None)
            found.append(
                RemoteExposure(
                    remote, ref, first.commit if first else None, first.date if first else None
                )
            )
        return tuple(found)

    def _commits(self, remote: bytes) -> set[ObjectId]:
        if remote not in self._reached:
            links = self._source.links
            targets = (self._source.refs.targets[ref] for ref in self._refs[remote])
            tips = [peel(links, target).target for target in targets]
            self._reached[remote] = ancestors(links.commits, tips)
        return self._reached[remote]


def is_start(item: Occurrence) -> bool:
    """Say whether a credential came to be at a place: it appeared, or has no history there."""
    return item.event is Event.INTRODUCED or (item.event is Event.PRESENT and item.commit is None)
