"""The remedy stage as a scan needs it: where the keys stand, and what to do about each.

In: findings, the source they come from while it is open, and the catalogue. Out: findings with
`places`, and after AWS was asked with `remediation`.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec.structs import replace

from leakscan.cli.repository import Named, secrets_of, values_of_repository
from leakscan.history.base import Source
from leakscan.model import Finding, Fingerprint, Target
from leakscan.redact import Redactor
from leakscan.remediation import Choice, Considered
from leakscan.remedy.catalog import Catalog
from leakscan.remedy.choose import Chooser
from leakscan.remedy.context import Context
from leakscan.remedy.plan import is_canary, plan_for, remediation_of
from leakscan.remedy.values import Values
from leakscan.trace.surroundings import surroundings

Keep = Callable[[Fingerprint, tuple[Considered, ...]], None]


class Remedy:
    """Chooses and plans; see `pipeline.Remedying`. `keep` is told what was considered."""

    def __init__(self, catalog: Catalog, keep: Keep | None = None) -> None:
        self._catalog = catalog
        self._keep = keep

    def choose(
        self,
        source: Source | None,
        findings: Sequence[Finding],
        is_over: Callable[[], bool] = lambda: False,
    ) -> list[Finding]:
        """Return findings with the kinds of place they stand in."""
        contexts = surroundings(source, findings, is_over)
        chooser = Chooser(self._catalog.places, is_over)
        return [
            replace(finding, places=self._places(finding, its, chooser))
            for finding, its in zip(findings, contexts, strict=True)
        ]

    def fill(self, findings: Sequence[Finding], target: Target | None) -> list[Finding]:
        """Return findings with what to do about each."""
        values = _values(target, findings)
        mask = Redactor(secrets_of(findings))
        return [
            replace(
                one,
                remediation=remediation_of(plan_for(one, self._catalog, values, mask)),
                places=_of_canary(one.places) if is_canary(one) else one.places,
            )
            for one in findings
        ]

    def _places(
        self, finding: Finding, contexts: Sequence[Context], chooser: Chooser
    ) -> tuple[Choice, ...]:
        """Return the places of all contexts, those of one path together."""
        if self._keep is None:
            return tuple(choice for context in contexts for choice in chooser.choose(context))
        considered = tuple(chooser.consider(context) for context in contexts)
        self._keep(finding.credential.fingerprint, considered)
        return tuple(choice for one in considered for choice in one.chosen)


def _of_canary(places: Sequence[Choice]) -> tuple[Choice, ...]:
    """Return where a canary stands; nothing takes its place there."""
    return tuple(replace(one, mechanism="") for one in places)


def _values(target: Target | None, findings: Sequence[Finding]) -> Values:
    """Return what the repository says of itself; nothing where it is none.

    The time is left to the reader, who may read a report a week later.
    """
    if target is None or not target.object_format:
        return Values()
    named = Named(Path(target.path), head=target.head or b"")
    return values_of_repository(named, secrets_of(findings))
