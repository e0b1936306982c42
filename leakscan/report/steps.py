"""What to do about one finding, on a page of text.

In: a finding of the contract. Out: rows and commands on the page. A step is prose with commands
between backticks.
"""

import re
from typing import Final

from rich.text import Text

from leakscan.report.contract import FindingDoc
from leakscan.report.page import Page
from leakscan.report.rows import do_now
from leakscan.report.words import visible

_COMMAND: Final = re.compile(r"(?:aws|git) ")


def what_to_do(
    page: Page, number: int, its: FindingDoc, told: dict[str, tuple[int, list[str]]]
) -> None:
    """Write the steps of a finding up to the IAM role.

    `told` remembers the first finding of each remediation with its steps: of a text told before,
    only what is different is written. It is added to.
    """
    remediation = its["remediation"]
    if its["verdict"]["state"] == "canary":
        page.row("What to do", "Ask who planted it; deactivate nothing.")
        return
    do_now(page, its)
    if remediation is None:
        return
    page.row("What to do", visible(remediation["title"]))
    steps = [visible(step, limit=10_000) for step in remediation["steps"]]
    first, before = told.setdefault(remediation["id"], (number, steps))
    shown = _until_role(steps)
    for index, step in enumerate(steps[:shown]):
        if first == number or step not in before:
            _step(page, f"    {index + 1}. ", step)
    if first != number:
        page.hang(Text("    "), f"The other steps are those of finding {first}.", "dim")
    elif shown < len(steps):
        rest = f"Steps {shown + 1} to {len(steps)}" if shown + 1 < len(steps) else "The last step"
        page.hang(Text("    "), f"{rest} (prove, delete, prevent): see --format json.", "dim")


def _until_role(steps: list[str]) -> int:
    for number, step in enumerate(steps, 1):
        if "IAM role" in step:
            return number
    return len(steps)


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
