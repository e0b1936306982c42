"""What boto3 and its relatives give: sessions, clients, resources and what is made of them.

Part of the usage stage. In: a value and what is done with it. Out: what that gives. The calls
themselves are not made into anything here.
"""

import ast
import re
from typing import Final

from leakscan.permissions import Spot, Text, Unclear
from leakscan.usage.operations import operation_of, operation_of_waiter
from leakscan.usage.python import resources, texts
from leakscan.usage.python import values as v
from leakscan.usage.python.eval import Evaluation
from leakscan.usage.python.names import hint
from leakscan.usage.python.said import spot_of
from leakscan.usage.python.scopes import Place
from leakscan.usage.python.values import ANYTHING, Open, Value, Values, union
from leakscan.usage.services import service_of_python, services

_CLIENTS: Final = frozenset(["boto3.client", "aioboto3.client"])
_RESOURCES: Final = frozenset(["boto3.resource", "aioboto3.resource"])
_SESSIONS: Final = frozenset(
    [
        "boto3.Session",
        "boto3.session.Session",
        "boto3.DEFAULT_SESSION",
        "aioboto3.Session",
        "aioboto3.session.Session",
        "aiobotocore.get_session",
        "aiobotocore.session.get_session",
        "aiobotocore.session.AioSession",
        "botocore.session.get_session",
        "botocore.session.Session",
        "boto3._get_default_session",
    ]
)
_ANY_CLIENT: Final = frozenset(["botocore.client.BaseClient", "aiobotocore.client.AioBaseClient"])
_MAKERS: Final = frozenset(["client", "create_client", "resource"])
_PASSED: Final = frozenset(
    {"enter_async_context", "enter_context", "contextlib.closing", "copy.copy", "closing", "str"}
    | {"os.fspath", "pathlib.Path", "pathlib.PurePosixPath", "Path", "PurePosixPath", "iter"}
    | {"next", "asyncio.run"}
)
_LISTS: Final = frozenset(["list", "tuple", "sorted", "reversed", "set"])
_ENVIRONMENT: Final = frozenset(
    ["os.getenv", "os.environ.get", "os.environ.pop", "os.environ.setdefault", "environ.get"]
)
_JOINS: Final = frozenset(["os.path.join", "posixpath.join"])
_STUBS: Final = re.compile(r"(?:mypy_boto3|types_(?:aio)?boto(?:3|core))_(\w+?)(?:\.\w+)*\.(\w+)\Z")
_AWS_HOST: Final = re.compile(r"amazonaws\.com|\.api\.aws\b|\.aws\.dev\b")
_OWN_ENDPOINTS: Final = frozenset(
    {"apigatewaymanagementapi", "cloudsearchdomain", "dax", "iot-data", "iot-jobs-data"}
    | {"kinesis-video-archived-media", "kinesis-video-media", "kinesis-video-signaling"}
    | {"mediaconvert", "mediastore-data", "neptunedata", "route53-recovery-cluster"}
)
"""Services of which each customer has an endpoint that the code has to name."""
_ANNOTATION_NODES: Final = 40


