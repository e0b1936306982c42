"""What a key was used for, from events of CloudTrail.

Part of the privilege stage. In: events, as values of JSON or as their texts. Out: `Trail`. Events
are untrusted: they hold what whoever used the key sent. Sizes and depths are bounded, and what is
left out is counted.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from msgspec import field

from leakscan.permissions import Call, Spot, Text, Usage
from leakscan.privilege.actions import top_members
from leakscan.privilege.tables import Tables
from leakscan.record import Record, State
from leakscan.usage.operations import operations
from leakscan.usage.services import services

MAX_EVENTS: Final = 500_000
_MAX_DEPTH: Final = 6
_MAX_VALUES: Final = 200
_MAX_TEXT: Final = 1024
_MAX_SOURCES: Final = 20
_MAX_OTHERS: Final = 10_000
_VERSIONED: Final = re.compile(
    r"(?P<name>[A-Za-z]+?)(?:20[0-9]{6}|20[0-9]{2}_[0-9]{2}_[0-9]{2})(?:v[0-9]+)?\Z"
)
_HOST: Final = re.compile(r"([a-z0-9.-]{1,60})\.amazonaws\.com(?:\.cn)?\Z")
_NAME: Final = re.compile(r"[A-Za-z0-9]{1,128}\Z")
_REGION: Final = re.compile(r"[a-z]{2}(?:-[a-z]{1,10}){1,3}-[0-9]{1,2}\Z")
_ACCOUNT: Final = re.compile(r"[0-9]{12}\Z")
_ARN: Final = re.compile(
    r"arn:aws[a-z-]{0,20}:[a-z0-9-]{1,60}:[a-z0-9-]{0,30}:[0-9]{0,12}:[ -~]{1,1024}\Z"
)
_KEY_ID: Final = re.compile(r"A[KS]IA[A-Z0-9]{12,124}\Z")
_DENIED: Final = (
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "Client.UnauthorizedOperation",
    "AuthorizationError",
    "AuthorizationErrorException",
)
_MAKES_SESSIONS: Final = ("AssumeRole", "GetSessionToken", "GetFederationToken")
_RENAMED: Final = {("s3", "bucketName"): "Bucket", ("s3", "key"): "Key"}


class Sources(State):
    """From where an action was asked for: addresses and programs, the first of each."""

    addresses: dict[str, None] = field(default_factory=dict)
    agents: dict[str, None] = field(default_factory=dict)


class Trail(State):
    """What events say. `calls` succeeded, `refused` were denied, `sources` are by operation."""

    calls: list[Call] = field(default_factory=list)
    refused: list[Call] = field(default_factory=list)
    unknown: list[Spot] = field(default_factory=list)
    sources: dict[str, Sources] = field(default_factory=dict)
    sessions: set[str] = field(default_factory=set)
    """Ids of temporary keys that were made with the key."""
    by_other: dict[str, int] = field(default_factory=dict)
    """Events of other keys that the file holds, by their ids; of the most not kept apart, by ""."""
    by_root: int = 0
    """Events of the account's root user, whom no policy binds."""
    failed: int = 0
    not_read: int = 0
    first: str = ""
    last: str = ""
    gaps: tuple[str, ...] = ()
    """What could not be looked up, a sentence without its end each."""

    @property
    def by_sessions(self) -> int:
        """Return how many events are of sessions that were made with the key."""
        return sum(number for name, number in self.by_other.items() if name in self.sessions)

    @property
    def others(self) -> int:
        """Return how many events are of keys that have nothing to do with it."""
        return sum(self.by_other.values()) - self.by_sessions

    @property
    def usage(self) -> Usage:
        """Return what was done, as if code had asked for it."""
        return Usage(tuple(self.calls), (), {"CloudTrail": len(self.calls)}, {})


class _Event(Record, frozen=True):
    """One event, as far as it is of the form of CloudTrail's."""

    data: Mapping[str, Any]

    def text(self, name: str) -> str:
        value = self.data.get(name)
        return value[:_MAX_TEXT] if isinstance(value, str) else ""

    def inner(self, name: str) -> Mapping[str, Any]:
        value = self.data.get(name)
        return value if isinstance(value, dict) else {}

    @property
    def key_id(self) -> str:
        value = self.inner("userIdentity").get("accessKeyId")
        return value if isinstance(value, str) else ""


def trail(events: Iterable[object], key_ids: frozenset[str], tables: Tables) -> Trail:
    """Return what the events say of keys; of all keys where none is named."""
    found = Trail()
    for number, one in enumerate(events):
        event = _event(one)
        if event is None or number >= MAX_EVENTS:
            found.not_read += 1
            continue
        _take(event, key_ids, found, tables)
    return found


def key_ids_of(events: Iterable[object]) -> Counter[str]:
    """Return the keys that events are of, with how many; what has none, as AWS's own, not."""
    found = (event.key_id for one in events if (event := _event(one)) is not None)
    return Counter(one for one in found if _KEY_ID.match(one))


def _event(one: object) -> _Event | None:
    if isinstance(one, str | bytes):
        try:
            one = json.loads(one)
        except (ValueError, RecursionError):
            return None
    if not isinstance(one, dict) or not isinstance(one.get("eventName"), str):
        return None
    return _Event(one)


def _take(event: _Event, key_ids: frozenset[str], found: Trail, tables: Tables) -> None:
    if key_ids and event.key_id not in key_ids:
        known = event.key_id in found.by_other or len(found.by_other) < _MAX_OTHERS
        name = event.key_id if known else ""
        found.by_other[name] = found.by_other.get(name, 0) + 1
        return
    if key_ids:
        found.sessions |= _sessions(event)
    found.by_root += event.inner("userIdentity").get("type") == "Root"
    spot = _spot(event)
    call = _call(event, spot, tables)
    _remember(event, call, found)
    code = event.text("errorCode")
    if call is None:
        found.unknown.append(spot)
    elif code in _DENIED:
        found.refused.append(call)
    elif code:
        # The permission was there; what was asked for was not, or was wrong.
        found.failed += 1
        found.calls.append(call)
    else:
        found.calls.append(call)


