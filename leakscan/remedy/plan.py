"""The plan for a finding: the entry of its kind of key and those of its places, as one list.

Part of the remedy stage. In: a finding with its chosen places, the catalogue, and the values of its
repository. Out: a `Plan`, or its short form for reports. Of several findings of the same kind of
key in the same kind of place it is one plan, with the commands of each.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from leakscan import aws
from leakscan.model import Finding, Remediation
from leakscan.remediation import (
    Block,
    Choice,
    Control,
    Entry,
    EntryKind,
    Phase,
    Plan,
    PlannedStep,
    Section,
    framework_name,
)
from leakscan.remedy.catalog import Catalog
from leakscan.remedy.filling import Filling
from leakscan.remedy.values import (
    Mask,
    Values,
    general,
    is_root,
    of_place,
    partition_of,
    paths_of,
    safe_paths,
    seems_root,
    values_of,
)
from leakscan.remedy.words import meanings

ROOT_KEY: Final = "aws-root-access-key"
CANARY_KEY: Final = "aws-canary-key"
USUAL_KEY: Final = "aws-rotate-access-key"
_KEYS_OF_PLACES: Final = {"service-api-key": "aws-bearer-credential"}
"""The kind of key a place is mostly about, where that is not an access key."""
_SESSION: Final = "aws-revoke-session"
_SESSION_ID: Final = "ASIA"
_MAY_BE_ROOT: Final = frozenset({USUAL_KEY, "aws-secret-without-id"})
"""Not a session, root's own neither: it has no key to delete, and ends by itself."""
_SEEMS_ROOT: Final = (
    "Taken for a key of root because it stands in a file rootkey.csv; AWS did not say whose it is. "
    "If `leakscan verify` names a user, follow `leakscan remedy aws-rotate-access-key` instead."
)
_USUAL_PARTITION: Final = "aws"
_PLACE_FIRST: Final = frozenset({Phase.REPLACE, Phase.PROVE})
_IN_SHORT: Final[Mapping[str, tuple[str, ...]]] = {
    # Security Hub's newest, and the newest there is.
    "CIS AWS Foundations Benchmark": ("5.0", "7.0"),
    "AWS Security Hub": (),
    "NIST SP 800-53": (),
    "CWE": (),
    "MITRE ATT&CK": (),
}
"""Frameworks that a report names, and of which versions; () is of all."""


def is_canary(finding: Finding) -> bool:
    """Say whether the key is a tripwire, which is left alone."""
    return aws.is_tripwire(finding.credential.identity.access_key_id, finding.verdict.state)


def key_of(finding: Finding, catalog: Catalog) -> Entry:
    """Return the entry of a finding's kind of key."""
    name = finding.credential.rule.remediation
    if is_canary(finding) and CANARY_KEY in catalog.keys:
        name = CANARY_KEY
    elif name in _MAY_BE_ROOT and _is_session(finding):
        name = _SESSION
    elif name in _MAY_BE_ROOT and ROOT_KEY in catalog.keys and is_root(finding):
        name = ROOT_KEY
    return catalog.keys.get(name) or catalog.keys[USUAL_KEY]


def _is_session(finding: Finding) -> bool:
    key_id = finding.credential.identity.access_key_id
    return key_id is not None and key_id.startswith(_SESSION_ID)


def grouped(
    findings: Iterable[Finding], catalog: Catalog, values: Values
) -> list[tuple[Finding, ...]]:
    """Return the findings that share a plan together: same kind of key and places, one partition.

    ARNs are written differently in another partition. Accounts share a plan, which says so: in a
    report of many keys the same steps would be told once for each. Of a canary the place does not
    matter: nothing is put in its place.
    """
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        is_left = is_canary(finding)
        places = () if is_left else sorted({one.id for one in finding.places})
        where = "" if is_left else partition_of(finding, values) or _USUAL_PARTITION
        groups.setdefault((key_of(finding, catalog).id, where, *places), []).append(finding)
    return [tuple(group) for group in groups.values()]


