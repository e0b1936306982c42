"""One test per row: a credential in each kind of content is found where it is.

Every row also checks the coverage against git's own count of distinct objects.
"""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.cli import FINDINGS, Cli, Scan
from tests.support.keys import KeyMaker, Leak
from tests.support.repo import Entry, Person, Repo, gitlink, lfs_pointer, link

Place = dict[str, Any]
Find = Callable[..., Scan]

INTRO = b"# settings of the service\n\n"
"""Two lines before a planted file, so that line 1 is never right by accident."""
PLAIN = b"nothing to see\n"


@pytest.fixture
def leak(keys: KeyMaker) -> Leak:
    return keys.leak(slash=True)


@pytest.fixture
def find(cli: Cli, repo: Repo, leak: Leak) -> Find:
    """Scan and check that the leak is found at each place, whole, with full coverage."""

    def check(*places: Place, of: Repo = repo, wanted: Leak = leak, exactly: bool = False) -> Scan:
        scan = cli.scan(of.path, "--reveal")
        covered(scan, of)
        (finding,) = scan.of(wanted.key_id)
        assert finding["secret"]["value"] == wanted.secret
        for place in places:
            assert scan.occurrences(wanted.key_id, **place), (place, finding["occurrences"])
        # What HEAD holds is repeated as present there: a state beside the events.
        told = [one for one in finding["occurrences"] if not is_state_of_head(one)]
        assert not exactly or len(told) == len(places), told
        return scan

    return check


def covered(scan: Scan, repo: Repo) -> None:
    """A leak was found, nothing was left out, and git counts the same objects."""
    assert scan.complete, scan.skipped
    assert scan.code == FINDINGS
    distinct = len(repo.objects())
    assert scan.report["coverage"]["objects"] == {"expected": distinct, "scanned": distinct}


def is_state_of_head(place: Place) -> bool:
    return bool((place["event"], place["name"]) == ("present", "HEAD"))


def in_file(commit: str, path: bytes, line: int | None, event: str = "introduced") -> Place:
    place = {"kind": "file", "event": event, "commit": commit, "path": path.decode()}
    return place if line is None else place | {"line": line}


def env(leak: Leak) -> bytes:
    return INTRO + leak.env()


def safe_leak(keys: KeyMaker) -> Leak:
    """Return a leak that may be one component of a path or of a ref."""
    while True:
        leak = keys.leak()
        if not set("/+") & set(leak.secret):
            return leak


def as_name(leak: Leak) -> str:
    return f"aws_access_key_id={leak.key_id},aws_secret_access_key={leak.secret}"


def shown(name: str, leak: Leak) -> str:
    """Return a name as a report shows it: masked, also where values are revealed."""
    return name.replace(leak.secret, "<secret-access-key>")


# -- blobs and refs ---------------------------------------------------------------------------


def test_blob_at_head(repo: Repo, leak: Leak, find: Find) -> None:
    commit = repo.commit({b"deploy/.env": env(leak)})
    repo.commit({b"README": PLAIN})
    blob = repo.blob(commit, b"deploy/.env")
    scan = find(in_file(commit, b"deploy/.env", 3) | {"blob": blob}, exactly=True)
    (finding,) = scan.of(leak.key_id)
    place = scan.occurrences(leak.key_id, event="introduced")[0]
    assert (place["author"], place["email"]) == ("Ada Test", "ada@example.com")
    assert place["date"].startswith("2020-09-13T12:27:40")
    exposure = finding["exposure"]
    assert exposure["at_head"] is True
    assert exposure["reachable"] is True
    assert exposure["refs"] == ["refs/heads/main"]
    assert (exposure["first_commit"], exposure["removed_at"]) == (commit, None)


def test_deleted_later(repo: Repo, leak: Leak, find: Find) -> None:
    first = repo.commit({b".env": env(leak), b"README": PLAIN})
    gone = repo.commit({b".env": None})
    removed = in_file(gone, b".env", None, "removed")
    scan = find(in_file(first, b".env", 3), removed, exactly=True)
    exposure = scan.of(leak.key_id)[0]["exposure"]
    assert exposure["at_head"] is False
    assert exposure["reachable"] is True
    assert exposure["introduced_at"].startswith("2020-09-13T12:27:40")
    assert exposure["removed_at"].startswith("2020-09-13T12:28:40")


def test_only_on_another_branch(repo: Repo, leak: Leak, find: Find) -> None:
    base = repo.commit({b"README": PLAIN})
    commit = repo.commit({b".env": env(leak)}, branch="topic", parents=[base])
    exposure = find(in_file(commit, b".env", 3)).of(leak.key_id)[0]["exposure"]
    assert exposure["refs"] == ["refs/heads/topic"]
    assert exposure["at_head"] is False


