"""The hooks as scripts: what reaches leakscan, what blocks, and what runs first."""

import os
import re
import shutil
from pathlib import Path

import pytest

from leakscan import resources
from leakscan.gates.install_script import HOOKS, Values, relay, render, with_block
from tests.support.repo import Repo
from tests.support.standin import Desk, recording

SHELLS = [shell for shell in ("dash", "bash", "busybox") if shutil.which(shell)]
SCRIPTS = ("pre-push", "pre-commit", "pre-receive", "relay")
NOT_THERE = "/nowhere/leakscan"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def pushing(repo: Repo, tmp_path: Path) -> Repo:
    """A repository with a commit and a remote."""
    repo.commit({b"README": b"read me\n"})
    repo.checkout("main")
    Repo.init(tmp_path / "origin.git", bare=True)
    repo.git("remote", "add", "origin", tmp_path / "origin.git")
    return repo


def put(repo: Repo, desk: Desk, hook: str, program: str = "", *, shared: bool = False) -> Path:
    """Install a hook of ours without the command."""
    text = render(hook, Values(program, shared))
    return desk.script(repo.git_dir / "hooks" / hook, text.decode())


def branches(folder: Path) -> str:
    return Repo(folder, folder).git("for-each-ref", "--format=%(refname)").decode()


# -- the scripts themselves ---------------------------------------------------------------------


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("name", SCRIPTS)
def test_every_shell_can_read_every_script(name: str, shell: str, desk: Desk) -> None:
    start = [shell, "sh"] if shell == "busybox" else [shell]
    words = [os.fsencode(shutil.which(start[0]) or ""), *map(os.fsencode, start[1:])]
    read = desk.run([*words, b"-n", os.fsencode(resources.hooks() / name)], desk.folder)
    assert (read.code, read.err) == (0, b"")


@pytest.mark.parametrize("name", [*SCRIPTS, "block"])
def test_scripts_have_unix_lines_and_may_be_run(name: str) -> None:
    file = resources.hooks() / name
    assert b"\r" not in file.read_bytes()
    assert name == "block" or os.access(file, os.X_OK)


def test_the_three_hooks_differ_in_words_only() -> None:
    def body(hook: str) -> str:
        text = re.sub(r" *#[^\n]+\n", "", (resources.hooks() / hook).read_text(encoding="utf-8"))
        text = re.sub(r"known=\n.+?\nesac\n\n", "", text, flags=re.DOTALL)  # For a push alone.
        text = text.replace(' $known $options -- "$@"', ' $options "$@"')
        text = re.sub(rf"(?<!'){hook}(?!\\)", "HOOK", text)
        return re.sub(r"so this \w+ was|\n +'[^\n]+' >&2", "", text.partition("options=''")[2])

    def search(hook: str) -> str:
        return body(hook).partition('if [ -n "$earlier" ]')[0]

    assert body("pre-push") == body("pre-receive")
    assert search("pre-push") == search("pre-commit")
    assert len(search("pre-push")) > 600


# -- what reaches leakscan ----------------------------------------------------------------------


def test_a_push_hands_on_arguments_and_input(pushing: Repo, desk: Desk) -> None:
    put(pushing, desk, "pre-push")
    desk.leakscan_on_path()
    assert desk.git(pushing, "push", "origin", "main").code == 0
    tip = pushing.id("main")
    url = str(desk.folder / "origin.git")
    assert desk.arguments() == ["pre-push", "--from-git", "--", "origin", url]
    assert desk.stdin() == f"refs/heads/main {tip} refs/heads/main {'0' * 40}\n".encode()


def test_a_commit_runs_leakscan_and_a_refusal_leaves_no_commit(pushing: Repo, desk: Desk) -> None:
    put(pushing, desk, "pre-commit")
    desk.leakscan_on_path()
    before = pushing.id("main")
    refused = desk.git(pushing, "commit", "--allow-empty", "-m", "x", env={"STATUS": "1"})
    assert refused.code != 0
    assert pushing.id("main") == before
    assert desk.arguments() == ["pre-commit"]
    assert desk.git(pushing, "commit", "--allow-empty", "-m", "x").code == 0


