"""What boto3's resources do, from boto3's own descriptions of them.

Part of the usage stage. In: a service resource, a resource or a collection, and the name of an
attribute as code has it. Out: what it is, and which operation it is. boto3 is an extra; without it
there are no resources.
"""

from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from botocore import xform_name
from botocore.exceptions import DataNotFoundError, UnknownServiceError
from botocore.loaders import Loader
from botocore.model import ServiceModel, StructureShape

from leakscan.permissions import Hole, Text
from leakscan.record import Record
from leakscan.usage.operations import loader, operation_of_waiter
from leakscan.usage.python import values as v
from leakscan.usage.syntax import hole

# boto3's descriptions are JSON of many shapes; only this module reads them.
_Json = dict[str, Any]

PASSING: Final = frozenset(["all", "filter", "limit", "page_size", "pages"])
_TRANSFERS: Final = {
    ("Bucket", "upload_file"): "upload",
    ("Bucket", "upload_fileobj"): "upload",
    ("Bucket", "download_file"): "download",
    ("Bucket", "download_fileobj"): "download",
    ("Bucket", "copy"): "copy",
    ("Object", "upload_file"): "upload",
    ("Object", "upload_fileobj"): "upload",
    ("Object", "download_file"): "download",
    ("Object", "download_fileobj"): "download",
    ("Object", "copy"): "copy",
}


class Done(Record, frozen=True):
    """An operation that a resource does, with what it fills in itself; by its path in the input."""

    operation: str
    filled: tuple[tuple[tuple[str, ...], tuple[Text, ...]], ...]


def has_resources(service: str) -> bool:
    """Say whether boto3 has resources of a service."""
    return bool(_described(service))


def kinds(service: str) -> frozenset[str]:
    """Return the names of a service's resources."""
    return frozenset(_described(service).get("resources", {}))


def open_item(origin: v.Origin, kind: str) -> v.Item:
    """Return a resource of which nothing but its kind is known."""
    described = _described(origin.service)["resources"][kind]
    names = [one["name"] for one in described.get("identifiers", ())]
    return v.Item(
        origin, kind, tuple((name, ((_hole_of(kind, name),),)) for name in names), is_loaded=False
    )


def identifier(item: v.Item, name: str) -> tuple[Text, ...]:
    """Return an identifier of a resource by its name in Python; nothing where it has none."""
    return next((texts for key, texts in item.identifiers if xform_name(key) == name), ())


def made(owner: v.Service | v.Item, name: str, given: list[tuple[Text, ...]]) -> v.Item | None:
    """Return the resource of `s3.Bucket("x")` or `bucket.Acl()`; `given` are the arguments."""
    described = _of(owner)
    for one in described.get("has", {}):
        resource = described["has"][one]["resource"]
        if name not in {one, xform_name(one)} or any(
            i.get("source") == "data" for i in resource.get("identifiers", ())
        ):
            continue
        return _item(owner, resource, iter(given), is_loaded=False)
    if isinstance(owner, v.Service) and name in kinds(owner.origin.service):
        # A service resource makes every resource, with all that identifies it.
        identifiers = _described(owner.origin.service)["resources"][name].get("identifiers", ())
        sources = [{"target": one["name"], "source": "input"} for one in identifiers]
        return _item(owner, {"type": name, "identifiers": sources}, iter(given), is_loaded=False)
    return None


def related(item: v.Item, name: str) -> v.Item | None:
    """Return the resource of an attribute such as `instance.vpc`, whose id is in the data."""
    for one, described in _of(item).get("has", {}).items():
        if xform_name(one) == name:
            return _item(item, described["resource"], iter(()), is_loaded=False)
    return None


def element(collection: v.Collection) -> v.Item | None:
    """Return a resource of a collection."""
    resource = _many(collection).get("resource")
    return _item(collection.owner, resource, iter(()), is_loaded=True) if resource else None


def collection(owner: v.Service | v.Item, name: str) -> v.Collection | None:
    """Return the collection of an attribute such as `bucket.objects`."""
    names = (one for one in _of(owner).get("hasMany", {}) if xform_name(one) == name)
    found = next(names, None)
    return v.Collection(owner, found) if found else None


def listing(one: v.Collection) -> Done | None:
    """Return what a collection calls when it is gone through."""
    return _done(one.owner, _many(one).get("request"))


def batch(one: v.Collection, name: str) -> Done | None:
    """Return what `bucket.objects.delete()` calls for each page."""
    resource = _many(one).get("resource", {}).get("type", "")
    kind = _described(one.owner.origin.service).get("resources", {}).get(resource, {})
    for action, described in kind.get("batchActions", {}).items():
        if xform_name(action) == name:
            inner = element(one)
            return _done(inner, described.get("request")) if inner else None
    return None


