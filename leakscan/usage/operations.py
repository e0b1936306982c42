"""What AWS's services can do, from botocore's models: operations, their inputs, waiters.

Part of the usage stage. In: names as code has them. Out: the API's own names, or None where
there is no such thing. A model is read when it is first asked for; no client is made.
"""

from collections.abc import Mapping
from functools import cache
from typing import Final

from botocore import xform_name
from botocore.exceptions import DataNotFoundError, UnknownServiceError
from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape

from leakscan.record import Record
from leakscan.usage.services import services

_NAMES: Final = ("SSEKMSKeyId",)
"""Shapes that the model calls sensitive and that are the name of something, as of a KMS key."""
_DEPTH: Final = 6
_MEMBERS: Final = 4000


class Member(Record, frozen=True):
    """A text in the input of an operation, by the name of its shape in the model.

    `is_keys` says that the texts are the keys of a map, such as tables in `RequestItems`;
    `is_many` that one call may name several: in a list, or as keys. `is_secret` says that the model
    calls it sensitive: that it is given is known, and what is given is not.
    """

    shape: str
    is_many: bool = False
    is_keys: bool = False
    is_required: bool = False
    is_secret: bool = False


def operation_of(service: str, method: str) -> str | None:
    """Return the operation of a method of a Python client: `put_object` -> `PutObject`."""
    return _by_method(service).get(method)


def operation_by_name(service: str, name: str) -> str | None:
    """Return the operation of a name in any SDK: `putObject`, `PutObject`, `put-object`."""
    return _by_plain_name(service).get(_plain(name))


def operations(service: str) -> frozenset[str]:
    """Return all operations of a service; none of an unknown one."""
    return frozenset(_by_method(service).values())


def operation_of_waiter(service: str, name: str) -> str | None:
    """Return what a waiter calls, by its name in any SDK: `bucket_exists` -> `HeadBucket`."""
    return _waiters(service).get(_plain(name))


@cache
def members(service: str, operation: str) -> Mapping[str, Member]:
    """Return the texts of an operation's input, by their names from the top, joined by dots.

    Lists stand for their elements: `TransactItems.Put.TableName`. A map stands for its keys.
    """
    model = _model(service)
    if model is None or operation not in operations(service):
        return {}
    shape = model.operation_model(operation).input_shape
    found: dict[str, Member] = {}
    if shape is not None:
        _collect(shape, "", found, (), is_many=False)
    return found


@cache
def required(service: str, operation: str) -> tuple[str, ...]:
    """Return the members that an operation cannot go without, in the model's order."""
    model = _model(service)
    if model is None or operation not in operations(service):
        return ()
    shape = model.operation_model(operation).input_shape
    return tuple(shape.required_members) if isinstance(shape, StructureShape) else ()


def _collect(
    shape: Shape, path: str, found: dict[str, Member], above: tuple[str, ...], *, is_many: bool
) -> None:
    """Add the texts below a structure; shapes that hold themselves are followed once."""
    if not isinstance(shape, StructureShape) or shape.name in above or len(above) >= _DEPTH:
        return
    for name, member in shape.members.items():
        if len(found) >= _MEMBERS:
            return
        here, inner, many = f"{path}{name}", member, is_many
        while isinstance(inner, ListShape):
            inner, many = inner.member, True
        if isinstance(inner, MapShape):
            found[here] = Member(inner.key.name, is_many=True, is_keys=True)
        elif inner.type_name == "string":
            needed = not path and name in shape.required_members
            is_secret = bool(inner.metadata.get("sensitive")) and inner.name not in _NAMES
            found[here] = Member(inner.name, is_many=many, is_required=needed, is_secret=is_secret)
        else:
            _collect(inner, f"{here}.", found, (*above, shape.name), is_many=many)


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


@cache
def loader() -> Loader:
    """Return what reads botocore's own models; what a user added to theirs is not AWS's."""
    return Loader([Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)


@cache
def _model(service: str) -> ServiceModel | None:
    if service not in services():
        return None
    return ServiceModel(loader().load_service_model(service, "service-2"), service)


@cache
def _by_method(service: str) -> dict[str, str]:
    model = _model(service)
    return {} if model is None else {xform_name(name): name for name in model.operation_names}


@cache
def _by_plain_name(service: str) -> dict[str, str]:
    return {_plain(name): name for name in _by_method(service).values()}


@cache
def _waiters(service: str) -> dict[str, str]:
    described = _described(service, "waiters-2").get("waiters", {})
    return {_plain(name): waiter["operation"] for name, waiter in described.items()}


def _described(service: str, kind: str) -> dict[str, dict[str, dict[str, str]]]:
    if service not in services():
        return {}
    try:
        described: dict[str, dict[str, dict[str, str]]] = loader().load_service_model(service, kind)
    except (DataNotFoundError, UnknownServiceError):
        return {}
    return described
