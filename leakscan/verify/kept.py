"""Verdicts of earlier runs, so that a key is not asked about again within minutes.

Part of the verify stage; implements `Memory`. In: verdicts under a fingerprint and the hosts they
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
_KEY: Final = cache.key_of(b"leakscan verdicts 1")
MOST: Final = 10_000
"""Verdicts that are kept, the newest: some megabytes."""
_CONCLUSIVE: Final = frozenset(
    {
        VerdictState.LIVE,
        VerdictState.NOT_ACCEPTED,
        VerdictState.WRONG_SECRET,
        VerdictState.EXPIRED,
    }
)
_Place = tuple[Fingerprint, tuple[str, ...]]


class _Entry(Record, frozen=True):
    """A verdict, and what it is the answer to."""

    fingerprint: Fingerprint
    hosts: tuple[str, ...]
    verdict: Verdict


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
        self._known: dict[_Place, Verdict] | None = None
        self._new: dict[_Place, Verdict] = {}

    def find(self, fingerprint: Fingerprint, hosts: tuple[str, ...]) -> Verdict | None:
        """Return what the same hosts said of a credential, None if that is not known."""
        with self._lock:
            if self._known is None:
                self._known = _load(self._folder)
            verdict = self._known.get((fingerprint, hosts))
        if verdict is None or verdict.checked_at is None:
            return None
        age = self._clock() - verdict.checked_at
        return replace(verdict, is_kept=True) if timedelta() <= age < self._max_age else None

    def keep(self, fingerprint: Fingerprint, hosts: tuple[str, ...], verdict: Verdict) -> None:
        """Keep what these hosts said, if it concluded anything."""
        if _is_good(verdict) and not verdict.is_kept:
            with self._lock:
                self._new[fingerprint, hosts] = verdict

    def save(self) -> None:
        """Write down what is new, beside what other runs have written meanwhile."""
        with self._lock:
            if not self._new:
                return
            entries = [
                _Entry(fingerprint, hosts, verdict)
                for (fingerprint, hosts), verdict in (_load(self._folder) | self._new).items()
            ]
            entries.sort(key=lambda entry: str(entry.verdict.checked_at), reverse=True)
            cache.store(self._folder, _KIND, _KEY, msgspec.json.encode(entries[: self._most]))


def _load(folder: Path | None) -> dict[_Place, Verdict]:
    """Return what is kept; nothing where it cannot be understood."""
    raw = cache.load(folder, _KIND, _KEY)
    if raw is None:
        return {}
    try:
        entries = msgspec.json.decode(raw, type=list[_Entry])
    except (ValueError, RecursionError):
        return {}
    return {
        (entry.fingerprint, entry.hosts): entry.verdict
        for entry in entries
        if _is_good(entry.verdict)
    }


def _is_good(verdict: Verdict) -> bool:
    """Say whether a verdict concludes something and holds nothing that looks like a secret."""
    at = verdict.checked_at
    if verdict.state not in _CONCLUSIVE or at is None or at.tzinfo is None:
        return False
    said = " ".join((verdict.text, verdict.code, verdict.arn, verdict.request_id))
    return mask_text(said) == said
