"""How often, how long after a failure, and whether at all a host is asked."""

from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, pairwise

from hypothesis import given
from hypothesis import strategies as st

from leakscan.verify.throttle import Breaker, RateLimit, backoff_s


class Time:
    """A clock that moves when somebody waits; `late_s` is what the waits take too long in turn."""

    def __init__(self, *late_s: float) -> None:
        self.now = 1000.0
        self.late_s = cycle(late_s or (0.0,))

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds + next(self.late_s)


def test_the_first_call_does_not_wait() -> None:
    time = Time()
    RateLimit(0.001, time, time.wait).acquire()
    assert time.now == 1000.0


def test_calls_are_evenly_spaced_from_the_first_on() -> None:
    time = Time()
    limit = RateLimit(5, time, time.wait)
    times = []
    for _ in range(11):
        limit.acquire()
        times.append(round(time.now - 1000, 6))
    assert times == [round(number * 0.2, 6) for number in range(11)]


def test_idle_time_is_not_saved_up() -> None:
    time = Time()
    limit = RateLimit(5, time, time.wait)
    limit.acquire()
    time.now += 60
    limit.acquire()
    assert time.now == 1060.0
    limit.acquire()
    assert time.now == 1060.2


def test_who_wakes_late_moves_all_who_come_after() -> None:
    time = Time(0.15, 0.0)
    limit = RateLimit(5, time, time.wait)
    times = []
    for _ in range(4):
        limit.acquire()
        times.append(time.now)
    assert min(b - a for a, b in pairwise(times)) > 0.2 - 1e-6


@given(
    rate=st.integers(1, 50),
    idle=st.lists(st.floats(0, 2), min_size=2, max_size=120),
    late=st.lists(st.floats(0, 0.5), min_size=1, max_size=5),
)
def test_no_second_holds_more_calls_than_the_rate(
    rate: int, idle: list[float], late: list[float]
) -> None:
    time = Time(*late)
    limit = RateLimit(rate, time, time.wait)
    times = []
    for pause in idle:
        time.now += pause
        limit.acquire()
        times.append(time.now)
    for first in times:
        assert sum(first <= at < first + 1 - 1e-6 for at in times) <= rate


def test_threads_share_one_limit() -> None:
    time = Time()
    limit = RateLimit(10, time, time.wait)

    def call(_: int) -> None:
        limit.acquire()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(call, range(101)))
    assert round(time.now - 1000, 6) == 10.0


@given(attempt=st.integers(0, 10_000), drawn=st.floats(0, 1, exclude_max=True))
def test_backoff_stays_below_a_bound_that_doubles_up_to_the_cap(attempt: int, drawn: float) -> None:
    seconds = backoff_s(attempt, lambda: drawn)
    assert 0 <= seconds <= min(20.0, 2.0 ** min(attempt, 10))
    assert seconds == backoff_s(attempt, lambda: 1.0) * drawn


def test_the_bounds_of_backoff_double() -> None:
    assert [backoff_s(attempt, lambda: 1.0) for attempt in range(7)] == [1, 2, 4, 8, 16, 20, 20]


def test_a_host_is_given_up_after_three_calls_in_a_row_without_an_answer() -> None:
    breaker = Breaker(3)
    for _ in range(2):
        breaker.failed("a")
    assert not breaker.is_open("a")
    breaker.failed("a")
    assert breaker.is_open("a")
    assert not breaker.is_open("b")


def test_an_answer_begins_the_count_anew() -> None:
    breaker = Breaker(3)
    for _ in range(2):
        breaker.failed("a")
    breaker.answered("a")
    for _ in range(2):
        breaker.failed("a")
    assert not breaker.is_open("a")


def test_an_answer_on_its_way_shows_that_a_host_is_there() -> None:
    breaker = Breaker(1)
    breaker.failed("a")
    assert breaker.is_open("a")
    breaker.answered("a")
    assert not breaker.is_open("a")
