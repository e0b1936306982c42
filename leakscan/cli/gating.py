"""What the hook commands share: where git calls them, what they obey, and how they end.

The only hook code that reads environment, clock and terminal.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from leakscan.cli import wiring
from leakscan.cli.progress import Quiet
from leakscan.errors import ExitCode, LeakscanError
from leakscan.gates.gate import Gate, scan_range
from leakscan.gates.wording import Situation, Wording
from leakscan.history.git import Git
from leakscan.history.introduced import RangeSource
from leakscan.history.locate import Layout, locate, locate_git_dir
from leakscan.history.refs import read_head, with_plain_refs
from leakscan.history.remotes import head_commit
from leakscan.history.selection import HookInputError, Selection
from leakscan.model import Finding, ObjectId, ScanResult, TriageNote
from leakscan.pipeline import Judging
from leakscan.record import Record
from leakscan.report.base import ReportOptions, exit_code, is_complete

if TYPE_CHECKING:
    from leakscan.cli.triaging import ReadFile

_LIMIT_BYTES: Final = 512 << 20
_STDIN_LIMIT: Final = 64 << 20
_NO_WAY: Final = "Ask whoever runs this server; nothing was accepted."
_OWN_FILES: Final = (".leakscan.yaml", ".leakscan-baseline")


class GateError(LeakscanError):
    """A file or a folder that a gate needs cannot be used."""

    code = ExitCode.INCOMPLETE


class Caller(Record, frozen=True):
    """What git tells a hook through its environment, and what the user does."""

    layout: Layout
    index: Path
    quarantine: Path | None
    shallow: Path | None
    """Where history ends if a push is accepted; None: where it ends now."""
    reason: str
    """Why this is to pass whatever is found; empty where it is not."""


def caller(path: Path | None = None) -> Caller:
    """Return where git called us from, or the repository at a path. Raises NoRepositoryError."""
    if path is not None:
        layout = locate(path)
        return Caller(layout, layout.git_dir / "index", None, None, "")
    git_dir = os.environ.get("GIT_DIR")
    if git_dir:
        top = Path(os.environ.get("GIT_WORK_TREE") or ".").resolve()
        layout = locate_git_dir(Path(git_dir), top)
    else:
        layout = locate(Path())
    index = os.environ.get("GIT_INDEX_FILE")
    # Objects of a push that is not accepted yet are only there.
    quarantine = os.environ.get("GIT_QUARANTINE_PATH")
    shallow = os.environ.get("GIT_SHALLOW_FILE")
    return Caller(
        layout,
        Path(index).resolve() if index else layout.git_dir / "index",
        Path(quarantine) if quarantine else None,
        Path(shallow) if shallow else None,
        os.environ.get("LEAKSCAN_BYPASS", "").strip(),
    )


@contextmanager
def open_git(here: Caller, *, scratch: bool = False) -> Iterator[tuple[Git, Layout]]:
    """Open the repository for a range; the layout that comes back has its refs in plain files."""
    layout = here.layout
    with Git(
        layout.objects,
        layout.object_format,
        os.environ,
        max_object_bytes=_LIMIT_BYTES,
        quarantine=here.quarantine,
        scratch=scratch,
    ) as git:
        yield git, layout if layout.ref_format == "files" else with_plain_refs(layout, git)


def files(git: Git, layout: Layout) -> "ReadFile":
    """Return how to read a repository's own files: of its work tree, or if it is bare, of HEAD."""
    from leakscan.cli import triaging

    if layout.top != layout.git_dir:
        return triaging.work_tree(layout.top)
    return files_of(git, head_commit(layout))


def files_of(git: Git, commit: ObjectId | None) -> "ReadFile":
    """Return how to read the files of a commit; None has none."""
    from leakscan.history.committed import read_committed

    return lambda path: read_committed(git, commit, path) if commit is not None else None


def own_triage(git: Git, layout: Layout) -> Judging:
    """Return the triage of a gate by the repository's own files. Raises LeakscanError."""

    def make() -> Judging:
        from leakscan.cli import triaging

        cache = wiring.cache_folder()
        return triaging.own(files(git, layout), triaging.today(), cache=cache)

    return make() if _has_own_files(layout) else _Late(make)


class _Late:
    """A triage by comments alone: made, and all it needs imported, where there is a finding."""

    def __init__(self, make: Callable[[], Judging]) -> None:
        self._make = make

    def judge(
        self, findings: Sequence[Finding], *, complete: bool = True
    ) -> tuple[list[Finding], list[TriageNote]]:
        """Return the findings with their status, and what is wrong with the comments."""
        return self._make().judge(findings, complete=complete) if findings else ([], [])


