"""Statements of a policy from what calls need.

Part of the privilege stage. In: `Need`s. Out: `Statement`s: each action once for each set of
resources, without what a wider one of the same action covers, in an order that does not depend on
that of the calls.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from leakscan.permissions import Hole, Need, Spot, Statement, Text
from leakscan.privilege.arns import covers
from leakscan.record import Record

Conditions = Mapping[str, Mapping[str, tuple[str, ...]]]
Level = Callable[[str], str]
_Flat = tuple[tuple[str, str, tuple[str, ...]], ...]

_READS: Final = ("Read", "List")
_MANAGES: Final = "Permissions management"


class _Grant(Record, frozen=True):
    """An action on all of its resources under the same conditions."""

    action: str
    resources: tuple[Text, ...]
    conditions: _Flat
    spots: tuple[Spot, ...]


def statements(needs: Iterable[Need], level: Level) -> tuple[Statement, ...]:
    """Return the statements that grant all needs; `level` tells AWS's access level of an action."""
    groups: dict[object, list[_Grant]] = {}
    for grant in _minimal(_grants(needs)):
        prefix = grant.action.partition(":")[0]
        key = (prefix, grant.resources, grant.conditions)
        groups.setdefault(key, []).append(grant)
    taken: dict[str, int] = {}
    found = []
    for group in sorted(groups.values(), key=lambda one: _order(one[0])):
        sid = _sid(group, level)
        taken[sid] = taken.get(sid, 0) + 1
        found.append(_statement(f"{sid}{taken[sid]}" if taken[sid] > 1 else sid, group))
    return tuple(found)


def _grants(needs: Iterable[Need]) -> list[_Grant]:
    resources: dict[tuple[str, _Flat], dict[Text, None]] = {}
    spots: dict[tuple[str, _Flat], dict[Spot, None]] = {}
    for need in needs:
        key = (need.action, _flat(need.conditions))
        resources.setdefault(key, {}).update(dict.fromkeys(need.resources or (("*",),)))
        spots.setdefault(key, {})[need.spot] = None
    return [
        _Grant(key[0], _widest(found), key[1], tuple(sorted(spots[key], key=_place)))
        for key, found in resources.items()
    ]


def _flat(conditions: Conditions) -> _Flat:
    return tuple(
        sorted((how, key, values) for how, by in conditions.items() for key, values in by.items())
    )


def _widest(resources: Iterable[Text]) -> tuple[Text, ...]:
    """Return the resources without those that another one covers, in their order."""
    found = sorted(resources, key=shown)
    return tuple(
        one
        for place, one in enumerate(found)
        if not any(
            covers(other, one) and (place > at or not covers(one, other))
            for at, other in enumerate(found)
            if at != place
        )
    )


def _minimal(grants: list[_Grant]) -> Iterable[_Grant]:
    """Yield the grants without those under conditions that the action has without any."""
    free = {one.action: one.resources for one in grants if not one.conditions}
    for one in grants:
        wide = free.get(one.action, ())
        if one.conditions and all(any(covers(w, r) for w in wide) for r in one.resources):
            continue
        yield one


def _order(grant: _Grant) -> tuple[object, ...]:
    return (
        grant.action.partition(":")[0],
        [shown(one) for one in grant.resources],
        grant.conditions,
    )


def _sid(group: list[_Grant], level: Level) -> str:
    """Return a name of letters and digits: the service, and whether it reads, writes or both."""
    levels = {level(one.action) for one in group}
    prefix = group[0].action.partition(":")[0]
    word = "".join(part.capitalize() for part in prefix.split("-"))
    if levels <= set(_READS):
        return f"{word}Read"
    if _MANAGES in levels:
        return f"{word}Manage"
    return f"{word}Use" if levels & set(_READS) else f"{word}Write"


def _statement(sid: str, group: list[_Grant]) -> Statement:
    group = sorted(group, key=lambda one: one.action)
    conditions: dict[str, dict[str, tuple[str, ...]]] = {}
    for how, key, values in group[0].conditions:
        conditions.setdefault(how, {})[key] = values
    return Statement(
        sid=sid,
        actions=tuple(one.action for one in group),
        resources=group[0].resources,
        because={one.action: one.spots for one in group},
        conditions=conditions,
    )


def _place(spot: Spot) -> tuple[str, int, str]:
    return (spot.path, spot.line, spot.said)


def shown(text: Text) -> str:
    """Return a text for comparing and ordering, holes as `${NAME}`."""
    return "".join(f"${{{part.name}}}" if isinstance(part, Hole) else part for part in text)
