"""What a gate must not believe: clients, dates, tracking refs of another place."""

import os

import pytest

from leakscan.cli import gating
from leakscan.config import CONFIG_NAME
from leakscan.triage.baseline import BASELINE_NAME
from tests.support.cli import CLEAN, Cli
from tests.support.hooks import FILLER, Work, names
from tests.support.keys import KeyMaker
from tests.support.repo import Repo

ZERO = "0" * 40


def receive(work: Work, *lines: str) -> bool:
    """Say whether the server refuses what its store has already, told so by a client."""
    text = "".join(f"{line}\n" for line in lines).encode()
    return work.leakscan("pre-receive", stdin=text, cwd=work.remote.path).refused


def test_old_ids_are_the_clients_word(served: Work) -> None:
    """It could name what it brings as what was there before."""
    _, bad = served.leak()
    after = served.repo.commit({b"z": b"1\n"})
    served.remote.git("fetch", "-q", served.repo.path, "main")
    honest = f"{ZERO} {bad} refs/heads/y"
    assert receive(served, honest)
    assert receive(served, honest, f"{bad} {after} refs/heads/z")


def test_a_ref_that_is_received_twice_brings_both(served: Work) -> None:
    _, bad = served.leak()
    served.remote.git("fetch", "-q", served.repo.path, "main")
    clean = served.repo.id("main~1")
    assert receive(served, f"{ZERO} {bad} refs/heads/y", f"{ZERO} {clean} refs/heads/y")


def test_a_ref_that_is_pushed_twice_brings_both(work: Work) -> None:
    _, bad = work.leak()
    lines = "".join(f"x {one} refs/heads/y {ZERO}\n" for one in (bad, work.repo.id("main~1")))
    assert work.leakscan("pre-push", "origin", "x", stdin=lines.encode()).refused


def test_since_believes_no_dates(cli: Cli, repo: Repo, keys: KeyMaker) -> None:
    repo.commit({b"a": b"1\n"}, when=1_577_836_800)
    leak = keys.leak()
    repo.commit({b"b": leak.env()}, when=1_790_000_000)
    repo.commit({b"c": b"1\n"}, when=1_609_459_200)
    scan = cli.scan(repo.path, "--since", "2026-01-01")
    assert [one["access_key_id"] for one in scan.findings] == [leak.key_id]
    assert scan.report["target"]["scope"]["commits"] == 2
    later = cli.run("scan", repo.path, "--since", "2027-01-01")
    assert later.code != CLEAN


def test_tracking_refs_of_the_place_before(work: Work) -> None:
    """A private history is pushed to a new place: what the old one had is not there."""
    _, old = work.leak(b"old.env")
    work.repo.commit({b"old.env": b"gone\n"})
    work.unchecked("push", "-q", "origin", "main")
    public = Repo.init(work.folder / "public.git", bare=True)
    work.repo.git("remote", "set-url", "origin", public.path)
    assert names(work.push("origin", "main"), old, "old.env", 1)
    assert work.at("refs/heads/main", public) == ""


def test_a_second_place_to_push_to(work: Work) -> None:
    _, old = work.leak(b"old.env")
    work.unchecked("push", "-q", "origin", "main")
    public = Repo.init(work.folder / "public.git", bare=True)
    work.repo.git("remote", "set-url", "--push", "origin", public.path)
    work.repo.git("branch", "topic")
    assert names(work.push("origin", "topic"), old, "old.env", 1)


@pytest.mark.parametrize(
    ("url", "push_url", "is_same"),
    [
        ("https://git.example/team/x.git", "git@git.example:team/x", True),
        ("https://git.example/team/x", "ssh://git@git.example:22/team/x.git", True),
        ("https://git.example/team/x", "git@git.example:team/y.git", False),
    ],
)
def test_one_place_in_two_spellings(work: Work, url: str, push_url: str, is_same: bool) -> None:
    work.leak(b"old.env")
    work.unchecked("push", "-q", "origin", "main")
    work.repo.git("remote", "set-url", "origin", url)
    work.repo.git("remote", "set-url", "--push", "origin", push_url)
    commit = work.repo.commit({b"a": b"1\n"}, branch="topic", parents=[work.repo.id("main")])
    line = f"topic {commit} refs/heads/topic {ZERO}\n".encode()
    assert work.leakscan("pre-push", "origin", push_url, stdin=line).refused is not is_same


