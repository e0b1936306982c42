"""Who is asked, of whom, and with what: decided offline, before any call.

Part of the verify stage. In: findings, and whose keys may be asked about. Out: a `Question` for
each id that is to be asked about, and a verdict for every finding that is not. Canaries are never
asked about, and keys of accounts that nobody named only if the user says so.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from leakscan import aws
from leakscan.model import Finding, Fingerprint, Status
from leakscan.record import Record
from leakscan.verdict import Cause, NotAsked, Verdict, VerdictState
from leakscan.verify.base import Question
from leakscan.verify.candidates import Candidates, by_content
from leakscan.verify.endpoints import Where, endpoints, left_out

_TESTED: Final = ("AKIA", "ASIA")
_ID_ALONE: Final = Verdict(
    VerdictState.NOT_CHECKED,
    "Its secret is not known, and an id alone opens nothing. Not asked.",
    why=NotAsked.ID_ALONE,
)


class Policy(Record, frozen=True):
    """Whose keys may be asked about, and how many.

    Canary accounts of the user add to those that are known. Beyond `most` ids nothing is asked.
    """

    owned_accounts: frozenset[str] = frozenset()
    canary_accounts: frozenset[str] = frozenset()
    any_account: bool = False
    most: int = 2000


class Plan(Record, frozen=True):
    """What will be asked, and what was decided without asking; each finding is in one of them."""

    questions: tuple[Question, ...]
    decided: dict[Fingerprint, Verdict]


def make_plan(
    findings: Sequence[Finding], policy: Policy, where: Where, beside: Sequence[Finding] = ()
) -> Plan:
    """Return what to ask about findings, in their order.

    `beside` are findings of the same repository that lend their parts. They are asked about only
    where that tells something of the others: where they have the same id, or are a lone id beside
    a secret of theirs.
    """
    everything = [*findings, *beside]
    by_id: dict[str, list[Finding]] = defaultdict(list)
    for finding in everything:
        by_id[finding.credential.identity.access_key_id or ""].append(finding)
    decided = {one.credential.fingerprint: _lone(one) for one in by_id.pop("", [])}
    candidates = Candidates(everything)
    wanted = _wanted(findings, beside)
    questions: list[Question] = []
    for key_id, own in by_id.items():
        verdict = _not_wanted(key_id, wanted) or _offline(key_id, own, candidates, policy)
        if verdict is None and len(questions) >= policy.most and candidates.has_any(key_id, own):
            text = f"Beyond the number of keys to ask about, {policy.most}. Not asked."
            verdict = _not_checked(NotAsked.LIMIT, text)
        if verdict is None:
            question = _question(key_id, own, candidates, where)
            verdict = _unanswerable(question, own)
            if verdict is None:
                questions.append(question)
                continue
        decided.update({one.credential.fingerprint: verdict for one in own})
    return Plan(tuple(questions), decided)


def _wanted(findings: Sequence[Finding], beside: Sequence[Finding]) -> set[str]:
    """Return the ids that tell something of some findings."""
    ids = {one.credential.identity.access_key_id for one in findings}
    if not beside:
        return {key_id for key_id in ids if key_id is not None}
    holding = [one for one in findings if _holds_secret(one)]
    contents = by_content(holding).keys()
    paired = {
        one.credential.identity.access_key_id for one in (*findings, *beside) if _holds_secret(one)
    }
    for content, others in by_content(beside).items():
        if content in contents:
            ids |= {one.credential.identity.access_key_id for _, one in others} - paired
    return {key_id for key_id in ids if key_id is not None}


def _not_wanted(key_id: str, wanted: set[str]) -> Verdict | None:
    return None if key_id in wanted else _not_checked(NotAsked.NOT_WANTED, "Not asked.")


def _holds_secret(finding: Finding) -> bool:
    identity = finding.credential.identity
    return identity.secret is not None or identity.session_token is not None


def _offline(
    key_id: str, own: Sequence[Finding], candidates: Candidates, policy: Policy
) -> Verdict | None:
    """Return the verdict on an id that is not to be asked about, None if it is."""
    account = aws.account_id(key_id)
    if aws.is_canary(account) or account in policy.canary_accounts:
        text = f"Account {account} has canary keys: using one tells its owner. Not asked."
        return Verdict(VerdictState.CANARY, text)
    if not key_id.startswith(_TESTED):
        text = "It is the name of a credential that STS does not know. Not asked."
        return _not_checked(NotAsked.NOT_STS, text)
    if aws.known_fake_id(key_id):
        return _not_checked(NotAsked.SAMPLE, "It is a published sample id. Not asked.")
    if own[0].status is Status.KNOWN and candidates.are_known(key_id, own):
        return _not_checked(NotAsked.KNOWN, "It is not new in this range. Not asked.")
    if policy.any_account or account in policy.owned_accounts:
        return None
    if not candidates.has_any(key_id, own):
        return _ID_ALONE
    return _foreign(key_id, account)


def _foreign(key_id: str, account: str | None) -> Verdict:
    if account is not None:
        text = f"Account {account} is not among those to ask about. Not asked."
        return Verdict(VerdictState.FOREIGN_ACCOUNT, text)
    if aws.generation(key_id) == "old":
        text = "Its id is of the older form, which does not tell its account: it may be yours."
        text += " --any-account asks about it. Not asked."
    else:
        text = "AWS builds no such id, so no account can be read from it. Not asked."
    return Verdict(VerdictState.FOREIGN_ACCOUNT, text, why=NotAsked.ACCOUNT_NOT_KNOWN)


def _not_checked(why: NotAsked, text: str) -> Verdict:
    return Verdict(VerdictState.NOT_CHECKED, text, why=why)


def _lone(finding: Finding) -> Verdict:
    """Return the verdict on a part without an id, until it turns out to belong to one."""
    what = "secret" if finding.credential.identity.secret is not None else "token"
    text = f"The id of this {what} is not known: AWS cannot be asked."
    return _not_checked(NotAsked.NO_ID, text)


def _question(
    key_id: str, own: Sequence[Finding], candidates: Candidates, where: Where
) -> Question:
    """Return what to ask about an id; without candidates if there is nothing to ask with."""
    tries = candidates.of(key_id, own)
    regions = tuple(dict.fromkeys(region for one in own for region in one.credential.regions))
    token = tries.keys[0].token if tries.keys else None
    return Question(
        key_id,
        tries.keys,
        endpoints(regions, token, where),
        tries.untried,
        left_out(regions, token, where),
    )


def _unanswerable(question: Question, own: Sequence[Finding]) -> Verdict | None:
    """Return the verdict where there is nothing to ask with, or nobody to ask."""
    if question.candidates and not question.endpoints:
        text = f"Partition {', '.join(question.left_out)} cannot be asked this way. Not asked."
        return Verdict(VerdictState.UNKNOWN, text, Cause.PARTITION)
    if question.candidates:
        return None
    if any(one.credential.identity.secret is not None for one in own):
        text = "Temporary keys work with their session token alone, which is not known. Not asked."
        return Verdict(VerdictState.TOKEN_MISSING, text)
    if question.untried:
        text = "It stands in more places than are looked at for its secret. Not asked."
        return _not_checked(NotAsked.UNTRIED, text)
    return _ID_ALONE
