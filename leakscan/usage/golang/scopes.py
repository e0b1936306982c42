"""Which names of a Go file stand for which packages, types and expressions.

In: the tree of a file. Out: `Scopes`, which finds what a name is bound to where it is used, and
the struct types and functions that the file declares.
"""

from typing import TYPE_CHECKING, Final

from msgspec import field

from leakscan.record import State
from leakscan.usage.syntax import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_SCOPES: Final = frozenset(
    {
        "source_file",
        "function_declaration",
        "method_declaration",
        "func_literal",
        "block",
        "for_statement",
        "if_statement",
        "expression_switch_statement",
        "expression_case",
        "default_case",
        "communication_case",
        "type_switch_statement",
        "type_case",
    }
)


class Binding(State):
    """What stands behind a name: expressions, each with the place it has among several results."""

    values: "list[tuple[Node, int]]"
    type: "Node | None" = None
    is_changed: bool = False
    """It is given another value after it was made, or is a parameter."""
    later: "dict[str, list[Node]]" = field(default_factory=dict)
    """Values of members that were assigned after it was made."""


class Scope(State):
    """Names that are bound in a part of a file."""

    parent: "Scope | None"
    names: dict[str, Binding]


class Scopes:
    """Names of one file."""

    def __init__(self, root: "Node") -> None:
        self.nodes: list[Node] = []
        """All named nodes, in the order of the file."""
        self.imports: dict[str, str] = {}
        """Paths of packages, by the name that the file has for each."""
        self.fields: dict[str, dict[str, Node]] = {}
        """Types of the members of the file's structs."""
        self.functions: dict[str, Node] = {}
        self._scope_of: dict[int, Scope] = {}
        changes = []
        waiting = [(root, Scope(None, {}))]
        while waiting:
            node, scope = waiting.pop()
            self.nodes.append(node)
            self._scope_of[node.id] = scope
            if node.type in {"assignment_statement", "call_expression"}:
                changes.append(node)
            if node.type == "function_declaration":
                self.functions[text_of(node.child_by_field_name("name"))] = node
            if node.type in _SCOPES:
                scope = Scope(scope, {})
            self._declare(node, self._scope_of[node.id])
            waiting += [(child, scope) for child in reversed(node.named_children)]
        for node in changes:
            self._change(node)

    def find(self, node: "Node", name: str | None = None) -> Binding | None:
        """Return what an identifier is bound to where it stands, or None."""
        name = text_of(node) if name is None else name
        scope = self._scope_of.get(node.id)
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.parent
        return None

    def _declare(self, node: "Node", scope: Scope) -> None:
        match node.type:
            case "import_spec":
                self._import(node)
            case "short_var_declaration":
                left, right = _sides(node)
                for number, name in enumerate(left):
                    _bind(scope, name, _value(right, number, len(left)), None)
            case "var_spec" | "const_spec":
                names = node.children_by_field_name("name")
                value = node.child_by_field_name("value")
                right = value.named_children if value is not None else []
                for number, name in enumerate(names):
                    pair = _value(right, number, len(names))
                    _bind(scope, name, pair, node.child_by_field_name("type"))
            case "parameter_declaration":
                for name in node.children_by_field_name("name"):
                    _bind(scope, name, None, node.child_by_field_name("type"))
                    scope.names[text_of(name)].is_changed = True
            case "type_spec":
                self._struct(node)

    def _import(self, node: "Node") -> None:
        path = text_of(node.child_by_field_name("path")).strip('"`')
        name = text_of(node.child_by_field_name("name")) or path.rpartition("/")[2]
        if name not in {"_", "."}:
            self.imports[name] = path

    def _struct(self, node: "Node") -> None:
        of = node.child_by_field_name("type")
        if of is None or of.type != "struct_type":
            return
        fields = self.fields.setdefault(text_of(node.child_by_field_name("name")), {})
        for one in of.named_children[0].named_children if of.named_children else ():
            kind = one.child_by_field_name("type")
            for name in one.children_by_field_name("name"):
                if kind is not None:
                    fields[text_of(name)] = kind

    def _change(self, node: "Node") -> None:
        if node.type == "call_expression":
            self._set(node)
            return
        left, right = _sides(node)
        for number, name in enumerate(left):
            pair = _value(right, number, len(left))
            if pair is None:
                continue
            if name.type == "identifier" and (binding := self.find(name)) is not None:
                binding.is_changed = binding.is_changed or bool(binding.values)
                binding.values.append(pair)
            elif name.type == "selector_expression":
                self._member(name, text_of(name.child_by_field_name("field")), pair[0])

    def _set(self, node: "Node") -> None:
        """Note `input.SetBucket(value)`, which version 1 of the SDK has."""
        function, handed = node.child_by_field_name("function"), arguments_of(node)
        if function is not None and function.type == "selector_expression" and len(handed) == 1:
            name = text_of(function.child_by_field_name("field"))
            if name.startswith("Set"):
                self._member(function, name[3:], handed[0])

    def _member(self, node: "Node", name: str, value: "Node") -> None:
        of = node.child_by_field_name("operand")
        binding = self.find(of) if of is not None and of.type == "identifier" else None
        if binding is not None:
            binding.later.setdefault(name, []).append(value)


def arguments_of(node: "Node") -> "list[Node]":
    """Return the arguments of a call."""
    arguments = node.child_by_field_name("arguments")
    if arguments is None:
        return []
    return [child for child in arguments.named_children if child.type != "comment"]


def _sides(node: "Node") -> "tuple[list[Node], list[Node]]":
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    return (
        left.named_children if left is not None else [],
        right.named_children if right is not None else [],
    )


def _value(right: "list[Node]", number: int, count: int) -> "tuple[Node, int] | None":
    """Return the expression of the name of a number, and which of its results that is."""
    if len(right) == count:
        return right[number], 0
    return (right[0], number) if len(right) == 1 else None


def _bind(scope: Scope, name: "Node", pair: "tuple[Node, int] | None", of: "Node | None") -> None:
    known = scope.names.get(text_of(name))
    if known is not None and pair is not None:
        known.values.append(pair)
        known.is_changed = True
    else:
        scope.names[text_of(name)] = Binding([pair] if pair is not None else [], of)
