"""Whole reports, byte for byte, for hand-built results; read a difference before accepting it."""

import re
from pathlib import Path

import pytest

from tests.report.builder import SCENARIOS
from tests.report.formats import FORMATS

HERE = Path(__file__).parent
KEY_ID = re.compile(rb"((?:AKIA|ASIA)(?=[A-Z2-7]{16}))")


def stored(report: bytes) -> bytes:
    """Return the report as it is kept: no id that a scanner of this repository would stop."""
    return KEY_ID.sub(rb"\1%%", report)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_report_is_the_accepted_one(name: str, suffix: str, accept: bool) -> None:
    scenario = SCENARIOS[name]
    report = stored(FORMATS[suffix].render(scenario.make(), scenario.options))
    path = HERE / name / f"report.{suffix}"
    if accept:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(report)
    assert path.read_bytes() == report


def test_every_golden_report_has_its_scenario(accept: bool) -> None:
    if accept:
        pytest.skip("the reports are being written")
    wanted = {HERE / name / f"report.{suffix}" for name in SCENARIOS for suffix in FORMATS}
    assert set(HERE.glob("*/report.*")) == wanted
