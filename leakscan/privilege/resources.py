"""On which resources a call needs its actions.

Part of the privilege stage. In: `Wanted` and its call. Out: `Aim`: ARNs with holes, conditions, and
what the holes stand for. `*` alone stands only where IAM lets no resource be named; what a call
does not say becomes a variable, or `*` within the ARN where there are many such values.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from leakscan.permissions import Call, Hole, Text
from leakscan.privilege.actions import Wanted, required_members
from leakscan.privilege.arns import NO_ARNS, Place, filled, is_arn, partition_of, variables
from leakscan.privilege.members import generic, main_variable, members_of, plain, takes_arn
from leakscan.privilege.names import as_arn_of, as_name, condition_value
from leakscan.privilege.spellings import as_arn, written
from leakscan.privilege.tables import Row, Tables
from leakscan.privilege.texts import begins, joined, literal, named, opened, word_of
from leakscan.record import Record

Conditions = dict[str, dict[str, tuple[str, ...]]]

ANYTHING: Final[tuple[Text, ...]] = (("*",),)
_MAX_TYPES: Final = 8
_NAMESPACE: Final = r"[A-Za-z0-9 ._/#:-]{1,255}"
_ALIAS: Final = r"(?:arn:[a-z0-9:-]{1,80}:)?alias/[A-Za-z0-9/_-]{1,250}"
_ANY_NAME: Final = ".{1,2048}"
_CREATES: Final = ("Create", "Register", "Import", "Request", "Allocate", "Run", "Purchase")
"""Begins operations that make a thing, whose id nobody knows before."""
_LABEL: Final = r"[\w.~@:-]{1,256}"
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
    spaces = [condition_value(text, _NAMESPACE) for text in call.arguments.get("Namespace", ())]
    if wanted.action == "cloudwatch:PutMetricData" and spaces and None not in spaces:
        return {"StringEquals": {"cloudwatch:namespace": tuple(sorted(map(str, spaces)))}}
    return {}


def _by_path(path: str, call: Call, place: Place) -> Text:
    """Return the ARN of a path of API Gateway, with the call's values in it.

    Source: API Gateway Developer Guide, "Resource format of permissions".
    """
    known = {plain(name): texts[0] for name, texts in call.arguments.items() if len(texts) == 1}
    start = f"arn:{place.partition}:apigateway:"
    parts: list[str | Hole] = [start, *place.values["Region"], "::"]
    done = 0
    for found in _URI_LABEL.finditer(path):
        parts += path[done : found.start()], *_label(known.get(plain(found[1])), found[1])
        done = found.end()
    return joined(*parts, path[done:])


def _label(value: Text | None, name: str) -> Text:
    """Return what stands for a label of a path."""
    if value is None:
        return ("*",)
    word = word_of(name)
    return named(as_name(value, _LABEL) or (Hole(word),), word)


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
        self._used: set[str] = set()
        self._is_own = not (wanted.members or wanted.role or wanted.hole)
        self._is_strict = False
        self._conditions: Conditions = {}

    def aim(self) -> Aim:
        found = self._found()
        if self._wanted.passed_to:
            self._conditions = {"StringEquals": {"iam:PassedToService": (self._wanted.passed_to,)}}
        self._words |= {name: said for name, said in _common_words().items() if _has(found, name)}
        return Aim(tuple(dict.fromkeys(found)), self._conditions, self._words)

    def _found(self) -> list[Text]:
        kinds = self._kinds()
        named_by_arn = list(self._of_any_kind()) if self._is_own else []
        if named_by_arn:
            return [*named_by_arn, *self._of_kinds(filter(self._is_named, kinds))]
        is_bare = self._wanted.action in self._tables.resources.beside
        if is_bare and not any(map(self._is_named, kinds)):
            return list(ANYTHING)
        if not kinds:
            return [self._anything_of_service()]
        found = list(self._of_kinds(kinds))
        if len(kinds) == 1 and self._is_own and not self._used and self._has_required():
            self._is_strict = True
            found = list(self._of_kinds(kinds))
        return found

    def _has_required(self) -> bool:
        """Say whether the call gives a text that its operation needs."""
        return not required_members(self._call).isdisjoint(self._call.arguments)

    # -- by its ARN -----------------------------------------------------------------------

    def _of_any_kind(self) -> Iterator[Text]:
        """Yield the resources that the call names by members for the ARN of any type."""
        forms = [
            self._tables.arn_format(self._prefix, kind)
            for kind in (*self._row.required, *self._row.optional)
        ]
        services = {form.split(":")[2] for form in forms if form.startswith("arn:")}
        for member in generic(self._call):
            for text in self._call.arguments[member]:
                yield self._whole_arn(as_arn(text, "Arn"), member, services, forms)

    def _whole_arn(
        self, text: Text, member: str, services: Collection[str], forms: Sequence[str]
    ) -> Text:
        word = _word(member)
        word = word if word.endswith("ARN") else f"{word}_ARN"
        said = begins(text).split(":")
        service = next((one for one in services if said[2:3] == [one]), "-")
        text = (Hole(word),) if text == (Hole("_ARN"),) else text
        arn = as_arn_of(text, service, word, self._place.partition)
        self._tell(arn, member, next(iter(forms), ""))
        return arn

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

    def _of_kinds(self, kinds: Iterable[str]) -> Iterator[Text]:
        kinds = tuple(kinds)
        forms = [self._tables.arn_format(self._prefix, kind) for kind in kinds]
        for kind, form in zip(kinds, forms, strict=True):
            if not self._is_of_another(kind, form, forms):
                yield from self._of_kind(kind, form)

    def _is_of_another(self, kind: str, form: str, forms: Sequence[str]) -> bool:
        """Say whether what names this type is the ARN of another one that the action takes."""
        given = [literal(text) or "" for _, text in self._given(kind, _main(form))]
        return bool(given) and all(
            not _matches(one, form) and any(_matches(one, other) for other in forms)
            for one in given
        )

    def _of_kind(self, kind: str, form: str) -> Iterator[Text]:
        known = [*self._known(form)]
        if known:
            yield from known
            return
        values = {name: self._values(kind, name, form) for name in variables(form)}
        place = self._place
        if kind == "foundation-model" and "ProfileId" in self._call.arguments:
            place = replace(place, region="*")  # A profile sends a call to any of its regions.
        yield from filled(form, values, place)

    def _known(self, form: str) -> Iterator[Text]:
        """Yield the ARNs of this type that an event names, or any argument of the call."""
        for one in self._call.resources:
            if _matches(one, form):
                arn = as_arn_of((one,), one.split(":")[2], "", self._place.partition)
                if literal(arn) is not None:
                    yield arn

    def _values(self, kind: str, name: str, form: str) -> list[Text]:
        """Return what stands for a variable of a format."""
        data = self._tables.resources
        is_many = name in data.many or f"{name}.{self._prefix}" in data.many
        found: list[Text] = []
        for member, text in self._given(kind, name):
            self._used.add(member)
            found += self._normal(kind, name, form, (member, text), is_many=is_many)
        if not found:
            found = [self._missing(kind, name, form, is_many=is_many)]
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
        return members_of(self._call, self._wanted, self._tables, kind, name)

    def _missing(self, kind: str, name: str, form: str, *, is_many: bool) -> Text:
        """Return what stands for a variable that the call does not give."""
        default = self._tables.resources.defaults.get(f"{self._prefix}.{name}")
        if default is not None:
            return (default,)
        if self._wanted.hole and self._prefix == "iam":
            return (Hole(self._wanted.hole),)
        members = {self._wanted.members.get(one, one) for one in self._members(kind, name)}
        asked = f"{self._prefix}.{name}" in self._tables.resources.asked
        needed = asked or required_members(self._call) & members or not form.startswith("arn:")
        is_its_id = self._is_strict and name == _main(form) and not self._is_made(name)
        needed = needed or is_its_id
        return (Hole(word_of(name)),) if needed and not is_many else ("*",)

    def _is_made(self, name: str) -> bool:
        """Say whether a variable is an id that the operation makes."""
        return self._call.operation.startswith(_CREATES) and plain(name).endswith("id")

    def _normal(
        self, kind: str, name: str, form: str, given: tuple[str, Text], *, is_many: bool
    ) -> Iterator[Text]:
        """Yield an argument as the ARN has it."""
        member, text = given
        word = _word(member)
        if self._prefix == "kms" and kind == "key" and _is_alias(text):
            yield self._by_alias(text, word)
        elif self._wanted.role and "nstanceProfile" in member:
            yield (Hole("INSTANCE_ROLE"),)
        else:
            text = (Hole(word),) if text == (Hole(""),) and not is_many else text
            for one in written(self._prefix, name, as_arn(text, member)):
                yield self._checked(name, form, (member, one), is_many=is_many)

    def _checked(self, name: str, form: str, given: tuple[str, Text], *, is_many: bool) -> Text:
        """Return a name or an ARN that fits, a variable for anything else."""
        member, text = given
        word = _word(member)
        if name not in NO_ARNS and is_arn(text):
            service = form.split(":")[2] if form.startswith("arn:") else ""
            return as_arn_of(text, service, word, self._place.partition)
        if takes_arn(member) and literal(text) is not None:
            return (Hole(word),)
        names = self._tables.resources.names
        fits = as_name(text, names.get(f"{self._prefix}.{name}", _ANY_NAME))
        if fits is None:
            return (Hole(word),)
        return opened(fits) if is_many else named(fits, word)

    def _by_alias(self, text: Text, word: str) -> Text:
        """Name a key by its alias: an ARN of a key cannot.

        A service that asks KMS for a caller names the key by its id, and not by its alias.

        Source: KMS Developer Guide, "Use aliases to control access to KMS keys".
        """
        alias = condition_value(text, _ALIAS)
        is_asked = self._call.service == "kms"
        key = "kms:RequestAlias" if is_asked else "kms:ResourceAliases"
        if alias is None or "kms:RequestAlias" not in self._row.conditions:
            return (Hole(word),)
        name = alias[alias.index("alias/") :]
        how = "StringEquals" if is_asked else "ForAnyValue:StringEquals"
        operator = self._conditions.setdefault(how, {})
        operator[key] = (*operator.get(key, ()), name)
        return ("*",)

    def _tell(self, text: Text, name: str, form: str) -> None:
        for part in text:
            if isinstance(part, Hole):
                said = "the whole ARN" if is_arn((part,)) else name
                shape = _VARIABLE.sub(r"\1", form.replace("${Partition}", self._place.partition))
                self._words.setdefault(part.name, f"{said} in {shape}")


def _word(member: str) -> str:
    """Return a word for what a member holds: one thing of a list."""
    word = word_of(member.rpartition(".")[2])
    return word[:-1] if word.endswith("ARNS") else word


def _main(form: str) -> str:
    return main_variable(variables(form))


def _has(texts: Sequence[Text], name: str) -> bool:
    return any(Hole(name) in text for text in texts)


def _is_alias(text: Text) -> bool:
    first = text[0] if text else ""
    if isinstance(first, Hole):
        return "ALIAS" in first.name
    return first.startswith("alias/") or ":alias/" in first


def _matches(arn: str, form: str) -> bool:
    """Say whether an ARN is one of a format, by its service and what stands before the name."""
    has, wanted = arn.split(":", 5), form.split(":", 5)
    if len(has) != len(wanted) or len(has) < 3 or has[2] != wanted[2]:
        return False
    name = "[^:]+" if wanted[2] in _SLASHED else "[^/:]+"
    pattern = _QUOTED_VARIABLE.sub(name, re.escape(wanted[5]))
    pattern = pattern.replace(r"\-\?\?\?\?\?\?", "").replace(r":\*", r"(:\*)?")
    if form.endswith("${BucketName}/${ObjectName}"):
        pattern = "[^/:]+/.+"
    return re.fullmatch(pattern, has[5], re.DOTALL) is not None
