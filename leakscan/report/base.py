"""Report, the last stage: what every format shares.

In: a ScanResult and ReportOptions. Out: the bytes of one format, and the exit code that
goes with them. A reporter is pure: it reads no clock, environment or terminal.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Final, Protocol

from leakscan.errors import ExitCode
from leakscan.model import Finding, Level, ScanResult, ScopeKind, Status
from leakscan.record import Record
from leakscan.report.liveness import is_live, is_open
from leakscan.report.words import count

_ASIDE: Final[Mapping[Status, str]] = {
    Status.KNOWN: "not new",
    Status.BASELINED: "accepted",
    Status.ALLOWED: "accepted",
}


class ReportOptions(Record, frozen=True):
    """What the user asked of a report.

    `confidence` is the least that the text and SARIF list, which count the others; JSON and
    JSON lines list everything.
    `fail_on` is the least severity that counts as something to act on; with `fail_on_live` that is
    what AWS accepted, and nothing else. `width` is in columns.
    `ended_at` is when the scan ended, for formats that must say so; they count back from it.
    """

    reveal: bool = False
    authors: bool = True
    width: int = 80
    color: bool = False
    confidence: Level = Level.MEDIUM
    fail_on: Level = Level.LOW
    fail_on_live: bool = False
    tool_version: str = ""
    ended_at: datetime | None = None


class Reporter(Protocol):
    """One output format."""

    def render(self, result: ScanResult, options: ReportOptions) -> bytes:
        """Return the whole report."""
        ...


def certain(finding: Finding, options: ReportOptions) -> bool:
    """Say whether the finding has at least the confidence that was asked for, or is live."""
    return is_live(finding) or finding.credential.confidence.rank >= options.confidence.rank


def acts(finding: Finding, options: ReportOptions) -> bool:
    """Say whether the finding is something to act on: new, severe or live, and certain enough."""
    severe = finding.credential.severity.rank >= options.fail_on.rank
    matters = is_live(finding) if options.fail_on_live else severe
    return finding.status is Status.NEW and matters and certain(finding, options)


def unsettled(finding: Finding, options: ReportOptions) -> bool:
    """Say whether the finding would be something to act on if it were live, which nobody knows."""
    return finding.status is Status.NEW and certain(finding, options) and is_open(finding)


def live_aside(result: ScanResult, options: ReportOptions) -> str:
    """Say what of the live is nothing to act on: 1 live credential is accepted; or nothing."""
    aside = [one for one in result.findings if is_live(one) and not acts(one, options)]
    why = Counter(_ASIDE.get(one.status, "below --fail-on") for one in aside)
    return " and ".join(
        f"{count(number, 'live credential')} {'is' if number == 1 else 'are'} {word}"
        for word, number in why.items()
    )


def anything_read(result: ScanResult) -> bool:
    """Say whether anything was scanned: an object, or other content such as a ref or a git file.

    A repository without one object is still scanned if its refs, index or git files were read.
    """
    coverage, scope = result.coverage, result.target.scope
    if scope is not None and scope.kind in (ScopeKind.PUSH, ScopeKind.RECEIVE):
        return True  # git says what there is to look at; of a new branch it may be the name alone.
    return coverage.objects_scanned > 0 or any(count > 0 for count in coverage.by_kind.values())


def is_complete(result: ScanResult) -> bool:
    """Say whether the result may be called complete.

    The scan's own word is necessary, not sufficient: nothing skipped, nothing expected and not
    scanned, and something read at all. A doubt is incompleteness.
    """
    coverage = result.coverage
    return (
        result.complete
        and not result.skipped
        and coverage.objects_scanned >= coverage.objects_expected
        and anything_read(result)
    )


def exit_code(result: ScanResult, options: ReportOptions) -> ExitCode:
    """Return 1 if there is something to act on, else 3 if the scan is incomplete, else 0.

    Where only what is live counts, 5 comes before 3: the liveness of a finding is not known.
    """
    if any(acts(finding, options) for finding in result.findings):
        return ExitCode.FINDINGS
    if options.fail_on_live and any(unsettled(finding, options) for finding in result.findings):
        return ExitCode.UNVERIFIED
    return ExitCode.CLEAN if is_complete(result) else ExitCode.INCOMPLETE
