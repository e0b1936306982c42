"""Verdicts of earlier runs, so that a key is not asked about again within minutes.

Part of the verify stage; implements `Memory`. In: verdicts under a fingerprint and the places they
are from. Out: the same, for as long as the user wants. One file in the user's cache folder holds
them, with no secret, token or key id; only what AWS concluded is kept. Any doubt means: ask again.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Final

import msgspec
from msgspec.structs import replace

from leakscan import cache
from leakscan.model import Fingerprint
from leakscan.record import Record
from leakscan.redact import mask_text
from leakscan.verdict import Verdict, VerdictState

_KIND: Final = "verdicts"
_KEY: Final = cache.key_of(b"leakscan verdicts 2")
MOST: Final = 10_000
"""Verdicts that are kept, the newest: some megabytes."""
_CONCLUSIVE: Final = frozenset({VerdictState.LIVE, VerdictState.NOT_ACCEPTED, VerdictState.EXPIRED})
"""A mismatch is not: it can come from another run that looked at the same key a moment ago."""


class _Entry(Record, frozen=True):
    """A verdict, what it is the answer to, and when by our own clock it was kept."""

    fingerprint: Fingerprint
    places: tuple[str, ...]
    kept_at: datetime
    verdict: Verdict

    @property
    def key(self) -> "_Key":
        """What it is looked up by."""
        return self.fingerprint, self.places


_Key = tuple[Fingerprint, tuple[str, ...]]


class Kept:
    """Keeps verdicts in a folder, or for this run alone where that is None.

    `clock` gives aware times. What is older than `max_age_s`, or from a time to come, is asked
    again; with an age of 0 that is everything. For several threads.
    """

    def __init__(
        self,
        folder: Path | None,
        max_age_s: float,
        clock: Callable[[], datetime],
        *,
        most: int = MOST,
    ) -> None:
        self._folder = folder
        self._max_age = timedelta(seconds=max_age_s)
        self._clock = clock
        self._most = most
        self._lock = Lock()
        self._known: dict[_Key, _Entry] | None = None
        self._new: dict[_Key, _Entry] = {}

    def find(self, fingerprint: Fingerprint, places: tuple[str, ...]) -> Verdict | None:
        """Return what the same places said of a credential, None if that is not known."""
        with self._lock:
            if self._known is None:
                self._known = _load(self._folder)
            entry = self._known.get((fingerprint, places))
        if entry is None:
            return None
        age = self._clock() - entry.kept_at
        if not timedelta() <= age < self._max_age:
            return None
        return replace(entry.verdict, is_kept=True)

    def keep(self, fingerprint: Fingerprint, places: tuple[str, ...], verdict: Verdict) -> None:
        """Keep what these places said, if it concluded anything."""
        entry = _Entry(fingerprint, places, self._clock(), verdict)
        if _is_good(entry) and not verdict.is_kept:
            with self._lock:
                self._new[entry.key] = entry

    def save(self) -> None:
        """Write down what is new, beside what other runs have written meanwhile."""
        with self._lock:
            if not self._new:
                return
            entries = list((_load(self._folder) | self._new).values())
            entries.sort(key=lambda entry: entry.kept_at, reverse=True)
            cache.store(self._folder, _KIND, _KEY, msgspec.json.encode(entries[: self._most]))


def _load(folder: Path | None) -> dict[_Key, _Entry]:
    """Return what is kept; nothing where it cannot be understood."""
    raw = cache.load(folder, _KIND, _KEY)
    if raw is None:
        return {}
    try:
        entries = msgspec.json.decode(raw, type=list[_Entry])
    except (ValueError, RecursionError):
        return {}
    return {entry.key: entry for entry in entries if _is_good(entry)}


def _is_good(entry: _Entry) -> bool:
    """Say whether a verdict concludes something and holds nothing that looks like a secret."""
    verdict = entry.verdict
    if verdict.state not in _CONCLUSIVE or verdict.checked_at is None:
        return False
    if any(at.tzinfo is None for at in (entry.kept_at, verdict.checked_at)):
        return False
    said = " ".join((verdict.text, verdict.code, verdict.arn, verdict.request_id))
    return mask_text(said) == said
