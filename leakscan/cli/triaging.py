"""The options and files of triage: what is obeyed, and what a scanned repository would have obeyed.

In: options, and ways to read the files of a repository. Out: `Triage`. A file that the user named
and that cannot be read is an error; one of a scanned repository is told of in the report, for it
must not be able to stop its own audit.
"""

import errno
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from leakscan import config as configuration
from leakscan.config import CONFIG_NAME, Config, load_config
from leakscan.errors import LeakscanError
from leakscan.fields import ConfigError
from leakscan.history.files import read_file, read_optional
from leakscan.model import NoteKind, TriageNote
from leakscan.record import Record
from leakscan.triage import baseline as baselines
from leakscan.triage.baseline import BASELINE_NAME, Baseline, BaselineError, load_baseline
from leakscan.triage.triage import Acceptances, Triage

ReadFile = Callable[[str], bytes | None]
"""Returns a file of a repository by its path from the top, None where there is none."""
_Command = TypeVar("_Command", bound=Callable[..., Any])

_LIMITS: Final = {CONFIG_NAME: configuration.MAX_BYTES}


class Choice(Record, frozen=True):
    """What the user chose with the options of `options`."""

    baseline: Path | None = None
    config: Path | None = None
    obey_repository: bool = False


def options(command: _Command) -> _Command:
    """Add --baseline, --config and --obey-repository to a command.

    It gets them as `baseline_file`, `config_file` and `obey_repository`.
    """
    file = click.Path(path_type=Path, dir_okay=False)
    for add in (
        click.option(
            "--obey-repository",
            is_flag=True,
            help=f"Obey the repository's own {CONFIG_NAME}, {BASELINE_NAME} and comments; without "
            "this the report only says what they would accept.",
        ),
        click.option(
            "--config",
            "config_file",
            metavar="FILE",
            type=file,
            help=f"Accept what FILE allows, a file like {CONFIG_NAME}; with --verify its section "
            "verify counts too.",
        ),
        click.option(
            "--baseline",
            "baseline_file",
            metavar="FILE",
            type=file,
            help="Accept what FILE lists; see leakscan baseline create.",
        ),
    ):
        command = add(command)
    return command


def today() -> date:
    """Return the day by which entries expire, in UTC: the same everywhere."""
    return datetime.now(UTC).date()


def work_tree(top: Path) -> ReadFile:
    """Return how to read the files of a work tree: regular files that are really in it.

    Reading raises OSError.
    """
    root = top.resolve()

    def read(path: str) -> bytes | None:
        full = root / path
        try:
            is_link = full.resolve() != full
        except (RuntimeError, ValueError) as error:  # A link to itself; no path at all.
            raise OSError(errno.ELOOP, "no path, or a link to itself") from error
        if is_link:
            return None
        return read_optional(full, _LIMITS.get(path, baselines.MAX_BYTES))

    return read


def for_scan(
    choice: Choice, repository: ReadFile, day: date, *, whole: bool, cache: Path | None = None
) -> Triage:
    """Return the triage of a scan: what the user named is obeyed, the repository's own is reported.

    With --obey-repository that is obeyed too. `cache` is the folder that keeps parsed files. Raises
    ConfigError and BaselineError.
    """
    config = _named_config(choice.config, cache)
    obeyed = [Acceptances(_named_baseline(choice.baseline), config)]
    is_named = _is_named(choice.config, repository)
    if choice.obey_repository:
        mine = _own(repository, cache)
        notes = [] if is_named else _of_verify(mine.config)
        return Triage([*obeyed, mine], day, whole=whole, notes=notes)
    reported, notes = _seen(repository, cache, is_named=is_named)
    return Triage(obeyed, day, reported=reported, whole=whole, notes=notes)


def own(read: ReadFile, day: date, *, comments: bool = True, cache: Path | None = None) -> Triage:
    """Return the triage of a gate: the repository's own files are obeyed, and maybe its comments.

    Raises ConfigError and BaselineError.
    """
    return Triage([_own(read, cache, comments=comments)], day)


def read_baseline(file: Path) -> bytes | None:
    """Return a file as far as it can be a baseline, None if there is none. Raises OSError."""
    return read_optional(file, baselines.MAX_BYTES)


def baseline_path(config: Config | None) -> str:
    """Return where a repository keeps its baseline, from its top."""
    return config.baseline if config and config.baseline else BASELINE_NAME


def own_config(read: ReadFile, cache: Path | None = None) -> Config | None:
    """Return the configuration of a repository, None if it has none. Raises ConfigError."""
    try:
        source = read(CONFIG_NAME)
    except OSError as error:
        raise ConfigError(CONFIG_NAME, f"cannot be read: {_why(error)}") from error
    return load_config(source, cache=cache) if source is not None else None


def own_baseline(read: ReadFile, config: Config | None) -> Baseline | None:
    """Return the baseline of a repository, None if it has none and names none.

    Raises BaselineError and ConfigError.
    """
    path = baseline_path(config)
    try:
        source = read(path)
    except OSError as error:
        raise BaselineError(path, f"cannot be read: {_why(error)}") from error
    if source is not None:
        return load_baseline(source, path)
    if config and config.baseline:
        raise ConfigError(f"{config.name}: baseline", f"there is no file {path}")
    return None


def _own(read: ReadFile, cache: Path | None, *, comments: bool = True) -> Acceptances:
    config = own_config(read, cache)
    return Acceptances(own_baseline(read, config), config, comments=comments)


def _is_named(file: Path | None, repository: ReadFile) -> bool:
    """Say whether the user named what is the repository's own configuration: that is obeyed."""
    if file is None:
        return False
    try:
        own = repository(CONFIG_NAME)
        return own is not None and own == read_file(file, configuration.MAX_BYTES)
    except OSError:
        return False


def _seen(
    read: ReadFile, cache: Path | None, *, is_named: bool
) -> tuple[Acceptances, list[TriageNote]]:
    """Return what a repository accepts itself, as far as it can be read, and what can not."""
    config, baseline, notes = None, None, []
    try:
        config = own_config(read, cache)
        baseline = own_baseline(read, config)
    except LeakscanError as error:
        text = f"not obeyed, and invalid: {error.message}"
        notes.append(TriageNote(NoteKind.NOT_OBEYED, "the repository's own files", "", text))
    config = None if is_named else config
    return Acceptances(baseline, config, comments=True), [*notes, *_of_verify(config)]


def _of_verify(config: Config | None) -> list[TriageNote]:
    """Return the note on a repository that says where found keys should be sent."""
    if config is None or config.verify is None:
        return []
    text = "never obeyed here: a repository does not decide whom found keys are shown to"
    return [TriageNote(NoteKind.NOT_OBEYED, config.name, "verify", text)]


def _named_config(file: Path | None, cache: Path | None) -> Config | None:
    if file is None:
        return None
    try:
        return load_config(read_file(file, configuration.MAX_BYTES), str(file), cache)
    except OSError as error:
        raise ConfigError(str(file), f"cannot be read: {_why(error)}") from error


def _named_baseline(file: Path | None) -> Baseline | None:
    if file is None:
        return None
    try:
        return load_baseline(read_file(file, baselines.MAX_BYTES), str(file))
    except OSError as error:
        raise BaselineError(str(file), f"cannot be read: {_why(error)}") from error


def _why(error: OSError) -> str:
    return error.strerror or str(error)
