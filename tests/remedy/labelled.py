"""The labelled cases: where keys stand, and what an engineer would call that place.

In: `places/*.yaml`. Out: `Case`s. Which of them are held back is decided by their hash, so that
nobody chooses; signs are tuned to the others alone.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from leakscan.remediation import Choice, Entry
from leakscan.remedy.choose import choose
from leakscan.remedy.context import Context
from tests.support.keys import KeyMaker

_FOLDER: Final = Path(__file__).parent / "places"
_PART: Final = 3


@dataclass(frozen=True)
class Case:
    """A path, what stands there and beside it, and the place it should be."""

    context: Context
    expected: str
    is_held_back: bool

    def choose(self, places: Mapping[str, Entry]) -> tuple[Choice, ...]:
        """Return what is chosen for it."""
        return choose(self.context, places)


@dataclass(frozen=True)
class Accuracy:
    """How many of some cases were right, in parts of one."""

    cases: int
    first: float
    """The best one is the right one."""
    offered: float
    """The right one is among those that are offered."""
    length: float
    """How many are offered on average."""

    def __str__(self) -> str:
        return (
            f"{self.cases} cases: first {self.first:.1%}, offered {self.offered:.1%}, "
            f"{self.length:.2f} offered on average"
        )


def cases() -> list[Case]:
    """Return all cases, with made-up keys in their texts."""
    keys = KeyMaker("places")
    return [
        _case(one, keys)
        for file in sorted(_FOLDER.glob("*.yaml"))
        for one in yaml.safe_load(file.read_text(encoding="utf-8"))
    ]


def _case(one: Mapping[str, Any], keys: KeyMaker) -> Case:
    path, text = one["path"], one["text"]
    digest = hashlib.sha256(f"{path}\0{text}".encode()).hexdigest()
    leak = keys.leak()
    return Case(
        Context(
            path,
            ("\n".join(one.get("neighbours", ())),),
            text.replace("KEYID", leak.key_id).replace("SECRET", leak.secret),
            frozenset(one.get("key", ())),
        ),
        one["expected"],
        int(digest, 16) % _PART == 0,
    )


def accuracy(some: list[Case], places: Mapping[str, Entry]) -> Accuracy:
    """Return how well places are chosen for some cases."""
    ids = [[choice.id for choice in case.choose(places)] for case in some]
    pairs = list(zip(some, ids, strict=True))
    return Accuracy(
        len(some),
        sum(case.expected == found[0] for case, found in pairs) / len(some),
        sum(case.expected in found for case, found in pairs) / len(some),
        sum(map(len, ids)) / len(some),
    )
