"""The calls of AWS in Python: what is done with clients and resources, as operations.

Part of the usage stage. In: the modules of a program. Out: Calls, and as Unclear what is one
of AWS and cannot be told which.
"""

import ast
from collections.abc import Iterable, Iterator
from typing import Final

from leakscan.permissions import Call, Spot, Unclear
from leakscan.usage.given import Given
from leakscan.usage.given import call as call_of
from leakscan.usage.operations import members, operation_of, required
from leakscan.usage.python import resources, texts
from leakscan.usage.python import values as v
from leakscan.usage.python.aws import Aws
from leakscan.usage.python.eval import Evaluation, Evaluator
from leakscan.usage.python.given import flat, given_of, positional, source_of_copy
from leakscan.usage.python.libraries import Libraries
from leakscan.usage.python.processes import Processes
from leakscan.usage.python.said import spot_of
from leakscan.usage.python.scopes import Site
from leakscan.usage.python.values import Open, Value, Values
from leakscan.usage.syntax import hole

Found = Iterator[Call | Unclear]

_UPLOAD: Final = ("PutObject", "AbortMultipartUpload")
"""An upload in parts needs no more, whatever its size.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
"""
_TRANSFERS: Final = {
    "upload_file": ("Filename", "Bucket", "Key", "ExtraArgs"),
    "upload_fileobj": ("Fileobj", "Bucket", "Key", "ExtraArgs"),
    "download_file": ("Bucket", "Key", "Filename", "ExtraArgs"),
    "download_fileobj": ("Bucket", "Key", "Fileobj", "ExtraArgs"),
    "copy": ("CopySource", "Bucket", "Key", "ExtraArgs"),
}
"""Source: boto3, `boto3/s3/inject.py`; the parameters in their order."""
_OF_ITEMS: Final = {
    "upload_file": ("Filename", "Key", "ExtraArgs"),
    "upload_fileobj": ("Fileobj", "Key", "ExtraArgs"),
    "download_file": ("Key", "Filename", "ExtraArgs"),
    "download_fileobj": ("Key", "Fileobj", "ExtraArgs"),
    "copy": ("CopySource", "Key", "ExtraArgs"),
}
_SILENT: Final = frozenset(
    {"can_paginate", "close", "exceptions", "meta", "waiter_names", "get_available_subresources"}
    | {"__enter__", "__exit__", "__aenter__", "__aexit__", "get_paginator", "get_waiter"}
)
_TOKENS: Final = {
    ("rds", "generate_db_auth_token"): "it signs in to a database: rds-db:connect for its user",
    ("dsql", "generate_db_connect_auth_token"): "it signs in to a database: dsql:DbConnect",
    ("dsql", "generate_db_connect_admin_auth_token"): (
        "it signs in to a database: dsql:DbConnectAdmin"
    ),
}
_USUAL: Final = (
    "s3",
    "dynamodb",
    "sqs",
    "sns",
    "lambda",
    "secretsmanager",
    "ssm",
    "kms",
    "sts",
    "ses",
    "logs",
    "events",
    "stepfunctions",
    "kinesis",
    "cloudwatch",
    "ecs",
    "ecr",
    "glue",
    "athena",
    "cognito-idp",
    "bedrock-runtime",
)
"""Where a call of an unknown object is looked for, besides the services that the code uses."""


