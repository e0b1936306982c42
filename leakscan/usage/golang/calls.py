"""Calls of AWS in Go, by either version of the SDK.

Part of the usage stage. In: a file and its package. Out: Calls, and what is surely AWS and not told
which as Unclear. The type of an input names service and operation for certain; a method does where
the type of what it is called on is known.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from leakscan.permissions import Call, Spot, Unclear
from leakscan.usage.given import Given, call
from leakscan.usage.golang.scopes import arguments_of
from leakscan.usage.golang.values import Kind, Values
from leakscan.usage.operations import operation_by_name, operation_of_waiter
from leakscan.usage.syntax import known, line_of, spot, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_QUIET: Final = frozenset({"Options", "AddDebugHandlers", "NewRequest", "NewFromConfig", "New"})
_AROUND: Final = re.compile(r"(PagesWithContext|WithContext|Pages|Request)\Z")
"""What version 1 of the SDK adds to the names of operations."""
_MANAGED: Final = {
    "Upload": "PutObject",
    "UploadObject": "PutObject",
    "DownloadObject": "GetObject",
    "GetObject": "GetObject",
    "PutObject": "PutObject",
}
"""Operations by the types of inputs that the managers of transfers have of their own."""
_LIBRARIES: Final = {
    "gocloud.dev/blob/s3blob": "S3",
    "gocloud.dev/pubsub/awssnssqs": "SNS or SQS",
    "gocloud.dev/secrets/awskms": "KMS",
    "gocloud.dev/runtimevar/awssecretsmanager": "Secrets Manager",
    "gocloud.dev/runtimevar/awsparamstore": "SSM",
    "github.com/guregu/dynamo": "DynamoDB",
    "github.com/guregu/dynamo/v2": "DynamoDB",
    "github.com/aws/aws-secretsmanager-caching-go/secretcache": "Secrets Manager",
    "github.com/aws/aws-secretsmanager-caching-go/v2/secretcache": "Secrets Manager",
    "github.com/hashicorp/aws-sdk-go-base/v2": "STS and IAM",
    "github.com/hashicorp/aws-sdk-go-base": "STS and IAM",
}
"""Packages that call AWS for the code that uses them."""


class FileCalls:
    """One file; `region` is that of all clients, where one is."""

    def __init__(self, path: str, values: Values, region: str) -> None:
        self.path = path
        self.values = values
        self.region = region
        self.made: list[tuple[str, Spot]] = []
        """Clients that are made here, by their services."""
        self.sent: set[int] = set()
        """Literals of inputs that a call was seen to take."""

    def read(self, nodes: "list[Node]") -> Iterator[Call | Unclear]:
        """Yield what the nodes of the file do."""
        yield from self._libraries(nodes)
        bare: list[Call] = []
        for node in nodes:
            if node.type == "call_expression":
                made = self.values.made(node)
                if made is not None:
                    self.made.append((made.service, self._spot(node, [])))
                yield from self._called(node, bare)
        built: set[tuple[str, str]] = set()
        for node in nodes:
            for one in self._built(node):
                built.add((one.service, one.operation))
                yield one
        # An input that is made elsewhere in the file says more of the same call.
        yield from (one for one in bare if (one.service, one.operation) not in built)

    def _libraries(self, nodes: "list[Node]") -> Iterator[Unclear]:
        for node in nodes:
            name = text_of(node.child_by_field_name("path")).strip('"`')
            if node.type == "import_spec" and name in _LIBRARIES:
                where = spot(self.path, line_of(node), name)
                yield Unclear(where, f"the package {name} calls {_LIBRARIES[name]} by itself")

    def _called(self, node: "Node", bare: list[Call]) -> Iterator[Call | Unclear]:
        """Yield what a call does that takes an input; what takes none goes to bare."""
        function, handed = node.child_by_field_name("function"), arguments_of(node)
        if function is None or function.type != "selector_expression":
            return
        method = text_of(function.child_by_field_name("field"))
        yield from self._helper(node, text_of(function), handed)
        on = self.values.kind(function.child_by_field_name("operand"))
        taken = False
        for one in handed:
            kind = self.values.kind(one)
            operation = _operation_of_input(kind) if kind is not None else None
            if kind is None or operation is None:
                continue
            if one.type == "identifier" and on is None and operation not in method:
                continue
            taken = True
            if self.values.literal(one) is not None or self.values.given(one):
                yield from self._with_input(node, one, kind, operation, on)
            else:
                bare.append(call(kind.service, operation, [], self._spot(node, []), self.region))
        if not taken and on is not None:
            yield from self._without_input(node, method, on, bare)

    def _with_input(
        self, node: "Node", one: "Node", kind: Kind, operation: str, on: Kind | None
    ) -> Iterator[Call]:
        given = self.values.given(one)
        if (literal := self.values.literal(one)) is not None:
            self.sent.add(literal.id)
        where = self._spot(node, given)
        yield call(kind.service, operation, given, where, self.region)
        manager = kind.is_manager or (on is not None and on.is_manager)
        if operation == "PutObject" and manager:
            yield call("s3", "AbortMultipartUpload", given, where, self.region)

    def _without_input(
        self, node: "Node", method: str, on: Kind, bare: list[Call]
    ) -> Iterator[Call | Unclear]:
        """Yield what a method of a client does whose input is not seen."""
        if on.is_manager or on.name.endswith(("Input", "Output", "Paginator", "Waiter")):
            return
        where = self._spot(node, [])
        waits = method.removeprefix("WaitUntil").removesuffix("WithContext")
        plain = method.removeprefix("Presign")
        operation = (
            operation_of_waiter(on.service, waits)
            if method.startswith("WaitUntil")
            else operation_by_name(on.service, plain)
            or operation_by_name(on.service, _AROUND.sub("", method))
        )
        if operation is not None:
            bare.append(call(on.service, operation, [], where, self.region))
        elif method not in _QUIET and on.name == "Client":
            yield Unclear(where, f"{on.service} has no operation for this method")

    def _helper(self, node: "Node", name: str, handed: "list[Node]") -> Iterator[Call | Unclear]:
        """Yield what functions of the SDK do that are no operations."""
        package, _, function = name.partition(".")
        of = node.child_by_field_name("function")
        operand = of.child_by_field_name("operand") if of is not None else None
        path = self.values.scopes.import_of(operand)
        if text_of(operand) != package or not path.startswith("github.com/aws/aws-sdk-go"):
            return
        if path.endswith("stscreds") and function.startswith("New") and len(handed) > 1:
            given: Given = [((("RoleArn",),), self.values.text(handed[1]))]
            yield call("sts", "AssumeRole", given, self._spot(node, given), self.region)
        elif function.startswith("BuildAuthToken"):
            yield Unclear(self._spot(node, []), "signing in to a database needs rds-db:connect")
        elif function.startswith("NewBatchDelete"):
            yield call("s3", "DeleteObjects", [], self._spot(node, []), self.region)
        elif function.startswith("GetBucketRegion") and "manager" in path:
            bare = [one for one in handed if one.type != "call_expression"]
            given = [((("Bucket",),), self.values.text(bare[-1] if bare else None))]
            yield call("s3", "HeadBucket", given, self._spot(node, given), self.region)

    def _built(self, node: "Node") -> Iterator[Call]:
        """Yield the call that an input is for, where no call was seen to take it."""
        kind = self.values.kind(node) if node.type == "composite_literal" else None
        operation = _operation_of_input(kind) if kind is not None else None
        if kind is None or operation is None or node.id in self.sent:
            return
        given = self.values.given(node)
        where = self._spot(node, given)
        yield call(kind.service, operation, given, where, self.region)
        if kind.is_manager and operation == "PutObject":
            yield call("s3", "AbortMultipartUpload", given, where, self.region)

    def _spot(self, node: "Node", given: Given) -> Spot:
        """Return where a call stands, and its name with the names of what it is given."""
        callee = node.child_by_field_name("function") or node.child_by_field_name("type")
        names = dict.fromkeys(known(path[0]) or "" for path, _ in given)
        inside = ", ".join(name for name in names if name)
        brackets = "({})" if node.type == "call_expression" else "{{{}}}"
        return spot(self.path, line_of(node), text_of(callee) + brackets.format(inside))


def _operation_of_input(kind: Kind) -> str | None:
    """Return the operation that a type of input is for, or None if it is no input."""
    if not kind.name.endswith("Input"):
        return None
    name = kind.name.removesuffix("Input")
    if kind.is_manager:
        return _MANAGED.get(name)
    return operation_by_name(kind.service, name)
