"""What expressions of JavaScript and TypeScript are, as texts with holes.

In: a node and the names of the files. Out: `texts`, and `given`: an object's texts by their paths.
What is not known is a Hole.
"""

import re
from typing import TYPE_CHECKING, Final

from leakscan.permissions import Hole, Text
from leakscan.usage.given import Given
from leakscan.usage.javascript.imports import Imports
from leakscan.usage.javascript.scopes import CLASSES, Binding, Scope, Scopes
from leakscan.usage.syntax import ANY, bounded, hole, joined, known, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

DEPTH: Final = 12
"""Names, calls and members that are followed one into the other."""
_MAX_TEXTS: Final = 16
_MAX_GIVEN: Final = 512
WRAPPERS: Final = frozenset(
    {
        "await_expression",
        "parenthesized_expression",
        "non_null_expression",
        "as_expression",
        "satisfies_expression",
        "type_assertion",
    }
)
_VAGUE: Final = frozenset({"name", "arn", "id", "value", "key", "url", "ref", "bucket", "table"})
_SAME: Final = frozenset({"toString", "trim", "String", "toLowerCase", "Object.freeze"})
_ENVIRONMENT: Final = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\Z")
"""What a function is given that looks up a variable: `env("UPLOAD_BUCKET")`."""
_GETTER: Final = re.compile(r"get([A-Z]\w*)\Z")
_ESCAPES: Final = {"\\n": "\n", "\\t": "\t", "\\r": "\r", "\\\n": ""}


