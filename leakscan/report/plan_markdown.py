"""A plan as Markdown for a ticket: steps are boxes to tick, commands and files are fenced.

In: the document of `plans`. Out: bytes of UTF-8. What comes from a repository stands in code spans,
or with everything that means something escaped; a fence is longer than any backticks inside it.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from leakscan.report.base import ReportOptions
from leakscan.report.page import command_lines
from leakscan.report.plan_contract import (
    FileDoc,
    KeyDoc,
    PartDoc,
    PhaseDoc,
    PlanDoc,
    WhereDoc,
    file_of,
)
from leakscan.report.plan_text import (
    INCOMPLETE,
    NOTHING,
    NOTHING_READ,
    PHASES,
    VERDICTS,
    accounts,
    by_entry,
)
from leakscan.report.plans import Plans, document
from leakscan.report.words import count, visible

_WIDTH: Final = 100
_PATHS: Final = 10
_KEYS: Final = 50
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()<>#!|~&@$:])")
_LINKED: Final = re.compile(
    r"\S*[@#!$%&~^./:\\][A-Za-z0-9_]\S*|\b(?:[0-9a-f]{7,64}|[A-Z][A-Z0-9]*-[0-9]+)\b"
)
"""Words of which hosts make links or mentions after Markdown, where no backslash helps: addresses,
`@name`, `#1`, `!1`, `OWNER/NAME`, commits and tickets. In code they stay what they are."""
_INDENT: Final = "  "
_LANGUAGES: Final = {"docker": "dockerfile"}


def render_markdown(plans: Plans, options: ReportOptions) -> bytes:
    """Return the plans as Markdown."""
    doc = document(plans, options)
    lines = [] if doc["complete"] else [f"**{INCOMPLETE}**", ""]
    for number, plan in enumerate(doc["plans"], 1):
        lead = f"{number}. " if len(doc["plans"]) > 1 else ""
        lines += [f"# {lead}{plan['title']}", "", *_plan(plan)]
    if not doc["plans"] and not doc["left_out"]:
        lines.append(NOTHING if doc["complete"] else NOTHING_READ)
    if doc["left_out"]:
        lines += [f"# No plan for {count(len(doc['left_out']), 'finding')}", ""]
        listed = doc["left_out"][:_KEYS]
        lines += [f"- {code(one['fingerprint'])}: {one['why']}" for one in listed]
        if len(doc["left_out"]) > _KEYS:
            lines.append(f"- {len(doc['left_out']) - _KEYS} more")
    return ("\n".join(lines).rstrip("\n") + "\n").encode("utf-8")


def _plan(plan: PlanDoc) -> Iterator[str]:
    if plan["keys"]:
        yield from (_key(key) for key in plan["keys"][:_KEYS])
        if len(plan["keys"]) > _KEYS:
            yield f"- {len(plan['keys']) - _KEYS} more"
        yield ""
    if said := accounts(plan["keys"]):
        yield from (f"**{said}**", "")
    for text in plan["why"]:
        yield from (text, "")
    for place in plan["places"]:
        yield from _place(place)
    for phase in plan["phases"]:
        yield from _phase(phase, plan["places"])
    yield from _templates(plan["places"])
    yield from _ending(plan)


def _key(key: KeyDoc) -> str:
    parts = [f"**{code(key['access_key_id'] or key['title'])}**"]
    parts += [f"account {key['account_id']}"] if key["account_id"] else []
    parts += [f"user {code(key['user'])}"] if key["user"] else []
    parts += [f"role {code(key['role'])}"] if key["role"] else []
    if state := VERDICTS.get(key["verdict"]):
        parts.append(f"**{state}**" if key["verdict"] == "live" else state)
    places = ", ".join(map(code, key["at"]))
    return f"- {'; '.join(parts)}" + (f"; in {places}" if places else "")


def _place(place: WhereDoc) -> Iterator[str]:
    paths = ", ".join(map(code, place["paths"][:_PATHS]))
    yield f"**{'Found in' if place['reasons'] else 'Place'}: {place['title']}**" + (
        f" ({paths})" if paths else ""
    )
    if place["reasons"]:
        yield f"because {'; '.join(map(escaped, place['reasons']))}."
    if not place["sure"]:
        yield "This is not sure: leave its steps out if it is something else."
    yield ""
    for text in place["why"]:
        yield from (text, "")
    yield from (f"Instead: {place['mechanism']}.", "")


def _phase(phase: PhaseDoc, places: Sequence[WhereDoc]) -> Iterator[str]:
    word = phase["phase"]
    yield from (f"## {word.capitalize()}: {PHASES.get(word, '')}", "")
    for place, steps in by_entry(phase, places):
        if place is not None and len(places) > 1:
            yield from (f"### {place['title']}", "")
        for step in steps:
            yield from _step(step["number"], step["parts"])


def _step(number: int, parts: Sequence[PartDoc]) -> Iterator[str]:
    """Yield an item of a list of tasks: what belongs to it is indented below its text."""
    lead = f"- [ ] **{number}.** "
    for part in parts:
        if part["kind"] == "text":
            if lead == _INDENT:
                yield ""
            yield f"{lead}{part['text']}"
            lead = _INDENT
            continue
        yield ""
        if part["kind"] == "commands":
            lines = [line for one in part["commands"] for line in _command(one)]
            yield from _fenced("sh", lines, _INDENT)
        else:
            yield from _file(file_of(part), _INDENT)
    yield ""


def _command(command: str) -> Iterator[str]:
    first, *rest = command_lines(command, _WIDTH)
    yield first
    yield from (f"  {line}" for line in rest)


def _file(block: FileDoc, indent: str) -> Iterator[str]:
    if block["file"]:
        yield from (f"{indent}{code(block['file'])}:", "")
    language = _LANGUAGES.get(block["language"], block["language"])
    yield from _fenced(language, block["text"].split("\n"), indent)


def _fenced(language: str, lines: Sequence[str], indent: str) -> Iterator[str]:
    """Yield lines in a fence that none of them can close."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield f"{indent}{fence}{language}"
    yield from (f"{indent}{line}".rstrip() for line in lines)
    yield f"{indent}{fence}"


