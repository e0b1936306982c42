"""Whether a range brings a credential that was not there before.

In: a range, and how to open the whole repository. Out: `ScanResult`, in which only what is new in
the range has the status `new`. The whole repository is read only where something new was found: it
says whether the excluded side holds it after all, and which remote has it since when.
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager

from msgspec.structs import replace

from leakscan.history.base import Source
from leakscan.history.introduced import RangeSource
from leakscan.model import Finding, ObjectId, Part, ScanResult, Status
from leakscan.pipeline import (
    Followed,
    Judging,
    MakeStages,
    Observer,
    conclude,
    examine,
    judged,
    placed,
)
from leakscan.record import Record


class Gate(Record, frozen=True):
    """How to look at a range: the stages, the whole repository, and when to stop."""

    make_stages: MakeStages
    open_whole: Callable[[], AbstractContextManager[Source]]
    triage: Judging | None
    observer: Observer
    clock: Callable[[], float]
    deadline: float | None = None
    """Time of the clock after which what is left is not read."""

    def is_over(self) -> bool:
        """Say whether the time is up."""
        return self.deadline is not None and self.clock() > self.deadline


def scan_range(source: RangeSource, gate: Gate) -> ScanResult:
    """Scan what a range introduces."""
    started = gate.clock()
    examined = examine(source, gate.make_stages, gate.observer, gate.is_over, is_range=True)
    # A name in a tree that a tag names has no commit, and so no place that could be told.
    placeless = bool(examined.findings) and _brings_bare_trees(source)
    here = [
        finding if _introduced(finding) else replace(finding, status=Status.KNOWN)
        for finding in examined.findings
        if finding.occurrences or placeless
    ]
    findings, notes = judged(here, gate.triage)
    if any(finding.status is Status.NEW for finding in findings) and not gate.is_over():
        findings = _with_the_whole(findings, source.before, gate)
    stages = gate.make_stages()
    findings = placed(source, findings, stages.remedy, gate.is_over)
    return conclude(examined, stages, findings, notes, gate.clock() - started)


def _with_the_whole(
    findings: Sequence[Finding], before: Collection[ObjectId], gate: Gate
) -> list[Finding]:
    """Look the new findings up in the whole repository."""
    from leakscan.trace.held import held_by

    gate.observer.stage("looking it up in the whole history")
    with gate.open_whole() as source:
        whole = examine(source, gate.make_stages, gate.observer, gate.is_over)
        assert whole.followed is not None
        held = held_by(source, whole.followed.traced, before)
        return [
            _looked_up(finding, whole.followed, held) if finding.status is Status.NEW else finding
            for finding in findings
        ]


def _looked_up(finding: Finding, whole: Followed, held: int) -> Finding:
    """Return the finding with its exposure, known if all it introduces was held before."""
    from leakscan.trace.values import parts

    identity = finding.credential.identity
    new = _introduced(finding)
    numbers = [whole.values.numbers.get(value) for value in parts(identity) if value[0] in new]
    # Nothing to look up is no proof that it was there.
    is_known = bool(numbers) and all(at is not None and held >> at & 1 for at in numbers)
    exposure = whole.builder.exposure(identity) or finding.exposure
    status = Status.KNOWN if is_known else Status.NEW
    return replace(finding, exposure=exposure, status=status)


def _brings_bare_trees(source: RangeSource) -> bool:
    """Say whether a ref or a tag leads to a tree without a commit."""
    from leakscan.trace.refs import peel

    trees = set(source.links.trees.ids)
    return any(peel(source.links, one).target in trees for one in source.refs.targets.values())


def _introduced(finding: Finding) -> set[Part]:
    """Return the parts of a credential that come to be somewhere in the range."""
    from leakscan.trace.held import is_start
    from leakscan.trace.values import parts

    if not finding.occurrences:
        return {part for part, _ in parts(finding.credential.identity)}
    return {part for item in finding.occurrences if is_start(item) for part in item.parts}