class Values:
    """Expressions of some files that import each other."""

    def __init__(self, scopes: Scopes, imports: Imports) -> None:
        self.scopes = scopes
        self.imports = imports
        self._classes_asked: set[int] = set()
        """Expressions whose class is being looked for; one that leads to itself has none."""

    # Nodes

    def origin(self, node: "Node | None", depth: int = 0) -> "Node | None":
        """Return the expression that a node stands for, following names that are bound once."""
        while node is not None and depth < DEPTH:
            depth += 1
            if node.type in WRAPPERS and node.named_children:
                node = node.named_children[0]
                continue
            if path := self.module(node):
                whole = self.imports.whole(path)
                if whole is None or whole.id == node.id:
                    return node
                node = whole
                continue
            binding = self._bound(node)
            if binding is None:
                return self._member_of(node, depth) or node
            found = self._value(binding, depth)
            if found is None or found.id == node.id:
                return node
            node = found
        return node

    def module(self, node: "Node") -> str:
        """Return the file of the repository that all of an expression is, or nothing."""
        if node.type == "identifier":
            binding = self.scopes.find(node)
            return binding.module if binding is not None else ""
        if node.type != "call_expression":
            return ""
        function = node.child_by_field_name("function")
        handed = arguments_of(node)
        if function is None or text_of(function) not in {"require", "import"} or not handed:
            return ""
        if handed[0].type != "string":
            return ""
        return self.imports.path(_unquoted(handed[0]), self.scopes.file_of(function))

    def _value(self, binding: Binding, depth: int) -> "Node | None":
        """Return the one expression that a name is bound to, or None."""
        if len(binding.values) != 1 or binding.outside:
            return None
        found: Node | None = binding.values[0]
        for name in binding.members:
            found = self._get(self.origin(found, depth), name, depth)
        return found

    def _bound(self, node: "Node") -> Binding | None:
        """Return what an identifier or `this.name` is bound to."""
        if node.type in {"identifier", "shorthand_property_identifier"}:
            return self.scopes.find(node)
        if node.type == "member_expression":
            of = node.child_by_field_name("object")
            if of is not None and of.type == "this":
                name = text_of(node.child_by_field_name("property"))
                return self.field(self.scopes.class_around(of), name)
        return None

    def _member_of(self, node: "Node", depth: int) -> "Node | None":
        """Return the value of `object.name` where the object is written out, or its class is."""
        if node.type != "member_expression":
            return None
        of = self.origin(node.child_by_field_name("object"), depth)
        return self._get(of, text_of(node.child_by_field_name("property")), depth)

    def _get(self, node: "Node | None", name: str, depth: int) -> "Node | None":
        """Return the value of a member of an object, a file or a class, or None."""
        if node is None or depth > DEPTH:
            return None
        if node.type == "object":
            return self._pair(node, name)
        path = self.module(node)
        found = self.imports.named(path, name) if path else self.field(self.class_of(node), name)
        return self._value(found, depth + 1) if found is not None else None

    def _pair(self, node: "Node", name: str) -> "Node | None":
        for child in node.named_children:
            if child.type == "pair" and _key(child.child_by_field_name("key")) == name:
                return child.child_by_field_name("value")
            if child.type == "shorthand_property_identifier" and text_of(child) == name:
                return child
            if child.type == "method_definition" and name == text_of(
                child.child_by_field_name("name")
            ):
                return child
        return None

    def member(self, node: "Node | None", name: str, depth: int = 0) -> "Node | None":
        """Return the value of a member of an object, or None."""
        return self._get(self.origin(node, depth), name, depth)

    # Classes

    def class_of(self, node: "Node | None") -> Scope | None:
        """Return the body of the repository's class that an expression is an object of, or is."""
        if node is None or node.id in self._classes_asked or len(self._classes_asked) > DEPTH:
            return None
        self._classes_asked.add(node.id)
        try:
            return self._class_of(node)
        finally:
            self._classes_asked.discard(node.id)

    def _class_of(self, node: "Node") -> Scope | None:
        if node.type == "this":
            return self.scopes.class_around(node)
        if node.type == "new_expression":
            made = self.origin(node.child_by_field_name("constructor"))
            return self.scopes.class_body(made) if made is not None else None
        if node.type in CLASSES:
            return self.scopes.class_body(node)
        binding = self._bound(node)
        for part in binding.type.named_children if binding is not None and binding.type else ():
            if part.type == "type_identifier" and (named := self.scopes.find(part)) is not None:
                for value in named.values[:1]:
                    return self.scopes.class_body(value)
        return None

    def field(self, body: Scope | None, name: str) -> Binding | None:
        """Return a field or method of a class, or of one that it extends."""
        for _ in range(DEPTH):
            if body is None or body.fields is None:
                return None
            if name in body.fields:
                return body.fields[name]
            base = body.base
            if base is None or base.id in self._classes_asked:
                return None
            self._classes_asked.add(base.id)
            try:
                made = self.origin(base)
            finally:
                self._classes_asked.discard(base.id)
            body = self.scopes.class_body(made) if made is not None else None
        return None

    # Texts

    def texts(self, node: "Node | None", depth: int = 0) -> tuple[Text, ...]:
        """Return the texts that an expression can be, at least one."""
        if node is None or depth > DEPTH:
            return ((ANY,),)
        match node.type:
            case "ternary_expression":
                either = (
                    *self.texts(node.child_by_field_name("consequence"), depth + 1),
                    *self.texts(node.child_by_field_name("alternative"), depth + 1),
                )
                return bounded(tuple(dict.fromkeys(either)), _MAX_TEXTS)
            case kind if kind in WRAPPERS and node.named_children:
                return self.texts(node.named_children[0], depth + 1)
            case "identifier" | "member_expression" | "shorthand_property_identifier":
                of = self.origin(node, depth)
                if of is not None and of.id != node.id:
                    name = (self._hole(node),)
                    found = self.texts(of, depth + 1)
                    return tuple(name if text == (ANY,) else text for text in found)
        return (self.text(node, depth),)

    def text(self, node: "Node | None", depth: int = 0) -> Text:
        """Return the one text that an expression is."""
        if node is None or depth > DEPTH:
            return (ANY,)
        match node.type:
            case "string":
                return joined((_unquoted(node),))
            case "number" | "true" | "false":
                return (text_of(node),)
            case "template_string":
                return joined(*(self._piece(part, depth) for part in node.named_children))
            case "binary_expression":
                return self._binary(node, depth)
            case "call_expression":
                return self._called(node, depth)
            case "subscript_expression":
                return (self._indexed(node, depth),)
            case "identifier" | "member_expression" | "shorthand_property_identifier":
                return self._named(node, depth)
            case kind if kind in WRAPPERS and node.named_children:
                return self.text(node.named_children[0], depth + 1)
        return (ANY,)

    def _named(self, node: "Node", depth: int) -> Text:
        of = self.origin(node, depth)
        found = self.text(of, depth + 1) if of is not None and of.id != node.id else (ANY,)
        return found if found != (ANY,) else (self._hole(node),)

    def _indexed(self, node: "Node", depth: int) -> Hole:
        of = text_of(node.child_by_field_name("object"))
        name = known(self.text(node.child_by_field_name("index"), depth + 1)) or ""
        return hole(name if name[:1].isalpha() else of.rpartition(".")[2])

    def _hole(self, node: "Node") -> Hole:
        """Return the Hole of a name; what is taken of `process.env` has the name it has there."""
        binding = self._bound(node)
        if binding is not None and binding.members and len(binding.values) == 1:
            return hole(binding.members[-1])
        return _name_of(node)

    def _piece(self, part: "Node", depth: int) -> Text:
        if part.type == "template_substitution":
            inside = part.named_children
            return self.text(inside[0], depth + 1) if inside else ()
        return (_unescaped(text_of(part)),)

    def _binary(self, node: "Node", depth: int) -> Text:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        match text_of(node.child_by_field_name("operator")):
            case "+":
                return joined(self.text(left, depth + 1), self.text(right, depth + 1))
            case "||" | "??":
                return self.text(left, depth + 1)
        return (ANY,)

    def _called(self, node: "Node", depth: int) -> Text:
        """Return the text of a call that changes nothing of what it is given, or of path.join."""
        function, handed = node.child_by_field_name("function"), arguments_of(node)
        name = text_of(function)
        if name in _SAME and handed:
            return self.text(handed[0], depth + 1)
        if name in {"path.join", "path.posix.join", "join"} and handed:
            pieces = [self.text(one, depth + 1) for one in handed]
            rest = (text for piece in pieces[1:] for text in (("/",), piece))
            return joined(pieces[0], *rest)
        said = known(self.text(handed[0], depth + 1)) if len(handed) in {1, 2} else None
        if said is not None and _ENVIRONMENT.match(said):
            return (hole(said),)
        if function is not None and function.type == "member_expression":
            last = text_of(function.child_by_field_name("property"))
            if last in _SAME:
                return self.text(function.child_by_field_name("object"), depth + 1)
        getter = _GETTER.match(name.rpartition(".")[2]) if not handed else None
        return (hole(getter[1]) if getter else ANY,)

    def given(self, node: "Node | None") -> Given:
        """Return the texts of an object that is written out, by the names that lead to each."""
        found: Given = []
        waiting: list[tuple[Node | None, tuple[Text, ...], int]] = [(node, (), 0)]
        while waiting and len(found) < _MAX_GIVEN:
            node, path, depth = waiting.pop()
            of = self.origin(node)
            if depth > DEPTH or of is None or node is None:
                continue
            if of.type in {"object", "array"} and not of.named_children and path:
                found.append((path, (ANY,)))
            elif of.type == "object":
                waiting += [(value, (*path, *name), depth + 1) for name, value in self._pairs(of)]
            elif of.type == "array":
                waiting += [(child, path, depth + 1) for child in reversed(of.named_children)]
            elif path:
                found += [(path, text) for text in self.texts(node)]
            found += self._later(node, path)
        return found

    def _pairs(self, node: "Node") -> "list[tuple[tuple[Text, ...], Node | None]]":
        """Return the members of an object, the last first; one that is spread has no name."""
        pairs: list[tuple[tuple[Text, ...], Node | None]] = []
        for child in reversed(node.named_children):
            if child.type == "pair":
                key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
                computed = key is not None and key.type == "computed_property_name"
                name: Text = (_key(key),)
                if computed and key is not None and key.named_children:
                    name = self.text(key.named_children[0])
                pairs.append(((name,), value))
            elif child.type == "shorthand_property_identifier":
                pairs.append((((text_of(child),),), child))
            elif child.type == "spread_element" and child.named_children:
                pairs.append(((), child.named_children[0]))
        return pairs

    def _later(self, node: "Node", path: tuple[Text, ...]) -> Given:
        """Return what was assigned to members of a name after it was made."""
        binding = self.scopes.find(node) if node.type == "identifier" else None
        if binding is None or path:
            return []
        return [
            ((*path, (name,)), text)
            for name, values in binding.later.items()
            for value in values
            for text in self.texts(value)
        ]


def arguments_of(node: "Node") -> "list[Node]":
    """Return the arguments of a call or a `new`."""
    arguments = node.child_by_field_name("arguments")
    if arguments is None:
        return []
    return [child for child in arguments.named_children if child.type != "comment"]


def _key(node: "Node | None") -> str:
    return _unquoted(node) if node is not None and node.type == "string" else text_of(node)


def _unquoted(node: "Node") -> str:
    return "".join(_unescaped(text_of(part)) for part in node.named_children)


def _unescaped(text: str) -> str:
    return _ESCAPES.get(text, text[1:] if len(text) == 2 and text[0] == "\\" else text)


def _name_of(node: "Node") -> Hole:
    """Return the Hole of a name, or of the last names of a path that says more than `.name`."""
    names = text_of(node).replace("?.", ".").replace("!", "").split(".")
    vague = len(names) > 2 and names[-1].lower() in _VAGUE and names[-2] != "env"
    return hole("_".join(names[-2:] if vague else names[-1:]))
