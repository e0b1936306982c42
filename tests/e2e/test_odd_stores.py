"""Stores that git reads and a scanner can misread: each once made a report wrong without a word."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.cli import FINDINGS, INCOMPLETE, USAGE, Cli, program
from tests.support.keys import KeyMaker, Leak
from tests.support.repo import Repo


@pytest.fixture
def leak(keys: KeyMaker) -> Leak:
    return keys.leak()


def _commit_tree(repo: Repo, tree: bytes) -> str:
    who = b"A <a@example.com> 1600000000 +0000"
    tree_id = repo.write_object("tree", tree).encode()
    raw = b"tree %b\nauthor %b\ncommitter %b\n\nx\n" % (tree_id, who, who)
    commit = repo.write_object("commit", raw)
    repo.ref("refs/heads/main", commit)
    return commit


def test_a_mode_padded_with_zeros_is_a_folder(repo: Repo, cli: Cli, leak: Leak) -> None:
    blob = repo.write_object("blob", leak.env())
    below = repo.write_object("tree", b"100644 env\0" + bytes.fromhex(blob))
    commit = _commit_tree(repo, b"040000 conf\0" + bytes.fromhex(below))
    scan = cli.scan(repo.path)
    assert scan.occurrences(leak.key_id, commit=commit, path="conf/env", event="introduced")
    repo.loose(blob).unlink()
    scan = cli.scan(repo.path)
    assert (scan.code, scan.complete) == (INCOMPLETE, False)
    assert [item["path"] for item in scan.skipped] == ["conf/env"]


def test_a_tree_larger_than_a_piece_is_traced(repo: Repo, cli: Cli, leak: Leak) -> None:
    empty = bytes.fromhex(repo.write_object("blob", b""))
    blob = bytes.fromhex(repo.write_object("blob", leak.env()))
    names = (b"%0230d" % number for number in range(140_000))
    tree = b"".join(b"100644 %b\0%b" % (name, empty) for name in names)
    assert len(tree) > 32 << 20
    commit = _commit_tree(repo, tree + b"100644 zenv\0" + blob)
    scan = cli.scan(repo.path)
    assert scan.complete
    assert scan.occurrences(leak.key_id, commit=commit, path="zenv", event="introduced")


def test_little_memory_is_enough(repo: Repo, cli: Cli, leak: Leak) -> None:
    repo.commit({b".env": leak.env()})
    command = ["sh", "-c", 'ulimit -v 2097152 && exec "$@"', "sh", *program(), "scan", repo.path]
    done = subprocess.run(command, env=cli.environment(), capture_output=True, check=False)
    assert done.returncode == FINDINGS, done.stderr


def test_a_damaged_repository_is_not_the_one_around_it(repo: Repo, cli: Cli, leak: Leak) -> None:
    repo.commit({b"README": b"clean\n"})
    inner = Repo.init(repo.path / "inner")
    inner.commit({b".env": leak.env()})
    for name in ("refs", "packed-refs"):
        shutil.rmtree(inner.git_dir / name, ignore_errors=True)
    scan = cli.scan(inner.path)
    assert scan.of(leak.key_id)
    assert scan.report["target"]["path"] == str(inner.path)
    shutil.rmtree(inner.git_dir / "objects")
    assert cli.run("scan", inner.path).code == USAGE


@pytest.mark.parametrize("name", ["logs/refs/heads/index", "info/index", "info/sharedindex.x"])
def test_a_git_file_named_like_an_index_is_read(
    repo: Repo, cli: Cli, leak: Leak, name: str
) -> None:
    repo.commit({b"README": b"clean\n"})
    path = repo.git_dir / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(leak.env())
    assert cli.scan(repo.path).of(leak.key_id)


def test_a_removed_submodule_is_still_named(repo: Repo, cli: Cli) -> None:
    repo.commit({b"README": b"clean\n"})
    Repo.init(repo.git_dir / "modules" / "lib" / "old", bare=True).commit({b"a": b"b"})
    submodules = cli.scan(repo.path).report["coverage"]["not_in_store"]["submodules"]
    assert submodules == {"count": 1, "names": ["lib/old"]}


def test_a_detached_head_without_its_commit_is_incomplete(repo: Repo, cli: Cli) -> None:
    repo.commit({b"README": b"clean\n"})
    (repo.git_dir / "HEAD").write_text("1234567890" * 4 + "\n")
    scan = cli.scan(repo.path)
    assert (scan.code, scan.complete) == (INCOMPLETE, False)
    assert [item["object"] for item in scan.skipped] == ["1234567890" * 4]


def test_an_absent_version_of_a_leaking_path_is_listed_once(
    repo: Repo, cli: Cli, keys: KeyMaker
) -> None:
    secret = keys.secret().encode()
    repo.commit({b"a.env": b"aws_secret_access_key = %b\n" % secret})
    commit = repo.commit({b"a.env": b"later\n"})
    repo.commit({b"a.env": b"renamed = %b\n" % secret})
    blob = repo.blob(commit, b"a.env")
    repo.loose(blob).unlink()
    scan = cli.scan(repo.path)
    assert [(item["object"], item["path"]) for item in scan.skipped] == [(blob, "a.env")]


def test_a_chain_of_many_tags_is_followed(repo: Repo, cli: Cli, leak: Leak) -> None:
    target, kind = repo.commit({b".env": leak.env()}), "commit"
    for number in range(150):
        tag = f"object {target}\ntype {kind}\ntag t{number}\ntagger A <a@b> 1 +0000\n\nx\n"
        target, kind = repo.write_object("tag", tag.encode()), "tag"
    repo.ref("refs/tags/last", target)
    repo.git("update-ref", "-d", "refs/heads/main")
    repo.forget_reflogs()
    (finding,) = cli.scan(repo.path).of(leak.key_id)
    assert finding["exposure"]["refs"] == ["refs/tags/last"]


def test_commits_outside_all_refs_do_not_decide_over_dates(
    repo: Repo, cli: Cli, leak: Leak
) -> None:
    first = repo.commit({b".env": leak.env()})
    removal = repo.commit({b".env": None})
    repo.tick(500_000)
    repo.commit({b".env": None}, branch="side", parents=[first])
    repo.git("update-ref", "-d", "refs/heads/side")
    repo.forget_reflogs()
    (finding,) = cli.scan(repo.path).of(leak.key_id)
    exposure = finding["exposure"]
    assert (exposure["first_commit"], exposure["last_commit"]) == (first, removal)


def test_a_secret_that_a_path_breaks_over_folders_is_masked(
    repo: Repo, cli: Cli, keys: KeyMaker, leak: Leak
) -> None:
    broken = keys.leak(slash=True).secret
    assert "/" in broken
    repo.commit({b"aws_secret_access_key=%b/env" % broken.encode(): leak.env()})
    for name in ("text", "json", "jsonl", "sarif"):
        run = cli.run("scan", repo.path, "--format", name)
        assert run.code == FINDINGS
        assert broken.encode() not in run.out + run.err


def test_thousands_of_refs_are_counted_and_the_first_are_listed(
    repo: Repo, cli: Cli, leak: Leak
) -> None:
    commit = repo.commit({b".env": leak.env()})
    lines = "".join(f"{commit} refs/tags/v{number:05}\n" for number in range(3000))
    (repo.git_dir / "packed-refs").write_text("# pack-refs with: sorted \n" + lines)
    (finding,) = cli.scan(repo.path).of(leak.key_id)
    exposure = finding["exposure"]
    assert (exposure["refs_total"], len(exposure["refs"])) == (3001, 1000)
    assert exposure["refs"][0] == "refs/heads/main"


def test_nested_folders_without_end_are_named_not_walked(repo: Repo, cli: Cli, leak: Leak) -> None:
    name = b"d" * 200
    tree = repo.write_object(
        "tree", b"100644 env\0" + bytes.fromhex(repo.write_object("blob", leak.env()))
    )
    for _ in range(120):
        tree = repo.write_object("tree", b"40000 %b\0%b" % (name, bytes.fromhex(tree)))
    _commit_tree(repo, b"40000 top\0" + bytes.fromhex(tree))
    scan = cli.scan(repo.path)
    assert scan.of(leak.key_id)
    assert (scan.code, scan.complete) == (FINDINGS, False)
    assert {item["reason"] for item in scan.skipped} == {"history could not be followed"}


def test_no_path_is_longer_than_the_system_allows(cli: Cli, tmp_path: Path) -> None:
    for path in (tmp_path / ("x" * 300), tmp_path / "nothing"):
        run = cli.run("scan", path)
        assert run.code == USAGE
        assert len(run.message.splitlines()) <= 2
