"""Statements of a policy from what calls need.

Part of the privilege stage. In: `Need`s. Out: `Statement`s: each action once for each set of
resources, without what a wider one of the same action covers, in an order that does not depend on
that of the calls.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from leakscan.permissions import Hole, Need, Spot, Statement, Text
from leakscan.privilege.arns import covers
from leakscan.privilege.texts import joined
from leakscan.record import Record

Conditions = Mapping[str, Mapping[str, tuple[str, ...]]]
Level = Callable[[str], str]
_Flat = tuple[tuple[str, str, tuple[str, ...]], ...]

_READS: Final = ("Read", "List")
_MANAGES: Final = "Permissions management"
_QUOTED: Final = re.compile(r"\$\{[*?$]\}")
_SIGNS: Final = {"${*}": "\1", "${?}": "\2", "${$}": "\3"}
_WILDCARD: Final = re.compile(r"[*?]")
_SEPARATOR: Final = re.compile(r"[/:]")
_FIELDS: Final = 5
_MAX_PAIRS: Final = 1_000_000
_DEPTHS: Final = (6, 4, 3, 2, 1, 0)
_LIMITS: Final = (500, 100, 20, 5)
"""Resources of one action; the next smaller one where all would be too much for a role."""
_MAX_SIZE: Final = 48_000
"""Characters: ten managed policies of 6 144 hold them with all that is around them.

Source: IAM User Guide, "IAM and AWS STS quotas".
"""


class _Grant(Record, frozen=True):
    """An action on all of its resources under the same conditions."""

    action: str
    resources: tuple[Text, ...]
    conditions: _Flat
    spots: tuple[Spot, ...]


def statements(needs: Iterable[Need], level: Level) -> tuple[Statement, ...]:
    """Return the statements that grant all needs; `level` tells AWS's access level of an action."""
    groups = _groups(needs)
    taken: dict[str, int] = {}
    found = []
    for group in sorted(groups.values(), key=lambda one: _order(one[0])):
        sid = _sid(group, level)
        taken[sid] = taken.get(sid, 0) + 1
        found.append(_statement(f"{sid}{taken[sid]}" if taken[sid] > 1 else sid, group))
    return tuple(found)


def _groups(needs: Iterable[Need]) -> dict[object, list[_Grant]]:
    """Return the grants of each statement, with fewer and wider resources where they are many."""
    needs = tuple(needs)
    groups: dict[object, list[_Grant]] = {}
    for limit in _LIMITS:
        groups = {}
        for grant in _minimal(_grants(needs, limit)):
            prefix = grant.action.partition(":")[0]
            key = (prefix, grant.resources, grant.conditions)
            groups.setdefault(key, []).append(grant)
        found = (one[0].resources for one in groups.values())
        if sum(len(shown(text)) + 4 for texts in found for text in texts) <= _MAX_SIZE:
            break
    return groups


def of_merging(needs: Iterable[Need], found: Iterable[Statement]) -> Iterator[str]:
    """Say which actions have fewer and wider resources than were asked for, and why."""
    found = tuple(found)
    asked: dict[str, set[Text]] = {}
    for need in needs:
        asked.setdefault(need.action, set()).update(need.resources)
    granted: dict[str, set[Text]] = {}
    for one in found:
        for action in one.actions:
            granted.setdefault(action, set()).update(one.resources)
    for action, texts in sorted(granted.items()):
        new = sorted(shown(text) for text in texts - asked.get(action, texts))
        if new:
            yield (
                f"{action} is asked for on {len(asked[action])} resources: too many for the ten "
                f"managed policies of 6,144 characters that a role may have. It has {new[0]}"
                f"{' and the like' if new[1:] else ''} instead: check that the beginning is yours."
            )
    if sum(len(shown(text)) + 4 for one in found for text in one.resources) > _MAX_SIZE:
        yield (
            "The resources are too many for the ten managed policies of 6,144 characters that a "
            "role may have: this needs several roles, or names with a common beginning."
        )


