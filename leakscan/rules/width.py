"""What can be said of an expression without running it: width, repeats, constructs, literals.

Part of the rules stage. In: an expression of a rule as bytes. Out: its `Shape`. The
standard library's own parser does the reading, because a second parser of regular
expressions would have to be proved equal to it; the rules keep to its syntax.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, Final

from leakscan.record import Record

_LOOKAROUND: Final = {codes.ASSERT: "lookaround", codes.ASSERT_NOT: "lookaround"}
_BACKREFERENCE: Final = {codes.GROUPREF: "backreference", codes.GROUPREF_EXISTS: "backreference"}
_ANCHOR: Final = {codes.AT: "anchor"}
_FORBIDDEN: Final = _LOOKAROUND | _BACKREFERENCE | _ANCHOR
_REPEATS: Final = {codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT}
_MAX_ALTERNATIVES: Final = 512
_GAP: Final = -1


class Shape(Record, frozen=True):
    """Facts of one expression: greatest width in bytes (None: unbounded) and its constructs."""

    max_width: int | None
    constructs: frozenset[str]
    groups: frozenset[str]
    ignore_case: bool
    literals: tuple[bytes, ...] | None
    """Every alternative with NUL for what is not literal; None if there are too many to list."""


def shape(expression: str) -> Shape:
    """Parse expression.

    Raises: re.error if it is not an expression.
    """
    tree = parser.parse(expression.encode("latin-1"))
    bounded = not _unbounded(tree)
    alternatives = list(islice(_alternatives(list(tree)), _MAX_ALTERNATIVES + 1))
    return Shape(
        max_width=tree.getwidth()[1] if bounded else None,
        constructs=frozenset(_constructs(tree)),
        groups=frozenset(tree.state.groupdict),
        ignore_case=bool(tree.state.flags & re.IGNORECASE),
        literals=None
        if len(alternatives) > _MAX_ALTERNATIVES
        else tuple(bytes(0 if c == _GAP else c for c in line) for line in alternatives),
    )


def _children(argument: Any) -> Iterator[Any]:
    """Yield the trees inside the argument of one parsed item."""
    if isinstance(argument, parser.SubPattern):
        yield argument
    elif isinstance(argument, (tuple, list)):
        for inner in argument:
            yield from _children(inner)


def _constructs(tree: Any) -> Iterator[str]:
    for code, argument in tree:
        if code in _FORBIDDEN:
            yield _FORBIDDEN[code]
        for child in _children(argument):
            yield from _constructs(child)


def _unbounded(tree: Any) -> bool:
    return any(
        (code in _REPEATS and argument[1] == codes.MAXREPEAT)
        or any(_unbounded(child) for child in _children(argument))
        for code, argument in tree
    )


def _alternatives(items: Sequence[Any]) -> Iterator[list[int]]:
    """Yield what the items can look like, literal bytes and gaps, one alternative at a time."""
    if not items:
        yield []
        return
    for rest in _alternatives(items[1:]):
        for head in _heads(items[0]):
            yield head + rest


def _heads(item: Any) -> Iterator[list[int]]:
    code, argument = item
    if code is codes.LITERAL:
        yield [argument]
    elif code is codes.BRANCH:
        for branch in argument[1]:
            yield from _alternatives(list(branch))
    elif code is codes.SUBPATTERN:
        yield from _alternatives(list(argument[3]))
    elif code is codes.IN and len(argument) <= 4 and all(c is codes.LITERAL for c, _ in argument):
        yield from ([value] for _, value in argument)
    elif code in _REPEATS and argument[0] == argument[1] == 1:
        yield from _alternatives(list(argument[2]))
    else:
        yield [_GAP]