def _sessions(event: _Event) -> set[str]:
    """Return the ids of keys that an event handed out."""
    if event.text("eventName") not in _MAKES_SESSIONS:
        return set()
    made = event.inner("responseElements").get("credentials")
    key_id = made.get("accessKeyId") if isinstance(made, dict) else None
    return {key_id} if isinstance(key_id, str) and _KEY_ID.match(key_id) else set()


def _spot(event: _Event) -> Spot:
    host = _HOST.match(event.text("eventSource"))
    name = event.text("eventName")
    known = host[1] if host else "?"
    return Spot(event.text("eventID")[:64], 0, f"{known}:{name if _NAME.match(name) else '?'}")


def _call(event: _Event, spot: Spot, tables: Tables) -> Call | None:
    host = _HOST.match(event.text("eventSource"))
    if host is None:
        return None
    service, operation = _named(host[1], event.text("eventName"), tables)
    if not service:
        return None
    region, account = event.text("awsRegion"), event.text("recipientAccountId")
    bare = Call(
        service,
        operation,
        {},
        spot,
        resources=tuple(_resources(event)),
        region=region if _REGION.match(region) else "",
        account=account if _ACCOUNT.match(account) else "",
    )
    return _with_arguments(bare, event.inner("requestParameters"))


def _named(host: str, name: str, tables: Tables) -> tuple[str, str]:
    """Return botocore's names of the service and the operation of an event; empty if unknown."""
    found = _VERSIONED.match(name)
    operation = found["name"] if found else name
    short = host.partition(".")[0]
    known = tables.actions.event_sources
    for service in (*known.get(host, ()), *known.get(short, ()), host, short):
        if service in services() and operation in operations(service):
            return service, operation
    return "", ""


def _resources(event: _Event) -> Iterator[str]:
    listed = event.data.get("resources")
    for one in listed[:_MAX_VALUES] if isinstance(listed, list) else ():
        arn = one.get("ARN") if isinstance(one, dict) else None
        if isinstance(arn, str) and _ARN.match(arn):
            yield arn


def _with_arguments(call: Call, parameters: Mapping[str, Any]) -> Call:
    members = {name.lower(): name for name in top_members(call)}
    arguments: dict[str, tuple[Text, ...]] = {}
    if call.service == "ec2":
        parameters = {**parameters, **_items(parameters)}
    for given, value in parameters.items():
        name = _RENAMED.get((call.service, given)) or members.get(given.lower())
        if name is None and call.service == "ec2":
            name = members.get(f"{given.lower()}s")
        if name is None:
            continue
        for path, text in _texts(name, value, 0):
            if len(arguments) < _MAX_VALUES and len(arguments.get(path, ())) < _MAX_VALUES:
                arguments[path] = (*arguments.get(path, ()), (text,))
    if call.service == "dynamodb" and "RequestItems" in members.values():
        arguments |= _tables_of(parameters)
    return Call(
        call.service,
        call.operation,
        arguments,
        call.spot,
        call.resources,
        call.region,
        call.account,
    )


def _items(parameters: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return what EC2 keeps in sets: {"instancesSet": {"items": [{"imageId": "ami-1"}]}}."""
    found: dict[str, list[Any]] = {}
    for value in list(parameters.values())[:_MAX_VALUES]:
        items = value.get("items") if isinstance(value, dict) else None
        for one in items[:_MAX_VALUES] if isinstance(items, list) else ():
            for name, inner in list(one.items())[:_MAX_VALUES] if isinstance(one, dict) else ():
                if isinstance(inner, str):
                    found.setdefault(name, []).append(inner)
    return found


def _tables_of(parameters: Mapping[str, Any]) -> dict[str, tuple[Text, ...]]:
    items = parameters.get("requestItems")
    names = list(items)[:_MAX_VALUES] if isinstance(items, dict) else []
    return {"RequestItems": tuple((name[:_MAX_TEXT],) for name in names)} if names else {}


def _texts(name: str, value: object, depth: int) -> Iterator[tuple[str, str]]:
    """Yield the texts in a value, by their path as the model spells it where that is known."""
    if isinstance(value, str) and value:
        yield name, value[:_MAX_TEXT]
    elif depth < _MAX_DEPTH and isinstance(value, list):
        for one in value[:_MAX_VALUES]:
            yield from _texts(name, one, depth + 1)
    elif depth < _MAX_DEPTH and isinstance(value, dict):
        is_capital = name[:1].isupper()
        for key, one in list(value.items())[:_MAX_VALUES]:
            inner = f"{key[:1].upper()}{key[1:]}" if is_capital else key
            yield from _texts(f"{name}.{inner}"[:_MAX_TEXT], one, depth + 1)


def _remember(event: _Event, call: Call | None, found: Trail) -> None:
    when = event.text("eventTime")[:20]
    found.first = min(found.first or when, when) or when
    found.last = max(found.last, when)
    name = f"{call.service}:{call.operation}" if call is not None else _spot(event).said
    sources = found.sources.setdefault(name, Sources())
    if len(sources.addresses) < _MAX_SOURCES:
        sources.addresses[event.text("sourceIPAddress")[:64]] = None
    if len(sources.agents) < _MAX_SOURCES:
        sources.agents[event.text("userAgent")[:120]] = None
