"""A hook that cannot do its work blocks, with a sentence that says how to go on."""

import os
import shutil
from pathlib import Path

import pytest

from tests.support.damage import flip, remove
from tests.support.hooks import Outcome, Work, names
from tests.support.repo import Repo
from tests.support.traps import script


def says_how_to_go_on(outcome: Outcome) -> bool:
    return outcome.refused and "--no-verify" in outcome.words and "refused" in outcome.words


def blocked(work: Work, pushed: Outcome, before: str) -> bool:
    """Say whether nothing left and the message helps."""
    return says_how_to_go_on(pushed) and work.at("refs/heads/main") == before


def test_damaged_object_in_the_range(work: Work) -> None:
    before = work.at("refs/heads/main")
    commit = work.repo.commit({b"a": b"harmless\n", b"b": b"also\n"})
    loose(work.repo)
    path = work.repo.loose(work.repo.blob(commit, b"a"))
    path.chmod(0o644)
    flip(path, 5)
    pushed = work.push("origin", "main")
    assert blocked(work, pushed, before)
    assert work.repo.blob_id(b"harmless\n")[:7] in pushed.said


@pytest.mark.parametrize("what", ["blob", "tree", "parent"])
def test_missing_object_in_the_range(work: Work, what: str) -> None:
    before = work.at("refs/heads/main")
    middle = work.repo.commit({b"d/a": b"harmless\n"})
    tip = work.repo.commit({b"b": b"1\n"})
    loose(work.repo)
    lost = {
        "blob": work.repo.blob(tip, b"d/a"),
        "tree": work.repo.id(f"{tip}:d"),
        "parent": middle,
    }[what]
    remove(work.repo.loose(lost))
    line = f"refs/heads/main {tip} refs/heads/main {before}\n".encode()
    done = work.leakscan("pre-push", "origin", work.remote.path, stdin=line)
    assert says_how_to_go_on(done), done.said


def test_a_leak_outranks_what_could_not_be_read(work: Work) -> None:
    _, bad = work.leak()
    commit = work.repo.commit({b"a": b"harmless\n"})
    loose(work.repo)
    remove(work.repo.loose(work.repo.blob(commit, b"a")))
    line = f"refs/heads/main {commit} refs/heads/main {work.at('refs/heads/main')}\n".encode()
    done = work.leakscan("pre-push", "origin", work.remote.path, stdin=line)
    assert names(done, bad, "app/.env", 1)
    assert "could not be read completely" in done.words


def test_damage_outside_the_range_does_not_block(work: Work) -> None:
    work.repo.commit({b"old": b"old\n"})
    work.unchecked("push", "-q", "origin", "main")
    loose(work.repo)
    remove(work.repo.loose(work.repo.blob("main", b"old")))
    tip = work.repo.commit({b"a": b"1\n"})
    line = f"refs/heads/main {tip} refs/heads/main {work.at('refs/heads/main')}\n".encode()
    done = work.leakscan("pre-push", "origin", work.remote.path, stdin=line)
    assert done.code == 0, done.said


@pytest.mark.parametrize(
    "text", [b"\xff\xfe\0", b"allow: [", b"unknown_key: 1\n", b"- a list\n", b"allow: 7\n"]
)
def test_broken_configuration(work: Work, text: bytes) -> None:
    before = work.at("refs/heads/main")
    work.repo.commit({b"a": b"1\n"})
    work.repo.write(b".leakscan.yaml", text, add=False)
    pushed = work.push("origin", "main")
    assert blocked(work, pushed, before)
    assert ".leakscan.yaml" in pushed.words


def test_configuration_that_cannot_be_opened(work: Work) -> None:
    before = work.at("refs/heads/main")
    work.repo.commit({b"a": b"1\n"})
    (work.repo.path / ".leakscan.yaml").mkdir()
    pushed = work.push("origin", "main")
    assert blocked(work, pushed, before)
    assert ".leakscan.yaml" in pushed.words


@pytest.mark.parametrize("kind", ["garbage", "folder"])
def test_broken_baseline(work: Work, kind: str) -> None:
    before = work.at("refs/heads/main")
    work.repo.commit({b"a": b"1\n"})
    path = work.repo.path / ".leakscan-baseline"
    if kind == "garbage":
        path.write_bytes(b"\xff not a baseline\n")
    else:
        path.mkdir()
    pushed = work.push("origin", "main")
    assert blocked(work, pushed, before), pushed.said
    assert ".leakscan-baseline" in pushed.words