@pytest.mark.parametrize("name", ["refs/remotes/origin/old", "refs/pull/7/head", "refs/odd/one"])
def test_only_under_another_ref(repo: Repo, leak: Leak, find: Find, name: str) -> None:
    base = repo.commit({b"README": PLAIN})
    commit = repo.commit({b".env": env(leak)}, branch="topic", parents=[base])
    repo.ref(name, commit)
    repo.git("branch", "-D", "topic")
    exposure = find(in_file(commit, b".env", 3)).of(leak.key_id)[0]["exposure"]
    assert exposure["refs"] == [name]
    assert exposure["reachable"] is True


def test_detached_head(repo: Repo, leak: Leak, find: Find) -> None:
    base = repo.commit({b"README": PLAIN})
    commit = repo.commit({b".env": env(leak)}, branch="topic", parents=[base])
    repo.git("checkout", "-q", "--detach", commit)
    repo.git("branch", "-D", "topic")
    scan = find(in_file(commit, b".env", 3))
    assert scan.of(leak.key_id)[0]["exposure"]["at_head"] is True
    assert scan.report["target"]["head"] == commit


def test_git_note(repo: Repo, leak: Leak, find: Find) -> None:
    commit = repo.commit({b"README": PLAIN})
    note = repo.note(commit, env(leak))
    find(in_file(note, commit.encode(), None))


# -- commits and tags -------------------------------------------------------------------------


def test_commit_message(repo: Repo, leak: Leak, find: Find) -> None:
    commit = repo.commit({b"README": PLAIN}, message=b"use the new key\n\n" + leak.env())
    find({"kind": "commit", "commit": commit, "blob": commit}, exactly=True)


@pytest.mark.parametrize("role", ["author", "committer"])
@pytest.mark.parametrize("part", ["name", "email"])
def test_person_of_a_commit(repo: Repo, leak: Leak, find: Find, role: str, part: str) -> None:
    person = Person(**{part: leak.one_line()})
    commit = repo.commit({b"README": PLAIN}, **{role: person})  # type: ignore[arg-type]
    find({"kind": "commit", "commit": commit}, exactly=True)


@pytest.mark.parametrize("header", [b"gpgsig", b"encoding", b"x-deploy"])
def test_extra_header_of_a_commit(repo: Repo, leak: Leak, find: Find, header: bytes) -> None:
    plain = repo.commit({b"README": PLAIN})
    lines = leak.env().strip().replace(b"\n", b"\n ")
    commit = repo.rewrite(plain, b"\n\n", b"\n%b %b\n\n" % (header, lines))
    find({"kind": "commit", "commit": commit}, exactly=True)


def test_mergetag_header(repo: Repo, leak: Leak, find: Find) -> None:
    plain = repo.commit({b"README": PLAIN})
    tag = b"object %b\ntype commit\ntag v1\ntagger A <a@b> 1 +0000\n\n" % plain.encode()
    lines = (tag + leak.env()).strip().replace(b"\n", b"\n ")
    commit = repo.rewrite(plain, b"\n\n", b"\nmergetag %b\n\n" % lines)
    find({"kind": "commit", "commit": commit}, exactly=True)


def test_annotated_tag_message(repo: Repo, leak: Leak, find: Find) -> None:
    repo.commit({b"README": PLAIN})
    tag = repo.tag("v1", message=b"release\n\n" + leak.env())
    scan = find({"kind": "tag", "blob": tag}, exactly=True)
    assert "refs/tags/v1" in scan.of(leak.key_id)[0]["exposure"]["refs"]


def test_tag_on_a_blob(repo: Repo, leak: Leak, find: Find) -> None:
    repo.commit({b"README": PLAIN})
    blob = repo.write_object("blob", env(leak))
    repo.tag("key", blob, message=b"the key\n")
    named = {"kind": "file", "event": "present", "name": "refs/tags/key", "path": None}
    scan = find(named | {"blob": blob, "commit": None, "line": 3}, exactly=True)
    assert scan.of(leak.key_id)[0]["exposure"]["reachable"] is True


def test_tag_on_a_tree(repo: Repo, leak: Leak, find: Find) -> None:
    repo.commit({b"README": PLAIN})
    blob = repo.write_object("blob", env(leak))
    tree = repo.git("mktree", stdin=b"100644 blob %b\t.env\n" % blob.encode()).decode().strip()
    repo.tag("key", tree, message=b"the tree\n")
    named = {"kind": "file", "event": "present", "name": "refs/tags/key", "path": ".env"}
    scan = find(named | {"blob": blob, "commit": None, "line": 3}, exactly=True)
    assert scan.of(leak.key_id)[0]["exposure"]["reachable"] is True


def test_tag_of_a_tag(repo: Repo, leak: Leak, find: Find) -> None:
    repo.commit({b"README": PLAIN})
    inner = repo.tag("inner", message=leak.env())
    repo.tag("outer", "inner", message=b"a tag of a tag\n")
    repo.git("tag", "-d", "inner")
    scan = find({"kind": "tag", "blob": inner}, exactly=True)
    exposure = scan.of(leak.key_id)[0]["exposure"]
    assert exposure["refs"] == ["refs/tags/outer"]


