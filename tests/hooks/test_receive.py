"""Real receives: a bare server repository with the hook pre-receive, and pushes to it."""

import json
import re
from pathlib import Path

import pytest

from tests.support import traps
from tests.support.cli import Cli
from tests.support.hooks import FILLER, Recorder, Work, names
from tests.support.repo import Repo


def options(work: Work, text: str) -> None:
    """Write options into the hook of the server, as its owner does."""
    fill_in(work, "options", text)


def fill_in(work: Work, name: str, text: str) -> None:
    """Give one of the first values of the hook of the server another text."""
    hook = work.remote.git_dir / "hooks" / "pre-receive"
    value = re.compile(f"^{name}='.*'$", re.MULTILINE)
    changed, count = value.subn(f"{name}='{text}'", hook.read_text())
    assert count == 1
    hook.write_text(changed)


def test_a_bad_push_is_refused_and_leaves_nothing(served: Work) -> None:
    leak, commit = served.leak(above=b"#\n")
    before = served.remote.objects()
    pushed = served.push("origin", "main")
    assert names(pushed, commit, "app/.env", 2)
    assert leak.key_id in pushed.said
    assert "pre-receive hook declined" in pushed.said
    assert served.at("refs/heads/main") == served.repo.id("main~1")
    assert served.remote.objects() == before
    served.repo.ref("refs/heads/main", "main~1")
    clean = served.repo.commit({b"a": b"1\n"})
    assert not served.push("origin", "main").refused
    assert served.at("refs/heads/main") == clean


def test_a_clean_push_is_not_spoken_to(served: Work) -> None:
    served.repo.commit({b"a": b"1\n"})
    pushed = served.push("-q", "origin", "main")
    assert (pushed.code, pushed.said) == (0, "")


@pytest.mark.parametrize("limit", ["1", "100000"])
def test_quarantine_of_packs_and_of_loose_objects(served: Work, limit: str) -> None:
    served.remote.git("config", "receive.unpackLimit", limit)
    _, commit = served.leak()
    assert names(served.push("origin", "main"), commit, "app/.env", 1)
    served.repo.ref("refs/heads/main", "main~1")
    served.repo.commit({b"a": b"1\n"})
    assert not served.push("origin", "main").refused


def test_a_thin_pack_against_what_the_server_has(served: Work) -> None:
    text = b"".join(b"%d %d\n" % (number, number * number) for number in range(4000))
    served.repo.commit({b"big.txt": text})
    assert not served.push("origin", "main").refused
    leak = served.keys.leak()
    commit = served.repo.commit({b"big.txt": text + leak.env()})
    served.remote.git("config", "receive.unpackLimit", "1")
    assert names(served.push("--thin", "origin", "main"), commit, "big.txt", 4001)


def test_first_push_to_an_empty_server(tmp_path: Path, cli: Cli, made: Recorder) -> None:
    work = Work(tmp_path, cli, made, hooks=())
    work.hook("pre-receive", work.remote)
    clean = work.repo.commit({b"a": b"1\n"})
    assert not work.push("origin", "main").refused
    assert work.at("refs/heads/main") == clean
    second = work.add_remote("second")
    work.hook("pre-receive", second)
    _, commit = work.leak()
    assert names(work.push("second", "main"), commit, "app/.env", 1)
    assert work.at("refs/heads/main", second) == ""


def test_a_thousand_refs_in_one_push(served: Work) -> None:
    base = served.repo.id("main")
    lines = [f"create refs/heads/b{number:04} {base}\n" for number in range(1000)]
    served.repo.git("update-ref", "--stdin", stdin="".join(lines).encode())
    served.repo.ref("refs/heads/b0500", served.repo.commit({b"a": b"1\n"}, branch="x"))
    pushed = served.push("-q", "origin", "refs/heads/b*:refs/heads/b*")
    assert not pushed.refused, pushed.said
    _, commit = served.leak(branch="b0700")
    lines = [f"create refs/heads/c{number:04} {base}\n" for number in range(1000)]
    served.repo.git("update-ref", "--stdin", stdin="".join(lines).encode())
    served.repo.ref("refs/heads/c0700", commit)
    pushed = served.push("-q", "origin", "refs/heads/c*:refs/heads/c*")
    assert names(pushed, commit, "app/.env", 1)
    assert served.at("refs/heads/c0000") == ""


