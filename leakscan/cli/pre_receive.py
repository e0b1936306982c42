"""`leakscan pre-receive`: what git calls on a server before it accepts a push."""

import os
import time
from collections.abc import Sequence
from typing import Final

import click
from msgspec.structs import replace

from leakscan.cli import gating, triaging, wiring
from leakscan.errors import ExitCode, LeakscanError
from leakscan.gates.wording import Wording
from leakscan.history.git import Git, OutOfTimeError
from leakscan.history.locate import Layout
from leakscan.history.refs import read_head
from leakscan.history.remotes import head_commit
from leakscan.history.selection import Update, of_received, parse_received
from leakscan.model import ScanResult, SkipReason
from leakscan.report.base import ReportOptions, exit_code
from leakscan.triage.triage import Triage

_OPTION: Final = "leakscan.bypass="


@click.command(
    "pre-receive",
    short_help="On a server: refuse a push that brings a credential.",
    epilog="""\b
Install it in a bare repository with: leakscan hook install --hook pre-receive PATH
""",
)
@click.option(
    "--time-budget",
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True),
    help="Look no longer than this. [default: as long as it takes]",
)
@click.option(
    "--on-timeout",
    type=click.Choice(["refuse", "accept"]),
    default="refuse",
    show_default=True,
    help="What to do with a push that was not fully scanned in time.",
)
@click.option(
    "--allow-bypass",
    is_flag=True,
    help="Accept `git push -o leakscan.bypass=REASON`, and record it. It needs "
    "receive.advertisePushOptions.",
)
def command(time_budget: float | None, on_timeout: str, allow_bypass: bool) -> int:
    """Look at everything a push brings to this repository, and refuse it if there is a leak in it.

    git calls this with a line on stdin for each ref. The objects are looked at where git keeps them
    until they are accepted. .leakscan.yaml and the baseline are those of HEAD; nothing that the
    push brings is obeyed, comments neither.
    """
    here = replace(gating.caller(), reason=_reason() if allow_bypass else "")
    bypass = "git push -o leakscan.bypass='REASON'" if allow_bypass else ""
    wording = Wording("push", skip="", bypass=bypass, is_server=True)

    deadline = None if time_budget is None else time.monotonic() + time_budget

    def run() -> int:
        text = gating.stdin()
        with gating.open_git(here) as (git, layout):
            updates = parse_received(text, layout.id_bytes)
            selection = of_received(layout, updates)
            if not selection.include:
                return 0
            triage = _triage(git, layout, updates)
            git.deadline = deadline
            looked = gating.look(here, git, layout, selection, triage, deadline)
        if on_timeout == "accept" and looked and _is_only_late(looked.result):
            return _accept_late()
        return gating.decide(looked, wording, here, "pre-receive")

    try:
        return gating.guarded(here, "pre-receive", wording, run)
    except OutOfTimeError:
        if on_timeout == "accept":
            return _accept_late()
        raise


def _triage(git: Git, layout: Layout, updates: Sequence[Update]) -> Triage:
    """Return the triage by the accepted branch, and see that its next files are valid too.

    Files that are invalid already are not obeyed: else no push could put them right. Raises
    LeakscanError for those that the push brings.
    """
    today, cache = triaging.today(), wiring.cache_folder()
    branch = read_head(layout).removeprefix(b"ref:").strip()
    for update in updates:
        if update.ref == branch and update.new is not None:
            triaging.own(gating.files_of(git, update.new), today, comments=False, cache=cache)
    read = gating.files_of(git, head_commit(layout))
    try:
        return triaging.own(read, today, comments=False, cache=cache)
    except LeakscanError as error:
        click.echo(f"leakscan: what HEAD accepts is not obeyed: {error.message}", err=True)
        return Triage([], today)


def _accept_late() -> int:
    click.echo("leakscan: NOT FULLY SCANNED: out of time; accepted by policy.", err=True)
    return ExitCode.CLEAN


def _is_only_late(result: ScanResult) -> bool:
    """Say whether nothing was found, and time is all that was missing."""
    reasons = {item.reason for item in result.skipped}
    is_incomplete = exit_code(result, ReportOptions()) is ExitCode.INCOMPLETE
    return is_incomplete and reasons == {SkipReason.OUT_OF_TIME}


def _reason() -> str:
    """Return the reason among the push options. Source: git documentation, githooks."""
    number = os.environ.get("GIT_PUSH_OPTION_COUNT", "0")
    names = [f"GIT_PUSH_OPTION_{at}" for at in range(int(number) if number.isdigit() else 0)]
    options = [os.environ.get(name, "") for name in names]
    return next(
        (text.removeprefix(_OPTION).strip() for text in options if text.startswith(_OPTION)), ""
    )
