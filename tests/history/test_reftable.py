"""Refs in a reftable are read where the installed git can convert one, else missed aloud."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.cli import FINDINGS, Cli
from tests.support.keys import KeyMaker
from tests.support.repo import Repo


def _git_version() -> tuple[int, ...]:
    said = subprocess.run(["git", "version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(number) for number in re.findall(r"\d+", said)[:2])


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


@pytest.mark.skipif(_git_version() < (2, 48), reason="this git cannot convert a reftable")
def test_refs_head_and_stash_of_a_reftable(cli: Cli, tmp_path: Path, keys: KeyMaker) -> None:
    plain = Repo.init(tmp_path / "plain")
    leak, stashed = keys.leaks(2)
    commit = plain.commit({b".env": leak.env()})
    plain.checkout("main")
    plain.write(b".env", stashed.env())
    plain.stash()
    plain.git("refs", "migrate", "--ref-format=reftable")
    scan = cli.scan(plain.path)
    assert (scan.code, scan.complete) == (FINDINGS, True)
    (kept,), (left,) = scan.of(leak.key_id), scan.of(stashed.key_id)
    assert kept["exposure"]["refs"] == ["refs/heads/main"]
    assert kept["exposure"]["at_head"] is True
    assert kept["exposure"]["first_commit"] == commit
    assert left["exposure"]["leftovers"] == ["stash@{0}"]