def test_a_server_hands_on_what_it_receives(pushing: Repo, desk: Desk) -> None:
    remote = desk.folder / "origin.git"
    hook = put(Repo(remote, remote), desk, "pre-receive")
    hook.write_text(hook.read_text().replace("options=''", "options='--time-budget 20'"))
    desk.leakscan_on_path()
    refused = desk.git(pushing, "push", "origin", "main", env={"STATUS": "1"})
    assert refused.code != 0
    assert branches(remote) == ""
    assert desk.arguments() == ["pre-receive", "--time-budget", "20"]
    assert desk.stdin() == f"{'0' * 40} {pushing.id('main')} refs/heads/main\n".encode()


@pytest.mark.parametrize("name", ["plain", "with space", "with'quote", 'and"two', "$HOME `id` \\"])
def test_the_program_that_is_filled_in_may_have_any_name(
    name: str, pushing: Repo, desk: Desk
) -> None:
    leakscan = desk.script(desk.folder / name / "leakscan", recording(""))
    put(pushing, desk, "pre-push", str(leakscan))
    assert desk.git(pushing, "push", "origin", "main").code == 0
    assert desk.was_run()


def test_the_program_is_looked_for_where_it_is_then_on_path_then_in_the_settings(
    pushing: Repo, desk: Desk
) -> None:
    put(pushing, desk, "pre-push", NOT_THERE)
    elsewhere = desk.script(desk.folder / "elsewhere" / "leakscan", recording("-set"))
    pushing.git("config", "leakscan.program", elsewhere)
    assert desk.git(pushing, "push", "origin", "main").code == 0
    assert desk.was_run("-set")
    desk.leakscan_on_path()
    assert desk.git(pushing, "push", "origin", "main:two").code == 0
    assert desk.was_run()
    assert not desk.was_run("-set")


def test_a_remote_may_have_a_name_that_looks_like_an_option(pushing: Repo, desk: Desk) -> None:
    put(pushing, desk, "pre-push")
    desk.leakscan_on_path()
    pushing.git("config", "remote.-x.url", desk.folder / "origin.git")
    pushing.git("config", "branch.main.pushRemote", "-x")
    pushing.git("config", "push.default", "current")
    assert desk.git(pushing, "push").code == 0
    assert desk.arguments()[1:4] == ["--from-git", "--", "-x"]


# -- who writes to stdin ------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["up to date", "no new tag", "not fast-forward"])
@pytest.mark.parametrize("earlier", [False, True])
def test_git_itself_is_known_where_it_has_nothing_to_say(
    way: str, earlier: bool, pushing: Repo, desk: Desk
) -> None:
    hook = put(pushing, desk, "pre-push")
    if earlier:
        desk.script(hook.with_name("pre-push.before-leakscan"), recording("-earlier"))
    desk.leakscan_on_path()
    assert desk.git(pushing, "push", "origin", "main").code == 0
    assert desk.was_run()
    if way == "not fast-forward":
        pushing.git("reset", "-q", "--soft", pushing.commit({b"a": b"1"}, branch="b", parents=[]))
    words = ["--tags", "origin"] if way == "no new tag" else ["origin", "main"]
    desk.git(pushing, "push", *words)
    assert desk.stdin() == b""
    assert desk.arguments()[:3] == ["pre-push", "--from-git", "--"]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_that_starts_the_hook_may_have_read_the_lines(
    shell: str, pushing: Repo, desk: Desk
) -> None:
    hook = put(pushing, desk, "pre-push")
    moved = hook.rename(desk.folder / "kept" if shell == "dash" else hook.with_name("kept"))
    start = desk.script(hook.parent / "of others" / "pre-push", moved.read_text())
    desk.script(hook, f'#!/bin/sh\ncat > /dev/null\n"{start}" "$@"\n')
    desk.leakscan_on_path()
    assert desk.git(pushing, "push", "origin", "main").code == 0
    assert desk.arguments()[:3] == ["pre-push", "--", "origin"]
    desk.script(hook, f'#!/bin/sh\ncat > /dev/null\nexec "{moved}" "$@"\n')
    moved.chmod(0o755)
    assert desk.git(pushing, "push", "origin", "main:two").code == 0
    assert desk.arguments()[:3] == ["pre-push", "--", "origin"]