# -- names ------------------------------------------------------------------------------------


def test_name_of_a_file(repo: Repo, keys: KeyMaker, find: Find) -> None:
    leak = safe_leak(keys)
    path = f"notes/{as_name(leak)}.txt"
    commit = repo.commit({path.encode(): PLAIN})
    find({"kind": "path", "commit": commit, "path": shown(path, leak)}, wanted=leak)


def test_name_of_a_directory(repo: Repo, keys: KeyMaker, find: Find) -> None:
    leak = safe_leak(keys)
    commit = repo.commit({f"old/{as_name(leak)}/a.txt".encode(): PLAIN})
    find({"kind": "path", "commit": commit}, wanted=leak)


def test_name_that_went_away(repo: Repo, keys: KeyMaker, find: Find) -> None:
    leak = safe_leak(keys)
    path = f"{as_name(leak)}.txt".encode()
    commit = repo.commit({path: PLAIN, b"README": PLAIN})
    gone = repo.commit({path: None})
    place = {"kind": "path", "path": shown(path.decode(), leak)}
    scan = find(
        place | {"commit": commit, "event": "introduced"},
        place | {"commit": gone, "event": "removed"},
        wanted=leak,
    )
    assert scan.of(leak.key_id)[0]["exposure"]["at_head"] is False


def test_name_of_a_ref(repo: Repo, keys: KeyMaker, find: Find) -> None:
    leak = safe_leak(keys)
    commit = repo.commit({b"README": PLAIN})
    repo.ref(f"refs/heads/{as_name(leak)}", commit)
    find({"kind": "ref", "name": shown(f"refs/heads/{as_name(leak)}", leak)}, wanted=leak)


def test_target_of_a_symlink(repo: Repo, leak: Leak, find: Find) -> None:
    commit = repo.commit({b"current": link(leak.one_line())})
    place = {"kind": "symlink", "event": "introduced", "commit": commit}
    find(place | {"path": "current", "line": 1}, exactly=True)


# -- what only this clone has -----------------------------------------------------------------


def test_index_only(repo: Repo, leak: Leak, find: Find) -> None:
    repo.commit({b"README": PLAIN})
    repo.checkout()
    repo.write(b"conf/.env", env(leak))
    place = {"kind": "index", "path": "conf/.env", "commit": None, "line": 3}
    exposure = find(place, exactly=True).of(leak.key_id)[0]["exposure"]
    assert (exposure["at_head"], exposure["reachable"]) == (False, False)


def test_index_before_the_first_commit(repo: Repo, leak: Leak, find: Find) -> None:
    repo.write(b".env", env(leak))
    find({"kind": "index", "path": ".env", "line": 3}, exactly=True)


def test_name_in_the_index_only(repo: Repo, keys: KeyMaker, find: Find) -> None:
    leak = safe_leak(keys)
    repo.commit({b"README": PLAIN})
    repo.checkout()
    repo.write(as_name(leak).encode(), PLAIN)
    find({"kind": "index", "path": shown(as_name(leak), leak)}, wanted=leak)


def test_index_of_a_worktree(repo: Repo, leak: Leak, find: Find, tmp_path: Path) -> None:
    repo.commit({b"README": PLAIN})
    repo.worktree(tmp_path / "linked", "topic").write(b".env", env(leak))
    find({"kind": "index", "path": ".env", "line": 3}, exactly=True)


def stashed(repo: Repo, leak: Leak) -> str:
    repo.commit({b"README": PLAIN})
    repo.checkout()
    repo.write(b".env", env(leak))
    return repo.stash()


def test_stash(repo: Repo, leak: Leak, find: Find) -> None:
    """What was staged came in with the index commit of the stash; the stash only keeps it."""
    index = repo.id(f"{stashed(repo, leak)}^2")
    exposure = find(in_file(index, b".env", 3), exactly=True).of(leak.key_id)[0]["exposure"]
    assert exposure["leftovers"] == ["stash@{0}"]


def test_older_stash(repo: Repo, leak: Leak, find: Find) -> None:
    index = repo.id(f"{stashed(repo, leak)}^2")
    repo.write(b"other", PLAIN)
    repo.stash()
    exposure = find(in_file(index, b".env", 3), exactly=True).of(leak.key_id)[0]["exposure"]
    assert exposure["leftovers"] == ["stash@{1}"]


def test_unstaged_part_of_a_stash(repo: Repo, leak: Leak, find: Find) -> None:
    repo.commit({b".env": PLAIN})
    repo.checkout()
    repo.write(b".env", env(leak), add=False)
    commit = repo.stash()
    exposure = find(in_file(commit, b".env", 3), exactly=True).of(leak.key_id)[0]["exposure"]
    assert exposure["leftovers"] == ["stash@{0}"]
    assert exposure["reachable"] is False


