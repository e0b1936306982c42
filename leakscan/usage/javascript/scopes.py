"""Which names of a JavaScript or TypeScript file stand for which expressions.

In: the tree of a file. Out: `Scopes`, which finds what a name was bound to, where it is used. All
that is bound to a name counts, in whatever order it runs.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from msgspec import field

from leakscan.record import State
from leakscan.usage.syntax import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_FUNCTIONS: Final = frozenset(
    {
        "function_declaration",
        "function_expression",
        "generator_function",
        "generator_function_declaration",
        "arrow_function",
        "method_definition",
    }
)
_SCOPES: Final = _FUNCTIONS | {
    "program",
    "statement_block",
    "class_body",
    "catch_clause",
    "for_statement",
    "for_in_statement",
}
_FIELDS: Final = frozenset({"field_definition", "public_field_definition"})


class Binding(State):
    """What stands behind a name."""

    values: "list[Node]"
    """Expressions that were bound to it."""
    type: "Node | None" = None
    """Of a parameter or field of TypeScript."""
    package: str = ""
    """It was imported from there, as `name`: `default`, `*`, or a name that is exported."""
    name: str = ""
    members: tuple[str, ...] = ()
    """What is taken of the value: `const {a: {b}} = value` binds b to the members a and b."""
    outside: bool = False
    """Something binds it that is not seen: it is a parameter, or changed in place."""
    later: "dict[str, list[Node]]" = field(default_factory=dict)
    """Values of members that were assigned after it was made."""


class Scope(State):
    """Names that are bound in a part of a file, and the fields of the class that it is of."""

    parent: "Scope | None"
    names: dict[str, Binding]
    fields: dict[str, Binding] | None = None


class Scopes:
    """Names of one file, once `add` was called for all of its nodes."""

    def __init__(self, root: "Node") -> None:
        self.nodes: list[Node] = []
        """All named nodes, in the order of the file."""
        self._scope_of: dict[int, Scope] = {}
        changes = []
        for node, scope in self._walk(root):
            self.nodes.append(node)
            self._scope_of[node.id] = scope
            if node.type in {"assignment_expression", "augmented_assignment_expression"}:
                changes.append((node, scope))
            else:
                _declare(node, scope)
        for node, scope in changes:
            self._assign(node, scope)

    def _walk(self, root: "Node") -> "Iterator[tuple[Node, Scope]]":
        waiting = [(root, Scope(None, {}))]
        while waiting:
            node, scope = waiting.pop()
            yield node, scope
            if node.type in _SCOPES:
                fields: dict[str, Binding] | None = {} if node.type == "class_body" else None
                scope = Scope(scope, {}, fields)
            waiting += [(child, scope) for child in reversed(node.named_children)]

    def find(self, node: "Node", name: str | None = None) -> Binding | None:
        """Return what an identifier is bound to where it stands, or None."""
        name = text_of(node) if name is None else name
        scope = self._scope_of.get(node.id)
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.parent
        return None

    def field(self, node: "Node", name: str) -> Binding | None:
        """Return the field of the class around a `this`, or None."""
        scope = self._scope_of.get(node.id)
        while scope is not None:
            if scope.fields is not None:
                return scope.fields.get(name)
            scope = scope.parent
        return None

    def _assign(self, node: "Node", scope: Scope) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None:
            return
        lazily = node.type == "assignment_expression" or text_of(node.children[1]) in {"??=", "||="}
        if left.type == "identifier":
            binding = self.find(left)
            if binding is None:
                _outermost(scope).names[text_of(left)] = binding = Binding([])
            binding.values.append(right)
            binding.outside = binding.outside or not lazily
        elif left.type == "member_expression":
            self._assign_member(left, right, scope)

    def _assign_member(self, left: "Node", right: "Node", scope: Scope) -> None:
        of, name = left.child_by_field_name("object"), text_of(left.child_by_field_name("property"))
        if of is None:
            return
        if of.type == "this":
            fields = _fields(scope)
            if fields is not None:
                fields.setdefault(name, Binding([])).values.append(right)
        elif of.type == "identifier" and (binding := self.find(of)) is not None:
            binding.later = {**binding.later, name: [*binding.later.get(name, []), right]}


def _fields(scope: Scope | None) -> dict[str, Binding] | None:
    while scope is not None:
        if scope.fields is not None:
            return scope.fields
        scope = scope.parent
    return None


def _outermost(scope: Scope) -> Scope:
    while scope.parent is not None:
        scope = scope.parent
    return scope


def _declare(node: "Node", scope: Scope) -> None:
    """Bind what a node declares in the scope that it stands in."""
    match node.type:
        case "import_statement":
            _import(node, scope)
        case "variable_declarator":
            value = node.child_by_field_name("value")
            binding = Binding([value] if value is not None else [])
            binding.type = node.child_by_field_name("type")
            _bind(node.child_by_field_name("name"), binding, scope)
        case "function_declaration" | "class_declaration" | "generator_function_declaration":
            _bind(node.child_by_field_name("name"), Binding([node]), scope)
        case "required_parameter" | "optional_parameter":
            _parameter(node, scope)
        case "formal_parameters":
            for child in node.named_children:
                _bind(child, Binding([], outside=True), scope)
        case "arrow_function" if (one := node.child_by_field_name("parameter")) is not None:
            # It stands outside of the function's own scope: a name too much that is not known.
            if text_of(one) not in scope.names:
                _bind(one, Binding([], outside=True), scope)
        case kind if kind in _FIELDS:
            _field(node, scope)


def _field(node: "Node", scope: Scope) -> None:
    """Bind a field of a class."""
    name = node.child_by_field_name("property") or node.child_by_field_name("name")
    value = node.child_by_field_name("value")
    if scope.fields is not None and name is not None:
        found = scope.fields.setdefault(text_of(name), Binding([]))
        found.values += [value] if value is not None else []
        found.type = node.child_by_field_name("type")


def _parameter(node: "Node", scope: Scope) -> None:
    """Bind a parameter of TypeScript; one with `private` or the like is a field as well."""
    pattern = node.child_by_field_name("pattern")
    binding = Binding([], type=node.child_by_field_name("type"), outside=True)
    _bind(pattern, binding, scope)
    kinds = {child.type for child in node.children}
    fields = _fields(scope)
    if fields is not None and kinds & {"accessibility_modifier", "readonly"}:
        fields[text_of(pattern)] = binding


def _bind(pattern: "Node | None", binding: Binding, scope: Scope) -> None:
    """Bind all names of a pattern to what stands behind it."""
    waiting = [(pattern, binding.members)]
    while waiting:
        node, members = waiting.pop()
        if node is None:
            continue
        match node.type:
            case "identifier" | "shorthand_property_identifier_pattern" | "type_identifier":
                if node.type.startswith("shorthand"):
                    members = (*members, text_of(node))
                scope.names[text_of(node)] = Binding(
                    list(binding.values),
                    binding.type if not members else None,
                    binding.package,
                    binding.name,
                    members,
                    binding.outside,
                )
            case "object_pattern":
                waiting += [(child, members) for child in node.named_children]
            case "pair_pattern":
                key = text_of(node.child_by_field_name("key")).strip("'\"")
                waiting.append((node.child_by_field_name("value"), (*members, key)))
            case "assignment_pattern" | "object_assignment_pattern":
                waiting.append((node.child_by_field_name("left"), members))
            case "array_pattern" | "rest_pattern":
                waiting += [(child, (*members, "")) for child in node.named_children]


def _import(node: "Node", scope: Scope) -> None:
    """Bind what an `import` of either form names."""
    package = text_of(node.child_by_field_name("source")).strip("'\"`")
    for child in node.named_children:
        if child.type == "import_require_clause":
            source = text_of(child.child_by_field_name("source")).strip("'\"`")
            _name(child.named_children[0], source, "*", scope)
        elif child.type == "import_clause":
            for part in child.named_children:
                _import_part(part, package, scope)


def _import_part(part: "Node", package: str, scope: Scope) -> None:
    match part.type:
        case "identifier":
            _name(part, package, "default", scope)
        case "namespace_import" if part.named_children:
            _name(part.named_children[0], package, "*", scope)
        case "named_imports":
            for one in part.named_children:
                name = one.child_by_field_name("name")
                bound = one.child_by_field_name("alias") or name
                if bound is not None:
                    _name(bound, package, text_of(name), scope)


def _name(bound: "Node", package: str, name: str, scope: Scope) -> None:
    scope.names[text_of(bound)] = Binding([], package=package, name=name)
