"""On random histories a push is refused exactly if the brute-force reference calls it new."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.cli import CLEAN, FINDINGS, Cli
from tests.support.history import LEAKS, History, histories, plant
from tests.support.oracle import Oracle
from tests.support.repo import Repo

ZERO = "0" * 40
# A third of what other properties get: each example starts the whole program.
EXAMPLES = settings().max_examples // 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pushes")


def reached(repo: Repo, tips: list[str]) -> set[str]:
    if not tips:
        return set()
    return set(repo.git("rev-list", "--stdin", stdin="\n".join(tips).encode()).decode().split())


@settings(max_examples=EXAMPLES)
@given(history=histories(), data=st.data())
def test_exactly_what_is_new_is_refused(
    cli: Cli, folder: Path, history: History, data: st.DataObject
) -> None:
    shutil.rmtree(folder / "repo", ignore_errors=True)
    repo = history.build(folder / "repo")
    repo.git("remote", "add", "origin", folder / "nowhere.git")
    oracle = Oracle(repo)
    commit = st.sampled_from(oracle.commits)
    tracked = data.draw(st.lists(commit, max_size=3))
    pushed = data.draw(st.lists(commit, min_size=1, max_size=3))
    told = data.draw(st.sampled_from([ZERO, "1" * 40, oracle.commits[0]]))
    for number, tip in enumerate(tracked):
        repo.ref(f"refs/remotes/origin/r{number}", tip)
    lines = [f"x {new} refs/heads/p{number} {told}\n" for number, new in enumerate(pushed)]
    before = reached(repo, [*tracked, *([told] if told in oracle.commits else [])])
    inside = reached(repo, pushed) - before
    new = {
        leak.key_id
        for leak in LEAKS
        for event in oracle.by_trees(plant(leak))
        if event.kind == "introduced" and event.commit in inside
        if not oracle.held(before, plant(leak))
    }
    run = cli.run("pre-push", "origin", cwd=repo.path, stdin="".join(lines).encode())
    assert run.code == (FINDINGS if new else CLEAN), run.message
    assert {leak.key_id for leak in LEAKS if leak.key_id in run.message} == new
