"""Texts of Python with what is known of them: literals, formats, joins, and dicts and lists.

Part of the usage stage. In: an expression, and a way to evaluate those in it. Out: its values.
"""

import ast
import re
from collections.abc import Callable, Iterable
from itertools import product
from typing import Final

from leakscan.permissions import Hole, Text
from leakscan.usage.python import values as v
from leakscan.usage.python.values import ANYTHING, Open, Value, Values, union
from leakscan.usage.syntax import bounded, hole, joined

_PLAIN: Final = frozenset(
    {"", "name", "id", "arn", "key", "value", "url", "get", "x", "n", "pop", "load", "loads"}
    | {"read", "safe_load", "dict", "str", "strip", "lower", "upper", "replace", "split", "join"}
    | {"format", "encode", "decode", "item", "data", "result", "results", "response", "body"}
    | {"text", "self", "rstrip", "lstrip", "removeprefix", "removesuffix", "group", "next", "one"}
    | {"json", "parse", "quote", "unquote", "getattr", "setdefault", "copy", "i", "v", "k", "r"}
)
"""Names that say less than the member that they are given to."""
_MOST: Final = 4
"""Texts of one expression, where it is put together of several each."""
_SPINE: Final = 200
_FIELD: Final = re.compile(r"\{\{|\}\}|\{([^{}]{0,60})\}")
_PERCENT: Final = re.compile(r"%%|%(?:\(([^)]{1,60})\))?[-+ #0-9.]{0,8}[sdrifxX]")
_SAME: Final = frozenset(["strip", "rstrip", "lstrip", "encode", "decode", "__str__", "as_posix"])

Evaluate = Callable[[ast.expr], Values]


def texts_of(values: Iterable[Value], name: str) -> tuple[Text, ...]:
    """Return the texts that values are; one that is no text is a Hole of its own name, or this."""
    found: list[Text] = []
    for value in values:
        if isinstance(value, v.Known):
            found.append(value.text)
        elif isinstance(value, Open):
            plain = value.name in _PLAIN
            found.append((hole((name or value.name) if plain else value.name or name),))
        elif isinstance(value, v.External):
            found.append((hole(value.name.rpartition(".")[2]),))
        elif not isinstance(value, v.Nothing):
            found.append((hole(name),))
    return tuple(dict.fromkeys(found))


def value_of_text(text: Text) -> Value:
    """Return a text as a value; one that is a single hole is open under the hole's name."""
    if len(text) == 1 and isinstance(text[0], Hole):
        return Open(text[0].name)
    return v.Known(text)


def joined_values(parts: Iterable[Values]) -> Values:
    """Return all texts that some values make one after the other."""
    several = [bounded(texts_of(part, ""), _MOST) or ((hole(""),),) for part in parts]
    found: list[Value] = []
    for combined in product(*several):
        found.append(value_of_text(joined(*combined)))
        if len(found) > _MOST:
            return (*found[:_MOST], Open())
    return union(tuple(found))


def expression(node: ast.expr, evaluate: Evaluate) -> Values:
    """Return what a literal, a format, a sum or an element of something known is."""
    match node:
        case ast.Constant(value=str() as text):
            return (v.Known((text[:2048],) if text else ()),)
        case ast.Constant() | ast.Compare() | ast.UnaryOp():
            return (v.Nothing(),)
        case ast.JoinedStr():
            return joined_values(_formatted(part, evaluate) for part in node.values)
        case ast.BinOp():
            return _operation(node, evaluate)
        case ast.Subscript():
            return union(*(_item(of, node, evaluate) for of in evaluate(node.value)))
    return _several(node, evaluate)


def _several(node: ast.expr, evaluate: Evaluate) -> Values:
    match node:
        case ast.Dict():
            return (_table(node, evaluate),)
        case ast.List() | ast.Tuple() | ast.Set():
            return (v.Series(tuple(evaluate(one) for one in node.elts[:200])),)
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
            return (v.Series((evaluate(node.elt),)),)
    return ANYTHING


def _operation(node: ast.BinOp, evaluate: Evaluate) -> Values:
    match node.op:
        case ast.Add():
            return _sum(node, evaluate)
        case ast.Mod():
            return _percent(node, evaluate)
        case ast.BitOr():
            return _merged(evaluate(node.left), evaluate(node.right))
        case ast.Div():
            return joined_values([evaluate(node.left), _known("/"), evaluate(node.right)])
    return (v.Nothing(),)


def _known(text: str) -> Values:
    return (v.Known((text,)),)


def _formatted(part: ast.expr, evaluate: Evaluate) -> Values:
    return evaluate(part.value) if isinstance(part, ast.FormattedValue) else evaluate(part)


def _sum(node: ast.BinOp, evaluate: Evaluate) -> Values:
    """Return a sum, however long, without going deeper for each part."""
    parts: list[ast.expr] = []
    left: ast.expr = node
    while isinstance(left, ast.BinOp) and isinstance(left.op, ast.Add) and len(parts) < _SPINE:
        parts.append(left.right)
        left = left.left
    values = [evaluate(one) for one in (left, *reversed(parts))]
    if all(isinstance(value, v.Series) for one in values for value in one):
        series = [value for one in values for value in one if isinstance(value, v.Series)]
        return (v.Series(tuple(element for one in series for element in one.elements)),)
    return joined_values(values)