def test_untracked_part_of_a_stash(repo: Repo, leak: Leak, find: Find) -> None:
    repo.commit({b"README": PLAIN})
    repo.checkout()
    repo.write(b".env", env(leak), add=False)
    commit = repo.stash("--include-untracked")
    find(in_file(repo.id(f"{commit}^3"), b".env", 3))


def test_amended_commit(repo: Repo, leak: Leak, find: Find) -> None:
    repo.write(b".env", env(leak))
    commit = repo.commit_staged()
    repo.git("rm", "-q", "--cached", ".env")
    repo.commit_staged("--amend")
    exposure = find(in_file(commit, b".env", 3), exactly=True).of(leak.key_id)[0]["exposure"]
    assert exposure["reachable"] is False
    assert exposure["leftovers"]


def test_reset_commit(repo: Repo, leak: Leak, find: Find) -> None:
    base = repo.commit({b"README": PLAIN})
    repo.checkout()
    repo.write(b".env", env(leak))
    commit = repo.commit_staged()
    repo.checkout(base)
    exposure = find(in_file(commit, b".env", 3), exactly=True).of(leak.key_id)[0]["exposure"]
    assert (exposure["at_head"], exposure["reachable"]) == (False, False)
    assert exposure["leftovers"]


def test_dangling_blob(repo: Repo, leak: Leak, find: Find) -> None:
    repo.commit({b"README": PLAIN})
    blob = repo.write_object("blob", env(leak))
    place = {"kind": "dangling", "blob": blob, "commit": None, "line": 3}
    exposure = find(place, exactly=True).of(leak.key_id)[0]["exposure"]
    assert (exposure["at_head"], exposure["reachable"]) == (False, False)


def test_dangling_commit(repo: Repo, leak: Leak, find: Find) -> None:
    base = repo.commit({b"README": PLAIN})
    commit = repo.commit({b".env": env(leak)}, branch="topic", parents=[base])
    repo.git("branch", "-D", "topic")
    repo.forget_reflogs()
    exposure = find(in_file(commit, b".env", 3), exactly=True).of(leak.key_id)[0]["exposure"]
    assert exposure["reachable"] is False


def test_empty_repository_with_a_dangling_blob(repo: Repo, leak: Leak, find: Find) -> None:
    find({"kind": "dangling", "blob": repo.write_object("blob", env(leak))}, exactly=True)


def test_message_of_a_reflog(repo: Repo, leak: Leak, find: Find) -> None:
    commit = repo.commit({b"README": PLAIN})
    repo.git("update-ref", "--create-reflog", "-m", leak.one_line(), "refs/heads/topic", commit)
    find({"kind": "git-file", "name": "logs/refs/heads/topic"}, exactly=True)


def test_remote_url_in_the_config(repo: Repo, leak: Leak, find: Find) -> None:
    repo.commit({b"README": PLAIN})
    secret = quote(leak.secret, safe="")
    repo.git("config", "remote.origin.url", f"s3://{leak.key_id}:{secret}@bucket/repo")
    find({"kind": "git-file", "name": "config"}, exactly=True)


# -- stores -----------------------------------------------------------------------------------


def test_packed(repo: Repo, leak: Leak, find: Find) -> None:
    commit = repo.commit({b".env": env(leak)})
    repo.repack()
    find(in_file(commit, b".env", 3), exactly=True)


def test_packed_as_a_delta(repo: Repo, leak: Leak, find: Find) -> None:
    text = "".join(f"line {n} {hashlib.sha256(bytes([n])).hexdigest()}\n" for n in range(200))
    repo.commit({b"big.txt": text.encode()})
    commit = repo.commit({b"big.txt": text.encode() + leak.env()})
    repo.commit({b"big.txt": text.encode() + b"the end\n"})
    repo.git("repack", "-adfq", "--depth=50", "--window=50")
    repo.git("prune-packed")
    deltas = repo.git("verify-pack", "-v", repo.packs()[0])
    assert b"chain length = 1" in deltas
    find(in_file(commit, b"big.txt", 201))


def test_packed_and_loose(repo: Repo, leak: Leak, find: Find) -> None:
    commit = repo.commit({b".env": env(leak)})
    repo.git("repack", "-q", "-a")
    assert repo.loose(commit).exists()
    find(in_file(commit, b".env", 3), exactly=True)


def test_several_packs(repo: Repo, keys: KeyMaker, find: Find) -> None:
    leaks = keys.leaks(3)
    commits = []
    for number, one in enumerate(leaks):
        commits.append(repo.commit({b"%d.env" % number: env(one)}))
        repo.git("repack", "-q", "-d")
    assert len(repo.packs()) == 3
    repo.git("multi-pack-index", "write")
    for number, one in enumerate(leaks):
        find(in_file(commits[number], b"%d.env" % number, 3), wanted=one, exactly=True)


