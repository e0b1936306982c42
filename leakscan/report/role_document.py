"""A suggested role as plain values: policies that fit, and the contract of JSON.

In: a `Suggestion`. Out: the document of `schema/role-1.json`, and policies for the other formats.
Every string passes the `Cleaner` first, so no later quoting can bring a secret back.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypedDict

from msgspec.structs import replace

from leakscan.permissions import Hole, Spot, Statement, Suggestion, Text
from leakscan.record import Record
from leakscan.report.clean import Cleaner
from leakscan.report.role_mask import masked
from leakscan.report.words import count

SCHEMA: Final = "leakscan.role/1"
INCOMPLETE: Final = (
    "INCOMPLETE: not all was read and understood, so permissions may be missing here."
)
MANAGED: Final = 6144
"""Characters of a managed policy, white space apart.

Source: IAM User Guide, "IAM and AWS STS quotas".
"""
INLINE: Final = 10_240
"""Characters of all inline policies of a role together."""
VERSION: Final = "2012-10-17"
_NAME: Final = re.compile(r"[^A-Za-z0-9+=,.@_-]+")
_WORD: Final = re.compile(r"[^A-Z0-9_]+")
MARK: Final = "\ue000"
"""Stands around a variable until its text is quoted; a cleaned text holds none."""
MARKED: Final = re.compile(f"{MARK}([A-Z0-9_]+){MARK}")
_MAX_NAME: Final = 64
_EMPTY: Final = len('{"Version":"2012-10-17","Statement":[]}')

Show = Callable[[Text], str]
Json = dict[str, Any]


class Policy(Record, frozen=True):
    """A policy that is within AWS's limits; `name` is the role's, numbered if several."""

    name: str
    document: Json


class SpotDoc(TypedDict):
    """Where something is said."""

    path: str
    line: int
    said: str


def cleaned(suggestion: Suggestion, clean: Cleaner) -> Suggestion:
    """Return the suggestion with all of its texts masked and its names safe."""
    made: Suggestion = _cleaned(suggestion, clean)
    role = _NAME.sub("-", made.role)[:_MAX_NAME].strip("-") or "app"
    return replace(made, role=role)


def _cleaned(node: Any, clean: Cleaner) -> Any:
    if isinstance(node, Hole):
        return Hole(_WORD.sub("_", node.name.upper())[:_MAX_NAME] or "VALUE")
    if isinstance(node, str):
        return masked(clean.name(node)).replace(MARK, "")
    if isinstance(node, tuple):
        return tuple(_cleaned(one, clean) for one in node)
    if isinstance(node, Mapping):
        return {_cleaned(key, clean): _cleaned(one, clean) for key, one in node.items()}
    if isinstance(node, Record):
        fields = {name: _cleaned(getattr(node, name), clean) for name in node.__struct_fields__}
        return replace(node, **fields)
    return node


def marked(text: Text) -> str:
    """Return a text in which each hole stands between marks, for formats that quote first."""
    return "".join(f"{MARK}{part.name}{MARK}" if isinstance(part, Hole) else part for part in text)


def trust(suggestion: Suggestion, *, mark: bool = False) -> Json:
    """Return the trust policy as IAM takes it; with marks around each word that is open."""
    text = suggestion.trust
    for name in suggestion.trust_words if mark else ():
        word = rf"(?<![A-Za-z0-9_{MARK}]){name}(?![A-Za-z0-9_{MARK}])"
        text = re.sub(word, f"{MARK}{name}{MARK}", text)
    found: Json = json.loads(text)
    return found


def as_words(text: Text) -> str:
    """Return a text with words in capitals for its holes."""
    return "".join(part.name if isinstance(part, Hole) else part for part in text)


def statement(one: Statement, show: Show) -> Json:
    """Return a statement as IAM takes it."""
    found: Json = {
        "Sid": one.sid,
        "Effect": "Allow",
        "Action": list(one.actions),
        "Resource": [show(text) for text in one.resources],
    }
    if one.conditions:
        found["Condition"] = {
            how: {key: list(values) for key, values in by.items()}
            for how, by in one.conditions.items()
        }
    return found


def policies(suggestion: Suggestion, show: Show) -> list[Policy]:
    """Return one inline policy, or managed ones that each fit where it would be too large."""
    whole = [statement(one, show) for one in suggestion.statements]
    if not whole:
        return []
    if _size(whole) <= INLINE:
        return [Policy(suggestion.role, _document(whole))]
    groups: list[list[Json]] = [[]]
    for one in _fitting(whole):
        if groups[-1] and _size([*groups[-1], one]) > MANAGED:
            groups.append([])
        groups[-1].append(one)
    return [
        Policy(f"{suggestion.role[: _MAX_NAME - 4]}-{number}", _document(group))
        for number, group in enumerate(groups, 1)
    ]


def is_managed(found: Sequence[Policy]) -> bool:
    """Say whether the policies are to be managed ones: together they are too large for inline."""
    return len(found) > 1


def size_line(found: Sequence[Policy]) -> str:
    """Say how large the policies are, and what the limits are."""
    sizes = [_size(one.document["Statement"]) for one in found]
    if is_managed(found):
        return (
            f"Split into {len(found)} managed policies ({', '.join(map(str, sizes))} characters): "
            f"one may have {MANAGED}, all inline policies of a role together {INLINE}."
        )
    return f"{sum(sizes)} characters of the {INLINE} that inline policies of a role may have."


def size_of(suggestion: Suggestion) -> str:
    """Say how large the policies of a role are; nothing if it has none."""
    found = policies(suggestion, as_words)
    return size_line(found) if found else ""


def _document(found: Sequence[Json]) -> Json:
    return {"Version": VERSION, "Statement": list(found)}


def _size(found: Sequence[Json]) -> int:
    text = json.dumps(found, separators=(",", ":"), ensure_ascii=False)
    return _EMPTY + len(re.sub(r"\s", "", text)) - 2


def _fitting(whole: Sequence[Json]) -> Iterator[Json]:
    """Yield statements that fit into a policy, those that do not in parts of their resources."""
    for one in whole:
        rest, number = list(one["Resource"]), 0
        while rest:
            taken = [rest.pop(0)]
            while rest and _size([{**one, "Resource": [*taken, rest[0]]}]) <= MANAGED - 8:
                taken.append(rest.pop(0))
            number += 1
            sid = one["Sid"] if number == 1 and not rest else f"{one['Sid']}Part{number}"
            yield {**one, "Sid": sid, "Resource": taken}


def document(suggestion: Suggestion, tool_version: str) -> Json:
    """Return the contract of a suggestion that was cleaned."""
    difference = suggestion.difference
    return {
        "schema": SCHEMA,
        "tool": {"name": "leakscan", "version": tool_version},
        "role": suggestion.role,
        "place": suggestion.place or None,
        "complete": suggestion.complete,
        "trust": trust(suggestion) if suggestion.trust else None,
        "policies": [
            {"name": one.name, "document": one.document} for one in policies(suggestion, as_words)
        ],
        "statements": [_statement_doc(one) for one in suggestion.statements],
        "variables": suggestion.variables,
        "decisions": list(suggestion.decisions),
        "unknown": [_spot(one) for one in suggestion.unknown],
        "unclear": [{**_spot(one.spot), "why": one.why} for one in suggestion.unclear],
        "files": suggestion.files,
        "left_out": suggestion.left_out,
        "difference": None
        if difference is None
        else {
            "only_used": _pairs(difference.only_used),
            "only_code": _pairs(difference.only_code),
            "refused": _pairs(difference.refused),
        },
    }


def read_line(suggestion: Suggestion) -> str:
    """Say how many files were read, and how many were not, and why."""
    read = ", ".join(f"{count(n, 'file')} of {name}" for name, n in suggestion.files.items())
    left = ", ".join(f"{number} {reason}" for reason, number in suggestion.left_out.items())
    return f"Read: {read or 'no file'}{f'; left out: {left}' if left else ''}."


def _statement_doc(one: Statement) -> Json:
    return {
        "sid": one.sid,
        "actions": [
            {"action": action, "because": [_spot(spot) for spot in one.because.get(action, ())]}
            for action in one.actions
        ],
        "resources": [as_words(text) for text in one.resources],
        "conditions": {
            how: {key: list(values) for key, values in by.items()}
            for how, by in one.conditions.items()
        },
    }


def _spot(spot: Spot) -> SpotDoc:
    return {"path": spot.path, "line": spot.line, "said": spot.said}


def _pairs(pairs: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"action": action, "resource": resource} for action, resource in pairs]
