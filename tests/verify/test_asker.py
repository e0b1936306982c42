"""One id: candidates, partitions, retries, the clock."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from msgspec.structs import replace

from leakscan.model import Fingerprint
from leakscan.verdict import Cause, Verdict, VerdictState
from leakscan.verify.asker import SETTLE_S, Asker, Tools
from leakscan.verify.base import Answer, Endpoint, Keys, Question, Result
from leakscan.verify.throttle import Breaker, RateLimit
from tests.verify.builder import ACCOUNT, NOW, akia, asia, secret, token

EAST = Endpoint("aws", "us-east-1", "https://sts.us-east-1.amazonaws.com")
WEST = Endpoint("aws", "eu-west-2", "https://sts.eu-west-2.amazonaws.com")
CHINA = Endpoint("aws-cn", "cn-north-1", "https://sts.cn-north-1.amazonaws.com.cn")

LIVE = Answer(200, "", "", f"arn:aws:iam::{ACCOUNT}:user/a", ACCOUNT, "AIDAA")
NOT_ACCEPTED = Answer(403, "InvalidClientTokenId", "The security token ... is invalid.")
MISMATCH = Answer(
    403, "SignatureDoesNotMatch",
    "The request signature we calculated does not match the signature you provided.",
)  # fmt: skip
EXPIRED = Answer(403, "ExpiredToken", "The security token included in the request is expired")
THROTTLED = Answer(400, "Throttling", "Rate exceeded")
BROKEN = Answer(500, "InternalFailure", "")
SILENT = Answer(failure="No answer.", failed_as=Cause.UNREACHABLE)
DISABLED = Answer(403, "RegionDisabledException", "STS is not activated in this region")


def clock_off(server: datetime) -> Answer:
    text = "Signature expired: 20261122T120000Z is now earlier than 20261122T121000Z"
    return Answer(403, "SignatureDoesNotMatch", text, date=server)


Reply = Callable[[Keys, Endpoint, datetime], Answer]


class World:
    """A made-up STS with a clock that only waiting moves."""

    def __init__(self, reply: Reply | Sequence[Answer]) -> None:
        self.time = NOW
        self.random = 0.5
        self.waited: list[float] = []
        self.calls: list[tuple[Keys, Endpoint, datetime]] = []
        self.kept: dict[Fingerprint, Verdict] = {}
        self._reply = reply
        self.asker = Asker(
            Tools(
                self, RateLimit(1000, self._seconds, self._pass), Breaker(3), self,
                lambda: self.time, self._wait, lambda: self.random,
            )
        )  # fmt: skip

    def _seconds(self) -> float:
        return self.time.timestamp()

    def _pass(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)

    def _wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self._pass(seconds)

    def ask(self, access_key_id: str, keys: Keys, endpoint: Endpoint, at: datetime) -> Answer:
        self.calls.append((keys, endpoint, at))
        if callable(self._reply):
            return self._reply(keys, endpoint, at)
        return self._reply[min(len(self.calls), len(self._reply)) - 1]

    def find(self, fingerprint: Fingerprint, places: tuple[str, ...]) -> Verdict | None:
        return self.kept.get(fingerprint)

    def keep(self, fingerprint: Fingerprint, places: tuple[str, ...], verdict: Verdict) -> None:
        if verdict.state is not VerdictState.UNKNOWN:  # As `Kept` does.
            self.kept[fingerprint] = verdict

    def run(self, question: Question) -> Result:
        result = self.asker.ask(question)
        assert self.asker.calls == len(self.calls)
        return result

    def verdict(self, question: Question) -> Verdict:
        (pair,) = self.run(question).tried
        return pair[1]


def keys(name: str, *borrowed: str) -> Keys:
    return Keys(Fingerprint(name), secret(name), None, tuple(map(Fingerprint, borrowed)))


def question(*candidates: Keys, at: tuple[Endpoint, ...] = (EAST,), key: str = "") -> Question:
    return Question(key or akia("a"), candidates or (keys("a"),), at)


def test_a_yes_is_asked_once() -> None:
    world = World([LIVE])
    verdict = world.verdict(question())
    assert verdict.state is VerdictState.LIVE
    assert verdict.asked == (EAST.host,)
    assert len(world.calls) == 1
    assert world.waited == []


def test_a_no_is_asked_once_and_ends_the_candidates_of_a_long_term_id() -> None:
    world = World([NOT_ACCEPTED])
    result = world.run(question(keys("a"), keys("b")))
    assert [verdict.state for _, verdict in result.tried] == [VerdictState.NOT_ACCEPTED]
    assert len(world.calls) == 1


def test_a_no_does_not_end_the_candidates_of_a_temporary_id() -> None:
    world = World([NOT_ACCEPTED, LIVE])
    one = Keys(Fingerprint("a"), secret("a"), token("a"))
    other = Keys(Fingerprint("b"), secret("a"), token("b"))
    result = world.run(question(one, other, key=asia("a")))
    assert [v.state for _, v in result.tried] == [VerdictState.NOT_ACCEPTED, VerdictState.LIVE]


def test_a_mismatch_is_asked_twice_after_a_pause() -> None:
    world = World([MISMATCH])
    assert world.verdict(question()).state is VerdictState.WRONG_SECRET
    assert len(world.calls) == 2
    assert world.waited == [SETTLE_S * 1.5]


def test_a_mismatch_that_was_false_is_corrected() -> None:
    world = World([MISMATCH, LIVE])
    assert world.verdict(question()).state is VerdictState.LIVE


def test_a_mismatch_and_then_a_doubt_is_a_doubt() -> None:
    world = World([MISMATCH, THROTTLED])
    assert world.verdict(question()).cause is Cause.THROTTLED


def test_candidates_are_tried_until_one_is_right_with_a_pause_between() -> None:
    def reply(tried: Keys, endpoint: Endpoint, at: datetime) -> Answer:
        return LIVE if tried.fingerprint == "b" else MISMATCH

    world = World(reply)
    result = world.run(question(keys("a"), keys("b"), keys("c")))
    states = [verdict.state for _, verdict in result.tried]
    assert states == [VerdictState.WRONG_SECRET, VerdictState.LIVE]
    times = [at for _, _, at in world.calls]
    assert min(b - a for a, b in pairwise(times)) >= timedelta(seconds=5)


def test_a_partition_that_does_not_know_the_id_is_not_the_last_word() -> None:
    def reply(tried: Keys, endpoint: Endpoint, at: datetime) -> Answer:
        return LIVE if endpoint is EAST else NOT_ACCEPTED

    world = World(reply)
    verdict = world.verdict(question(at=(CHINA, EAST)))
    assert verdict.state is VerdictState.LIVE
    assert verdict.asked == (CHINA.host, EAST.host)


def test_a_no_counts_when_every_partition_said_it() -> None:
    verdict = World([NOT_ACCEPTED]).verdict(question(at=(CHINA, EAST)))
    assert verdict.state is VerdictState.NOT_ACCEPTED
    assert verdict.asked == (CHINA.host, EAST.host)


@pytest.mark.parametrize("silent", [CHINA, EAST])
def test_a_partition_that_says_nothing_makes_a_no_a_doubt(silent: Endpoint) -> None:
    def reply(tried: Keys, endpoint: Endpoint, at: datetime) -> Answer:
        return SILENT if endpoint is silent else NOT_ACCEPTED

    verdict = World(reply).verdict(question(at=(CHINA, EAST)))
    assert verdict.state is VerdictState.UNKNOWN
    assert verdict.cause is Cause.UNREACHABLE


def test_a_mismatch_in_a_partition_ends_the_search_for_the_partition() -> None:
    world = World([MISMATCH])
    world.run(question(at=(CHINA, EAST)))
    assert {endpoint for _, endpoint, _ in world.calls} == {CHINA}


@pytest.mark.parametrize("first", [DISABLED, SILENT])
def test_another_region_is_asked_where_the_first_cannot_answer(first: Answer) -> None:
    def reply(tried: Keys, endpoint: Endpoint, at: datetime) -> Answer:
        return first if endpoint is WEST else LIVE

    verdict = World(reply).verdict(question(at=(WEST, EAST)))
    assert verdict.state is VerdictState.LIVE
    assert verdict.asked == (WEST.host, EAST.host)


def test_another_region_is_not_asked_what_the_first_answered() -> None:
    world = World([EXPIRED])
    assert world.verdict(question(at=(WEST, EAST))).state is VerdictState.EXPIRED
    assert len(world.calls) == 1


@pytest.mark.parametrize("hindrance", [THROTTLED, BROKEN, SILENT])
def test_what_passes_is_waited_for(hindrance: Answer) -> None:
    world = World([hindrance, LIVE])
    assert world.verdict(question()).state is VerdictState.LIVE
    assert len(world.waited) == 1


@pytest.mark.parametrize(
    ("hindrance", "cause", "calls"),
    [(THROTTLED, Cause.THROTTLED, 4), (BROKEN, Cause.SERVER, 3), (SILENT, Cause.UNREACHABLE, 2)],
)
def test_what_stays_is_never_a_no(hindrance: Answer, cause: Cause, calls: int) -> None:
    world = World([hindrance])
    verdict = world.verdict(question())
    assert (verdict.state, verdict.cause) == (VerdictState.UNKNOWN, cause)
    assert len(world.calls) == calls


def test_nobody_who_never_answers_is_asked_for_ever() -> None:
    world = World([SILENT])
    for _ in range(10):
        assert world.verdict(question()).cause is Cause.UNREACHABLE
    assert len(world.calls) == 3


@pytest.mark.parametrize("minutes", [-20, 20])
def test_a_clock_that_is_off_is_set_once_from_the_answer(minutes: int) -> None:
    server = timedelta(minutes=minutes)

    def reply(tried: Keys, endpoint: Endpoint, at: datetime) -> Answer:
        off = abs(NOW + server - at)
        return clock_off(NOW + server) if off > timedelta(minutes=5) else LIVE

    world = World(reply)
    assert world.verdict(question()).state is VerdictState.LIVE
    assert len(world.calls) == 2
    world.run(question(keys("b")))
    assert len(world.calls) == 3, "the next call should know the time"


@pytest.mark.parametrize("date", [None, NOW - timedelta(days=9000)])
def test_a_clock_that_cannot_be_set_is_a_doubt(date: datetime | None) -> None:
    text = "Signature expired: 20261122T120000Z is now earlier than 20261122T121000Z"
    world = World([Answer(403, "SignatureDoesNotMatch", text, date=date)])
    verdict = world.verdict(question())
    assert (verdict.state, verdict.cause) == (VerdictState.UNKNOWN, Cause.CLOCK)
    assert len(world.calls) <= 2


def test_what_was_said_before_is_not_asked_again() -> None:
    world = World([LIVE])
    world.run(question())
    world.run(question())
    assert len(world.calls) == 1


def test_a_guess_is_neither_kept_nor_recalled() -> None:
    world = World([LIVE])
    world.run(question(keys("a", "a")))
    assert world.kept == {}
    world.run(question(keys("a", "a")))
    assert len(world.calls) == 2


@pytest.mark.parametrize("answer", [NOT_ACCEPTED, LIVE])
def test_a_no_without_a_partition_that_may_know_better_is_a_doubt(answer: Answer) -> None:
    asked = Question(akia("a"), (keys("a"),), (EAST,), left_out=("aws-cn",))
    verdict = World([answer]).verdict(asked)
    expected = Cause.PARTITION if answer is NOT_ACCEPTED else None
    assert verdict.cause is expected
    assert (verdict.state is VerdictState.UNKNOWN) == (answer is NOT_ACCEPTED)


def test_a_call_that_may_still_be_under_way_is_waited_for() -> None:
    """Else two calls of one id are under way, and the second can fail falsely."""

    def reply(tried: Keys, endpoint: Endpoint, at: datetime) -> Answer:
        if len(world.calls) > 1:
            return LIVE
        world.time += timedelta(seconds=10)
        return SILENT

    world = World(reply)
    assert world.verdict(question()).state is VerdictState.LIVE
    assert max(world.waited) >= SETTLE_S


def test_runs_that_began_together_do_not_meet_again() -> None:
    waits = set()
    for number in (0.0, 0.25, 1.0):
        world = World([MISMATCH])
        world.random = number
        world.run(question())
        waits |= set(world.waited)
    assert len(waits) == 3
    assert min(waits) >= SETTLE_S


def test_what_is_kept_is_kept_under_where_it_was_asked() -> None:
    south = Endpoint("aws", "me-south-1", EAST.url)
    asked = [question(at=(one,)) for one in (EAST, south, replace(EAST, partition="aws-cn"))]
    asked.append(replace(asked[0], left_out=("aws-cn",)))
    assert len({one.places for one in asked}) == len(asked)
    assert {one.hosts for one in asked} == {(EAST.host,)}


def test_an_expired_session_that_was_found_whole_is_the_last_word() -> None:
    whole = Keys(Fingerprint("a"), secret("a"), token("a"))
    guess = Keys(Fingerprint("a"), secret("a"), token("b"), (Fingerprint("t"),))
    world = World([EXPIRED])
    world.run(question(whole, guess, key=asia("a")))
    assert len(world.calls) == 1
    world = World([EXPIRED])
    world.run(question(guess, whole, key=asia("a")))
    assert len(world.calls) == 2


@pytest.mark.parametrize("hindrance", [THROTTLED, BROKEN, SILENT, DISABLED])
def test_where_aws_cannot_be_asked_the_next_secret_does_not_wait(hindrance: Answer) -> None:
    world = World([hindrance])
    result = world.run(question(keys("a"), keys("b"), keys("c")))
    assert [verdict.state for _, verdict in result.tried] == [VerdictState.UNKNOWN]
    assert max(world.waited, default=0) < SETTLE_S


def test_what_cannot_be_sent_does_not_hide_the_next_secret() -> None:
    world = World([Answer(failure="It holds what no key can hold.", failed_as=Cause.ANSWER), LIVE])
    result = world.run(question(keys("a"), keys("b")))
    assert result.tried[-1][1].state is VerdictState.LIVE