def _templates(places: Sequence[WhereDoc]) -> Iterator[str]:
    for title, name in (("Terraform", "terraform"), ("CloudFormation", "cloudformation")):
        for place in places:
            block = place["terraform"] if name == "terraform" else place["cloudformation"]
            if block is not None:
                where = f" ({place['title']})" if len(places) > 1 else ""
                yield from (f"## {title}{where}", "")
                yield from ("In place of the `aws` commands that make the role:", "")
                yield from (*_file(block, ""), "")


def _ending(plan: PlanDoc) -> Iterator[str]:
    if plan["watch_out"]:
        yield from ("## Watch out", "", *(f"- {text}" for text in plan["watch_out"]), "")
    if plan["fill_in"]:
        yield from ("## Fill in", "")
        yield from (f"- {code(word)}: {text}" for word, text in plan["fill_in"].items())
        yield ""
    if plan["filled_in"]:
        yield from ("## Filled in: check that these are what you mean", "")
        for name, value in plan["filled_in"].items():
            yield f"- {name.replace('_', ' ')}: {code(value)}"
        yield ""
    if plan["references"]:
        yield from ("## References", "", *(f"- <{link}>" for link in plan["references"]), "")


def code(text: str) -> str:
    """Return a code span that shows a text of anybody's as it is, whatever backticks it has."""
    shown = visible(text)
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    ticks = "`" * (longest + 1)
    # A space on each side is taken away again; it keeps a backtick at an end apart from the span's.
    room = " " if shown[:1] in ("`", " ", "") or shown[-1:] in ("`", " ") else ""
    return f"{ticks}{room}{shown}{room}{ticks}"


def escaped(text: str) -> str:
    """Return a sentence in which nothing is marked up, a link or a mention."""
    made, at = [], 0
    shown = visible(text)
    for word in _LINKED.finditer(shown):
        made += [_SPECIAL.sub(r"\\\1", shown[at : word.start()]), code(word[0])]
        at = word.end()
    return "".join([*made, _SPECIAL.sub(r"\\\1", shown[at:])])
