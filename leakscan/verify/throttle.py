"""How often, how long after a failure, and whether at all a host is asked.

Part of the verify stage. In: clocks and waits that the caller brings. Out: pauses. Nothing here
asks anybody.
"""

from collections import Counter
from collections.abc import Callable
from threading import Lock
from typing import Final

_BASE_S: Final = 1.0
_CAP_S: Final = 20.0
_MOST_DOUBLINGS: Final = 8
"""Above it the cap holds anyway, and no number grows without end."""


class RateLimit:
    """Lets calls through evenly spaced, from however many threads they come; there is no burst.

    `per_second` is above 0. `clock` gives seconds that never go back, `wait` waits for some.
    """

    def __init__(
        self, per_second: float, clock: Callable[[], float], wait: Callable[[float], None]
    ) -> None:
        self._gap_s = 1 / per_second
        self._clock, self._wait = clock, wait
        self._next: float | None = None
        self._lock = Lock()

    def acquire(self) -> None:
        """Return when the next call may be made."""
        # The lock is held while waiting: who wakes late then moves all who come after, so that two
        # calls are never closer than the gap, also on a busy machine.
        with self._lock:
            now = self._clock()
            if self._next is not None and now < self._next:
                self._wait(self._next - now)
                now = max(self._clock(), self._next)
            self._next = now + self._gap_s


def backoff_s(attempt: int, random: Callable[[], float]) -> float:
    """Return the seconds to wait after the failed attempt of that number, from 0 on.

    The bound doubles up to 20 seconds, and any time below it is as likely, so that those who were
    refused together do not come back together. `random` gives numbers from 0 to 1.

    Source: AWS Architecture Blog, "Exponential Backoff And Jitter" (full jitter).
    """
    bound: float = min(_CAP_S, _BASE_S * 2 ** min(attempt, _MOST_DOUBLINGS))
    return bound * random()


class Breaker:
    """Remembers which hosts do not answer, so that a scan does not wait for each of their keys.

    A call that was on its way already and is answered shows that the host is there after all.
    """

    def __init__(self, limit: int = 3) -> None:
        self._limit = limit
        self._in_a_row: Counter[str] = Counter()
        self._lock = Lock()

    def is_open(self, host: str) -> bool:
        """Return whether the last `limit` calls of the host all went without an answer."""
        with self._lock:
            return self._in_a_row[host] >= self._limit

    def failed(self, host: str) -> None:
        """Remember a call without an answer."""
        with self._lock:
            self._in_a_row[host] += 1

    def answered(self, host: str) -> None:
        """Remember that something came back."""
        with self._lock:
            self._in_a_row[host] = 0
