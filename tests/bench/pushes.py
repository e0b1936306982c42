"""`python -m tests.bench.pushes`: what the pre-push hook adds to `git push`, beside other tools.

In: nothing; the repositories are made. Out: a Markdown table on stdout, progress on stderr. Each
run is a whole process: a push without the hook, the same push with the hook as `leakscan hook
install` leaves it, and other tools on the same commits, in turn. After each push both sides are
put back, so that every run pushes the same.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

from tests.bench import table
from tests.bench.numbers import milliseconds
from tests.bench.processes import RunError, environment, run
from tests.bench.programs import HERE, first_line
from tests.bench.push_repos import MAIN, PushRepo, Size, build, git
from tests.bench.subject import machine

_BIN: Final = Path(sys.executable).parent
_SIZES: Final = (
    Size("2 000 commits", 2_000, 2_000),
    Size("20 000 commits", 20_000, 4_000),
    Size("3 000 refs", 2_000, 2_000, refs=3_000),
)
_PUSHES: Final = (1, 10, 100)
_ALONE, _HOOK = "push alone", "push with hook"
_KINGFISHER, _DETECT_SECRETS = "kingfisher", "detect-secrets-hook"
_HEAD: Final = (
    *("repository", "commits pushed", _ALONE, "the hook adds", "min to max with hook"),
    *(_KINGFISHER, "÷ hook", _DETECT_SECRETS, "÷ hook"),
)
_NOTES: Final = """\
Medians of whole processes. The hook adds: the median with the hook less the median without.
÷ hook: how often the hook's addition goes into the other tool's whole run. kingfisher scans the
pushed commits with its AWS rule alone, detect-secrets-hook the changed files with all its plugins.
Nothing is in the commits to be found. The warm-up fills the caches."""


@dataclass(slots=True)
class Case:
    """One repository and one number of commits; `seconds` by the name of what ran."""

    repo: PushRepo
    commits: int
    seconds: dict[str, list[float]] = field(default_factory=dict)


def main(arguments: Sequence[str]) -> int:
    """Measure and print; return 1 if a program failed."""
    options = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="leakscan-bench-") as folder:
        env = environment(Path(folder))
        env["PATH"] = f"{_BIN}{os.pathsep}{env['PATH']}"
        print(_about(env), flush=True)
        try:
            repos = list(_repositories(Path(folder), env, options.only))
            cases = [Case(repo, commits) for repo in repos for commits in _PUSHES]
            for case in cases:
                _measure(case, options.runs, env)
            print("\n" + table.markdown([_HEAD, *map(cells, cases)]) + f"\n\n{_NOTES}", flush=True)
            if options.profile:
                for repo in repos:
                    told = _profile(repo, options.runs, env)
                    print(f"\n{repo.size.name}, 10 commits:\n\n{table.markdown(told)}")
        except RunError as error:
            print(f"leakscan bench: {error}", file=sys.stderr)
            return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.pushes", description=__doc__)
    parser.add_argument("--runs", type=int, default=15, metavar="N", help="default: 15")
    parser.add_argument("--only", metavar="TEXT", default="", help="repositories with this in name")
    parser.add_argument("--profile", action="store_true", help="also where the hook's time goes")
    return parser


def _about(env: Mapping[str, str]) -> str:
    lines = [f"Measured on {machine()}.", ""]
    for name in ("git", "leakscan", "kingfisher", "detect-secrets-hook"):
        path = shutil.which(name, path=env["PATH"])
        told = first_line((path, "--version"), env) if path else "not found here"
        lines.append(f"- {name}: {told}")
    return "\n".join(lines)


def _repositories(folder: Path, env: Mapping[str, str], only: str) -> Iterator[PushRepo]:
    for size in _SIZES:
        if only in size.name:
            _say(f"{size.name}: is being made")
            repo = build(folder / size.name.replace(" ", "-"), size, _PUSHES)
            command = ["leakscan", "hook", "install", str(repo.path)]
            subprocess.run(command, env=dict(env), check=True, capture_output=True)
            yield repo


def _measure(case: Case, runs: int, env: Mapping[str, str]) -> None:
    """Run everything in turn; the first turn does not count."""
    changed = case.repo.prepare(case.commits)
    programs = dict(_programs(case.repo, changed, env))
    for turn in range(runs + 1):
        _say(f"{case.repo.size.name}, {case.commits} to push: turn {turn} of {runs}")
        for name, one in programs.items():
            seconds = one()
            if turn:
                case.seconds.setdefault(name, []).append(seconds)


def _programs(
    repo: PushRepo, changed: Sequence[Path], env: Mapping[str, str]
) -> Iterator[tuple[str, Callable[[], float]]]:
    """Yield what is compared, as far as it is to be had: its name, and how to run it once."""
    yield _ALONE, lambda: _push(repo, env, "--no-verify")
    yield _HOOK, lambda: _push(repo, env)
    kingfisher = shutil.which(_KINGFISHER, path=env["PATH"])
    if kingfisher:
        command = [
            *(kingfisher, "scan", str(repo.path), "--since-commit", repo.base, "--branch", MAIN),
            *("--rule", "betterleaks.aws-access-token", "--no-validate", "--no-update-check"),
        ]
        yield _KINGFISHER, lambda: run(command, env, frozenset((0, 200))).seconds
    detect = shutil.which(_DETECT_SECRETS, path=env["PATH"])
    if detect:
        names = [detect, "-C", str(repo.path), *map(str, changed)]
        yield _DETECT_SECRETS, lambda: run(names, env, frozenset((0, 1))).seconds


def _push(repo: PushRepo, env: Mapping[str, str], *options: str) -> float:
    """Push once, see that it has arrived, and undo it."""
    command = ["git", "-C", str(repo.path), "push", "--quiet", *options, "origin", MAIN]
    try:
        seconds = run(command, env, frozenset((0,))).seconds
    except RunError as error:
        raise RunError(f"{' '.join(command)}: {error}") from error
    arrived = git(repo.remote, "rev-parse", MAIN)
    if arrived != git(repo.path, "rev-parse", "HEAD"):
        raise RunError("a push ended well, and nothing has arrived")
    repo.reset()
    return seconds


def cells(case: Case) -> list[str]:
    """Return the line of the table for what was measured."""
    with_hook = case.seconds[_HOOK]
    added = median(with_hook) - median(case.seconds[_ALONE])
    line = [
        case.repo.size.facts(),
        str(case.commits),
        milliseconds(median(case.seconds[_ALONE])),
        milliseconds(added),
        f"{milliseconds(min(with_hook))} to {milliseconds(max(with_hook))}",
    ]
    for name in (_KINGFISHER, _DETECT_SECRETS):
        other = case.seconds.get(name)
        line.append(milliseconds(median(other) if other else None))
        line.append(f"{median(other) / added:.1f}" if other and added > 0 else "")
    return line


def _profile(repo: PushRepo, runs: int, env: Mapping[str, str]) -> list[list[str]]:
    """Return the table of where the time of the hook goes: medians, by part."""
    repo.prepare(10)
    line = f"refs/heads/{MAIN} {repo.tips[10]} refs/heads/{MAIN} {repo.base}\n"
    command = [sys.executable, "-P", str(HERE / "stages.py"), str(repo.path), str(repo.remote)]
    parts: dict[str, list[float]] = {}
    for turn in range(runs + 1):
        _say(f"{repo.size.name}, parts of the hook: turn {turn} of {runs}")
        told = json.loads(run([*command, line], env, frozenset((0,)), listen=True).said)
        if "error" in told:
            raise RunError(f"tests/bench/stages.py: {told['error']}")
        for name, seconds in told.items() if turn else ():
            parts.setdefault(name, []).append(seconds)
    medians = {name: median(seconds) for name, seconds in parts.items()}
    total = sum(medians.values())
    lines = [[name, milliseconds(one), f"{one / total:.0%}"] for name, one in medians.items()]
    return [["part of the hook", "median", "share"], *lines, ["all", milliseconds(total), "100%"]]


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