def test_the_framework_hands_the_lines_on_to_what_it_moved_aside(repo: Repo, desk: Desk) -> None:
    hook = put(repo, desk, "pre-push")
    moved = hook.rename(hook.with_name("pre-push.legacy"))
    desk.leakscan_on_path()
    command = [os.fsencode(moved), b"origin", b"url"]
    desk.run(command, repo.path, env={"PRE_COMMIT_RUNNING_LEGACY": "1"})
    assert desk.arguments() == ["pre-push", "--from-git", "--", "origin", "url"]
    desk.run(command, repo.path)
    assert desk.arguments() == ["pre-push", "--", "origin", "url"]


# -- where leakscan is looked for ---------------------------------------------------------------


@pytest.mark.parametrize("path", ["", ".", "tools", "./tools", "/nowhere::"])
@pytest.mark.parametrize("hook", [*HOOKS, "block"])
@pytest.mark.parametrize("shell", SHELLS)
def test_a_program_of_the_work_tree_is_never_started(
    shell: str, hook: str, path: str, repo: Repo, desk: Desk
) -> None:
    for folder in (repo.path, repo.path / "tools"):
        desk.script(folder / "leakscan", recording("-theirs"))
    if hook == "block":
        text = with_block(b"#!/bin/sh\n", "pre-push").decode()
    else:
        text = render(hook, Values(NOT_THERE)).decode()
    file = desk.script(desk.folder / hook, text)
    start = [shell, "sh"] if shell == "busybox" else [shell]
    found = os.fsencode(shutil.which(start[0]) or "")
    command = [found, *map(os.fsencode, start[1:]), os.fsencode(file), b"origin", b"url"]
    for env in ({"PATH": f"{path}:{desk.bin}"}, {"PATH": f"{desk.bin}:{path}"}):
        done = desk.run(command, repo.path, env=env)
        assert done.code == 1
        assert "not checked and is refused" in done.message
        repo.git("config", "leakscan.program", "tools/leakscan")
    assert not desk.was_run("-theirs")
    desk.leakscan_on_path()
    assert desk.run(command, repo.path, env=env).code == 0
    assert desk.was_run()


# -- what blocks --------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [1, 2, 3, 4, 70, 125, 130, 255])
def test_every_ending_but_success_blocks(status: int, pushing: Repo, desk: Desk) -> None:
    put(pushing, desk, "pre-push")
    desk.leakscan_on_path()
    assert desk.git(pushing, "push", "origin", "main", env={"STATUS": str(status)}).code != 0
    assert desk.was_run()
    assert branches(desk.folder / "origin.git") == ""


BROKEN = {
    "no interpreter": "#!/nowhere/python\n",
    "killed": "#!/bin/sh\nkill -9 $$\n",
    "not executable": None,
    "not there": None,
}


@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.parametrize("hook", HOOKS)
def test_what_cannot_run_blocks_and_says_how_to_go_on(
    hook: str, how: str, pushing: Repo, desk: Desk
) -> None:
    remote = desk.folder / "origin.git"
    put(Repo(remote, remote) if hook == "pre-receive" else pushing, desk, hook, NOT_THERE)
    text = BROKEN[how]
    if text is not None:
        desk.leakscan_on_path(text)
    elif how == "not executable":
        desk.leakscan_on_path().chmod(0o644)
    if hook == "pre-commit":
        before = pushing.id("main")
        done = desk.git(pushing, "commit", "--allow-empty", "-m", "x")
        assert pushing.id("main") == before
    else:
        done = desk.git(pushing, "push", "origin", "main")
        assert branches(remote) == ""
    assert done.code != 0
    assert "not checked and is refused" in done.message
    assert "leakscan hook install" in done.message
    assert ("--no-verify" in done.message) == (hook != "pre-receive")


# -- an earlier hook ----------------------------------------------------------------------------


