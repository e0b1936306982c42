"""What is something to act on, what is complete, and the exit code that follows."""

import pytest
from msgspec.structs import replace

from leakscan.errors import ExitCode
from leakscan.model import Kind, Level, ScanResult, Skipped, SkipReason, Status
from leakscan.report.base import acts, certain, exit_code, is_complete, live_aside, unsettled
from leakscan.verdict import Cause, Holder, Verdict, VerdictState
from tests.report.builder import (
    OPTIONS,
    Identity,
    coverage,
    finding_canary,
    finding_in_history,
    finding_low,
    incomplete,
    judged,
    key_id,
    live,
    nothing_found,
    nothing_scanned,
    result,
    token,
    unknown,
    verdict,
)

FOUND = finding_in_history()
ON_LIVE = replace(OPTIONS, fail_on_live=True)
LIVE = live(Holder.USER, "iam::418892985061:user/x")
OPEN = {
    VerdictState.UNKNOWN,
    VerdictState.NOT_CHECKED,
    VerdictState.FOREIGN_ACCOUNT,
    VerdictState.TOKEN_MISSING,
}


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (nothing_found(), ExitCode.CLEAN),
        (result(FOUND), ExitCode.FINDINGS),
        (replace(incomplete(), findings=(FOUND,)), ExitCode.FINDINGS),
        (incomplete(), ExitCode.INCOMPLETE),
        (nothing_scanned(), ExitCode.INCOMPLETE),
        (result(finding_low()), ExitCode.CLEAN),
        (replace(incomplete(), findings=(finding_low(),)), ExitCode.INCOMPLETE),
        (result(replace(FOUND, status=Status.BASELINED)), ExitCode.CLEAN),
        (result(replace(FOUND, status=Status.ALLOWED)), ExitCode.CLEAN),
    ],
)
def test_exit_code(made: ScanResult, code: ExitCode) -> None:
    assert exit_code(made, OPTIONS) is code


@pytest.mark.parametrize("fail_on", Level)
@pytest.mark.parametrize("confidence", Level)
def test_acts_on_what_is_severe_and_certain_enough(fail_on: Level, confidence: Level) -> None:
    options = replace(OPTIONS, fail_on=fail_on, confidence=confidence)
    wanted = fail_on is not Level.CRITICAL and confidence is not Level.CRITICAL
    assert acts(FOUND, options) is wanted
    assert acts(replace(FOUND, status=Status.ALLOWED), options) is False


def test_an_empty_repository_is_scanned_if_its_other_contents_were_read() -> None:
    other = coverage(objects_expected=0, objects_scanned=0, by_kind={Kind.GIT_FILE: 2})
    assert exit_code(result(coverage=other), OPTIONS) is ExitCode.CLEAN


def test_counts_of_zero_are_not_a_scan() -> None:
    none = coverage(objects_expected=0, objects_scanned=0, by_kind={Kind.BLOB: 0})
    assert exit_code(result(coverage=none), OPTIONS) is ExitCode.INCOMPLETE


@pytest.mark.parametrize(
    "made",
    [
        result(skipped=(Skipped(Kind.BLOB, SkipReason.DAMAGED),)),
        result(coverage=coverage(objects_scanned=157984)),
        result(complete=False),
    ],
    ids=["skipped", "fewer objects", "its own word"],
)
def test_a_doubt_is_incompleteness(made: ScanResult) -> None:
    assert not is_complete(made)
    assert exit_code(made, OPTIONS) is ExitCode.INCOMPLETE


# -- liveness -----------------------------------------------------------------------------------


@pytest.mark.parametrize("state", VerdictState)
def test_only_what_is_live_acts_where_only_that_counts(state: VerdictState) -> None:
    found = judged("x", verdict(state))
    assert acts(found, OPTIONS)
    assert acts(found, ON_LIVE) is (state is VerdictState.LIVE)
    assert acts(replace(found, status=Status.BASELINED), ON_LIVE) is False


