"""The repositories that are pushed from, and the arithmetic of their table. Nothing is timed."""

from pathlib import Path

import pytest

from tests.bench.numbers import NOT_MEASURED, milliseconds
from tests.bench.push_repos import MAIN, PushRepo, Size, build, git
from tests.bench.pushes import Case, cells

SIZE = Size("tiny", commits=12, files=30, refs=3)
PUSHES = (1, 4)


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> PushRepo:
    return build(tmp_path_factory.mktemp("bench") / "tiny", SIZE, PUSHES)


def count(repo: Path, *revisions: str) -> int:
    return int(git(repo, "rev-list", "--count", *revisions))


def test_a_repository_has_what_was_asked_for(repo: PushRepo) -> None:
    assert count(repo.path, repo.base) == SIZE.commits
    assert len(git(repo.path, "ls-tree", "-r", "--name-only", repo.base).splitlines()) == SIZE.files
    told = git(repo.path, "for-each-ref", "refs/remotes/origin/b").splitlines()
    assert len(told) == SIZE.refs
    assert count(repo.path, "--remotes", f"^{repo.base}") == SIZE.refs
    for commits in PUSHES:
        assert count(repo.path, f"{repo.base}..{repo.tips[commits]}") == commits


def test_each_build_is_the_same(repo: PushRepo, tmp_path: Path) -> None:
    again = build(tmp_path / "again", SIZE, PUSHES)
    assert (again.base, again.tips) == (repo.base, repo.tips)


@pytest.mark.parametrize("commits", PUSHES)
def test_after_a_push_everything_is_as_before(repo: PushRepo, commits: int) -> None:
    changed = repo.prepare(commits)
    assert changed
    assert all(file.is_file() for file in changed)
    assert git(repo.path, "status", "--porcelain") == b""
    before = git(repo.remote, "count-objects", "-v")
    for _ in range(2):
        assert count(repo.path, f"origin/{MAIN}..{MAIN}") == commits
        git(repo.path, "push", "--quiet", "origin", MAIN)
        assert git(repo.remote, "rev-parse", MAIN).decode().strip() == repo.tips[commits]
        assert git(repo.remote, "count-objects", "-v") != before
        repo.reset()
        assert git(repo.remote, "count-objects", "-v") == before


def test_a_line_of_the_table(repo: PushRepo) -> None:
    seconds = {
        "push alone": [0.05, 0.01, 0.04],
        "push with hook": [0.14, 0.15, 0.5],
        "kingfisher": [0.4, 0.33, 0.1],
    }
    line = cells(Case(repo, 4, seconds))
    assert line[1:7] == ["4", "40 ms", "110 ms", "140 ms to 500 ms", "330 ms", "3.0"]
    assert line[7:] == [NOT_MEASURED, ""]


def test_milliseconds_are_whole() -> None:
    assert milliseconds(0.0004) == "0 ms"
    assert milliseconds(1.2345) == "1234 ms"
    assert milliseconds(None) == NOT_MEASURED
