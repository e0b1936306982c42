"""On which resources a call needs its actions.

Part of the privilege stage. In: `Wanted` and its call. Out: `Aim`: ARNs with holes, conditions, and
what the holes stand for. `*` alone stands only where IAM lets no resource be named; what a call
does not say becomes a variable, or `*` within the ARN where there are many such values.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from leakscan.permissions import Call, Hole, Text
from leakscan.privilege.actions import Wanted, required_members, top_members
from leakscan.privilege.arns import Place, filled, is_arn, partition_of, variables
from leakscan.privilege.spellings import as_arn, written
from leakscan.privilege.tables import Row, Tables
from leakscan.privilege.texts import joined, literal, named, opened, quoted, word_of
from leakscan.record import Record

Conditions = dict[str, dict[str, tuple[str, ...]]]

ANYTHING: Final[tuple[Text, ...]] = (("*",),)
_MAX_TYPES: Final = 8
_ENDS: Final = ("", "name", "id", "arn", "identifier", "names", "ids", "arns")
_PLAIN: Final = re.compile(r"[^a-z0-9]")
_URI_LABEL: Final = re.compile(r"\{(\w+)\+?\}")
_QUOTED_VARIABLE: Final = re.compile(r"\\\$\\\{\w+\\\}")
_SLASHED: Final = ("secretsmanager", "ssm", "logs", "iam")
"""Services whose names of resources hold slashes."""
_VARIABLE: Final = re.compile(r"\$\{(\w+)\}")


class Aim(Record, frozen=True):
    """What an action is needed on; `words` says what each hole stands for."""

    resources: tuple[Text, ...]
    conditions: Conditions
    words: dict[str, str]


def aim(wanted: Wanted, call: Call, place: Place, tables: Tables) -> Aim:
    """Return the resources of an action that a call needs."""
    place = _place(call, place)
    if wanted.path:
        return Aim((_by_path(wanted.path, call, place),), {}, _common_words())
    row = tables.row(wanted.action)
    if row is None or "*" in wanted.types or not (row.required or row.optional):
        return Aim(ANYTHING, _conditions_of_all(wanted, call), {})
    return _Aiming(wanted, call, place, tables, row).aim()


def _place(call: Call, place: Place) -> Place:
    region = call.region or place.region
    partition = partition_of(region) if region else place.partition
    return Place(partition, region, call.account or place.account)


def _common_words() -> dict[str, str]:
    return {
        "REGION": "the AWS Region, such as eu-west-1",
        "ACCOUNT_ID": "the 12 digits of the AWS account",
    }


def _conditions_of_all(wanted: Wanted, call: Call) -> Conditions:
    """Narrow an action without resources where a condition on what the call says can."""
    spaces = [literal(text) for text in call.arguments.get("Namespace", ())]
    if wanted.action == "cloudwatch:PutMetricData" and spaces and None not in spaces:
        return {"StringEquals": {"cloudwatch:namespace": tuple(sorted(map(str, spaces)))}}
    return {}


def _by_path(path: str, call: Call, place: Place) -> Text:
    """Return the ARN of a path of API Gateway, with the call's values in it.

    Source: API Gateway Developer Guide, "Resource format of permissions".
    """
    known = {_plain(name): texts[0] for name, texts in call.arguments.items() if len(texts) == 1}
    start = f"arn:{place.partition}:apigateway:"
    parts: list[str | Hole] = [start, *place.values["Region"], "::"]
    done = 0
    for found in _URI_LABEL.finditer(path):
        value = known.get(_plain(found[1]))
        parts += path[done : found.start()], *(("*",) if value is None else quoted(value))
        done = found.end()
    return named(joined(*parts, path[done:]), "")


class _Aiming:
    """Finds the resources of one action of one call."""

    def __init__(self, wanted: Wanted, call: Call, place: Place, tables: Tables, row: Row) -> None:
        self._wanted = wanted
        self._call = call
        self._place = place
        self._tables = tables
        self._row = row
        self._prefix = wanted.action.partition(":")[0]
        self._words: dict[str, str] = {}
        self._conditions: Conditions = {}

    def aim(self) -> Aim:
        found: list[Text] = []
        kinds = self._kinds()
        if not kinds:
            found.append(self._anything_of_service())
        for kind in kinds:
            found += self._of_kind(kind)
        if self._wanted.passed_to:
            self._conditions = {"StringEquals": {"iam:PassedToService": (self._wanted.passed_to,)}}
        self._words |= {name: said for name, said in _common_words().items() if _has(found, name)}
        return Aim(tuple(dict.fromkeys(found)), self._conditions, self._words)

    # -- which types ----------------------------------------------------------------------

    def _kinds(self) -> tuple[str, ...]:
        """Return the resource types that the call means; none where they are too many to say."""
        if self._wanted.types:
            return self._wanted.types
        meant = self._tables.resources.meant.get(self._wanted.action)
        if meant is not None:
            return meant[:1] + tuple(kind for kind in meant[1:] if self._is_named(kind))
        optional = tuple(kind for kind in self._row.optional if self._is_named(kind))
        if self._row.required or optional:
            return self._row.required + optional
        ours = self._tables.resources.members.get(self._prefix, {})
        known = tuple(kind for kind in self._row.optional if kind in ours)
        kinds = known or self._row.optional
        return kinds if len(kinds) <= _MAX_TYPES else ()

    def _is_named(self, kind: str) -> bool:
        """Say whether the call names a resource of this type: its last variable is given."""
        form = self._tables.arn_format(self._prefix, kind)
        names = variables(form)
        if not names:
            return False
        if any(_matches(one, form) for one in self._call.resources):
            return True
        return bool(self._given(kind, names[-1]))

    def _anything_of_service(self) -> Text:
        place = self._place.values
        start = f"arn:{self._place.partition}:{self._prefix}:"
        return joined(start, *place["Region"], ":", *place["Account"], ":*")

    # -- one type -------------------------------------------------------------------------

    def _of_kind(self, kind: str) -> Iterator[Text]:
        form = self._tables.arn_format(self._prefix, kind)
        known = [one for one in self._call.resources if _matches(one, form)]
        if known:
            yield from (quoted((one,)) for one in known)
            return
        values = {name: self._values(kind, name, form) for name in variables(form)}
        place = self._place
        if kind == "foundation-model" and "ProfileId" in self._call.arguments:
            place = replace(place, region="*")  # A profile sends a call to any of its regions.
        yield from filled(form, values, place)

    def _values(self, kind: str, name: str, form: str) -> list[Text]:
        """Return what stands for a variable of a format."""
        data = self._tables.resources
        is_many = name in data.many or f"{name}.{self._prefix}" in data.many
        found: list[Text] = []
        for member, text in self._given(kind, name):
            found += self._normal(kind, name, member, text, is_many=is_many)
        if not found:
            found = [self._missing(kind, name, is_many=is_many)]
        for text in found:
            self._tell(text, name, form)
        return list(dict.fromkeys(found))

    def _given(self, kind: str, name: str) -> list[tuple[str, Text]]:
        """Return the arguments that say what a variable is, with the member they come from."""
        for member in self._members(kind, name):
            renamed = self._wanted.members.get(member, member)
            if self._wanted.role and self._prefix == "iam":
                renamed = self._wanted.role
            texts = self._call.arguments.get(renamed)
            if texts is not None:
                return [(renamed, text) for text in texts]
        return []

    def _members(self, kind: str, name: str) -> tuple[str, ...]:
        ours = self._tables.resources.members.get(self._prefix, {}).get(kind, {}).get(name)
        if ours is not None:
            return ours
        wanted = {_plain(name), f"{_plain(name)}s"}
        if len(variables(self._tables.arn_format(self._prefix, kind))) == 1:
            wanted |= {_plain(kind) + end for end in _ENDS}
        found = (*self._call.arguments, *top_members(self._call))
        return tuple(dict.fromkeys(one for one in found if _plain(one) in wanted))

    def _missing(self, kind: str, name: str, *, is_many: bool) -> Text:
        """Return what stands for a variable that the call does not give."""
        default = self._tables.resources.defaults.get(f"{self._prefix}.{name}")
        if default is not None:
            return (default,)
        if self._wanted.hole and self._prefix == "iam":
            return (Hole(self._wanted.hole),)
        members = {self._wanted.members.get(one, one) for one in self._members(kind, name)}
        asked = f"{self._prefix}.{name}" in self._tables.resources.asked
        needed = asked or required_members(self._call) & members
        return (Hole(word_of(name)),) if needed and not is_many else ("*",)

    def _normal(
        self, kind: str, name: str, member: str, text: Text, *, is_many: bool
    ) -> Iterator[Text]:
        """Yield an argument as the ARN has it."""
        text = quoted(text)
        if self._prefix == "kms" and kind == "key" and _is_alias(text):
            self._by_alias(text)
            yield ("*",)
        elif self._wanted.role and "nstanceProfile" in member:
            yield (Hole("INSTANCE_ROLE"),)
        elif is_many:
            yield opened(text)
        else:
            text = named(text, word_of(member.rpartition(".")[2]))
            yield from written(self._prefix, name, as_arn(text, member))

    def _by_alias(self, text: Text) -> None:
        """Name a key by its alias: an ARN of a key cannot.

        Source: KMS Developer Guide, "Use aliases to control access to KMS keys".
        """
        alias = literal(text)
        if alias is None or "kms:RequestAlias" not in self._row.conditions:
            return
        name = alias[alias.index("alias/") :]
        operator = self._conditions.setdefault("StringEquals", {})
        operator["kms:RequestAlias"] = (*operator.get("kms:RequestAlias", ()), name)

    def _tell(self, text: Text, name: str, form: str) -> None:
        for part in text:
            if isinstance(part, Hole):
                said = "the whole ARN" if is_arn((part,)) else name
                shape = _VARIABLE.sub(r"\1", form.replace("${Partition}", self._place.partition))
                self._words.setdefault(part.name, f"{said} in {shape}")


def _has(texts: Sequence[Text], name: str) -> bool:
    return any(Hole(name) in text for text in texts)


def _plain(name: str) -> str:
    return _PLAIN.sub("", name.lower())


def _is_alias(text: Text) -> bool:
    first = text[0] if text else ""
    if isinstance(first, Hole):
        return "ALIAS" in first.name
    return first.startswith("alias/") or ":alias/" in first


def _matches(arn: str, form: str) -> bool:
    """Say whether an ARN is one of a format, by its service and what stands before the name."""
    has, wanted = arn.split(":", 5), form.split(":", 5)
    if len(has) != len(wanted) or has[2] != wanted[2]:
        return False
    name = "[^:]+" if wanted[2] in _SLASHED else "[^/:]+"
    pattern = _QUOTED_VARIABLE.sub(name, re.escape(wanted[5]))
    pattern = pattern.replace(r"\-\?\?\?\?\?\?", "").replace(r":\*", r"(:\*)?")
    if form.endswith("${BucketName}/${ObjectName}"):
        pattern = "[^/:]+/.+"
    return re.fullmatch(pattern, has[5], re.DOTALL) is not None
