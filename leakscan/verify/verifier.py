"""Findings to findings with verdicts: plan, ask, tell.

The verify stage as the pipeline sees it. In: findings. Out: the same findings in the same order,
each with the verdict on it. Several ids are asked about at a time, one call of each in flight.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Final, Protocol

from leakscan.model import Finding
from leakscan.verdict import NotAsked, VerdictState
from leakscan.verify.base import Question, Result
from leakscan.verify.endpoints import Where
from leakscan.verify.plan import Plan, Policy, make_plan
from leakscan.verify.said import Said

MAX_THREADS: Final = 128
"""Ids at a time; nearly all of them wait, for an answer or for the pause after a mismatch."""

_TOLD_UNASKED: Final = (
    VerdictState.LIVE,
    VerdictState.UNKNOWN,
    VerdictState.FOREIGN_ACCOUNT,
    VerdictState.TOKEN_MISSING,
)


class Asks(Protocol):
    """Asks about one id; from several threads."""

    calls: int

    def ask(self, question: Question) -> Result:
        """Return what came of a question."""
        ...


class Verifier:
    """Verifies findings. `told` hears how many ids of how many are done.

    `calls` counts what was sent, `live` names the ids that AWS accepted, both also after an error.
    """

    def __init__(
        self,
        policy: Policy,
        where: Where,
        make_asker: Callable[[], Asks],
        told: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        self._policy = policy
        self._where = where
        self._make_asker = make_asker
        self._told = told
        self.calls = 0
        self.live: list[str] = []

    def plan(self, findings: Sequence[Finding], beside: Sequence[Finding] = ()) -> Plan:
        """Return what would be asked about findings; nothing is. `beside` lend their parts."""
        return make_plan(findings, self._policy, self._where, beside)

    def verify(
        self,
        findings: Sequence[Finding],
        beside: Sequence[Finding] = (),
        plan: Plan | None = None,
    ) -> list[Finding]:
        """Return the findings with their verdicts, then what of `beside` is live or not settled.

        `plan` is what `plan` returned for the same findings, if that was called already.
        """
        plan = plan or self.plan(findings, beside)
        said = Said([*findings, *beside], plan)
        for question, result in self._ask(plan.questions):
            said.add(question, result)
        others = [said.told(one) for one in beside]
        return [*map(said.told, findings), *filter(_matters, others)]

    def _ask(self, questions: Sequence[Question]) -> Iterator[tuple[Question, Result]]:
        if not questions:
            return
        asker = self._make_asker()
        threads = ThreadPoolExecutor(min(MAX_THREADS, len(questions)))
        try:
            asked = {threads.submit(asker.ask, one): one for one in questions}
            for done, future in enumerate(as_completed(asked), 1):
                question, result = asked[future], future.result()
                if any(one.state is VerdictState.LIVE for _, one in result.tried):
                    self.live.append(question.access_key_id)
                yield question, result
                self._told(done, len(questions))
        finally:
            # Not waited for: after Ctrl-C nobody wants to hear of those that are under way.
            threads.shutdown(wait=False, cancel_futures=True)
            self.calls += asker.calls


def _matters(finding: Finding) -> bool:
    """Say whether a finding that nobody asked for has to be told of all the same."""
    verdict = finding.verdict
    return verdict.state in _TOLD_UNASKED or verdict.why in (NotAsked.LIMIT, NotAsked.UNTRIED)
