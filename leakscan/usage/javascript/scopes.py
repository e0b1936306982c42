"""Which names of JavaScript and TypeScript files stand for which expressions.

In: the trees of files. Out: `Scopes`, which finds what a name was bound to, where it is used. All
that is bound to a name counts, in whatever order it runs.
"""

from collections.abc import Callable, Iterator
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
_NAMES: Final = frozenset(
    {
        "identifier",
        "shorthand_property_identifier",
        "shorthand_property_identifier_pattern",
        "type_identifier",
        "this",
        "import",
    }
)
"""Nodes whose scope is kept: what stands for something else."""
_USED: Final = frozenset(
    {"new_expression", "call_expression", "import_statement", "assignment_expression"}
)
CLASSES: Final = frozenset({"class_declaration", "abstract_class_declaration", "class"})
_FIELDS: Final = frozenset({"field_definition", "public_field_definition", "method_definition"})


class Binding(State):
    """What stands behind a name."""

    values: "list[Node]"
    """Expressions that were bound to it."""
    type: "Node | None" = None
    """Of a parameter or field of TypeScript."""
    package: str = ""
    """It was imported from there, as `name`: `default`, `*`, or a name that is exported."""
    name: str = ""
    importer: str = ""
    """The file that imports it."""
    module: str = ""
    """It is all of this file of the repository."""
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
    """Fields, methods among them, if it is the body of a class."""
    base: "Node | None" = None
    """What the class extends."""
    path: str = ""
    """Of the file, if it is all of one."""


class Scopes:
    """Names of some files."""

    def __init__(self) -> None:
        self.elsewhere: Callable[[Binding], Binding | None] = lambda _: None
        """What says what an import is bound to that is of another file."""
        self._scope_of: dict[int, Scope] = {}
        self._bodies: dict[int, Scope] = {}
        """By the body of a class."""
        self._bases: dict[int, Node] = {}
        self._roots: list[Node] = []
        """What is kept alive, for another tree's nodes would get the same ids."""

    def add(self, root: "Node", path: str) -> "list[Node]":
        """Read the names of a file; return the nodes in it that may do something."""
        nodes, changes = [], []
        self._roots.append(root)
        for node, scope in self._walk(root, path):
            if node.type in _USED:
                nodes.append(node)
            if node.type in _NAMES:
                self._scope_of[node.id] = scope
            if node.type in {"assignment_expression", "augmented_assignment_expression"}:
                changes.append((node, scope))
            else:
                _declare(node, scope)
        for node, scope in changes:
            self._assign(node, scope)
        return nodes

    def _walk(self, root: "Node", path: str) -> "Iterator[tuple[Node, Scope]]":
        waiting = [(root, Scope(None, {}, path=path))]
        while waiting:
            node, scope = waiting.pop()
            yield node, scope
            if node.type in CLASSES:
                self._note_base(node)
            if node.type == "class_body":
                scope = Scope(scope, {}, {}, self._bases.pop(node.id, None))
                self._bodies[node.id] = scope
            elif node.type in _SCOPES:
                scope = Scope(scope, {})
            waiting += [(child, scope) for child in reversed(node.named_children)]

    def _note_base(self, node: "Node") -> None:
        """Note what a class extends, for its body."""
        body = node.child_by_field_name("body")
        for heritage in node.named_children if body is not None else ():
            if heritage.type != "class_heritage" or body is None or not heritage.named_children:
                continue
            first = heritage.named_children[0]
            value = first.child_by_field_name("value") if first.type == "extends_clause" else first
            if value is not None:
                self._bases[body.id] = value

    def find(self, node: "Node") -> Binding | None:
        """Return what an identifier is bound to where it stands, or None."""
        found = self._local(node)
        if found is None or not found.package:
            return found
        return self.elsewhere(found) or found

    def _local(self, node: "Node") -> Binding | None:
        name, scope = text_of(node), self._scope_of.get(node.id)
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.parent
        return None

    def file_of(self, node: "Node") -> str:
        """Return the path of the file that an identifier stands in."""
        scope = self._scope_of.get(node.id)
        return _outermost(scope).path if scope is not None else ""

    def class_around(self, this: "Node") -> Scope | None:
        """Return the body of the class around a `this`."""
        scope = self._scope_of.get(this.id)
        while scope is not None and scope.fields is None:
            scope = scope.parent
        return scope

    def class_body(self, node: "Node") -> Scope | None:
        """Return the body of a class that is written out, or None."""
        body = node.child_by_field_name("body") if node.type in CLASSES else None
        return self._bodies.get(body.id) if body is not None else None

    def _assign(self, node: "Node", scope: Scope) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None:
            return
        lazily = node.type == "assignment_expression" or text_of(node.children[1]) in {"??=", "||="}
        if left.type == "identifier":
            binding = self._local(left)
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
        elif of.type == "identifier" and (binding := self._local(of)) is not None:
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
        case (
            "function_declaration"
            | "class_declaration"
            | "abstract_class_declaration"
            | "generator_function_declaration"
        ):
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
        case _ if scope.fields is not None:
            _field(node, scope.fields)


def _field(node: "Node", fields: dict[str, Binding]) -> None:
    """Bind a field or a method of a class."""
    name = node.child_by_field_name("property") or node.child_by_field_name("name")
    if name is None or node.type not in _FIELDS:
        return
    found = fields.setdefault(text_of(name), Binding([]))
    if node.type == "method_definition":
        found.values.append(node)
        return
    value = node.child_by_field_name("value")
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
                    members=members,
                    outside=binding.outside,
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
    importer = _outermost(scope).path
    scope.names[text_of(bound)] = Binding([], package=package, name=name, importer=importer)
