"""Which implementation stands for which stage; registries are written by hand."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from leakscan.history.git import Git
from leakscan.history.locate import locate
from leakscan.history.source import Reading, StoreSource
from leakscan.history.workers import Pool
from leakscan.match.matcher import Matcher
from leakscan.model import RuleSet
from leakscan.pipeline import Stages
from leakscan.remedy.catalog import fill, load_catalog
from leakscan.report.base import Reporter
from leakscan.rules.load import load_rules
from leakscan.score.scorer import Scorer

_MAX_JOBS: Final = 8
"""Processes by default: what more of them win is less than what they take from others."""


class MakeStages:
    """Makes the stages of a scan, once in each process; a forked one has those of its parent."""

    def __init__(self, rules: RuleSet, deep: bool) -> None:
        self._rules = rules
        self._deep = deep
        self._made: Stages | None = None

    def __call__(self) -> Stages:
        """Return the stages of this process. Raises LeakscanError for an invalid text."""
        if self._made is None:
            matcher = Matcher(self._rules, deep=self._deep, cache=_cache())
            self._made = Stages(self._rules, matcher, Scorer(), load_catalog, fill)
        return self._made

    def __reduce__(self) -> "tuple[type[MakeStages], tuple[RuleSet, bool]]":
        return MakeStages, (self._rules, self._deep)


def stages(rules_folder: Path | None, *, deep: bool) -> MakeStages:
    """Return how to make the stages. Raises LeakscanError for an invalid rule file."""
    return MakeStages(load_rules(rules_folder), deep)


@contextmanager
def open_source(path: Path, reading: Reading) -> Iterator[StoreSource]:
    """Open the repository at path. Raises LeakscanError where there is none, or no git."""
    layout = locate(path)
    with Git(
        layout.objects, layout.object_format, os.environ, max_object_bytes=reading.limit_bytes
    ) as git:
        git.check()
        yield StoreSource(layout, git, reading)


def reading(max_object_bytes: int, jobs: int | None, reader: str) -> Reading:
    """Return how to read: by default with as many processes as this one may use, at most 8."""
    if reader == "git":
        return Reading(max_object_bytes, None)
    # A fork shares the compiled rules; elsewhere it is not safe, or not there.
    method = "fork" if sys.platform == "linux" else "spawn"
    return Reading(max_object_bytes, Pool(jobs or min(_processors(), _MAX_JOBS), method))


def _cache() -> Path | None:
    """Return where compiled rules are kept: the user's own cache, wherever it is on this system."""
    if os.environ.get("HOME") == "":
        return None
    if sys.platform == "darwin":
        base = Path("~/Library/Caches")
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
    try:
        folder = base.expanduser() / "leakscan"
    except RuntimeError:  # There is no home.
        return None
    return folder if folder.is_absolute() else None


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def reporter(name: str) -> Reporter:
    """Return the reporter of a format; each is imported only when it is used."""
    match name:
        case "text":
            from leakscan.report.console import ConsoleReporter

            return ConsoleReporter()
        case "json":
            from leakscan.report.json_report import JsonReporter

            return JsonReporter()
        case "jsonl":
            from leakscan.report.json_report import JsonlReporter

            return JsonlReporter()
        case "sarif":
            from leakscan.report.sarif import SarifReporter

            return SarifReporter()
    raise AssertionError(name)
