"""Globs mean what they mean in a .gitignore, and none takes for ever."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakscan.triage.globs import Globs
from tests.support.repo import Repo, git_environment


@pytest.mark.parametrize(
    ("glob", "fits", "others"),
    [
        ("*.md", ["a.md", "x/y/a.md"], ["a.mdx", "a/md"]),
        ("tests", ["tests", "tests/a", "x/tests/y/z"], ["tests2", "x/mytests"]),
        ("tests/", ["tests/a", "x/tests/y"], ["test/a"]),
        ("/tests", ["tests/a"], ["x/tests/a"]),
        ("tests/**", ["tests/a", "tests/a/b"], ["tests", "x/tests/a"]),
        ("**/tests/*.py", ["tests/a.py", "x/y/tests/a.py"], ["tests/a/b.txt"]),
        ("a/**/b", ["a/b", "a/x/b", "a/x/y/b/c"], ["a/x", "b"]),
        ("a/*/b", ["a/x/b"], ["a/b", "a/x/y/b"]),
        ("a?c", ["abc", "a\u00e9c", "x/a.c"], ["ac", "abbc", "a/c"]),
        ("[a-c]x", ["bx"], ["dx"]),
        ("[!a]x", ["bx"], ["ax"]),
        ("a[", ["a["], ["a", "ab"]),
        ("*", ["anything", "at/all"], []),
        ("**", ["anything", "at/all"], []),
        (".env*", [".env", "x/.env.prod"], ["x.env"]),
        ("a.b", ["a.b"], ["axb"]),
    ],
)
def test_what_fits(glob: str, fits: list[str], others: list[str]) -> None:
    globs = Globs([glob])
    assert [path for path in fits if not globs.fit(path.encode())] == []
    assert [path for path in others if globs.fit(path.encode())] == []


def test_any_of_several_is_enough_and_none_is_not() -> None:
    assert Globs(["a", "b"]).fit(b"b")
    assert not Globs([]).fit(b"b")


def test_bytes_that_are_not_utf8_are_characters_too() -> None:
    assert Globs(["a*c"]).fit(b"a\xff\xfec")


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("a*" * 120 + "b", b"a" * 16_000),
        ("/".join(["**/a"] * 60) + "/b", b"a/" * 8_000 + b"c"),
        ("**/" * 80 + "b", b"a/" * 8_000 + b"c"),
        ("[a-z]*" * 40 + "0", b"a" * 4_000),
    ],
)
def test_no_glob_blows_up(glob: str, path: bytes) -> None:
    """With backtracking, each of these would take longer than the age of the world."""
    assert not Globs([glob]).fit(path)


WORDS = st.sampled_from(["a", "b", "ab", "a.b", "*", "?", "a*", "*b", "**", "[ab]", "[!a]"])
NAMES = st.sampled_from(["a", "b", "ab", "a.b", "c", "aab"])


@given(
    st.lists(WORDS, min_size=1, max_size=4),
    st.sampled_from(["", "/"]),
    st.lists(NAMES, min_size=1, max_size=4),
)
def test_as_git_itself_decides(
    tmp_path_factory: pytest.TempPathFactory, words: list[str], lead: str, names: list[str]
) -> None:
    """Only globs are compared whose `**` stands alone between slashes, as it always does here."""
    glob, path = lead + "/".join(words), "/".join(names)
    repo = _ignoring(tmp_path_factory)
    (repo.path / ".gitignore").write_text(f"{glob}\n")
    done = subprocess.run(
        ["git", "check-ignore", "-q", "--no-index", path],
        cwd=repo.path,
        env=git_environment(repo.path.parent),
        check=False,
    )
    assert Globs([glob]).fit(path.encode()) == (done.returncode == 0), (glob, path)


_MADE: dict[Path, Repo] = {}


def _ignoring(factory: pytest.TempPathFactory) -> Repo:
    base = factory.getbasetemp()
    if base not in _MADE:
        _MADE[base] = Repo.init(factory.mktemp("ignoring") / "repo")
    return _MADE[base]