def test_an_earlier_hook_gets_the_same_and_comes_first(pushing: Repo, desk: Desk) -> None:
    hook = put(pushing, desk, "pre-push")
    desk.script(hook.with_name("pre-push.before-leakscan"), recording("-earlier"))
    desk.leakscan_on_path()
    assert desk.git(pushing, "push", "origin", "main", "main:two").code == 0
    assert desk.arguments("-earlier") == desk.arguments()[3:]
    assert desk.stdin("-earlier") == desk.stdin()
    assert desk.stdin().count(b"\n") == 2


def test_an_earlier_hook_that_refuses_counts_and_ends_it(pushing: Repo, desk: Desk) -> None:
    hook = put(pushing, desk, "pre-push")
    desk.script(hook.with_name("pre-push.before-leakscan"), recording("-earlier", 3))
    desk.leakscan_on_path()
    assert desk.git(pushing, "push", "origin", "main").code != 0
    assert desk.was_run("-earlier")
    assert not desk.was_run()
    assert branches(desk.folder / "origin.git") == ""


def test_an_earlier_hook_of_a_commit_comes_first(pushing: Repo, desk: Desk) -> None:
    hook = put(pushing, desk, "pre-commit")
    desk.leakscan_on_path()
    earlier = desk.script(hook.with_name("pre-commit.before-leakscan"), recording("-earlier"))
    assert desk.git(pushing, "commit", "--allow-empty", "-m", "x").code == 0
    assert desk.was_run("-earlier")
    assert desk.was_run()
    desk.script(earlier, recording("-earlier", 1))
    assert desk.git(pushing, "commit", "--allow-empty", "-m", "x").code != 0
    assert not desk.was_run()


def test_an_earlier_hook_that_was_switched_off_stays_so(pushing: Repo, desk: Desk) -> None:
    hook = put(pushing, desk, "pre-push")
    earlier = desk.script(hook.with_name("pre-push.before-leakscan"), recording("-earlier"))
    earlier.chmod(0o644)
    desk.leakscan_on_path()
    assert desk.git(pushing, "push", "origin", "main").code == 0
    assert not desk.was_run("-earlier")
    assert desk.was_run()


@pytest.mark.parametrize("count", [0, 1, 10_000])
def test_any_number_of_lines_goes_to_both_even_if_one_reads_none(
    count: int, repo: Repo, desk: Desk
) -> None:
    hook = put(repo, desk, "pre-push")
    lines = b"".join(
        b"refs/heads/a-%d %040x refs/heads/a-%d %040x\n" % (n, n, n, 0) for n in range(count)
    )
    desk.script(hook.with_name("pre-push.before-leakscan"), "#!/bin/sh\nexit 0\n")
    desk.leakscan_on_path()
    done = desk.run([os.fsencode(hook), b"origin", b"url"], repo.path, stdin=lines)
    assert (done.code, done.err) == (0, b"")
    assert desk.stdin() == lines


# -- beside the pre-commit framework -------------------------------------------------------------


def test_moved_aside_by_the_framework_it_goes_on_without_going_in_circles(
    repo: Repo, desk: Desk
) -> None:
    hook = put(repo, desk, "pre-push")
    earlier = hook.with_name("pre-push.before-leakscan")
    desk.leakscan_on_path()
    moved = hook.rename(hook.with_name("pre-push.legacy"))

    desk.script(earlier, recording("-earlier"))
    assert desk.run([os.fsencode(moved)], repo.path).code == 0
    assert desk.was_run()
    assert desk.was_run("-earlier")

    desk.script(earlier, "# https://pre-commit.com\n".join(recording("-earlier").split("\n", 1)))
    assert desk.run([os.fsencode(moved)], repo.path).code == 0
    assert desk.was_run()
    assert not desk.was_run("-earlier")


# -- for all repositories -----------------------------------------------------------------------