class Aws:
    """Knows boto3, aioboto3, aiobotocore and botocore."""

    def __init__(self) -> None:
        self.notes: dict[tuple[Spot, str], Unclear] = {}
        self._kept: list[ast.expr] = []
        self.sessions_used: set[str] = set()
        """Files that make a session with which a client is made."""

    # -- attributes -------------------------------------------------------------------------

    def attribute(self, value: Value, name: str, node: ast.expr, place: Place) -> Values:
        """Return what an attribute of a value is."""
        if name == "__next__":
            return self._next(value)
        match value:
            case Open():
                return (Open(name),)
            case v.Item():
                return self._of_item(value, name)
            case v.Service():
                return (resources.collection(value, name) or v.Method(value, name),)
            case v.Lost(is_client=False):
                return (value,)
            case v.Quiet() | v.Nothing():
                return (v.Quiet(),)
            case v.Session() if name == "region_name":
                return (Open("region"),)
            case v.Method(name="meta") if name == "client":
                return self._client_of(value.of)
            case v.Method():
                return (Open(name),)
        return (v.Method(value, name),)

    def _next(self, value: Value) -> Values:
        if isinstance(value, v.Collection):
            found = resources.element(value)
            return (found,) if found else ANYTHING
        if isinstance(value, v.Known | v.Nothing):
            return ANYTHING
        return (v.Quiet(),) if isinstance(value, v.Quiet) else ANYTHING

    def _of_item(self, item: v.Item, name: str) -> Values:
        known = resources.identifier(item, name)
        if known:
            return tuple(texts.value_of_text(text) for text in known)
        collection = resources.collection(item, name)
        if collection is not None:
            return (collection,)
        related = resources.related(item, name)
        if related is not None and resources.made(item, name, []) is None:
            return (related,)
        return (Open(name),) if resources.is_data(item, name) else (v.Method(item, name),)

    def _client_of(self, value: Value) -> Values:
        if isinstance(value, v.Client):
            return (value,)
        if isinstance(value, v.Service | v.Item):
            return (v.Client(value.origin),)
        return ANYTHING

    def inherited(self, base: str) -> Values:
        """Return what an object of a class is that is made from one of another package."""
        return (v.Session(),) if base in _SESSIONS else ()

    # -- calls ------------------------------------------------------------------------------

    def result(self, callee: Value, call: ast.Call, here: Evaluation) -> Values:
        """Return what a call gives."""
        match callee:
            case v.External(name=name):
                return self._external(name, call, here)
            case v.Method(of=v.Lost() as lost, name="get_paginator" | "get_waiter"):
                return (lost,)
            case v.Method(of=of, name=name):
                return self._method(of, name, call, here)
            case v.Lost():
                return (callee,)
            case v.Quiet():
                return (v.Quiet(),)
            case Open(name=name):
                return self._open(name, call, here)
        return ANYTHING

    def _external(self, name: str, call: ast.Call, here: Evaluation) -> Values:
        if name in _CLIENTS or name in _RESOURCES:
            return self._made(name.rpartition(".")[2], v.Session(), call, here)
        if name in _SESSIONS:
            return (self._session(call, here),)
        if name == "boto3.s3.transfer.S3Transfer":
            clients = here.of(call.args[0] if call.args else keyword(call, "client"))
            return tuple(v.Transfer(one) for one in clients if isinstance(one, v.Client))
        if name.startswith(("boto3.", "botocore.")):
            return (v.Quiet(),)
        return (
            self._builtin(name, call, here)
            or _wrapped(call, here)
            or self._open(name.rpartition(".")[2], call, here)
        )

    def _builtin(self, name: str, call: ast.Call, here: Evaluation) -> Values:
        """Return what a function of Python's own gives; nothing for any other."""
        if name in _ENVIRONMENT and call.args:
            keys = texts.whole(here.of(call.args[0]))
            return tuple(Open(key, is_set=True) for key in keys) or ANYTHING
        if name in _JOINS:
            return texts.path_of([here.of(one) for one in call.args], v.Known(("/",)))
        if name in _PASSED and call.args:
            found = here.of(call.args[0])
            is_stepped = name in {"next", "iter"}
            return union(*(self._next(value) for value in found)) if is_stepped else found
        if name in _LISTS and len(call.args) == 1:
            found = here.of(call.args[0])
            return tuple(
                v.Series((self._next(one),)) if isinstance(one, v.Collection) else one
                for one in found
            )
        if name == "super":
            return here.evaluator.above(here.place)
        if name in {"typing.cast", "cast"} and len(call.args) == 2:
            return self.annotated(call.args[0], here) or here.of(call.args[1])
        if name == "dict" and not call.args:
            items = tuple(((k.arg,), here.of(k.value)) for k in call.keywords if k.arg)
            return (v.Table(items, all(k.arg for k in call.keywords)),)
        return ()

    def _open(self, name: str, call: ast.Call, here: Evaluation) -> Values:
        """Return what a call of something unknown gives: a client, where it cannot be else."""
        if name in _PASSED and call.args:
            return here.of(call.args[0])
        if name in _MAKERS and call.args:
            known = texts.whole(here.of(call.args[0]))
            if known and all(service_of_python(one) for one in known):
                return self._made(name, v.Session(), call, here)
        wrapped = _wrapped(call, here)
        if wrapped:
            return wrapped
        if name == "get" and call.args:
            return tuple(map(Open, texts.whole(here.of(call.args[0])))) or ANYTHING
        return (Open(hint(call)),)

    def _method(self, of: Value, name: str, call: ast.Call, here: Evaluation) -> Values:
        match of:
            case v.Session() if name in _MAKERS:
                return self._made(name, of, call, here)
            case v.Known():
                return texts.method(of, name, call, here.of)
            case v.Client():
                return self._of_client(of, name, call, here)
            case v.Service() | v.Item():
                return self._of_resource(of, name, call, here)
            case v.Collection() if name in resources.PASSING:
                return (of,)
            case v.Table() if name in {"get", "pop"} and call.args:
                keys = texts.whole(here.of(call.args[0]))
                return union(*(texts.of_table(of, key) for key in keys)) or ANYTHING
            case v.Table() if name == "copy":
                return (of,)
            case v.Series() if name == "pop":
                return union(*of.elements) or ANYTHING
            case v.Table() | v.Series():
                return ANYTHING
        return (v.Quiet(),)

    def _of_client(self, client: v.Client, name: str, call: ast.Call, here: Evaluation) -> Values:
        """Return a paginator or waiter; all else is an answer, or an address."""
        first = call.args[0] if call.args else keyword(call, "operation_name", "waiter_name")
        service, spot = client.origin.service, spot_of(here.path, call)
        found: list[Value] = []
        if name == "get_paginator" and first is not None:
            methods = texts.whole(here.of(first))
            operations = [operation_of(service, method) for method in methods]
            found += [v.Paginator(client, one, spot) for one in operations if one]
        elif name == "get_waiter" and first is not None:
            waiters = texts.whole(here.of(first))
            operations = [operation_of_waiter(service, waiter) for waiter in waiters]
            found += [v.Waiter(client, one, spot) for one in operations if one]
        return tuple(found) or (v.Quiet(),)

    def _of_resource(
        self, owner: v.Service | v.Item, name: str, call: ast.Call, here: Evaluation
    ) -> Values:
        given = [texts.texts_of(here.of(one), "") for one in call.args]
        given += [texts.texts_of(here.of(one.value), "") for one in call.keywords]
        made = resources.made(owner, name, given)
        if made is not None:
            return (made,)
        done = resources.action(owner, name)
        if done is not None and done[1] is not None:
            return (self._named_by(done[1], call, here),)
        return (v.Quiet(),)

    def _named_by(self, item: v.Item, call: ast.Call, here: Evaluation) -> v.Item:
        """Fill in what `create_bucket(Bucket="x")` or `get_queue_by_name(QueueName="x")` say."""
        given = {one.arg: one.value for one in call.keywords if one.arg}
        filled: list[tuple[str, tuple[Text, ...]]] = []
        for name, known in item.identifiers:
            said = (name, f"{item.kind}{name}", item.kind, f"{item.kind}Name")
            node = next((given[one] for one in said if one in given), None)
            filled.append((name, texts.texts_of(here.of(node), name) if node else known))
        return v.Item(item.origin, item.kind, tuple(filled), item.is_loaded)

    # -- making -----------------------------------------------------------------------------

    def _session(self, call: ast.Call, here: Evaluation) -> v.Session:
        region = here.of(keyword(call, "region_name"))
        known = texts.whole(region)
        has_token = keyword(call, "aws_session_token") is not None
        return v.Session(known[0] if len(known) == 1 else "", has_token, here.path)

    def _made(self, maker: str, session: v.Session, call: ast.Call, here: Evaluation) -> Values:
        """Return the clients or resources of a call that makes one."""
        self.sessions_used.add(session.path)
        first = call.args[0] if call.args else keyword(call, "service_name")
        if isinstance(first, ast.Starred):
            first = None
        spot = spot_of(here.path, call)
        found: list[Value] = []
        values = here.of(first)
        for name in texts.whole(values):
            service = service_of_python(name)
            if service is None or (maker == "resource" and not resources.has_resources(service)):
                found.append(v.Lost(spot, is_client=maker != "resource"))
                continue
            origin = self._origin(service, session, call, here)
            found.append(v.Service(origin) if maker == "resource" else v.Client(origin))
        if not all(isinstance(value, v.Known) for value in values) or not found:
            found.append(v.Lost(spot, is_client=maker != "resource"))
        return tuple(found)

    def _origin(
        self, service: str, session: v.Session, call: ast.Call, here: Evaluation
    ) -> v.Origin:
        spot = spot_of(here.path, call)
        region_node = keyword(call, "region_name") or (call.args[1] if len(call.args) > 1 else None)
        regions = texts.whole(here.of(region_node)) if region_node is not None else []
        region = regions[0] if len(regions) == 1 else "" if region_node else session.region
        if session.has_token or keyword(call, "aws_session_token") is not None:
            self._note(spot, "it is given a session token: its calls may be those of another role")
        is_unsigned = _mentions(keyword(call, "config"), "UNSIGNED")
        is_elsewhere = self._is_elsewhere(service, keyword(call, "endpoint_url"), spot, here)
        return v.Origin(service, spot, region, is_elsewhere or is_unsigned)

    def _is_elsewhere(
        self, service: str, node: ast.expr | None, spot: Spot, here: Evaluation
    ) -> bool:
        """Say whether an endpoint is surely not one of AWS."""
        if node is None or service in _OWN_ENDPOINTS:
            return False
        hosts = [value for value in here.of(node) if not isinstance(value, v.Nothing)]
        known = [host for host in hosts if isinstance(host, v.Known)]
        foreign = [host for host in known if not _AWS_HOST.search("".join(map(_shown, host.text)))]
        if hosts and len(foreign) == len(hosts) == len(here.of(node)):
            self._note(spot, "its endpoint is not one of AWS: its calls are left out")
            return True
        if len(known) < len(hosts) or foreign:
            self._note(spot, "its endpoint may be another than AWS's; its calls are counted")
        return False

    def _note(self, spot: Spot, why: str) -> None:
        self.notes.setdefault((spot, why), Unclear(spot, why))

    # -- texts and annotations -------------------------------------------------------------

    def expression(self, node: ast.expr, evaluation: Evaluation) -> Values:
        """Return what a text, dict or list is."""
        return texts.expression(node, evaluation.of)

    def annotated(self, node: ast.expr, evaluation: Evaluation) -> Values:
        """Return what an annotation says: `S3Client`, `Table`, a class of the repository."""
        found: list[Value] = []
        for inner in self._annotations(node):
            for value in evaluation.of(inner):
                if isinstance(value, v.Class):
                    found.append(v.Instance(value.info))
                elif isinstance(value, v.External):
                    found += _of_stub(value.name, spot_of(evaluation.path, node))
        return union(tuple(found))

    def _annotations(self, node: ast.expr) -> list[ast.expr]:
        """Return the names in an annotation, also in one that is a text."""
        found: list[ast.expr] = []
        waiting: list[ast.expr] = [node]
        while waiting and len(found) < _ANNOTATION_NODES:
            one = waiting.pop(0)
            match one:
                case ast.Name() | ast.Attribute():
                    found.append(one)
                case ast.Constant(value=str() as text) if len(text) < 200:
                    waiting += self._parsed(text)
                case ast.Subscript():
                    waiting.append(one.slice)
                case ast.BinOp():
                    waiting += [one.left, one.right]
                case ast.Tuple():
                    waiting += one.elts[:8]
        return found

    def _parsed(self, text: str) -> list[ast.expr]:
        try:
            parsed = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return []
        if isinstance(parsed, ast.Constant):
            return []
        # What was evaluated is known by its identity, so it has to stay.
        self._kept.append(parsed)
        return [parsed]


