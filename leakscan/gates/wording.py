"""How a gate speaks, and what its advice depends on: known before anything is found.

A module of its own: what makes the message is only imported where there is one.
"""

from leakscan.record import Record


class Wording(Record, frozen=True):
    """What a gate calls itself: `push to origin`, `commit`; and how git is told to skip it."""

    what: str
    skip: str
    bypass: str
    """How to let it pass with a reason on record; empty where that is not possible."""
    verdict: str = "refused"
    is_server: bool = False
    """Whether whoever reads it is elsewhere: with the commits, and without this configuration."""


class Situation(Record, frozen=True):
    """What the advice depends on: HEAD's commit and branch, commits without parents, and merges."""

    head: str | None = None
    branch: str | None = None
    roots: frozenset[str] = frozenset()
    merges: frozenset[str] = frozenset()