def test_a_hook_for_all_runs_the_repositorys_own_first(pushing: Repo, desk: Desk) -> None:
    shared = desk.folder / "shared"
    desk.script(shared / "pre-push", render("pre-push", Values("", shared=True)).decode())
    pushing.git("config", "core.hooksPath", shared)
    own = desk.script(pushing.git_dir / "hooks" / "pre-push", recording("-own"))
    desk.leakscan_on_path()
    assert desk.git(pushing, "push", "origin", "main").code == 0
    assert desk.stdin("-own") == desk.stdin()
    desk.script(own, recording("-own", 1))
    assert desk.git(pushing, "push", "origin", "main:two").code != 0


def test_a_hook_for_all_works_in_a_linked_work_tree(pushing: Repo, desk: Desk) -> None:
    shared = desk.folder / "shared"
    desk.script(shared / "pre-push", render("pre-push", Values("", shared=True)).decode())
    pushing.git("config", "core.hooksPath", shared)
    desk.script(pushing.git_dir / "hooks" / "pre-push", recording("-own"))
    desk.leakscan_on_path()
    linked = pushing.worktree(desk.folder / "linked", "topic")
    assert desk.git(linked, "push", "origin", "topic").code == 0
    assert desk.was_run("-own")
    assert desk.was_run()


def test_a_repository_with_our_hook_too_is_checked_once(pushing: Repo, desk: Desk) -> None:
    shared = desk.folder / "shared"
    desk.script(shared / "pre-push", render("pre-push", Values("", shared=True)).decode())
    counting = "#!/bin/sh\nprintf 'once ' >> \"$RECORD.count\"\ncat > /dev/null\n"
    desk.leakscan_on_path(counting)
    put(pushing, desk, "pre-push")
    pushing.git("config", "core.hooksPath", shared)
    assert desk.git(pushing, "push", "origin", "main").code == 0
    assert Path(f"{desk.record}.count").read_text() == "once "


def test_a_relay_does_what_the_repositorys_own_hook_does(pushing: Repo, desk: Desk) -> None:
    shared = desk.folder / "shared"
    desk.script(shared / "commit-msg", relay().decode())
    pushing.git("config", "core.hooksPath", shared)
    assert desk.git(pushing, "commit", "--allow-empty", "-m", "x").code == 0
    own = desk.script(pushing.git_dir / "hooks" / "commit-msg", recording("-own"))
    assert desk.git(pushing, "commit", "--allow-empty", "-m", "x").code == 0
    assert desk.arguments("-own") == [".git/COMMIT_EDITMSG"]
    desk.script(own, recording("-own", 1))
    assert desk.git(pushing, "commit", "--allow-empty", "-m", "x").code != 0


HOW = ["link to the folder", "copy", "calls it", "calls it from elsewhere", "executes it"]


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("name", ["pre-push", "pre-commit", "commit-msg"])
def test_nothing_goes_in_circles(name: str, how: str, pushing: Repo, desk: Desk) -> None:
    shared = desk.folder / "shared"
    text = relay() if name == "commit-msg" else render(name, Values("", shared=True))
    hook = desk.script(shared / name, text.decode())
    pushing.git("config", "core.hooksPath", shared)
    desk.leakscan_on_path("#!/bin/sh\nprintf 'once ' >> \"$RECORD.count\"\n")
    folder = pushing.git_dir / "hooks"
    if how == "link to the folder":
        shutil.rmtree(folder)
        folder.symlink_to(shared)
    elif how == "copy":
        desk.script(folder / name, hook.read_text())
    else:
        start = {"calls it": "", "executes it": "exec "}.get(how, "cd .git && ")
        desk.script(folder / name, f"#!/bin/sh\nprintf own >> own\n{start}'{hook}' \"$@\"\n")
    if name == "pre-push":
        assert desk.git(pushing, "push", "origin", "main").code == 0
    else:
        assert desk.git(pushing, "commit", "--allow-empty", "-m", "x").code == 0
    count = Path(f"{desk.record}.count")
    assert count.exists() == (name != "commit-msg")
    assert not count.exists() or "once" in count.read_text()
    if "it" in how:
        assert (pushing.path / "own").read_text() == "own"


