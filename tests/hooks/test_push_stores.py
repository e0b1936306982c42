"""Pushes from every shape of repository: shallow, partial, shared, linked, bare, by GIT_DIR."""

from pathlib import Path

import pytest

from tests.support import traps
from tests.support.hooks import FILLER, Outcome, Work, names
from tests.support.repo import Repo

ZERO = "0" * 40


def cloned(work: Work, *options: str, bare: bool = False) -> Repo:
    """Clone the remote, with the hook in place."""
    made = work.remote.clone(work.folder / "clone", *options, bare=bare)
    work.hook("pre-push", made)
    return made


def grown(work: Work) -> None:
    """Have some commits on the remote, an old leak among them."""
    work.leak(b"old.env")
    for number in range(4):
        work.repo.commit({b"src/app.py": b"%d\n" % number, b"d/%d" % number: FILLER})
    work.unchecked("push", "-q", "origin", "main")


# -- shallow --------------------------------------------------------------------------------------


def test_shallow_clone(work: Work) -> None:
    grown(work)
    clone = cloned(work, "--depth=1")
    clean = clone.commit({b"b": b"1\n"})
    pushed = work.push("origin", "main", repo=clone)
    assert not pushed.refused, pushed.said
    assert work.at("refs/heads/main") == clean
    leak = work.keys.leak()
    bad = clone.commit({b"app/.env": leak.env()})
    assert names(work.push("origin", "main", repo=clone), bad, "app/.env", 1)
    assert work.at("refs/heads/main") == clean


def test_shallow_clone_pushed_to_another_remote(work: Work) -> None:
    """There the commit at the boundary has no parent: what it holds is new."""
    leak, _ = work.leak()
    work.repo.commit({b"a": b"1\n"})
    work.unchecked("push", "-q", "origin", "main")
    second = work.add_remote("second")
    clone = cloned(work, "--depth=1")
    clone.git("remote", "add", "second", second.path)
    tip = clone.id("main")
    pushed = work.push("second", "main", repo=clone)
    assert names(pushed, tip, "app/.env", 1)
    assert leak.key_id in pushed.said
    assert "lready on origin" in pushed.words
    assert work.at("refs/heads/main", second) == ""


# -- partial --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["blob:none", "tree:0"])
def test_partial_clone_fetches_nothing(work: Work, kind: str) -> None:
    grown(work)
    work.remote.git("config", "uploadpack.allowAnySHA1InWant", "true")
    clone = cloned(work, f"--filter={kind}", "--no-checkout")
    log = work.folder / "fetches"
    fetcher = work.folder / "fetcher"
    traps.script(fetcher, f'echo fetch >>"{log}"\nexec git-upload-pack "$@"\n')
    clone.git("config", "remote.origin.uploadpack", fetcher)
    tip = clone.id("main")
    before = work.repo.git("ls-tree", tip)

    def on_top(path: str, data: bytes) -> str:
        """Commit one more file: of what was there before, the ids are enough for that."""
        line = f"100644 blob {clone.write_object('blob', data)}\t{path}\n".encode()
        tree = clone.git("mktree", "--missing", stdin=before + line).decode().strip()
        return clone.git("commit-tree", "-p", tip, "-m", "change", tree).decode().strip()

    def asked(commit: str) -> Outcome:
        line = f"x {commit} refs/heads/x {ZERO}\n".encode()
        return work.leakscan("pre-push", "origin", stdin=line, cwd=clone.path)

    clean, bad = on_top("a", b"clean\n"), on_top("key.env", work.keys.leak().env())
    done = asked(clean)
    assert done.code == 0, done.said
    assert names(asked(bad), bad, "key.env", 1)
    assert not log.exists()
    # git itself may fetch what it needs to send the rest.
    pushed = work.push("origin", f"{clean}:refs/heads/y", repo=clone)
    assert not pushed.refused, pushed.said
    assert work.at("refs/heads/y") == clean
    assert names(work.push("origin", f"{bad}:refs/heads/z", repo=clone), bad, "key.env", 1)
    assert work.at("refs/heads/z") == ""


def test_partial_clone_with_a_work_tree(work: Work) -> None:
    grown(work)
    clone = cloned(work, "--filter=blob:none")
    clone.write(b"src/app.py", b"more\n")
    clean = clone.commit_staged()
    pushed = work.push("origin", "main", repo=clone)
    assert not pushed.refused, pushed.said
    assert work.at("refs/heads/main") == clean
    clone.write(b"app/.env", work.keys.leak().env())
    bad = clone.commit_staged()
    assert names(work.push("origin", "main", repo=clone), bad, "app/.env", 1)


# -- shared objects and several work trees ---------------------------------------------------------


def test_alternates(work: Work) -> None:
    old, _ = work.leak(b"old.env")
    work.unchecked("push", "-q", "origin", "main")
    clone = cloned(work, "--shared")
    assert (clone.git_dir / "objects/info/alternates").exists()
    clone.commit({b"a": b"1\n"})
    assert not work.push("origin", "main", repo=clone).refused
    bad = clone.commit({b"app/.env": work.keys.leak().env()})
    pushed = work.push("origin", "main", repo=clone)
    assert names(pushed, bad, "app/.env", 1)
    assert old.key_id not in pushed.said


