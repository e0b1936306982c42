"""What a call in Python is given: texts with the names that lead to each.

Part of the usage stage. In: arguments, evaluated. Out: `Given`, for `given.call`.
"""

import ast
from collections.abc import Iterable
from typing import Final

from leakscan.permissions import Text
from leakscan.usage.given import Given
from leakscan.usage.python import texts
from leakscan.usage.python import values as v
from leakscan.usage.python.eval import Evaluation
from leakscan.usage.python.values import Value
from leakscan.usage.syntax import hole, joined

_DEEP: Final = 6
_TEXTS: Final = 64


def positional(call: ast.Call, names: tuple[str, ...]) -> dict[str, ast.expr]:
    """Return the arguments of a call by name; those by position get theirs."""
    named = {
        name: node
        for name, node in zip(names, call.args, strict=False)
        if not isinstance(node, ast.Starred)
    }
    return named | {one.arg: one.value for one in call.keywords if one.arg}


def given_of(named: dict[str, ast.expr], here: Evaluation) -> Given:
    """Return the texts in arguments that have names."""
    return [
        (((name,), *path), text)
        for name, node in named.items()
        for path, text in flat(here.of(node), name)
    ]


def flat(values: Iterable[Value], name: str = "", depth: int = 0) -> Given:
    """Return the texts in values with the keys that lead to each; lists have none of their own."""
    found: Given = []
    plain: list[Value] = []
    for value in values:
        if depth > _DEEP or len(found) > _TEXTS:
            break
        if isinstance(value, v.Table):
            for key, inner in value.items:
                last = key[-1] if key and isinstance(key[-1], str) else name
                below = flat(inner, last, depth + 1) or [((), (hole(last),))]
                found += [((key, *path), text) for path, text in below]
        elif isinstance(value, v.Series):
            for element in value.elements:
                found += flat(element, name, depth + 1)
        else:
            plain.append(value)
    return [*found, *(((), text) for text in texts.texts_of(plain, name))]


def source_of_copy(given: Given) -> tuple[Text, ...]:
    """Return a source to copy from as one text: `bucket/key`."""
    whole = [text for path, text in given if not path]
    buckets = [text for path, text in given if path == (("Bucket",),)]
    keys = [text for path, text in given if path == (("Key",),)]
    return (*whole, *(joined(bucket, ("/",), key) for bucket in buckets for key in keys))
