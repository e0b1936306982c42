"""ARNs as the tables write them, filled with what a call says.

Part of the privilege stage. In: a format such as `arn:${Partition}:sqs:${Region}:${Account}:
${QueueName}` and values. Out: `Text`s. What is an ARN already is taken whole.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import product
from math import prod
from typing import Final

from leakscan import aws
from leakscan.permissions import Hole, Text
from leakscan.privilege.texts import begins, joined, literal, mapped
from leakscan.record import Record

_VARIABLE: Final = re.compile(r"\$\{(\w+)\}")
_COMMON: Final = ("Partition", "Region", "Account")
NO_ARNS: Final = ("ObjectName", "LogStreamName", "QueueName")
"""Variables whose value is never an ARN, whatever it begins with."""
_FIELDS: Final = 5
_MAX_PRODUCT: Final = 64
_SUFFIXED: Final = re.compile(r"-[A-Za-z0-9]{6}\Z")


class Place(Record, frozen=True):
    """Where things are: empty is not known."""

    partition: str = "aws"
    region: str = ""
    account: str = ""

    @property
    def values(self) -> Mapping[str, Text]:
        """Return what stands for the variables that all formats share."""
        return {
            "Partition": (self.partition,),
            "Region": (self.region or Hole("REGION"),),
            "Account": (self.account or Hole("ACCOUNT_ID"),),
        }


def partition_of(region: str) -> str:
    """Return the partition of a region by the form of its name."""
    found = aws.partition_of(region)
    return "aws" if found is None else found.name


def variables(form: str) -> tuple[str, ...]:
    """Return the variables of a format that are its own."""
    return tuple(name for name in _VARIABLE.findall(form) if name not in _COMMON)


def filled(form: str, values: Mapping[str, Sequence[Text]], place: Place) -> tuple[Text, ...]:
    """Return an ARN for each combination of values.

    Where they are too many, the last variables are `*`: the objects, and not their buckets.
    """
    names = variables(form)
    values = {name: values[name] for name in names}
    for name in reversed(names[1:]):
        if prod(map(len, values.values())) > _MAX_PRODUCT:
            values[name] = [("*",)]
    found = (
        _one(form, dict(zip(names, chosen, strict=True)), place)
        for chosen in product(*(values[name] for name in names))
    )
    return tuple(dict.fromkeys(found))


def _one(form: str, values: Mapping[str, Text], place: Place) -> Text:
    known = {**place.values, **values}
    parts: list[str | Hole] = []
    done = 0
    for found in _VARIABLE.finditer(form):
        parts.append(form[done : found.start()])
        value = known[found[1]]
        done = found.end()
        if found[1] not in (*_COMMON, *NO_ARNS) and is_arn(value):
            if _is_of(value, form):
                return _whole(value, form, done, values)
            value = mapped(value, _last)
        parts += value
    return joined(*parts, form[done:])


def is_arn(value: Text) -> bool:
    """Say whether a value is an ARN, or a variable for one."""
    first = value[0] if value else ""
    if isinstance(first, Hole):
        return first.name == "ARN" or first.name.endswith("_ARN")
    return first.startswith("arn:")


def _is_of(value: Text, form: str) -> bool:
    """Say whether an ARN is of the format's own resource type, as far as can be told."""
    if isinstance(value[0], Hole):
        return True
    wanted = form.split(":", _FIELDS)
    if len(wanted) <= _FIELDS:
        return True
    has = value[0].split(":", _FIELDS)
    if len(has) <= _FIELDS:
        return len(has) <= 2 or has[2] == wanted[2]
    kind = _VARIABLE.split(wanted[_FIELDS])[0]
    return has[2] == wanted[2] and (not kind or has[_FIELDS].startswith(kind))


def _whole(value: Text, form: str, done: int, values: Mapping[str, Text]) -> Text:
    """Return an ARN that the code has, with what the format adds to it."""
    rest = form[done:]
    known = literal(value)
    if rest.startswith("-??????"):
        is_whole = known is None or _SUFFIXED.search(known) is not None
        return value if is_whole else joined(*value, rest)
    if rest == ":*":
        return value if begins(value).endswith(":*") else joined(*value, rest)
    if rest == "/${ObjectName}" and ":accesspoint/" in begins(value):
        rest = f"/object{rest}"
    later = [
        name
        for name in _VARIABLE.findall(rest)
        if values[name] != ("*",) and not is_arn(values[name])
    ]
    if not later:
        return value
    parts: list[str | Hole] = [*value]
    at = 0
    for found in _VARIABLE.finditer(rest):
        parts += rest[at : found.start()], *values[found[1]]
        at = found.end()
    return joined(*parts, rest[at:])


def _last(part: str) -> str:
    return re.split(r"[/:]", part)[-1]


def covers(wide: Text, narrow: Text) -> bool:
    """Say whether every resource of one pattern is one of another: the same, or by its `*`.

    In the time of their lengths multiplied, whatever they hold.
    """
    if wide in (narrow, ("*",)):
        return True
    start, other = begins(wide).partition("*")[0].partition("?")[0], begins(narrow)
    if len(wide) == 1 and not other.startswith(start):
        return False
    return _covers(_pieces(wide), _pieces(narrow))


def _covers(wide: Sequence[str], narrow: Sequence[str]) -> bool:
    at = done = 0
    star, after = -1, 0
    while done < len(narrow):
        piece = wide[at] if at < len(wide) else ""
        if piece == "*":
            star, after = at, done
            at += 1
        elif piece and (piece == narrow[done] or (piece == "?" and narrow[done] != "*")):
            at += 1
            done += 1
        elif star >= 0:
            after += 1
            at, done = star + 1, after
        else:
            return False
    return all(piece == "*" for piece in wide[at:])


_PIECE: Final = re.compile(r"\$\{[*?$]\}|.", re.DOTALL)


def _pieces(text: Text) -> list[str]:
    """Return the characters of a text, a hole and a quoted wildcard as one each."""
    found: list[str] = []
    for part in text:
        found += [f"\0{part.name}\0"] if isinstance(part, Hole) else _PIECE.findall(part)
    return found
