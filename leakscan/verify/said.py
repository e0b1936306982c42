"""What the answers about an id say of each finding that has a part of it.

Part of the verify stage. In: findings, the plan, and the results of its questions. Out: one verdict
for each finding; none is lost. While something that stands beside an id was not tried, or its
answer decided nothing, no mismatch is the last word on that id.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from leakscan.model import Finding, Status
from leakscan.verdict import NotAsked, Verdict, VerdictState
from leakscan.verify.base import Keys, Question, Result
from leakscan.verify.candidates import MAX_CANDIDATES, TEMPORARY
from leakscan.verify.effect import with_verdict
from leakscan.verify.plan import Plan

_TELLING: Final = (
    VerdictState.LIVE,
    VerdictState.UNKNOWN,
    VerdictState.WRONG_SECRET,
    VerdictState.EXPIRED,
    VerdictState.NOT_ACCEPTED,
)
"""What says most about an id comes first."""
Tried = Sequence[tuple[Keys, Verdict]]


class Said:
    """Collects verdicts, from those of the plan on."""

    def __init__(self, findings: Sequence[Finding], plan: Plan) -> None:
        self._verdicts = dict(plan.decided)
        self._of_id: dict[str, list[Finding]] = defaultdict(list)
        for finding in findings:
            self._of_id[finding.credential.identity.access_key_id or ""].append(finding)
        self._lone = {one.credential.fingerprint for one in self._of_id[""]}
        self._new = {one.credential.fingerprint for one in findings if one.status is Status.NEW}
        self._made_new: set[str] = set()

    def told(self, finding: Finding) -> Finding:
        """Return a finding with its verdict.

        One that works with a part that is new is new itself: who accepted a bare id did not accept
        the secret that turns up later.
        """
        key_id = finding.credential.identity.access_key_id
        if key_id in self._made_new and finding.status is not Status.NEW:
            finding = replace(finding, status=Status.NEW, accepted=None)
        return with_verdict(finding, self._verdicts[finding.credential.fingerprint])

    def add(self, question: Question, result: Result) -> None:
        """Hear what came of a question."""
        key_id = question.access_key_id
        live = {
            part: verdict
            for keys, verdict in result.tried
            if verdict.state is VerdictState.LIVE
            for part in (keys.fingerprint, *keys.borrowed)
        }
        if live.keys() & self._new:
            self._made_new.add(key_id)
        for finding in self._of_id[key_id]:
            fingerprint = finding.credential.fingerprint
            self._verdicts[fingerprint] = live.get(fingerprint) or _of(finding, question, result)
        # A part that was paired with another id keeps the verdict on that pair.
        for part in self._lone & {name for keys, _ in result.tried for name in keys.borrowed}:
            self._verdicts[part] = live.get(part) or _not_its(key_id, self._verdicts[part])


def _not_its(key_id: str, before: Verdict) -> Verdict:
    """Return the verdict on a lone part that was tried with an id and did not fit."""
    if before.why is not NotAsked.NO_ID:
        return before
    return replace(before, text=f"Tried with {key_id} and others beside it, and fits none of them.")


def _of(finding: Finding, question: Question, result: Result) -> Verdict:
    """Return the verdict on a finding of an id that is no part of what AWS accepted."""
    tried, identity = result.tried, finding.credential.identity
    if identity.secret is None:
        return _of_the_id(question, tried)
    for keys, verdict in tried:
        if verdict.state is VerdictState.LIVE and keys.borrowed:
            text = f"{verdict.text} Its secret or token is not the one here, but one beside it."
            return replace(verdict, text=text)
    mine = [pair for pair in tried if pair[0].fingerprint == finding.credential.fingerprint]
    own = [verdict for keys, verdict in mine if not keys.borrowed]
    if own:
        return _unless_untried(min(own, key=_rank), question, tried)
    if any(verdict.state is VerdictState.LIVE for _, verdict in tried):
        text = "AWS accepted another secret of this id, and an id has one. This was not asked."
        return Verdict(VerdictState.WRONG_SECRET, text)
    if mine:
        return _without_its_token(mine)
    return _untried(question, tried)


def _of_the_id(question: Question, tried: Tried) -> Verdict:
    """Return what was said of the id itself, whichever secret was tried with it."""
    verdict = min((verdict for _, verdict in tried), key=_rank)
    is_guess = all(keys.borrowed for keys, _ in tried)
    if question.access_key_id.startswith(TEMPORARY) and is_guess:
        return verdict if verdict.state is VerdictState.LIVE else _without_its_token(tried)
    return _unless_untried(verdict, question, tried)


def _unless_untried(verdict: Verdict, question: Question, tried: Tried) -> Verdict:
    """Return a no, open where something beside the id may be the yes."""
    is_temporary = question.access_key_id.startswith(TEMPORARY)
    is_guess = verdict.state is VerdictState.WRONG_SECRET or (
        verdict.state is VerdictState.NOT_ACCEPTED and is_temporary
    )
    doubts = sum(one.state is VerdictState.UNKNOWN for _, one in tried)
    if not is_guess or not (question.untried or doubts):
        return verdict
    count = question.untried + doubts
    more = f"Parts beside it that were not tried, or got no answer that decides: {count}."
    return replace(verdict, text=f"{verdict.text} {more}", why=NotAsked.UNTRIED)


def _without_its_token(tried: Tried) -> Verdict:
    """Return the verdict where the tokens that stand beside it were tried and did not help."""
    doubts = [verdict for _, verdict in tried if verdict.state is VerdictState.UNKNOWN]
    if doubts:
        return doubts[0]
    last = tried[-1][1]
    text = "Its session token is not known; with those that stand beside it AWS did not accept it."
    return replace(last, state=VerdictState.TOKEN_MISSING, text=text)


def _untried(question: Question, tried: Tried) -> Verdict:
    last = tried[-1][1]
    ends = (VerdictState.EXPIRED, VerdictState.NOT_ACCEPTED)
    if last.state in ends[: 1 if question.access_key_id.startswith(TEMPORARY) else 2]:
        return last  # The id itself is over, whatever its secret.
    text = f"Of the secrets of one id the best {MAX_CANDIDATES} are tried; it is not among them."
    return Verdict(VerdictState.NOT_CHECKED, text, why=NotAsked.UNTRIED)


def _rank(verdict: Verdict) -> int:
    return _TELLING.index(verdict.state) if verdict.state in _TELLING else len(_TELLING)
