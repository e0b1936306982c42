"""Which implementation stands for which stage; registries are written by hand."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from leakscan.history.git import Git
from leakscan.history.locate import locate
from leakscan.history.source import StoreSource
from leakscan.match.matcher import Matcher
from leakscan.pipeline import Stages
from leakscan.remedy.catalog import fill, load_catalog
from leakscan.report.base import Reporter
from leakscan.rules.load import load_rules
from leakscan.score.scorer import Scorer


def stages(rules_folder: Path | None, *, deep: bool) -> Stages:
    """Return the stages of a scan. Raises LeakscanError for an invalid rule or remediation file."""
    rules = load_rules(rules_folder)
    return Stages(rules, Matcher(rules, deep=deep), Scorer(), load_catalog(), fill)


@contextmanager
def open_source(path: Path, max_object_bytes: int) -> Iterator[StoreSource]:
    """Open the repository at path. Raises LeakscanError where there is none, or no git."""
    layout = locate(path)
    with Git(
        layout.objects, layout.object_format, os.environ, max_object_bytes=max_object_bytes
    ) as git:
        yield StoreSource(layout, git)


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
