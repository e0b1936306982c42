import pytest

from leakscan.remedy.catalog import load_catalog
from leakscan.rulecheck import Case, RuleChecker, cases, check
from leakscan.rules.load import load_rules

RULES = load_rules()
KEYS = load_catalog().keys


@pytest.fixture(scope="module")
def checker() -> RuleChecker:
    return RuleChecker(RULES)


@pytest.mark.parametrize("case", list(cases(RULES)), ids=lambda case: case.name)
def test_example(case: Case, checker: RuleChecker) -> None:
    assert checker.run(case) is None


def test_rules_have_no_problem() -> None:
    assert check(RULES, KEYS) == []


def test_missing_and_unused_remediations_are_problems() -> None:
    problems = check(RULES, ["aws-root-access-key", "aws-canary-key", "of-no-rule"])
    assert {problem.where for problem in problems} == {"remediation"}
    said = {problem.text for problem in problems}
    assert said == {"of-no-rule is named by no rule"} | {
        f"names {rule.remediation}, of which there is no text" for rule in RULES.rules
    }
