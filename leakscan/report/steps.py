"""What to do about one finding, on a page of text.

In: a finding of the contract. Out: rows and commands on the page. A step is prose with commands
between backticks.
"""

import re
from itertools import takewhile
from typing import Final

from rich.text import Text

from leakscan.remediation import Phase
from leakscan.report.chosen import found_in, in_sentence, mechanisms
from leakscan.report.contract import FindingDoc, RemediationDoc
from leakscan.report.page import Page
from leakscan.report.rows import do_now
from leakscan.report.words import count, visible

_COMMAND: Final = re.compile(r"(?:aws|git|gh) |leakscan [a-z]+ -")
_CONTAIN: Final = Phase.CONTAIN.value
_MECHANISMS: Final = 3
_URGENT: Final = 3
"""Steps of a finding in a report: what can not wait. `leakscan remedy` tells all of them."""


def what_to_do(
    page: Page, number: int, its: FindingDoc, told: dict[str, tuple[int, list[str]]]
) -> None:
    """Write what a finding stands in, what replaces the key there, and the steps that are urgent.

    `told` remembers the first finding of each remediation with its steps: of a text told before,
    only what is different is written. It is added to.
    """
    remediation = its["remediation"]
    do_now(page, its)
    if remediation is None:
        return
    for at, said in enumerate(found_in(its)):
        page.row("" if at else "Stands in", said)
    for at, said in enumerate(mechanisms(its)[:_MECHANISMS]):
        page.row("" if at else "Instead", f"{'or ' if at else ''}{in_sentence(said)}")
    page.row("What to do", visible(remediation["title"]))
    steps = [visible(step, limit=10_000) for step in remediation["steps"]]
    first, before = told.setdefault(remediation["id"], (number, steps))
    shown = _urgent(remediation)
    for index, step in enumerate(steps[:shown]):
        if first == number or step not in before:
            _step(page, f"    {index + 1}. ", step)
    if first != number:
        page.hang(Text("    "), f"The other steps are those of finding {first}.", "dim")
    if shown < len(steps):
        _rest(page, its, shown)


def _urgent(remediation: RemediationDoc) -> int:
    """Return how many steps are urgent: the first that contain; all where none is said to."""
    urgent = len(list(takewhile(lambda phase: phase == _CONTAIN, remediation["phases"])))
    return min(_URGENT, urgent) or len(remediation["steps"])


def _rest(page: Page, its: FindingDoc, shown: int) -> None:
    """Say what the other steps are for, and how to see them."""
    remediation = its["remediation"]
    assert remediation is not None
    phases = ", ".join(dict.fromkeys(remediation["phases"][shown:]))
    # Of a canary nothing is deleted or replaced, whatever its phases are called.
    then = "More" if its["verdict"]["state"] == "canary" else f"Then {phases}"
    page.hang(Text("    "), f"{then}, in {count(len(remediation['steps']) - shown, 'step')}:")
    page.command(9, f"leakscan remedy {its['fingerprint']}")


def _step(page: Page, lead: str, step: str) -> None:
    """Write one step: prose wrapped, each command on lines of its own."""
    prose = ""
    start = Text(lead)
    for number, part in enumerate(step.split("`")):
        if number % 2 == 0 or not _COMMAND.match(part):
            prose += part
            continue
        start = _prose(page, start, prose)
        page.command(len(lead) + 2, part)
        prose = ""
    _prose(page, start, prose)


def _prose(page: Page, start: Text, prose: str) -> Text:
    """Write what stands between commands, if it is more than punctuation; return the next start."""
    words = prose.strip().lstrip(".,;: ")
    if not words:
        return start
    page.hang(start, words)
    return Text(" " * start.cell_len)