def test_a_hook_that_works_in_another_repository_runs_the_hook_there_too(
    pushing: Repo, desk: Desk
) -> None:
    shared = desk.folder / "shared"
    desk.script(shared / "pre-push", render("pre-push", Values("", shared=True)).decode())
    (desk.home / ".gitconfig").write_text(f'[core]\n\thooksPath = "{shared}"\n')
    desk.leakscan_on_path()
    other = Repo.init(desk.folder / "other")
    other.commit({b"README": b"read me\n"})
    desk.script(other.git_dir / "hooks" / "pre-push", recording("-other"))
    desk.script(
        pushing.git_dir / "hooks" / "pre-push",
        f"#!/bin/sh\nunset GIT_DIR\ngit -C '{other.path}' push '{desk.folder}/origin.git' main:o\n",
    )
    assert desk.git(pushing, "push", "origin", "main").code == 0
    assert desk.was_run("-other")


# -- the block for husky ------------------------------------------------------------------------


@pytest.mark.parametrize("shell", [shell for shell in SHELLS if shell != "busybox"])
@pytest.mark.parametrize("count", [0, 1, 10_000])
def test_a_block_reads_the_lines_and_leaves_them_to_the_rest(
    count: int, shell: str, repo: Repo, desk: Desk
) -> None:
    rest = b'#!/usr/bin/env sh\ncat > "$RECORD.rest"\necho "$1" > "$RECORD.first"\n'
    file = desk.script(desk.folder / "pre-push", with_block(rest, "pre-push").decode())
    lines = b"".join(b"refs/heads/%d %040x refs/heads/x %040x\n" % (n, n, 0) for n in range(count))
    desk.leakscan_on_path()
    command = [shell.encode(), b"-e", os.fsencode(file), b"origin", b"url"]
    done = desk.run(command, repo.path, stdin=lines)
    assert (done.code, done.err) == (0, b"")
    assert desk.arguments() == ["pre-push", "--from-git", "--", "origin", "url"]
    assert desk.stdin() == lines
    assert Path(f"{desk.record}.rest").read_bytes().strip() == lines.strip()
    assert Path(f"{desk.record}.first").read_text() == "origin\n"


def test_a_block_blocks(repo: Repo, desk: Desk) -> None:
    text = with_block(b'#!/bin/sh\n: > "$RECORD.rest"\n', "pre-push").decode()
    file = desk.script(desk.folder / "pre-push", text)
    missing = desk.run([b"sh", b"-e", os.fsencode(file)], repo.path)
    assert missing.code == 1
    assert "install leakscan" in missing.message
    desk.leakscan_on_path()
    for status in ("1", "3", "70"):
        run = desk.run([b"sh", b"-e", os.fsencode(file)], repo.path, env={"STATUS": status})
        assert run.code == 1
    assert not Path(f"{desk.record}.rest").exists()


@pytest.mark.parametrize(
    ("above", "known"),
    [
        ('. "$(dirname -- "$0")/_/husky.sh"\n', True),
        ("# a remark\n\n", True),
        ("cat > /dev/null\n", False),
        ("export X=1\n", False),
    ],
)
def test_a_block_below_others_does_not_know_who_is_silent(
    above: str, known: bool, repo: Repo, desk: Desk
) -> None:
    desk.script(desk.folder / "_" / "husky.sh", "")
    block = with_block(b"#!/bin/sh\n", "pre-push").decode().partition("\n")[2]
    file = desk.script(desk.folder / "pre-push", f"#!/bin/sh\n{above}{block}")
    desk.leakscan_on_path()
    done = desk.run([b"sh", b"-e", os.fsencode(file), b"origin", b"url"], repo.path)
    assert (done.code, done.err) == (0, b"")
    assert ("--from-git" in desk.arguments()) == known
    assert desk.arguments()[-3:] == ["--", "origin", "url"]


def test_a_block_of_a_commit_says_nothing_about_pushes(repo: Repo, desk: Desk) -> None:
    file = desk.script(desk.folder / "pre-commit", with_block(b"", "pre-commit").decode())
    desk.leakscan_on_path()
    assert desk.run([b"sh", b"-e", os.fsencode(file)], repo.path).code == 0
    assert desk.arguments() == ["pre-commit", "--"]
