"""The remedy stage as a scan needs it: where the keys stand, and what to do about each.

In: findings, the source they come from while it is open, and the catalogue. Out: findings with
`places`, and after AWS was asked with `remediation`.
"""

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from leakscan.errors import LeakscanError
from leakscan.history.base import Source
from leakscan.history.locate import locate
from leakscan.model import Finding, Target
from leakscan.remediation import Choice
from leakscan.remedy.catalog import Catalog
from leakscan.remedy.choose import Weighed, chosen, weigh
from leakscan.remedy.context import Context
from leakscan.remedy.plan import plan_for, remediation_of
from leakscan.remedy.values import Values, repository_values
from leakscan.trace.surroundings import surroundings


class Remedy:
    """Chooses and plans; see `pipeline.Remedying`."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def choose(self, source: Source | None, findings: Sequence[Finding]) -> list[Finding]:
        """Return findings with the kinds of place they stand in."""
        contexts = surroundings(source, findings)
        return [
            replace(finding, places=self._places(finding, its))
            for finding, its in zip(findings, contexts, strict=True)
        ]

    def fill(self, findings: Sequence[Finding], target: Target | None) -> list[Finding]:
        """Return findings with what to do about each."""
        values = _values(target)
        return [
            replace(one, remediation=remediation_of(plan_for(one, self._catalog, values)))
            for one in findings
        ]

    def _places(self, finding: Finding, contexts: Sequence[Context]) -> tuple[Choice, ...]:
        """Return the places of all contexts, each kind once for each path."""
        places = self._catalog.places
        found: list[Choice] = []
        for context in contexts:
            weighed = weigh(context, places)
            self.look(finding, context, weighed)
            found += chosen(context, weighed, places)
        return tuple(found)

    def look(self, finding: Finding, context: Context, weighed: tuple[Weighed, ...]) -> None:
        """See what was weighed for one path; here nobody asks."""


def _values(target: Target | None) -> Values:
    """Return what the repository says of itself; nothing where it is none.

    The time is left to the reader, who may read a report a week later.
    """
    if target is None or not target.object_format:
        return repository_values((), None)
    try:
        remotes = locate(Path(target.path)).remotes
    except (LeakscanError, OSError):
        return repository_values((), target.head)
    names = sorted(remotes, key=lambda name: (name != "origin", name))
    return repository_values([remotes[name].url for name in names], target.head)
