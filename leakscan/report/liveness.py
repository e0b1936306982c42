"""What a verdict means to a report: what is live, and what nobody could settle.

In: findings with their verdicts. Out: yes or no, and the verdict to show.
"""

from collections.abc import Iterable
from typing import Final

from leakscan import aws
from leakscan.model import Finding
from leakscan.verdict import NOT_CHECKED, NotAsked, Verdict, VerdictState

_UNSETTLED: Final = frozenset(
    (VerdictState.UNKNOWN, VerdictState.FOREIGN_ACCOUNT, VerdictState.TOKEN_MISSING)
)
_NOT_TRIED: Final = (NotAsked.LIMIT, NotAsked.UNTRIED)
"""What was left out may be the secret of an id that is live."""
NOBODY_ASKED: Final = Verdict(VerdictState.NOT_CHECKED, "Nobody asked AWS.")
"""The verdict where verification was not wanted."""


def known(finding: Finding) -> Verdict:
    """Return the verdict, with a sentence always; a canary is one though nobody verified."""
    if finding.verdict != NOT_CHECKED:
        return finding.verdict
    key_id = finding.credential.identity.access_key_id
    if not aws.is_tripwire(key_id, finding.verdict.state):
        return NOBODY_ASKED
    account = aws.account_id(key_id or "")
    text = f"Account {account} has canary keys: do not try the key, its owner is told."
    return Verdict(VerdictState.CANARY, text)


def is_live(finding: Finding) -> bool:
    """Say whether AWS accepted it."""
    return finding.verdict.state is VerdictState.LIVE


def is_open(finding: Finding) -> bool:
    """Say whether nobody knows whether it is live; an id alone opens nothing.

    Of an id that stands beside secrets a verdict says so, though it holds none itself.
    """
    verdict = known(finding)
    if verdict.why in _NOT_TRIED:
        return True
    state = verdict.state
    if state is VerdictState.NOT_CHECKED:
        identity = finding.credential.identity
        return identity.secret is not None or identity.session_token is not None
    return state in _UNSETTLED


def is_verified(findings: Iterable[Finding]) -> bool:
    """Say whether verification looked at any of them, if only to decide not to ask."""
    return any(finding.verdict != NOT_CHECKED for finding in findings)
