"""A role: its trust, what it may do, from what that follows, and what a human must decide.

Part of the privilege stage. In: `Usage` of code, the trust policy of the place, and events if there
are any. Out: `Suggestion`. With events the policy is what the key was used for, and the difference
to the code is told; without them it is what the code asks for.
"""

from collections.abc import Iterator, Sequence

from msgspec import field

from leakscan.permissions import Need, Spot, Statement, Suggestion, Usage
from leakscan.privilege import coverage, decisions
from leakscan.privilege.actions import level_of
from leakscan.privilege.arns import Place
from leakscan.privilege.cloudtrail import Trail
from leakscan.privilege.difference import difference
from leakscan.privilege.needs import Needs, needs_of
from leakscan.privilege.policy import of_merging, statements
from leakscan.privilege.tables import Tables
from leakscan.privilege.trust import checked_trust, open_words
from leakscan.record import Record


class Wish(Record, frozen=True):
    """The role that is wanted: its name, the entry of its place, and where things are."""

    role: str
    place: str
    trust: str
    where: Place
    words: dict[str, str] = field(default_factory=dict)
    """The words in capitals that the trust leaves open, and what they mean."""
    notes: tuple[str, ...] = ()
    """What is to be decided about the place."""


def suggest(usage: Usage, wish: Wish, tables: Tables, trail: Trail | None = None) -> Suggestion:
    """Return the role.

    Raises: TrustError.
    """

    def level(action: str) -> str:
        return level_of(action, tables)

    code = needs_of(usage.calls, wish.where, tables)
    done = needs_of(trail.calls, wish.where, tables) if trail is not None else None
    chosen = code if done is None else done
    found = statements(chosen.needs, level)
    trust, words = open_words(checked_trust(wish.trust), wish.words)
    refused = needs_of(trail.refused, wish.where, tables).needs if trail is not None else []
    return Suggestion(
        role=wish.role,
        place=wish.place,
        trust=trust,
        statements=found,
        unknown=tuple(_unknown(chosen, trail)),
        unclear=usage.unclear,
        decisions=tuple(_decisions(usage, wish, chosen, found, tables, trail)),
        files=usage.files,
        left_out=usage.left_out,
        variables=dict(sorted({**words, **_used(chosen.variables, found)}.items())),
        difference=None if done is None else difference(code.needs, done.needs, refused),
        trust_words=tuple(words),
        complete=_is_complete(usage, wish, chosen, found, trail),
    )


def _is_complete(
    usage: Usage, wish: Wish, chosen: Needs, found: Sequence[Statement], trail: Trail | None
) -> bool:
    if trail is None:
        return coverage.is_complete(usage, chosen, found, wish.place)
    unknown = chosen.unknown or trail.unknown or trail.not_read or trail.gaps
    return bool(found) and not (unknown or usage.gaps or usage.unclear)


def _unknown(chosen: Needs, trail: Trail | None) -> Iterator[Spot]:
    yield from chosen.unknown
    if trail is not None:
        yield from trail.unknown


def _used(variables: dict[str, str], found: Sequence[Statement]) -> dict[str, str]:
    names = {
        part.name
        for one in found
        for text in one.resources
        for part in text
        if not isinstance(part, str)
    }
    return {name: variables.get(name, "") for name in sorted(names)}


def _decisions(
    usage: Usage,
    wish: Wish,
    chosen: Needs,
    found: Sequence[Statement],
    tables: Tables,
    trail: Trail | None,
) -> Iterator[str]:
    needs: list[Need] = chosen.needs
    is_from_events = trail is not None
    yield from coverage.of_gaps(usage, found, wish.place, is_from_events=is_from_events)
    yield from wish.notes
    if trail is not None:
        yield from decisions.of_events(trail)
    yield from decisions.of_actions(found, tables)
    yield from decisions.of_resources(found, chosen, usage.calls if trail is None else trail.calls)
    yield from of_merging(needs, found)
    yield from chosen.notes
    yield from decisions.of_place(wish.place)
    yield from decisions.of_services(needs)
    yield from coverage.of_code(usage, chosen, is_from_events=is_from_events)
    yield decisions.REFINE
