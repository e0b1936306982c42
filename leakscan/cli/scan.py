"""`leakscan scan`: one repository, its whole history, as many reports as asked for."""

import gc
import shlex
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from leakscan import __version__
from leakscan.cli import outputs, triaging, verifying, wiring
from leakscan.cli.options import RULES
from leakscan.cli.parts import How, Part, scan_all, scan_part
from leakscan.cli.progress import Quiet, progress
from leakscan.cli.verifying import Settings, Wishes
from leakscan.errors import ExitCode
from leakscan.model import Level, ScanResult
from leakscan.pipeline import verified
from leakscan.report.base import ReportOptions, exit_code, live_aside
from leakscan.report.words import visible

_LEVELS = [level.value for level in Level]
_FORMATS = list(dict.fromkeys(outputs.SUFFIXES.values()))
_LIVE = "live"
_MIB = 1 << 20


@click.command(
    "scan",
    short_help="Scan a repository's whole history.",
    epilog="""\b
Examples
  leakscan scan
  leakscan scan ~/src/shop.git --format json --output shop.json
  leakscan scan --output report.sarif --format text
  leakscan scan --range origin/main..HEAD
  git diff | leakscan scan --stdin
  leakscan scan --verify --account 123456789012 --fail-on live

\b
Exit codes
  0    complete, and nothing to act on
  1    there is something to act on
  2    wrong use; no such repository or ref
  3    not all could be read, and nothing was found in what was; or there was nothing to read
  4    a rule, configuration or baseline file is invalid
  5    with --fail-on live: none is known to be live, and not of all it could be settled
""",
)
@click.argument("path", type=click.Path(path_type=Path), default=Path())
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice(_FORMATS),
    help="Format of the report. Repeat it together with --output for several. [default: text]",
)
@click.option(
    "--output",
    "files",
    multiple=True,
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the report to FILE; without --format the suffix decides. Repeatable.",
)
@click.option(
    "--confidence",
    type=click.Choice(_LEVELS[:3]),
    default="medium",
    show_default=True,
    help="Least confidence that is listed in text and can make the exit code 1, or 5.",
)
@click.option(
    "--fail-on",
    type=click.Choice([*_LEVELS, _LIVE]),
    default="low",
    show_default=True,
    help="Least severity that makes the exit code 1; with live, only a key that AWS accepts. "
    "With --verify AWS's verdict changes it: live is high or critical, not accepted at most "
    "medium, expired and canaries low.",
)
@click.option(
    "--range",
    "commits",
    metavar="A..B",
    help="Only what the commits of B that A does not have introduce.",
)
@click.option(
    "--since",
    metavar="DATE",
    help="Only what commits since then introduce: 2026-11-01, 2026-11-01T12:00Z, 36h, 7d or 2w.",
)
@click.option("--staged", is_flag=True, help="Only what is staged and would be committed.")
@click.option("--stdin", "from_stdin", is_flag=True, help="A diff, or any text, from stdin.")
@triaging.options
@click.option("--deep", is_flag=True, help="Look for bare 40-character secrets everywhere; slower.")
@click.option("--reveal", is_flag=True, help="Show the secrets themselves in the report.")
@click.option("--no-authors", is_flag=True, help="Leave names and e-mail addresses out.")
@click.option(
    "--max-object-size",
    metavar="MIB",
    type=click.IntRange(min=1),
    default=512,
    show_default=True,
    help="Largest deltified object to unpack, in MiB; a larger one is listed as not read.",
)
@RULES
@click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(min=1, max=64),
    help="Processes that read. [default: one for each processor, at most 8]",
)
@click.option(
    "--reader",
    type=click.Choice(["packs", "git"]),
    default="packs",
    show_default=True,
    help="Read packs directly, or every object through git: slower, to compare the two.",
)
@click.option(
    "--verify",
    is_flag=True,
    help="Ask AWS whether the keys that are found work; see leakscan verify --help.",
)
@verifying.account_options
@click.option("-q", "--quiet", is_flag=True, help="Only the report: no progress, no summary.")
@click.option("--no-progress", is_flag=True, help="No progress bar.")
def command(
    path: Path,
    formats: tuple[str, ...],
    files: tuple[Path, ...],
    confidence: str,
    fail_on: str,
    commits: str | None,
    since: str | None,
    staged: bool,
    from_stdin: bool,
    baseline_file: Path | None,
    config_file: Path | None,
    obey_repository: bool,
    deep: bool,
    reveal: bool,
    no_authors: bool,
    max_object_size: int,
    rules_folder: Path | None,
    jobs: int | None,
    reader: str,
    verify: bool,
    accounts: tuple[str, ...],
    any_account: bool,
    quiet: bool,
    no_progress: bool,
) -> int:
    """Scan everything the repository at PATH stores.

    That is every object, reachable or not, commit and tag messages, path and ref names, the
    index, stashes, reflogs and git's own files.

    PATH is a work tree, a folder in one, or a bare repository; by default the current folder.
    Nothing of the repository is run. Nothing is sent anywhere, but with --verify to AWS.

    With --range, --since or --staged only what that part introduces is looked for; what the rest
    of the history holds already is not new.
    """
    gc.disable()  # A scan makes millions of objects and no circles: a fifth of our own time.
    reports = outputs.plan(formats, files)
    wishes = Wishes(accounts=accounts, any_account=any_account, config_file=config_file)
    how_to_ask = _how_to_ask(wishes, verify=verify, only_live=fail_on == _LIVE)
    make_stages = wiring.stages(rules_folder, deep=deep)
    reading = wiring.reading(max_object_size * _MIB, jobs, reader)
    choice = triaging.Choice(baseline_file, config_file, obey_repository)
    part = Part(commits, since, staged, from_stdin)
    with Quiet() if quiet or no_progress else progress() as observer:
        how = How(make_stages, reading, observer, choice)
        result = scan_part(path, part, how) if part.is_any else scan_all(path, how)
    if how_to_ask is not None:
        from leakscan.cli.asking import Asking

        asking = Asking(how_to_ask, quiet=quiet, bar=not no_progress)
        result = verified(result, asking, make_stages().remedy)
    options = ReportOptions(
        reveal=reveal,
        authors=not no_authors,
        confidence=Level(confidence),
        fail_on=Level.LOW if fail_on == _LIVE else Level(fail_on),
        fail_on_live=fail_on == _LIVE,
        tool_version=__version__,
        ended_at=datetime.now(UTC),
    )
    for report in reports:
        outputs.write(
            report, wiring.reporter(report.format).render(result, outputs.fitted(options, report))
        )
    if not quiet and all(report.file is not None for report in reports):
        _summarise(result, options)
        if how_to_ask is None:
            _next_step(result, options, reports)
    return exit_code(result, options)


