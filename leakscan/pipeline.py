"""One straight pipe: source, match, score, trace, triage, verify, remedy; out comes a ScanResult.

Knows neither the command line nor the terminal; what the caller wants to see of the progress goes
to an `Observer`.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from msgspec import field
from msgspec.structs import replace

from leakscan.history.base import Source
from leakscan.history.glance import Glance
from leakscan.model import (
    DEEP_PATH,
    Candidate,
    Content,
    Coverage,
    Credential,
    Finding,
    Kind,
    Level,
    NotInStore,
    ObjectId,
    RuleSet,
    ScanResult,
    Sighting,
    Skipped,
    SkipReason,
    Target,
    TriageNote,
)
from leakscan.record import Record, State
from leakscan.redact import Secret
from leakscan.verdict import VerdictState

if TYPE_CHECKING:  # Of a push, nothing is mostly all that is found; then nothing is traced.
    from leakscan.history.survey import Harvest
    from leakscan.trace.findings import Findings
    from leakscan.trace.tracer import Traced
    from leakscan.trace.values import Values

_SLASH = ord("/")
_SECRET_BYTES = 40
_NAME_AND_SECRET_BYTES = 512
_READ_ALL_THE_SAME = frozenset({SkipReason.NOT_TRACED, SkipReason.MATCH_TIMEOUT})
"""Reasons that do not say that an object was not read."""


class Observer(Protocol):
    """Is told how far the scan is."""

    def start(self, objects: int) -> None:
        """Hear how many objects there are to read."""
        ...

    def advance(self, objects: int, size_bytes: int) -> None:
        """Hear how many objects were read so far, and how many bytes."""
        ...

    def stage(self, name: str) -> None:
        """Hear what is being done now."""
        ...


class Matching(Protocol):
    """The match stage as the pipeline needs it."""

    @property
    def width(self) -> int:
        """Bytes that anything it suspects can span at most."""
        ...

    def suspects(self, data: bytes) -> bool:
        """Say whether there may be candidates: never no where `match` yields one."""
        ...

    def match(self, content: Content) -> Iterator[Candidate | Skipped]:
        """Yield the candidates in a content."""
        ...


class Scoring(Protocol):
    """The score stage as the pipeline needs it."""

    def score(self, content: Content, candidates: Sequence[Candidate]) -> list[Sighting]:
        """Return the credentials among the candidates of one content."""
        ...

    def conclude(self, sightings: Sequence[Sighting], paths: Collection[bytes]) -> Credential:
        """Return the credential that some sightings at some paths amount to."""
        ...


class MakeStages(Protocol):
    """Makes the stages; is sent to the processes that read, which make their own."""

    def __call__(self) -> "Stages":
        """Return the stages of this process."""
        ...


class Remedying(Protocol):
    """The remedy stage as the pipeline needs it."""

    def choose(
        self,
        source: Source | None,
        findings: Sequence[Finding],
        is_over: Callable[[], bool] = lambda: False,
    ) -> list[Finding]:
        """Return findings, the worst first, with the kinds of place they stand in.

        By their paths alone where there is no source to read, or when the time `is_over`.
        """
        ...

    def fill(self, findings: Sequence[Finding], target: Target | None) -> list[Finding]:
        """Return findings with what to do about each, by its places and its verdict."""
        ...


class Stages(Record, frozen=True):
    """The implementations a scan is wired from."""

    rules: RuleSet
    matcher: Matching
    scorer: Scoring
    remedy: Remedying

    @property
    def width(self) -> int:
        """Bytes that anything suspected can span at most."""
        return self.matcher.width

    def suspects(self, data: bytes) -> bool:
        """Say whether a content may hold something: never no where `look` yields anything."""
        return self.matcher.suspects(data)

    def look(self, content: Content) -> Iterator[Sighting | Skipped]:
        """Match and score one content."""
        candidates: list[Candidate] = []
        for item in self.matcher.match(content):
            if isinstance(item, Skipped):
                yield item
            else:
                candidates.append(item)
        if candidates:
            from leakscan.triage.comments import with_markers

            yield from with_markers(content, self.scorer.score(content, candidates))


class _Tally(State):
    """What was read so far."""

    seen: dict[ObjectId, Kind] = field(default_factory=dict)
    bytes_scanned: int = 0
    sightings: list[Sighting] = field(default_factory=list)
    damaged: dict[ObjectId, Skipped] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    lost_because: SkipReason = SkipReason.UNREADABLE
    """Why expected objects were not read, if that is known of none of them."""

    def count(self, read: "Glance | Harvest") -> None:
        """Count what was read."""
        for kind, ids in read.read.items():
            self.seen.update(dict.fromkeys(ids, kind))
        self.bytes_scanned += read.bytes_scanned

    def keep(self, item: Sighting | Skipped) -> None:
        """Keep a sighting, or what was not read: objects are for the trace to explain."""
        if isinstance(item, Sighting):
            self.sightings.append(item)
        elif item.object_id is not None and item.reason not in _READ_ALL_THE_SAME:
            self.damaged[item.object_id] = item
            self.seen.pop(item.object_id, None)
        else:
            self.skipped.append(item)


class Judging(Protocol):
    """The triage stage as the pipeline needs it."""

    def judge(
        self, findings: Sequence[Finding], *, complete: bool
    ) -> tuple[list[Finding], list[TriageNote]]:
        """Return the findings with their status, and what is wrong with baseline and allowlist."""
        ...


class Verifying(Protocol):
    """The verify stage as the pipeline needs it."""

    def verify(self, findings: Sequence[Finding]) -> list[Finding]:
        """Return the findings with what AWS says of them."""
        ...


class Followed(Record, frozen=True):
    """What became of what was seen, through history."""

    values: "Values"
    traced: "Traced"
    builder: "Findings"


class Examined(Record, frozen=True):
    """What a source holds, before triage and report; `objects` were read, by their kind."""

    source: Source
    followed: "Followed | None"
    findings: list[Finding]
    skipped: list[Skipped]
    objects: Mapping[Kind, int]
    bytes_scanned: int


def scan(
    source: Source,
    make_stages: MakeStages,
    observer: Observer,
    clock: Callable[[], float],
    triage: Judging | None = None,
) -> ScanResult:
    """Scan everything a source has. `clock` gives seconds."""
    started = clock()
    examined = examine(source, make_stages, observer)
    complete = not examined.skipped
    findings, notes = judged(examined.findings, triage, complete=complete)
    stages = make_stages()
    if findings:
        observer.stage("looking where the keys stand")
        findings = placed(source, findings, stages.remedy)
    return conclude(examined, stages, findings, notes, clock() - started)


def placed(
    source: Source,
    findings: Sequence[Finding],
    remedy: Remedying,
    is_over: Callable[[], bool] = lambda: False,
) -> list[Finding]:
    """Return findings with the kinds of place they stand in; the source has to be open still."""
    return remedy.choose(source, sorted(findings, key=_worst_first), is_over) if findings else []


def judged(
    findings: list[Finding], triage: Judging | None, *, complete: bool = True
) -> tuple[list[Finding], list[TriageNote]]:
    """Return what triage says of what was found; without one, everything is as it was."""
    return triage.judge(findings, complete=complete) if triage is not None else (findings, [])


def verified(result: ScanResult, verifier: Verifying, remedy: Remedying) -> ScanResult:
    """Return a result with what AWS says of its findings, the worst first again.

    What to do follows anew: a verdict names the user or the role.
    """
    findings = sorted(verifier.verify(result.findings), key=_worst_first)
    return replace(result, findings=tuple(remedy.fill(findings, result.target)))


def examine(
    source: Source,
    make_stages: MakeStages,
    observer: Observer,
    is_over: Callable[[], bool] = lambda: False,
    *,
    is_range: bool = False,
) -> Examined:
    """Read, match and trace everything a source has; what is left when `is_over` is Skipped.

    The store as a whole is followed whatever was seen: it may lack what it refers to. A range says
    itself what it lacks, so where all was read and nothing seen, there is nothing to follow.
    """
    stages = make_stages()
    tally = _read(source, make_stages, stages, observer, is_over)
    _assert_all_read(source, tally)
    followed = None
    if not is_range or tally.sightings or tally.skipped or tally.damaged:
        observer.stage("tracing")
        followed = _follow(source, tally)
    return Examined(
        source,
        followed,
        _findings(stages, tally.sightings, followed.builder) if followed else [],
        _without_repeats([*tally.skipped, *followed.traced.skipped]) if followed else [],
        dict(sorted(Counter(tally.seen.values()).items())),
        tally.bytes_scanned,
    )


def conclude(
    examined: Examined,
    stages: Stages,
    findings: Sequence[Finding],
    notes: Sequence[TriageNote],
    seconds: float,
) -> ScanResult:
    """Return the result of a scan that took some seconds."""
    source, skipped, followed = examined.source, examined.skipped, examined.followed
    ordered = sorted(findings, key=_worst_first)
    submodules = followed.traced.submodules if followed else ()
    coverage = Coverage(
        objects_expected=source.expected,
        objects_scanned=sum(examined.objects.values()),
        by_kind=examined.objects,
        bytes_scanned=examined.bytes_scanned,
        not_in_store=NotInStore(tuple(sorted(submodules)), tuple(sorted(source.lfs_objects()))),
        seconds=round(seconds, 3),
    )
    return ScanResult(
        target=source.target,
        rules=stages.rules,
        complete=not skipped,
        coverage=coverage,
        findings=tuple(stages.remedy.fill(ordered, source.target) if ordered else ()),
        skipped=tuple(skipped),
        notes=tuple(notes),
        hidden=frozenset(_hidden(stages, findings, skipped)),
    )


def _read(
    source: Source,
    make_stages: MakeStages,
    stages: Stages,
    observer: Observer,
    is_over: Callable[[], bool],
) -> _Tally:
    """Read and match everything once."""
    tally = _Tally()
    observer.start(source.expected)
    for item in source.contents(make_stages):
        if is_over():
            tally.lost_because = SkipReason.OUT_OF_TIME
            break
        if isinstance(item, Skipped):
            tally.keep(item)
        elif isinstance(item, Content):
            tally.bytes_scanned += len(item.data)
            for found in stages.look(item):
                tally.keep(found)
        else:
            tally.count(item)
            for found in () if isinstance(item, Glance) else item.found:
                tally.keep(found)
            observer.advance(len(tally.seen), tally.bytes_scanned)
    return tally


def _assert_all_read(source: Source, tally: _Tally) -> None:
    """Count what was expected: every listed object was read, or there is a Skipped for it."""
    lost = source.expected - len(tally.seen.keys() | tally.damaged.keys())
    if lost or tally.lost_because is SkipReason.OUT_OF_TIME:
        detail = f"{lost} listed objects were neither read nor explained"
        tally.skipped.append(Skipped(Kind.PACK, tally.lost_because, detail=detail))


def _follow(source: Source, tally: _Tally) -> Followed:
    """Follow what was seen through history."""
    from leakscan.trace.findings import findings_of
    from leakscan.trace.tracer import trace
    from leakscan.trace.values import Values
    from leakscan.trace.versions import search_versions

    # Processes finish in any order; the report is the same each time.
    tally.sightings.sort(key=_place)
    values = Values()
    for sighting in tally.sightings:
        values.add(sighting)
    traced = trace(source, values.bits(), tally.damaged)
    if search_versions(source, values, traced, tally.damaged):
        first = traced
        traced = trace(source, values.bits(), tally.damaged)
        traced.skipped += first.skipped  # Repeats go when the result is made.
    return Followed(values, traced, findings_of(source, values, traced))


def _findings(stages: Stages, sightings: Sequence[Sighting], builder: "Findings") -> list[Finding]:
    """Conclude on each credential."""
    from leakscan.trace.grouping import group, pair_lone_parts

    def is_sure(sightings: Sequence[Sighting]) -> bool:
        """Say whether sightings of one identity amount to more than a doubt where they stand."""
        paths = builder.paths(sightings[0].identity)
        return stages.scorer.conclude(sightings, paths).confidence is not Level.LOW

    groups = pair_lone_parts(group(sightings), builder.values, builder.traced, is_sure)
    return [
        builder.build(stages.scorer.conclude(sightings, builder.paths(identity)))
        for identity, sightings in groups.items()
    ]


def _hidden(stages: Stages, findings: Sequence[Finding], skipped: Sequence[Skipped]) -> set[Secret]:
    """Return the secrets that stand in whole paths: their parts are names that match nothing.

    What follows a secret in a path is a slash, which may be part of a secret; so each path is
    looked at up to each of its components. Paths too deep for that are masked by their looks.
    """
    paths = {skip.path for skip in skipped}
    for finding in findings:
        paths |= {item.path for item in finding.occurrences if item.path}
    beginnings = {
        path[max(0, end - _NAME_AND_SECRET_BYTES) : end]
        for path in paths
        if path.count(b"/") <= DEEP_PATH
        for end in (*(at for at, char in enumerate(path) if char == _SLASH), len(path))
        if end >= _SECRET_BYTES
    }
    return {
        secret
        for path in beginnings
        for sighting in stages.look(Content(Kind.PATH, path, name=path))
        if isinstance(sighting, Sighting)
        for secret in (sighting.identity.secret, sighting.identity.session_token)
        if secret is not None
    }


def _without_repeats(skipped: Sequence[Skipped]) -> list[Skipped]:
    """Return what was not read in one order, whichever process said so first."""
    return sorted(
        dict.fromkeys(skipped),
        key=lambda item: (item.kind, item.path, item.object_id or b"", item.reason, item.detail),
    )


def _place(sighting: Sighting) -> tuple[Kind, bytes, bytes, list[tuple[int, int]]]:
    places = [(position.line, position.column) for position in sighting.positions]
    return sighting.kind, sighting.object_id or b"", sighting.name, places


def _worst_first(finding: Finding) -> tuple[bool, int, int, bool, str]:
    credential = finding.credential
    return (
        finding.verdict.state is not VerdictState.LIVE,
        -credential.severity.rank,
        -credential.confidence.rank,
        not finding.exposure.at_head,
        credential.fingerprint,
    )
