"""Controls of very many findings: each is written once, and only the first are named in a text."""

import json

import pytest

from leakscan.remedy.catalog import load_catalog
from leakscan.remedy.plan import plan_of_place
from leakscan.remedy.values import Values
from leakscan.report.base import ReportOptions
from leakscan.report.compliance import RENDERERS
from leakscan.report.plans import Planned, Plans
from tests.report.formats import problems
from tests.verify.builder import akia, finding

CATALOG = load_catalog()
NAMES = [f"lk1.is.{number:032x}" for number in range(200)]


def render(form: str, count: int) -> str:
    found = tuple(finding(name, akia(name)) for name in NAMES[:count])
    places = (("ecs-task", found[: count // 2]), ("dotenv", found[count // 2 :]))
    planned = tuple(
        Planned(plan_of_place(CATALOG.entries[place], CATALOG, Values()), its)
        for place, its in places
    )
    return RENDERERS[form](Plans(planned), ReportOptions()).decode()


def test_each_finding_is_written_once_and_its_controls_once_for_all() -> None:
    text = render("json", 200)
    made = json.loads(text)
    assert problems(made, "compliance-1") == []
    assert all(text.count(name) == 2 for name in NAMES)  # What it is, and what it touches.
    assert sum(len(one["findings"]) for one in made["touching"]) == len(NAMES)
    touched = {one["id"]: one["findings"] for one in made["controls"]}
    for name, number in touched.items():
        its = [one["findings"] for one in made["touching"] if name in one["controls"]]
        assert number == sum(map(len, its))
    assert touched["no-embedded-credentials"] == len(NAMES)


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_a_text_names_the_first_and_counts_the_others(form: str) -> None:
    assert "+195 more" in " ".join(render(form, 200).split())
    assert len(render(form, 200)) < 1.2 * len(render(form, 20))