def _grants(needs: Iterable[Need], limit: int) -> list[_Grant]:
    resources: dict[tuple[str, _Flat], dict[Text, None]] = {}
    spots: dict[tuple[str, _Flat], dict[Spot, None]] = {}
    for need in needs:
        key = (need.action, _flat(need.conditions))
        resources.setdefault(key, {}).update(dict.fromkeys(need.resources or (("*",),)))
        spots.setdefault(key, {})[need.spot] = None
    return [
        _Grant(key[0], _widest(found, limit), key[1], tuple(sorted(spots[key], key=_place)))
        for key, found in resources.items()
    ]


def _flat(conditions: Conditions) -> _Flat:
    return tuple(
        sorted((how, key, values) for how, by in conditions.items() for key, values in by.items())
    )


def _widest(resources: Iterable[Text], limit: int) -> tuple[Text, ...]:
    """Return the resources without those that another one covers, in their order.

    Where they are more than `limit`, names with the same beginning become that and `*`. In the time
    of sorting them, but for those with a wildcard within, which are few then.
    """
    asked = {_coded(one): one for one in resources}
    coded = sorted(asked, key=_by_beginning)
    found: list[str] = []
    wide = "\n"
    for one in coded:
        if one.startswith(wide):
            continue
        found.append(one)
        if _is_beginning(one):
            wide = one[:-1]
    if len(found) > limit:
        found = _merged(found, limit)
    texts = [asked.get(one) or _text(one) for one in found]
    inner = [(at, texts[at]) for at, one in enumerate(found) if _WILDCARD.search(one)]
    if len(inner) * len(texts) > _MAX_PAIRS:
        return tuple(sorted(texts, key=shown))
    kept = (
        one
        for place, one in enumerate(texts)
        if not any(
            covers(other, one) and (place > at or not covers(one, other))
            for at, other in inner
            if at != place
        )
    )
    return tuple(sorted(kept, key=shown))


def _coded(text: Text) -> str:
    """Return a text in which holes and quoted wildcards are no text of any name."""
    return "".join(
        f"\0{part.name}\0" if isinstance(part, Hole) else _QUOTED.sub(_as_sign, part)
        for part in text
    )


def _as_sign(found: re.Match[str]) -> str:
    return _SIGNS[found[0]]


def _text(coded: str) -> Text:
    def part(piece: str) -> str:
        for wildcard, sign in _SIGNS.items():
            piece = piece.replace(sign, wildcard)
        return piece

    pieces = enumerate(coded.split("\0"))
    return joined(*(Hole(piece) if place % 2 else part(piece) for place, piece in pieces))


def _is_beginning(coded: str) -> bool:
    """Say whether a `*` at the end is the only wildcard."""
    return coded.endswith("*") and not _WILDCARD.search(coded[:-1])


def _by_beginning(coded: str) -> tuple[str, bool]:
    return (coded[:-1], False) if _is_beginning(coded) else (coded, True)


def _merged(found: Sequence[str], limit: int) -> list[str]:
    """Return names with the same beginning as one, folder by folder, never two buckets."""
    for depth in _DEPTHS:
        groups: dict[str, list[str]] = {}
        for one in found:
            groups.setdefault(_folder(one, depth), []).append(one)
        merged = [_beginning(folder, group) for folder, group in groups.items()]
        if len(merged) <= limit:
            break
    return sorted(set(merged))


def _folder(coded: str, depth: int) -> str:
    """Return a name up to the end of its folder of some depth."""
    fields = coded.split(":", _FIELDS)
    head = len(coded) - len(fields[-1])
    cuts = [found.end() + head for found in _SEPARATOR.finditer(fields[-1])]
    return coded[: cuts[min(depth, len(cuts) - 1)]] if cuts else coded


def _beginning(folder: str, group: list[str]) -> str:
    if len(group) == 1:
        return group[0]
    known = _WILDCARD.split(_common(min(group), max(group)))[0]
    if known.count("\0") % 2:
        known = known[: known.rindex("\0")]
    return f"{known if len(known) > len(folder) else _WILDCARD.split(folder)[0]}*"


def _common(first: str, last: str) -> str:
    """Return what all texts between two begin with."""
    both = zip(first, last, strict=False)
    end = next((at for at, (one, other) in enumerate(both) if one != other), len(first))
    return first[:end]


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
