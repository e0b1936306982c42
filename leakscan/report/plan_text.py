"""A plan as text: what is at stake, then the steps in their order, commands ready to paste.

In: the document of `plans`. Out: bytes of UTF-8. What comes from a repository is made visible; a
command stands on lines of its own and pastes as it is.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.text import Text

from leakscan.report.base import ReportOptions
from leakscan.report.page import Page
from leakscan.report.plan_contract import (
    FileDoc,
    KeyDoc,
    LeftOutDoc,
    PartDoc,
    PhaseDoc,
    PlanDoc,
    PlansDoc,
    StepDoc,
    WhereDoc,
    file_of,
)
from leakscan.report.plans import Plans, document
from leakscan.report.words import count, some, visible

MIN_WIDTH: Final = 40
PHASES: Final = {
    "contain": "stop whoever has the key",
    "replace": "put the role in its place",
    "prove": "the role works, the key is not used any more",
    "delete": "when nothing uses it any more",
    "purge": "the copies of it",
    "prevent": "the next one",
}
VERDICTS: Final = {
    "live": "AWS ACCEPTS IT",
    "not-accepted": "AWS does not accept it: deleted, deactivated or unknown",
    "wrong-secret": "the id is active; this secret is not its own",
    "expired": "expired",
    "token-missing": "its session token was not found",
    "canary": "a tripwire: its use alarms whoever planted it",
    "unknown": "AWS was asked, and its answer decides nothing",
}
NOTHING: Final = "There is no finding, and nothing to do."
NOTHING_READ: Final = "There is no finding in what was read. This is not clean."
INCOMPLETE: Final = "INCOMPLETE: not all could be read, so there may be more keys than these."
_USUAL_PARTITION: Final = "aws"
_STEP: Final = 4
_PATHS: Final = 3
_KEYS: Final = 20
_LABEL: Final = 25
_LEFT: Final = 50


def render_text(plans: Plans, options: ReportOptions) -> bytes:
    """Return the plans as text."""
    doc = document(plans, options)
    page = Page(max(options.width, MIN_WIDTH), color=options.color)
    incomplete(page, complete=doc["complete"])
    _contents(page, doc)
    for number, plan in enumerate(doc["plans"], 1):
        if number > 1:
            page.blank()
            page.blank()
        lead = f"{number}. " if len(doc["plans"]) > 1 else ""
        _plan(page, lead, plan)
    if not doc["plans"] and not doc["left_out"]:
        nothing(page, complete=doc["complete"])
    left_out(page, doc["left_out"])
    return page.text().encode("utf-8")


def incomplete(page: Page, *, complete: bool) -> None:
    """Say so where not all was read."""
    if not complete:
        page.hang(Text(), INCOMPLETE, "bold yellow")
        page.blank()


def nothing(page: Page, *, complete: bool) -> None:
    """Say that there is no finding, which means nothing where not all was read."""
    page.line(Text(NOTHING, "bold green") if complete else Text(NOTHING_READ, "bold yellow"))


def _contents(page: Page, doc: PlansDoc) -> None:
    """Say what follows, where that is more than one plan."""
    if len(doc["plans"]) < 2:
        return
    total = sum(len(plan["keys"]) for plan in doc["plans"])
    page.line(Text(f"{count(len(doc['plans']), 'plan')} for {count(total, 'key')}", "bold"))
    for number, plan in enumerate(doc["plans"], 1):
        page.hang(Text(f"  {number}. "), f"{count(len(plan['keys']), 'key')}: {_titles(plan)}")
    page.blank()


def _titles(plan: PlanDoc) -> str:
    titles = "; ".join(place["title"] for place in plan["places"]) or plan["title"]
    where = plan["filled_in"].get("partition", _USUAL_PARTITION)
    return titles if where == _USUAL_PARTITION else f"{titles}, in {where}"


def left_out(page: Page, left: Sequence[LeftOutDoc]) -> None:
    """Say which credentials have no plan."""
    if not left:
        return
    if page.text():
        page.blank()
    page.line(Text(f"No plan for {count(len(left), 'finding')}", "bold"))
    for one in left[:_LEFT]:
        page.hang(Text(f"  {visible(one['fingerprint'])}  "), one["why"])
    if len(left) > _LEFT:
        page.line(Text(f"  +{len(left) - _LEFT} more: see --format json"))


def _plan(page: Page, lead: str, plan: PlanDoc) -> None:
    page.hang(Text(lead, "bold"), plan["title"], "bold")
    page.blank()
    for key in plan["keys"][:_KEYS]:
        _key(page, key)
    if len(plan["keys"]) > _KEYS:
        page.row("", f"+{len(plan['keys']) - _KEYS} more: see --format json")
    if said := accounts(plan["keys"]):
        page.row("Accounts", said, "bold yellow")
    page.row("At stake", plan["why"][0] if plan["why"] else "")
    for place in plan["places"]:
        _place(page, place)
    if plan["keys"] and not plan["places"] and not _are_canaries(plan["keys"]):
        page.row("Found in", "no place that leakscan knows: see leakscan remedy --list")
    if plan["fill_in"]:
        page.row("Fill in", f"{', '.join(plan['fill_in'])}: what they mean stands at the end")
    for phase in plan["phases"]:
        _phase(page, phase, plan["places"])
    _templates(page, plan["places"])
    _ending(page, plan)


def _are_canaries(keys: Sequence[KeyDoc]) -> bool:
    """Say whether the keys are tripwires, of which the place is none of a plan's concern."""
    return all(key["verdict"] == "canary" for key in keys)


