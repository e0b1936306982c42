"""What the key did and what the code asks for, one against the other.

Part of the privilege stage. In: needs of the code and of what was used. Out: `Difference`: pairs of
an action and a resource. A used resource that a pattern of the code covers is asked for; a pattern
that covers something used was used, holes standing for any name.
"""

from collections.abc import Iterable

from leakscan.permissions import Difference, Hole, Need, Text
from leakscan.privilege.arns import covers
from leakscan.privilege.policy import shown
from leakscan.privilege.texts import joined

_ANYTHING: tuple[Text, ...] = (("*",),)


def difference(code: Iterable[Need], used: Iterable[Need], refused: Iterable[Need]) -> Difference:
    """Return what only one of both has, and what was tried and denied, in order."""
    asked, done = _by_action(code), _by_action(used)
    return Difference(
        only_used=_beyond(done, asked),
        only_code=_unused(asked, done),
        refused=_pairs(_by_action(refused)),
    )


def _by_action(needs: Iterable[Need]) -> dict[str, dict[Text, None]]:
    found: dict[str, dict[Text, None]] = {}
    for need in needs:
        found.setdefault(need.action, {}).update(dict.fromkeys(need.resources or _ANYTHING))
    return found


def _beyond(
    done: dict[str, dict[Text, None]], asked: dict[str, dict[Text, None]]
) -> tuple[tuple[str, str], ...]:
    return _sorted(
        (action, shown(one))
        for action, resources in done.items()
        for one in resources
        if not any(_could_be(wide, one) for wide in asked.get(action, ()))
    )


def _unused(
    asked: dict[str, dict[Text, None]], done: dict[str, dict[Text, None]]
) -> tuple[tuple[str, str], ...]:
    return _sorted(
        (action, shown(wide))
        for action, resources in asked.items()
        for wide in resources
        if not any(_could_be(wide, one) or covers(one, wide) for one in done.get(action, ()))
    )


def _could_be(wide: Text, narrow: Text) -> bool:
    """Say whether a pattern of the code covers what was used, whatever its holes turn out to be."""
    if covers(wide, narrow):
        return True
    opened = joined(*("*" if isinstance(part, Hole) else part for part in wide))
    return opened != wide and covers(opened, narrow)


def _pairs(found: dict[str, dict[Text, None]]) -> tuple[tuple[str, str], ...]:
    return _sorted((action, shown(one)) for action, ones in found.items() for one in ones)


def _sorted(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(set(pairs)))
