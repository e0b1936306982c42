"""Real commits: what `git commit` is about to store, however the index was made."""

from pathlib import Path

import pytest

from tests.support import traps
from tests.support.cli import Cli
from tests.support.hooks import FILLER, Outcome, Recorder, Work
from tests.support.repo import Repo

OLD = b"app/old.env"


@pytest.fixture
def desk(tmp_path: Path, cli: Cli, made: Recorder) -> Work:
    """A repository with a work tree and the hook pre-commit; an old leak is in it."""
    work = Work(tmp_path, cli, made, hooks=("pre-commit",))
    work.repo.commit({b"README": FILLER, b"src/app.py": FILLER, OLD: FILLER + made.leak().env()})
    work.repo.checkout()
    return work


def head(work: Work, repo: Repo | None = None) -> str:
    return (repo or work.repo).id("HEAD")


def named(outcome: Outcome, path: str, line: int) -> bool:
    """Say whether the commit was refused, with file and line."""
    return outcome.refused and f"{path}:{line}" in outcome.words


def env(work: Work) -> bytes:
    return work.keys.leak().env()


def test_staged_key(desk: Work) -> None:
    before = head(desk)
    desk.repo.write(b"app/.env", b"\n" + env(desk))
    done = desk.commit()
    assert named(done, "app/.env", 2)
    assert head(desk) == before
    assert "git commit --no-verify" in done.words
    desk.repo.write(b"app/.env", b"clean\n")
    assert not desk.commit().refused
    assert head(desk) != before


def test_clean_commit_says_nothing(desk: Work) -> None:
    desk.repo.write(b"a", b"1\n")
    done = desk.commit()
    assert (done.code, done.said) == (0, "")


def test_commit_all(desk: Work) -> None:
    desk.repo.write(b"src/app.py", FILLER + env(desk), add=False)
    assert named(desk.commit("-a"), "src/app.py", 31)
    desk.repo.write(b"src/app.py", b"clean\n", add=False)
    assert not desk.commit("-a").refused


@pytest.mark.parametrize("only", [("-o", "--"), ("--",), ("-i", "--")])
def test_commit_named_files(desk: Work, only: tuple[str, ...]) -> None:
    before = head(desk)
    desk.repo.write(b"src/app.py", b"1\n" + env(desk), add=False)
    desk.repo.write(b"README", b"clean\n", add=False)
    assert named(desk.commit(*only, "src/app.py"), "src/app.py", 2)
    assert head(desk) == before
    assert not desk.commit(*only, "README").refused
    assert head(desk) != before


def test_what_commit_only_leaves_out_does_not_count(desk: Work) -> None:
    desk.repo.write(b"staged.env", env(desk))
    desk.repo.write(b"README", b"clean\n", add=False)
    assert not desk.commit("-o", "--", "README").refused
    assert named(desk.commit(), "staged.env", 1)


def test_partial_add(desk: Work) -> None:
    """The index counts, not the work tree; both ways."""
    desk.repo.write(b"src/app.py", b"clean\n")
    desk.repo.write(b"src/app.py", b"clean\n" + env(desk), add=False)
    assert not desk.commit().refused
    desk.repo.write(b"src/app.py", env(desk))
    desk.repo.write(b"src/app.py", b"clean again\n", add=False)
    assert named(desk.commit(), "src/app.py", 1)


def test_amend(desk: Work) -> None:
    desk.repo.write(b"a", b"1\n")
    assert not desk.commit().refused
    before = head(desk)
    desk.repo.write(b"a", b"1\n" + env(desk))
    assert named(desk.commit("--amend"), "a", 2)
    assert head(desk) == before
    desk.repo.write(b"a", b"2\n")
    assert not desk.commit("--amend").refused


def test_merge_commit(desk: Work) -> None:
    base = head(desk)
    desk.repo.commit({b"theirs": b"1\n"}, branch="topic", parents=[base])
    desk.repo.write(b"ours", b"1\n")
    assert not desk.commit().refused
    desk.repo.git("merge", "-q", "--no-commit", "--no-ff", "topic")
    desk.repo.write(b"merged.env", env(desk))
    assert named(desk.commit(), "merged.env", 1)
    desk.repo.git("rm", "-q", "-f", "merged.env")
    assert not desk.commit().refused