def plan_for(finding: Finding, catalog: Catalog, values: Values, mask: Mask = str) -> Plan:
    """Return what is to do about a finding."""
    return plan_for_all([finding], catalog, values, mask)


def plan_for_all(
    findings: Sequence[Finding], catalog: Catalog, values: Values, mask: Mask = str
) -> Plan:
    """Return what is to do about findings that `grouped` has put together.

    `mask` knows all secrets that are known, those of other findings too: a path may hold any.
    """
    key = key_of(findings[0], catalog)
    each = [values_of(finding, values, mask) for finding in findings]
    choices: dict[str, list[Choice]] = {}
    for finding in findings:
        for choice in () if is_canary(finding) else finding.places:
            if choice.id in catalog.places:
                choices.setdefault(choice.id, []).append(choice)
    places = [_Place(catalog.places[name], tuple(chosen)) for name, chosen in choices.items()]
    paths = safe_paths((path for finding in findings for path in paths_of(finding)), mask)
    fillings = {key.id: Filling(each, paths)}
    for place in places:
        here = [of_place(one, place.entry.id, values.host) for one in each]
        fillings[place.entry.id] = Filling(here, safe_paths(place.paths, mask))
    note = _SEEMS_ROOT if key.id == ROOT_KEY and any(map(seems_root, findings)) else ""
    return _Planner(key, places, fillings, catalog, note).plan()


def plan_of_place(entry: Entry, catalog: Catalog, values: Values) -> Plan:
    """Return the plan of a place, or of a kind of key, without any finding."""
    known = general(values) | _wished(values)
    if entry.kind is EntryKind.KEY:
        return _Planner(entry, [], {entry.id: Filling([known])}, catalog).plan()
    key = catalog.keys[_KEYS_OF_PLACES.get(entry.id, USUAL_KEY)]
    here = Filling([of_place(known, entry.id, values.host)])
    fillings = {key.id: Filling([known]), entry.id: here}
    return _Planner(key, [_Place(entry, ())], fillings, catalog).plan()


def _wished(values: Values) -> dict[str, str]:
    wished = {"account_id": values.account_id, "region": values.region}
    return {name: value for name, value in wished.items() if value}


class _Place:
    """A place of a plan, and the choices that led to it."""

    def __init__(self, entry: Entry, choices: Sequence[Choice]) -> None:
        self.entry = entry
        self.paths = tuple(dict.fromkeys(choice.path for choice in choices if choice.path))
        self.reasons = tuple(dict.fromkeys(text for choice in choices for text in choice.reasons))
        self.sure = all(choice.sure for choice in choices)