def _percent(node: ast.BinOp, evaluate: Evaluate) -> Values:
    arguments = evaluate(node.right)
    series = next((one for one in arguments if isinstance(one, v.Series)), None)
    table = next((one for one in arguments if isinstance(one, v.Table)), None)
    given = iter(series.elements if series else (arguments,))

    def value(field: str) -> Values:
        return of_table(table, field) if field and table else next(given, ANYTHING)

    return union(
        *(
            _filled(text, _PERCENT, value) if isinstance(text, v.Known) else (text,)
            for text in evaluate(node.left)
        )
    )


def _filled(template: v.Known, pattern: re.Pattern[str], value: Callable[[str], Values]) -> Values:
    """Return a template with its fields filled in."""
    parts: list[Values] = []
    for piece in template.text:
        if isinstance(piece, Hole):
            parts.append((Open(piece.name),))
            continue
        done = 0
        for found in pattern.finditer(piece):
            parts.append(_known(piece[done : found.start()]))
            is_escape = found[0] in {"{{", "}}", "%%"}
            parts.append(_known(found[0][0]) if is_escape else value(found[1] or ""))
            done = found.end()
        parts.append(_known(piece[done:]))
    return joined_values(parts[:64])


def method(of: v.Known, name: str, call: ast.Call, evaluate: Evaluate) -> Values:
    """Return what a method of a text gives."""
    if name == "format":
        given = iter(call.args)
        named = {one.arg: one.value for one in call.keywords if one.arg}

        def value(field: str) -> Values:
            field = re.split(r"[.\[!:]", field, maxsplit=1)[0]
            if field.isdigit():
                return evaluate(call.args[int(field)]) if int(field) < len(call.args) else ANYTHING
            if field:
                return evaluate(named[field]) if field in named else (Open(field),)
            following = next(given, None)
            return ANYTHING if following is None else evaluate(following)

        return _filled(of, _FIELD, value)
    if name == "join" and len(call.args) == 1:
        return union(*(_join(of, one) for one in evaluate(call.args[0])))
    if name in _SAME and not call.args:
        return (of,)
    if name in {"lower", "upper"} and all(isinstance(part, str) for part in of.text):
        text = "".join(map(str, of.text))
        return _known(text.lower() if name == "lower" else text.upper())
    return ANYTHING


def _join(between: v.Known, what: Value) -> Values:
    if not isinstance(what, v.Series):
        return ANYTHING
    return path_of(what.elements, between)


def path_of(parts: Iterable[Values], between: v.Known) -> Values:
    """Return parts with something between each two."""
    found: list[Values] = []
    for part in parts:
        found += [(between,)] if found else []
        found.append(part)
    return joined_values(found[:64])


def _table(node: ast.Dict, evaluate: Evaluate) -> v.Table:
    items: list[tuple[Text, Values]] = []
    is_whole = len(node.keys) <= 200
    for key, value in list(zip(node.keys, node.values, strict=True))[:200]:
        values = evaluate(value)
        if key is not None:
            items += [(text, values) for text in texts_of(evaluate(key), "")[:_MOST]]
            continue
        for inner in values:
            items += inner.items if isinstance(inner, v.Table) else ()
            is_whole = is_whole and isinstance(inner, v.Table) and inner.is_whole
    return v.Table(tuple(items), is_whole)


def _merged(one: Values, other: Values) -> Values:
    tables = [value for value in (*one, *other) if isinstance(value, v.Table)]
    if len(tables) != 2:
        return ANYTHING
    return (
        v.Table((*tables[0].items, *tables[1].items), tables[0].is_whole and tables[1].is_whole),
    )


def of_table(table: v.Table, key: str) -> Values:
    """Return what a dict has under a key."""
    found = [values for text, values in table.items if text == (key,)]
    return found[-1] if found else (Open(key),)


def _item(of: Value, node: ast.Subscript, evaluate: Evaluate) -> Values:
    match node.slice:
        case ast.Constant(value=str() as key):
            is_set = isinstance(of, v.External) and of.name == "os.environ"
            return of_table(of, key) if isinstance(of, v.Table) else (Open(key, is_set),)
        case ast.Constant(value=int() as number):
            if isinstance(of, v.Series) and -len(of.elements) <= number < len(of.elements):
                return of.elements[number]
            return (of,) if isinstance(of, Open) else ANYTHING
        case ast.Name() if isinstance(of, v.External) and of.name == "os.environ":
            return tuple(Open(key, is_set=True) for key in _whole(evaluate(node.slice)))
        case ast.Slice():
            return (Open(of.name),) if isinstance(of, Open) else ANYTHING
    keys = list(_whole(evaluate(node.slice)))
    if isinstance(of, v.Table):
        inner = [of_table(of, key) for key in keys] or [values for _, values in of.items]
        return union(*inner) or ANYTHING
    if isinstance(of, v.Series):
        return union(*of.elements) or ANYTHING
    return tuple(map(Open, keys)) or ANYTHING


def _whole(values: Values) -> Iterable[str]:
    """Return the texts of values of which all is known."""
    for value in values:
        if isinstance(value, v.Known) and all(isinstance(part, str) for part in value.text):
            yield "".join(map(str, value.text))


def whole(values: Values) -> list[str]:
    """Return the texts of values of which all is known."""
    return list(_whole(values))
