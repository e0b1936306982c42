"""Who is asked, of whom, and with what: decided offline, before any call.

Part of the verify stage. In: findings, and whose keys may be asked about. Out: a `Question` for
each id that is to be asked about, and a verdict for every finding that is not. Canaries are never
asked about, and keys of accounts that nobody named only if the user says so.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from leakscan import aws
from leakscan.model import Finding, Fingerprint, Status
from leakscan.record import Record
from leakscan.redact import Secret
from leakscan.verdict import Cause, Verdict, VerdictState
from leakscan.verify.base import Keys, Question
from leakscan.verify.endpoints import Where, endpoints, without_fips

MAX_CANDIDATES: Final = 5
"""Secrets that are tried with one id: more would be guessing, and each leaves a trace at AWS."""
_MAX_LOOKED_AT: Final = 200
_TESTED: Final = ("AKIA", "ASIA")
_ID_ALONE: Final = "Its secret is not known, and an id alone opens nothing. It was not asked."


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


def make_plan(findings: Sequence[Finding], policy: Policy, where: Where) -> Plan:
    """Return what to ask about findings, in the order of the findings."""
    by_id: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_id[finding.credential.identity.access_key_id or ""].append(finding)
    lone = by_id.pop("", [])
    decided = {one.credential.fingerprint: _lone(one) for one in lone}
    neighbours = _Neighbours(lone)
    questions: list[Question] = []
    for key_id, own in by_id.items():
        verdict = _offline(key_id, own, policy)
        if verdict is None:
            question = _question(key_id, own, neighbours, where)
            verdict = _unanswerable(question, own)
            if verdict is None and len(questions) < policy.most:
                questions.append(question)
                continue
            verdict = verdict or _not_checked(
                f"More than {policy.most} keys (--max-keys). Not asked."
            )
        decided.update({one.credential.fingerprint: verdict for one in own})
    return Plan(tuple(questions), decided)


def _offline(key_id: str, own: Sequence[Finding], policy: Policy) -> Verdict | None:
    """Return the verdict on an id that is not to be asked about, None if it is."""
    account = aws.account_id(key_id)
    if aws.is_canary(account) or account in policy.canary_accounts:
        text = f"Account {account} has canary keys: using one tells its owner. It was not asked."
        return Verdict(VerdictState.CANARY, text)
    if not key_id.startswith(_TESTED):
        return _not_checked("It is the name of a credential that STS cannot be asked about.")
    if aws.known_fake_id(key_id):
        return _not_checked("It is a published sample id. It was not asked.")
    if all(one.status is Status.KNOWN for one in own):
        return _not_checked("It is not new in this range. It was not asked.")
    if policy.any_account or account in policy.owned_accounts:
        return None
    if all(one.credential.identity.secret is None for one in own):
        return _not_checked(_ID_ALONE)
    return Verdict(VerdictState.FOREIGN_ACCOUNT, _why_foreign(key_id, account))


def _why_foreign(key_id: str, account: str | None) -> str:
    if account is not None:
        return f"Account {account} is not among those to ask about. It was not asked."
    if aws.generation(key_id) == "old":
        return "Ids of the older form do not hold their account. It was not asked."
    return "AWS builds no such id, so no account can be read from it. It was not asked."


def _not_checked(text: str) -> Verdict:
    return Verdict(VerdictState.NOT_CHECKED, text)


def _lone(finding: Finding) -> Verdict:
    """Return the verdict on a part without an id, until it turns out to belong to one."""
    what = "secret" if finding.credential.identity.secret is not None else "token"
    return _not_checked(f"The id of this {what} is not known: AWS cannot be asked.")


def _unanswerable(question: Question, own: Sequence[Finding]) -> Verdict | None:
    """Return the verdict where there is nothing to ask with, or nobody to ask."""
    if question.candidates and not question.endpoints:
        text = f"Partition {', '.join(question.left_out)} has no FIPS endpoint. It was not asked."
        return Verdict(VerdictState.UNKNOWN, text, Cause.PARTITION)
    if question.candidates:
        return None
    if any(one.credential.identity.secret is not None for one in own):
        text = "Temporary keys work with their session token alone, which is not known. Not asked."
        return Verdict(VerdictState.TOKEN_MISSING, text)
    return _not_checked(_ID_ALONE)


# -- candidates ---------------------------------------------------------------------------


class _Neighbours:
    """Lone parts by the contents they stand in."""

    def __init__(self, lone: Sequence[Finding]) -> None:
        self._by_content: dict[object, list[Finding]] = defaultdict(list)
        for finding in sorted(lone, key=_best_first):
            for content in _contents(finding):
                self._by_content[content].append(finding)

    def of(self, own: Sequence[Finding]) -> list[Finding]:
        """Return lone parts that stand in a content of these findings, the best first."""
        found: dict[Fingerprint, Finding] = {}
        for content in {content for one in own for content in _contents(one)}:
            for finding in islice(self._by_content.get(content, ()), _MAX_LOOKED_AT):
                found[finding.credential.fingerprint] = finding
        return sorted(found.values(), key=_best_first)


def _contents(finding: Finding) -> set[object]:
    """Return what names the contents of a finding: object ids, or names of git's own files."""
    return {one.object_id or (one.place, one.name, one.path) for one in finding.occurrences}


