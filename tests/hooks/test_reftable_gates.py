"""Gates where refs are in a reftable: all else of the git directory is where it always is."""

from pathlib import Path

import pytest

from tests.support.cli import Cli
from tests.support.hooks import FILLER, Recorder, Work, names
from tests.support.reftables import needs_reftables, to_reftable

pytestmark = needs_reftables


@pytest.fixture
def desk(tmp_path: Path, cli: Cli, made: Recorder) -> Work:
    """A repository with a reftable, the hooks of a user, and a base that is pushed."""
    work = Work(tmp_path, cli, made, hooks=("pre-push", "pre-commit"))
    work.base()
    work.repo.checkout()
    to_reftable(work.repo)
    return work


def test_what_is_new_is_stopped(desk: Work) -> None:
    _, commit = desk.leak()
    assert names(desk.push("origin", "main"), commit, "app/.env", 1)
    desk.repo.write(b"b.env", desk.keys.leak().env())
    assert desk.commit().refused


def test_pushes_beside_and_from_a_linked_work_tree(desk: Work) -> None:
    linked = desk.folder / "linked"
    desk.repo.git("worktree", "add", "-q", "-b", "side", linked)
    clean = desk.repo.commit({b"a": b"1\n"})
    pushed = desk.push("origin", "main")
    assert not pushed.refused, pushed.said
    assert desk.at("refs/heads/main") == clean
    (linked / "b").write_bytes(b"1\n")
    desk.repo.git("add", "b", cwd=linked)
    assert not desk.commit(cwd=linked).refused
    assert not desk.push("origin", "side", cwd=linked).refused
    (linked / "c").write_bytes(desk.keys.leak().env())
    desk.repo.git("add", "c", cwd=linked)
    assert desk.commit(cwd=linked).refused


def test_a_linked_work_tree_has_its_own_head(desk: Work) -> None:
    """What its HEAD has already is no news in its next commit."""
    desk.leak(branch="side")
    linked = desk.folder / "linked"
    desk.repo.git("worktree", "add", "-q", linked, "side")
    (linked / "b").write_bytes(b"1\n")
    desk.repo.git("add", "b", cwd=linked)
    done = desk.commit(cwd=linked)
    assert not done.refused, done.said


def test_an_old_leak_that_is_merged(desk: Work) -> None:
    desk.leak(branch="old")
    desk.repo.commit({b"README": b"old\n"}, branch="old")
    desk.repo.commit({b"README": b"new\n"})
    desk.repo.checkout()
    assert desk.git("merge", "-q", "old").refused
    desk.repo.write(b"README", b"both\n")
    done = desk.commit()
    assert not done.refused, done.said
    assert len(desk.repo.git("rev-parse", "HEAD^@").split()) == 2


@pytest.mark.parametrize("part", ["--range=main~1..main", "--range=HEAD", "--since=2020-01-01"])
def test_names_of_refs_are_understood(desk: Work, part: str) -> None:
    leak, _ = desk.leak()
    done = desk.leakscan("scan", str(desk.repo.path), part)
    assert done.code == 1, done.said
    assert leak.key_id in done.said


def test_what_is_staged(desk: Work) -> None:
    desk.leak()
    desk.repo.checkout()
    desk.repo.write(b"a", b"1\n")
    done = desk.leakscan("scan", str(desk.repo.path), "--staged")
    assert done.code == 0, done.said


def test_a_split_index(desk: Work) -> None:
    desk.repo.git("update-index", "--split-index")
    desk.repo.write(b"a", b"1\n")
    assert not desk.commit().refused
    desk.repo.write(b"b.env", desk.keys.leak().env())
    assert desk.commit().refused


def test_where_a_shallow_clone_ends(desk: Work) -> None:
    for number in range(3):
        desk.repo.commit({b"a": b"%d\n" % number})
    desk.unchecked("push", "-q", "origin", "main")
    clone = desk.remote.clone(desk.folder / "clone", "--depth=1")
    to_reftable(clone)
    desk.hook("pre-push", clone)
    second = desk.add_remote("second")
    second.git("config", "receive.shallowUpdate", "true")
    clone.git("remote", "add", "second", second.path)
    clean = clone.commit({b"b": b"1\n"})
    pushed = desk.push("second", "main", repo=clone)
    assert not pushed.refused, pushed.said
    assert desk.at("refs/heads/main", second) == clean


def test_a_bare_server_obeys_its_head(tmp_path: Path, cli: Cli, made: Recorder) -> None:
    work = Work(tmp_path, cli, made, hooks=())
    allowed = b"version: 1\nallow:\n  - paths: [fixtures/**]\n    reason: made up\n"
    work.repo.commit({b"README": FILLER, b".leakscan.yaml": allowed})
    work.unchecked("push", "-q", "origin", "main")
    to_reftable(work.remote)
    work.hook("pre-receive", work.remote)
    work.leak(b"fixtures/a.env")
    pushed = work.push("origin", "main")
    assert not pushed.refused, pushed.said
    _, commit = work.leak()
    assert names(work.push("origin", "main"), commit, "app/.env", 1)
