"""What is compared: the command line of each program, the exit codes that count, its version.

Out: `Program`s that are to be had here, and the names of the others. In a command line `{repo}`
stands for the repository.
"""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

OURS: Final = "leakscan"
FLOOR: Final = "inflate floor, 1 core"
HERE: Final = Path(__file__).resolve().parent
_REPO: Final = "{repo}"
_BIN: Final = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Program:
    """One line of the table. `fine` are the exit codes of a scan that worked.

    A program with `own_clock` prints its seconds, so that only what is meant is counted.
    """

    name: str
    command: tuple[str, ...]
    fine: frozenset[int]
    version: str
    own_clock: bool = False

    def on(self, repo: Path) -> list[str]:
        """Return the command line for a repository."""
        return [part.replace(_REPO, str(repo)) for part in self.command]

    def shown(self) -> str:
        """Return the command line as a reader types it."""
        words = [self.command[0], *self.command[1:]]
        words[0] = "python" if words[0] == sys.executable else Path(words[0]).name
        named = [_relative(word).replace(_REPO, "REPO") for word in words]
        return shlex.join(named)


@dataclass(frozen=True, slots=True)
class _Known:
    """A program as it is known before it is looked for; 0 is fine for all of them."""

    name: str
    options: tuple[str, ...]
    fine: tuple[int, ...] = ()
    version: str = "--version"


_OURS: Final = _Known(OURS, ("scan", "--quiet", "--format", "json", _REPO), (1, 3))
"""1 says that there are findings, 3 that something could not be read."""
_OTHERS: Final = (
    # 200 says that there are findings, 205 that some are live; no such path or rule is 1.
    _Known(
        "kingfisher",
        (
            "scan",
            *("--rule", "betterleaks.aws-access-token"),
            *("--no-validate", "--no-update-check", _REPO),
        ),
        (200, 205),
    ),
    _Known("git", ("-C", _REPO, "cat-file", "--batch-all-objects", "--batch", "--unordered")),
    # By default it ends with 1 for findings and for errors.
    _Known(
        "gitleaks",
        (
            *("git", "--no-banner", "--redact", "--exit-code", "7"),
            *("--enable-rule", "aws-access-token", _REPO),
        ),
        (7,),
        "version",
    ),
    _Known(
        "trufflehog",
        (
            *("git", "--no-update", "--no-verification", "--json"),
            *("--include-detectors=AWS,AWSSessionKey", f"file://{_REPO}"),
        ),
    ),
)


def programs(
    also: Sequence[str], without: Sequence[str], env: Mapping[str, str]
) -> tuple[list[Program], list[str]]:
    """Return the programs in the order they take turns, and the names of those not found.

    Each of `also` are options of `leakscan scan` that get a line of their own.
    """
    ours = [_OURS, *(_with_options(options) for options in also)]
    found: list[Program] = []
    absent: list[str] = []
    for known in (*ours, *_OTHERS):
        program = _find(known, env)
        name = program.name if program else known.name
        if name in without or known.name in without:
            continue
        if program is None:
            absent.append(name)
        else:
            found.append(program)
    if FLOOR not in without:
        _add_floor(found, absent)
    return found, absent


def _with_options(options: str) -> _Known:
    words = shlex.split(options)
    return _Known(f"{OURS} {options}", (*_OURS.options[:-1], *words, _REPO), _OURS.fine)


def _find(known: _Known, env: Mapping[str, str]) -> Program | None:
    """Find a program beside this Python, where nox installs it, or else on PATH."""
    word = known.name.partition(" ")[0]
    path = shutil.which(word, path=str(_BIN)) or shutil.which(word, path=env.get("PATH"))
    if path is None:
        return None
    line = first_line((path, known.version), env)
    version = line if line.startswith(word) else f"{word} {line}"
    fine = frozenset((0, *known.fine))
    name = "git cat-file" if word == "git" else known.name
    return Program(name, (path, *known.options), fine, version)


def _add_floor(found: list[Program], absent: list[str]) -> None:
    try:
        version = f"isal {metadata.version('isal')}"
    except metadata.PackageNotFoundError:
        absent.append(f"{FLOOR} (isal)")
        return
    command = (sys.executable, "-P", str(HERE / "inflate.py"), _REPO)
    found.append(Program(FLOOR, command, frozenset((0,)), version, own_clock=True))


def first_line(command: Sequence[str], env: Mapping[str, str]) -> str:
    """Return the first line that a program prints about itself, on either stream."""
    done = subprocess.run(command, capture_output=True, env=dict(env), timeout=60, check=False)
    lines = (done.stdout + b"\n" + done.stderr).decode("utf-8", "replace").split("\n")
    line = next((line.strip() for line in lines if line.strip()), "version unknown")
    return re.sub(r"^git version ", "git ", line)


def _relative(word: str) -> str:
    path = Path(word)
    return path.relative_to(HERE.parent.parent).as_posix() if HERE in path.parents else word
