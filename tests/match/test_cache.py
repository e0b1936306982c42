"""The cache of compiled databases: it saves work, and is believed only where nobody can lie."""

import multiprocessing
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import hyperscan
import pytest

from leakscan.match.cache import Expressions, compiled, database
from leakscan.match.matcher import Matcher
from leakscan.model import Candidate, Content, Kind
from leakscan.rules.load import load_rules
from tests.support.keys import KeyMaker

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no cache without owners and modes")

ONE = [(b"abc[0-9]{2}", 0), (b"xyz", hyperscan.HS_FLAG_CASELESS)]
OTHER = [(b"abc[0-9]{3}", 0), (b"xyz", hyperscan.HS_FLAG_CASELESS)]
TEXT = b"-abc12-XYZ"
ENDS = [(0, 6), (1, 10)]


class Maker:
    """Compiles, and counts how often it had to."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, expressions: Expressions) -> hyperscan.Database:
        self.calls += 1
        return compiled(expressions)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "above" / "cache"


@pytest.fixture
def make() -> Maker:
    return Maker()


def ends(found: hyperscan.Database) -> list[tuple[int, int]]:
    hits: list[tuple[int, int]] = []
    found.scan(TEXT, match_event_handler=lambda number, _, end, *__: hits.append((number, end)))
    return hits


def the_file(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file


def was_made(folder: Path | None, expressions: Expressions = ONE) -> bool:
    """Return whether the database had to be compiled; either way it finds what it must."""
    make = Maker()
    assert ends(database(ONE, folder, make)) == ENDS
    return make.calls == 1


def test_what_was_made_once_is_loaded(folder: Path, make: Maker) -> None:
    for _ in range(3):
        assert ends(database(ONE, folder, make)) == ENDS
    assert make.calls == 1


def test_folder_and_file_are_closed_to_others(folder: Path) -> None:
    assert was_made(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(the_file(folder).stat().st_mode) == 0o600


def test_no_folder_is_no_cache() -> None:
    assert was_made(None)
    assert was_made(None)


@pytest.mark.parametrize(
    "other", [OTHER, ONE[:1], ONE[::-1], [ONE[0], (b"xyz", 0)], [(b"abc[0-9]{2}", 0), (b"xy", 0)]]
)
def test_other_expressions_and_flags_are_another_database(
    folder: Path, make: Maker, other: Expressions
) -> None:
    assert was_made(folder)
    database(other, folder, make)
    assert make.calls == 1
    assert len(list(folder.iterdir())) == 2
    assert not was_made(folder)


def flip(at: int) -> Callable[[bytes], bytes]:
    return lambda raw: raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 or len(raw) :]


@pytest.mark.parametrize(
    "damage",
    [
        flip(0), flip(25), flip(60), flip(-1), flip(200),
        lambda raw: raw[:-1], lambda raw: raw[:40], lambda raw: b"", lambda raw: raw + b"\0",
        lambda raw: b"\0" * len(raw), lambda raw: raw * 2,
    ],
)  # fmt: skip
def test_a_damaged_file_is_not_loaded_and_gives_way(
    folder: Path, damage: Callable[[bytes], bytes]
) -> None:
    assert was_made(folder)
    file = the_file(folder)
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    assert was_made(folder)
    assert len(file.read_bytes()) == len(whole)
    assert not was_made(folder)


def test_a_database_of_other_expressions_under_this_name_is_not_loaded(folder: Path) -> None:
    assert was_made(folder)
    mine = the_file(folder)
    database(OTHER, folder)
    (other,) = set(folder.iterdir()) - {mine}
    other.replace(mine)
    assert was_made(folder)
    assert not was_made(folder)


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o707, 0o750, 0o701])
def test_a_folder_open_to_others_is_not_used(folder: Path, mode: int) -> None:
    assert was_made(folder)
    folder.chmod(mode)
    before = the_file(folder).stat()
    assert was_made(folder)
    assert the_file(folder).stat() == before
    folder.chmod(0o700)
    assert not was_made(folder)


def test_an_open_folder_stays_empty(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    assert was_made(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_link_to_a_folder_is_not_followed(folder: Path, tmp_path: Path) -> None:
    assert was_made(folder)
    link = tmp_path / "link"
    link.symlink_to(folder)
    assert was_made(link)


def test_a_link_in_place_of_the_file_is_not_followed(folder: Path, tmp_path: Path) -> None:
    assert was_made(folder)
    file = the_file(folder)
    elsewhere = file.rename(tmp_path / "elsewhere")
    file.symlink_to(elsewhere)
    whole = elsewhere.read_bytes()
    assert was_made(folder)
    assert not file.is_symlink()
    assert elsewhere.read_bytes() == whole
    assert not was_made(folder)


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_others_may_write_is_not_loaded(folder: Path, mode: int) -> None:
    assert was_made(folder)
    the_file(folder).chmod(mode)
    assert was_made(folder)
    assert stat.S_IMODE(the_file(folder).stat().st_mode) == 0o600
    assert not was_made(folder)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives away")
@pytest.mark.parametrize("which", ["folder", "file"])
def test_what_another_user_owns_is_not_loaded(folder: Path, which: str) -> None:
    assert was_made(folder)
    os.chown(folder if which == "folder" else the_file(folder), 12345, -1)
    assert was_made(folder)


@pytest.mark.parametrize("stands_there", ["folder", "pipe"])
def test_what_is_no_file_is_not_loaded(folder: Path, stands_there: str) -> None:
    assert was_made(folder)
    file = the_file(folder)
    file.unlink()
    if stands_there == "folder":
        file.mkdir()
    else:
        os.mkfifo(file)
    assert was_made(folder)
    assert [path for path in folder.iterdir() if path != file] == []


def test_a_folder_that_cannot_be_made_is_no_cache(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert was_made(tmp_path / "file")
    assert was_made(tmp_path / "file" / "below" / "cache")


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root writes anywhere")
def test_a_folder_that_cannot_be_written_is_read_only_cache(folder: Path) -> None:
    folder.mkdir(parents=True, mode=0o500)
    assert was_made(folder)
    folder.chmod(0o700)
    assert was_made(folder)
    folder.chmod(0o500)
    assert not was_made(folder)
    folder.chmod(0o700)


def test_a_huge_file_is_not_loaded(folder: Path) -> None:
    assert was_made(folder)
    with the_file(folder).open("r+b") as file:
        file.truncate(65 << 20)
    assert was_made(folder)
    assert the_file(folder).stat().st_size < 1 << 20


def test_old_files_go_and_those_of_others_stay(folder: Path) -> None:
    assert was_made(folder)
    first = the_file(folder)
    os.utime(first, (0, 0))
    left = folder / f"{first.name}.{'0' * 16}"
    left.write_bytes(b"half")
    os.utime(left, (0, 0))
    (folder / "notes").write_bytes(b"not ours")
    os.utime(folder / "notes", (0, 0))
    for number in range(20):
        database([(b"n%d" % number, 0)], folder)
    names = {path.name for path in folder.iterdir()}
    assert len(names) == 17
    assert "notes" in names
    assert not names & {first.name, left.name}


def test_an_invalid_expression_is_an_error_as_without_cache(folder: Path) -> None:
    with pytest.raises(hyperscan.HyperscanError):
        database([(b"(", 0)], folder)
    assert list(folder.iterdir()) == []


def scan_with(folder: Path, data: bytes, rounds: int) -> list[str]:
    matcher = None
    for _ in range(rounds):
        matcher = Matcher(load_rules(), cache=folder)
    assert matcher is not None
    assert matcher.suspects(data)
    found = matcher.match(Content(Kind.BLOB, data))
    return [cast(Candidate, one).value.reveal().decode() for one in found]


def test_processes_at_once_all_find_the_same(folder: Path, keys: KeyMaker) -> None:
    leak = keys.leak()
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        work = [(folder, leak.env(), 2)] * 6
        assert pool.starmap(scan_with, work) == [[leak.key_id, leak.secret]] * 6
    assert [path for path in folder.iterdir() if path.suffix != ".hsdb"] == []


def test_a_loaded_matcher_finds_what_a_compiled_one_finds(folder: Path) -> None:
    rules = load_rules()
    made, loaded = Matcher(rules, cache=folder), Matcher(rules, cache=folder)
    count = len(list(folder.iterdir()))
    assert count > 1
    for rule in rules.rules:
        for example in (*rule.examples, *rule.negative_examples):
            content = Content(Kind.BLOB, example.text)
            assert list(map(repr, made.match(content))) == list(map(repr, loaded.match(content)))
            assert made.suspects(example.text) == loaded.suspects(example.text)
    assert len(list(folder.iterdir())) == count