def test_same_object_in_two_packs(repo: Repo, leak: Leak, find: Find) -> None:
    commit = repo.commit({b".env": env(leak)})
    pack = repo.repack()
    kept = pack.with_suffix(".keep")
    kept.write_bytes(b"")
    repo.commit({b"README": PLAIN})
    repo.git("repack", "-q", "-a", "-d", "--pack-kept-objects")
    assert len(repo.packs()) == 2
    find(in_file(commit, b".env", 3), exactly=True)


def test_old_index_version(repo: Repo, leak: Leak, find: Find) -> None:
    commit = repo.commit({b".env": env(leak)})
    pack = repo.repack()
    pack.with_suffix(".idx").unlink()
    repo.git("index-pack", "--index-version=1", pack)
    find(in_file(commit, b".env", 3), exactly=True)


def test_alternates(repo: Repo, leak: Leak, find: Find, tmp_path: Path) -> None:
    commit = repo.commit({b".env": env(leak)})
    shared = repo.clone(tmp_path / "shared", "--shared")
    scan = find(in_file(commit, b".env", 3), of=shared, exactly=True)
    assert len(scan.report["target"]["alternates"]) == 1


def test_alternates_of_alternates(repo: Repo, leak: Leak, find: Find, tmp_path: Path) -> None:
    commit = repo.commit({b".env": env(leak)})
    first = repo.clone(tmp_path / "first", "--shared")
    second = first.clone(tmp_path / "second", "--shared")
    scan = find(in_file(commit, b".env", 3), of=second, exactly=True)
    assert len(scan.report["target"]["alternates"]) == 2


def test_relative_alternates(repo: Repo, leak: Leak, find: Find, tmp_path: Path) -> None:
    commit = repo.commit({b".env": env(leak)})
    other = Repo.init(tmp_path / "other")
    (other.git_dir / "objects/info/alternates").write_text("../../../repo/.git/objects\n")
    other.ref("refs/heads/main", commit)
    find(in_file(commit, b".env", 3), of=other, exactly=True)


def test_promisor_pack(repo: Repo, leak: Leak, find: Find, tmp_path: Path) -> None:
    commit = repo.commit({b".env": env(leak)})
    partial = repo.clone(tmp_path / "partial", "--filter=blob:none")
    assert list(partial.git_dir.rglob("*.promisor"))
    scan = find(in_file(commit, b".env", 3), of=partial)
    assert scan.report["target"]["partial"] is True


def test_mirror_clone(repo: Repo, leak: Leak, find: Find, tmp_path: Path) -> None:
    commit = repo.commit({b".env": env(leak)})
    repo.ref("refs/pull/3/head", commit)
    repo.git("symbolic-ref", "HEAD", "refs/heads/other")
    repo.git("branch", "-D", "main")
    mirror = repo.clone(tmp_path / "mirror.git", "--mirror", bare=True)
    scan = find(in_file(commit, b".env", 3), of=mirror, exactly=True)
    assert scan.of(leak.key_id)[0]["exposure"]["refs"] == ["refs/pull/3/head"]


def test_inside_a_linked_worktree(repo: Repo, leak: Leak, find: Find, tmp_path: Path) -> None:
    commit = repo.commit({b".env": env(leak)})
    linked = repo.worktree(tmp_path / "linked", "topic")
    find(in_file(commit, b".env", 3), of=linked, exactly=True)


def test_below_the_top_of_a_work_tree(repo: Repo, leak: Leak, cli: Cli) -> None:
    commit = repo.commit({b"a/b/.env": env(leak)})
    repo.checkout()
    scan = cli.scan(Path(), cwd=repo.path / "a" / "b")
    covered(scan, repo)
    assert scan.occurrences(leak.key_id, **in_file(commit, b"a/b/.env", 3))


def test_bare(leak: Leak, find: Find, tmp_path: Path) -> None:
    bare = Repo.init(tmp_path / "bare.git", bare=True)
    find(in_file(bare.commit({b".env": env(leak)}), b".env", 3), of=bare, exactly=True)


def test_bare_without_a_config(leak: Leak, find: Find, tmp_path: Path) -> None:
    bare = Repo.init(tmp_path / "bare.git", bare=True)
    commit = bare.commit({b".env": env(leak)})
    (bare.git_dir / "config").unlink()
    find(in_file(commit, b".env", 3), of=bare, exactly=True)


def test_git_file(repo: Repo, leak: Leak, find: Find, tmp_path: Path) -> None:
    commit = repo.commit({b".env": env(leak)})
    away = tmp_path / "away"
    shutil.move(repo.git_dir, away)
    (repo.path / ".git").write_text("gitdir: ../away\n")
    find(in_file(commit, b".env", 3), of=Repo(repo.path, away), exactly=True)


