"""Where git's lines do not arrive: under the pre-commit framework and other hook managers."""

import json

import pytest

from tests.support.hooks import Work, names


def framework(work: Work, **more: str) -> dict[str, str]:
    """The variables that the pre-commit framework sets for a pre-push hook."""
    return {
        "PRE_COMMIT": "1",
        "PRE_COMMIT_REMOTE_NAME": "origin",
        "PRE_COMMIT_REMOTE_URL": str(work.remote.path),
        "PRE_COMMIT_LOCAL_BRANCH": "refs/heads/main",
        "PRE_COMMIT_REMOTE_BRANCH": "refs/heads/main",
        **more,
    }


def test_the_framework_hides_refs_but_not_leaks(work: Work) -> None:
    _, commit = work.leak(branch="topic")
    work.repo.commit({b"a": b"1\n"})
    done = work.leakscan("pre-push", env=framework(work))
    assert names(done, commit, "app/.env", 1)
    work.repo.git("branch", "-D", "topic")
    assert work.leakscan("pre-push", env=framework(work)).code == 0


def test_tags_and_a_detached_head_count(work: Work) -> None:
    leak = work.keys.leak()
    work.repo.tag("v1", "main", leak.env())
    done = work.leakscan("pre-push", env=framework(work))
    assert done.refused
    assert leak.key_id in done.said
    work.repo.git("tag", "-d", "v1")
    work.repo.git("checkout", "-q", "--detach", "main")
    work.repo.write(b"app/.env", work.keys.leak().env())
    commit = work.repo.commit_staged()
    assert names(work.leakscan("pre-push", env=framework(work)), commit, "app/.env", 1)


def test_what_only_another_remote_has_is_new_for_this_one(work: Work) -> None:
    _, commit = work.leak()
    work.unchecked("push", "-q", "origin", "main")
    second = work.add_remote("second")
    env = framework(work, PRE_COMMIT_REMOTE_NAME="second", PRE_COMMIT_REMOTE_URL=str(second.path))
    done = work.leakscan("pre-push", env=env)
    assert names(done, commit, "app/.env", 1)
    assert "lready on origin" in done.words
    assert work.leakscan("pre-push", env=framework(work)).code == 0


def test_another_manager_that_passes_nothing_on(work: Work) -> None:
    _, commit = work.leak()
    assert names(work.leakscan("pre-push"), commit, "app/.env", 1)
    assert names(work.leakscan("pre-push", "origin", work.remote.path), commit, "app/.env", 1)
    work.unchecked("push", "-q", "origin", "main")
    assert work.leakscan("pre-push").code == 0


def test_nothing_is_looked_at_where_git_pushes_nothing(work: Work) -> None:
    work.leak(branch="unfinished")
    assert work.push("origin", "main").code == 0
    assert work.push("--tags", "origin").code == 0
    work.repo.git("checkout", "-q", "main")
    work.repo.write(b".leakscan.yaml", b"allow: [\n", add=False)  # Nothing is read.
    assert work.push("origin", "main").code == 0
    assert not work.push("origin", "main").err.count(b"leakscan")


def test_a_branch_behind_its_remote_is_told_so_by_git_alone(work: Work) -> None:
    work.leak(branch="unfinished")
    work.repo.commit({b"a": b"1\n"})
    work.unchecked("push", "-q", "origin", "main")
    work.repo.git("update-ref", "refs/heads/main", work.repo.commit({b"b": b"1"}, parents=[]))
    pushed = work.push("origin", "main")
    assert pushed.refused
    assert "non-fast-forward" in pushed.said
    assert "leakscan" not in pushed.said


def test_a_refusal_says_why_it_looked_at_all_branches(work: Work) -> None:
    _, commit = work.leak(branch="unfinished")
    done = work.leakscan("pre-push", "origin", work.remote.path)
    assert names(done, commit, "app/.env", 1)
    assert "named no ref, so all branches and tags were looked at" in done.words
    _, commit = work.leak()
    pushed = work.push("origin", "main")
    assert names(pushed, commit, "app/.env", 1)
    assert "named no ref" not in pushed.words


def test_silence_that_may_not_be_gits_is_none(work: Work) -> None:
    _, commit = work.leak()
    said = ("pre-push", "--from-git", "--", "origin", work.remote.path)
    assert work.leakscan(*said).code == 0
    assert names(work.leakscan(*said, env=framework(work)), commit, "app/.env", 1)
    for words in (said[:2], said[:4], (*said[:2], *said[3:4])):  # git always names the URL.
        assert names(work.leakscan(*words), commit, "app/.env", 1)
    assert names(work.leakscan(*said, stdin=b"\n"), commit, "app/.env", 1)


def test_a_remote_whose_name_looks_like_an_option_is_checked(work: Work) -> None:
    work.repo.git("config", "remote.-x.url", work.remote.path)
    work.repo.git("config", "branch.main.pushRemote", "-x")
    work.repo.git("config", "push.default", "current")
    work.repo.git("checkout", "-q", "main")
    _, commit = work.leak()
    pushed = work.push()
    assert names(pushed, commit, "app/.env", 1)
    assert "push to -x" in pushed.words
    work.repo.git("update-ref", "refs/heads/main", work.repo.id("main~1"))
    assert work.push().code == 0


