"""What expressions of JavaScript and TypeScript are of an AWS SDK.

In: a node and the names of the files. Out: `thing`: what a package exports, a client, something of
a file that is not there; None where it is neither for certain.
"""

from typing import TYPE_CHECKING, Final

from leakscan.record import Record
from leakscan.usage.javascript.imports import Imports
from leakscan.usage.javascript.scopes import Binding, Scopes
from leakscan.usage.javascript.values import DEPTH, WRAPPERS, Values, arguments_of
from leakscan.usage.services import service_of_js_class, service_of_js_package
from leakscan.usage.syntax import known, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

FUNCTIONS: Final = frozenset(
    {"function_declaration", "arrow_function", "function_expression", "method_definition"}
)
_TRACERS: Final = frozenset(
    {"captureAWS", "captureAWSClient", "captureAWSv3Client", "captureAWSV3Client"}
)
"""Functions of X-Ray that return the client, or the SDK, that they are given."""
_MAX_VALUES: Final = 8
"""Values of one name that are looked at."""
SDK2: Final = "aws-sdk"


class Exported(Record, frozen=True):
    """Something that a package exports, by its dotted name; `*` is the package itself."""

    package: str
    name: str


class Client(Record, frozen=True):
    """A client of a service. `form` is sdk2, sdk3, or document: the simpler one of DynamoDB."""

    service: str
    form: str
    region: str = ""
    bound: "Node | None" = None
    """Parameters that go with every call of it."""
    endpoint: str = ""
    """The address that it talks to, where that is known and none of AWS."""


class Foreign(Record, frozen=True):
    """Something of another file that is not found, by the name that it has there."""

    name: str


class Whole(Record, frozen=True):
    """All that a file of the repository exports, by its path."""

    path: str


Thing = Exported | Client | Foreign | Whole


class Things(Values):
    """Things of an SDK in some files."""

    def __init__(self, scopes: Scopes, imports: Imports) -> None:
        super().__init__(scopes, imports)
        self._asked: set[int] = set()
        """Bindings that are being looked at; one that leads to itself says nothing more."""

    def thing(self, node: "Node | None", depth: int = 0) -> Thing | None:
        """Return what of an SDK an expression is, or None."""
        if node is None or depth > DEPTH:
            return None
        match node.type:
            case "identifier" | "shorthand_property_identifier":
                return self._of_binding(self.scopes.find(node), depth)
            case "member_expression":
                return self._of_member(node, depth)
            case "new_expression":
                return self._made(node, depth)
            case "call_expression":
                return self._returned(node, depth)
            case "binary_expression" | "ternary_expression" | "assignment_expression":
                fields = ("right", "left", "consequence", "alternative")
                sides = (self.thing(node.child_by_field_name(f), depth + 1) for f in fields)
                return next((side for side in sides if side is not None), None)
            case "method_definition" if any(child.type == "get" for child in node.children):
                return self._result(node, depth + 1)
            case kind if kind in WRAPPERS and node.named_children:
                return self.thing(node.named_children[0], depth + 1)
        return None

    def _of_binding(self, binding: Binding | None, depth: int) -> Thing | None:
        if binding is None:
            return None
        if binding.module:
            return self._of_module(binding.module, depth)
        if binding.package:
            return _imported(binding.package, binding.name)
        if id(binding) in self._asked:
            return None
        self._asked.add(id(binding))
        try:
            for value in binding.values[:_MAX_VALUES]:
                found = self._value_member(value, binding.members, depth)
                if found is not None:
                    return found
        finally:
            self._asked.discard(id(binding))
        return self._of_type(binding.type, depth)

    def _of_module(self, path: str, depth: int) -> Thing | None:
        whole = self.imports.whole(path)
        return Whole(path) if whole is None else self.thing(whole, depth + 1)

    def _thing_member(self, thing: Thing, name: str, depth: int) -> Thing | None:
        if isinstance(thing, Whole):
            return self._of_binding(self.imports.named(thing.path, name), depth + 1)
        return _member(thing, name)

    def _value_member(self, value: "Node", members: tuple[str, ...], depth: int) -> Thing | None:
        found = self.thing(value, depth + 1)
        for name in members:
            if found is not None:
                found = self._thing_member(found, name, depth)
            elif (field := self.field(self.class_of(self.origin(value)), name)) is not None:
                found = self._of_binding(field, depth + 1)
            elif (inner := self.member(value, name)) is not None:
                value, found = inner, self.thing(inner, depth + 1)
        return found

    def _of_type(self, annotation: "Node | None", depth: int) -> Thing | None:
        """Return the client that a parameter or field is, by its type."""
        for part in annotation.named_children if annotation is not None else ():
            named = part.named_children if part.type in {"union_type", "readonly_type"} else [part]
            for one in named:
                first = one if one.type != "nested_type_identifier" else one.named_children[0]
                binding = self.scopes.find(first)
                found = self._of_binding(binding, depth + 1)
                for name in text_of(one).split(".")[1:] if found is not None else ():
                    found = _member(found, name) if found is not None else None
                if isinstance(found, Exported) and (client := _client_class(found)) is not None:
                    return client
        return None

    def _of_member(self, node: "Node", depth: int) -> Thing | None:
        of = node.child_by_field_name("object")
        name = text_of(node.child_by_field_name("property"))
        if of is not None and of.type == "this":
            return self._of_binding(self.field(self.scopes.class_around(of), name), depth)
        found = self.thing(of, depth + 1)
        if found is not None:
            return self._thing_member(found, name, depth)
        body = self.class_of(of) or self.class_of(self.origin(of))
        if body is not None:
            return self._of_binding(self.field(body, name), depth + 1)
        inner = self.member(of, name, depth)
        return self.thing(inner, depth + 1) if inner is not None else None

    def _made(self, node: "Node", depth: int) -> Thing | None:
        made = self.thing(node.child_by_field_name("constructor"), depth + 1)
        client = _client_class(made) if isinstance(made, Exported) else None
        return self._configured(client, arguments_of(node)) if client is not None else None

    def _like(self, client: Client, below: Client) -> Client:
        """Return a client that speaks through another one."""
        return Client(client.service, client.form, below.region, client.bound, below.endpoint)

    def _configured(self, client: Client, handed: "list[Node]") -> Client:
        """Return a client with what its options say."""
        options = handed[0] if handed else None
        region = known(self.text(self.member(options, "region"))) or ""
        endpoint = known(self.text(self.member(options, "endpoint"))) or ""
        ours = "amazonaws.com" in endpoint or not endpoint
        bound = self.member(options, "params")
        return Client(client.service, client.form, region, bound, "" if ours else endpoint)

    def _returned(self, node: "Node", depth: int) -> Thing | None:
        """Return what a call gives: of require, of `.from(client)`, of a function that is seen."""
        function, handed = node.child_by_field_name("function"), arguments_of(node)
        name = text_of(function)
        if path := self.module(node):
            return self._of_module(path, depth)
        if name in {"require", "import"} and handed:
            package = known(self.text(handed[0], depth + 1))
            return _imported(package, "*") if package else None
        last = name.rpartition(".")[2]
        if last in _TRACERS and handed:
            return self.thing(handed[0], depth + 1)
        if function is not None and function.type == "member_expression":
            of = self.thing(function.child_by_field_name("object"), depth + 1)
            if last == "from" and isinstance(of, Exported) and (made := _client_class(of)):
                below = self.thing(handed[0], depth + 1) if handed else None
                return self._like(made, below) if isinstance(below, Client) else made
            if last in {"promise", "bind"} and isinstance(of, Exported):
                return _client_class(of)
        return self._result(self.origin(function), depth)

    def _result(self, function: "Node | None", depth: int) -> Thing | None:
        """Return what the first return of a function gives."""
        if function is None or function.type not in FUNCTIONS:
            return None
        body = function.child_by_field_name("body")
        if body is None or body.type != "statement_block":
            return self.thing(body, depth + 1)
        for statement in body.named_children:
            if statement.type == "return_statement" and statement.named_children:
                return self.thing(statement.named_children[0], depth + 1)
        return None


