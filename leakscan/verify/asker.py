"""Asks about one id: its candidates one after the other, in one partition after the other.

Part of the verify stage. In: a `Question`. Out: a `Result`. A yes ends it; a no counts only when
every partition in question has said it; whatever hinders a call makes the verdict `unknown`.

Source: trufflesecurity/trufflehog, pkg/detectors/aws: two calls of one id within 5 seconds can make
the second fail with SignatureDoesNotMatch even if it is right. So one call of an id is in flight at
a time, candidates are 5 seconds apart, and a mismatch is asked again once.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import groupby
from threading import Lock
from typing import Final

from msgspec.structs import replace

from leakscan.record import Record
from leakscan.verdict import Cause, Verdict, VerdictState
from leakscan.verify.answers import is_clock, judge
from leakscan.verify.base import Answer, CallsSts, Endpoint, Keys, Memory, Question, Result
from leakscan.verify.candidates import TEMPORARY
from leakscan.verify.throttle import Breaker, RateLimit, backoff_s

SETTLE_S: Final = 5.0
"""At least, between two calls of one id with different secrets; see the source above. A random time
of up to as much again is added, for several runs that look at one key may have begun together."""
_HUNG_S: Final = 1.0
"""A call without an answer that took so long may still be under way."""
_RETRIES: Final[dict[Cause, int]] = {Cause.THROTTLED: 3, Cause.SERVER: 2, Cause.UNREACHABLE: 1}
_ELSEWHERE: Final = frozenset({Cause.REGION, Cause.UNREACHABLE})
"""Causes for which another region of the same partition is asked."""


class Tools(Record, frozen=True):
    """What asking needs of the world; tests bring their own.

    `clock` gives aware times, `wait` seconds, `random` numbers from 0 to 1.
    """

    sts: CallsSts
    limit: RateLimit
    breaker: Breaker
    memory: Memory
    clock: Callable[[], datetime]
    wait: Callable[[float], None]
    random: Callable[[], float]


class Asker:
    """Asks, from as many threads as there are; `calls` counts what was sent."""

    def __init__(self, tools: Tools) -> None:
        self.calls = 0
        self._tools = tools
        self._offset = timedelta()
        self._lock = Lock()

    def ask(self, question: Question) -> Result:
        """Return what came of a question."""
        return Result(question.access_key_id, tuple(self._candidates(question)))

    def _candidates(self, question: Question) -> Iterator[tuple[Keys, Verdict]]:
        asked_before = False
        for keys in question.candidates:
            verdict = self._remembered(question, keys)
            if verdict is None:
                if asked_before:
                    self._settle()
                asked_before = True
                verdict = self._settled(question, keys)
                if not keys.borrowed:
                    self._tools.memory.keep(keys.fingerprint, question.places, verdict)
            yield keys, verdict
            if decides(question, keys, verdict):
                return

    def _remembered(self, question: Question, keys: Keys) -> Verdict | None:
        if keys.borrowed:  # Their finding alone does not say which credential was asked about.
            return None
        return self._tools.memory.find(keys.fingerprint, question.places)

    def _settled(self, question: Question, keys: Keys) -> Verdict:
        """Return the verdict on one candidate; a mismatch only after a second look."""
        verdict = self._everywhere(question, keys)
        if verdict.state is VerdictState.WRONG_SECRET:
            self._settle()
            verdict = self._everywhere(question, keys)
        return verdict

    def _settle(self) -> None:
        self._tools.wait(SETTLE_S * (1 + self._tools.random()))

    def _everywhere(self, question: Question, keys: Keys) -> Verdict:
        """Ask one partition after the other, until one of them knows the id."""
        said: list[Verdict] = []
        for _, group in groupby(question.endpoints, key=lambda endpoint: endpoint.partition):
            verdict = self._in_partition(question.access_key_id, keys, list(group))
            said.append(verdict)
            if verdict.state not in (VerdictState.NOT_ACCEPTED, VerdictState.UNKNOWN):
                break
        asked = tuple(dict.fromkeys(host for verdict in said for host in verdict.asked))
        verdict = replace(_weakest(said), asked=asked)
        if verdict.state is VerdictState.NOT_ACCEPTED and question.left_out:
            return _half_asked(verdict, question)
        return verdict

    def _in_partition(self, key_id: str, keys: Keys, endpoints: list[Endpoint]) -> Verdict:
        """Ask the regions of one partition until one of them gives an answer."""
        asked: list[str] = []
        for endpoint in endpoints:
            verdict = self._retried(key_id, keys, endpoint)
            asked += verdict.asked
            if verdict.cause not in _ELSEWHERE:
                break
        return replace(verdict, asked=tuple(asked))

    def _retried(self, key_id: str, keys: Keys, endpoint: Endpoint) -> Verdict:
        """Ask one endpoint, again where that may help."""
        retries = 0
        while True:
            if self._tools.breaker.is_open(endpoint.host):
                return _given_up(endpoint)
            began = self._tools.clock()
            verdict = self._once(key_id, keys, endpoint)
            if verdict.cause is None or retries >= _RETRIES.get(verdict.cause, 0):
                return verdict
            took_s = (self._tools.clock() - began).total_seconds()
            if verdict.cause is Cause.UNREACHABLE and took_s >= _HUNG_S:
                self._settle()
            self._tools.wait(backoff_s(retries, self._tools.random))
            retries += 1

    def _once(self, key_id: str, keys: Keys, endpoint: Endpoint) -> Verdict:
        """Ask once; if our clock is off, by the server's clock once more."""
        answer, at = self._call(key_id, keys, endpoint)
        if is_clock(answer) and answer.date is not None:
            self._offset = answer.date - self._tools.clock()
            answer, at = self._call(key_id, keys, endpoint)
        return judge(answer, key_id, endpoint, at)

    def _call(self, key_id: str, keys: Keys, endpoint: Endpoint) -> tuple[Answer, datetime]:
        self._tools.limit.acquire()
        at = self._tools.clock() + self._offset
        with self._lock:
            self.calls += 1
        answer = self._tools.sts.ask(key_id, keys, endpoint, at)
        if answer.failed_as is Cause.UNREACHABLE:
            self._tools.breaker.failed(endpoint.host)
        else:
            self._tools.breaker.answered(endpoint.host)
        return answer, at


