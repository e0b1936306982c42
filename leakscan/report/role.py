"""A suggested role for people and for programs: text and JSON; the other formats by their names.

In: a `Suggestion`. Out: bytes. What is text of a repository or of an event is made visible first:
it can neither steer a terminal nor pass for a line of ours.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from rich.text import Text as Rich

from leakscan.errors import ExitCode, LeakscanError
from leakscan.permissions import Spot, Statement, Suggestion
from leakscan.redact import mask_text
from leakscan.report.base import ReportOptions
from leakscan.report.clean import Cleaner
from leakscan.report.page import Page
from leakscan.report.role_cli import render_cli
from leakscan.report.role_cloudformation import render_cloudformation
from leakscan.report.role_document import (
    INCOMPLETE,
    as_words,
    cleaned,
    document,
    policies,
    read_line,
    size_line,
    statement,
)
from leakscan.report.role_terraform import render_terraform
from leakscan.report.words import count, visible

_MIN_WIDTH: Final = 40
_SPOTS: Final = 5
_LISTED: Final = 50
_UNNAMED: Final = "None, for no place was named: leakscan remedy --list has them."


class SplitPolicyError(LeakscanError):
    """The permissions do not fit into one policy."""


class EmptyPolicyError(LeakscanError):
    """There is no permission, and the format has no place to say so."""

    code = ExitCode.INCOMPLETE


def render(
    suggestion: Suggestion, options: ReportOptions, form: str, clean: Cleaner | None = None
) -> bytes:
    """Return the role in a format: text, json, terraform, cloudformation or cli."""
    made = cleaned(suggestion, clean or Cleaner(mask_text))
    return RENDERERS[form](made, options)


def _json(made: Suggestion, options: ReportOptions) -> bytes:
    doc = document(made, options.tool_version)
    return (json.dumps(doc, indent=2, allow_nan=False) + "\n").encode("ascii")


def _text(made: Suggestion, options: ReportOptions) -> bytes:
    page = Page(max(options.width, _MIN_WIDTH), color=options.color)
    _head(page, made)
    _section(page, "What a human must decide", made.decisions)
    _not_understood(page, made)
    _variables(page, made)
    _trust(page, made)
    _permissions(page, made)
    _because(page, made)
    _difference(page, made)
    return page.text().encode("utf-8")


def _head(page: Page, made: Suggestion) -> None:
    place = f", for {made.place}" if made.place else ""
    page.hang(Rich(""), f"A role to begin with: {made.role}{place}", "bold")
    source = "the key's use in CloudTrail" if made.difference else "the code"
    trusts = "trusts whom the place needs, and " if made.trust else ""
    page.hang(
        Rich(""),
        f"It {trusts}may do what {source} shows. Words in capitals are for you to fill in. Nothing "
        "was created, and AWS was not changed.",
    )
    page.hang(Rich(""), _summary(made))
    page.hang(Rich(""), read_line(made), "dim")
    if not made.complete:
        page.hang(Rich(""), INCOMPLETE, "bold")
    page.blank()


def _summary(made: Suggestion) -> str:
    """Say how much of a role it is."""
    actions = {action for one in made.statements for action in one.actions}
    spots = {spot for one in made.statements for ones in one.because.values() for spot in ones}
    open_words = f", {count(len(made.variables), 'word')} to fill in" if made.variables else ""
    where = "event" if made.difference else "line"
    return (
        f"{count(len(actions), 'action')} in {count(len(made.statements), 'statement')}, "
        f"asked for by {count(len(spots), where)}{open_words}; "
        f"{count(len(made.decisions), 'thing')} to decide, "
        f"{count(len(made.unclear) + len(made.unknown), 'place')} not understood."
    )


def _title(page: Page, title: str) -> None:
    page.line(Rich(title, "bold"))


def _trust(page: Page, made: Suggestion) -> None:
    _title(page, "Trust policy")
    if not made.trust:
        why = "There is no role to create at this place: see its plan." if made.place else _UNNAMED
        page.hang(Rich("  "), why)
    for line in _shown(json.loads(made.trust)) if made.trust else ():
        page.line(Rich(f"  {line}"))
    page.blank()


def _shown(value: object) -> list[str]:
    return json.dumps(value, indent=2).splitlines()


def _permissions(page: Page, made: Suggestion) -> None:
    found = policies(made, as_words)
    _title(page, "Permissions")
    if not found:
        page.hang(Rich("  "), "NONE: nothing was inferred. See above what that does not mean.")
    for one in found:
        if len(found) > 1:
            page.line(Rich(f"  {one.name}"))
        for line in _shown(one.document):
            page.line(Rich(f"  {line}"))
    if found:
        page.hang(Rich("  "), size_line(found), "dim")
    page.blank()


def _because(page: Page, made: Suggestion) -> None:
    if not made.statements:
        return
    _title(page, "Which line asks for what")
    for one in made.statements:
        _because_of(page, one)
    page.blank()


def _because_of(page: Page, one: Statement) -> None:
    page.hang(Rich(f"  {one.sid}: "), ", ".join(visible(text) for text in _resources(one)), "dim")
    for action in one.actions:
        spots = one.because.get(action, ())
        said = "; ".join(_spot(spot) for spot in spots[:_SPOTS])
        rest = f"; and {count(len(spots) - _SPOTS, 'other place')}" if len(spots) > _SPOTS else ""
        page.hang(Rich(f"    {action}  "), f"{said}{rest}")


def _resources(one: Statement) -> list[str]:
    found: list[str] = statement(one, as_words)["Resource"]
    return found


def _spot(spot: Spot) -> str:
    where = f"{visible(spot.path)}:{spot.line}" if spot.line else f"event {visible(spot.path)}"
    return f"{where} {visible(spot.said)}".rstrip()


def _section(page: Page, title: str, sentences: Sequence[str]) -> None:
    if not sentences:
        return
    _title(page, title)
    for one in sentences:
        page.hang(Rich("  - "), visible(one, 2000))
    page.blank()


def _variables(page: Page, made: Suggestion) -> None:
    lines = [f"{name}: {meaning or 'a name'}" for name, meaning in made.variables.items()]
    _section(page, "To fill in", lines)


def _difference(page: Page, made: Suggestion) -> None:
    if made.difference is None:
        return
    _section(
        page, "Used, and asked for by no code that was read", _pairs(made.difference.only_used)
    )
    _section(page, "In the code, and not used", _pairs(made.difference.only_code))
    _section(page, "Tried, and denied", _pairs(made.difference.refused))


def _pairs(pairs: Sequence[tuple[str, str]]) -> list[str]:
    found = [f"{action} on {resource}" for action, resource in pairs[:_LISTED]]
    rest = len(pairs) - len(found)
    return [*found, f"and {rest} more"] if rest else found


def _not_understood(page: Page, made: Suggestion) -> None:
    _section(page, "Calls whose action is not known", _some([_spot(one) for one in made.unknown]))
    unclear = [f"{_spot(one.spot)}: {one.why}" for one in made.unclear]
    _section(page, "Not understood", _some(unclear))


def _some(lines: Sequence[str]) -> list[str]:
    rest = len(lines) - _LISTED
    return [*lines[:_LISTED], *([f"and {rest} more; JSON has all"] if rest > 0 else [])]


def _policy(made: Suggestion, _options: ReportOptions) -> bytes:
    """Return the permissions alone, as a file that the AWS CLI takes."""
    found = policies(made, as_words)
    if len(found) > 1:
        raise SplitPolicyError(
            f"The permissions are too large for one policy: they are {len(found)}.",
            hint="--format cli, terraform or cloudformation writes all of them.",
        )
    if not found:
        raise EmptyPolicyError(
            "NOTHING WAS INFERRED, so there is no policy to write; IAM takes no empty one.",
            hint="--format text says what was read, and what that does not mean.",
        )
    return (json.dumps(found[0].document, indent=2) + "\n").encode("ascii")


RENDERERS: Final[Mapping[str, Callable[[Suggestion, ReportOptions], bytes]]] = {
    "text": _text,
    "json": _json,
    "terraform": render_terraform,
    "cloudformation": render_cloudformation,
    "cli": render_cli,
    "policy": _policy,
}