def _best_first(finding: Finding) -> tuple[int, int, bool, str]:
    credential = finding.credential
    points = sum(reason.effect for reason in credential.reasons)
    at_head = finding.exposure.at_head
    return -credential.confidence.rank, -points, not at_head, credential.fingerprint


def _question(
    key_id: str, own: Sequence[Finding], neighbours: _Neighbours, where: Where
) -> Question:
    """Return what to ask about an id; without candidates if there is nothing to ask with."""
    made = _distinct(_candidates(key_id, sorted(own, key=_best_first), neighbours.of(own)))
    tried, rest = made[:MAX_CANDIDATES], made[MAX_CANDIDATES:]
    holders = {keys.fingerprint for keys in tried}
    regions = tuple(dict.fromkeys(region for one in own for region in one.credential.regions))
    token = tried[0].token if tried else None
    return Question(
        key_id,
        tuple(tried),
        endpoints(regions, token, where),
        tuple(dict.fromkeys(k.fingerprint for k in rest if k.fingerprint not in holders)),
        without_fips(regions, token, where),
    )


def _distinct(candidates: Iterator[Keys]) -> list[Keys]:
    """Return what differs in its values, up to a limit."""
    made: dict[tuple[Secret, Secret | None], Keys] = {}
    for keys in islice(candidates, _MAX_LOOKED_AT):
        made.setdefault((keys.secret, keys.token), keys)
    return list(made.values())


def _candidates(
    key_id: str, own: Sequence[Finding], neighbours: Sequence[Finding]
) -> Iterator[Keys]:
    """Yield what can be tried: what was found as one, then what stands beside it."""
    temporary = key_id.startswith("ASIA")
    tokens = list(_tokens(own)) + list(_tokens(neighbours)) if temporary else []
    for borrowed, findings in ((False, own), (True, neighbours)):
        for finding in findings:
            credential = finding.credential
            secret, token = credential.identity.secret, credential.identity.session_token
            if secret is None:
                continue
            lent = (credential.fingerprint,) if borrowed else ()
            if not temporary or token is not None:
                yield Keys(credential.fingerprint, secret, token if temporary else None, lent)
                continue
            for lender, other in tokens:
                yield Keys(credential.fingerprint, secret, other, (*lent, lender))


def _tokens(findings: Sequence[Finding]) -> Iterator[tuple[Fingerprint, Secret]]:
    for finding in findings:
        token = finding.credential.identity.session_token
        if token is not None:
            yield finding.credential.fingerprint, token
