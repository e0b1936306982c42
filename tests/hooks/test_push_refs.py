"""Every shape of push: which refs, new or moved, forced or deleted, to which remote."""

from pathlib import Path

import pytest

from tests.support.cli import Cli
from tests.support.hooks import Recorder, Work, names
from tests.support.repo import Repo

ZERO = "0" * 40


# -- one branch -----------------------------------------------------------------------------------


def test_fast_forward_with_a_key_is_refused(work: Work) -> None:
    leak, commit = work.leak(above=b"# settings\n")
    pushed = work.push("origin", "main")
    assert names(pushed, commit, "app/.env", 2)
    assert leak.key_id in pushed.said
    assert work.at("refs/heads/main") == work.repo.id("main~1")
    assert not work.remote_has(commit)


def test_fast_forward_without_a_key_passes(work: Work) -> None:
    commit = work.repo.commit({b"src/app.py": b"print()\n"})
    pushed = work.push("origin", "main")
    assert not pushed.refused, pushed.said
    assert work.at("refs/heads/main") == commit


def test_new_branch(work: Work) -> None:
    base = work.repo.id("main")
    work.repo.git("branch", "clean", base)
    assert not work.push("origin", "clean").refused
    work.repo.git("branch", "topic", base)
    _, commit = work.leak(branch="topic")
    pushed = work.push("-u", "origin", "topic")
    assert names(pushed, commit, "app/.env", 1)
    assert (work.at("refs/heads/clean"), work.at("refs/heads/topic")) == (base, "")


def test_first_push_of_everything(tmp_path: Path, cli: Cli, made: Recorder) -> None:
    work = Work(tmp_path, cli, made)
    work.repo.commit({b"a": b"1\n"})
    _, commit = work.leak()
    for number in range(3):
        work.repo.commit({b"b": b"%d\n" % number})
    pushed = work.push("origin", "main")
    assert names(pushed, commit, "app/.env", 1)
    assert work.at("refs/heads/main") == ""
    work.repo.ref("refs/heads/main", f"{commit}~1")
    assert not work.push("origin", "main").refused


def test_force_push(work: Work) -> None:
    base = work.repo.id("main")
    work.repo.commit({b"a": b"1\n"})
    assert not work.push("origin", "main").refused
    before = work.at("refs/heads/main")
    work.repo.ref("refs/heads/main", base)
    _, commit = work.leak()
    assert names(work.push("--force-with-lease", "origin", "main"), commit, "app/.env", 1)
    assert names(work.push("origin", "+main"), commit, "app/.env", 1)
    assert work.at("refs/heads/main") == before
    work.repo.ref("refs/heads/main", base)
    clean = work.repo.commit({b"a": b"2\n"})
    assert not work.push("--force", "origin", "main").refused
    assert work.at("refs/heads/main") == clean


def test_delete_passes(work: Work) -> None:
    work.unchecked("push", "-q", "origin", "main:old", "main:older")
    assert not work.push("origin", "--delete", "old").refused
    assert not work.push("origin", ":older").refused
    assert work.at("refs/heads/old") == work.at("refs/heads/older") == ""


def test_delete_passes_although_something_bad_waits(work: Work) -> None:
    work.unchecked("push", "-q", "origin", "main:old")
    work.leak(branch="topic")
    work.leak()
    assert not work.push("origin", "--delete", "old").refused
    assert work.at("refs/heads/old") == ""


def test_delete_together_with_a_bad_ref_is_refused(work: Work) -> None:
    work.unchecked("push", "-q", "origin", "main:old")
    _, commit = work.leak()
    pushed = work.push("origin", ":old", "main")
    assert names(pushed, commit, "app/.env", 1)
    assert work.at("refs/heads/old") == work.at("refs/heads/main") == work.repo.id("main~1")


def test_nothing_to_push_passes(work: Work) -> None:
    pushed = work.push("origin", "main")
    assert not pushed.refused
    assert "up-to-date" in pushed.said


# -- several refs -------------------------------------------------------------------------------


def test_one_bad_ref_of_several_stops_all(work: Work) -> None:
    base = work.repo.id("main")
    for name in ("one", "two", "three", "four"):
        work.repo.git("branch", name, base)
        work.repo.commit({name.encode(): b"1\n"}, branch=name)
    leak, commit = work.leak(branch="three")
    pushed = work.push("origin", "one", "two", "three", "four")
    assert names(pushed, commit, "app/.env", 1)
    assert leak.key_id in pushed.said
    assert "three" in pushed.said
    assert not any(work.at(f"refs/heads/{name}") for name in ("one", "two", "three", "four"))
    assert not work.push("origin", "one", "two", "four").refused


def test_all_of_several_bad_commits_are_named(work: Work) -> None:
    one, first = work.leak(b"a.env")
    two, second = work.leak(b"b.env", branch="topic")
    pushed = work.push("origin", "main", "topic")
    assert names(pushed, first, "a.env", 1)
    assert names(pushed, second, "b.env", 1)
    assert one.key_id in pushed.said
    assert two.key_id in pushed.said


