"""What expressions of Go are: texts with holes, and types of an AWS SDK.

In: a node and the names of the files. Out: `text`, `given` (what a struct is given, by the paths
of its members) and `kind` (a type of a package of the SDK). What is not known is a Hole or None.
"""

import re
from typing import TYPE_CHECKING, Final

from leakscan.permissions import Hole, Text
from leakscan.record import Record
from leakscan.usage.given import Given
from leakscan.usage.golang.modules import Modules
from leakscan.usage.golang.scopes import Binding, Package, Scopes, arguments_of
from leakscan.usage.services import service_of_go_package
from leakscan.usage.syntax import ANY, hole, joined, known, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_DEPTH: Final = 12
_MAX_GIVEN: Final = 512
_SAME: Final = frozenset(
    {"String", "StringPtr", "StringValue", "ToString", "Ptr", "ToPtr", "string", "StringSlice"}
    | {"ToStringSlice", "To", "Pointer"}
)
"""Functions that give the text, or a pointer to it, that they are given."""
_VERB: Final = re.compile(r"%[-+# 0]*[0-9.]*([a-zA-Z%])")
_ESCAPE: Final = re.compile(r"\\(.)")
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r"}
_VAGUE: Final = frozenset({"name", "arn", "id", "value", "key", "url", "bucket", "table"})
_SERVICE: Final = re.compile(
    r"github\.com/aws/aws-sdk-go(?:-v2)?/service/(?P<name>[a-z0-9]+)"
    r"(?:/(?:[a-z0-9]+iface|types))?\Z"
)
_MANAGERS: Final = re.compile(
    r"github\.com/aws/aws-sdk-go(?:-v2/feature/s3/(?:transfer)?manager|/service/s3/s3manager"
    r"(?:/s3manageriface)?)\Z"
)


class Kind(Record, frozen=True):
    """A type of a package of the SDK: `PutObjectInput`, `Client`; of a manager of transfers."""

    service: str
    name: str
    is_manager: bool = False


