"""On random histories a range holds exactly what its commits did, and only what is new is new."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.cli import CLEAN, FINDINGS, INCOMPLETE, Cli
from tests.support.history import LEAKS, History, histories, plant
from tests.support.oracle import Oracle, events_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ranges")


@given(history=histories(), data=st.data())
def test_a_range_is_its_part_of_the_whole(
    cli: Cli, folder: Path, history: History, data: st.DataObject
) -> None:
    shutil.rmtree(folder / "repo", ignore_errors=True)
    repo = history.build(folder / "repo")
    oracle = Oracle(repo)
    old, new = (data.draw(st.sampled_from(oracle.commits)) for _ in range(2))
    text = data.draw(st.sampled_from([f"{old}..{new}", new]))
    inside = set(repo.git("rev-list", text).decode().split())
    before = set(repo.git("rev-list", new).decode().split()) - inside
    if ".." in text:
        before |= set(repo.git("rev-list", old).decode().split())
    if not inside:
        assert cli.run("scan", repo.path, "--range", text).code == INCOMPLETE
        return
    scan = cli.scan(repo.path, "--range", text)
    assert scan.report["target"]["scope"]["commits"] == len(inside)
    assert scan.complete
    fresh = 0
    for leak in LEAKS:
        expected = {event for event in oracle.by_trees(plant(leak)) if event.commit in inside}
        found = [one for one in scan.findings if one["access_key_id"] == leak.key_id]
        stated = {event for one in found for event in events_of(one["occurrences"])}
        introduced = any(event.kind == "introduced" for event in expected)
        is_new = introduced and not oracle.held(before, plant(leak))
        # What was there before is told only as far as the objects of the range tell it.
        assert stated == expected if is_new else stated <= expected
        assert {one["status"] for one in found} <= {"new" if is_new else "known"}
        fresh += is_new
    assert scan.code == (FINDINGS if fresh else CLEAN)