def test_a_real_push_through_the_frameworks_way_of_calling(work: Work) -> None:
    """A hook that drops stdin, as that of the framework does."""
    hook = work.repo.git_dir / "hooks" / "pre-push"
    inner = hook.rename(hook.with_name("inner"))
    hook.write_text(f'#!/bin/sh\ncat >/dev/null\nexec "{inner}" "$@" </dev/null\n')
    hook.chmod(0o755)
    _, commit = work.leak()
    assert names(work.push("origin", "main", env=framework(work)), commit, "app/.env", 1)
    assert work.at("refs/heads/main") == work.repo.id("main~1")


@pytest.mark.parametrize(
    "line",
    [
        b"refs/heads/main\n",
        b"a b c d\n",
        b"refs/heads/main %b refs/heads/main\n" % (b"1" * 40),
        b"x " + b"g" * 40 + b" y " + b"0" * 40 + b"\n",
        b"x " + b"1" * 39 + b" y " + b"0" * 40 + b"\n",
    ],
)
def test_lines_that_git_never_writes_are_refused(work: Work, line: bytes) -> None:
    done = work.leakscan("pre-push", "origin", stdin=line)
    assert done.code == 2
    assert done.said


def test_an_id_that_is_not_here_is_refused(work: Work) -> None:
    line = b"refs/heads/x %b refs/heads/x %b\n" % (b"1" * 40, b"0" * 40)
    done = work.leakscan("pre-push", "origin", stdin=line)
    assert done.refused
    assert "1111111" in done.said


# -- the explicit way out ----------------------------------------------------------------------


def bypasses(work: Work) -> list[dict[str, object]]:
    file = work.repo.git_dir / "leakscan" / "bypasses.jsonl"
    if not file.exists():
        return []
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_bypass_lets_through_and_is_recorded(work: Work) -> None:
    leak, commit = work.leak()
    pushed = work.push("origin", "main", env={"LEAKSCAN_BYPASS": "test key, dead since May"})
    assert not pushed.refused
    assert work.at("refs/heads/main") == commit
    assert "bypasses.jsonl" in pushed.words
    assert leak.key_id in pushed.said
    (record,) = bypasses(work)
    assert record["reason"] == "test key, dead since May"
    assert record["gate"] == "pre-push"
    assert str(record["time"]).startswith("20")
    (fingerprint,) = record["let_through"]  # type: ignore[misc]
    assert str(fingerprint).startswith("lk1.")


def test_a_second_bypass_is_a_second_line(work: Work) -> None:
    for reason in ("one", "two"):
        work.leak(reason.encode())
        assert not work.push("origin", "main", env={"LEAKSCAN_BYPASS": reason}).refused
    assert [record["reason"] for record in bypasses(work)] == ["one", "two"]


@pytest.mark.parametrize("reason", ["", " ", "\t\n"])
def test_an_empty_reason_is_none(work: Work, reason: str) -> None:
    _, commit = work.leak()
    pushed = work.push("origin", "main", env={"LEAKSCAN_BYPASS": reason})
    assert names(pushed, commit, "app/.env", 1)
    assert not bypasses(work)


def test_a_clean_push_records_nothing(work: Work) -> None:
    work.repo.commit({b"a": b"1\n"})
    assert not work.push("origin", "main", env={"LEAKSCAN_BYPASS": "habit"}).refused
    assert not bypasses(work)


def test_no_secret_gets_into_the_record(work: Work) -> None:
    leak, _ = work.leak()
    reason = f"it is only {leak.secret}\nreally"
    pushed = work.push("origin", "main", env={"LEAKSCAN_BYPASS": reason})
    assert not pushed.refused
    text = (work.repo.git_dir / "leakscan" / "bypasses.jsonl").read_text()
    assert leak.secret not in text
    assert text.count("\n") == 1


def test_a_bypass_that_cannot_be_recorded_is_none(work: Work) -> None:
    _, commit = work.leak()
    (work.repo.git_dir / "leakscan").write_text("a file where the folder would be")
    pushed = work.push("origin", "main", env={"LEAKSCAN_BYPASS": "please"})
    assert names(pushed, commit, "app/.env", 1)
    assert work.at("refs/heads/main") == work.repo.id("main~1")


def test_a_bypass_also_of_what_could_not_be_looked_at(work: Work) -> None:
    work.repo.commit({b"a": b"1\n"})
    work.repo.write(b".leakscan.yaml", b"allow: [\n", add=False)
    assert work.push("origin", "main").refused
    pushed = work.push("origin", "main", env={"LEAKSCAN_BYPASS": "in a hurry"})
    assert not pushed.refused
    (record,) = bypasses(work)
    assert "not looked at" in str(record["let_through"])


def test_a_bypass_in_a_linked_work_tree_is_recorded_with_the_others(work: Work) -> None:
    work.repo.checkout()
    linked = work.repo.worktree(work.folder / "linked", "topic")
    linked.write(b"app/.env", work.keys.leak().env())
    linked.commit_staged()
    assert not work.push("origin", "topic", repo=linked, env={"LEAKSCAN_BYPASS": "why"}).refused
    assert len(bypasses(work)) == 1