class Values:
    """Expressions of some files."""

    def __init__(self, scopes: Scopes, modules: Modules) -> None:
        self.scopes = scopes
        self.modules = modules

    # Packages

    def service(self, name: "Node | None") -> tuple[str, bool] | None:
        """Return the service of a package of the SDK, and whether it is a manager's, or None."""
        path = self.scopes.import_of(name)
        if _MANAGERS.match(path):
            return "s3", True
        found = _SERVICE.match(path)
        service = service_of_go_package(found["name"]) if found else None
        return (service, False) if service is not None else None

    def package(self, name: "Node | None") -> Package | None:
        """Return the package of the repository that a name stands for, or None."""
        if name is None or name.type not in {"identifier", "package_identifier"}:
            return None
        if name.type == "identifier" and self.scopes.find(name) is not None:
            return None
        path = self.scopes.import_of(name)
        folder = self.modules.folder_of(path) if path else None
        return self.scopes.packages.get(folder) if folder is not None else None

    def _of_package(self, node: "Node") -> Binding | None:
        """Return what `package.Name` is bound to in another package of the repository."""
        package = self.package(node.child_by_field_name("operand"))
        if package is None:
            return None
        return package.names.get(text_of(node.child_by_field_name("field")))

    # Types

    def kind_of_type(self, node: "Node | None") -> Kind | None:
        """Return the type of the SDK that a type, or a pointer to one, is, or embeds."""
        for _ in range(_DEPTH):
            node = _bare(node)
            if node is None:
                return None
            if node.type == "qualified_type":
                service = self.service(node.child_by_field_name("package"))
                if service is not None:
                    name = text_of(node.child_by_field_name("name"))
                    return Kind(service[0], name, service[1])
            package, name = self._declared(node)
            inside = package.embedded.get(name, []) if package is not None else []
            node = inside[0] if len(inside) == 1 else None
        return None

    def _declared(self, node: "Node") -> tuple[Package | None, str]:
        """Return the package of the repository that declares a type, and the type's name."""
        if node.type == "qualified_type":
            package = self.package(node.child_by_field_name("package"))
            return package, text_of(node.child_by_field_name("name"))
        file = self.scopes.file_of(node)
        return (file.package if file is not None else None), text_of(node)

    def kind(self, node: "Node | None", depth: int = 0, result: int = 0) -> Kind | None:
        """Return the type of the SDK that an expression has, or None."""
        if node is None or depth > _DEPTH:
            return None
        match node.type:
            case "unary_expression":
                return self.kind(node.child_by_field_name("operand"), depth + 1)
            case "parenthesized_expression" if node.named_children:
                return self.kind(node.named_children[0], depth + 1)
            case "identifier":
                return self._kind_of_binding(self.scopes.find(node), depth)
            case "selector_expression" if (found := self._of_package(node)) is not None:
                return self._kind_of_binding(found, depth)
            case "call_expression":
                made = self._constructed(node, depth)
                return made or self.kind_of_type(self.type_of(node, depth, result))
        return self.kind_of_type(self.type_of(node, depth, result))

    def _kind_of_binding(self, binding: Binding | None, depth: int) -> Kind | None:
        if binding is None:
            return None
        found = self.kind_of_type(binding.type)
        # A name mostly keeps its type: the first value says it.
        for value, result in binding.values[:1] if found is None else ():
            found = self.kind(value, depth + 1, result)
        return found

    def made(self, node: "Node") -> Kind | None:
        """Return the client that a call itself makes, or None."""
        function = node.child_by_field_name("function")
        if function is None or not text_of(function).endswith((".New", ".NewFromConfig")):
            return None
        found = self._constructed(node, _DEPTH)
        return found if found is not None and found.name == "Client" else None

    def _constructed(self, node: "Node", depth: int) -> Kind | None:
        """Return the type of what `New...` of a package of the SDK makes."""
        function = node.child_by_field_name("function")
        if function is None or function.type != "selector_expression":
            return None
        service = self.service(function.child_by_field_name("operand"))
        name = text_of(function.child_by_field_name("field"))
        if service is not None and name.startswith("New"):
            made = "Client" if name in {"New", "NewFromConfig"} else name[3:]
            return Kind(service[0], made, service[1])
        if function.named_children[0].type == "call_expression":
            return self.kind(function.named_children[0], depth + 1)
        return None

    def type_of(self, node: "Node | None", depth: int = 0, result: int = 0) -> "Node | None":
        """Return the type that an expression has, as it is written somewhere, or None."""
        if node is None or depth > _DEPTH:
            return None
        match node.type:
            case "unary_expression":
                return self.type_of(node.child_by_field_name("operand"), depth + 1)
            case "parenthesized_expression" if node.named_children:
                return self.type_of(node.named_children[0], depth + 1)
            case "composite_literal" | "type_assertion_expression":
                return node.child_by_field_name("type")
            case "identifier":
                return self._type_of_binding(self.scopes.find(node), depth)
            case "selector_expression":
                found = self._of_package(node)
                return self._type_of_binding(found, depth) if found else self._field(node, depth)
            case "call_expression":
                return self._result(node, depth, result)
        return None

    def _type_of_binding(self, binding: Binding | None, depth: int) -> "Node | None":
        if binding is None:
            return None
        if binding.type is not None or not binding.values:
            return binding.type
        value, result = binding.values[0]
        return self.type_of(value, depth + 1, result)

    def _field(self, node: "Node", depth: int) -> "Node | None":
        """Return the type of the member of a struct of the repository."""
        of = _bare(self.type_of(node.child_by_field_name("operand"), depth + 1))
        package, name = self._declared(of) if of is not None else (None, "")
        if package is None:
            return None
        return package.fields.get(name, {}).get(text_of(node.child_by_field_name("field")))

    def _result(self, node: "Node", depth: int, result: int) -> "Node | None":
        """Return the type of a result of a call: of new(T), of a function of the repository."""
        function, handed = node.child_by_field_name("function"), arguments_of(node)
        if function is None:
            return None
        if text_of(function) == "new" and handed:
            return handed[0]
        declared = self._function(function, depth)
        results = declared.child_by_field_name("result") if declared is not None else None
        if results is None or results.type != "parameter_list":
            return results
        types = [one.child_by_field_name("type") for one in results.named_children]
        return types[result] if result < len(types) else None

    def _function(self, function: "Node", depth: int) -> "Node | None":
        """Return the declaration of a function or method of the repository, or None."""
        if function.type == "identifier":
            file = self.scopes.file_of(function)
            return file.package.functions.get(text_of(function)) if file is not None else None
        if function.type != "selector_expression":
            return None
        operand = function.child_by_field_name("operand")
        name = text_of(function.child_by_field_name("field"))
        if (other := self.package(operand)) is not None:
            return other.functions.get(name)
        of = _bare(self.type_of(operand, depth + 1))
        package, type_name = self._declared(of) if of is not None else (None, "")
        return package.methods.get((type_name, name)) if package is not None else None

    def literal(self, node: "Node | None", depth: int = 0) -> "Node | None":
        """Return the literal of a struct that an expression is, following names, or None."""
        while node is not None and depth < _DEPTH:
            depth += 1
            if node.type == "composite_literal":
                return node
            if node.type == "unary_expression":
                node = node.child_by_field_name("operand")
            elif node.type == "parenthesized_expression" and node.named_children:
                node = node.named_children[0]
            elif node.type == "identifier":
                found = self.scopes.find(node)
                node = found.values[0][0] if found is not None and found.values else None
            else:
                return None
        return None

    # Texts

    def text(self, node: "Node | None", depth: int = 0) -> Text:
        """Return the text that an expression is."""
        if node is None or depth > _DEPTH:
            return (ANY,)
        match node.type:
            case "interpreted_string_literal" | "rune_literal":
                return joined((_ESCAPE.sub(_unescaped, text_of(node)[1:-1]),))
            case "raw_string_literal" | "int_literal":
                return joined((text_of(node).strip("`"),))
            case "unary_expression" | "parenthesized_expression" | "type_conversion_expression":
                return self.text(node.named_children[-1], depth + 1)
            case "binary_expression" if text_of(node.child_by_field_name("operator")) == "+":
                left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
                return joined(self.text(left, depth + 1), self.text(right, depth + 1))
            case "identifier":
                return self._named(node, depth)
            case "selector_expression":
                found = self._constant(self._of_package(node), depth)
                return found if found is not None else (_name_of(text_of(node)),)
            case "call_expression":
                return self._called(node, depth)
        return (ANY,)

    def _named(self, node: "Node", depth: int) -> Text:
        found = self._constant(self.scopes.find(node), depth)
        return found if found is not None else (hole(text_of(node)),)

    def _constant(self, binding: Binding | None, depth: int) -> Text | None:
        """Return the text of a name that is bound once, or None."""
        if binding is None or len(binding.values) != 1 or binding.is_changed:
            return None
        found = self.text(binding.values[0][0], depth + 1)
        return found if found != (ANY,) else None

    def _called(self, node: "Node", depth: int) -> Text:
        function, handed = text_of(node.child_by_field_name("function")), arguments_of(node)
        if not handed:
            last = function.rpartition(".")[2].removeprefix("Get")
            return (_name_of(last),) if "." in function and len(last) > 1 else (ANY,)
        if function in {"os.Getenv", "os.LookupEnv", "viper.GetString"}:
            return (hole(known(self.text(handed[0], depth + 1)) or ""),)
        if function == "fmt.Sprintf":
            return self._formatted(handed, depth)
        if function in {"path.Join", "filepath.Join"}:
            pieces = [self.text(one, depth + 1) for one in handed]
            return joined(pieces[0], *(text for one in pieces[1:] for text in (("/",), one)))
        if function.rpartition(".")[2] in _SAME and len(handed) == 1:
            return self.text(handed[0], depth + 1)
        return (ANY,)

    def _formatted(self, handed: "list[Node]", depth: int) -> Text:
        """Return the text of fmt.Sprintf; numbers are no more than holes."""
        form = known(self.text(handed[0], depth + 1))
        if form is None:
            return (ANY,)
        values, end = iter(handed[1:]), 0
        parts: list[Text] = []
        for verb in _VERB.finditer(form):
            parts.append((form[end : verb.start()],))
            end = verb.end()
            if verb[1] == "%":
                parts.append(("%",))
            elif (value := next(values, None)) is not None:
                parts.append(self.text(value, depth + 1))
            else:
                parts.append((ANY,))
        return joined(*parts, (form[end:],))

    # What structs are given

    def given(self, node: "Node | None") -> Given:
        """Return the texts of a struct, or of a name that is one, by the paths of its members."""
        found: Given = []
        waiting: list[tuple[Node | None, tuple[Text, ...], bool, int]] = [(node, (), False, 0)]
        while waiting and len(found) < _MAX_GIVEN:
            node, path, is_map, depth = waiting.pop()
            if node is not None and node.type == "unary_expression":
                node = node.child_by_field_name("operand")
            if node is None or depth > _DEPTH:
                continue
            if node.type == "identifier" and not path:
                found += self._later(node)
            inner = self._inner(node)
            if inner is None:
                found += [(path, self.text(node))] if path else []
                continue
            body, said = inner
            is_map = is_map if said is None else said
            for name, value in self._elements(body, is_map=is_map):
                waiting.append((value, (*path, *name), False, depth + 1))
        return found

    def _inner(self, node: "Node") -> "tuple[Node, bool | None] | None":
        """Return the body of a literal and whether it is one of a map; None of no literal."""
        if node.type == "literal_value":
            return node, None
        if node.type == "call_expression" and len(handed := arguments_of(node)) == 1:
            name = text_of(node.child_by_field_name("function")).rpartition(".")[2]
            node = handed[0] if name in _SAME else node
        literal = self.literal(node)
        body = literal.child_by_field_name("body") if literal is not None else None
        if literal is None or body is None:
            return None
        kind = literal.child_by_field_name("type")
        return body, kind is not None and kind.type == "map_type"

    def _elements(self, body: "Node", *, is_map: bool) -> "list[tuple[tuple[Text, ...], Node]]":
        """Return what a literal holds, with the names of what has one; the last first."""
        found: list[tuple[tuple[Text, ...], Node]] = []
        for child in reversed(body.named_children):
            if child.type == "keyed_element" and len(child.named_children) > 1:
                key, value = (_inside(one) for one in child.named_children[:2])
                is_name = key.type == "identifier" and not is_map
                name: Text = (text_of(key),) if is_name else self.text(key)
                found.append(((name,), value))
            elif child.type != "comment":
                found.append(((), _inside(child)))
        return found

    def _later(self, node: "Node") -> Given:
        """Return what was assigned to members of a name after it was made."""
        binding = self.scopes.find(node)
        found: Given = []
        for name, values in (binding.later if binding is not None else {}).items():
            for value in values:
                found += [(((name,), *path), text) for path, text in self.given(value)] or [
                    (((name,),), self.text(value))
                ]
        return found


def _bare(node: "Node | None") -> "Node | None":
    """Return a type without the pointers to it."""
    for _ in range(_DEPTH):
        if node is None or node.type not in {"pointer_type", "parenthesized_type"}:
            return node
        node = node.named_children[0] if node.named_children else None
    return None


def _inside(node: "Node") -> "Node":
    return node.named_children[0] if node.type == "literal_element" else node


def _unescaped(found: re.Match[str]) -> str:
    return _ESCAPES.get(found[1], found[1])


def _name_of(path: str) -> Hole:
    """Return the Hole of the last name of a path, or of two where one says little."""
    names = path.split(".")
    vague = len(names) > 2 and names[-1].lower() in _VAGUE
    return hole("_".join(names[-2:] if vague else names[-1:]))