def _how_to_ask(wishes: Wishes, *, verify: bool, only_live: bool) -> Settings | None:
    """Return how to ask AWS, None if that is not wanted. Raises LeakscanError."""
    if verify:
        return verifying.settings(wishes)
    if wishes.accounts or wishes.any_account:
        raise click.UsageError(
            "--account and --any-account say whom --verify may ask about: add --verify."
        )
    if only_live:
        raise click.UsageError("--fail-on live needs --verify: nobody else knows what is live.")
    return None


def _summarise(result: ScanResult, options: ReportOptions) -> None:
    """Say in one line on stderr what went into the files."""
    words = {
        ExitCode.FINDINGS: "there are findings to act on",
        ExitCode.UNVERIFIED: "nothing is known to be live, and nobody knows of all",
        ExitCode.INCOMPLETE: "INCOMPLETE: nothing found in what was read",
        ExitCode.CLEAN: "complete, nothing to act on",
    }
    aside = live_aside(result, options)
    beside = f"; {aside}" if aside else ""
    click.echo(f"leakscan: {words[exit_code(result, options)]}{beside}.", err=True)


def _next_step(
    result: ScanResult, options: ReportOptions, reports: Sequence[outputs.Output]
) -> None:
    """Say how to learn which of the findings work, if a file was written that tells of them."""
    files = [one.file for one in reports if one.format in ("json", "jsonl")]
    if files and exit_code(result, options) is ExitCode.FINDINGS:
        file = visible(shlex.quote(str(files[0])))
        click.echo(f"Which of them work: leakscan verify {file} --account ID", err=True)
