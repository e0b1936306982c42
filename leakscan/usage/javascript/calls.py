"""Calls of AWS in JavaScript and TypeScript, by either version of the SDK.

Part of the usage stage. In: a file and what it imports. Out: Calls, and what is surely AWS
and not told which as Unclear. A command counts where it is made, a method where its client is
known.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from leakscan.permissions import Call, Spot, Unclear
from leakscan.usage.given import Given, call, only, renamed, several
from leakscan.usage.javascript.regions import regions_of_commands
from leakscan.usage.javascript.things import (
    FUNCTIONS,
    SDK2,
    Client,
    Exported,
    Foreign,
    Things,
)
from leakscan.usage.javascript.values import arguments_of
from leakscan.usage.operations import operation_by_name, operation_of_waiter, required
from leakscan.usage.services import service_of_js_class, service_of_js_package
from leakscan.usage.syntax import known, line_of, spot, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_DOCUMENT: Final = {
    "get": "GetItem",
    "put": "PutItem",
    "update": "UpdateItem",
    "delete": "DeleteItem",
    "query": "Query",
    "scan": "Scan",
    "batchget": "BatchGetItem",
    "batchwrite": "BatchWriteItem",
    "transactget": "TransactGetItems",
    "transactwrite": "TransactWriteItems",
    "executestatement": "ExecuteStatement",
    "batchexecutestatement": "BatchExecuteStatement",
    "executetransaction": "ExecuteTransaction",
}
_UPLOAD: Final = ("PutObject", "AbortMultipartUpload")
"""What makes an upload in parts, whatever its size: creating, parts and completing need no more.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
"""
_QUIET: Final = frozenset(
    {"send", "destroy", "config", "middlewareStack", "promise", "on", "from", "endpoint"}
    | {"setupRequestListeners", "createSet", "bind", "then", "catch", "call", "apply", "initialize"}
    | {"mockImplementation", "mockResolvedValue", "mockReturnValue", "toString", "addListener"}
)
_LIBRARIES: Final = {
    "dynamoose": "DynamoDB",
    "dynamodb-toolbox": "DynamoDB",
    "electrodb": "DynamoDB",
    "dynamodb-onetable": "DynamoDB",
    "connect-dynamodb": "DynamoDB",
    "@typedorm/core": "DynamoDB",
    "@aws/dynamodb-data-mapper": "DynamoDB",
    "multer-s3": "S3",
    "s3-sync-client": "S3",
    "knox": "S3",
    "sqs-consumer": "SQS",
    "sqs-producer": "SQS",
    "@ssut/nestjs-sqs": "SQS",
    "winston-cloudwatch": "CloudWatch Logs",
    "middy-ssm": "SSM",
    "@middy/ssm": "SSM",
    "@middy/secrets-manager": "Secrets Manager",
    "@aws-lambda-powertools/parameters": "SSM or others",
    "@aws-lambda-powertools/idempotency": "DynamoDB",
}
"""Packages that call AWS for the code that uses them."""
_SIGNS: Final = "the code signs requests of its own; what they ask for is not read"
_SIGNERS: Final = {
    "@smithy/signature-v4": _SIGNS,
    "@aws-sdk/signature-v4": _SIGNS,
    "@aws-sdk/signature-v4-multi-region": _SIGNS,
    "aws4": _SIGNS,
    "aws4fetch": _SIGNS,
    "aws4-axios": _SIGNS,
    "aws-sigv4-sign": _SIGNS,
    "@aws-sdk/rds-signer": "signing in to a database needs rds-db:connect",
    "@aws-sdk/dsql-signer": "signing in to a database needs dsql:DbConnect",
}
"""Packages whose requests are made by hand."""


class FileCalls:
    """One file; `services` are those whose SDK the repository has."""

    def __init__(
        self,
        path: str,
        things: Things,
        packages: set[str],
        services: frozenset[str],
        older_region: str,
    ) -> None:
        self.path = path
        self.packages = packages
        """Packages of version 3 that the file names in some way."""
        self.things = things
        self.services = sorted(services)
        self.older_region = older_region
        """Of clients of version 2 that are given none."""
        self.regions: dict[int, str] = {}
        self.made: list[tuple[str, Spot]] = []
        """Clients that are made here, by their services."""

    def read(self, nodes: "list[Node]") -> Iterator[Call | Unclear]:
        """Yield what the nodes of the file do."""
        self.regions = regions_of_commands(self.things, nodes)
        for node in nodes:
            match node.type:
                case "new_expression":
                    yield from self._made(node)
                case "call_expression":
                    yield from self._called(node)
                case "import_statement":
                    name = text_of(node.child_by_field_name("source")).strip("'\"`")
                    yield from self._library(name, node)

    def _library(self, package: str, node: "Node") -> Iterator[Unclear]:
        name = "/".join(package.split("/")[: 2 if package.startswith("@") else 1])
        where = spot(self.path, line_of(node), name)
        if name in _SIGNERS:
            yield Unclear(where, _SIGNERS[name])
        elif name in _LIBRARIES:
            yield Unclear(where, f"the package {name} calls {_LIBRARIES[name]} by itself")

    # What is made: commands, uploads

    def _made(self, node: "Node") -> Iterator[Call | Unclear]:
        thing = self.things.thing(node.child_by_field_name("constructor"))
        handed = arguments_of(node)
        client = self.things.thing(node)
        if isinstance(client, Client) and not client.endpoint:
            self.made.append((client.service, self._spot(node, None, "new ")))
        first = handed[0] if handed else None
        if isinstance(thing, Foreign):
            yield from self._foreign_command(thing, node, first)
            return
        if not isinstance(thing, Exported):
            yield from self._only_package(node, first)
            return
        where = self._spot(node, first, "new ")
        uploads = {("@aws-sdk/lib-storage", "Upload"), (SDK2, "S3.ManagedUpload")}
        if (thing.package, thing.name) in uploads:
            inner = self.things.member(first, "params")
            region = self._region_in(first)
            yield from several("s3", _UPLOAD, self.things.given(inner), where, region)
        elif thing.package == SDK2 and thing.name.startswith("Signers"):
            yield Unclear(where, _SIGNS)
        elif thing.name.endswith("Command"):
            yield from self._command(thing, first, where, self.regions.get(node.id, ""))

    def _region_in(self, options: "Node | None") -> str:
        """Return the region of the client that some options hold."""
        client = self.things.thing(self.things.member(options, "client"))
        return self._region(client) if isinstance(client, Client) else ""

    def _region(self, client: Client) -> str:
        return client.region or (self.older_region if client.form == "sdk2" else "")

    def _foreign_command(
        self, thing: Foreign, node: "Node", first: "Node | None"
    ) -> Iterator[Unclear]:
        """Yield an Unclear for a class of a file that is not there, named as a command of AWS."""
        name = thing.name.removesuffix("Command")
        found = [one for one in self.services if operation_by_name(one, name) is not None]
        if thing.name.endswith("Command") and found:
            where = self._spot(node, first, "new ")
            yield Unclear(where, f"the command, of {found[0]} by its name, is of another file")

    def _only_package(self, node: "Node", first: "Node | None") -> Iterator[Call]:
        """Yield the call of `new sdk.PutObjectCommand()` where one package alone has it."""
        maker = node.child_by_field_name("constructor")
        name = text_of(maker).rpartition(".")[2]
        if maker is None or maker.type != "member_expression" or not name.endswith("Command"):
            return
        found = [_operation_of_command(Exported(one, name)) for one in sorted(self.packages)]
        known_ones = [one for one in found if one is not None]
        if len(known_ones) == 1:
            where = self._spot(node, first, "new ")
            yield call(*known_ones[0], self.things.given(first), where)

    def _command(
        self, thing: Exported, first: "Node | None", where: Spot, region: str
    ) -> Iterator[Call | Unclear]:
        found = _operation_of_command(thing)
        if found is not None:
            yield call(*found, self.things.given(first), where, region)
        elif thing.package.startswith(("@aws-sdk/client-", "@aws-sdk/lib-dynamodb")):
            yield Unclear(where, f"{thing.package} has no operation for {thing.name}")

    # What is called

    def _called(self, node: "Node") -> Iterator[Call | Unclear]:
        function, handed = node.child_by_field_name("function"), arguments_of(node)
        if function is None:
            return
        if text_of(function) == "require" and handed:
            yield from self._library(known(self.things.text(handed[0])) or "", node)
            return
        thing = self.things.thing(function)
        if isinstance(thing, Exported):
            yield from self._function(thing, node, handed)
        elif function.type == "member_expression":
            client = self.things.thing(function.child_by_field_name("object"))
            name = text_of(function.child_by_field_name("property"))
            if isinstance(client, Client):
                yield from self._method(client, name, node, handed)
            elif isinstance(client, Foreign | None):
                yield from self._of_elsewhere(client, name, node, handed)

    def _function(
        self, thing: Exported, node: "Node", handed: "list[Node]"
    ) -> Iterator[Call | Unclear]:
        """Yield what a function of a package does: paginators, waiters, helpers."""
        last = thing.name.rpartition(".")[2]
        second = handed[1] if len(handed) > 1 else None
        where, given = self._spot(node, second), self.things.given(second)
        region = self._region_in(handed[0] if handed else None)
        service = service_of_js_package(thing.package)
        if thing.package == "@aws-sdk/s3-presigned-post" and last == "createPresignedPost":
            yield call("s3", "PutObject", only(given, "Bucket", "Key"), where)
        elif thing.package == "@aws-sdk/lib-dynamodb" and last.startswith("paginate"):
            yield call("dynamodb", last.removeprefix("paginate"), given, where, region)
        elif thing.package == "@aws-sdk/credential-providers" and "Temporary" in last:
            inner = self.things.member(handed[0] if handed else None, "params")
            yield call("sts", "AssumeRole", self.things.given(inner), self._spot(node, inner))
        elif service is not None and last.startswith("paginate"):
            name = operation_by_name(service, last.removeprefix("paginate"))
            if name is not None:
                yield call(service, name, given, where, region)
        elif service is not None and last.startswith(("waitUntil", "waitFor")):
            waited = last.removeprefix("waitUntil").removeprefix("waitFor")
            name = operation_of_waiter(service, waited)
            if name is not None:
                yield call(service, name, given, where, region)

    def _method(
        self, client: Client, name: str, node: "Node", handed: "list[Node]"
    ) -> Iterator[Call | Unclear]:
        """Yield what a method of a client does."""
        first = handed[0] if handed else None
        where = self._spot(node, first)
        if client.endpoint:
            yield Unclear(where, "the client talks to an address that is none of AWS")
        elif name == "send":
            yield from self._sent(first, where)
        elif client.form == "document":
            yield from self._document(client, name, first, where)
        elif client.form == "sdk2" and name in _SDK2:
            second = handed[1] if len(handed) > 1 else None
            yield from self._older(client, name, first, second, where)
        elif (operation := operation_by_name(client.service, name)) is not None:
            given = [*self.things.given(client.bound), *self.things.given(first)]
            yield call(client.service, operation, given, where, self._region(client))
        elif name not in _QUIET:
            yield Unclear(where, f"{client.service} has no operation for this method")

    def _older(
        self, client: Client, name: str, first: "Node | None", second: "Node | None", where: Spot
    ) -> Iterator[Call | Unclear]:
        """Yield what the methods of version 2 do that are no operations."""
        bound = self.things.given(client.bound)
        if name == "upload":
            given = [*bound, *self.things.given(first)]
            yield from several("s3", _UPLOAD, given, where, self._region(client))
        elif name == "createPresignedPost":
            given = [*bound, *self.things.given(first)]
            fields = [(path[1:], text) for path, text in only(given, "Fields")]
            given = [*only(given, "Bucket"), *renamed(fields, {"key": "Key"})]
            yield call("s3", "PutObject", given, where, self._region(client))
        else:
            said = known(self.things.text(first)) or ""
            find = operation_of_waiter if name == "waitFor" else operation_by_name
            operation = find(client.service, said)
            if operation is None:
                yield Unclear(where, f"which operation {name} is for is not written there")
                return
            given = [*bound, *self.things.given(second)]
            yield call(client.service, operation, given, where, self._region(client))

    def _document(
        self, client: Client, name: str, first: "Node | None", where: Spot
    ) -> Iterator[Call | Unclear]:
        operation = _DOCUMENT.get(name.lower())
        if operation is not None:
            yield call("dynamodb", operation, self.things.given(first), where, self._region(client))
        elif name not in _QUIET:
            yield Unclear(where, "the document client has no operation for this method")

    def _sent(self, first: "Node | None", where: Spot) -> Iterator[Unclear]:
        """Yield an Unclear where what is sent is not a command that this file makes."""
        binding = self.things.origin(first)
        made = binding is not None and binding.type == "new_expression"
        if made and binding is not None:
            thing = self.things.thing(binding.child_by_field_name("constructor"))
            if isinstance(thing, Exported):
                return
        if first is not None and self._is_command(first):
            return
        yield Unclear(where, "the command that is sent is not made where it can be seen")

    def _is_command(self, node: "Node") -> bool:
        """Say whether any of what is bound to a name is a command."""
        found = self.things.scopes.find(node) if node.type == "identifier" else None
        made = [
            value for value in (found.values if found else ()) if value.type == "new_expression"
        ]
        things = (self.things.thing(value.child_by_field_name("constructor")) for value in made)
        return any(isinstance(thing, Exported) for thing in things)

    def _of_elsewhere(
        self, client: Foreign | None, name: str, node: "Node", handed: "list[Node]"
    ) -> Iterator[Unclear]:
        """Yield an Unclear for a client that is made where it cannot be seen.

        Either its name says which it is, or method and arguments are those of an operation of a
        service whose SDK the repository has.
        """
        first = handed[0] if handed else None
        if client is not None:
            plain = re.sub(r"(?i)client|service$", "", client.name)
            service = service_of_js_class(plain) if plain not in {"*", "default"} else None
            if service is not None and operation_by_name(service, name) is not None:
                where = self._spot(node, first)
                why = f"the client, of {service} by its name, is made in another file"
                yield Unclear(where, why)
                return
        service = self._service_like(name, first) if first is not None else None
        if service is not None and not self._is_ours(node):
            yield Unclear(
                self._spot(node, first),
                f"it looks like {service}, and where it is made is not seen",
            )

    def _service_like(self, name: str, first: "Node") -> str | None:
        """Return the service whose operation a method with such arguments is, or None."""
        candidates = [
            (service, operation)
            for service in self.services
            if (operation := operation_by_name(service, name)) is not None
        ]
        if "dynamodb" in self.services and name.lower() in _DOCUMENT:
            candidates.append(("dynamodb", _DOCUMENT[name.lower()]))
        if not candidates:
            return None
        names = {known(path[0]) for path, _ in self.things.given(first) if path}
        for service, operation in candidates:
            needed = set(required(service, operation)) - {"Key", "Item"}
            if needed and needed <= names:
                return service
        return None

    def _is_ours(self, node: "Node") -> bool:
        """Say whether what is called is a function that the repository has."""
        made = self.things.origin(node.child_by_field_name("function"))
        return made is not None and made.type in FUNCTIONS

    def _spot(self, node: "Node", options: "Node | None", before: str = "") -> Spot:
        """Return where a call stands, and its name with the names of what it is given."""
        callee = node.child_by_field_name("constructor") or node.child_by_field_name("function")
        given: Given = self.things.given(options) if options is not None else []
        names = dict.fromkeys(known(path[0]) or "" for path, _ in given)
        inside = f"{{{', '.join(name for name in names if name)}}}" if names else ""
        return spot(self.path, line_of(node), f"{before}{text_of(callee)}({inside})")


_SDK2: Final = frozenset(
    {"upload", "createPresignedPost", "waitFor", "makeRequest", "makeUnauthenticatedRequest"}
    | {"getSignedUrl", "getSignedUrlPromise"}
)


def _operation_of_command(thing: Exported) -> tuple[str, str] | None:
    """Return service and operation of a class for a command, or None."""
    name = thing.name.rpartition(".")[2].removesuffix("Command")
    if thing.package == "@aws-sdk/lib-dynamodb":
        operation = _DOCUMENT.get(name.lower())
        return ("dynamodb", operation) if operation else None
    service = service_of_js_package(thing.package)
    operation = operation_by_name(service, name) if service else None
    return (service, operation) if service and operation else None
