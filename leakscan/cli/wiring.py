"""Which implementation stands for which stage; registries are written by hand.

A push waits for each import. What is needed only where something was found, or only for whole
histories, is imported then.
"""

import os
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from leakscan.model import Candidate, Content, Credential, Finding, RuleSet, Sighting, Target
from leakscan.pipeline import Stages

if TYPE_CHECKING:
    from leakscan.history.base import Source
    from leakscan.history.locate import Layout
    from leakscan.history.source import Reading, StoreSource
    from leakscan.model import Remediation
    from leakscan.pipeline import Remedying
    from leakscan.remedy.catalog import Catalog
    from leakscan.report.base import Reporter
    from leakscan.score.scorer import Scorer

_MAX_JOBS: Final = 8
"""Processes by default: what more of them win is less than what they take from others."""


class MakeStages:
    """Makes the stages of a scan, once in each process; a forked one has those of its parent."""

    def __init__(self, rules: RuleSet, deep: bool, remedy: "Remedying | None" = None) -> None:
        self._rules = rules
        self._deep = deep
        self._remedy = remedy  # Of use only in the process that reports.
        self._made: Stages | None = None

    def __call__(self) -> Stages:
        """Return the stages of this process. Raises LeakscanError for an invalid text."""
        if self._made is None:
            from leakscan.match.matcher import Matcher

            matcher = Matcher(self._rules, deep=self._deep, cache=cache_folder())
            self._made = Stages(self._rules, matcher, _LateScorer(), self._remedy or late_remedy())
        return self._made

    def __reduce__(self) -> "tuple[type[MakeStages], tuple[RuleSet, bool]]":
        return MakeStages, (self._rules, self._deep)


class _LateScorer:
    """The scorer, imported with the first candidate."""

    @cached_property
    def _scorer(self) -> "Scorer":
        from leakscan.score.scorer import Scorer

        return Scorer()

    def score(self, content: Content, candidates: Sequence[Candidate]) -> list[Sighting]:
        """Return the credentials among the candidates of one content."""
        return self._scorer.score(content, candidates)

    def conclude(self, sightings: Sequence[Sighting], paths: Collection[bytes]) -> Credential:
        """Return the credential that some sightings at some paths amount to."""
        return self._scorer.conclude(sightings, paths)


class _LateRemedy:
    """The remedy stage, imported with the first finding."""

    @cached_property
    def _remedy(self) -> "Remedying":
        from leakscan.cli.remedying import Remedy

        return Remedy(load_catalog())

    def choose(
        self,
        source: "Source | None",
        findings: Sequence[Finding],
        is_over: Callable[[], bool] = lambda: False,
    ) -> list[Finding]:
        """Return findings with the kinds of place they stand in."""
        return self._remedy.choose(source, findings, is_over)

    def fill(self, findings: Sequence[Finding], target: Target | None) -> list[Finding]:
        """Return findings with what to do about each."""
        return self._remedy.fill(findings, target)


def late_remedy() -> "Remedying":
    """Return the remedy stage."""
    return _LateRemedy()


@cache
def load_catalog() -> "Catalog":
    """Return what can be done. Raises LeakscanError for an invalid text."""
    from leakscan.remedy import catalog

    return catalog.load_catalog(cache=cache_folder())


def instead() -> dict[str, str]:
    """Return what to use in place of a key, by the kind of place. Raises LeakscanError."""
    return {name: entry.instead for name, entry in load_catalog().places.items()}


def _help_of(remediation: str) -> "Remediation | None":
    """Return what to do about any key of a kind, in short; None for a kind that has no text."""
    from leakscan.remedy.plan import plan_of_place, remediation_of
    from leakscan.remedy.values import Values

    entry = load_catalog().keys.get(remediation)
    return remediation_of(plan_of_place(entry, load_catalog(), Values())) if entry else None


def rules(folder: Path | None) -> RuleSet:
    """Return the rules of a folder, or those that came with leakscan. Raises LeakscanError."""
    from leakscan.rules.load import load_rules

    return load_rules(folder, cache_folder())


def stages(
    rules_folder: Path | None, *, deep: bool, remedy: "Remedying | None" = None
) -> MakeStages:
    """Return how to make the stages. Raises LeakscanError for an invalid rule file."""
    return MakeStages(rules(rules_folder), deep, remedy)


@contextmanager
def open_source(path: Path, reading: "Reading") -> "Iterator[StoreSource]":
    """Open the repository at path. Raises LeakscanError where there is none, or no git."""
    from leakscan.history.locate import locate

    with open_layout(locate(path), reading) as source:
        yield source


@contextmanager
def open_layout(layout: "Layout", reading: "Reading") -> "Iterator[StoreSource]":
    """Open a repository that was found. Raises LeakscanError where there is no git."""
    from leakscan.history.git import Git
    from leakscan.history.source import StoreSource

    with Git(
        layout.objects, layout.object_format, os.environ, max_object_bytes=reading.limit_bytes
    ) as git:
        git.check()
        yield StoreSource(layout, git, reading)


def reading(max_object_bytes: int, jobs: int | None, reader: str) -> "Reading":
    """Return how to read: by default with as many processes as this one may use, at most 8."""
    from leakscan.history.source import Reading
    from leakscan.history.workers import Pool

    if reader == "git":
        return Reading(max_object_bytes, None)
    # A fork shares the compiled rules; elsewhere it is not safe, or not there.
    method = "fork" if sys.platform == "linux" else "spawn"
    return Reading(max_object_bytes, Pool(jobs or min(_processors(), _MAX_JOBS), method))


def cache_folder() -> Path | None:
    """Return where leakscan keeps what is dear to make: the user's cache, None without a home."""
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


def reporter(name: str) -> "Reporter":
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

            return SarifReporter(_help_of)
        case "gitlab":
            from leakscan.report.gitlab import GitlabReporter

            return GitlabReporter()
    raise AssertionError(name)
