"""A comment counts for the value that it came with, not for the next one on its line.

Each history is scanned as a whole and as the range of its last commit.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.support.cli import Cli
from tests.support.damage import remove
from tests.support.hooks import Recorder, Work
from tests.support.keys import KeyMaker, Leak
from tests.support.repo import Repo

WORDS = ["leakscan:allow test fixture", "gitleaks:allow", "pragma: allowlist secret"]
OBEY = "--obey-repository"
Tree = Mapping[bytes, bytes | None]
Judge = Callable[..., dict[str, str]]


def env(leak: Leak, word: str = WORDS[0], name: str = "") -> bytes:
    """Two lines of settings with a comment on each."""
    return settings(leak.key_id, leak.secret, word, name)


def settings(key_id: str, secret: str, word: str = WORDS[0], name: str = "") -> bytes:
    lines = f"{name}AWS_ACCESS_KEY_ID={key_id}", f"{name}AWS_SECRET_ACCESS_KEY={secret}"
    return "".join(f"{line}  # {word}\n" for line in lines).encode()


def in_one_line(word: str, *leaks: Leak) -> bytes:
    keys = ", ".join(f'("{leak.key_id}", "{leak.secret}")' for leak in leaks)
    return f"aws_secret_access_keys = [{keys}]  # {word}\n".encode()


@pytest.fixture(params=["whole", "range"])
def judge(request: pytest.FixtureRequest, cli: Cli, repo: Repo) -> Judge:
    """Commit some trees in turn; return the status of each credential of the last one."""

    def run(*trees: Tree, alone: int = 1) -> dict[str, str]:
        made = [repo.commit({b"README": b"hello\n"}), *(repo.commit(dict(tree)) for tree in trees)]
        scope = ["--range", f"{made[-1 - alone]}..main"] if request.param == "range" else []
        scan = cli.scan(repo.path, OBEY, *scope)
        return {one["access_key_id"]: one["status"] for one in scan.findings}

    return run


_PUBLISHED = ("AKIA%%IOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG%%/bPxRfiCYEXAMPLEKEY")
PUBLISHED = settings(*(text.replace("%%", "") for text in _PUBLISHED))
EMPTY = settings("", "")
PLACEHOLDER = settings("changeme", "changeme")


# -- not for another value ------------------------------------------------------------------------


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("old", ["changeme", ""])
def test_a_placeholder_becomes_a_key(judge: Judge, keys: KeyMaker, word: str, old: str) -> None:
    leak = keys.leak()
    assert judge({b"f": settings(old, old, word)}, {b"f": env(leak, word)}) == {leak.key_id: "new"}


def test_a_published_example_becomes_a_key(judge: Judge, keys: KeyMaker) -> None:
    leak = keys.leak()
    assert judge({b"f": PUBLISHED}, {b"f": env(leak)}) == {leak.key_id: "new"}


@pytest.mark.parametrize("alone", [1, 2, 3])
def test_emptied_and_filled_again(judge: Judge, keys: KeyMaker, alone: int) -> None:
    old, new = keys.leaks(2)
    found = judge({b"f": env(old)}, {b"f": EMPTY}, {b"f": env(new)}, alone=alone)
    assert found[new.key_id] == "new"
    assert found.get(old.key_id) != "new"


@pytest.mark.parametrize("word", WORDS)
def test_one_more_on_the_line(judge: Judge, keys: KeyMaker, word: str) -> None:
    old, new = keys.leaks(2)
    found = judge({b"f": in_one_line(word, old)}, {b"f": in_one_line(word, old, new)})
    assert found[new.key_id] == "new"


@pytest.mark.parametrize("place", [b"f", b"g"])
def test_the_old_one_is_kept_elsewhere(judge: Judge, keys: KeyMaker, place: bytes) -> None:
    old, new = keys.leaks(2)
    kept = {b"f": b""} | {place: env(old, "gitleaks:allow" if place == b"f" else WORDS[0])}
    found = judge({b"f": env(old)}, {**kept, b"f": env(new) + kept[b"f"]})
    assert found[new.key_id] == "new"


@pytest.mark.parametrize("above", [b"", b"# a line more\n" * 9])
def test_renamed_and_replaced(judge: Judge, keys: KeyMaker, above: bytes) -> None:
    old, new = keys.leaks(2)
    found = judge({b"f": env(old)}, {b"f": None, b"deep/er/g": above + env(new)})
    assert found[new.key_id] == "new"


def test_a_folder_renamed_and_a_placeholder_replaced(judge: Judge, keys: KeyMaker) -> None:
    new = keys.leak()
    other = {b"old/a": b"a\n", b"old/b/c": b"c\n"}
    gone = dict.fromkeys([*other, b"old/f"])
    come = {b"new/a": b"a\n", b"new/b/c": b"c\n", b"new/f": env(new)}
    assert judge({**other, b"old/f": PLACEHOLDER}, {**gone, **come}) == {new.key_id: "new"}


def test_below_a_comment_for_the_next_line(judge: Judge, keys: KeyMaker) -> None:
    old, new = keys.leaks(2)
    above = b"# pragma: allowlist nextline secret\n"
    found = judge({b"f": above + old.one_line()}, {b"f": above + new.one_line()})
    assert found[new.key_id] == "new"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_in_wide_text(judge: Judge, keys: KeyMaker, encoding: str) -> None:
    leak = keys.leak()
    old, new = (("\ufeff" + each.decode()).encode(encoding) for each in (PLACEHOLDER, env(leak)))
    assert judge({b"f": old}, {b"f": new}) == {leak.key_id: "new"}


def test_moved_in_from_a_file_without_a_comment(judge: Judge, keys: KeyMaker) -> None:
    leak = keys.leak()
    before, moved = {b"g": leak.env(), b"f": PLACEHOLDER}, {b"g": None, b"f": env(leak)}
    assert judge(before, moved, alone=2) == {leak.key_id: "new"}


def test_a_comment_beside_the_id_is_not_one_for_the_secret(judge: Judge, keys: KeyMaker) -> None:
    leak = keys.leak()
    trees = {b"f": settings(leak.key_id, "changeme")}, {b"f": env(leak)}
    assert judge(*trees, alone=2) == {leak.key_id: "new"}


def test_a_merge_that_brings_its_own(cli: Cli, repo: Repo, keys: KeyMaker) -> None:
    base = repo.commit({b"f": PLACEHOLDER})
    side = repo.commit({b"g": b"g\n"}, branch="side", parents=[base])
    ours = repo.commit({b"h": b"h\n"}, parents=[base])
    repo.commit({b"f": env(keys.leak())}, parents=[ours, side])
    for scope in ([], ["--range", f"{ours}..main"]):
        assert [one["status"] for one in cli.scan(repo.path, OBEY, *scope).findings] == ["new"]


def test_what_to_do_is_said_and_helps(cli: Cli, repo: Repo, keys: KeyMaker) -> None:
    leak = keys.leak()
    repo.commit({b"f": PLACEHOLDER})
    repo.commit({b"f": env(leak)})
    scan = cli.scan(repo.path, OBEY)
    assert [one["kind"] for one in scan.report["notes"]] == ["comment made for another value"]
    repo.commit({b"f": env(leak, "leakscan:allow a key of the second fixture, made up too")})
    assert [one["status"] for one in cli.scan(repo.path, OBEY).findings] == ["allowed"]


# -- for its own value ----------------------------------------------------------------------------


@pytest.mark.parametrize("word", WORDS)
def test_one_that_came_with_it(judge: Judge, keys: KeyMaker, word: str) -> None:
    leak = keys.leak()
    assert judge({b"f": b"# settings\n"}, {b"f": b"# settings\n" + env(leak, word)}) == {
        leak.key_id: "allowed"
    }


@pytest.mark.parametrize("word", WORDS)
def test_a_line_more_beside_lines_that_stay(judge: Judge, keys: KeyMaker, word: str) -> None:
    """Fixtures often have one comment for all: without a reason there is only one."""
    old, new = keys.leaks(2)
    both = env(old, word).replace(b"\n", b"\r\n") + env(new, word, "OTHER_")
    assert judge({b"f": env(old, word)}, {b"f": both}, alone=2) == {
        old.key_id: "allowed",
        new.key_id: "allowed",
    }


@pytest.mark.parametrize(
    "after",
    [
        {b"f": b"# a line more\n" * 30 + b"%b# and below\n"},
        {b"f": None, b"g": b"# renamed\n%b"},
        {b"f": None, b"deep/f": b"%b", b"deep/g": b"%b"},
        {b"g": b"%b"},
    ],
)
def test_the_same_value_elsewhere(judge: Judge, keys: KeyMaker, after: Tree) -> None:
    one, two = keys.leaks(2)
    text = env(one) + env(two, name="OTHER_")
    moved = {path: data % text if data else None for path, data in after.items()}
    found = judge({b"f": text}, moved, alone=2)
    assert found == {one.key_id: "allowed", two.key_id: "allowed"}


def test_a_file_split_in_two(judge: Judge, keys: KeyMaker) -> None:
    one, two = keys.leaks(2)
    split = {b"f": None, b"one": env(one), b"two": env(two)}
    found = judge({b"f": env(one) + env(two, name="OTHER_")}, split, alone=2)
    assert found == {one.key_id: "allowed", two.key_id: "allowed"}


def test_beside_a_file_that_is_only_renamed(judge: Judge, keys: KeyMaker) -> None:
    old, new = keys.leaks(2)
    found = judge({b"f": env(old)}, {b"f": None, b"g": env(old), b"h": env(new)}, alone=2)
    assert found == {old.key_id: "allowed", new.key_id: "allowed"}


def test_a_comment_written_later(judge: Judge, keys: KeyMaker) -> None:
    leak = keys.leak()
    assert judge({b"f": leak.env()}, {b"f": env(leak)}, alone=2) == {leak.key_id: "allowed"}


def test_a_comment_written_later_below_another(judge: Judge, keys: KeyMaker) -> None:
    old, new = keys.leaks(2)
    first = env(old)
    trees = {b"f": first}, {b"f": first + new.env()}, {b"f": first + env(new)}
    assert judge(*trees, alone=2)[new.key_id] == "allowed"


def test_what_happens_to_other_lines_later_changes_nothing(judge: Judge, keys: KeyMaker) -> None:
    old, new = keys.leaks(2)
    first = env(old)
    trees = {b"f": first}, {b"f": first + new.env()}, {b"f": first + env(new)}, {b"f": env(new)}
    assert judge(*trees, alone=3)[new.key_id] == "allowed"


def test_a_value_that_comes_back(judge: Judge, keys: KeyMaker) -> None:
    leak = keys.leak()
    trees = {b"f": env(leak)}, {b"f": EMPTY}, {b"f": env(leak)}
    assert judge(*trees, alone=3) == {leak.key_id: "allowed"}


# -- in a push and a commit -----------------------------------------------------------------------


@pytest.fixture
def work(tmp_path: Path, cli: Cli, request: pytest.FixtureRequest) -> Work:
    """A repository with hooks, whose remote has a base."""
    work = Work(tmp_path, cli, Recorder(request.node.nodeid), hooks=("pre-push", "pre-commit"))
    work.base()
    return work


@pytest.mark.parametrize("refs", [("main", "feat"), ("feat", "main"), ("--all",), ("feat",)])
def test_a_comment_written_later_on_any_branch(work: Work, refs: tuple[str, ...]) -> None:
    leak, _ = work.leak(b"f", branch="feat")
    work.repo.commit({b"f": env(leak)}, branch="feat")
    work.repo.commit({b"other": b"other\n"})
    pushed = work.push("origin", *refs)
    assert not pushed.refused, pushed.said


def test_no_comment_on_any_branch(work: Work) -> None:
    work.leak(b"f", branch="feat")
    work.repo.commit({b"other": b"other\n"})
    assert work.push("origin", "main", "feat").refused


def test_a_placeholder_in_a_push_becomes_a_key(work: Work) -> None:
    work.repo.commit({b"f": PLACEHOLDER})
    assert not work.push("origin", "main").refused
    work.repo.commit({b"f": env(work.keys.leak())})
    pushed = work.push("origin", "main")
    assert pushed.refused
    assert "made for another value" in pushed.words


def test_a_placeholder_in_the_index_becomes_a_key(work: Work) -> None:
    work.repo.checkout()
    work.repo.write(b"f", PLACEHOLDER)
    assert not work.commit().refused
    work.repo.write(b"f", env(work.keys.leak()))
    assert work.commit().refused
    work.repo.write(b"f", env(work.keys.leak(), "leakscan:allow made up as well"))
    assert not work.commit().refused


# -- what cannot be read --------------------------------------------------------------------------


def test_an_old_version_that_cannot_be_read_may_have_had_the_comment(
    cli: Cli, repo: Repo, keys: KeyMaker
) -> None:
    leak = keys.leak()
    old = repo.commit({b"f": b"# settings\n", b"gone": b"g\n"})
    repo.commit({b"f": b"# settings\n" + env(leak)})
    assert [one["status"] for one in cli.scan(repo.path, OBEY).findings] == ["allowed"]
    remove(repo.loose(repo.blob(old, b"f")))
    scan = cli.scan(repo.path, OBEY)
    assert [one["status"] for one in scan.findings] == ["new"]
    assert [one["kind"] for one in scan.report["notes"]] == ["comment made for another value"]


def test_a_parent_that_is_not_there_has_no_comment(cli: Cli, repo: Repo, keys: KeyMaker) -> None:
    repo.commit({b"f": PLACEHOLDER})
    repo.commit({b"f": env(keys.leak())})
    shallow = repo.clone(repo.path.parent / "shallow", "--depth=1")
    assert [one["status"] for one in cli.scan(shallow.path, OBEY).findings] == ["allowed"]
