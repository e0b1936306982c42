"""A report of an earlier scan, read back: which credentials are to be verified.

Part of the verify stage. In: the bytes of a `leakscan.report/1`, as JSON or JSON lines; they may be
hostile. Out: `Reported`: the findings whose values stand in it, the fingerprints of the others, and
the repository that was scanned. Nothing of a value is in any complaint.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Generic, TypeVar

import msgspec

from leakscan.config import is_fingerprint
from leakscan.errors import LeakscanError
from leakscan.model import (
    Boundary,
    Credential,
    Event,
    Exposure,
    Finding,
    Fingerprint,
    Identity,
    Level,
    ObjectId,
    Occurrence,
    Part,
    Place,
    Rule,
    RuleId,
    RuleSet,
)
from leakscan.record import Record
from leakscan.redact import Secret

MAX_REPORT_BYTES: Final = 256 << 20
"""A report is held in memory whole. Of this size it has some 38 000 findings, 48 000 as JSON lines:
7.0 and 5.6 kB each, if each stands in one place; what to do about it is most of that.
"""

_SCHEMA: Final = "leakscan.report/1"
_HINT: Final = "Make one: leakscan scan --format json --output FILE"
_KEY_ID: Final = re.compile(r"[A-Z0-9]{16,32}")
# Printable, without quotes: nothing that could end a header, or a line of a message.
_VALUE: Final = re.compile(r"[A-Za-z0-9+/=_.%-]{16,16384}")
_RULE_ID: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+){0,10}")
_OBJECT_ID: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_MAX_REGIONS: Final = 64
_MAX_LINE: Final = 1 << 53

_T = TypeVar("_T")
_F = TypeVar("_F", bound="ReportedFinding")
Fingerprinting = Callable[[Identity], Fingerprint]


class ReportError(LeakscanError):
    """A file that is no report, or not all of one."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}.", hint=_HINT)


class Reported(Record, frozen=True):
    """What a report says: findings that are whole in it, and those of which it has no values.

    `refused` are findings whose values are not those of their fingerprint: somebody changed them.
    `path` is the repository that was scanned, None where it was a text. `complete` is what the
    scan itself said: whether it could read all.
    """

    findings: tuple[Finding, ...]
    masked: tuple[Fingerprint, ...]
    refused: tuple[Fingerprint, ...]
    path: str | None
    complete: bool


# -- the parts of a report that are read; what else it has is ignored ---------------------


class _Value(Record, frozen=True):
    value: str | None = None


class _Occurrence(Record, frozen=True):
    kind: Place
    event: Event
    parts: tuple[Part, ...] = ()
    blob: str | None = None
    commit: str | None = None
    path: str | None = None
    from_path: str | None = None
    name: str | None = None
    line: int | None = None


class _Exposure(Record, frozen=True):
    at_head: bool = False
    reachable: bool = False
    tips: tuple[str, ...] = ()
    leftovers: tuple[str, ...] = ()
    first_commit: str | None = None


class ReportedFinding(Record, frozen=True):
    """The parts of a finding that tell which credential it is, and where it stands."""

    fingerprint: str
    rule: str
    severity: Level
    confidence: Level
    access_key_id: str | None
    secret: _Value | None
    session_token: _Value | None
    entropy_bits: float = 0.0
    regions: tuple[str, ...] = ()
    exposure: _Exposure = _Exposure()
    occurrences: tuple[_Occurrence, ...] = ()


class _Scope(Record, frozen=True):
    kind: str


class _Target(Record, frozen=True):
    path: str
    head: str | None = None
    scope: _Scope | None = None


class _Header(Record, frozen=True):
    schema: str
    target: _Target
    complete: bool


class _Document(_Header, frozen=True):
    findings: tuple[msgspec.Raw, ...]


class _Schema(Record, frozen=True):
    schema: str = ""


class _Line(Record, frozen=True):
    type: str = ""


class _Summary(Record, frozen=True):
    complete: bool
    findings: int