def decides(question: Question, keys: Keys, verdict: Verdict) -> bool:
    """Say whether nothing is left to try: the secret was found, or the id itself is over.

    Of a temporary id a wrong token gets the same answer as an unknown id, and an old token that
    is not its own says nothing of it. Where AWS cannot be asked, the next secret waits in vain.
    """
    if verdict.state is VerdictState.LIVE:
        return True
    if verdict.state is VerdictState.UNKNOWN:
        return verdict.cause is not Cause.ANSWER
    if verdict.state is VerdictState.EXPIRED:
        return not keys.borrowed
    return verdict.state is VerdictState.NOT_ACCEPTED and not _is_temporary(question)


def _is_temporary(question: Question) -> bool:
    """Say whether a question is about a temporary id."""
    return question.access_key_id.startswith(TEMPORARY)


def _weakest(said: list[Verdict]) -> Verdict:
    """Return what several partitions amount to; a doubt in one of them is a doubt."""
    if said[-1].state not in (VerdictState.NOT_ACCEPTED, VerdictState.UNKNOWN):
        return said[-1]
    return next((one for one in said if one.state is VerdictState.UNKNOWN), said[-1])


def _half_asked(verdict: Verdict, question: Question) -> Verdict:
    """Return the doubt where a partition that may know the id could not be asked."""
    names = ", ".join(question.left_out)
    text = f"{verdict.text} Partition {names}, which it may be of, was not asked."
    return replace(verdict, state=VerdictState.UNKNOWN, cause=Cause.PARTITION, text=text)


def _given_up(endpoint: Endpoint) -> Verdict:
    text = f"{endpoint.host} did not answer several calls in a row, so it was not asked again."
    return Verdict(VerdictState.UNKNOWN, text, Cause.UNREACHABLE)