class _Planner:
    """Merges entries phase by phase, and fills them; `note` stands before the first step."""

    def __init__(
        self,
        key: Entry,
        places: Sequence[_Place],
        fillings: Mapping[str, Filling],
        catalog: Catalog,
        note: str = "",
    ) -> None:
        self._key, self._places, self._catalog = key, places, catalog
        self._fillings, self._note = fillings, note

    def plan(self) -> Plan:
        """Return the plan."""
        entries = [self._key, *(place.entry for place in self._places)]
        steps = tuple(self._steps())
        sections = tuple(map(self._section, self._places))
        why = self._fillings[self._key.id].text(self._key.why)
        cautions = tuple(
            dict.fromkeys(
                self._fillings[entry.id].text(text) for entry in entries for text in entry.cautions
            )
        )
        fillings = self._fillings.values()
        left = {word: meaning for one in fillings for word, meaning in one.open.items()}
        return Plan(
            key=self._key.id,
            title=self._key.title,
            why=why,
            places=sections,
            steps=steps,
            cautions=cautions,
            open_values={**left, **meanings(_blocks(steps, sections))},
            controls=tuple(self._controls(entries)),
            references=tuple(dict.fromkeys(link for entry in entries for link in entry.references)),
            values=_joined(one.used for one in fillings),
        )

    def _steps(self) -> Iterator[PlannedStep]:
        places = [place.entry for place in self._places]
        note = [self._note] if self._note else []
        for phase in Phase:
            order = [*places, self._key] if phase in _PLACE_FIRST else [self._key, *places]
            for entry in order:
                for step in entry.steps:
                    if step.phase is phase:
                        parts = (*note, *self._fillings[entry.id].parts(step.parts))
                        yield PlannedStep(entry.id, phase, parts)
                        note = []

    def _section(self, place: _Place) -> Section:
        entry, filling = place.entry, self._fillings[place.entry.id]
        trust, terraform, cloudformation = (
            filling.block(block) if block else None
            for block in (entry.trust, entry.terraform, entry.cloudformation)
        )
        return Section(
            id=entry.id,
            title=entry.title,
            mechanism=entry.mechanism,
            why=filling.text(entry.why),
            reasons=place.reasons,
            paths=place.paths,
            sure=place.sure,
            trust=trust,
            terraform=terraform,
            cloudformation=cloudformation,
        )

    def _controls(self, entries: Sequence[Entry]) -> Iterator[Control]:
        for name in dict.fromkeys(name for entry in entries for name in entry.controls):
            if name in self._catalog.controls:
                yield self._catalog.controls[name]


def _joined(used: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return what was filled in, by placeholder; each place has a role of its own."""
    values: dict[str, dict[str, None]] = {}
    for one in used:
        for name, value in one.items():
            values.setdefault(name, {})[value] = None
    return {name: ", ".join(found) for name, found in values.items()}


def _blocks(steps: Iterable[PlannedStep], sections: Iterable[Section]) -> Iterator[Block]:
    """Yield all that is copied."""
    for step in steps:
        yield from (part for part in step.parts if isinstance(part, Block))
    for section in sections:
        for block in (section.trust, section.terraform, section.cloudformation):
            if block is not None:
                yield block


# -- the short form -----------------------------------------------------------------------


def remediation_of(plan: Plan) -> Remediation:
    """Return a plan as reports have it: each step in one line, commands between backticks."""
    mechanisms = tuple(dict.fromkeys(place.mechanism for place in plan.places))
    return Remediation(
        id=plan.key,
        title=plan.title,
        mechanism="; ".join(mechanisms),
        steps=tuple(" ".join(_line(step.parts)) for step in plan.steps),
        controls=tuple(control_lines(plan.controls)),
        references=plan.references,
        phases=tuple(step.phase.value for step in plan.steps),
    )


def _line(parts: Iterable[str | Block]) -> Iterator[str]:
    """Yield sentences and commands; a file is named where the plan shows it whole."""
    for part in parts:
        if isinstance(part, str):
            yield part
        elif part.language == "sh":
            yield from map(_command, part.commands)
        elif part.file:
            yield f"({part.file} is shown by `leakscan remedy`)"
        else:
            yield "(shown by `leakscan remedy`)"


def _command(command: str) -> str:
    """Return a command between backticks; one with a backtick in it would end there."""
    return (
        f"`{command}`" if "`" not in command else "(a command that is shown by `leakscan remedy`)"
    )


def control_lines(controls: Iterable[Control]) -> list[str]:
    """Return the numbers of controls, those of one version of a framework in one line."""
    numbers: dict[tuple[str, str], list[str]] = {}
    for control in controls:
        for framework, versions in control.numbers.items():
            for version, found in versions.items():
                wanted = _IN_SHORT.get(framework, ("",))
                if framework in _IN_SHORT and (not wanted or version in wanted):
                    numbers.setdefault((framework, version), []).extend(found)
    order = list(_IN_SHORT)
    names = sorted(numbers, key=lambda one: (order.index(one[0]), one[1]))
    return [f"{framework_name(*one)}: {', '.join(sorted(set(numbers[one])))}" for one in names]
