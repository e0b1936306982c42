"""What a file of Python imports, which of it it uses, and the texts in it that are run or set.

Part of the usage stage. In: the tree of a module. Out: `Mentions`. Nothing is evaluated.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import field

from leakscan.record import Record, State

_COMMAND: Final = re.compile(r"\s*(?:sudo\s+)?aws\s")
_SETTING: Final = re.compile(r"[A-Za-z_]\w*(?:\.\w+)+\Z|[a-z0-9+_]{2,32}[:/]\S")
_TOLD: Final = frozenset(
    {"print", "echo", "secho", "debug", "info", "warning", "warn", "error", "critical", "log"}
    | {"exception", "write", "add_argument", "add_parser", "ArgumentParser", "fail", "abort"}
    | {"skip", "getLogger", "pformat", "pprint", "success", "startswith", "endswith", "Option"}
)
"""Functions that show what they are given, or compare it."""
_SHOWN: Final = frozenset({"help", "description", "epilog", "usage", "message", "title", "doc"})
_MOST: Final = 2000


class Import(Record, frozen=True):
    """What an import names in full, what it is called here, and its line."""

    name: str
    bound: str
    line: int


class Said(Record, frozen=True):
    """A text, or the texts that a list begins with, one after the other; and its line."""

    text: str
    line: int


class Mentions(State):
    """What one module mentions."""

    imports: list[Import] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    """Names that are read somewhere."""
    run: set[str] = field(default_factory=set)
    """Those of them that are not only in annotations."""
    commands: list[Said] = field(default_factory=list)
    """That begin with `aws`, and are not only shown to somebody."""
    settings: list[Said] = field(default_factory=list)
    """Dotted names and addresses."""


def mentions(tree: ast.AST) -> Mentions:
    """Return what a module mentions."""
    found = Mentions()
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        match node:
            case ast.Import() | ast.ImportFrom():
                found.imports += _imports(node)
            case ast.Name():
                found.used.add(node.id)
                found.run.add(node.id)
            case ast.Constant(value=str() as text):
                _note_text(text, node.lineno, found)
            case ast.List() | ast.Tuple() if _begins_with_aws(node):
                found.commands.append(Said(" ".join(_first_texts(node)), node.lineno))
        annotation = _annotation(node)
        if annotation is not None:
            inner = ast.walk(annotation)
            found.used.update(one.id for one in inner if isinstance(one, ast.Name))
        waiting += [one for one in reversed(list(_below(node))) if one is not annotation]
    return found


def _annotation(node: ast.AST) -> ast.expr | None:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return node.returns
    return node.annotation if isinstance(node, ast.arg | ast.AnnAssign) else None


def _note_text(text: str, line: int, found: Mentions) -> None:
    if _COMMAND.match(text) and len(found.commands) < _MOST:
        found.commands.append(Said(text.strip(), line))
    elif len(text) < 300 and _SETTING.match(text) and len(found.settings) < _MOST:
        found.settings.append(Said(text, line))


def _imports(node: ast.Import | ast.ImportFrom) -> Iterator[Import]:
    for alias in node.names:
        if isinstance(node, ast.Import):
            bound = alias.asname or alias.name.partition(".")[0]
            yield Import(alias.name, bound, node.lineno)
        elif not node.level:
            yield Import(f"{node.module}.{alias.name}", alias.asname or alias.name, node.lineno)


def _below(node: ast.AST) -> Iterable[ast.AST]:
    """Return what is in a node, but what is only shown to somebody, or only for types."""
    match node:
        case ast.Expr(value=ast.Constant() | ast.JoinedStr()):
            return ()
        case ast.Raise() | ast.Assert():
            return [one for one in ast.walk(node) if isinstance(one, ast.Name)]
        case ast.Compare():
            return [one for one in ast.iter_child_nodes(node) if not isinstance(one, ast.Constant)]
        case ast.If() if _is_for_types(node.test):
            return node.orelse
        case ast.Call():
            return _of_call(node)
    return ast.iter_child_nodes(node)


def _of_call(call: ast.Call) -> Iterator[ast.AST]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    name = call.func.id if isinstance(call.func, ast.Name) else name
    yield call.func
    for node in (*call.args, *call.keywords):
        is_shown = name in _TOLD or (isinstance(node, ast.keyword) and node.arg in _SHOWN)
        if not is_shown:
            yield node
        else:
            yield from (one for one in ast.walk(node) if isinstance(one, ast.Name))


def _is_for_types(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    return name == "TYPE_CHECKING"


def _begins_with_aws(node: ast.List | ast.Tuple) -> bool:
    first = node.elts[0] if len(node.elts) > 1 else None
    return isinstance(first, ast.Constant) and first.value == "aws"


def _first_texts(node: ast.List | ast.Tuple) -> Iterator[str]:
    for one in node.elts:
        if not isinstance(one, ast.Constant) or not isinstance(one.value, str):
            return
        yield one.value
