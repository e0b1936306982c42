"""The types of `leakscan.report/1`, the JSON contract that every format is made from.

`schema/report-1.json` says the same for readers outside Python, and says what each key
means; a test holds the two together. So it is with `leakscan.verdicts/1`, what `leakscan verify`
writes, and the plan of its dry run.
"""

from typing import NotRequired, TypedDict


class RulesDoc(TypedDict):
    """The rule set that was used."""

    version: str
    hash: str


class ToolDoc(TypedDict):
    """The program that made the report."""

    name: str
    version: str
    rules: RulesDoc


class ScopeDoc(TypedDict):
    """The part of a repository that was asked for."""

    kind: str
    include: list[str]
    exclude: list[str]
    commits: int


class TargetDoc(TypedDict):
    """What was scanned."""

    path: str
    head: str | None
    refs: int
    shallow: bool
    partial: bool
    alternates: list[str]
    replace_refs: int
    grafts: bool
    object_format: str
    scope: ScopeDoc | None


class ObjectsDoc(TypedDict):
    """Distinct objects."""

    expected: int
    scanned: int


class ElsewhereDoc(TypedDict):
    """Things the repository names but keeps elsewhere; at most `MAX_NAMES` of their names."""

    count: int
    names: list[str]


class NotInStoreDoc(TypedDict):
    """What a scan of this store cannot hold."""

    submodules: ElsewhereDoc
    lfs: ElsewhereDoc


class CoverageDoc(TypedDict):
    """The proof of what was read."""

    objects: ObjectsDoc
    by_kind: dict[str, int]
    bytes_scanned: int
    not_in_store: NotInStoreDoc
    seconds: float


class ReasonDoc(TypedDict):
    """One piece of evidence."""

    name: str
    effect: int
    text: str


class SecretDoc(TypedDict):
    """A secret: its mask, and its value only where the user asked to reveal it."""

    masked: str
    value: NotRequired[str]


class VerdictDoc(TypedDict):
    """What is known about liveness."""

    state: str
    text: str | None
    code: str | None
    cause: str | None
    why: str | None
    arn: str | None
    identity: str | None
    account_id: str | None
    asked: list[str]
    checked_at: str | None
    request_id: str | None
    kept: bool


class RemoteDoc(TypedDict):
    """A remote that has the credential."""

    remote: str
    ref: str
    commit: str | None
    since: str | None


class ExposureDoc(TypedDict):
    """Since when, until when and from where the credential can be had."""

    introduced_at: str | None
    removed_at: str | None
    at_head: bool
    reachable: bool
    refs: list[str]
    refs_total: int
    tips_total: int
    leftovers_total: int
    tips: list[str]
    leftovers: list[str]
    first_commit: str | None
    last_commit: str | None
    remotes: list[RemoteDoc]


class OccurrenceDoc(TypedDict):
    """One place of the credential and what happened there."""

    kind: str
    event: str
    parts: list[str]
    commit: str | None
    author: str | None
    email: str | None
    date: str | None
    path: str | None
    from_path: str | None
    name: str | None
    line: int | None
    column: int | None
    blob: str | None
    encoding: str
    member: str | None
    at_boundary: bool
    allowed_by: str | None


class ChosenDoc(TypedDict):
    """A kind of place that was chosen for one path, and why."""

    id: str
    title: str
    mechanism: str
    path: str | None
    reasons: list[str]
    sure: bool


class RemediationDoc(TypedDict):
    """What to do now."""

    id: str
    title: str
    mechanism: str
    steps: list[str]
    phases: list[str]
    controls: list[str]
    references: list[str]
    places: list[ChosenDoc]


class AcceptedDoc(TypedDict):
    """Why triage does not call a finding new."""

    source: str
    entry: str
    reason: str


class FindingDoc(TypedDict):
    """A credential with its whole life in this repository."""

    fingerprint: str
    rule: str
    title: str
    severity: str
    confidence: str
    status: str
    accepted: AcceptedDoc | None
    reasons: list[ReasonDoc]
    access_key_id: str | None
    account_id: str | None
    key_generation: str | None
    secret: SecretDoc | None
    session_token: SecretDoc | None
    regions: list[str]
    entropy_bits: float
    verdict: VerdictDoc
    exposure: ExposureDoc
    occurrences: list[OccurrenceDoc]
    remediation: RemediationDoc | None


class SkippedDoc(TypedDict):
    """Something that belongs to the scan and was not read, matched or traced."""

    object: str | None
    kind: str
    path: str | None
    reason: str
    detail: str


class NoteDoc(TypedDict):
    """What is wrong with an entry of a baseline or an allowlist, or with a comment."""

    kind: str
    where: str
    entry: str
    text: str


class HeaderDoc(TypedDict):
    """The report without its lists: the first line of JSON lines."""

    schema: str
    tool: ToolDoc
    target: TargetDoc
    complete: bool
    coverage: CoverageDoc


class ReportDoc(HeaderDoc):
    """The whole report."""

    findings: list[FindingDoc]
    skipped: list[SkippedDoc]
    notes: list[NoteDoc]


class PlaceDoc(TypedDict):
    """A place that holds a credential, or held it."""

    kind: str
    path: str | None
    name: str | None
    line: int | None
    commit: str | None


class VerifiedDoc(TypedDict):
    """A credential with its verdict and its first places."""

    fingerprint: str
    rule: str
    title: str
    severity: str
    confidence: str
    access_key_id: str | None
    account_id: str | None
    key_generation: str | None
    regions: list[str]
    secret: SecretDoc | None
    session_token: SecretDoc | None
    places: list[PlaceDoc]
    places_total: int
    verdict: VerdictDoc
    inspection: object


class VerdictsDoc(TypedDict):
    """What `leakscan verify` writes: `leakscan.verdicts/1`."""

    schema: str
    tool: ToolDoc
    complete: bool
    calls: int
    findings: list[VerifiedDoc]
    not_found: list[str]


class PlannedDoc(TypedDict):
    """Whether a credential would be asked about, of whom, and why not."""

    fingerprint: str
    access_key_id: str | None
    account_id: str | None
    key_generation: str | None
    candidates: int
    hosts: list[str]
    text: str


class PlanDoc(TypedDict):
    """What `leakscan verify --dry-run` writes: `leakscan.verify-plan/1`."""

    schema: str
    planned: list[PlannedDoc]
