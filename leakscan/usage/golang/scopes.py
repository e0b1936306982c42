"""Which names of Go files stand for which packages, types and expressions.

In: the trees of files, by their folders. Out: `Scopes`, which finds what a name is bound to where
it is used, and the struct types and functions that each package declares.
"""

import re
from typing import TYPE_CHECKING, Final

from msgspec import field

from leakscan.record import State
from leakscan.usage.syntax import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_SCOPES: Final = frozenset(
    {
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


_VERSION: Final = re.compile(r"v[0-9]+\Z")
_NAMED: Final = frozenset({"identifier", "type_identifier", "package_identifier"})
"""Nodes whose scope is kept: what stands for something else."""
_USED: Final = frozenset(
    {"import_spec", "call_expression", "composite_literal", "assignment_statement"}
)


class Binding(State):
    """What stands behind a name: expressions, each with the place it has among several results."""

    values: "list[tuple[Node, int]]"
    type: "Node | None" = None
    is_changed: bool = False
    """It is given another value after it was made, or is a parameter."""
    later: "dict[str, list[Node]]" = field(default_factory=dict)
    """Values of members that were assigned after it was made."""


class Package(State):
    """What the files of a folder declare together."""

    names: dict[str, Binding] = field(default_factory=dict)
    fields: "dict[str, dict[str, Node]]" = field(default_factory=dict)
    """Types of the members of its structs; one that is embedded is named as its type."""
    embedded: "dict[str, list[Node]]" = field(default_factory=dict)
    functions: "dict[str, Node]" = field(default_factory=dict)
    methods: "dict[tuple[str, str], Node]" = field(default_factory=dict)
    """By the names of type and method."""


class File(State):
    """A file: its package, and the paths of packages by the name that it has for each."""

    package: Package
    imports: dict[str, str] = field(default_factory=dict)


class Scope(State):
    """Names that are bound in a part of a file."""

    parent: "Scope | None"
    names: dict[str, Binding]
    file: File


class Scopes:
    """Names of some files; `finish` is called when all are added."""

    def __init__(self) -> None:
        self.packages: dict[str, Package] = {}
        """By their folders."""
        self._scope_of: dict[int, Scope] = {}
        self._changes: list[Node] = []
        self._roots: list[Node] = []
        """What is kept alive, for another tree's nodes would get the same ids."""

    def add(self, root: "Node", folder: str) -> "list[Node]":
        """Read the names of a file; return the nodes in it that may do something."""
        self._roots.append(root)
        file = File(self.packages.setdefault(folder, Package()))
        nodes = []
        waiting = [(root, Scope(None, file.package.names, file))]
        while waiting:
            node, scope = waiting.pop()
            if node.type in _USED:
                nodes.append(node)
            if node.type in _NAMED:
                self._scope_of[node.id] = scope
            if node.type in {"assignment_statement", "call_expression"}:
                self._changes.append(node)
            self._declare(node, scope)
            if node.type in _SCOPES:
                scope = Scope(scope, {}, file)
            waiting += [(child, scope) for child in reversed(node.named_children)]
        return nodes

    def finish(self) -> None:
        """Note what gives names another value."""
        for node in self._changes:
            self._change(node)
        self._changes.clear()

    def find(self, node: "Node") -> Binding | None:
        """Return what an identifier is bound to where it stands, or None."""
        name, scope = text_of(node), self._scope_of.get(node.id)
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.parent
        return None

    def file_of(self, node: "Node") -> File | None:
        """Return the file that a name stands in, or None."""
        scope = self._scope_of.get(node.id)
        return scope.file if scope is not None else None

    def import_of(self, node: "Node | None") -> str:
        """Return the path of the package that a name stands for, or nothing."""
        file = self.file_of(node) if node is not None else None
        return file.imports.get(text_of(node), "") if file is not None else ""

    def _declare(self, node: "Node", scope: Scope) -> None:
        match node.type:
            case "import_spec":
                _import(node, scope.file)
            case "function_declaration" | "method_declaration":
                _function(node, scope.file.package)
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
                    kind = node.child_by_field_name("type")
                    scope.names[text_of(name)] = Binding([], kind, is_changed=True)
            case "type_spec":
                _struct(node, scope.file.package)

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


def _import(node: "Node", file: File) -> None:
    path = text_of(node.child_by_field_name("path")).strip('"`')
    last = path.rstrip("/").split("/")
    usual = last[-2] if len(last) > 1 and _VERSION.match(last[-1]) else last[-1]
    name = text_of(node.child_by_field_name("name")) or usual
    if name not in {"_", "."}:
        file.imports[name] = path


def _function(node: "Node", package: Package) -> None:
    name = text_of(node.child_by_field_name("name"))
    if node.type == "function_declaration":
        package.functions.setdefault(name, node)
        return
    receiver = text_of(node.child_by_field_name("receiver")).strip("()").split()
    if receiver:
        package.methods.setdefault((receiver[-1].lstrip("*"), name), node)


def _struct(node: "Node", package: Package) -> None:
    of = node.child_by_field_name("type")
    if of is None or of.type != "struct_type":
        return
    name = text_of(node.child_by_field_name("name"))
    fields = package.fields.setdefault(name, {})
    for one in of.named_children[0].named_children if of.named_children else ():
        kind = one.child_by_field_name("type")
        names = one.children_by_field_name("name")
        if kind is None:
            continue
        if not names:
            package.embedded.setdefault(name, []).append(kind)
            fields[text_of(kind).lstrip("*").rpartition(".")[2]] = kind
        for each in names:
            fields[text_of(each)] = kind


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
