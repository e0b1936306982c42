"""Findings to findings with verdicts: plan, ask, tell.

The verify stage as the pipeline sees it. In: findings. Out: the same findings in the same order,
each with the verdict on it. Several ids are asked about at a time, one call of each in flight.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Final, Protocol

from leakscan.model import Finding
from leakscan.verify.base import Question, Result
from leakscan.verify.effect import with_verdict
from leakscan.verify.endpoints import Where
from leakscan.verify.plan import Plan, Policy, make_plan
from leakscan.verify.said import Said

MAX_THREADS: Final = 32
"""Ids at a time; most of them wait, for an answer or for their next call."""


class Asks(Protocol):
    """Asks about one id; from several threads."""

    calls: int

    def ask(self, question: Question) -> Result:
        """Return what came of a question."""
        ...


class Verifier:
    """Verifies findings. `told` hears how many ids of how many are done."""

    def __init__(
        self,
        policy: Policy,
        where: Where,
        make_asker: Callable[[], Asks],
        told: Callable[[int, int], None] = lambda done, total: None,
        before: Callable[[Question], None] = lambda question: None,
    ) -> None:
        self._policy = policy
        self._where = where
        self._make_asker = make_asker
        self._told = told
        self._before = before
        self.calls = 0

    def plan(self, findings: Sequence[Finding]) -> Plan:
        """Return what would be asked about findings; nothing is."""
        return make_plan(findings, self._policy, self._where)

    def verify(self, findings: Sequence[Finding]) -> list[Finding]:
        """Return the findings with their verdicts; `before` hears of each id before it is asked."""
        plan = self.plan(findings)
        said = Said(findings, plan)
        for question, result in self._ask(plan.questions):
            said.add(question, result)
        return [
            with_verdict(finding, said.verdict(finding.credential.fingerprint))
            for finding in findings
        ]

    def _ask(self, questions: Sequence[Question]) -> Iterator[tuple[Question, Result]]:
        if not questions:
            return
        asker = self._make_asker()
        threads = ThreadPoolExecutor(min(MAX_THREADS, len(questions)))
        try:
            asked = {threads.submit(self._one, asker, one): one for one in questions}
            for done, future in enumerate(as_completed(asked), 1):
                yield asked[future], future.result()
                self._told(done, len(questions))
        finally:
            # Not waited for: after Ctrl-C nobody wants to hear of those that are under way.
            threads.shutdown(wait=False, cancel_futures=True)
            self.calls += asker.calls

    def _one(self, asker: Asks, question: Question) -> Result:
        self._before(question)
        return asker.ask(question)
