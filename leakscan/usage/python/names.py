"""Names and parameters of Python: which binding holds, and what code calls something.

Part of the usage stage. In: nodes and bindings. Out: nodes, bindings and names.
"""

import ast
from collections.abc import Iterator

from leakscan.usage.python import values as v
from leakscan.usage.python.scopes import Binding, FunctionInfo, Place
from leakscan.usage.python.values import ANYTHING, Open, Value, Values, union


def reaching(bound: list[Binding], place: Place) -> list[Binding]:
    """Return the bindings that can hold at a place: not those that a later one replaced."""
    before = [one for one in bound if one.position < place.position]
    sure = [one for one in before if place.block[: len(one.block)] == one.block]
    if sure:
        last = max(sure, key=lambda one: one.position)
        return [last, *(one for one in before if one.position > last.position)]
    return before or bound


def named(values: Values, name: str) -> Values:
    """Give what is open the name it is bound to, where it has none."""
    return tuple(Open(name) if value == Open() else value for value in values)


def chosen(*several: Values) -> Values:
    """Return what one of several may be; what a variable of the environment sets has no default.

    `getenv("X") or "x"` is read as `getenv("X", "x")` is: what runs with the role sets X, perhaps.
    """
    found = union(*several)
    if any(isinstance(value, Open) and value.is_set for value in found):
        return tuple(value for value in found if not isinstance(value, v.Known | v.Nothing))
    return found


def item_of(value: Value, key: int) -> Values:
    """Return one of several elements."""
    if isinstance(value, v.Series) and key < len(value.elements):
        return value.elements[key]
    return ANYTHING


def spread(values: Values, wanted: set[str]) -> Iterator[tuple[str, Values]]:
    """Yield what `**` gives; what is not known gives anything to everything."""
    for value in values:
        if isinstance(value, v.Table):
            for key, inner in value.items:
                if len(key) == 1 and isinstance(key[0], str) and key[0] in wanted:
                    yield key[0], inner
        if not isinstance(value, v.Table) or not value.is_whole:
            for name in wanted:
                yield name, (Open(name),)


def first(info: FunctionInfo) -> str:
    """Return the name of the first parameter."""
    arguments = info.node.args
    return next((one.arg for one in (*arguments.posonlyargs, *arguments.args)), "")


def is_static(info: FunctionInfo) -> bool:
    """Say whether a method has no object of its own."""
    return any(called(one) == "staticmethod" for one in info.node.decorator_list)


def called(node: ast.expr) -> str:
    """Return the last name of a decorator."""
    node = node.func if isinstance(node, ast.Call) else node
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def default_of(name: str, arguments: ast.arguments) -> ast.expr | None:
    """Return the default of a parameter."""
    plain = [*arguments.posonlyargs, *arguments.args]
    with_default = plain[len(plain) - len(arguments.defaults) :]
    for argument, default in zip(with_default, arguments.defaults, strict=False):
        if argument.arg == name:
            return default
    for argument, keyword in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if argument.arg == name:
            return keyword
    return None


def hint(node: ast.expr) -> str:
    """Return what code calls an expression: the last name in it."""
    for _ in range(8):
        match node:
            case ast.Name():
                return node.id
            case ast.Attribute():
                return node.attr
            case ast.Subscript(slice=ast.Constant(value=str() as key)):
                return key
            case ast.Call(
                func=ast.Attribute(attr="get"), args=[ast.Constant(value=str() as key), *_]
            ):
                return key
            case ast.Subscript() | ast.Await() | ast.Starred():
                node = node.value
            case ast.Call():
                node = node.func
            case _:
                return ""
    return ""