@pytest.mark.parametrize("state", VerdictState)
def test_what_could_not_be_settled_is_not_clean(state: VerdictState) -> None:
    found = judged("x", verdict(state))
    wanted = ExitCode.UNVERIFIED if state in OPEN else ExitCode.CLEAN
    if state is VerdictState.LIVE:
        wanted = ExitCode.FINDINGS
    assert unsettled(found, ON_LIVE) is (state in OPEN)
    assert exit_code(result(found), ON_LIVE) is wanted
    assert exit_code(result(found), OPTIONS) is ExitCode.FINDINGS


def test_what_is_live_counts_before_what_is_open_and_that_before_what_was_not_read() -> None:
    lost = judged("lost", unknown(Cause.THROTTLED))
    dead = judged("dead", verdict(VerdictState.NOT_ACCEPTED))
    part = incomplete()
    assert exit_code(replace(part, findings=(lost, judged("x", LIVE))), ON_LIVE) == 1
    assert exit_code(replace(part, findings=(dead, lost)), ON_LIVE) == 5
    assert exit_code(replace(part, findings=(dead,)), ON_LIVE) == 3
    assert exit_code(result(dead), ON_LIVE) == 0


@pytest.mark.parametrize("state", VerdictState)
def test_an_id_alone_is_open_where_its_verdict_says_more_than_that_nobody_asked(
    state: VerdictState,
) -> None:
    lone = judged("id", verdict(state), identity=Identity(key_id("id")))
    assert unsettled(lone, OPTIONS) is (state in OPEN - {VerdictState.NOT_CHECKED})


@pytest.mark.parametrize("found", [unknown(Cause.CLOCK), Verdict(VerdictState.NOT_CHECKED)])
def test_only_what_is_new_and_certain_has_to_be_settled(found: Verdict) -> None:
    lone_token = judged("token", found, identity=Identity(session_token=token("token")))
    assert unsettled(lone_token, OPTIONS)
    assert unsettled(judged("x", found), OPTIONS)
    assert not unsettled(judged("x", found, confidence=Level.LOW), OPTIONS)
    assert not unsettled(replace(judged("x", found), status=Status.ALLOWED), OPTIONS)


def test_a_canary_is_settled_though_nobody_asked() -> None:
    assert not unsettled(finding_canary(), OPTIONS)


@pytest.mark.parametrize("confidence", Level)
def test_what_is_live_is_certain_whatever_was_asked_for(confidence: Level) -> None:
    found = judged("x", LIVE, confidence=Level.LOW, severity=Level.LOW)
    options = replace(ON_LIVE, confidence=confidence)
    assert certain(found, options)
    assert acts(found, options)
    assert acts(found, replace(OPTIONS, confidence=confidence))
    assert not acts(found, replace(OPTIONS, fail_on=Level.HIGH))


def test_severity_does_not_count_where_liveness_does_nor_the_other_way_round() -> None:
    severe = replace(ON_LIVE, fail_on=Level.CRITICAL)
    assert acts(judged("x", LIVE, severity=Level.LOW), severe)
    lost = judged("lost", unknown(Cause.CLOCK), severity=Level.LOW)
    assert exit_code(result(lost), replace(OPTIONS, fail_on=Level.HIGH)) is ExitCode.CLEAN


def test_what_is_live_and_nothing_to_act_on_is_named() -> None:
    new = judged("x", LIVE, severity=Level.HIGH)
    made = [replace(judged(status, LIVE), status=status) for status in Status]
    assert live_aside(result(new), OPTIONS) == ""
    assert live_aside(result(*made), ON_LIVE) == (
        "1 live credential is not new and 2 live credentials are accepted"
    )
    assert live_aside(result(new), replace(OPTIONS, fail_on=Level.CRITICAL)) == (
        "1 live credential is below --fail-on"
    )
    dead = replace(judged("dead", verdict(VerdictState.NOT_ACCEPTED)), status=Status.BASELINED)
    assert live_aside(result(dead), ON_LIVE) == ""