def test_nothing_is_known_of_a_url_that_nobody_configured(work: Work) -> None:
    """Under a hook manager that keeps stdin to itself, too."""
    _, old = work.leak(b"old.env")
    work.unchecked("push", "-q", "origin", "main")
    url = "https://git.example/public.git"
    manager = {"PRE_COMMIT": "1", "PRE_COMMIT_REMOTE_NAME": url, "PRE_COMMIT_REMOTE_URL": url}
    assert names(work.leakscan("pre-push", env=manager), old, "old.env", 1)
    known = manager | {"PRE_COMMIT_REMOTE_NAME": "origin", "PRE_COMMIT_REMOTE_URL": "x"}
    assert not work.leakscan("pre-push", env=known).refused


def test_what_one_remote_promised_another_does_not_have(work: Work) -> None:
    work.remote.git("config", "uploadpack.allowFilter", "true")
    fork = work.add_remote("fork")
    fork.git("config", "uploadpack.allowFilter", "true")
    work.unchecked("push", "-q", "fork", "main")
    _, bad = work.leak(b"secret.env")
    work.unchecked("push", "-q", "origin", "main:sec")
    partial = work.remote.clone(work.folder / "partial", "--filter=blob:none", "--no-checkout")
    partial.git("remote", "add", "fork", fork.path)
    partial.git("fetch", "-q", "--filter=blob:none", "fork")
    work.hook("pre-push", partial)
    pushed = work.push("fork", "origin/sec:refs/heads/sec", repo=partial)
    assert pushed.refused
    assert work.at("refs/heads/sec", fork) == ""
    assert bad not in fork.objects()


def test_names_in_a_tree_without_a_commit(work: Work) -> None:
    leak = work.keys.leak()
    blob = work.repo.write_object("blob", b"1\n")
    entry = b"100644 " + leak.key_id.encode() + b"\0" + bytes.fromhex(blob)
    tree = work.repo.write_object("tree", entry)
    work.repo.tag("v1", tree, b"a tree\n")
    assert work.push("origin", "v1").refused
    assert work.at("refs/tags/v1") == ""


def test_a_server_is_not_locked_by_its_own_configuration(served: Work) -> None:
    """Neither can a push break it, nor is one that is broken beyond repair."""
    served.repo.commit({b".leakscan.yaml": b"allow: [\n"})
    broken = served.push("origin", "main")
    assert broken.refused
    assert ".leakscan.yaml" in broken.words
    served.remote.git("fetch", "-q", served.repo.path, "+main:main")
    _, bad = served.leak(branch="bad")
    assert names(served.push("origin", "bad"), bad, "app/.env", 1)
    served.repo.commit({b".leakscan.yaml": b"version: 1\n", b"a": FILLER})
    mended = served.push("origin", "main")
    assert not mended.refused, mended.said
    assert "not obeyed" in mended.words


def test_a_record_that_is_a_pipe(work: Work) -> None:
    work.leak()
    record = work.repo.git_dir / "leakscan" / "bypasses.jsonl"
    record.parent.mkdir()
    os.mkfifo(record)
    assert work.push("origin", "main", env={"LEAKSCAN_BYPASS": "known"}).refused
    assert work.at("refs/heads/main") == work.repo.id("main~1")


def test_hints_are_lines(work: Work) -> None:
    work.repo.commit({b"a": b"1\n"})
    (work.repo.path / ".leakscan.yaml").write_text("allow: [\n")
    pushed = work.push("origin", "main")
    assert pushed.refused
    assert "\\n" not in pushed.said


def test_what_the_framework_names_is_looked_at(work: Work) -> None:
    """It may be a commit that no branch or tag has."""
    leak = work.keys.leak()
    bad = work.repo.commit({b"app/.env": leak.env()}, branch="away")
    work.repo.git("update-ref", "-d", "refs/heads/away")
    manager = {"PRE_COMMIT": "1", "PRE_COMMIT_REMOTE_NAME": "origin"}
    assert not work.leakscan("pre-push", env=manager).refused
    named = manager | {"PRE_COMMIT_TO_REF": bad}
    assert names(work.leakscan("pre-push", env=named), bad, "app/.env", 1)


def test_the_files_that_are_looked_for_are_those_that_are_read() -> None:
    assert gating._OWN_FILES == (CONFIG_NAME, BASELINE_NAME)


def test_what_is_let_through_is_not_called_refused(work: Work) -> None:
    work.leak()
    done = work.push("origin", "main", env={"LEAKSCAN_BYPASS": "a test key"})
    assert not done.refused
    assert "would be refused" in done.words
    assert work.at("refs/heads/main") == work.repo.id("main")
