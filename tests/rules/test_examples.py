from pathlib import Path

import pytest

from leakscan.resources import patterns
from leakscan.rulecheck import Case, RuleChecker, cases, check
from leakscan.rules.load import load_rules

RULES = load_rules()
REMEDIATIONS = [file.stem for file in Path(patterns(), "remediation").glob("*.md")]


@pytest.fixture(scope="module")
def checker() -> RuleChecker:
    return RuleChecker(RULES)


@pytest.mark.parametrize("case", list(cases(RULES)), ids=lambda case: case.name)
def test_example(case: Case, checker: RuleChecker) -> None:
    assert checker.run(case) is None


def test_rules_have_no_problem() -> None:
    assert check(RULES, REMEDIATIONS) == []


def test_missing_and_unused_remediations_are_problems() -> None:
    missing = check(RULES, [*REMEDIATIONS[1:], "of-no-rule"])
    assert {problem.where for problem in missing} == {"remediation"}
    assert "of-no-rule is named by no rule" in [problem.text for problem in missing]
    assert any(REMEDIATIONS[0] in problem.text for problem in missing)
