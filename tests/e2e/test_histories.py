"""Odd histories, kept as fast-import text so that their ids never change."""

import re
from pathlib import Path

import pytest

from tests.support.cli import FINDINGS, Cli
from tests.support.oracle import Oracle, events_of
from tests.support.repo import Repo

FOLDER = Path(__file__).parent.parent / "histories"
TIPS = {
    "merges": "6df8144f06899a2dc60ffc8b54dfbd72426c2d41",
    "moves": "97f6c571c3037c1edd5626625d0850348499bd83",
    "odd-names": "044a604eed154731d93ca04766f61d2023a5e949",
}


def load(name: str, path: Path) -> tuple[Repo, bytes]:
    """Build a history and return it with the one access key id it holds."""
    stream = (FOLDER / f"{name}.fi").read_bytes().replace(b"%%", b"")
    repo = Repo.init(path)
    repo.fast_import(stream)
    (key_id,) = set(re.findall(rb"AKIA[A-Z2-7]{16}", stream))
    return repo, key_id


def test_every_history_is_tested() -> None:
    assert {path.stem for path in FOLDER.glob("*.fi")} == TIPS.keys()


@pytest.mark.parametrize("name", TIPS)
def test_history(cli: Cli, tmp_path: Path, name: str) -> None:
    repo, key_id = load(name, tmp_path / "repo")
    assert repo.id("main") == TIPS[name]
    oracle = Oracle(repo)
    wanted = oracle.by_trees(key_id)
    assert wanted == oracle.by_diff(key_id)
    scan = cli.scan(repo.path)
    assert (scan.code, scan.complete) == (FINDINGS, True)
    (finding,) = scan.of(key_id.decode())
    assert finding["secret"] is not None
    assert set(events_of(scan.occurrences(key_id.decode()))) == wanted
    exposed = oracle.exposed(key_id)
    assert set(finding["exposure"]["refs"]) == exposed.refs
    assert set(finding["exposure"]["tips"]) == exposed.tips
