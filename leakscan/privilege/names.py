"""What can be a name of a resource, and what cannot be written into a policy.

Part of the privilege stage. In: the text that a call has for a variable of an ARN. Out: the text as
a policy has it, or a variable in its place. What is odd never becomes a wildcard: it would grant
what nobody asked for.

Source: IAM User Guide, "Grammar of the IAM JSON policy language": a policy holds the characters
from space to U+00FF, tab and line ends. So a key with others can only be named by what is before
them.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from leakscan.aws import partition_of
from leakscan.permissions import Hole, Text
from leakscan.privilege.texts import begins, joined, literal, named, quoted, word_of

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\xa0]")
_DYNAMIC: Final = "{{"
"""Begins a dynamic reference of CloudFormation, and placeholders of templates elsewhere."""
_UNWRITABLE: Final = re.compile(r"[^\x20-\xff]+")
_PARTITION: Final = re.compile(r"aws(?:-[a-z]{2,4}){0,3}")
_ACCOUNT: Final = re.compile(r"[0-9]{12}|aws|", re.ASCII)
_PARTS_OF_FIELD: Final = re.compile(r"[a-z0-9-]*", re.ASCII)
_FIELDS: Final = 6
_MAX_NAME: Final = 2048
_MAX_WORD: Final = 64
_RESERVED: Final = (
    "REGION", "ACCOUNT_ID", "PARTITION",
    "COUNT", "DEPENDS_ON", "FOR_EACH", "LIFECYCLE", "LOCALS", "PROVIDERS", "SOURCE", "VERSION",
)  # fmt: skip
"""Variables that templates fill in by themselves, with where the role is and not what code means;
and words that can be no variable of Terraform."""


def is_plain(text: Text) -> bool:
    """Say whether a policy and a template may hold what is known of a text."""
    known = "".join(part for part in text if isinstance(part, str))
    return len(known) <= _MAX_NAME and not _CONTROL.search(known) and _DYNAMIC not in known


def as_name(text: Text, pattern: str) -> Text | None:
    """Return a name as a policy has it; None where it can be no such name, or not be written.

    Characters that a policy cannot hold are left open after a beginning that it can.
    """
    filled = "".join("x" if isinstance(part, Hole) else part for part in text)
    fits = _compiled(pattern).fullmatch(filled) is not None
    if not (fits and is_plain(text)) or _UNWRITABLE.match(begins(text)):
        return None
    return quoted(_opened(text))


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII | re.DOTALL)


def _opened(text: Text) -> Text:
    """Return a text with a hole for what a policy cannot hold."""

    def parts() -> Iterator[str | Hole]:
        for part in text:
            if isinstance(part, Hole):
                yield part
                continue
            for place, piece in enumerate(_UNWRITABLE.split(part)):
                if place:
                    yield Hole("")
                yield piece

    return joined(*parts())


def as_arn_of(text: Text, service: str, word: str, partition: str) -> Text:
    """Return an ARN that code has as a policy has it, or a variable where it is none of a service.

    No wildcard stands before its resource; an empty `service` is any.
    """
    if isinstance(text[0], Hole):
        return named(text, "") if text[0].name and is_plain(text) else (Hole(word),)
    fields = _fields(text)
    if len(fields) < _FIELDS or not is_plain(text) or _UNWRITABLE.search("".join(_known(text))):
        is_open = literal(text) is None and all(part != Hole("") for part in text)
        is_rest = len(fields) > 3 and is_open
        if not (is_rest and is_plain(text) and service and fields[2] == (service,)):
            return (Hole(word),)
        return quoted(text)
    has_partition, has_service, region, account, resource = fields[1:]
    if literal(has_partition) is None:
        has_partition = (partition,)
    fits = (
        _PARTITION.fullmatch(literal(has_partition) or "")
        and (literal(has_service) == service or (not service and literal(has_service)))
        and _is_region(region)
        and _is_field(account, _ACCOUNT)
        and resource
    )
    if not fits:
        return (Hole(word),)
    before = named(region, "REGION"), named(account, "ACCOUNT_ID")
    if any("*" in str(part) for field in before for part in field):
        return (Hole(word),)
    parts: list[str | Hole] = ["arn"]
    for field in (has_partition, has_service, *before, named(quoted(resource), word)):
        parts += ":", *field
    return joined(*parts)


def _known(text: Text) -> Iterator[str]:
    return (part for part in text if isinstance(part, str))


def _is_region(text: Text) -> bool:
    whole = literal(text)
    if whole is not None:
        return not whole or partition_of(whole) is not None
    return all(_PARTS_OF_FIELD.fullmatch(part) for part in _known(text))


def _is_field(text: Text, pattern: re.Pattern[str]) -> bool:
    whole = literal(text)
    if whole is not None:
        return pattern.fullmatch(whole) is not None
    return all(_PARTS_OF_FIELD.fullmatch(part) for part in _known(text))


def _fields(text: Text) -> list[Text]:
    """Return the fields of an ARN, as many as are known to be there."""
    found: list[list[str | Hole]] = [[]]
    for part in text:
        if isinstance(part, Hole):
            found[-1].append(part)
            continue
        pieces = part.split(":", _FIELDS - len(found))
        for place, piece in enumerate(pieces):
            if place:
                found.append([])
            found[-1].append(piece)
    return [joined(*field) for field in found]


def with_own_holes(text: Text) -> Text:
    """Return a text of code's whose holes are words that templates do not fill in themselves."""
    return tuple(_own(part) if isinstance(part, Hole) else part for part in text)


def _own(hole: Hole) -> Hole:
    word = word_of(hole.name)[:_MAX_WORD].lstrip("0123456789_")
    return Hole(f"{word}_VALUE" if word in _RESERVED else word)


def condition_value(text: Text, pattern: str) -> str | None:
    """Return a value for a condition if it is known and fits the pattern whole, else None.

    No pattern lets a `$` through, which would begin a variable of IAM.
    """
    whole = literal(text)
    fits = whole is not None and _compiled(pattern).fullmatch(whole)
    return whole if fits else None