@pytest.mark.parametrize("option", ["--all", "--mirror"])
def test_all_and_mirror(work: Work, option: str) -> None:
    _, commit = work.leak(branch="topic")
    pushed = work.push(option, "origin")
    assert names(pushed, commit, "app/.env", 1)
    assert work.at("refs/heads/topic") == ""
    work.repo.git("branch", "-D", "topic")
    work.repo.git("branch", "other")
    assert not work.push(option, "origin").refused
    assert work.at("refs/heads/other")


def test_mirror_takes_every_ref_along(work: Work) -> None:
    leak = work.keys.leak()
    work.repo.note("main", leak.env())
    note = work.repo.id("refs/notes/commits")
    pushed = work.push("--mirror", "origin")
    assert pushed.refused
    assert note[:7] in pushed.said
    assert leak.key_id in pushed.said
    assert work.at("refs/notes/commits") == ""


def test_source_and_destination_of_any_name(work: Work) -> None:
    _, commit = work.leak()
    work.repo.checkout()
    for target in (
        "HEAD:refs/heads/x",
        "HEAD:refs/for/main",
        "HEAD@{0}:refs/heads/y",
        f"{commit}:refs/heads/z",
    ):
        pushed = work.push("origin", target)
        assert names(pushed, commit, "app/.env", 1), target
    assert len(work.remote.git("for-each-ref").splitlines()) == 1
    targets = ("HEAD~1:refs/heads/x", "main^:refs/for/main", f"{commit}~1:refs/heads/z")
    assert not work.push("origin", *targets).refused
    assert work.at("refs/for/main") == work.repo.id("main~1")


def test_detached_head(work: Work) -> None:
    work.repo.git("checkout", "-q", "--detach", "main")
    leak = work.keys.leak()
    work.repo.write(b"app/.env", leak.env())
    commit = work.repo.commit_staged()
    pushed = work.push("origin", "HEAD:refs/heads/x")
    assert names(pushed, commit, "app/.env", 1)
    assert not work.push("origin", "HEAD~1:refs/heads/x").refused


def test_an_unpushed_bad_branch_does_not_stop_another(work: Work) -> None:
    work.leak(branch="topic")
    work.repo.commit({b"a": b"1\n"})
    assert not work.push("origin", "main").refused


# -- tags ---------------------------------------------------------------------------------------


def test_tags(work: Work) -> None:
    leak = work.keys.leak()
    clean = work.repo.tag("v1", "main", b"Release\n")
    bad = work.repo.tag("v2", "main", b"Release\n\nwith\n" + leak.env())
    pushed = work.push("--tags", "origin")
    assert pushed.refused
    assert leak.key_id in pushed.said
    assert "v2" in pushed.said
    assert work.at("refs/tags/v1") == work.at("refs/tags/v2") == ""
    assert not work.remote_has(bad)
    assert not work.push("origin", "v1").refused
    assert work.at("refs/tags/v1") == clean


def test_lightweight_tag_of_a_bad_commit(work: Work) -> None:
    _, commit = work.leak(branch="topic")
    work.repo.tag("v1", commit)
    work.repo.git("branch", "-D", "topic")
    assert names(work.push("origin", "v1"), commit, "app/.env", 1)
    assert work.at("refs/tags/v1") == ""


def test_tag_of_a_blob_and_of_a_tree(work: Work) -> None:
    leak, other = work.keys.leaks(2)
    blob = work.repo.write_object("blob", b"\n" + leak.env())
    work.repo.tag("blob", blob)
    pushed = work.push("origin", "blob")
    assert pushed.refused
    assert leak.key_id in pushed.said
    assert "blob" in pushed.said
    tree = work.repo.git("mktree", stdin=b"100644 blob %b\tkey.env\n" % work.repo.write_object(
        "blob", other.env()
    ).encode()).decode().strip()  # fmt: skip
    work.repo.tag("tree", tree, b"a tree\n")
    pushed = work.push("origin", "tree")
    assert pushed.refused
    assert other.key_id in pushed.said
    assert "key.env" in pushed.said
    assert work.at("refs/tags/blob") == work.at("refs/tags/tree") == ""
    work.repo.tag("fine", work.repo.blob("main", b"README"))
    assert not work.push("origin", "fine").refused


def test_tag_of_a_tag(work: Work) -> None:
    inner, outer = work.keys.leaks(2)
    work.repo.tag("inner", "main", b"inner " + inner.one_line() + b"\n")
    work.repo.tag("outer", "inner", b"outer " + outer.one_line() + b"\n")
    pushed = work.push("origin", "outer")
    assert pushed.refused
    assert inner.key_id in pushed.said
    assert outer.key_id in pushed.said
    assert work.at("refs/tags/outer") == ""