def test_merge_brings_what_the_other_side_has(desk: Work) -> None:
    """A leak of the branch that is merged is old: it is in its commits already."""
    base = head(desk)
    desk.repo.commit({b"theirs.env": env(desk)}, branch="topic", parents=[base])
    desk.repo.write(b"ours", b"1\n")
    assert not desk.commit().refused
    desk.repo.git("merge", "-q", "--no-commit", "--no-ff", "topic")
    done = desk.commit()
    assert not done.refused, done.said


def test_first_commit(tmp_path: Path, cli: Cli, made: Recorder) -> None:
    work = Work(tmp_path, cli, made, hooks=("pre-commit",))
    work.repo.write(b"app/.env", b"\n\n" + env(work))
    assert named(work.commit(), "app/.env", 3)
    work.repo.write(b"app/.env", b"clean\n")
    assert not work.commit().refused
    assert head(work)


def test_linked_worktree(desk: Work) -> None:
    linked = desk.repo.worktree(desk.folder / "linked", "topic")
    linked.write(b"app/.env", env(desk))
    before = head(desk, linked)
    assert named(desk.commit(repo=linked), "app/.env", 1)
    assert head(desk, linked) == before
    # The index of the main work tree is another.
    desk.repo.write(b"a", b"1\n")
    assert not desk.commit().refused
    linked.write(b"app/.env", b"clean\n")
    assert not desk.commit(repo=linked).refused


def test_subfolder(desk: Work) -> None:
    desk.repo.write(b"src/x.env", env(desk))
    assert named(desk.commit(cwd=desk.repo.path / "src"), "src/x.env", 1)
    done = desk.commit("--", "app.py", cwd=desk.repo.path / "src")
    assert "nothing" in done.said or not done.refused


def test_intent_to_add(desk: Work) -> None:
    desk.repo.write(b"later.env", env(desk), add=False)
    desk.repo.git("add", "-N", "later.env")
    desk.repo.write(b"a", b"1\n")
    done = desk.commit()
    assert not done.refused, done.said
    assert named(desk.commit("-a"), "later.env", 1)


def test_only_deletions(desk: Work) -> None:
    desk.repo.git("rm", "-q", OLD)
    done = desk.commit()
    assert not done.refused, done.said


def test_split_index(desk: Work) -> None:
    desk.repo.git("update-index", "--split-index")
    desk.repo.write(b"app/.env", env(desk))
    assert named(desk.commit(), "app/.env", 1)
    desk.repo.write(b"app/.env", b"clean\n")
    assert not desk.commit().refused


def test_sparse_index(desk: Work) -> None:
    """Whole folders outside the sparse check-out are one entry each."""
    desk.repo.git("sparse-checkout", "set", "--cone", "--sparse-index", "app")
    assert b"src/\0" in (desk.repo.git_dir / "index").read_bytes()
    desk.repo.write(b"app/.env", env(desk))
    assert named(desk.commit(), "app/.env", 1)
    desk.repo.write(b"app/.env", b"clean\n")
    done = desk.commit()
    assert not done.refused, done.said


def test_partial_clone(desk: Work) -> None:
    """What HEAD has and this clone has not is not asked for."""
    clone = desk.repo.clone(desk.folder / "clone", "--filter=blob:none", "--no-checkout")
    desk.hook("pre-commit", clone)
    clone.git("read-tree", "HEAD")
    log = desk.folder / "fetches"
    traps.script(desk.folder / "fetcher", f'echo >>"{log}"\nexit 1\n')
    clone.git("config", "remote.origin.uploadpack", desk.folder / "fetcher")
    clone.write(b"app/.env", env(desk))
    # git's own commit would fetch; what leakscan does is looked at alone.
    assert named(desk.leakscan("pre-commit", cwd=clone.path), "app/.env", 1)
    clone.write(b"app/.env", b"clean\n")
    done = desk.leakscan("pre-commit", cwd=clone.path)
    assert done.code == 0, done.said
    assert not log.exists()


def test_no_setting_of_the_repository_is_run(desk: Work) -> None:
    """Each trap but those that `git commit` itself would spring."""
    desk.repo.write(b"app/.env", env(desk))
    trap = traps.Trap.make(desk.folder / "trap")
    for wanted in traps.settings(trap).values():
        traps.configure(desk.repo, wanted)
    (desk.repo.git_dir / "info" / "attributes").write_text("* filter=trap diff=trap merge=trap\n")
    trap.canary.unlink(missing_ok=True)
    done = desk.leakscan("pre-commit", env={"GIT_TRACE2_EVENT": ""})
    assert named(done, "app/.env", 1)
    assert not trap.sprung


