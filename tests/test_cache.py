"""What is kept comes back whole or not at all; tests/match/test_cache.py has more of the lies."""

import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from leakscan.cache import key_of, load, sha256, store

cached = pytest.mark.skipif(sys.platform == "win32", reason="no cache without owners and modes")

KEY = key_of(b"key")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.mark.parametrize("data", [b"", b"leak", b"\0" * 1000])
def test_the_hash_is_sha256(data: bytes) -> None:
    assert sha256(data).digest() == hashlib.sha256(data).digest()
    assert sha256(data).hexdigest() == hashlib.sha256(data).hexdigest()


def test_keys_tell_parts_apart() -> None:
    keys = [key_of(), key_of(b""), key_of(b"ab"), key_of(b"a", b"b"), key_of(b"", b"ab")]
    assert len(set(keys)) == len(keys)


@cached
@pytest.mark.parametrize("payload", [b"", b"x", b"\0" * (1 << 20)])
def test_what_is_stored_is_loaded(folder: Path, payload: bytes) -> None:
    assert load(folder, "one", KEY) is None
    store(folder, "one", KEY, payload)
    assert load(folder, "one", KEY) == payload
    assert load(folder, "one", key_of(b"other")) is None
    assert load(folder, "two", KEY) is None


def test_no_folder_keeps_nothing() -> None:
    store(None, "one", KEY, b"x")
    assert load(None, "one", KEY) is None


@cached
def test_a_file_of_another_kind_or_key_under_this_name_is_not_loaded(folder: Path) -> None:
    store(folder, "one", KEY, b"x")
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    file.with_suffix(".two").write_bytes(whole)
    file.with_name(f"{key_of(b'other').hex()}.one").write_bytes(whole)
    assert load(folder, "two", KEY) is None
    assert load(folder, "one", key_of(b"other")) is None
    assert load(folder, "one", KEY) == b"x"


@cached
@pytest.mark.parametrize(
    "damage", [lambda raw: raw[:-1], lambda raw: b"", lambda raw: raw + b"x", lambda raw: raw[::-1]]
)
def test_a_broken_file_is_replaced(folder: Path, damage: Callable[[bytes], bytes]) -> None:
    store(folder, "one", KEY, b"payload")
    (file,) = folder.iterdir()
    file.write_bytes(damage(file.read_bytes()))
    assert load(folder, "one", KEY) is None
    store(folder, "one", KEY, b"payload")
    assert load(folder, "one", KEY) == b"payload"


@cached
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root writes anywhere")
def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    store(tmp_path, "one", KEY, b"x")
    store(tmp_path / "below", "one", KEY, b"x")
    tmp_path.chmod(0o700)
    assert list(tmp_path.iterdir()) == []


@cached
def test_a_file_where_the_folder_should_be_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"mine")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        store(folder, "one", KEY, b"x")
        assert load(folder, "one", KEY) is None
    assert (tmp_path / "file").read_bytes() == b"mine"


@cached
def test_many_of_one_kind_do_not_displace_another(folder: Path) -> None:
    store(folder, "one", KEY, b"x")
    for number in range(40):
        store(folder, "two", key_of(b"%d" % number), b"y")
    assert load(folder, "one", KEY) == b"x"
    assert len(list(folder.glob("*.two"))) == 16
    assert load(folder, "two", key_of(b"39")) == b"y"
