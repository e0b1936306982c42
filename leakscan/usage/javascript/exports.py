"""What a JavaScript or TypeScript file gives to those that import it.

In: the tree of a file. Out: `Exports`. Nothing is followed here.
"""

from typing import TYPE_CHECKING, Final

from msgspec import field

from leakscan.record import State
from leakscan.usage.syntax import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_DECLARED: Final = frozenset({"lexical_declaration", "variable_declaration"})
_MAX_NODES: Final = 20_000
"""Statements of a file that are looked at, those inside of blocks too."""
_MAX_PATTERN: Final = 500


class Exports(State):
    """Expressions by the names that others import; `whole` is what `module.exports` is."""

    named: "dict[str, Node]" = field(default_factory=dict)
    again: dict[str, tuple[str, str]] = field(default_factory=dict)
    """From another file, and under which name there: `export {a as b} from "./c"`."""
    all_of: list[str] = field(default_factory=list)
    whole: "Node | None" = None


def exports_of(root: "Node") -> Exports:
    """Return what a file exports, in either way."""
    found = Exports()
    waiting = list(reversed(root.named_children))
    for _ in range(_MAX_NODES):
        if not waiting:
            break
        node = waiting.pop()
        match node.type:
            case "export_statement":
                _exported(node, found)
            case "expression_statement" | "statement_block" | "if_statement":
                waiting += reversed(node.named_children)
            case "assignment_expression":
                _assigned(node, found, waiting)
    return found


def _exported(node: "Node", found: Exports) -> None:
    source = text_of(node.child_by_field_name("source")).strip("'\"`")
    declared, value = node.child_by_field_name("declaration"), node.child_by_field_name("value")
    words = {child.type for child in node.children}
    if "default" in words:
        one = value or declared
        if one is not None:
            found.named["default"] = one
    elif "=" in words and node.named_children:
        found.whole = node.named_children[-1]
    elif declared is not None:
        _declared(declared, found)
    elif source and "*" in words:
        found.all_of.append(source)
    for child in node.named_children:
        if child.type == "namespace_export" and source and child.named_children:
            found.again[text_of(child.named_children[0])] = (source, "*")
        elif child.type == "export_clause":
            _clause(child, source, found)


def _clause(clause: "Node", source: str, found: Exports) -> None:
    for one in clause.named_children:
        name = one.child_by_field_name("name")
        alias = text_of(one.child_by_field_name("alias") or name)
        if name is not None and source:
            found.again[alias] = (source, text_of(name))
        elif name is not None:
            found.named[alias] = name


def _declared(node: "Node", found: Exports) -> None:
    if node.type not in _DECLARED:
        name = node.child_by_field_name("name")
        if name is not None:
            found.named[text_of(name)] = name
        return
    waiting = [one.child_by_field_name("name") for one in node.named_children]
    for _ in range(_MAX_PATTERN):
        if not waiting:
            break
        one = waiting.pop()
        if one is None:
            continue
        if one.type in {"identifier", "shorthand_property_identifier_pattern"}:
            found.named[text_of(one)] = one
        elif one.type == "pair_pattern":
            waiting.append(one.child_by_field_name("value"))
        elif one.type in {"object_assignment_pattern", "assignment_pattern"}:
            waiting.append(one.child_by_field_name("left"))
        else:
            waiting += one.named_children


def _assigned(node: "Node", found: Exports, waiting: "list[Node]") -> None:
    """Note `module.exports = x`, `exports.a = x`, and `exports = module.exports = x`."""
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if left is None or right is None:
        return
    name = text_of(left)
    if right.type == "assignment_expression":
        waiting.append(right)
        while right is not None and right.type == "assignment_expression":
            right = right.child_by_field_name("right")
    if right is None:
        return
    if name == "module.exports":
        found.whole = right
    elif name.startswith(("exports.", "module.exports.")):
        found.named.setdefault(name.rpartition("exports.")[2], right)
        if right.type not in {"undefined", "unary_expression"}:
            found.named[name.rpartition("exports.")[2]] = right
