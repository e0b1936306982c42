"""What a verdict changes about a finding."""

import pytest

from leakscan.model import Level
from leakscan.verdict import NOT_CHECKED, Holder, Verdict, VerdictState
from leakscan.verify.effect import with_verdict
from tests.verify.builder import akia, finding, secret


@pytest.mark.parametrize("state", VerdictState)
@pytest.mark.parametrize("before", Level)
def test_only_a_no_lowers_and_only_a_yes_raises(state: VerdictState, before: Level) -> None:
    found = finding("a", akia("a"), secret("a"), severity=before)
    after = with_verdict(found, Verdict(state)).credential.severity
    if after.rank < before.rank:
        assert state in (VerdictState.NOT_ACCEPTED, VerdictState.EXPIRED, VerdictState.CANARY)
    if after.rank > before.rank:
        assert state is VerdictState.LIVE


@pytest.mark.parametrize("before", Level)
def test_a_live_key_is_high_and_certain(before: Level) -> None:
    found = finding("a", akia("a"), secret("a"), severity=before, confidence=Level.LOW)
    after = with_verdict(found, Verdict(VerdictState.LIVE, holder=Holder.USER)).credential
    assert after.severity.rank >= Level.HIGH.rank
    assert after.confidence is Level.HIGH
    assert after.reasons[-1].effect > 0


def test_a_root_key_is_critical() -> None:
    found = finding("a", akia("a"), secret("a"), severity=Level.LOW)
    after = with_verdict(found, Verdict(VerdictState.LIVE, holder=Holder.ROOT)).credential
    assert after.severity is Level.CRITICAL
    assert "root" in after.reasons[-1].text


def test_a_key_that_is_not_accepted_is_not_harmless() -> None:
    found = finding("a", akia("a"), secret("a"), severity=Level.HIGH)
    after = with_verdict(found, Verdict(VerdictState.NOT_ACCEPTED)).credential
    assert after.severity is Level.MEDIUM
    assert after.reasons[-1].name == "not-accepted"


@pytest.mark.parametrize(
    "state",
    [VerdictState.UNKNOWN, VerdictState.WRONG_SECRET, VerdictState.TOKEN_MISSING,
     VerdictState.FOREIGN_ACCOUNT],
)  # fmt: skip
def test_doubt_changes_nothing(state: VerdictState) -> None:
    found = finding("a", akia("a"), secret("a"))
    assert with_verdict(found, Verdict(state)).credential == found.credential


def test_nobody_asked_nothing_changed() -> None:
    found = finding("a", akia("a"), secret("a"))
    assert with_verdict(found, NOT_CHECKED) == found