def test_sha256(leak: Leak, find: Find, tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "long", object_format="sha256")
    base = repo.commit({b"README": PLAIN})
    commit = repo.commit({b".env": env(leak)})
    assert len(commit) == 64
    gone = repo.commit({b".env": None})
    repo.git("repack", "-q", "-a", "-d")
    repo.tag("start", base, message=b"start\n")
    removed = in_file(gone, b".env", None, "removed")
    scan = find(in_file(commit, b".env", 3), removed, of=repo, exactly=True)
    assert scan.report["target"]["object_format"] == "sha256"


def test_shallow_boundary(repo: Repo, leak: Leak, find: Find, tmp_path: Path) -> None:
    repo.commit({b".env": env(leak)})
    tip = repo.commit({b"README": PLAIN})
    shallow = repo.clone(tmp_path / "shallow", "--depth=1")
    place = in_file(tip, b".env", 3) | {"at_boundary": True}
    scan = find(place, of=shallow, exactly=True)
    assert scan.report["target"]["shallow"] is True


def test_inside_a_shallow_history(repo: Repo, leak: Leak, find: Find, tmp_path: Path) -> None:
    repo.commit({b"README": PLAIN})
    repo.commit({b"README": b"2\n"})
    tip = repo.commit({b".env": env(leak)})
    shallow = repo.clone(tmp_path / "shallow", "--depth=2")
    find(in_file(tip, b".env", 3) | {"at_boundary": False}, of=shallow, exactly=True)


def test_not_in_this_store(repo: Repo, leak: Leak, find: Find) -> None:
    digest = hashlib.sha256(b"model").hexdigest()
    files: dict[bytes, bytes | Entry | None] = {
        b"vendor/lib": gitlink("1234567890" * 4),
        b"model.bin": lfs_pointer(digest, 5),
        b".env": env(leak),
    }
    commit = repo.commit(files)
    scan = find(in_file(commit, b".env", 3), exactly=True)
    elsewhere = scan.report["coverage"]["not_in_store"]
    assert "vendor/lib" in str(elsewhere["submodules"])
    assert digest in str(elsewhere["lfs"])


# -- events -----------------------------------------------------------------------------------


def test_evil_merge(repo: Repo, leak: Leak, find: Find) -> None:
    base = repo.commit({b"a": PLAIN})
    side = repo.commit({b"b": PLAIN}, branch="side", parents=[base])
    main = repo.commit({b"c": PLAIN})
    merge = repo.commit({b"b": PLAIN, b"a": env(leak)}, parents=[main, side])
    find(in_file(merge, b"a", 3), exactly=True)


def test_octopus(repo: Repo, leak: Leak, find: Find) -> None:
    base = repo.commit({b"a": PLAIN})
    sides = [repo.commit({b"%d" % n: PLAIN}, branch=f"side{n}", parents=[base]) for n in range(3)]
    carrier = repo.commit({b"x": env(leak)}, branch="side2")
    files = {b"0": PLAIN, b"1": PLAIN, b"2": PLAIN, b"x": env(leak)}
    merge = repo.commit(files | {b"y": env(leak)}, parents=[base, *sides[:2], carrier])
    find(in_file(carrier, b"x", 3), in_file(merge, b"y", 3), exactly=True)


def test_merge_that_removes(repo: Repo, leak: Leak, find: Find) -> None:
    base = repo.commit({b"a": env(leak)})
    side = repo.commit({b"b": PLAIN}, branch="side", parents=[base])
    main = repo.commit({b"c": PLAIN})
    merge = repo.commit({b"b": PLAIN, b"a": PLAIN}, parents=[main, side])
    find(in_file(base, b"a", 3), in_file(merge, b"a", None, "removed"), exactly=True)


def test_merge_that_takes_one_side(repo: Repo, leak: Leak, find: Find) -> None:
    base = repo.commit({b"a": PLAIN})
    side = repo.commit({b"a": env(leak)}, branch="side", parents=[base])
    main = repo.commit({b"a": b"ours\n"})
    repo.commit({b"a": b"ours\n"}, parents=[main, side])
    scan = find(in_file(side, b"a", 3), exactly=True)
    exposure = scan.of(leak.key_id)[0]["exposure"]
    assert exposure["at_head"] is False
    assert sorted(exposure["refs"]) == ["refs/heads/main", "refs/heads/side"]
    assert exposure["tips"] == ["refs/heads/side"]


def test_conflict_resolved_with_the_leak_of_one_side(repo: Repo, leak: Leak, find: Find) -> None:
    base = repo.commit({b"a": PLAIN})
    side = repo.commit({b"a": env(leak)}, branch="side", parents=[base])
    main = repo.commit({b"a": b"ours\n"})
    repo.commit({b"a": b"ours\n" + env(leak)}, parents=[main, side])
    find(in_file(side, b"a", 3), exactly=True)


