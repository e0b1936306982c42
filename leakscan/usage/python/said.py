"""How a call is shown: its callee and the names of its arguments, never a value.

Part of the usage stage. In: a call. Out: `Spot`.
"""

import ast
from typing import Final

from leakscan.permissions import Spot
from leakscan.usage.syntax import spot

_PARTS: Final = 12


def spot_of(path: str, node: ast.expr) -> Spot:
    """Return where a call stands and what it looks like: `s3.put_object(Bucket=, Key=)`."""
    return spot(path, node.lineno, _said(node))


def _said(node: ast.expr) -> str:
    if not isinstance(node, ast.Call):
        return _callee(node)
    names = ["..."] if node.args else []
    names += [f"{one.arg}=" if one.arg else "**" for one in node.keywords[:8]]
    return f"{_callee(node.func)}({', '.join(names)})"


def _callee(node: ast.expr) -> str:
    """Return a chain of names; what is called or looked up in it shows no argument."""
    parts: list[str] = []
    for _ in range(_PARTS):
        match node:
            case ast.Attribute():
                parts.append(f".{node.attr}")
                node = node.value
            case ast.Call():
                parts.append("(...)" if node.args or node.keywords else "()")
                node = node.func
            case ast.Subscript():
                parts.append("[...]")
                node = node.value
            case ast.Await():
                node = node.value
            case ast.Name():
                parts.append(node.id)
                break
            case _:
                parts.append("...")
                break
    return "".join(reversed(parts))