def test_delete_and_force(served: Work) -> None:
    base = served.repo.id("main")
    served.repo.commit({b"a": b"1\n"})
    assert not served.push("origin", "main", "main:x", "main:y").refused
    assert not served.push("origin", "--delete", "x").refused
    assert served.at("refs/heads/x") == ""
    served.repo.ref("refs/heads/main", base)
    _, commit = served.leak()
    pushed = served.push("--force", "origin", "main", ":y")
    assert names(pushed, commit, "app/.env", 1)
    assert served.at("refs/heads/y")
    served.repo.ref("refs/heads/main", base)
    clean = served.repo.commit({b"b": b"1\n"})
    assert not served.push("--force", "origin", "main").refused
    assert served.at("refs/heads/main") == clean


def test_branch_from_existing_commits(served: Work) -> None:
    """Nothing is new then, also where an old leak is in it."""
    served.leak()
    (served.remote.git_dir / "hooks" / "pre-receive").rename(served.folder / "away")
    served.unchecked("push", "-q", "origin", "main")
    (served.folder / "away").rename(served.remote.git_dir / "hooks" / "pre-receive")
    pushed = served.push("origin", "main:topic", "main~1:refs/heads/older")
    assert not pushed.refused, pushed.said
    assert served.at("refs/heads/topic") == served.repo.id("main")


def test_tags_messages_and_names(served: Work) -> None:
    tagged, said, named = served.keys.leaks(3)
    served.repo.tag("v1", "main", tagged.env())
    pushed = served.push("origin", "v1")
    assert pushed.refused
    assert tagged.key_id in pushed.said
    served.repo.commit({b"a": b"1\n"}, message=said.env(), branch="topic", parents=["main"])
    pushed = served.push("origin", "topic")
    assert pushed.refused
    assert said.key_id in pushed.said
    pushed = served.push("origin", f"main:refs/heads/{named.key_id}")
    assert pushed.refused
    assert named.key_id in pushed.said
    assert len(served.remote.git("for-each-ref").splitlines()) == 1


def test_alternates_of_the_server(served: Work) -> None:
    """A fork on a server keeps its objects in the repository it was made from."""
    old, _ = served.leak(b"old.env")
    (served.remote.git_dir / "hooks" / "pre-receive").unlink()
    served.unchecked("push", "-q", "origin", "main")
    fork = served.remote.clone(served.folder / "fork.git", "--shared", bare=True)
    served.hook("pre-receive", fork)
    served.repo.git("remote", "add", "fork", fork.path)
    clean = served.repo.commit({b"a": b"1\n"})
    pushed = served.push("fork", "main")
    assert not pushed.refused, pushed.said
    assert served.at("refs/heads/main", fork) == clean
    _, commit = served.leak()
    pushed = served.push("fork", "main")
    assert names(pushed, commit, "app/.env", 1)
    assert old.key_id not in pushed.said


def test_a_push_from_a_shallow_clone(served: Work) -> None:
    served.repo.commit({b"a": FILLER})
    assert not served.push("origin", "main").refused
    clone = served.remote.clone(served.folder / "clone", "--depth=1")
    clean = clone.commit({b"b": b"1\n"})
    pushed = served.push("origin", "main", repo=clone)
    assert not pushed.refused, pushed.said
    assert served.at("refs/heads/main") == clean
    bad = clone.commit({b"app/.env": served.keys.leak().env()})
    assert names(served.push("origin", "main", repo=clone), bad, "app/.env", 1)


def test_sha256(tmp_path: Path, cli: Cli, made: Recorder) -> None:
    work = Work(tmp_path, cli, made, object_format="sha256", hooks=())
    work.hook("pre-receive", work.remote)
    work.repo.commit({b"a": b"1\n"})
    assert not work.push("origin", "main").refused
    _, commit = work.leak()
    assert names(work.push("origin", "main"), commit, "app/.env", 1)