def test_rename_with_edit(repo: Repo, leak: Leak, find: Find) -> None:
    first = repo.commit({b"old.env": env(leak)})
    moved = repo.commit({b"old.env": None, b"new.env": b"# moved\n" + env(leak)})
    place = in_file(moved, b"new.env", 4, "moved") | {"from_path": "old.env"}
    find(in_file(first, b"old.env", 3), place, exactly=True)


def test_copy(repo: Repo, leak: Leak, find: Find) -> None:
    first = repo.commit({b"old.env": env(leak)})
    copied = repo.commit({b"new.env": env(leak)})
    find(in_file(first, b"old.env", 3), in_file(copied, b"new.env", 3), exactly=True)


def test_edit_beside_the_leak(repo: Repo, leak: Leak, find: Find) -> None:
    first = repo.commit({b".env": env(leak)})
    repo.commit({b".env": b"# more\n" + env(leak)})
    find(in_file(first, b".env", 3), exactly=True)


def test_rename_and_mode_of_a_directory(repo: Repo, leak: Leak, find: Find) -> None:
    first = repo.commit({b"a/x.env": env(leak), b"a/y": PLAIN})
    executable = Entry(b"100755", env(leak))
    moved = repo.commit({b"a": None, b"b/x.env": executable, b"b/y": PLAIN})
    place = in_file(moved, b"b/x.env", 3, "moved") | {"from_path": "a/x.env"}
    find(in_file(first, b"a/x.env", 3), place, exactly=True)


def test_revert_and_reintroduction(repo: Repo, leak: Leak, find: Find) -> None:
    one = repo.commit({b".env": env(leak), b"README": PLAIN})
    two = repo.commit({b".env": PLAIN})
    three = repo.commit({b".env": env(leak)})
    removed = in_file(two, b".env", None, "removed")
    scan = find(in_file(one, b".env", 3), removed, in_file(three, b".env", 3), exactly=True)
    exposure = scan.of(leak.key_id)[0]["exposure"]
    assert exposure["first_commit"] == one
    assert (exposure["at_head"], exposure["removed_at"]) == (True, None)


def test_cherry_pick(repo: Repo, leak: Leak, find: Find) -> None:
    base = repo.commit({b"a": PLAIN})
    picked = repo.commit({b".env": env(leak)}, branch="side", parents=[base])
    main = repo.commit({b"a": b"2\n", b".env": env(leak)})
    find(in_file(picked, b".env", 3), in_file(main, b".env", 3), exactly=True)


def test_type_change_to_a_file(repo: Repo, leak: Leak, find: Find) -> None:
    repo.commit({b"conf": link(b"elsewhere")})
    commit = repo.commit({b"conf": env(leak)})
    find(in_file(commit, b"conf", 3), exactly=True)


def test_type_change_with_the_same_bytes(repo: Repo, leak: Leak, find: Find) -> None:
    commit = repo.commit({b"conf": link(leak.one_line())})
    repo.commit({b"conf": leak.one_line()})
    place = {"event": "introduced", "commit": commit, "path": "conf", "kind": "symlink"}
    find(place, exactly=True)


def test_file_becomes_a_directory(repo: Repo, leak: Leak, find: Find) -> None:
    first = repo.commit({b"conf": env(leak)})
    moved = repo.commit({b"conf": None, b"conf/.env": env(leak)})
    place = in_file(moved, b"conf/.env", 3, "moved") | {"from_path": "conf"}
    find(in_file(first, b"conf", 3), place, exactly=True)


def test_wrong_clocks(repo: Repo, leak: Leak, find: Find) -> None:
    one = repo.commit({b".env": env(leak)}, when=4_000_000_000)
    two = repo.commit({b".env": PLAIN}, when=0)
    three = repo.commit({b".env": env(leak)}, when=99_999_999_999)
    removed = in_file(two, b".env", None, "removed")
    scan = find(in_file(one, b".env", 3), removed, in_file(three, b".env", 3), exactly=True)
    assert scan.of(leak.key_id)[0]["exposure"]["at_head"] is True


@pytest.mark.parametrize("time", [b"-5 +0000", b"9" * 30 + b" +0000", b"17 +9999", b"soon"])
def test_clock_that_is_no_time(repo: Repo, leak: Leak, find: Find, time: bytes) -> None:
    plain = repo.commit({b".env": env(leak)}, when=1_500_000_000)
    commit = repo.rewrite(plain, b"1500000000 +0000", time)
    find(in_file(commit, b".env", 3))


def test_empty_commits(repo: Repo, leak: Leak, find: Find) -> None:
    repo.commit({})
    commit = repo.commit({b".env": env(leak)})
    repo.commit({}, message=b"")
    find(in_file(commit, b".env", 3), exactly=True)


def test_wide_tree(repo: Repo, leak: Leak, find: Find) -> None:
    files: dict[bytes, bytes | Entry | None] = {b"%04d" % n: PLAIN for n in range(1000)}
    repo.commit(files)
    commit = repo.commit({b"0500": env(leak)})
    find(in_file(commit, b"0500", 3), exactly=True)


