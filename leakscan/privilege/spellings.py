"""Names of resources that calls write in several ways, as ARNs have them.

Part of the privilege stage. In: the value of an argument. Out: one or more values for an ARN.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from leakscan.permissions import Hole, Text
from leakscan.privilege.arns import is_arn
from leakscan.privilege.texts import begins, literal

_FUNCTION: Final = re.compile(
    r"(?:[0-9]{12}:function:)?(?P<name>[\w-]{1,140})(?::[\w$-]{1,128})?\Z"
)


def written(prefix: str, variable: str, text: Text) -> Iterator[Text]:
    """Yield what stands for a variable of an ARN where a call has this text."""
    yield from _SPELLINGS.get((prefix, variable), _same)(text)


def as_arn(text: Text, member: str) -> Text:
    """Name a hole for what it is where the argument takes nothing but an ARN."""
    first = text[0] if len(text) == 1 else ""
    if isinstance(first, Hole) and member.lower().endswith("arn") and not is_arn(text):
        return (Hole(f"{first.name}_ARN"),)
    return text


def _same(text: Text) -> Iterator[Text]:
    yield text


def _function(text: Text) -> Iterator[Text]:
    whole = literal(text)
    found = _FUNCTION.match(whole) if whole is not None else None
    yield text if found is None else (found["name"],)


def _parameter(text: Text) -> Iterator[Text]:
    """Yield a parameter's name without its slash, version and label."""
    first = begins(text)
    if first.startswith("arn:"):
        yield text
        return
    rest = (first.removeprefix("/").partition(":")[0], *text[1:]) if first else text
    yield tuple(part for part in rest if part != "")


def _identity(text: Text) -> Iterator[Text]:
    """Yield the address and its domain: either may be the identity that sends."""
    yield text
    whole = literal(text)
    if whole is not None and "@" in whole and not whole.startswith("arn:"):
        yield (whole.rpartition("@")[2],)


def _project(text: Text) -> Iterator[Text]:
    """Yield the project in the id of a build: `project:uuid`."""
    whole = literal(text)
    yield text if whole is None or whole.startswith("arn:") else (whole.partition(":")[0],)


_SPELLINGS: Final[Mapping[tuple[str, str], Callable[[Text], Iterator[Text]]]] = {
    ("lambda", "FunctionName"): _function,
    ("ssm", "Parameter"): _parameter,
    ("codebuild", "ProjectName"): _project,
    ("ses", "IdentityName"): _identity,
}
