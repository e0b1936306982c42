"""What the answers about an id say of each finding that has a part of it.

Part of the verify stage. In: findings, the plan, and the results of its questions. Out: one verdict
for each finding; none is lost.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from leakscan.model import Finding, Fingerprint
from leakscan.verdict import NotAsked, Verdict, VerdictState
from leakscan.verify.base import Keys, Question, Result
from leakscan.verify.candidates import MAX_CANDIDATES
from leakscan.verify.plan import Plan

_TELLING: Final = (
    VerdictState.LIVE,
    VerdictState.WRONG_SECRET,
    VerdictState.EXPIRED,
    VerdictState.UNKNOWN,
    VerdictState.NOT_ACCEPTED,
)
"""What says most about an id comes first."""


class Said:
    """Collects verdicts, from those of the plan on."""

    def __init__(self, findings: Sequence[Finding], plan: Plan) -> None:
        self._verdicts = dict(plan.decided)
        self._of_id: dict[str, list[Finding]] = defaultdict(list)
        for finding in findings:
            self._of_id[finding.credential.identity.access_key_id or ""].append(finding)
        self._lone = {one.credential.fingerprint for one in self._of_id[""]}

    def verdict(self, fingerprint: Fingerprint) -> Verdict:
        """Return the verdict on a finding."""
        return self._verdicts[fingerprint]

    def add(self, question: Question, result: Result) -> None:
        """Hear what came of a question."""
        parts = {
            part: verdict
            for keys, verdict in result.tried
            if _is_live(verdict)
            for part in (keys.fingerprint, *keys.borrowed)
        }
        for finding in self._of_id[question.access_key_id]:
            fingerprint = finding.credential.fingerprint
            said = parts.get(fingerprint)
            self._verdicts[fingerprint] = said or _of(finding, question, result)
        # A part that was paired with another id keeps the verdict on that pair.
        self._verdicts |= {part: said for part, said in parts.items() if part in self._lone}


def _of(finding: Finding, question: Question, result: Result) -> Verdict:
    """Return the verdict on a finding of an id that is no part of what AWS accepted."""
    fingerprint = finding.credential.fingerprint
    if finding.credential.identity.secret is None:
        return _of_the_id(question, result)
    tried = [pair for pair in result.tried if pair[0].fingerprint == fingerprint]
    own = [verdict for keys, verdict in tried if not keys.borrowed]
    if own:
        return min(own, key=_rank)
    if any(_is_live(verdict) for _, verdict in result.tried):
        text = "AWS accepted another secret of this id, and an id has one. This was not asked."
        return Verdict(VerdictState.WRONG_SECRET, text)
    if tried:
        return _without_its_token(tried)
    return _untried(question, result)


def _of_the_id(question: Question, result: Result) -> Verdict:
    """Return what was said of the id itself, whichever secret was tried with it."""
    verdict = min((verdict for _, verdict in result.tried), key=_rank)
    if question.untried and not _is_live(verdict):
        more = f"{len(question.untried)} more secrets beside it were not tried."
        verdict = replace(verdict, text=f"{verdict.text} {more}")
    return verdict


def _without_its_token(tried: Sequence[tuple[Keys, Verdict]]) -> Verdict:
    """Return the verdict where the tokens that stand beside it were tried and did not help."""
    doubts = [verdict for _, verdict in tried if verdict.state is VerdictState.UNKNOWN]
    if doubts:
        return doubts[0]
    last = tried[-1][1]
    text = "Its session token is not known; with those that stand beside it AWS did not accept it."
    return replace(last, state=VerdictState.TOKEN_MISSING, text=text)


def _untried(question: Question, result: Result) -> Verdict:
    last = result.tried[-1][1]
    if last.state is VerdictState.NOT_ACCEPTED and not question.access_key_id.startswith("ASIA"):
        return last  # The id itself is not accepted, whatever its secret.
    text = f"Of the secrets of one id the best {MAX_CANDIDATES} are tried; it is not among them."
    return Verdict(VerdictState.NOT_CHECKED, text, why=NotAsked.UNTRIED)


def _rank(verdict: Verdict) -> int:
    return _TELLING.index(verdict.state) if verdict.state in _TELLING else len(_TELLING)


def _is_live(verdict: Verdict) -> bool:
    return verdict.state is VerdictState.LIVE
