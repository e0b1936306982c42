"""What calls need: actions on resources, with the place in the code that asks for each.

Part of the privilege stage. In: `Call`s. Out: `Need`s, the calls that nobody knows, and what the
variables in the resources stand for. Two things that have the same name in the code and are of
different kinds get different variables.
"""

import re
from collections.abc import Iterable
from typing import Final

from msgspec import field
from msgspec.structs import replace

from leakscan.aws import partition_of
from leakscan.permissions import Call, Hole, Need, Spot, Text
from leakscan.privilege.actions import Wanted, actions_of, notes_of
from leakscan.privilege.arguments import completed
from leakscan.privilege.arns import Place
from leakscan.privilege.names import with_own_holes
from leakscan.privilege.resources import Aim, aim
from leakscan.privilege.tables import Tables
from leakscan.record import State

_ACCOUNT: Final = re.compile(r"[0-9]{12}", re.ASCII)


class Needs(State):
    """What was collected."""

    needs: list[Need] = field(default_factory=list)
    unknown: list[Spot] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    """What calls need besides that they do not show, a sentence each."""
    passed_openly: list[Spot] = field(default_factory=list)
    """Calls that hand on a role where it is not known to which service."""


def needs_of(calls: Iterable[Call], place: Place, tables: Tables) -> Needs:
    """Return what the calls need; each as often as it is asked for."""
    found = Needs()
    kinds: dict[str, tuple[str, str]] = {}
    for bare in calls:
        call = completed(_own(bare))
        actions = actions_of(call, tables)
        found.notes += [one for one in notes_of(call, tables) if one not in found.notes]
        if not actions.is_known:
            said = f"{call.service}:{call.operation}"
            found.unknown.append(replace(call.spot, said=said))
        for wanted in actions.wanted:
            its = _with_own_words(aim(wanted, call, place, tables), wanted, kinds)
            found.variables |= its.words
            found.needs.append(_need(wanted, its, call))
            if wanted.role and not wanted.passed_to:
                found.passed_openly.append(call.spot)
    return found


def _own(call: Call) -> Call:
    """Return the call with variables that nothing else is called, and no place that is none."""
    arguments = {name: tuple(map(with_own_holes, texts)) for name, texts in call.arguments.items()}
    region = call.region if partition_of(call.region) else ""
    account = call.account if _ACCOUNT.fullmatch(call.account) else ""
    return replace(call, arguments=arguments, region=region, account=account)


def _need(wanted: Wanted, its: Aim, call: Call) -> Need:
    return Need(wanted.action, its.resources, call.spot, wanted.reason, its.conditions)


def _with_own_words(its: Aim, wanted: Wanted, kinds: dict[str, tuple[str, str]]) -> Aim:
    """Give a hole another name where its own stands for a thing of another kind already."""
    prefix = wanted.action.partition(":")[0]
    names: dict[str, str] = {}
    for name, said in its.words.items():
        kind = f"{prefix}.{said.partition(' in ')[0]}" if " in " in said else name
        names[name] = _free(name, kind, prefix, kinds)
    return replace(
        its,
        resources=tuple(_renamed(text, names) for text in its.resources),
        words={names[name]: said for name, said in its.words.items()},
    )


def _free(name: str, kind: str, prefix: str, kinds: dict[str, tuple[str, str]]) -> str:
    """Return a name that no other thing has, in templates without `_` neither."""
    word = prefix.upper().replace("-", "_")
    number = 1
    chosen = name
    while kinds.setdefault(chosen.replace("_", ""), (name, kind)) != (name, kind):
        chosen = f"{word}_{name}" if number == 1 else f"{word}_{name}_{number}"
        number += 1
    return chosen


def _renamed(text: Text, names: dict[str, str]) -> Text:
    return tuple(
        Hole(names.get(part.name, part.name)) if isinstance(part, Hole) else part for part in text
    )