def test_index_version_4(desk: Work) -> None:
    desk.repo.git("update-index", "--index-version=4")
    desk.repo.write(b"app/.env", env(desk))
    assert named(desk.commit(), "app/.env", 1)


def test_sha256(tmp_path: Path, cli: Cli, made: Recorder) -> None:
    work = Work(tmp_path, cli, made, object_format="sha256", hooks=("pre-commit",))
    work.repo.write(b"a", b"1\n")
    assert not work.commit().refused
    work.repo.write(b"app/.env", env(work))
    assert named(work.commit(), "app/.env", 1)


def test_editing_beside_an_old_leak(desk: Work) -> None:
    old = (desk.repo.path / OLD.decode()).read_bytes()
    for text in (old + b"OTHER=1\n", b"# shifted\n" + old, old.splitlines()[-1] + b"\n"):
        desk.repo.write(OLD, text)
        done = desk.commit()
        assert not done.refused, done.said
    new = env(desk)
    desk.repo.write(OLD, old + new)
    assert named(desk.commit(), OLD.decode(), 33)


def test_renames_and_copies(desk: Work) -> None:
    desk.repo.git("mv", OLD, "moved.env")
    assert not desk.commit().refused
    desk.repo.write(b"copy.env", (desk.repo.path / "moved.env").read_bytes())
    done = desk.commit()
    assert not done.refused, done.said


def test_key_in_a_path(desk: Work) -> None:
    leak = desk.keys.leak()
    desk.repo.write(f"{leak.key_id}.txt".encode(), b"1\n")
    done = desk.commit()
    assert done.refused
    assert leak.key_id in done.said


def test_commit_in_the_middle_of_a_rebase(desk: Work) -> None:
    base = head(desk)
    desk.repo.write(b"a", b"1\n")
    assert not desk.commit().refused
    desk.repo.git("checkout", "-q", "-b", "topic", base)
    desk.repo.write(b"b", b"1\n")
    assert not desk.commit().refused
    rebased = desk.git("rebase", "-q", "main")
    assert not rebased.refused, rebased.said


def test_a_leak_that_only_another_branch_has_is_new_here(desk: Work) -> None:
    """It left no commit of this branch, so here it is introduced."""
    leak = env(desk)
    base = head(desk)
    desk.repo.commit({b"theirs.env": leak}, branch="topic", parents=[base])
    desk.repo.write(b"mine.env", leak)
    assert named(desk.commit(), "mine.env", 1)


def test_bypass(desk: Work) -> None:
    before = head(desk)
    desk.repo.write(b"app/.env", env(desk))
    done = desk.commit(env={"LEAKSCAN_BYPASS": "a test key"})
    assert not done.refused
    assert head(desk) != before
    record = (desk.repo.git_dir / "leakscan" / "bypasses.jsonl").read_text()
    assert '"a test key"' in record
    assert '"pre-commit"' in record


def test_conflicts_cannot_be_committed_anyway(desk: Work) -> None:
    base = head(desk)
    desk.repo.commit({b"README": b"theirs\n"}, branch="topic", parents=[base])
    desk.repo.write(b"README", b"ours\n")
    assert not desk.commit().refused
    merged = desk.git("merge", "-q", "topic")
    assert merged.refused
    assert desk.commit().refused
    done = desk.leakscan("pre-commit")
    assert done.refused
    assert done.said


def test_a_broken_index_blocks(desk: Work) -> None:
    (desk.repo.git_dir / "index").write_bytes(b"DIRC" + b"\0" * 40)
    done = desk.leakscan("pre-commit")
    assert done.refused
    assert "--no-verify" in done.words


def test_nothing_staged_passes(desk: Work) -> None:
    assert desk.leakscan("pre-commit").code == 0


def test_a_missing_staged_blob_blocks(desk: Work) -> None:
    desk.repo.write(b"a", b"harmless\n")
    desk.repo.loose(desk.repo.blob_id(b"harmless\n")).unlink()
    done = desk.leakscan("pre-commit")
    assert done.refused
    assert "--no-verify" in done.words


def test_the_store_and_the_index_stay_as_they_are(desk: Work) -> None:
    desk.repo.write(b"app/.env", env(desk))
    desk.repo.write(b"d/e/f", b"1\n")
    objects = desk.repo.objects()
    index = (desk.repo.git_dir / "index").read_bytes()
    assert desk.leakscan("pre-commit").refused
    assert desk.repo.objects() == objects
    assert (desk.repo.git_dir / "index").read_bytes() == index
