"""What is something to act on, what is complete, and the exit code that follows."""

import pytest
from msgspec.structs import replace

from leakscan.errors import ExitCode
from leakscan.model import Kind, Level, ScanResult, Skipped, SkipReason, Status
from leakscan.report.base import acts, exit_code, is_complete
from tests.report.builder import (
    OPTIONS,
    coverage,
    finding_in_history,
    finding_low,
    incomplete,
    nothing_found,
    nothing_scanned,
    result,
)

FOUND = finding_in_history()


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