def test_follow_tags(work: Work) -> None:
    leak = work.keys.leak()
    work.repo.commit({b"a": b"1\n"})
    work.repo.tag("v1", "main", leak.env())
    pushed = work.push("--follow-tags", "origin", "main")
    assert pushed.refused
    assert leak.key_id in pushed.said
    assert work.at("refs/tags/v1") == ""
    assert not work.push("origin", "main").refused


# -- remotes ------------------------------------------------------------------------------------


def test_a_remote_commit_that_is_unknown_here(work: Work) -> None:
    other = work.remote.clone(work.folder / "other")
    other.commit({b"theirs": b"1\n"})
    other.git("push", "-q", "origin", "main")
    theirs = work.at("refs/heads/main")
    _, commit = work.leak()
    pushed = work.push("--force", "origin", "main")
    assert names(pushed, commit, "app/.env", 1)
    assert work.at("refs/heads/main") == theirs
    work.repo.ref("refs/heads/main", "main~1")
    work.repo.commit({b"ours": b"1\n"})
    assert not work.push("--force", "origin", "main").refused


def test_remote_given_as_url(work: Work) -> None:
    old, _ = work.leak(b"old.env")
    work.unchecked("push", "-q", "origin", "main")
    _, commit = work.leak(branch="topic")
    pushed = work.push(work.remote.path, "topic")
    assert names(pushed, commit, "app/.env", 1)
    assert old.key_id not in pushed.said
    assert work.at("refs/heads/topic") == ""
    clean = work.repo.commit({b"a": b"1\n"}, branch="clean", parents=[work.repo.id("main")])
    assert not work.push(work.remote.path, "clean").refused
    assert work.at("refs/heads/clean") == clean


def test_remote_given_as_a_url_that_only_git_can_equate(work: Work) -> None:
    """All that is known then is what the remote says it has: the old leak is told as such."""
    old, _ = work.leak(b"old.env")
    work.unchecked("push", "-q", "origin", "main")
    _, commit = work.leak()
    pushed = work.push(f"file://{work.remote.path}", "main")
    assert names(pushed, commit, "app/.env", 1)
    assert old.key_id not in pushed.said
    pushed = work.push(f"file://{work.remote.path}", "main:topic")
    assert names(pushed, commit, "app/.env", 1)
    if old.key_id in pushed.said:
        assert "Already on origin since" in pushed.words
    assert work.at("refs/heads/topic") == ""


def test_remote_that_is_not_configured(work: Work) -> None:
    elsewhere = Repo.init(work.folder / "elsewhere.git", bare=True)
    _, commit = work.leak()
    pushed = work.push(str(elsewhere.path), "main")
    assert names(pushed, commit, "app/.env", 1)
    assert work.at("refs/heads/main", elsewhere) == ""
    assert not work.push(str(elsewhere.path), "main~1:refs/heads/main").refused


def test_second_remote_when_the_first_has_the_leak(work: Work) -> None:
    leak, commit = work.leak()
    work.unchecked("push", "-q", "origin", "main")
    second = work.add_remote("second")
    pushed = work.push("second", "main")
    assert names(pushed, commit, "app/.env", 1)
    assert "origin" in pushed.words
    assert "since 2020-09-13" in pushed.words
    assert "revoke" in pushed.words.lower()
    assert "never left this machine" not in pushed.words
    assert leak.key_id in pushed.said
    assert work.at("refs/heads/main", second) == ""


def test_what_never_left_is_to_be_rewritten(work: Work) -> None:
    work.leak()
    words = work.push("origin", "main").words
    assert "never left this machine" in words
    assert "git commit" in words
    assert "--amend" in words
    assert "revoke it" not in words


def test_an_older_commit_is_to_be_fixed_up(work: Work) -> None:
    _, commit = work.leak()
    work.repo.commit({b"a": b"1\n"})
    words = work.push("origin", "main").words
    assert f"--fixup={commit[:7]}" in words
    assert "rebase" in words


@pytest.mark.parametrize("name", ["up/stream", "caf\u00e9", "x+y.b"])
def test_remote_names_of_any_kind(work: Work, name: str) -> None:
    old, _ = work.leak(b"old.env")
    remote = work.add_remote(name, "other.git")
    work.unchecked("push", "-q", name, "main")
    _, commit = work.leak()
    pushed = work.push(name, "main")
    assert names(pushed, commit, "app/.env", 1)
    assert old.key_id not in pushed.said
    assert work.at("refs/heads/main", remote) == work.repo.id("main~1")


def test_a_remote_whose_push_url_differs(work: Work) -> None:
    elsewhere = Repo.init(work.folder / "elsewhere.git", bare=True)
    work.repo.git("remote", "set-url", "--push", "origin", elsewhere.path)
    _, commit = work.leak()
    assert names(work.push("origin", "main"), commit, "app/.env", 1)
    assert work.at("refs/heads/main", elsewhere) == ""


def test_no_verify_is_gits_own_way_out(work: Work) -> None:
    _, commit = work.leak()
    assert not work.push("--no-verify", "origin", "main").refused
    assert work.at("refs/heads/main") == commit
