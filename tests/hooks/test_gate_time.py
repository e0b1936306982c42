"""The time of a gate holds for all that it does: also for saying where the keys stand."""

import os
from collections.abc import Callable, Sequence

import pytest

from leakscan.cli import wiring
from leakscan.cli.progress import Quiet
from leakscan.gates.gate import Gate, scan_range
from leakscan.history.base import Source
from leakscan.history.git import Git
from leakscan.history.introduced import RangeSource
from leakscan.history.locate import locate
from leakscan.history.selection import of_range
from leakscan.model import Finding, Target, TriageNote
from tests.support.keys import KeyMaker
from tests.support.repo import Repo


class Told:
    """Keeps when it was over, as it was told, and says nothing of any finding."""

    def __init__(self) -> None:
        self.over: list[bool] = []
        self.time = 0.0

    def choose(
        self,
        source: Source | None,
        findings: Sequence[Finding],
        is_over: Callable[[], bool] = lambda: False,
    ) -> list[Finding]:
        """Ask before and after the time is up."""
        assert source is not None
        self.over.append(is_over())
        self.time = 11.0
        self.over.append(is_over())
        return list(findings)

    def fill(self, findings: Sequence[Finding], target: Target | None) -> list[Finding]:
        """Return the findings as they are."""
        return list(findings)


class Judge:
    """Says nothing of any finding; when it has done so, it is some time."""

    def __init__(self, remedy: Told, then: float) -> None:
        self._remedy = remedy
        self._then = then

    def judge(
        self, findings: Sequence[Finding], *, complete: bool
    ) -> tuple[list[Finding], list[TriageNote]]:
        """Return the findings as they are."""
        assert complete
        self._remedy.time = self._then
        return list(findings), []


@pytest.mark.parametrize(("began", "told"), [(0.0, [False, True]), (10.5, [True, True])])
def test_whoever_chooses_is_told_when_the_time_is_up(
    repo: Repo, keys: KeyMaker, began: float, told: list[bool]
) -> None:
    """What is left is then chosen by paths alone: nobody is left without an answer."""
    repo.commit({b"app/.env": keys.leak().env()})
    layout, remedy = locate(repo.path), Told()
    with Git(layout.objects, layout.object_format, os.environ, max_object_bytes=1 << 20) as git:
        source = RangeSource(layout, git, of_range(layout, git, "HEAD"))
        gate = Gate(
            wiring.stages(None, deep=False, remedy=remedy),
            lambda: wiring.open_layout(layout, wiring.reading(1 << 20, None, "packs")),
            Judge(remedy, began),
            Quiet(),
            lambda: remedy.time,
            10.0,
        )
        found = scan_range(source, gate)
    assert len(found.findings) == 1
    assert remedy.over == told