# -- configuration ------------------------------------------------------------------------------


def allowing(work: Work) -> bytes:
    """A configuration that allows everything below app/."""
    return b"version: 1\nallow:\n  - paths: ['app/**']\n    reason: made up for tests\n"


def test_a_push_cannot_allow_its_own_key(served: Work) -> None:
    served.repo.commit({b".leakscan.yaml": allowing(served)})
    _, commit = served.leak()
    assert names(served.push("origin", "main"), commit, "app/.env", 1)
    served.repo.commit({b"other.env": served.keys.leak().one_line() + b" # leakscan:allow fine\n"})
    assert names(served.push("origin", "main"), commit, "app/.env", 1)


def test_a_comment_in_the_push_does_not_count(served: Work) -> None:
    leak = served.keys.leak()
    text = leak.one_line() + b" # leakscan:allow only a test\n"
    commit = served.repo.commit({b"app/.env": text})
    assert names(served.push("origin", "main"), commit, "app/.env", 1)


def test_what_the_accepted_branch_allows_passes(served: Work) -> None:
    served.repo.commit({b".leakscan.yaml": allowing(served)})
    assert not served.push("origin", "main").refused
    served.leak()
    pushed = served.push("origin", "main")
    assert not pushed.refused, pushed.said
    assert served.at("refs/heads/main") == served.repo.id("main")
    _, commit = served.leak(b"elsewhere.env")
    assert names(served.push("origin", "main"), commit, "elsewhere.env", 1)


def test_a_broken_configuration_of_the_accepted_branch_blocks(served: Work) -> None:
    (served.remote.git_dir / "hooks" / "pre-receive").rename(served.folder / "away")
    served.repo.commit({b".leakscan.yaml": b"allow: [\n"})
    served.unchecked("push", "-q", "origin", "main")
    (served.folder / "away").rename(served.remote.git_dir / "hooks" / "pre-receive")
    served.repo.commit({b"a": b"1\n"})
    pushed = served.push("origin", "main")
    assert pushed.refused
    assert ".leakscan.yaml" in pushed.words


def test_a_broken_configuration_matters_where_it_would_be_obeyed(served: Work) -> None:
    commit = served.repo.commit({b".leakscan.yaml": b"allow: [\n", b"a": b"1\n"})
    assert not served.push("origin", "main:topic").refused
    assert served.at("refs/heads/topic") == commit
    pushed = served.push("origin", "main")
    assert pushed.refused
    assert ".leakscan.yaml" in pushed.words


# -- policy -------------------------------------------------------------------------------------


def test_out_of_time_is_refused_by_default(served: Work) -> None:
    options(served, "--time-budget 0.000001")
    served.repo.commit({b"a": b"1\n"})
    pushed = served.push("origin", "main")
    assert pushed.refused
    assert "out of time" in pushed.words
    assert served.at("refs/heads/main") == served.repo.id("main~1")


def test_out_of_time_is_accepted_where_the_policy_says_so(served: Work) -> None:
    options(served, "--time-budget 0.000001 --on-timeout accept")
    commit = served.repo.commit({b"a": b"1\n"})
    pushed = served.push("origin", "main")
    assert not pushed.refused, pushed.said
    assert "not fully scanned" in pushed.words.lower()
    assert served.at("refs/heads/main") == commit


def test_enough_time_changes_nothing(served: Work) -> None:
    options(served, "--time-budget 100 --on-timeout accept")
    _, commit = served.leak()
    assert names(served.push("origin", "main"), commit, "app/.env", 1)
    served.repo.ref("refs/heads/main", "main~1")
    served.repo.commit({b"a": b"1\n"})
    pushed = served.push("origin", "main")
    assert not pushed.refused
    assert "fully" not in pushed.words


def test_accepting_what_is_late_is_not_accepting_what_is_damaged(served: Work) -> None:
    """A config that cannot be read blocks however short the time is."""
    options(served, "--time-budget 0.000001 --on-timeout accept")
    (served.remote.git_dir / "hooks" / "pre-receive").rename(served.folder / "away")
    served.repo.commit({b".leakscan.yaml": b"allow: [\n"})
    served.unchecked("push", "-q", "origin", "main")
    (served.folder / "away").rename(served.remote.git_dir / "hooks" / "pre-receive")
    served.repo.commit({b"a": b"1\n"})
    assert served.push("origin", "main").refused


