"""`leakscan hook --global`: all repositories of a user, and none loses a hook of its own."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from leakscan.gates.install_shared import LEFT_OUT, PASSED_ON
from tests.support.cli import CLEAN, FINDINGS, USAGE
from tests.support.repo import Repo
from tests.support.standin import RECORDING, REFUSING, Desk, recording

KNOWN = re.search(
    r"(\d+)\.(\d+)", subprocess.run(["git", "version"], capture_output=True, text=True).stdout
)
assert KNOWN is not None
NEW_GIT = (int(KNOWN[1]), int(KNOWN[2])) >= (2, 54)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def old(desk: Desk) -> Desk:
    """A user whose git runs no hooks that settings name."""
    return pretending(desk, "2.39.5")


def pretending(desk: Desk, version: str) -> Desk:
    """Let git say that it is of a version; all else it does as it can."""
    real = shutil.which("git")
    (desk.bin / "git").unlink()
    text = (
        f'#!/bin/sh\n[ "$1" = version ] && echo "git version {version}" && exit\nexec {real} "$@"\n'
    )
    desk.script(desk.bin / "git", text)
    return desk


@pytest.fixture
def origin(tmp_path: Path, repo: Repo) -> Repo:
    """A bare remote of `repo`, which has one commit."""
    repo.commit({b"README": b"read me\n"})
    repo.checkout("main")
    made = Repo.init(tmp_path / "origin.git", bare=True)
    repo.git("remote", "add", "origin", made.path)
    return made


def ours(desk: Desk) -> Path:
    return desk.home / ".config" / "leakscan" / "hooks"


def setting(desk: Desk, name: str) -> str:
    done = desk.run([b"git", b"config", b"--global", b"--get", name.encode()], desk.folder)
    return done.out.decode().strip()


def blocks_everywhere(desk: Desk, repo: Repo, origin: Repo) -> bool:
    """Say whether a push is stopped by a leakscan that finds something."""
    desk.start_instead(ours(desk) / "pre-push", REFUSING)
    stopped = desk.git(repo, "push", "origin", "main").code != 0
    return stopped and not origin.git("for-each-ref")


def test_every_hook_of_git_is_passed_on_or_left_out_by_name() -> None:
    known = {*PASSED_ON, *LEFT_OUT, "fsmonitor-watchman"}
    # Source: githooks(5); the hooks of git p4 run in no repository of git's own.
    assert known >= {
        "applypatch-msg", "pre-applypatch", "post-applypatch", "pre-commit", "pre-merge-commit",
        "prepare-commit-msg", "commit-msg", "post-commit", "pre-rebase", "post-checkout",
        "post-merge", "pre-push", "pre-receive", "update", "proc-receive", "post-receive",
        "post-update", "reference-transaction", "push-to-checkout", "pre-auto-gc", "post-rewrite",
        "sendemail-validate", "fsmonitor-watchman", "post-index-change",
    }  # fmt: skip


# -- older git: a folder of our own --------------------------------------------------------------


def test_with_older_git_a_folder_serves_all(repo: Repo, origin: Repo, old: Desk) -> None:
    done = old.leakscan("hook", "install", "--global")
    assert done.code == CLEAN
    assert setting(old, "core.hooksPath") == str(ours(old))
    assert old.leakscan("hook", "status", "--global").code == CLEAN
    assert old.leakscan("hook", "status", repo.path).code == CLEAN
    again = old.leakscan("hook", "install", "--global")
    assert "already installed" in again.out.decode()
    assert "already installed" in old.leakscan("hook", "install", repo.path).out.decode()
    assert blocks_everywhere(old, repo, origin)


def test_with_older_git_hooks_of_a_repository_go_on(repo: Repo, origin: Repo, old: Desk) -> None:
    names = ("pre-push", "pre-commit", "commit-msg", "post-commit", "post-checkout")
    for name in names:
        old.script(repo.git_dir / "hooks" / name, recording(f"-{name}"))
    old.leakscan("hook", "install", "--global")
    hook = ours(old) / "pre-push"
    old.start_instead(hook, recording(""))
    assert old.git(repo, "commit", "--allow-empty", "-m", "x").code == 0
    assert old.git(repo, "checkout", "-q", "-b", "topic").code == 0
    assert old.git(repo, "push", "origin", "topic").code == 0
    assert [name for name in names if not old.was_run(f"-{name}")] == []
    assert old.was_run()
    assert origin.id("topic") == repo.id("topic")


def test_what_was_installed_for_all_goes_without_a_trace(old: Desk) -> None:
    (old.home / ".gitconfig").write_text("[user]\n\tname = Ada\n")
    both = ("--global", "--hook", "pre-push", "--hook", "pre-commit")
    assert old.leakscan("hook", "install", *both).code == CLEAN
    assert old.leakscan("hook", "uninstall", "--global", "--hook", "pre-push").code == CLEAN
    assert old.leakscan("hook", "status", "--global", "--hook", "pre-commit").code == CLEAN
    assert old.leakscan("hook", "status", "--global").code == FINDINGS
    assert sorted(path.name for path in ours(old).iterdir()) == sorted(PASSED_ON)
    assert old.leakscan("hook", "uninstall", "--global", "--hook", "pre-commit").code == CLEAN
    assert not ours(old).exists()
    config = (old.home / ".gitconfig").read_text()
    assert config.startswith("[user]\n\tname = Ada\n")
    assert "hooksPath" not in config
    assert "was not installed" in old.leakscan("hook", "uninstall", "--global").out.decode()


def test_a_folder_that_serves_all_already_is_used(repo: Repo, origin: Repo, old: Desk) -> None:
    theirs = old.folder / "their hooks"
    old.script(theirs / "pre-push", recording("-theirs"))
    (old.home / ".gitconfig").write_text(f'[core]\n\thooksPath = "{theirs}"\n')
    done = old.leakscan("hook", "install", "--global")
    assert done.code == CLEAN
    assert "kept as pre-push.before-leakscan" in done.out.decode()
    assert sorted(path.name for path in theirs.iterdir()) == [
        "pre-push",
        "pre-push.before-leakscan",
    ]
    assert old.leakscan("hook", "status", repo.path).code == CLEAN
    old.start_instead(theirs / "pre-push", RECORDING)
    assert old.git(repo, "push", "origin", "main", env={"STATUS": "1"}).code != 0
    assert old.stdin() == old.stdin("-theirs")
    assert not origin.git("for-each-ref")
    assert old.leakscan("hook", "uninstall", "--global").code == CLEAN
    assert (theirs / "pre-push").read_text() == recording("-theirs")
    assert setting(old, "core.hooksPath") == str(theirs)


def test_a_relative_folder_for_all_is_no_folder_for_all(desk: Desk) -> None:
    (desk.home / ".gitconfig").write_text("[core]\n\thooksPath = .githooks\n")
    done = desk.leakscan("hook", "install", "--global")
    assert done.code == USAGE
    assert "leakscan hook install PATH" in done.message


def test_a_foreign_hook_in_our_folder_is_kept(old: Desk) -> None:
    old.script(ours(old) / "commit-msg", recording("-theirs"))
    assert old.leakscan("hook", "install", "--global").code == CLEAN
    assert (ours(old) / "commit-msg").read_text() == recording("-theirs")
    assert old.leakscan("hook", "uninstall", "--global").code == CLEAN
    assert [path.name for path in ours(old).iterdir()] == ["commit-msg"]


def test_the_folder_for_configuration_may_be_elsewhere(old: Desk) -> None:
    env = {"XDG_CONFIG_HOME": str(old.folder / "xdg")}
    old.leakscan("hook", "install", "--global", env=env)
    assert (old.folder / "xdg" / "leakscan" / "hooks" / "pre-push").exists()


# -- newer git: settings -------------------------------------------------------------------------


def test_newer_git_gets_settings_and_no_folder(desk: Desk) -> None:
    pretending(desk, "2.54.0")
    assert desk.leakscan("hook", "install", "--global").code == CLEAN
    assert setting(desk, "hook.leakscan-pre-push.command") == f"exec '{ours(desk) / 'pre-push'}'"
    assert setting(desk, "hook.leakscan-pre-push.event") == "pre-push"
    assert setting(desk, "core.hooksPath") == ""
    assert [path.name for path in ours(desk).iterdir()] == ["pre-push"]
    assert "already installed" in desk.leakscan("hook", "install", "--global").out.decode()
    assert desk.leakscan("hook", "status", "--global").code == CLEAN
    assert desk.leakscan("hook", "uninstall", "--global").code == CLEAN
    assert not ours(desk).exists()
    assert setting(desk, "hook.leakscan-pre-push.command") == ""


def test_settings_that_an_older_git_does_not_know_are_not_in_effect(repo: Repo, desk: Desk) -> None:
    pretending(desk, "2.54.0")
    desk.leakscan("hook", "install", "--global")
    assert desk.leakscan("hook", "status", repo.path).code == CLEAN
    pretending(desk, "2.53.9")
    assert desk.leakscan("hook", "status", repo.path).code == FINDINGS
    pretending(desk, "3.0.0")
    repo.git("config", "hook.leakscan-pre-push.enabled", "false")
    assert desk.leakscan("hook", "status", repo.path).code == FINDINGS


@pytest.mark.skipif(not NEW_GIT, reason="this git runs no hooks that settings name")
def test_newer_git_runs_it_beside_the_repositorys_own(repo: Repo, origin: Repo, desk: Desk) -> None:
    desk.script(repo.git_dir / "hooks" / "pre-push", recording("-own"))
    desk.leakscan("hook", "install", "--global")
    assert desk.leakscan("hook", "status", repo.path).code == CLEAN
    hook = ours(desk) / "pre-push"
    desk.start_instead(hook, RECORDING)
    assert desk.git(repo, "push", "origin", "main").code == 0
    assert desk.stdin() == desk.stdin("-own")
    assert desk.arguments() == ["pre-push", "--from-git", "--", *desk.arguments("-own")]
    repo.commit({b"more": b"more\n"})
    before = origin.id("main")
    assert desk.git(repo, "push", "origin", "main", env={"STATUS": "1"}).code != 0
    assert origin.id("main") == before
