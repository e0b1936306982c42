"""The document of plans: its second line against secrets, and what it says of accounts."""

import json
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from leakscan.redact import Secret
from leakscan.remediation import Block, Phase, Plan, PlannedStep, Section
from leakscan.report.base import ReportOptions
from leakscan.report.plan_contract import KeyDoc
from leakscan.report.plan_markdown import render_markdown
from leakscan.report.plan_text import accounts, render_text
from leakscan.report.plans import Planned, Plans, keys, render_json
from tests.report.formats import problems
from tests.verify.builder import akia, finding, secret

Render = Callable[[Plans, ReportOptions], bytes]
OPTIONS = ReportOptions(tool_version="1")
OWN, OTHER = secret("own"), secret("other")


def everywhere(text: str) -> Plan:
    """Return a plan with a text in everything that values are filled into."""
    block = Block("json", f'{{"x": "{text}"}}', "trust.json")
    place = Section(
        "dotenv",
        "A .env file",
        "a role",
        text,
        (text,),
        (text.encode(),),
        True,
        block,
        block,
        block,
    )
    parts = (f"Delete {text}.", Block("sh", f"git rm --cached {text}"), block)
    return Plan(
        "aws-rotate-access-key", "Take it out", text, (place,),
        (PlannedStep("dotenv", Phase.PURGE, parts),), (text,), {"FILE": text}, (), (),
        {"path": text},
    )  # fmt: skip


@pytest.mark.parametrize("render", [render_json, render_text, render_markdown])
def test_no_secret_that_is_known_leaves_a_plan_whatever_was_filled_in(render: Render) -> None:
    key = finding("lk1.is." + "0" * 32, akia("f"), OWN)
    for value in (OWN, OTHER):
        plan = everywhere(f"conf/{value.reveal().decode()}.env")
        made = Plans((Planned(plan, (key,)),), hidden=(OTHER,))
        out = render(made, replace(OPTIONS, width=10_000))
        assert value.reveal() not in out
        assert b"secret-access-key" in out
        if render is render_json:
            assert problems(json.loads(out), "plan-1") == []


def docs(*ids: str | None) -> list[KeyDoc]:
    made = [finding(f"f{at}", one, None if one else OWN) for at, one in enumerate(ids)]
    return keys(made, OPTIONS, (Secret(b"x", "x"),))


def test_keys_of_several_accounts_are_told_and_an_unknown_one_is_none_of_them() -> None:
    here, there = akia("a", "418892985061"), akia("b", "210987654321")
    assert "in the account of its key" in accounts(docs(here, there))
    assert not accounts(docs(here, akia("c", "418892985061")))
    assert not accounts(docs(here, None))