def action(owner: v.Service | v.Item, name: str) -> tuple[Done, v.Item | None] | None:
    """Return what a method of a resource calls, and the resource that it gives, if one."""
    described = _of(owner)
    for one, what in described.get("actions", {}).items():
        if xform_name(one) == name:
            done = _done(owner, what.get("request"))
            resource = what.get("resource")
            given = _item(owner, resource, iter(()), is_loaded=True) if resource else None
            return (done, given) if done else None
    if name in {"load", "reload"} and isinstance(owner, v.Item):
        loading = load(owner)
        return (loading, None) if loading else None
    for one, what in described.get("waiters", {}).items():
        if f"wait_until_{xform_name(one)}" == name:
            operation = operation_of_waiter(owner.origin.service, what["waiterName"])
            request = {"operation": operation, "params": what.get("params", ())}
            done = _done(owner, request) if operation else None
            return (done, None) if done else None
    return None


def transfer(item: v.Item, name: str) -> str:
    """Return upload, download or copy for a method that boto3 adds, or nothing."""
    return _TRANSFERS.get((item.kind, name), "") if item.origin.service == "s3" else ""


def load(item: v.Item) -> Done | None:
    """Return what a resource calls to know its attributes. boto3 adds two of its own.

    Source: boto3, `boto3/s3/inject.py`: a bucket is looked for in the list of all.
    """
    if item.origin.service == "s3" and item.kind == "Bucket":
        return Done("ListBuckets", ())
    if item.origin.service == "s3" and item.kind == "ObjectSummary":
        return _done(item, {"operation": "HeadObject", "params": _BUCKET_AND_KEY})
    return _done(item, _of(item).get("load", {}).get("request"))


def is_data(item: v.Item, name: str) -> bool:
    """Say whether an attribute is of the data that a resource loads, not an identifier."""
    if identifier(item, name) or item.is_loaded:
        return False
    shape = _of(item).get("shape")
    return shape is not None and name in _attributes(item.origin.service, shape)


_BUCKET_AND_KEY: Final = (
    {"target": "Bucket", "source": "identifier", "name": "BucketName"},
    {"target": "Key", "source": "identifier", "name": "Key"},
)


@cache
def _attributes(service: str, shape: str) -> frozenset[str]:
    model = ServiceModel(loader().load_service_model(service, "service-2"), service)
    found = model.shape_for(shape)
    if not isinstance(found, StructureShape):
        return frozenset()
    return frozenset(xform_name(name) for name in found.members)


def _item(
    owner: v.Service | v.Item,
    resource: _Json,
    given: Iterator[tuple[Text, ...]],
    *,
    is_loaded: bool,
) -> v.Item:
    """Return a resource with the identifiers that are known."""
    described = _described(owner.origin.service)["resources"][resource["type"]]
    sources = {one["target"]: one for one in resource.get("identifiers", ())}
    found: list[tuple[str, tuple[Text, ...]]] = []
    for one in described.get("identifiers", ()):
        name = one["name"]
        source = sources.get(name, {})
        texts: tuple[Text, ...] = ()
        if source.get("source") == "identifier" and isinstance(owner, v.Item):
            texts = dict(owner.identifiers).get(source["name"], ())
        elif source.get("source") == "input":
            texts = next(given, ())
        found.append((name, texts or ((_hole_of(resource["type"], name),),)))
    return v.Item(owner.origin, resource["type"], tuple(found), is_loaded)


def _hole_of(kind: str, name: str) -> Hole:
    return hole(kind) if name in {"Name", "Id", "Arn", "Url"} else hole(name)


def _done(owner: v.Service | v.Item, request: _Json | None) -> Done | None:
    """Return the operation of a request with the members that boto3 fills in."""
    if not request:
        return None
    identifiers = dict(owner.identifiers) if isinstance(owner, v.Item) else {}
    filled: list[tuple[tuple[str, ...], tuple[Text, ...]]] = []
    for one in request.get("params", ()):
        path = tuple(part.partition("[")[0] for part in one["target"].split("."))
        if one["source"] == "identifier" and one["name"] in identifiers:
            filled.append((path, identifiers[one["name"]]))
        elif one["source"] == "string":
            filled.append((path, ((str(one["value"]),),)))
    return Done(request["operation"], tuple(filled))


def _many(one: v.Collection) -> _Json:
    found: _Json = _of(one.owner).get("hasMany", {}).get(one.name, {})
    return found


def _of(owner: v.Service | v.Item) -> _Json:
    described = _described(owner.origin.service)
    if isinstance(owner, v.Service):
        found: _Json = described.get("service", {})
    else:
        found = described.get("resources", {}).get(owner.kind, {})
    return found


@cache
def _described(service: str) -> _Json:
    spec = find_spec("boto3")
    if spec is None or spec.origin is None:
        return {}
    data = Path(spec.origin).with_name("data")
    try:
        found: _Json = Loader([str(data)], include_default_search_paths=False).load_service_model(
            service, "resources-1"
        )
    except (DataNotFoundError, UnknownServiceError):
        return {}
    return found