class Read(Record, Generic[_F], frozen=True):
    """A report with the parts of its findings that somebody needs."""

    path: str | None
    """The repository that was scanned, None where it was a text."""
    complete: bool
    findings: Sequence[_F]
    head: str | None = None
    """What HEAD was, as far as it is not masked."""


def read_as(data: bytes, name: str, kind: type[_F]) -> Read[_F]:
    """Return a report with each finding as a `kind`; messages call it `name`.

    Raises ReportError for what is no report, of another version, or not complete.
    """
    read = _lines if _is_lines(data) else _document
    target, complete, findings = read(data, name, kind)
    for number, one in enumerate(findings, 1):
        if not is_fingerprint(one.fingerprint):
            raise ReportError(name, f"its finding {number} has no fingerprint")
    is_text = target.scope is not None and target.scope.kind == "text"
    return Read(None if is_text else target.path, complete, findings, target.head)


def read_report(data: bytes, name: str, rules: RuleSet, fingerprint_of: Fingerprinting) -> Reported:
    """Return what a report says; messages call it `name`.

    Raises ReportError for what is no report, of another version, or not complete.
    """
    read = read_as(data, name, ReportedFinding)
    known = {rule.id: rule for rule in rules.rules}
    findings: list[Finding] = []
    masked: list[Fingerprint] = []
    refused: list[Fingerprint] = []
    for one in read.findings:
        if not _is_whole(one):
            masked.append(Fingerprint(one.fingerprint))
            continue
        identity = _identity(one)
        if identity is None or fingerprint_of(identity) != one.fingerprint:
            refused.append(Fingerprint(one.fingerprint))
        else:
            findings.append(finding_of(one, identity, known))
    whole = {one.credential.fingerprint: one for one in findings}
    return Reported(
        tuple(whole.values()),
        # What stands in it with its values need not be looked up as well.
        tuple(one for one in dict.fromkeys(masked) if one not in whole),
        tuple(dict.fromkeys(refused)),
        read.path,
        read.complete,
    )


def _is_lines(data: bytes) -> bool:
    """Say whether the data begins as JSON lines do."""
    try:
        first = msgspec.json.decode(data.partition(b"\n")[0], type=_Line)
    except (ValueError, RecursionError):
        return False
    return first.type != ""


def _document(data: bytes, name: str, kind: type[_F]) -> tuple[_Target, bool, list[_F]]:
    _check_schema(data, name)
    wrong = "is not as leakscan writes it"
    document = _decode(data, _Document, name, wrong)
    found = [_decode(bytes(one), kind, name, wrong) for one in document.findings]
    return document.target, document.complete, found


def _lines(data: bytes, name: str, kind: type[_F]) -> tuple[_Target, bool, list[_F]]:
    lines = data.rstrip(b"\n").split(b"\n")
    _check_schema(lines[0], name)
    wrong = "has a line that is not as leakscan writes it"
    header = _decode(lines[0], _Header, name, wrong)
    kinds = [_decode(line, _Line, name, wrong).type for line in lines]
    found = [
        _decode(line, kind, name, wrong)
        for line, its in zip(lines, kinds, strict=True)
        if its == "finding"
    ]
    if kinds[-1] != "summary":
        raise ReportError(name, "was cut off: it ends without its summary")
    summary = _decode(lines[-1], _Summary, name, wrong)
    if summary.findings != len(found):
        raise ReportError(name, "lacks lines: its summary counts other findings")
    return header.target, header.complete and summary.complete, found


def _check_schema(data: bytes, name: str) -> None:
    """Raise ReportError for what is no JSON, or JSON of something else."""
    problem = "is no JSON, or was cut off"
    if data.lstrip()[:1] == b"[":  # As other scanners write it.
        problem = "is no report of a scan: it is a list, and one of leakscan is not"
    schema = _decode(data, _Schema, name, problem).schema
    if schema != _SCHEMA:
        raise ReportError(name, f"is no report of a scan: its schema is not {_SCHEMA}")