def accounts(keys: Sequence[KeyDoc]) -> str:
    """Say so where the keys are not all of one account; else nothing."""
    known = {key["account_id"] for key in keys if key["account_id"]}
    if len(known) < 2 or _are_canaries(keys):
        return ""
    return "Not all keys are of one account: run each command in the account of its key."


def _key(page: Page, key: KeyDoc) -> None:
    page.row("Key", key_words(key), "bold")
    state = VERDICTS.get(key["verdict"])
    if state:
        page.row("", state, "bold red" if key["verdict"] == "live" else "")
    for place in key["at"][:_PATHS]:
        page.row("", place)
    if len(key["at"]) > _PATHS:
        page.row("", f"+{len(key['at']) - _PATHS} more places")
    page.row("", visible(key["fingerprint"]), "dim")


def key_words(key: KeyDoc) -> str:
    """Return the id of a key, or what it is, with its account and its owner."""
    whose = [f"account {key['account_id']}"] if key["account_id"] else []
    whose += [f"user {visible(key['user'])}"] if key["user"] else []
    whose += [f"role {visible(key['role'])}"] if key["role"] else []
    name = visible(key["access_key_id"] or key["title"])
    return f"{name} ({', '.join(whose)})" if whose else name


def _place(page: Page, place: WhereDoc) -> None:
    page.row("Found in" if place["paths"] or place["reasons"] else "Place", place_words(place))
    if place["reasons"]:
        page.row("", f"Because {'; '.join(map(visible, place['reasons']))}.")
    if not place["sure"]:
        page.row("", "This is not sure: leave its steps out if it is something else.", "yellow")
    for text in place["why"]:
        page.row("", text)
    page.row("Instead", place["mechanism"], "bold")


def place_words(place: WhereDoc) -> str:
    """Return the title of a place with the first of the paths."""
    if not place["paths"]:
        return place["title"]
    return f"{place['title']}: {some([visible(path) for path in place['paths']], _PATHS)}"


def _phase(page: Page, phase: PhaseDoc, places: Sequence[WhereDoc]) -> None:
    page.blank()
    word = phase["phase"]
    page.line(Text.assemble((word.upper(), "bold"), f"  {PHASES.get(word, '')}"))
    for place, steps in by_entry(phase, places):
        if place is not None and len(places) > 1:
            page.blank()
            page.hang(Text("  "), f"In {place_words(place)}", "italic")
        for step in steps:
            page.blank()
            _step(page, step)