def test_bypass_only_where_the_server_allows_it(served: Work) -> None:
    served.remote.git("config", "receive.advertisePushOptions", "true")
    _, commit = served.leak()
    wish = ("-o", "leakscan.bypass=the key is dead")
    pushed = served.push(*wish, "origin", "main", env={"LEAKSCAN_BYPASS": "me"})
    assert names(pushed, commit, "app/.env", 1)
    assert "leakscan.bypass" not in pushed.words
    options(served, "--allow-bypass")
    pushed = served.push("origin", "main")
    assert names(pushed, commit, "app/.env", 1)
    assert "leakscan.bypass" in pushed.words
    assert served.push("-o", "leakscan.bypass= ", "origin", "main").refused
    assert served.push("-o", "leakscan.bypass", "origin", "main").refused
    assert not served.push("-o", "ci.skip", *wish, "origin", "main").refused
    assert served.at("refs/heads/main") == commit
    (line,) = (served.remote.git_dir / "leakscan" / "bypasses.jsonl").read_text().splitlines()
    record = json.loads(line)
    assert (record["reason"], record["gate"]) == ("the key is dead", "pre-receive")


def test_the_pushers_environment_is_no_reason(served: Work) -> None:
    """Over a file path the hook inherits it; over the network nobody would have it."""
    _, commit = served.leak()
    pushed = served.push("origin", "main", env={"LEAKSCAN_BYPASS": "mine"})
    assert names(pushed, commit, "app/.env", 1)
    assert not (served.remote.git_dir / "leakscan").exists()


# -- failures and tricks ------------------------------------------------------------------------


def test_leakscan_is_missing(served: Work) -> None:
    fill_in(served, "leakscan", "/nowhere")
    served.repo.commit({b"a": b"1\n"})
    path = served.environment()["PATH"]
    folders = [one for one in path.split(":") if not (Path(one) / "leakscan").exists()]
    pushed = served.push("origin", "main", env={"PATH": ":".join(folders)})
    assert pushed.refused
    assert "leakscan was not found" in pushed.words
    assert served.at("refs/heads/main") == served.repo.id("main~1")


def test_lines_that_git_never_writes_are_refused(served: Work) -> None:
    for text in (b"x\n", b"1 2 3\n", b"%b %b\n" % (b"0" * 40, b"1" * 40)):
        done = served.leakscan("pre-receive", stdin=text, cwd=served.remote.path)
        assert done.code == 2, text


def test_a_replace_ref_in_the_push_hides_nothing(served: Work) -> None:
    _, commit = served.leak()
    made = served.repo.git(
        "commit-tree", "-m", "clean", "-p", f"{commit}~1", f"{commit}~1^{{tree}}"
    )
    served.repo.git("replace", commit, made.decode().strip())
    pushed = served.push("origin", "main", "refs/replace/*:refs/replace/*")
    assert names(pushed, commit, "app/.env", 1)
    assert not served.remote_has(commit)


def test_no_setting_of_the_server_is_run(served: Work) -> None:
    trap = traps.Trap.make(served.folder / "trap")
    own = {"hooksPath", "trace", "alternate-refs", "upload-pack"}
    for name, wanted in traps.settings(trap).items():
        if name not in own:
            traps.configure(served.remote, wanted)
    served.repo.commit({b".gitattributes": b"* diff=trap filter=trap\n", b"a": b"1\n"})
    assert not served.push("origin", "main").refused
    _, commit = served.leak()
    assert names(served.push("origin", "main"), commit, "app/.env", 1)
    assert not trap.sprung


def test_another_repository_is_served_at_the_same_time(served: Work) -> None:
    """The variables of the quarantine name one repository only."""
    other = Repo.init(served.folder / "other.git", bare=True)
    served.hook("pre-receive", other)
    served.repo.commit({b"a": b"1\n"})
    assert not served.push(other.path, "main").refused
    assert not served.push("origin", "main").refused
