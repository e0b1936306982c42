"""On random histories the scan states exactly the events of the brute-force reference."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given

from tests.support.cli import CLEAN, FINDINGS, Cli, Scan
from tests.support.history import LEAKS, History, histories, plant
from tests.support.keys import Leak
from tests.support.oracle import Oracle, events_of
from tests.support.repo import Repo


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("histories")


def build(history: History, folder: Path) -> Repo:
    shutil.rmtree(folder / "repo", ignore_errors=True)
    return history.build(folder / "repo")


@given(history=histories())
def test_both_references_agree(folder: Path, history: History) -> None:
    oracle = Oracle(build(history, folder))
    for leak in LEAKS:
        assert oracle.by_trees(plant(leak)) == oracle.by_diff(plant(leak))


@given(history=histories())
def test_scan_agrees_with_the_reference(cli: Cli, folder: Path, history: History) -> None:
    repo = build(history, folder)
    oracle = Oracle(repo)
    scan = cli.scan(repo.path, "--reveal")
    assert scan.complete
    distinct = len(repo.objects())
    assert scan.report["coverage"]["objects"] == {"expected": distinct, "scanned": distinct}
    planted = [leak for leak in LEAKS if oracle.by_trees(plant(leak))]
    assert scan.code == (FINDINGS if planted else CLEAN)
    found = {(one["access_key_id"], one["secret"]["value"]) for one in scan.findings}
    assert found == {(leak.key_id, leak.secret) for leak in planted}
    for leak in planted:
        same_life(scan, leak, oracle)


def same_life(scan: Scan, leak: Leak, oracle: Oracle) -> None:
    places = scan.occurrences(leak.key_id)
    stated = list(events_of(places))
    assert len(stated) == len(set(stated))
    assert set(stated) == oracle.by_trees(plant(leak))
    exposed = oracle.exposed(plant(leak))
    exposure = scan.of(leak.key_id)[0]["exposure"]
    assert set(exposure["refs"]) == exposed.refs
    assert set(exposure["tips"]) == exposed.tips
    assert exposure["reachable"] == bool(exposed.refs)
    assert exposure["at_head"] == (scan.report["target"]["head"] in exposed.tips)
