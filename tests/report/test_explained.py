"""An explanation says how much of a file its kinds of place were told from."""

import json

import pytest

from leakscan.remediation import Considered, Looked
from leakscan.report.explained import Explained, render_json, render_text
from tests.report.builder import OPTIONS, everything
from tests.report.formats import problems

SAID = {
    Looked.TEXT: "by its text, 2 names beside it and above:",
    Looked.PART: "by a part of its text, 2 names beside it and above, for looking for all signs",
    Looked.PATH: "by its path alone:",
    Looked.TYPE: "by its type alone, for there are too many files:",
}


@pytest.mark.parametrize("looked", list(Looked))
def test_it_is_said_how_much_was_looked_at(looked: Looked) -> None:
    result = everything()
    (first, *_) = result.findings
    considered = {first.credential.fingerprint: (Considered(b"main.tf", 2, looked, (), ()),)}
    explained = Explained((first,), result.rules, considered, (), complete=True)
    text = " ".join(render_text(explained, OPTIONS).decode().split())
    assert f"main.tf, {SAID[looked]}" in text
    doc = json.loads(render_json(explained, OPTIONS))
    assert problems(doc, "explained-1") == []
    assert doc["findings"][0]["considered"][0]["looked_at"] == looked.value
