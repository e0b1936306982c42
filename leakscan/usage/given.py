"""From what a piece of code hands to an operation, by its own names, to a `Call`.

Part of the usage stage, for the readers of languages that are not Python. In: texts by the
path of names that leads to them. Out: the members of botocore's model that they are.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec.structs import replace

from leakscan.permissions import Call, Hole, Spot, Text, Unclear
from leakscan.usage.operations import members
from leakscan.usage.syntax import bounded, joined, known, safe

Given = list[tuple[tuple[Text, ...], Text]]
"""Texts and the names that lead to each from the top; an element of a list has its list's."""

_MAX_TEXTS: Final = 64
"""Of one member; what is above is any text, which a reader of the policy has to fill in."""


def call(service: str, operation: str, given: Given, where: Spot, region: str = "") -> Call:
    """Return the Call of an operation with what it is given."""
    return Call(service, operation, arguments(service, operation, given), where, (), region)


def several(
    service: str, operations: Iterable[str], given: Given, where: Spot, region: str = ""
) -> Iterator[Call]:
    """Yield the calls of what makes several operations with the same input."""
    for operation in operations:
        yield call(service, operation, given, where, region)


def in_region(found: Iterable[Call | Unclear], region: str) -> Iterator[Call | Unclear]:
    """Yield what was found; calls of which no other region is known get this one."""
    for one in found:
        is_open = isinstance(one, Call) and not one.region and region
        yield replace(one, region=region) if is_open else one


def with_idle(
    found: Iterable[Call | Unclear], made: list[tuple[str, Spot]]
) -> Iterator[Call | Unclear]:
    """Yield what was found; then clients of which no call of their service was found anywhere.

    What `made` holds is read last: it may grow while the other is read. A file that has something
    unclear has said so already.
    """
    services, unclear = set(), set()
    for one in found:
        if isinstance(one, Call):
            services.add(one.service)
        else:
            unclear.add(one.spot.path)
        yield one
    said: set[tuple[str, str]] = set()
    for service, where in made:
        if service in services or where.path in unclear or (service, where.path) in said:
            continue
        said.add((service, where.path))
        yield Unclear(where, f"no call of this client of {service} was found")


def arguments(service: str, operation: str, given: Given) -> dict[str, tuple[Text, ...]]:
    """Return the texts of an input by the names of botocore's model; names match in any case."""
    by_name = {name.lower(): (name, member) for name, member in members(service, operation).items()}
    found: dict[str, list[Text]] = {}
    for path, value in given:
        for end in range(len(path), 0, -1):
            names = [known(part) for part in path[:end]]
            if None in names or (at := by_name.get(".".join(map(str, names)).lower())) is None:
                continue
            name, member = at
            if member.is_keys and end < len(path):
                found.setdefault(name, []).append(path[end])
            elif member.is_keys == (end < len(path)):
                found.setdefault(name, []).append((Hole(""),) if member.is_secret else value)
            break
    return {
        name: bounded(tuple(dict.fromkeys(safe(joined(text), name) for text in texts)), _MAX_TEXTS)
        for name, texts in found.items()
    }


def only(given: Given, *names: str) -> Given:
    """Return what is given under some names of the top."""
    wanted = {name.lower() for name in names}
    return [
        (path, text) for path, text in given if path and (known(path[0]) or "").lower() in wanted
    ]


def renamed(given: Given, names: dict[str, str]) -> Given:
    """Return what is given with some names of the top changed."""
    return [
        (((names.get(known(path[0]) or "", known(path[0]) or ""),), *path[1:]), text)
        for path, text in given
        if path
    ]