def _has_own_files(layout: Layout) -> bool:
    """Say whether there may be files to obey, which then have to be valid whatever is found."""
    if layout.top == layout.git_dir:
        return True
    for name in _OWN_FILES:
        try:
            (layout.top / name).lstat()
        except FileNotFoundError:
            continue
        except OSError:
            pass  # Whoever reads it will say what is wrong.
        return True
    return False


class Looked(Record, frozen=True):
    """What a gate saw."""

    result: ScanResult
    source: RangeSource
    layout: Layout


def look(
    here: Caller,
    git: Git,
    layout: Layout,
    selection: Selection,
    triage: Judging,
    deadline: float | None = None,
) -> Looked | None:
    """Scan what was selected, until a time of the monotonic clock; None where there is nothing."""
    source = RangeSource(
        layout,
        git,
        selection,
        here.shallow,
        lambda: deadline is not None and time.monotonic() > deadline,
    )
    make_stages = wiring.stages(None, deep=False)
    make_stages()  # Before git is waited for, which lists the range meanwhile.
    if source.is_empty:
        return None
    gate = Gate(
        make_stages,
        lambda: wiring.open_layout(here.layout, wiring.reading(_LIMIT_BYTES, None, "packs")),
        triage,
        Quiet(),
        time.monotonic,
        deadline,
    )
    return Looked(scan_range(source, gate), source, layout)


def decide(looked: Looked | None, wording: Wording, here: Caller, hook: str) -> int:
    """Say what was found, let it through if there is a reason to, and return the exit code."""
    if looked is None:
        return ExitCode.CLEAN
    result, options = looked.result, ReportOptions()
    code = exit_code(result, options)
    if result.findings or not is_complete(result):
        from leakscan.gates.message import message

        said = replace(wording, verdict="would be refused") if here.reason else wording
        sys.stderr.write(message(result, options, said, _situation(looked), wiring.instead()))
    if code and here.reason:
        from leakscan.gates.bypass import let_through

        return passed(here, hook, let_through(result, options))
    return code


def passed(here: Caller, hook: str, what: list[str]) -> int:
    """Record that something was let through, say so, and return 0."""
    from datetime import UTC, datetime

    from leakscan.gates.bypass import record

    now = datetime.now(UTC).isoformat(timespec="seconds")
    file = record(here.layout.common_dir, gate=hook, reason=here.reason, time=now, what=what)
    sys.stderr.write(f"leakscan: let through, as asked: recorded in {file}.\n")
    return ExitCode.CLEAN


def guarded(here: Caller, hook: str, wording: Wording, run: Callable[[], int]) -> int:
    """Run a gate; where it cannot do its work nothing passes, and the user hears how to go on.

    Raises LeakscanError, with that as its hint.
    """
    try:
        return run()
    except OSError as error:
        return _stopped(here, hook, wording, GateError(f"{error}."))
    except LeakscanError as error:
        return _stopped(here, hook, wording, error)


def _stopped(here: Caller, hook: str, wording: Wording, error: LeakscanError) -> int:
    """Record that something was let through unseen, or raise the error with the ways to go on."""
    if here.reason:
        return passed(here, hook, [f"not looked at: {type(error).__name__}"])
    ways = [way for way in (error.hint, *_ways(wording)) if way] or [_NO_WAY]
    error.hint = "\n".join(ways)
    error.message = f"{wording.what} refused: {error.message}"
    raise error


def stdin() -> bytes:
    """Return what git writes to the hook; nothing where nobody writes. Raises HookInputError."""
    if sys.stdin is None or sys.stdin.isatty():
        return b""
    text = sys.stdin.buffer.read(_STDIN_LIMIT + 1)
    if len(text) > _STDIN_LIMIT:
        raise HookInputError("More refs than can be looked at in one go; push them in parts.")
    return text


def _ways(wording: Wording) -> list[str]:
    ways = []
    if wording.bypass:
        ways.append(f"To let this one pass and have that recorded: {wording.bypass}")
    if wording.skip:
        ways.append(f"To skip the check altogether, unrecorded: {wording.skip}")
    return ways


def _situation(looked: Looked) -> Situation:
    layout, commits = looked.layout, looked.source.links.commits
    roots = {one.hex() for one, links in commits.items() if not links.parents}
    merges = {one.hex() for one, links in commits.items() if len(links.parents) > 1}
    head = head_commit(layout)
    try:
        text = read_head(layout)
    except OSError:
        text = b""
    branch = text[4:].strip().decode("utf-8", "replace") if text.startswith(b"ref:") else None
    return Situation(head.hex() if head else None, branch, frozenset(roots), frozenset(merges))
