"""Pushes at the edges of what counts as new, and of what can be read."""

from tests.support.hooks import FILLER, Work, names
from tests.support.repo import Repo


def test_a_secret_that_only_gets_a_name_is_not_new(work: Work) -> None:
    leak = work.keys.leak()
    plain = b"x = '%b'\n" % leak.secret.encode()
    work.repo.commit({b"a.py": plain})
    work.unchecked("push", "-q", "origin", "main")
    work.repo.commit({b"a.py": b"aws_secret_access_key = '%b'\n" % leak.secret.encode()})
    pushed = work.push("origin", "main")
    assert not pushed.refused, pushed.said


def test_the_secret_of_an_old_id_is_new(work: Work) -> None:
    leak = work.keys.leak()
    id_line, secret_line = leak.env().splitlines(keepends=True)
    work.repo.commit({b"a.env": id_line})
    work.unchecked("push", "-q", "origin", "main")
    commit = work.repo.commit({b"a.env": id_line + secret_line})
    pushed = work.push("origin", "main")
    assert names(pushed, commit, "a.env")
    assert leak.key_id in pushed.said


def test_the_secret_of_an_old_id_in_another_file_is_new(work: Work) -> None:
    leak = work.keys.leak()
    id_line, secret_line = leak.env().splitlines(keepends=True)
    work.repo.commit({b"a.env": id_line})
    work.unchecked("push", "-q", "origin", "main")
    commit = work.repo.commit({b"b.env": secret_line})
    assert names(work.push("origin", "main"), commit, "b.env", 1)


def test_a_value_that_left_and_comes_back_elsewhere_is_old(work: Work) -> None:
    leak, _ = work.leak()
    work.repo.commit({b"app/.env": b"clean\n"})
    work.unchecked("push", "-q", "origin", "main")
    work.repo.commit({b"docs/guide.md": FILLER + leak.env()}, message=leak.key_id.encode())
    work.repo.tag("v1", "main", leak.env())
    pushed = work.push("origin", "main", "v1")
    assert not pushed.refused, pushed.said


def test_a_value_that_only_a_message_had_is_old(work: Work) -> None:
    leak = work.keys.leak()
    work.repo.commit({b"a": b"1\n"}, message=leak.env())
    work.unchecked("push", "-q", "origin", "main")
    work.repo.commit({b"a.env": leak.env()})
    pushed = work.push("origin", "main")
    assert not pushed.refused, pushed.said


def test_many_credentials_are_counted_and_the_first_are_shown(work: Work) -> None:
    leaks = work.keys.leaks(40)
    work.repo.commit({b"%d.env" % number: leak.env() for number, leak in enumerate(leaks)})
    pushed = work.push("origin", "main")
    assert pushed.refused
    assert "40 AWS credentials" in pushed.words
    assert "more" in pushed.words
    assert len(pushed.said.splitlines()) < 100


def test_a_blob_that_comes_in_pieces(work: Work) -> None:
    leak = work.keys.leak()
    filler = (b"y" * 99 + b"\n") * 350_000
    commit = work.repo.commit({b"dump.sql": filler + leak.env()})
    assert names(work.push("origin", "main"), commit, "dump.sql", 350_001)


def test_a_tracking_ref_whose_commit_is_gone(work: Work) -> None:
    gone = work.repo.git_dir / "refs" / "remotes" / "origin" / "gone"
    gone.write_text("1" * 40 + "\n")
    work.repo.commit({b"a": b"1\n"})
    line = f"x {work.repo.id('main')} refs/heads/main {work.at('refs/heads/main')}\n".encode()
    done = work.leakscan("pre-push", "origin", work.remote.path, stdin=line)
    assert done.code == 0, done.said
    _, commit = work.leak()
    line = f"x {commit} refs/heads/main {work.at('refs/heads/main')}\n".encode()
    done = work.leakscan("pre-push", "origin", work.remote.path, stdin=line)
    assert names(done, commit, "app/.env", 1)


def test_a_remote_whose_name_begins_with_that_of_another(work: Work) -> None:
    """What `up/stream` has, `up` has not, although one's refs lie below the other's."""
    inner = work.add_remote("up/stream", "inner.git")
    outer = work.add_remote("up", "outer.git")
    _, commit = work.leak()
    work.unchecked("push", "-q", "up/stream", "main")
    pushed = work.push("up", "main")
    assert names(pushed, commit, "app/.env", 1)
    assert work.at("refs/heads/main", inner) == commit
    assert work.at("refs/heads/main", outer) == ""


def test_a_partial_clone_pushed_to_another_remote(work: Work) -> None:
    """That remote has nothing, so what is not here is not looked at, and that is said."""
    second = work.add_remote("second")
    clone = work.remote.clone(work.folder / "clone", "--filter=blob:none", "--no-checkout")
    work.hook("pre-push", clone)
    clone.git("remote", "add", "second", second.path)
    pushed = work.push("second", "main", repo=clone)
    assert pushed.refused
    assert "promised" in pushed.words
    assert "--no-verify" in pushed.words
    assert work.at("refs/heads/main", second) == ""


def test_objects_that_only_the_environment_names(work: Work) -> None:
    """They are read or the push is refused; never is the push taken for clean."""
    other = work.repo.clone(work.folder / "other")
    leak = work.keys.leak()
    commit = other.commit({b"app/.env": leak.env()})
    work.repo.ref("refs/heads/main", "main")
    (work.repo.git_dir / "refs" / "heads" / "topic").write_text(f"{commit}\n")
    env = {"GIT_ALTERNATE_OBJECT_DIRECTORIES": str(other.git_dir / "objects")}
    pushed = work.push("origin", "topic", env=env)
    assert pushed.refused
    assert work.at("refs/heads/topic") == ""


def test_a_work_tree_of_a_bare_repository(work: Work) -> None:
    bare = work.remote.clone(work.folder / "bare.git", bare=True)
    work.hook("pre-push", bare)
    work.hook("pre-commit", bare)
    bare.git("worktree", "add", "-q", "-b", "topic", work.folder / "tree")
    tree = Repo(work.folder / "tree", bare.git_dir / "worktrees" / "tree")
    leak = work.keys.leak()
    tree.write(b"app/.env", leak.env())
    assert "app/.env:1" in work.commit(repo=tree).words
    commit = tree.commit_staged()
    assert names(work.push("origin", "topic", repo=tree), commit, "app/.env", 1)
    assert work.at("refs/heads/topic") == ""


def test_config_given_on_the_command_line_changes_nothing(work: Work) -> None:
    _, commit = work.leak()
    options = ("-c", "core.abbrev=40", "-c", "core.bare=true", "-c", "core.quotePath=false")
    pushed = work.git(*options, "push", "origin", "main")
    assert names(pushed, commit, "app/.env", 1)
