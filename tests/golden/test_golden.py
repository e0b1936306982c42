"""Whole reports, byte for byte, for hand-built results; read a difference before accepting it."""

import re
from pathlib import Path

import pytest

from leakscan.report.verdicts import render, render_plan
from tests.report.builder import OPTIONS, OUTCOMES, SCENARIOS, planned
from tests.report.formats import FORMATS

HERE = Path(__file__).parent
FORMS = {"txt": "text", "json": "json"}
KEY_ID = re.compile(rb"((?:AKIA|ASIA)(?=[A-Z2-7]{16}))")


def stored(report: bytes) -> bytes:
    """Return the report as it is kept: no id that a scanner of this repository would stop."""
    return KEY_ID.sub(rb"\1%%", report)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_report_is_the_accepted_one(name: str, suffix: str, accept: bool) -> None:
    scenario = SCENARIOS[name]
    report = FORMATS[suffix].render(scenario.make(), scenario.options)
    check(report, HERE / name / f"report.{suffix}", accept)


@pytest.mark.parametrize("suffix", FORMS)
@pytest.mark.parametrize("name", OUTCOMES)
def test_report_of_verify_is_the_accepted_one(name: str, suffix: str, accept: bool) -> None:
    report = render(OUTCOMES[name](), OPTIONS, FORMS[suffix])
    check(report, HERE / name / f"verdicts.{suffix}", accept)


@pytest.mark.parametrize("suffix", FORMS)
def test_report_of_the_dry_run_is_the_accepted_one(suffix: str, accept: bool) -> None:
    report = render_plan(planned(), FORMS[suffix], OPTIONS)
    check(report, HERE / "verified" / f"plan.{suffix}", accept)


def check(report: bytes, path: Path, accept: bool) -> None:
    if accept:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(stored(report))
    assert path.read_bytes() == stored(report)


def test_every_golden_report_has_its_scenario(accept: bool) -> None:
    if accept:
        pytest.skip("the reports are being written")
    wanted = {HERE / name / f"report.{suffix}" for name in SCENARIOS for suffix in FORMATS}
    wanted |= {HERE / name / f"verdicts.{suffix}" for name in OUTCOMES for suffix in FORMS}
    wanted |= {HERE / "verified" / f"plan.{suffix}" for suffix in FORMS}
    assert set(HERE.glob("*/*.*")) == wanted