def test_git_is_not_on_the_path(work: Work) -> None:
    _, commit = work.leak()
    before = work.at("refs/heads/main")
    empty = work.folder / "bin"
    empty.mkdir()
    (empty / "python3").symlink_to(shutil.which("python3") or "python3")
    line = f"refs/heads/main {commit} refs/heads/main {before}\n".encode()
    done = work.leakscan("pre-push", "origin", stdin=line, env={"PATH": str(empty)})
    assert says_how_to_go_on(done)
    assert "git" in done.words


def test_git_that_fails(work: Work) -> None:
    _, commit = work.leak()
    folder = work.folder / "bin"
    folder.mkdir()
    script(folder / "git", "echo broken >&2\nexit 128\n")
    line = f"refs/heads/main {commit} refs/heads/main {work.at('refs/heads/main')}\n".encode()
    env = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    assert says_how_to_go_on(work.leakscan("pre-push", "origin", stdin=line, env=env))


def test_leakscan_is_missing(work: Work, tmp_path: Path) -> None:
    before = work.at("refs/heads/main")
    work.repo.commit({b"a": b"1\n"})
    hook = work.repo.git_dir / "hooks" / "pre-push"
    text = hook.read_text()
    lines = [
        "leakscan='/nowhere/leakscan'" if line.startswith("leakscan='/") else line
        for line in text.splitlines()
    ]
    assert lines != text.splitlines()
    hook.write_text("\n".join(lines) + "\n")
    folders = [
        folder
        for folder in os.environ["PATH"].split(os.pathsep)
        if not (Path(folder) / "leakscan").exists()
    ]
    pushed = work.push("origin", "main", env={"PATH": os.pathsep.join(folders)})
    assert blocked(work, pushed, before), pushed.said
    assert "leakscan was not found" in pushed.words


@pytest.mark.parametrize("code", [126, 127, 137])
def test_leakscan_that_cannot_start(work: Work, code: int) -> None:
    before = work.at("refs/heads/main")
    work.repo.commit({b"a": b"1\n"})
    broken = work.folder / "leakscan"
    script(broken, f"exit {code}\n")
    hook = work.repo.git_dir / "hooks" / "pre-push"
    lines = [
        f"leakscan='{broken}'" if line.startswith("leakscan='/") else line
        for line in hook.read_text().splitlines()
    ]
    hook.write_text("\n".join(lines) + "\n")
    pushed = work.push("origin", "main")
    assert blocked(work, pushed, before), pushed.said


@pytest.mark.parametrize("cache", ["garbage", "file", "unwritable"])
def test_a_broken_cache_does_not_matter(work: Work, cache: str) -> None:
    _, commit = work.leak()
    folder = work.folder / "cache"
    env = {"XDG_CACHE_HOME": str(folder)}
    if cache == "file":
        folder.write_text("a file")
    else:
        (folder / "leakscan").mkdir(parents=True, mode=0o700)
        assert names(work.push("origin", "main", env=env), commit, "app/.env", 1)
        for path in (folder / "leakscan").rglob("*"):
            if path.is_file():
                path.write_bytes(b"garbage" * 100)
        if cache == "unwritable":
            (folder / "leakscan").chmod(0o500)
    pushed = work.push("origin", "main", env=env)
    assert names(pushed, commit, "app/.env", 1)
    assert not work.push("origin", "main~1:refs/heads/x", env=env).refused


def test_no_home_and_no_place_for_files(work: Work) -> None:
    _, commit = work.leak()
    line = f"refs/heads/main {commit} refs/heads/main {work.at('refs/heads/main')}\n".encode()
    env = {"HOME": "", "TMPDIR": str(work.folder / "nowhere")}
    done = work.leakscan("pre-push", "origin", stdin=line, env=env)
    assert done.refused
    assert done.said


def loose(repo: Repo) -> None:
    """Have every object loose, to be able to damage one."""
    packs = repo.packs()
    for pack in packs:
        data = pack.read_bytes()
        pack.rename(pack.with_suffix(".away"))
        pack.with_suffix(".idx").unlink()
        repo.git("unpack-objects", "-q", stdin=data)
