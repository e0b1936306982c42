"""What `scan` scans: everything, or the part of a repository that its options name."""

import re
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from leakscan.cli import gating, triaging, wiring
from leakscan.cli.triaging import Choice
from leakscan.gates.gate import Gate, scan_range
from leakscan.history.git import Git
from leakscan.history.introduced import RangeSource
from leakscan.history.locate import Layout
from leakscan.history.selection import EmptyRangeError, Selection, of_range, of_since
from leakscan.history.staged import of_staged
from leakscan.history.textsource import TextSource
from leakscan.model import ScanResult
from leakscan.pipeline import MakeStages, Observer, scan
from leakscan.record import Record
from leakscan.triage.triage import Triage

if TYPE_CHECKING:
    from leakscan.history.source import Reading

_AGO: Final = re.compile(r"(\d{1,6})([hdw])")
_UNITS: Final = {"h": "hours", "d": "days", "w": "weeks"}


class How(Record, frozen=True):
    """How to scan, whatever it is."""

    make_stages: MakeStages
    reading: "Reading"
    observer: Observer
    choice: Choice


class Part(Record, frozen=True):
    """The options that name a part; at most one may be given."""

    commits: str | None
    since: str | None
    staged: bool
    from_stdin: bool

    def __post_init__(self) -> None:
        given = [self.commits is not None, self.since is not None, self.staged, self.from_stdin]
        if sum(given) > 1:
            raise click.UsageError("Of --range, --since, --staged and --stdin only one can be.")

    @property
    def is_any(self) -> bool:
        """Whether a part is asked for."""
        return self.staged or self.from_stdin or self.commits is not None or self.since is not None


def scan_all(path: Path, how: How) -> ScanResult:
    """Scan the whole repository at a path. Raises LeakscanError."""
    here = gating.caller(path)
    with (
        gating.open_git(here) as (git, layout),
        wiring.open_layout(here.layout, how.reading) as source,
    ):
        triage = _triage(git, layout, how, whole=True)
        return scan(source, how.make_stages, how.observer, time.monotonic, triage)


def scan_part(path: Path, part: Part, how: How) -> ScanResult:
    """Scan a part of the repository at a path, or a text. Raises LeakscanError."""
    if part.from_stdin:
        none = triaging.for_scan(how.choice, lambda _: None, triaging.today(), whole=False)
        text = TextSource(sys.stdin.buffer)
        return scan(text, how.make_stages, how.observer, time.monotonic, none)
    # In a hook of the user's own git may have named another index, as for `commit -a`.
    here = gating.caller(path if path != Path() else None)
    with gating.open_git(here, scratch=part.staged) as (git, layout):
        source = RangeSource(layout, git, _select(part, git, layout, here.index))
        if source.is_empty:
            raise EmptyRangeError(
                f"There are no commits in {part.commits or part.since}: nothing was scanned.",
                hint="Is the order right, older..newer? Is the history deep enough in a CI clone?",
            )
        gate = Gate(
            how.make_stages,
            lambda: wiring.open_layout(here.layout, how.reading),
            _triage(git, layout, how, whole=False),
            how.observer,
            time.monotonic,
        )
        return scan_range(source, gate)


def _select(part: Part, git: Git, layout: Layout, index: Path) -> Selection:
    if part.commits is not None:
        return of_range(layout, git, part.commits)
    if part.since is not None:
        return of_since(layout, git, int(_moment(part.since).timestamp()), part.since)
    return of_staged(layout, git, index)


def _triage(git: Git, layout: Layout, how: How, *, whole: bool) -> Triage:
    read = gating.files(git, layout)
    cache = wiring.cache_folder()
    return triaging.for_scan(how.choice, read, triaging.today(), whole=whole, cache=cache)


def _moment(text: str) -> datetime:
    """Return the time that --since names; git would take any word for now."""
    ago = _AGO.fullmatch(text)
    if ago:
        return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"{text} is no date; write 2026-11-01, 2026-11-01T12:00Z, 36h, 7d or 2w.",
            param_hint="--since",
        ) from None
    # Without a zone it is UTC: the same commits on every machine.
    return found if found.tzinfo else found.replace(tzinfo=UTC)
