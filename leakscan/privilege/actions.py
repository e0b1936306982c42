"""Which IAM actions a call needs.

Part of the privilege stage. In: `Call`, with its arguments taken apart. Out: `Wanted` for each
action, or that nobody knows. An operation needs the action of the same name where IAM has one;
patterns/privilege/actions.yaml says where that is not so. Nothing else is tried.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from botocore.exceptions import DataNotFoundError, UnknownServiceError
from botocore.loaders import Loader
from msgspec import field

from leakscan.permissions import Call
from leakscan.privilege.arguments import given
from leakscan.privilege.tables import Row, Rule, Tables
from leakscan.record import Record

_SAME: Final = "same"
_ROLE_MEMBERS: Final = ("role", "rolearn", "servicerole", "servicerolearn", "executionrolearn")
_MAX_MEMBERS: Final = 2000


class Wanted(Record, frozen=True):
    """An action that a call needs.

    `types` are the resource types that are meant, none for those of the table, and `*` for a call
    that has no resource. `members` are names of arguments that resources.yaml has otherwise. `path`
    is what follows the region in the ARN of an API that is its own path.
    """

    action: str
    types: tuple[str, ...] = ()
    members: dict[str, str] = field(default_factory=dict)
    reason: str = ""
    path: str = ""
    passed_to: str = ""
    """For iam:PassRole: the service that is given the role, empty where that is not known."""
    role: str = ""
    """For iam:PassRole: the argument that names it."""
    hole: str = ""
    """For iam:PassRole: a word for a role that no argument names."""


class Actions(Record, frozen=True):
    """What a call needs; `is_known` is False where IAM has no such action and nobody says which."""

    wanted: tuple[Wanted, ...]
    is_known: bool = True


_UNKNOWN: Final = Actions((), is_known=False)
_NOTHING: Final = Actions(())


def prefix_of(service: str, tables: Tables) -> str | None:
    """Return the prefix in IAM of a service of botocore's; None where IAM has no such service."""
    ours = tables.actions.prefixes.get(service)
    if ours is not None:
        return ours
    facts = _metadata(service)
    names = (facts.get("signingName", ""), facts.get("endpointPrefix", ""), service)
    return next((name for name in names if tables.has_prefix(name)), None)


def actions_of(call: Call, tables: Tables) -> Actions:
    """Return what a call needs."""
    data = tables.actions
    prefix = prefix_of(call.service, tables)
    operation = _operation(call.service, call.operation)
    if call.operation in data.free.get(call.service, ()) or _is_unsigned(operation):
        return _NOTHING
    if prefix is None or call.operation in data.unknown.get(call.service, ()):
        return _UNKNOWN
    if call.service in data.by_http:
        return _by_http(operation, prefix)
    rules = data.operations.get(call.service, {}).get(call.operation, (_SAME,))
    own = tuple(_by_rules(rules, call, prefix, tables))
    if not own or any(tables.row(one.action) is None for one in own):
        return _UNKNOWN
    return Actions((*own, *_passed(call, own, tables)))


def _by_rules(
    rules: tuple[Rule | str, ...], call: Call, prefix: str, tables: Tables
) -> Iterator[Wanted]:
    for one in rules:
        rule = one if isinstance(one, Rule) else Rule(one)
        if rule.when and not any(given(call.arguments, name) for name in rule.when):
            continue
        if any(given(call.arguments, name) for name in rule.unless):
            continue
        action = f"{prefix}:{call.operation}" if rule.action == _SAME else rule.action
        row = tables.row(action)
        name = action if row is None else row.name
        yield Wanted(name, rule.types, rule.members, rule.reason)


def _by_http(operation: Mapping[str, Any], prefix: str) -> Actions:
    """Return the action of an API that IAM knows by its HTTP methods.

    Source: API Gateway Developer Guide, "Control access to manage an API with IAM".
    """
    http = operation.get("http", {})
    if not http:
        return _UNKNOWN
    path = str(http.get("requestUri", "/")).partition("?")[0].removeprefix("/v2")
    return Actions((Wanted(f"{prefix}:{http['method']}", path=path),))


def _passed(call: Call, own: tuple[Wanted, ...], tables: Tables) -> Iterator[Wanted]:
    """Yield iam:PassRole for each role that the call hands to a service."""
    ours = tables.actions.passed.get(call.service)
    names = dict.fromkeys(name for name in call.arguments if ours and name in ours.members)
    rows = (tables.row(one.action) for one in own)
    if any(row is not None and "iam:PassRole" in row.depends for row in rows):
        names |= dict.fromkeys(name for name in call.arguments if _is_role(name))
    for name in names:
        reason = f"{call.operation} hands a role to a service ({name})"
        service = ours.service if ours else ""
        yield Wanted("iam:PassRole", ("role",), {}, reason, passed_to=service, role=name)
    word = ours.implied.get(call.operation, "") if ours and not names else ""
    if ours and word:
        reason = f"{call.operation} hands a role to a service that no argument names"
        yield Wanted("iam:PassRole", ("role",), {}, reason, passed_to=ours.service, hole=word)


def _is_role(name: str) -> bool:
    return name.rpartition(".")[2].lower() in _ROLE_MEMBERS


def notes_of(call: Call, tables: Tables) -> Iterator[str]:
    """Yield what the call needs besides that it does not show, a sentence each."""
    for note in tables.actions.notes:
        if call.operation not in note.calls.get(call.service, ()):
            continue
        if not note.when or any(given(call.arguments, name) for name in note.when):
            yield note.says


def level_of(action: str, tables: Tables) -> str:
    """Return AWS's access level of an action, such as Read or Permissions management."""
    row: Row | None = tables.row(action)
    return "" if row is None else row.level


def required_members(call: Call) -> frozenset[str]:
    """Return the members that the operation always needs, at the top of its input."""
    return _required(call.service, call.operation)


@cache
def _loader() -> Loader:
    return Loader()


@cache
def _model(service: str) -> Mapping[str, Any]:
    try:
        model: Mapping[str, Any] = _loader().load_service_model(service, "service-2")
    except (DataNotFoundError, UnknownServiceError):
        return {}
    return model


def _metadata(service: str) -> Mapping[str, str]:
    found: Mapping[str, str] = _model(service).get("metadata", {})
    return found


def _operation(service: str, operation: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = _model(service).get("operations", {}).get(operation, {})
    return found


def _required(service: str, operation: str) -> frozenset[str]:
    shape = _operation(service, operation).get("input", {}).get("shape")
    found = _model(service).get("shapes", {}).get(shape, {})
    return frozenset(found.get("required", ()))


def top_members(call: Call) -> tuple[str, ...]:
    """Return the members at the top of the operation's input."""
    shape = _operation(call.service, call.operation).get("input", {}).get("shape")
    found = _model(call.service).get("shapes", {}).get(shape, {})
    return tuple(found.get("members", ()))[:_MAX_MEMBERS]


def _is_unsigned(operation: Mapping[str, Any]) -> bool:
    return operation.get("authtype") == "none" or operation.get("auth") == ["smithy.api#noAuth"]