def _imported(package: str, name: str) -> Thing | None:
    """Return what an import gives; a package itself where all of it is imported."""
    if package.startswith((".", "/", "@/", "~/")):
        return Foreign(name)
    if package == SDK2 or package.startswith(f"{SDK2}/"):
        _, _, below = package.partition("/clients/")
        inside = "" if below in {"", "all"} else below.removesuffix(".js")
        names = [part for part in (inside, name) if part not in {"", "*", "default"}]
        return Exported(SDK2, ".".join(names) or "*")
    if package.startswith(("@aws-sdk/", "@aws-lambda-powertools/")):
        return Exported("/".join(package.split("/")[:2]), "*" if name == "default" else name)
    return None


def _member(thing: Thing, name: str) -> Thing | None:
    if isinstance(thing, Exported):
        if thing.name == "*" and name == "default":
            return thing
        return Exported(thing.package, name if thing.name == "*" else f"{thing.name}.{name}")
    return Foreign(name) if isinstance(thing, Foreign) else None


def _client_class(thing: Exported) -> Client | None:
    """Return a client of what a class of a package is for, or None."""
    last = thing.name.rpartition(".")[2]
    if thing.package == "@aws-sdk/lib-dynamodb":
        form = "document" if last in {"DynamoDBDocument", "DynamoDBDocumentClient"} else ""
        return Client("dynamodb", form) if form else None
    if last == "DocumentClient":
        return Client("dynamodb", "document")
    if thing.package == SDK2:
        service = service_of_js_class(thing.name) if thing.name != "*" else None
        return Client(service, "sdk2") if service else None
    service = service_of_js_package(thing.package)
    if service is None or last.endswith(("Command", "Exception", "Input", "Output")):
        return None
    own = last.endswith("Client") or service_of_js_class(last) == service
    return Client(service, "sdk3") if own else None