def _decode(data: bytes, kind: type[_T], name: str, problem: str) -> _T:
    try:
        return msgspec.json.decode(data, type=kind)
    except (ValueError, RecursionError):
        # The library's words may quote the file.
        raise ReportError(name, problem) from None


# -- findings -----------------------------------------------------------------------------


def _is_whole(one: ReportedFinding) -> bool:
    """Say whether the report holds every value that it says it has found."""
    parts = (one.secret, one.session_token)
    return all(part is None or part.value is not None for part in parts)


def key_id_of(one: ReportedFinding) -> str | None:
    """Return the access key id, None if it is no such id."""
    key_id = one.access_key_id
    return key_id if key_id is not None and _KEY_ID.fullmatch(key_id) else None


def _identity(one: ReportedFinding) -> Identity | None:
    """Return the values, None if they are not such as AWS makes."""
    key_id = key_id_of(one)
    if key_id != one.access_key_id:
        return None
    values = [part.value for part in (one.secret, one.session_token) if part is not None]
    if any(value is None or not _VALUE.fullmatch(value) for value in values):
        return None
    return Identity(
        key_id,
        _secret(one.secret, "secret-access-key"),
        _secret(one.session_token, "session-token"),
    )


def _secret(part: _Value | None, label: str) -> Secret | None:
    return Secret(part.value.encode("ascii"), label) if part and part.value else None


def finding_of(one: ReportedFinding, identity: Identity, known: dict[RuleId, Rule]) -> Finding:
    """Return a finding with the values that are given, and what the report says of it besides."""
    rule = known.get(RuleId(one.rule)) or _stand_in(one, identity)
    return Finding(
        Credential(
            fingerprint=Fingerprint(one.fingerprint),
            identity=identity,
            rule=rule,
            severity=one.severity,
            confidence=one.confidence,
            entropy_bits=one.entropy_bits,
            reasons=(),
            regions=one.regions[:_MAX_REGIONS],
        ),
        tuple(_occurrences(one)),
        # Its status is left behind: what a user names is asked about, new or accepted.
        Exposure(
            at_head=one.exposure.at_head,
            reachable=one.exposure.reachable,
            tips=tuple(map(_bytes, one.exposure.tips)),
            leftovers=tuple(map(_bytes, one.exposure.leftovers)),
            first_commit=_object_id(one.exposure.first_commit),
        ),
    )


def _occurrences(one: ReportedFinding) -> Iterator[Occurrence]:
    """Yield the places: they tell where it stands, and which credentials stand in one content."""
    for its in one.occurrences:
        yield Occurrence(
            its.kind,
            its.event,
            its.parts,
            object_id=_object_id(its.blob),
            commit=_object_id(its.commit),
            path=None if its.path is None else _bytes(its.path),
            from_path=None if its.from_path is None else _bytes(its.from_path),
            name=_bytes(its.name or ""),
            line=its.line if its.line is not None and 0 < its.line <= _MAX_LINE else None,
        )


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _object_id(text: str | None) -> ObjectId | None:
    if text is None or not _OBJECT_ID.fullmatch(text):
        return None
    return ObjectId(bytes.fromhex(text))


def _stand_in(one: ReportedFinding, identity: Identity) -> Rule:
    """Return a rule in place of one that this leakscan does not have."""
    part = Part.SECRET if identity.secret else Part.TOKEN
    return Rule(
        id=RuleId(one.rule if _RULE_ID.fullmatch(one.rule) else "unknown"),
        name="Credential of a rule that this leakscan does not have",
        description="",
        part=Part.KEY_ID if identity.access_key_id else part,
        severity=one.severity,
        confidence=one.confidence,
        keywords=(),
        pattern="",
        needle="",
        boundary=Boundary.NONE,
        min_entropy=0.0,
        near=False,
        allow=(),
        remediation="",
        references=(),
        examples=(),
        negative_examples=(),
    )
