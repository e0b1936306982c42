"""Refs in a reftable are read where the installed git can convert one, else missed aloud."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from leakscan.history.git import Git, GitError
from leakscan.history.locate import Layout, locate
from leakscan.history.refs import read_head, read_refs, with_plain_refs
from leakscan.model import SkipReason
from tests.support.cli import FINDINGS, Cli
from tests.support.keys import KeyMaker, Leak
from tests.support.reftables import needs_reftables, to_reftable
from tests.support.repo import Repo


def test_a_reftable_that_cannot_be_read_leaves_the_scan_incomplete(
    cli: Cli, repo: Repo, keys: KeyMaker
) -> None:
    leak = keys.leak()
    repo.commit({b".env": leak.env()})
    repo.git("config", "core.repositoryFormatVersion", "1")
    with (repo.git_dir / "config").open("a") as config:
        config.write("[extensions]\n\trefStorage = reftable\n")
    (repo.git_dir / "reftable").mkdir()
    (repo.git_dir / "reftable" / "tables.list").write_text("nonsense\n")
    scan = cli.scan(repo.path)
    assert (scan.code, scan.complete) == (FINDINGS, False)
    assert scan.of(leak.key_id)
    assert {"reftable"} <= {item["path"] for item in scan.skipped}


@needs_reftables
def test_refs_head_and_stash_of_a_reftable(cli: Cli, tmp_path: Path, keys: KeyMaker) -> None:
    plain = Repo.init(tmp_path / "plain")
    leak, stashed = keys.leaks(2)
    commit = plain.commit({b".env": leak.env()})
    plain.checkout("main")
    plain.write(b".env", stashed.env())
    plain.stash()
    to_reftable(plain)
    scan = cli.scan(plain.path)
    assert (scan.code, scan.complete) == (FINDINGS, True)
    (kept,), (left,) = scan.of(leak.key_id), scan.of(stashed.key_id)
    assert kept["exposure"]["refs"] == ["refs/heads/main"]
    assert kept["exposure"]["at_head"] is True
    assert kept["exposure"]["first_commit"] == commit
    assert left["exposure"]["leftovers"] == ["stash@{0}"]


@needs_reftables
def test_linked_work_trees_are_read_alike_from_files_and_reftables(
    cli: Cli, tmp_path: Path, keys: KeyMaker
) -> None:
    leaks = keys.leaks(3)
    plain, table = (_with_linked(tmp_path / name, leaks, name) for name in ("files", "reftable"))
    expected, scan = cli.scan(plain.path), cli.scan(table.path)
    assert (scan.code, scan.complete) == (FINDINGS, True), scan.skipped
    for leak in leaks:
        (one,), (other,) = expected.of(leak.key_id), scan.of(leak.key_id)
        assert (one["occurrences"], one["exposure"]) == (other["occurrences"], other["exposure"])
    assert scan.report["target"]["refs"] == expected.report["target"]["refs"]


def _with_linked(folder: Path, leaks: list[Leak], ref_format: str) -> Repo:
    """Make a repository whose linked work tree has a commit, a reflog and a ref of its own."""
    repo, linked = Repo.init(folder / "main"), folder / "linked"
    repo.commit({b"README": b"1\n"})
    repo.checkout("main")
    if ref_format == "reftable":
        to_reftable(repo)
    repo.git("worktree", "add", "-q", "--detach", linked)
    for name, leak in zip(("a.env", "b.env"), leaks, strict=False):
        (linked / name).write_bytes(leak.env())
        repo.git("add", name, cwd=linked)
        repo.git("commit", "-q", "-m", "x", cwd=linked)
    repo.git("update-ref", "refs/worktree/kept", "HEAD~1", cwd=linked)
    message = leaks[2].env().decode().replace("\n", " ")
    repo.git("update-ref", "--create-reflog", "-m", message, "HEAD", "HEAD~2", cwd=linked)
    return repo


@dataclass
class Converter:
    """Stands for a git that converts reftables: has each as plain files, or cannot read it."""

    folder: Path
    broken: set[str] = field(default_factory=set)

    def refs_from_reftable(self, reftable: Path) -> Path:
        git_dir = reftable.parent
        if git_dir.name in self.broken:
            raise GitError("broken")
        copy = self.folder / git_dir.name
        copy.mkdir(parents=True)
        (copy / "HEAD").write_text(f"ref: refs/heads/of-{git_dir.name}\n")
        return copy


@pytest.fixture
def trees(repo: Repo, tmp_path: Path) -> dict[str, Layout]:
    """The layouts of a repository in its own work tree, and in two linked ones."""
    repo.commit({b"README": b"1\n"})
    layouts = {".git": locate(repo.path)}
    for name in ("one", "two"):
        repo.git("worktree", "add", "-q", "-b", name, tmp_path / name)
        (repo.git_dir / "worktrees" / name / "HEAD").write_text("ref: refs/heads/.invalid\n")
        layouts[name] = locate(tmp_path / name)
    return layouts


@pytest.mark.parametrize("name", [".git", "one"])
def test_directories_stay_what_they_are(
    trees: dict[str, Layout], tmp_path: Path, name: str
) -> None:
    git = cast("Git", Converter(tmp_path / "copies"))
    layout = with_plain_refs(trees[name], git)
    assert (layout.git_dir, layout.common_dir) == (trees[name].git_dir, trees[name].common_dir)
    assert read_head(layout) == b"ref: refs/heads/of-" + name.encode()
    assert not layout.problems


def test_a_gate_is_not_told_of_other_work_trees(trees: dict[str, Layout], tmp_path: Path) -> None:
    git = cast("Git", Converter(tmp_path / "copies", {"two"}))
    assert not with_plain_refs(trees[".git"], git).problems
    (lost,) = with_plain_refs(
        trees["two"], cast("Git", Converter(tmp_path / "2", {"two"}))
    ).problems
    assert (lost.path, lost.reason) == (b"worktrees/two/reftable", SkipReason.UNSUPPORTED)


def test_a_whole_scan_is_told_of_all_work_trees(trees: dict[str, Layout], tmp_path: Path) -> None:
    git = cast("Git", Converter(tmp_path / "copies", {"two"}))
    layout = with_plain_refs(trees["one"], git, everywhere=True)
    assert [item.path for item in layout.problems] == [b"worktrees/two/reftable"]
    assert read_refs(layout).head_ref == b"refs/heads/of-one"
