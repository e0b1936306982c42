"""Rules from the cache are the rules of the files, but for their examples."""

import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from leakscan.model import RuleSet
from leakscan.resources import patterns
from leakscan.rules.kept import decode, encode
from leakscan.rules.load import load_rules

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no cache without owners and modes")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def without_examples() -> RuleSet:
    rules = load_rules()
    return replace(
        rules,
        rules=tuple(replace(one, examples=(), negative_examples=()) for one in rules.rules),
    )


def test_rules_from_the_cache_are_those_of_the_files(folder: Path) -> None:
    for _ in range(2):
        rules = load_rules(cache=folder)
        assert rules == without_examples()
        assert hash(rules.rules) == hash(without_examples().rules)  # Also in their types.
    assert len(list(folder.iterdir())) == 1


def test_no_example_is_in_the_cache(folder: Path) -> None:
    load_rules(cache=folder)
    (file,) = folder.iterdir()
    raw = file.read_bytes()
    texts = [text for rule in load_rules().rules for one in rule.examples for text in one.finds]
    assert texts
    assert not [text for text in texts if text in raw]


def test_with_rules_in_the_cache_nothing_is_parsed(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from leakscan.rules.load import load_rules;"
        f"load_rules(cache=Path({str(folder)!r}));"
        "print(*(name in sys.modules for name in ('yaml', 'leakscan.rules.schema', 'regex')))"
    )
    said = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout.split()
        for _ in range(2)
    ]
    assert said == [[b"True"] * 3, [b"False"] * 3]


@pytest.mark.parametrize(
    "raw",
    [b"", b"x", b"\xff", b"[]", b"{}", b'{"rules": 1, "version": "", "hash": ""}',
     b'{"rules": [{}], "version": "", "hash": ""}', b'{"rules": [[]], "version": "", "hash": ""}'],
)  # fmt: skip
def test_what_is_not_encoded_rules_is_none(raw: bytes) -> None:
    assert decode(raw) is None


@pytest.mark.parametrize("change", [("min_entropy", "entropy"), ("severity", "harm"), ("id", "i")])
def test_rules_with_other_fields_are_none(change: tuple[str, str]) -> None:
    old, new = (f'"{name}":'.encode() for name in change)
    assert decode(encode(load_rules()).replace(old, new)) is None


def test_a_broken_cache_costs_time_only(folder: Path) -> None:
    load_rules(cache=folder)
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    for damaged in (b"", whole[:-1], whole[::-1], whole + b" "):
        file.write_bytes(damaged)
        assert load_rules(cache=folder) == without_examples()
        assert file.read_bytes() == whole


def test_rules_of_a_folder_are_read_each_time(folder: Path) -> None:
    assert load_rules(patterns(), cache=folder) == load_rules()
    assert not folder.exists()
