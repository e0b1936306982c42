"""Neither the number of processes, nor how they start or end, nor a repack loses anything."""

import os
import signal
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from leakscan.cli import wiring
from leakscan.cli.progress import Quiet
from leakscan.history.source import Reading
from leakscan.history.workers import Pool
from leakscan.model import ScanResult
from leakscan.pipeline import MakeStages, Observer, Stages, scan
from tests.support.cli import FINDINGS, Cli, Json
from tests.support.keys import KeyMaker
from tests.support.packs import PackMaker
from tests.support.repo import Repo
from tests.support.seams import Case, one_wide_family

LIMIT = 512 << 20


@pytest.fixture
def planted(repo: Repo, keys: KeyMaker) -> list[Case]:
    maker, planted = one_wide_family(keys)
    name = keys.key_id().encode()
    for slot in maker.slots[1::12]:  # The same name in many trees is one place.
        maker.full("tree", b"100644 %b\0%b" % (name, slot.id))
    repo.git("verify-pack", maker.write(repo))
    return planted


def scanned(
    repo: Repo,
    pool: Pool | None,
    observer: Observer | None = None,
    make_stages: MakeStages | None = None,
) -> ScanResult:
    make_stages = make_stages or wiring.stages(None, deep=False)
    with wiring.open_source(repo.path, Reading(LIMIT, pool)) as source:
        result = scan(source, make_stages, observer or Quiet(), time.monotonic)
    return replace(result, coverage=replace(result.coverage, seconds=0))


def key_ids(planted: list[Case]) -> set[str]:
    """Return the ids that there are to find."""
    return {case.leak.key_id for case in planted if case.leak.key_id in case.values}


def found(result: ScanResult) -> set[str]:
    return {one.credential.identity.access_key_id or "" for one in result.findings}


def all_found(result: ScanResult, planted: list[Case]) -> None:
    assert result.complete, result.skipped
    assert result.coverage.objects_scanned == result.coverage.objects_expected
    assert key_ids(planted) <= found(result)


@pytest.mark.parametrize("jobs", ["1", "2", "3"])
def test_the_number_of_processes_changes_nothing(
    repo: Repo, cli: Cli, planted: list[Case], jobs: str
) -> None:
    def report(*options: str) -> Json:
        scan = cli.scan(repo.path, "--reveal", *options)
        assert (scan.code, scan.complete) == (FINDINGS, True)
        return {**scan.report, "coverage": {**scan.report["coverage"], "seconds": 0}}

    fast = report("--reader", "packs", "--jobs", jobs)
    assert fast == report("--reader", "git")
    ids = {one["access_key_id"] for one in fast["findings"]}
    assert key_ids(planted) <= ids


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_every_way_to_start_a_process(repo: Repo, planted: list[Case], method: str) -> None:
    result = scanned(repo, Pool(2, method))
    all_found(result, planted)
    assert result == scanned(repo, None)


class DieElsewhere:
    """Makes stages in this process, and in no other: that one is killed, as for its memory."""

    def __init__(self, make: MakeStages, mark: Path) -> None:
        self._make = make
        self._mark = mark
        self._here = os.getpid()

    def __call__(self) -> Stages:
        if os.getpid() != self._here:
            self._mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return self._make()


def test_what_a_killed_process_held_is_read_by_git(
    repo: Repo, planted: list[Case], tmp_path: Path
) -> None:
    make_stages = DieElsewhere(wiring.stages(None, deep=False), tmp_path / "killed")
    all_found(scanned(repo, Pool(2, "fork"), make_stages=make_stages), planted)
    assert (tmp_path / "killed").exists()


class Repacks(Quiet):
    """Has git write all packs anew, and removes the old ones, while the scan is at work."""

    def __init__(self, repo: Repo, moment: str) -> None:
        self._repo = repo
        self._moment = moment

    def start(self, objects: int) -> None:
        """Repack between listing and reading."""
        if self._moment == "before reading":
            self._repack()

    def advance(self, objects: int, size_bytes: int) -> None:
        """Repack when something was read."""
        if self._moment == "while reading":
            self._repack()

    def _repack(self) -> None:
        self._moment = "done"
        old = self._repo.packs()
        listed = "".join(f"{one}\n" for one in sorted(self._repo.objects())).encode()
        folder = self._repo.git_dir / "objects/pack"
        self._repo.git("pack-objects", "-q", "--window=2", folder / "pack", stdin=listed)
        for pack in old:
            pack.with_suffix(".idx").unlink()
            pack.unlink()
        assert len(self._repo.packs()) == 1


@pytest.mark.parametrize("moment", ["before reading", "while reading"])
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_repack_meanwhile_loses_nothing(
    repo: Repo, keys: KeyMaker, planted: list[Case], moment: str, jobs: int
) -> None:
    maker, late = PackMaker(), keys.leak()
    base = maker.full("blob", b"small\n" * 500)
    maker.ofs(base, late.env())
    maker.write(repo)
    observer = Repacks(repo, moment)
    all_found(result := scanned(repo, Pool(jobs, "fork"), observer), planted)
    assert late.key_id in found(result)
    assert observer._moment == "done"