def by_entry(
    phase: PhaseDoc, places: Sequence[WhereDoc]
) -> Iterator[tuple[WhereDoc | None, list[StepDoc]]]:
    """Yield the steps of each entry of a phase, with the place they are for, if it is one.

    The trust policy of a place stands in the step that has it saved.
    """
    known = {place["id"]: place for place in places}
    steps: dict[str, list[StepDoc]] = {}
    for step in phase["steps"]:
        steps.setdefault(step["entry"], []).append(step)
    for entry, found in steps.items():
        place = known.get(entry)
        trust = place["trust"] if place and phase["phase"] == "replace" else None
        yield place, list(_with_trust(found, trust)) if trust else found


def _with_trust(steps: Sequence[StepDoc], trust: FileDoc) -> Iterator[StepDoc]:
    """Yield the steps, the trust policy after the first sentence that names its file, else last."""
    name = trust["file"] or ""
    made: PartDoc = {
        "kind": "file",
        "language": trust["language"],
        "file": trust["file"],
        "text": trust["text"],
    }
    found = list(steps)
    named = ((at, one) for at, one in enumerate(found) if _naming(one, name) is not None)
    at, step = next(named, (len(found) - 1, found[-1]))
    after = _naming(step, name)
    sentence: PartDoc = {"kind": "text", "text": f"The trust policy, {name}:"}
    parts = [*step["parts"], sentence] if after is None else step["parts"][: after + 1]
    rest = [] if after is None else step["parts"][after + 1 :]
    found[at] = {**step, "parts": [*parts, made, *rest]}
    yield from found


def _naming(step: StepDoc, name: str) -> int | None:
    """Return which part of a step is the first that names a file; None if there is none."""
    return next((n for n, one in enumerate(step["parts"]) if name in one.get("text", "")), None)


def _step(page: Page, step: StepDoc) -> None:
    lead = Text(f"{step['number']}. ".rjust(_STEP), "bold")
    for part in step["parts"]:
        if part["kind"] == "text":
            page.hang(lead, plain(part["text"]))
            lead = Text(" " * _STEP)
        else:
            _copied(page, part)


def _copied(page: Page, part: PartDoc) -> None:
    for command in part.get("commands", ()):
        page.command(_STEP + 2, command)
    if part["kind"] == "file":
        file(page, file_of(part), _STEP + 2)


def file(page: Page, block: FileDoc, indent: int) -> None:
    """Write the text of a file below its name."""
    if block["file"]:
        page.line(Text(f"{' ' * indent}{block['file']}:", "bold"))
    for line in block["text"].split("\n"):
        page.line(Text(f"{' ' * indent}{line}"))


def plain(text: str) -> str:
    """Return a sentence without the backticks around code, but where a space would be lost."""
    return text.replace("`", "")


def _templates(page: Page, places: Sequence[WhereDoc]) -> None:
    """Write the role as Terraform and CloudFormation, for those who keep theirs there."""
    for title, name in (("TERRAFORM", "terraform"), ("CLOUDFORMATION", "cloudformation")):
        for place in places:
            block = place["terraform"] if name == "terraform" else place["cloudformation"]
            if block is None:
                continue
            page.blank()
            what = "  in place of the aws commands that make the role"
            where = f" ({place['title']})" if len(places) > 1 else ""
            page.line(Text.assemble((title, "bold"), what + where))
            page.blank()
            file(page, block, _STEP)


def _ending(page: Page, plan: PlanDoc) -> None:
    if plan["watch_out"]:
        _heading(page, "WATCH OUT", "")
        for text in plan["watch_out"]:
            page.hang(Text("  - "), plain(text))
    if plan["fill_in"]:
        _heading(page, "FILL IN", "")
        _pairs(page, plan["fill_in"])
    if plan["filled_in"]:
        _heading(page, "FILLED IN", "  check that these are what you mean")
        _pairs(page, {name.replace("_", " "): text for name, text in plan["filled_in"].items()})
    if plan["references"]:
        _heading(page, "REFERENCES", "")
        for link in plan["references"]:
            page.line(Text(f"  {link}"))


def _heading(page: Page, title: str, note: str) -> None:
    page.blank()
    page.line(Text.assemble((title, "bold"), note))


def _pairs(page: Page, pairs: dict[str, str]) -> None:
    for name, text in pairs.items():
        page.hang(Text(f"  {name}  ".ljust(_LABEL)), text)