def test_linked_worktree(work: Work) -> None:
    work.repo.checkout()
    linked = work.repo.worktree(work.folder / "linked", "topic")
    linked.write(b"app/.env", work.keys.leak().env())
    bad = linked.commit_staged()
    pushed = work.push("origin", "topic", repo=linked)
    assert names(pushed, bad, "app/.env", 1)
    assert work.at("refs/heads/topic") == ""
    linked.git("reset", "-q", "--hard", "HEAD~1")
    linked.write(b"a", b"1\n")
    clean = linked.commit_staged()
    assert not work.push("origin", "topic", repo=linked).refused
    assert work.at("refs/heads/topic") == clean


def test_a_git_directory_elsewhere(work: Work) -> None:
    """As a submodule has it: `.git` is a file."""
    away = work.folder / "modules" / "x"
    away.parent.mkdir()
    work.repo.git("init", "-q", "--separate-git-dir", away)
    assert (work.repo.path / ".git").is_file()
    work.repo = Repo(work.repo.path, away)
    _, commit = work.leak()
    assert names(work.push("origin", "main"), commit, "app/.env", 1)
    assert not work.push("origin", "main~1:refs/heads/x").refused


def test_from_a_subfolder(work: Work) -> None:
    work.repo.checkout()
    _, commit = work.leak()
    assert names(work.push("origin", "main", cwd=work.repo.path / "src"), commit, "app/.env", 1)


@pytest.mark.parametrize("relative", [False, True])
def test_git_dir_and_work_tree_set(work: Work, relative: bool) -> None:
    work.repo.checkout()
    elsewhere = work.folder / "elsewhere"
    elsewhere.mkdir()
    _, commit = work.leak()
    git_dir = Path("../work/.git") if relative else work.repo.git_dir
    tree = Path("../work") if relative else work.repo.path
    env = {"GIT_DIR": str(git_dir), "GIT_WORK_TREE": str(tree)}
    pushed = work.push("origin", "main", cwd=elsewhere, env=env)
    assert names(pushed, commit, "app/.env", 1)
    assert not work.push("origin", "main~1:refs/heads/x", cwd=elsewhere, env=env).refused


def test_a_bare_repository_pushes(work: Work) -> None:
    bare = cloned(work, bare=True)
    clean = bare.commit({b"a": b"1\n"})
    assert not work.push("origin", "main", repo=bare).refused
    assert work.at("refs/heads/main") == clean
    bad = bare.commit({b"app/.env": work.keys.leak().env()})
    assert names(work.push("origin", "main", repo=bare), bad, "app/.env", 1)
    assert work.at("refs/heads/main") == clean


def test_packed_refs_and_a_packed_store(work: Work) -> None:
    grown(work)
    work.repo.git("pack-refs", "--all")
    work.repo.repack()
    work.repo.commit({b"a": b"1\n"})
    assert not work.push("origin", "main").refused
    _, commit = work.leak()
    work.repo.repack()
    assert names(work.push("origin", "main"), commit, "app/.env", 1)


def test_replaced_objects_hide_nothing(work: Work) -> None:
    _, commit = work.leak()
    clean = work.repo.git("commit-tree", "-m", "clean", "-p", f"{commit}~1", f"{commit}~1^{{tree}}")
    work.repo.git("replace", commit, clean.decode().strip())
    assert names(work.push("origin", "main"), commit, "app/.env", 1)


def test_grafts_hide_nothing(work: Work) -> None:
    _, commit = work.leak()
    tip = work.repo.commit({b"app/.env": b""})
    info = work.repo.git_dir / "info"
    info.mkdir(exist_ok=True)
    base = work.repo.id("main~2")
    (info / "grafts").write_text(f"{tip} {base}\n")
    line = f"refs/heads/main {tip} refs/heads/main {base}\n".encode()
    assert names(work.leakscan("pre-push", "origin", stdin=line), commit, "app/.env", 1)


# -- hostile --------------------------------------------------------------------------------------


def test_no_setting_of_the_repository_is_run(work: Work) -> None:
    """Each trap but those that `git push` itself would spring."""
    trap = traps.Trap.make(work.folder / "trap")
    own = {"hooksPath", "trace", "credential", "upload-pack"}
    for name, wanted in traps.settings(trap).items():
        if name not in own:
            traps.configure(work.repo, wanted)
    work.repo.commit({b".gitattributes": b"* diff=trap filter=trap merge=trap\n", b"a": b"1\n"})
    assert not work.push("origin", "main").refused
    _, commit = work.leak()
    assert names(work.push("origin", "main"), commit, "app/.env", 1)
    assert not trap.sprung


def test_every_git_of_the_hook_has_a_directory_of_its_own(work: Work) -> None:
    log = work.folder / "log"
    shim = traps.git_shim(work.folder / "shim", log)
    _, commit = work.leak()
    line = f"refs/heads/main {commit} refs/heads/main {work.repo.id('main~1')}\n"
    done = work.leakscan("pre-push", "origin", work.remote.path, stdin=line.encode(), env=shim)
    assert names(done, commit, "app/.env", 1)
    told = log.read_text()
    assert "GIT_DIR=" in told
    assert f"GIT_DIR={work.repo.git_dir}" not in told
    assert "fetch" not in told.split()


def test_nothing_is_left_behind(work: Work) -> None:
    before = set(work.repo.objects()), set(work.cli.tmp.iterdir())
    files = {path for path in work.repo.git_dir.rglob("*") if path.is_file()}
    work.leak()
    work.push("origin", "main")
    assert set(work.cli.tmp.iterdir()) == before[1]
    grew = {path for path in work.repo.git_dir.rglob("*") if path.is_file()} - files
    assert all({"objects", "logs", "refs"} & set(path.parts) for path in grew), grew
