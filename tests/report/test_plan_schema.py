"""The contract of plans: schema, types and what is written agree."""

from typing import Any

import pytest

from leakscan.remediation import Phase
from leakscan.report import plan_contract
from leakscan.report.plan_text import PHASES, VERDICTS
from leakscan.verdict import VerdictState
from tests.report.formats import SCHEMAS

PLAN, COMPLIANCE = SCHEMAS["plan-1"], SCHEMAS["compliance-1"]


@pytest.mark.parametrize(
    ("schema", "type_name"),
    [
        (PLAN, "PlansDoc"),
        (PLAN["$defs"]["tool"], "MakerDoc"),
        (PLAN["$defs"]["key"], "KeyDoc"),
        (PLAN["$defs"]["plan"], "PlanDoc"),
        (PLAN["$defs"]["place"], "WhereDoc"),
        (PLAN["$defs"]["file"], "FileDoc"),
        (PLAN["$defs"]["phase"], "PhaseDoc"),
        (PLAN["$defs"]["step"], "StepDoc"),
        (PLAN["$defs"]["control"], "ControlDoc"),
        (PLAN["$defs"]["left_out"], "LeftOutDoc"),
        (COMPLIANCE, "ComplianceDoc"),
        (COMPLIANCE["$defs"]["key"], "KeyDoc"),
        (COMPLIANCE["$defs"]["touched"], "TouchedDoc"),
        (COMPLIANCE["$defs"]["touching"], "TouchingDoc"),
        (COMPLIANCE["$defs"]["framework"], "FrameworkDoc"),
        (COMPLIANCE["$defs"]["number"], "NumberDoc"),
    ],
)
def test_schema_and_type_have_the_same_keys(schema: Any, type_name: str) -> None:
    kind = getattr(plan_contract, type_name)
    assert set(schema["properties"]) == set(kind.__annotations__)
    assert set(schema["required"]) == kind.__required_keys__
    assert schema["additionalProperties"] is False
    described = [one for one in schema["properties"].values() if "$ref" not in one]
    assert all("description" in one or "const" in one for one in described)


def test_parts_of_the_schema_are_those_of_the_type() -> None:
    parts = PLAN["$defs"]["part"]["oneOf"]
    assert {key for one in parts for key in one["properties"]} == set(
        plan_contract.PartDoc.__annotations__
    )


def test_words_are_those_of_the_model() -> None:
    assert PLAN["$defs"]["phase"]["properties"]["phase"]["enum"] == [one.value for one in Phase]
    assert list(PHASES) == [one.value for one in Phase]
    verdicts = PLAN["$defs"]["key"]["properties"]["verdict"]["enum"]
    assert set(verdicts) == {one.value for one in VerdictState}
    assert set(VERDICTS) <= set(verdicts)