def test_deep_directory(repo: Repo, leak: Leak, find: Find) -> None:
    path = b"d/" * 300 + b".env"
    find(in_file(repo.commit({path: env(leak)}), path, 3), exactly=True)


# -- bytes ------------------------------------------------------------------------------------


def test_minus_diff_attribute(repo: Repo, leak: Leak, find: Find) -> None:
    repo.commit({b".gitattributes": b"* -diff -text binary\n", b"x.env": PLAIN})
    find(in_file(repo.commit({b"x.env": env(leak)}), b"x.env", 3), exactly=True)


@pytest.mark.parametrize("bom", [True, False], ids=["bom", "plain"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16(repo: Repo, leak: Leak, find: Find, encoding: str, bom: bool) -> None:
    text = ("\ufeff" if bom else "") + env(leak).decode()
    commit = repo.commit({b".env": text.encode(encoding)})
    find(in_file(commit, b".env", 3) | {"encoding": encoding}, exactly=True)


def test_latin_1(repo: Repo, leak: Leak, find: Find) -> None:
    commit = repo.commit({b".env": "# Schlüssel für Zürich\n".encode("latin-1") + leak.env()})
    find(in_file(commit, b".env", 2), exactly=True)


def test_nul_bytes(repo: Repo, leak: Leak, find: Find) -> None:
    commit = repo.commit({b"a.bin": b"\x7fELF\0\0\n\0\xff\xfe" + leak.env() + b"\0\0\0"})
    find(in_file(commit, b"a.bin", 2), exactly=True)


def test_escaped_slash_in_json(repo: Repo, leak: Leak, find: Find) -> None:
    assert rb"\/" in leak.json()
    find(in_file(repo.commit({b"a.json": leak.json()}), b"a.json", 2), exactly=True)


@pytest.mark.parametrize(
    "form",
    ["https://example.com/up?aws_access_key_id={}&aws_secret_access_key={}", "s3n://{}:{}@b/c"],
)
def test_percent_encoded_in_a_url(repo: Repo, leak: Leak, find: Find, form: str) -> None:
    url = form.format(leak.key_id, quote(leak.secret, safe=""))
    commit = repo.commit({b"jobs.sh": f"#!/bin/sh\nfetch '{url}'\n".encode()})
    find(in_file(commit, b"jobs.sh", 2), exactly=True)


def test_crlf(repo: Repo, leak: Leak, find: Find) -> None:
    data = env(leak).replace(b"\n", b"\r\n")
    find(in_file(repo.commit({b".env": data}), b".env", 3), exactly=True)


def test_no_final_newline(repo: Repo, leak: Leak, find: Find) -> None:
    find(in_file(repo.commit({b".env": env(leak).rstrip()}), b".env", 3), exactly=True)


def test_temporary_credential_with_its_token(repo: Repo, keys: KeyMaker, find: Find) -> None:
    leak = keys.leak(token=True)
    commit = repo.commit({b".env": env(leak)})
    scan = find(in_file(commit, b".env", 3), wanted=leak, exactly=True)
    assert scan.of(leak.key_id)[0]["session_token"]["value"] == leak.token


def test_path_that_is_not_utf_8(repo: Repo, leak: Leak, find: Find) -> None:
    commit = repo.commit({b"caf\xe9/\xff.env": env(leak)})
    find(in_file(commit, rb"caf\xe9/\xff.env", 3), exactly=True)


def test_the_same_leak_in_many_places_is_one_finding(repo: Repo, leak: Leak, find: Find) -> None:
    first = repo.commit({b"a.env": env(leak), b"b.json": leak.json()})
    second = repo.commit({b"c.env": b"\n" + env(leak)}, message=b"again\n\n" + leak.env())
    places = [in_file(first, b"a.env", 3), in_file(first, b"b.json", 2)]
    message = {"kind": "commit", "commit": second}
    scan = find(*places, in_file(second, b"c.env", 4), message, exactly=True)
    assert len(scan.findings) == 1


def test_two_profiles_stay_two_pairs(repo: Repo, keys: KeyMaker, find: Find) -> None:
    one, two = keys.leaks(2)
    profiles = "".join(
        f"[{name}]\naws_access_key_id = {leak.key_id}\naws_secret_access_key = {leak.secret}\n\n"
        for name, leak in (("default", one), ("prod", two))
    )
    commit = repo.commit({b"credentials": profiles.encode()})
    find(in_file(commit, b"credentials", 2), wanted=one, exactly=True)
    scan = find(in_file(commit, b"credentials", 6), wanted=two, exactly=True)
    assert len(scan.findings) == 2


def test_huge_line_before_the_leak(repo: Repo, leak: Leak, find: Find) -> None:
    noise = b"x" * 3_000_000
    commit = repo.commit({b"bundle.js": noise + b"\n" + leak.env()})
    find(in_file(commit, b"bundle.js", 2), exactly=True)