class Calls:
    """Makes Calls of one program."""

    def __init__(self, evaluator: Evaluator, aws: Aws) -> None:
        self._evaluator, self._aws = evaluator, aws
        self.libraries, self.processes = Libraries(evaluator.program), Processes()
        self._used: set[v.Origin] = set()
        self._made: dict[v.Origin, None] = {}
        self._paged: set[Spot] = set()
        self._pagers: dict[Spot, v.Paginator | v.Waiter] = {}
        self._lost: dict[Spot, Unclear] = {}
        self._named: set[Spot] = set()
        self._called: set[int] = set()
        self._handed: set[tuple[Value, str]] = set()
        self._kept: list[ast.Call] = []
        self.has_items = False
        self._unknown: list[tuple[ast.Call, Spot]] = []

    def of_call(self, site: Site) -> Found:
        """Yield what one call in the code does. Raises TooMuchError."""
        call = site.node
        if not isinstance(call, ast.Call):
            return
        self._evaluator.begin()
        here = Evaluation(self._evaluator, site.place, None)
        spot = spot_of(here.path, call)
        yield from self._of_methods(call, here, spot)
        yield from list(self.processes.of_call(call, here)) or self.libraries.of_call(
            call, here, spot
        )
        if isinstance(call.func, ast.Attribute):
            self._called.add(id(call.func))
            yield from self._of_receiver(call, call.func.attr, here, spot)
        elif isinstance(call.func, ast.Name) and call.func.id == "getattr" and call.args:
            yield from self._of_getattr(here.of(call.args[0]), call, here, spot)
        if all(isinstance(one, v.Function | v.Class) for one in here.of(call.func)):
            return
        for value in here.of(call):
            if isinstance(value, v.Lost) and value.spot == spot:
                self._lost[spot] = Unclear(spot, "its service is not known before it runs")
            self._note(value)

    def of_read(self, site: Site) -> Found:
        """Yield what an attribute loads, `table.item_count`, or hands on: `retry(s3.get)`."""
        node = site.node
        if not isinstance(node, ast.Attribute) or id(node) in self._called:
            return
        is_method = any(operation_of(one.service, node.attr) for one in self._made)
        if not is_method and not self.has_items:
            return
        self._evaluator.begin()
        here = Evaluation(self._evaluator, site.place, None)
        for value in here.of(node.value):
            if isinstance(value, v.Item) and resources.is_data(value, node.attr):
                done = resources.load(value)
                if done is not None and not value.origin.is_elsewhere:
                    self._used.add(value.origin)
                    yield self._done(value, done, [], spot_of(here.path, node))
            elif (
                is_method and isinstance(value, v.Client) and (value, node.attr) not in self._handed
            ):
                everything = ast.Call(node, [], [ast.keyword(None, ast.Name("_", ast.Load()))])
                self._kept.append(everything)
                yield from self._of_value(
                    value, node.attr, everything, here, spot_of(here.path, node)
                )

    def _of_methods(self, call: ast.Call, here: Evaluation, spot: Spot) -> Found:
        """Yield the calls of methods that were handed on: `to_thread(s3.get_object, Bucket=b)`."""
        if not isinstance(call.func, ast.Attribute):
            for callee in here.of(call.func):
                if isinstance(callee, v.Method):
                    yield from self._of_value(callee.of, callee.name, call, here, spot)
                    self._handed.add((callee.of, callee.name))
                    inner = call.func.args[:1] if isinstance(call.func, ast.Call) else []
                    self._called.update(map(id, inner))
        for number, argument in enumerate(call.args):
            is_called = len(call.args) > number + 1 or call.keywords
            if not isinstance(argument, ast.Attribute) or not is_called:
                continue
            for value in here.of(argument):
                if isinstance(value, v.Method):
                    given = ast.Call(argument, call.args[number + 1 :], call.keywords)
                    self._kept.append(given)
                    used = set(self._used)
                    all_found = list(self._of_value(value.of, value.name, given, here, spot))
                    # What is no method is an attribute that nobody calls here.
                    found = [one for one in all_found if isinstance(one, Call)]
                    self._called.update([id(argument)] if found else [])
                    self._used = self._used if found else used
                    yield from found

    def rest(self) -> Found:
        """Yield what is left when all calls were looked at."""
        yield from self._aws.notes.values()
        yield from (one for spot, one in self._lost.items() if spot not in self._named)
        for spot, one in self._pagers.items():
            if spot not in self._paged:
                yield from self._call(one.client, one.operation, [], spot)
        spots = {origin.spot for origin in self._used}
        for origin in self._made:
            if origin.spot not in spots and not origin.is_elsewhere:
                spots.add(origin.spot)
                yield Unclear(origin.spot, f"no call of this client of {origin.service} was found")
        yield from self._of_unknown()

    def is_used(self, path: str) -> bool:
        """Say whether a file makes what the calls of other files are made with."""
        made = {origin.spot.path for origin in (*self._made, *self._used)}
        return path in made or path in self._aws.sessions_used

    # -- receivers --------------------------------------------------------------------------

    def _of_receiver(self, call: ast.Call, name: str, here: Evaluation, spot: Spot) -> Found:
        assert isinstance(call.func, ast.Attribute)
        receivers = here.of(call.func.value)
        found: list[Call | Unclear] = []
        missing: list[Unclear] = []
        for value in receivers:
            for one in self._of_value(value, name, call, here, spot):
                if isinstance(one, Unclear) and one.why.endswith(_NO_SUCH):
                    missing.append(one)
                else:
                    found.append(one)
        # Of several clients that a name may be, those without the method are none of it.
        yield from _once(found) or missing[:1]
        if all(isinstance(value, Open | v.External) for value in receivers):
            self._unknown.append((call, spot))

    def _of_value(
        self, value: Value, name: str, call: ast.Call, here: Evaluation, spot: Spot
    ) -> Found:
        origin = _origin_of(value)
        if origin is not None:
            # To make a bucket's object of a bucket calls nothing yet.
            if not (isinstance(value, v.Service | v.Item) and self._makes(value, name)):
                self._used.add(origin)
            if origin.is_elsewhere:
                return
        match value:
            case v.Client():
                yield from self._of_client(value, name, call, here, spot)
            case v.Transfer() if name in _TRANSFERS:
                names = ("Filename", "Bucket", "Key") if name == "upload_file" else ()
                renamed = positional(call, names or ("Bucket", "Key", "Filename"))
                yield from self._transfer(value.client, name, given_of(renamed, here), spot)
            case v.Paginator() | v.Waiter() if name in {"paginate", "wait"}:
                self._paged.add(value.spot)
                given = self._given(value.client.origin.service, value.operation, call, here)
                yield from self._call(value.client, value.operation, given, spot)
            case v.Service() | v.Item():
                yield from self._of_resource(value, name, call, here, spot)
            case v.Collection():
                yield from self._of_collection(value, name, call, here, spot)
            case v.Lost() if name not in _SILENT:
                self._named.add(value.spot)
                yield Unclear(spot, "it is a call of a client whose service is not known")

    def _of_client(
        self, client: v.Client, name: str, call: ast.Call, here: Evaluation, spot: Spot
    ) -> Found:
        service = client.origin.service
        operation = operation_of(service, name)
        if operation is not None:
            given = self._given(service, operation, call, here)
            yield from self._call(client, operation, given, spot)
        elif service == "s3" and name in _TRANSFERS:
            given = given_of(positional(call, _TRANSFERS[name]), here)
            yield from self._transfer(client, name, given, spot)
        elif name in {"get_paginator", "get_waiter"}:
            if not any(isinstance(one, v.Paginator | v.Waiter) for one in here.of(call)):
                yield Unclear(spot, "what it calls again and again is not known before it runs")
        elif name == "generate_presigned_url":
            yield from self._presigned(client, call, here, spot)
        elif name == "generate_presigned_post" and service == "s3":
            given = given_of(positional(call, ("Bucket", "Key")), here)
            yield from self._call(client, "PutObject", given, spot)
        elif (service, name) in _TOKENS:
            yield Unclear(spot, _TOKENS[service, name])
        elif name not in _SILENT:
            yield Unclear(spot, f"{service} {_NO_SUCH}")

    def _presigned(self, client: v.Client, call: ast.Call, here: Evaluation, spot: Spot) -> Found:
        """Yield the operation that a signed address is for: who signs needs the permission."""
        named = positional(call, ("ClientMethod", "Params"))
        methods = texts.whole(here.of(named.get("ClientMethod")))
        operations = [operation_of(client.origin.service, method) for method in methods]
        given = flat(here.of(named["Params"])) if "Params" in named else []
        for operation in operations:
            if operation is not None:
                yield from self._call(client, operation, given, spot)
        if not any(operations):
            yield Unclear(spot, "what the signed address is for is not known before it runs")

    def _of_getattr(self, receivers: Values, call: ast.Call, here: Evaluation, spot: Spot) -> Found:
        for value in receivers:
            origin = _origin_of(value)
            if isinstance(value, v.Lost):
                self._named.add(value.spot)
                yield Unclear(spot, "which call it is of which service is not known")
            if origin is None or origin.is_elsewhere:
                continue
            self._used.add(origin)
            names = texts.whole(here.of(call.args[1])) if len(call.args) > 1 else []
            operations = [operation_of(origin.service, name) for name in names]
            for operation in filter(None, operations):
                yield from self._call(v.Client(origin), operation, [], spot)
            if not any(operations):
                why = f"which call of {origin.service} it is is not known before it runs"
                yield Unclear(spot, why)

    # -- resources --------------------------------------------------------------------------

    def _of_resource(
        self, owner: v.Service | v.Item, name: str, call: ast.Call, here: Evaluation, spot: Spot
    ) -> Found:
        origin = owner.origin
        kind = resources.transfer(owner, name) if isinstance(owner, v.Item) else ""
        action = resources.action(owner, name)
        if action is not None:
            given = self._given(origin.service, action[0].operation, call, here)
            yield self._done(owner, action[0], given, spot)
        elif kind and isinstance(owner, v.Item):
            order = _OF_ITEMS[name]
            names = tuple(one for one in order if one != "Key" or owner.kind == "Bucket")
            given = given_of(positional(call, names), here)
            yield from self._transfer(v.Client(origin), name, [*_own(owner), *given], spot)
        elif name == "batch_writer" and isinstance(owner, v.Item):
            tables = resources.identifier(owner, "name")
            given = [((("RequestItems",), text), ()) for text in tables]
            yield from self._call(v.Client(origin), "BatchWriteItem", given, spot)
        elif name == "create_tags" and origin.service == "ec2":
            given = self._given("ec2", "CreateTags", call, here)
            yield from self._call(v.Client(origin), "CreateTags", given, spot)
        elif name == "delete_tags" and origin.service == "ec2":
            yield from self._call(v.Client(origin), "DeleteTags", [], spot)
        elif name not in _SILENT and not self._makes(owner, name):
            yield Unclear(spot, f"this resource of {origin.service} {_NO_SUCH}")

    def _makes(self, owner: v.Service | v.Item, name: str) -> bool:
        return (
            resources.made(owner, name, []) is not None
            or resources.collection(owner, name) is not None
        )

    def _of_collection(
        self, value: v.Collection, name: str, call: ast.Call, here: Evaluation, spot: Spot
    ) -> Found:
        """Yield what going through a collection calls, once for a chain of filters."""
        if name in resources.PASSING:
            done = resources.listing(value)
            inner = call.func.value if isinstance(call.func, ast.Attribute) else None
            is_chained = isinstance(inner, ast.Call)
            if done is not None and not (is_chained and name != "filter"):
                given = self._given(value.owner.origin.service, done.operation, call, here)
                yield self._done(value.owner, done, given, spot)
            return
        done = resources.batch(value, name)
        if done is None:
            yield Unclear(spot, f"a collection of {value.owner.origin.service} {_NO_SUCH}")
            return
        listing = resources.listing(value)
        if listing is not None:
            yield self._done(value.owner, listing, [], spot)
        given = self._given(value.owner.origin.service, done.operation, call, here)
        yield self._done(value.owner, done, given, spot)

    def _done(
        self, owner: v.Service | v.Item, done: resources.Done, given: Given, spot: Spot
    ) -> Call:
        filled: Given = [
            (tuple((part,) for part in path), text)
            for path, several in done.filled
            for text in several
        ]
        origin = owner.origin
        return call_of(origin.service, done.operation, [*filled, *given], spot, origin.region)

    # -- calls ------------------------------------------------------------------------------

    def _call(self, client: v.Client, operation: str, given: Given, spot: Spot) -> Found:
        origin = client.origin
        self._used.add(origin)
        if not origin.is_elsewhere:
            yield call_of(origin.service, operation, given, spot, origin.region)

    def _transfer(self, client: v.Client, name: str, given: Given, spot: Spot) -> Found:
        """Yield what an upload, download or copy by boto3's transfer manager calls."""
        given = [
            (path[1:] if path[0] == ("ExtraArgs",) and len(path) > 1 else path, text)
            for path, text in given
        ]
        if name.startswith("download"):
            operations: tuple[str, ...] = ("HeadObject", "GetObject")
        else:
            operations = _UPLOAD
        if name == "copy":
            source = [(path[1:], text) for path, text in given if path[0] == ("CopySource",)]
            yield from self._call(client, "HeadObject", [one for one in source if one[0]], spot)
            operations = ("CopyObject", "AbortMultipartUpload")
            given = [one for one in given if one[0][0] != ("CopySource",)]
            given += [((("CopySource",),), text) for text in source_of_copy(source)]
        for operation in operations:
            yield from self._call(client, operation, given, spot)

    def _given(self, service: str, operation: str, call: ast.Call, here: Evaluation) -> Given:
        """Return what a call gives; `**` that is not known gives all that is required."""
        found: Given = []
        is_whole = True
        for one in call.keywords:
            values = here.of(one.value)
            if one.arg is not None:
                texts_of_member = flat(values, one.arg)
                found += [(((one.arg,), *path), text) for path, text in texts_of_member]
                continue
            found += flat([value for value in values if isinstance(value, v.Table)])
            is_whole = all(isinstance(value, v.Table) and value.is_whole for value in values)
        if not is_whole:
            known = {path[0] for path, _ in found}
            needed = members(service, operation)
            open_names = [name for name in required(service, operation) if name in needed]
            found += [(((name,),), (hole(name),)) for name in open_names if (name,) not in known]
        if operation in {"CopyObject", "UploadPartCopy"}:
            source = [(path[1:], text) for path, text in found if path[0] == ("CopySource",)]
            found = [one for one in found if one[0][0] != ("CopySource",)]
            found += [((("CopySource",),), text) for text in source_of_copy(source)]
        return found

    # -- what is not known ------------------------------------------------------------------

    def _note(self, value: Value) -> None:
        self.has_items = self.has_items or isinstance(value, v.Item | v.Collection | v.Service)
        if isinstance(value, v.Client | v.Service):
            self._made.setdefault(value.origin)
        elif isinstance(value, v.Paginator | v.Waiter):
            self._pagers.setdefault(value.spot, value)

    def _of_unknown(self) -> Found:
        """Yield calls of unknown objects that look like those of a client."""
        services = {origin.service for origin in self._made}
        for call, spot in self._unknown:
            assert isinstance(call.func, ast.Attribute)
            name, given = call.func.attr, [one.arg for one in call.keywords if one.arg]
            if call.args or "_" not in name:
                continue
            for service in sorted(services) if not given else (*sorted(services), *_USUAL):
                if self._is_like(service, name, given):
                    yield Unclear(spot, f"its object is not followed; {service} has such a call")
                    break

    def _is_like(self, service: str, name: str, given: list[str]) -> bool:
        """Say whether a service has such an operation, with one of the members that are given."""
        operation = operation_of(service, name)
        if operation is None:
            return False
        tops = {member.partition(".")[0] for member in members(service, operation)}
        return not required(service, operation) if not given else not tops.isdisjoint(given)


_NO_SUCH: Final = "has no such call that is known"


def _once(found: Iterable[Call | Unclear]) -> list[Call | Unclear]:
    """Return each once: calls hold dicts, so that they are no keys."""
    kept: list[Call | Unclear] = []
    for one in found:
        if one not in kept:
            kept.append(one)
    return kept


def _origin_of(value: Value) -> v.Origin | None:
    match value:
        case v.Client() | v.Service() | v.Item():
            return value.origin
        case v.Collection():
            return value.owner.origin
        case v.Paginator() | v.Waiter() | v.Transfer():
            return value.client.origin
    return None


def _own(item: v.Item) -> Given:
    """Return bucket and key of a resource of S3."""
    found: Given = []
    for name, several in item.identifiers:
        member = "Key" if name == "Key" else "Bucket"
        found += [(((member,),), text) for text in several]
    return found