def _of_stub(name: str, spot: Spot) -> Values:
    """Return what a type of the stubs for boto3 is, or a session."""
    if name in _SESSIONS:
        return (v.Session(),)
    if name in _ANY_CLIENT:
        return (v.Lost(spot, is_client=True),)
    found = _STUBS.match(name)
    if found is None:
        return ()
    service = found[1].strip("_").replace("_", "-")
    if service not in services():
        return ()
    origin = v.Origin(service, spot)
    kind = found[2]
    if kind.endswith("ServiceResource"):
        return (v.Service(origin),) if resources.has_resources(service) else ()
    if kind.endswith("Client"):
        return (v.Client(origin),)
    return (resources.open_item(origin, kind),) if kind in resources.kinds(service) else ()


def _wrapped(call: ast.Call, here: Evaluation) -> Values:
    """Return the method that something unknown is given alone: `sync_to_async(s3.head_object)`."""
    if len(call.args) != 1 or call.keywords or not isinstance(call.args[0], ast.Attribute):
        return ()
    aws = v.Client | v.Service | v.Item | v.Paginator | v.Waiter
    found = here.of(call.args[0])
    return tuple(one for one in found if isinstance(one, v.Method) and isinstance(one.of, aws))


def keyword(call: ast.Call, *names: str) -> ast.expr | None:
    """Return the value of a keyword of a call."""
    return next((one.value for one in call.keywords if one.arg in names), None)


def _mentions(node: ast.expr | None, name: str) -> bool:
    inner = [] if node is None else list(ast.walk(node))
    return any(
        (isinstance(one, ast.Name) and one.id == name)
        or (isinstance(one, ast.Attribute) and one.attr == name)
        for one in inner
    )


def _shown(part: object) -> str:
    return part if isinstance(part, str) else ""
