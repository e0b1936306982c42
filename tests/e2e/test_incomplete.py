"""What cannot be read is listed and changes the exit code; all else is still scanned."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cli import DROP_ROOT, FINDINGS, INCOMPLETE, Cli, Scan
from tests.support.damage import HARM, empty, entry_offset, flip, noise, remove, rewrite, truncate
from tests.support.keys import KeyMaker, Leak
from tests.support.repo import Repo

PLAIN = b"nothing to see\n"
KINDS = ("blob", "tree", "commit", "tag")
REASONS = {
    "missing",
    "promised, not fetched",
    "damaged",
    "unreadable",
    "history could not be followed",
    "format not supported",
}


@pytest.fixture
def leak(keys: KeyMaker) -> Leak:
    return keys.leak()


def victims(repo: Repo) -> dict[str, str]:
    """Add one object of each kind that nothing else needs, and return their ids."""
    base = repo.commit({b"README": PLAIN})
    commit = repo.commit({b"sub/victim": noise(400)}, branch="side", parents=[base])
    tree = repo.id(f"{commit}:sub")
    tag = repo.tag("victim", base, message=b"a tag\n")
    return {"blob": repo.blob(commit, b"sub/victim"), "tree": tree, "commit": commit, "tag": tag}


def incomplete(scan: Scan, leak: Leak | None = None) -> None:
    """The scan says that it is incomplete, why, and still what it found."""
    assert scan.complete is False
    assert scan.skipped
    assert {one["reason"] for one in scan.skipped} <= REASONS
    assert scan.code == (FINDINGS if leak else INCOMPLETE)
    if leak:
        assert scan.of(leak.key_id)


def skipped(scan: Scan, object_id: str) -> str:
    """Return the reason why an object was skipped; it is listed once."""
    (reason,) = [one["reason"] for one in scan.skipped if one["object"] == object_id]
    return str(reason)


# -- loose objects ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("harm", HARM)
def test_damaged_loose_object(repo: Repo, cli: Cli, leak: Leak, kind: str, harm: str) -> None:
    victim = victims(repo)[kind]
    commit = repo.commit({b".env": leak.env()})
    HARM[harm](repo.loose(victim))
    scan = cli.scan(repo.path)
    incomplete(scan, leak)
    assert skipped(scan, victim) == "damaged"
    place = {"commit": commit, "path": ".env", "line": 1, "event": "introduced"}
    assert scan.occurrences(leak.key_id, **place)
    objects = scan.report["coverage"]["objects"]
    assert objects["scanned"] == objects["expected"] - 1


@pytest.mark.parametrize("kind", KINDS)
def test_damage_without_a_leak_is_not_clean(repo: Repo, cli: Cli, kind: str) -> None:
    flip(repo.loose(victims(repo)[kind]))
    incomplete(cli.scan(repo.path))


@pytest.mark.parametrize("kind", KINDS)
def test_missing_object(repo: Repo, cli: Cli, leak: Leak, kind: str) -> None:
    victim = victims(repo)[kind]
    repo.commit({b".env": leak.env()})
    remove(repo.loose(victim))
    scan = cli.scan(repo.path)
    incomplete(scan, leak)
    assert skipped(scan, victim) == "missing"


def test_missing_parent(repo: Repo, cli: Cli, leak: Leak) -> None:
    repo.commit({b"README": PLAIN})
    victim = repo.commit({b"README": b"2\n"})
    commit = repo.commit({b".env": leak.env()})
    remove(repo.loose(victim))
    scan = cli.scan(repo.path)
    incomplete(scan, leak)
    assert skipped(scan, victim) == "missing"
    assert scan.occurrences(leak.key_id, commit=commit, path=".env", at_boundary=True)


def test_leak_below_a_damaged_tree(repo: Repo, cli: Cli, leak: Leak) -> None:
    commit = repo.commit({b"sub/.env": leak.env()})
    flip(repo.loose(repo.id(f"{commit}:sub")))
    scan = cli.scan(repo.path)
    incomplete(scan, leak)
    assert scan.occurrences(leak.key_id, blob=repo.blob_id(leak.env()))


def test_leak_in_a_damaged_commit(repo: Repo, cli: Cli, leak: Leak) -> None:
    commit = repo.commit({b".env": leak.env()})
    flip(repo.loose(commit))
    incomplete(cli.scan(repo.path), leak)


def test_every_object_damaged(repo: Repo, cli: Cli, leak: Leak) -> None:
    repo.commit({b".env": leak.env()})
    for object_id in repo.objects():
        empty(repo.loose(object_id))
    incomplete(cli.scan(repo.path))


def test_many_damaged_objects(repo: Repo, cli: Cli, leak: Leak) -> None:
    names = [b"%02d" % n for n in range(40)]
    commit = repo.commit({name: noise(300, int(name)) for name in names})
    repo.commit({b".env": leak.env()})
    bad = {repo.blob(commit, name) for name in names[::2]}
    for object_id in bad:
        flip(repo.loose(object_id))
    scan = cli.scan(repo.path)
    incomplete(scan, leak)
    assert {one["object"] for one in scan.skipped} == bad


def test_good_copy_of_a_damaged_object(repo: Repo, cli: Cli, leak: Leak) -> None:
    commit = repo.commit({b".env": leak.env(), b"a": noise(400)})
    repo.git("repack", "-q", "-a")
    flip(repo.loose(repo.blob(commit, b"a")))
    scan = cli.scan(repo.path)
    assert scan.complete, scan.skipped
    assert scan.code == FINDINGS


@pytest.mark.parametrize("kind", ["blob", "tree", "commit", "tag"])
def test_object_of_nonsense(repo: Repo, cli: Cli, leak: Leak, kind: str) -> None:
    """A whole object of a known kind whose bytes are none: scanned, and nothing breaks."""
    repo.commit({b".env": leak.env()})
    victim = repo.write_object(kind, b"\0\xff nonsense \n\n tree 1\nparent \xff\n" + b"\0" * 30)
    assert victim in repo.objects()
    scan = cli.scan(repo.path)
    assert scan.of(leak.key_id)
    assert scan.code == FINDINGS


# -- packs ----------------------------------------------------------------------------------------


def packed(repo: Repo, leak: Leak | None) -> tuple[Path, str]:
    """Pack five blobs with a leak among them; return the pack and the id of one blob."""
    files = {b"%d" % n: noise(3000, n) for n in range(5)}
    if leak:
        repo.commit({b".env": leak.env()}, branch="leak", parents=[])
    commit = repo.commit(files)
    return repo.repack(), repo.blob(commit, b"3")


def test_flipped_byte_in_a_pack(repo: Repo, cli: Cli, leak: Leak) -> None:
    pack, victim = packed(repo, leak)
    offset, size_bytes = entry_offset(repo, pack, victim)
    flip(pack, offset + size_bytes // 2)
    scan = cli.scan(repo.path)
    incomplete(scan, leak)
    assert skipped(scan, victim) == "damaged"


def test_flipped_byte_in_a_pack_without_a_leak(repo: Repo, cli: Cli) -> None:
    pack, victim = packed(repo, None)
    offset, size_bytes = entry_offset(repo, pack, victim)
    flip(pack, offset + size_bytes // 2)
    incomplete(cli.scan(repo.path))


def test_flipped_header_in_a_pack(repo: Repo, cli: Cli, leak: Leak) -> None:
    pack, victim = packed(repo, leak)
    flip(pack, entry_offset(repo, pack, victim)[0])
    incomplete(cli.scan(repo.path), leak)


def test_damaged_base_of_deltas(repo: Repo, cli: Cli, leak: Leak) -> None:
    text = b"".join(b"%d some line of text\n" % n for n in range(400))
    for number in range(6):
        repo.commit({b"big": text + b"%d\n" % number})
    repo.git("repack", "-adfq", "--depth=50")
    (pack,) = repo.packs()
    lines = repo.git("verify-pack", "-v", pack).decode().splitlines()
    base = next(line.split()[6] for line in lines if len(line.split()) == 7 and "blob" in line)
    repo.commit({b".env": leak.env()})
    offset, size_bytes = entry_offset(repo, pack, base)
    flip(pack, offset + size_bytes // 2)
    scan = cli.scan(repo.path)
    incomplete(scan, leak)
    assert skipped(scan, base) == "damaged"


def test_truncated_pack(repo: Repo, cli: Cli, leak: Leak) -> None:
    pack, _ = packed(repo, None)
    repo.commit({b".env": leak.env()})
    truncate(pack)
    incomplete(cli.scan(repo.path), leak)


@pytest.mark.parametrize("harm", HARM)
def test_damaged_pack_is_not_clean(repo: Repo, cli: Cli, harm: str) -> None:
    pack, _ = packed(repo, None)
    HARM[harm](pack)
    incomplete(cli.scan(repo.path))


def test_pack_without_its_index(repo: Repo, cli: Cli, leak: Leak) -> None:
    pack, _ = packed(repo, None)
    repo.commit({b".env": leak.env()})
    remove(pack.with_suffix(".idx"))
    incomplete(cli.scan(repo.path), leak)


def test_only_a_pack_without_its_index(repo: Repo, cli: Cli) -> None:
    pack, _ = packed(repo, None)
    remove(pack.with_suffix(".idx"))
    incomplete(cli.scan(repo.path))


def test_index_without_its_pack(repo: Repo, cli: Cli, leak: Leak) -> None:
    pack, _ = packed(repo, None)
    repo.commit({b".env": leak.env()})
    remove(pack)
    incomplete(cli.scan(repo.path), leak)


@pytest.mark.parametrize("harm", HARM)
def test_damaged_index_of_a_pack(repo: Repo, cli: Cli, leak: Leak, harm: str) -> None:
    pack, _ = packed(repo, None)
    repo.commit({b".env": leak.env()})
    HARM[harm](pack.with_suffix(".idx"))
    incomplete(cli.scan(repo.path), leak)


def test_damaged_multi_pack_index_hides_nothing(repo: Repo, cli: Cli, leak: Leak) -> None:
    packed(repo, leak)
    repo.git("multi-pack-index", "write")
    flip(repo.git_dir / "objects/pack/multi-pack-index", 0)
    assert cli.scan(repo.path).of(leak.key_id)


def test_damaged_commit_graph_hides_nothing(repo: Repo, cli: Cli, leak: Leak) -> None:
    repo.commit({b".env": leak.env()})
    repo.git("commit-graph", "write", "--reachable")
    flip(repo.git_dir / "objects/info/commit-graph", 0)
    assert cli.scan(repo.path).of(leak.key_id)


# -- partial clones and alternates ----------------------------------------------------------------


def test_promised_objects(repo: Repo, cli: Cli, leak: Leak, tmp_path: Path) -> None:
    commit = repo.commit({b"a": PLAIN}, message=leak.env())
    partial = repo.clone(tmp_path / "partial", "--filter=blob:none", "--no-checkout")
    scan = cli.scan(partial.path)
    incomplete(scan, leak)
    assert skipped(scan, repo.blob(commit, b"a")) == "promised, not fetched"
    assert scan.report["target"]["partial"] is True


def test_promised_objects_without_a_leak(repo: Repo, cli: Cli, tmp_path: Path) -> None:
    repo.commit({b"a": PLAIN})
    partial = repo.clone(tmp_path / "partial", "--filter=blob:none", "--no-checkout")
    incomplete(cli.scan(partial.path))


def test_promised_trees(repo: Repo, cli: Cli, leak: Leak, tmp_path: Path) -> None:
    commit = repo.commit({b"sub/a": PLAIN}, message=leak.env())
    partial = repo.clone(tmp_path / "partial", "--filter=tree:0", "--no-checkout")
    scan = cli.scan(partial.path)
    incomplete(scan, leak)
    assert skipped(scan, repo.id(f"{commit}^{{tree}}")) == "promised, not fetched"


def test_missing_alternate(repo: Repo, cli: Cli, leak: Leak, tmp_path: Path) -> None:
    repo.commit({b"a": PLAIN})
    shared = repo.clone(tmp_path / "shared", "--shared")
    shared.commit({b".env": leak.env()})
    shutil.rmtree(repo.path)
    incomplete(cli.scan(shared.path), leak)


def test_missing_alternate_that_nothing_needs(repo: Repo, cli: Cli, leak: Leak) -> None:
    """Nobody can know what an alternate would have held beside the reachable objects."""
    repo.commit({b".env": leak.env()})
    (repo.git_dir / "objects/info/alternates").write_text("/nonexistent/objects\n")
    incomplete(cli.scan(repo.path), leak)


# -- permissions ----------------------------------------------------------------------------------


@pytest.fixture
def bound() -> tuple[str, ...]:
    """The prefix under which file permissions hold for this user."""
    if os.geteuid():
        return ()
    if not shutil.which("setpriv"):
        pytest.skip("root reads everything, and there is no setpriv")
    return DROP_ROOT


@pytest.fixture
def closed() -> Iterator[list[Path]]:
    """Paths that are closed to everybody, and opened again at the end for the clean-up."""
    paths: list[Path] = []
    yield paths
    for path in paths:
        path.chmod(0o700)


@pytest.mark.parametrize("whole_folder", [False, True], ids=["file", "folder"])
def test_unreadable_loose_object(
    repo: Repo, cli: Cli, leak: Leak, bound: tuple[str, ...], closed: list[Path], whole_folder: bool
) -> None:
    victim = victims(repo)["blob"]
    repo.commit({b".env": leak.env()})
    path = repo.loose(victim)
    closed.append(path.parent if whole_folder else path)
    closed[0].chmod(0)
    scan = cli.scan(repo.path, prefix=bound)
    incomplete(scan, leak)
    assert "unreadable" in {one["reason"] for one in scan.skipped}


@pytest.mark.parametrize("suffix", [".pack", ".idx"])
def test_unreadable_pack(
    repo: Repo, cli: Cli, leak: Leak, bound: tuple[str, ...], closed: list[Path], suffix: str
) -> None:
    pack, _ = packed(repo, None)
    repo.commit({b".env": leak.env()})
    closed.append(pack.with_suffix(suffix))
    closed[0].chmod(0)
    incomplete(cli.scan(repo.path, prefix=bound), leak)


@pytest.mark.parametrize(
    "name", ["objects/pack", "refs/heads/side", "refs/heads/deep", "packed-refs", "index"]
)
def test_unreadable_part_of_the_git_directory(
    repo: Repo, cli: Cli, leak: Leak, bound: tuple[str, ...], closed: list[Path], name: str
) -> None:
    base = repo.commit({b"README": PLAIN})
    for branch in ("old", "side", "deep/down"):
        repo.git("branch", branch, base)
        if branch == "old":
            repo.git("pack-refs", "--all")
    repo.checkout()
    repo.commit({b".env": leak.env()})
    closed.append(repo.git_dir / name)
    closed[0].chmod(0)
    incomplete(cli.scan(repo.path, prefix=bound), leak)


# -- refs, HEAD, index ----------------------------------------------------------------------------


def test_dangling_ref(repo: Repo, cli: Cli, leak: Leak) -> None:
    repo.commit({b".env": leak.env()})
    (repo.git_dir / "refs/heads/gone").write_text("1234567890" * 4 + "\n")
    scan = cli.scan(repo.path)
    incomplete(scan, leak)
    assert skipped(scan, "1234567890" * 4) == "missing"


def test_dangling_packed_ref(repo: Repo, cli: Cli) -> None:
    repo.commit({b"README": PLAIN})
    repo.git("pack-refs", "--all")
    with (repo.git_dir / "packed-refs").open("a") as file:
        file.write("1234567890" * 4 + " refs/heads/zzz\n")
    incomplete(cli.scan(repo.path))


@pytest.mark.parametrize("data", [b"", b"nonsense\n", b"\0" * 41, b"ref: \n"])
def test_ref_of_nonsense(repo: Repo, cli: Cli, leak: Leak, data: bytes) -> None:
    repo.commit({b".env": leak.env()})
    (repo.git_dir / "refs/heads/odd").write_bytes(data)
    incomplete(cli.scan(repo.path), leak)


@pytest.mark.parametrize("data", [b"", b"nonsense\n", b"\0\xff" * 50, b"ref: ../../x\n", None])
def test_odd_head(repo: Repo, cli: Cli, leak: Leak, data: bytes | None) -> None:
    repo.commit({b".env": leak.env()})
    head = repo.git_dir / "HEAD"
    remove(head) if data is None else rewrite(head, data)
    incomplete(cli.scan(repo.path), leak)


def test_head_of_an_unborn_branch_is_complete(repo: Repo, cli: Cli, leak: Leak) -> None:
    repo.commit({b".env": leak.env()}, branch="topic")
    scan = cli.scan(repo.path)
    assert scan.complete, scan.skipped
    assert scan.code == FINDINGS


@pytest.mark.parametrize("data", [b"nonsense\n", b"\0\xff" * 50, b"# pack-refs with: peeled\nx\n"])
def test_damaged_packed_refs(repo: Repo, cli: Cli, leak: Leak, data: bytes) -> None:
    repo.commit({b".env": leak.env()})
    (repo.git_dir / "packed-refs").write_bytes(data)
    incomplete(cli.scan(repo.path), leak)


@pytest.mark.parametrize("harm", ["flipped", "truncated"])
def test_damaged_index(repo: Repo, cli: Cli, leak: Leak, harm: str) -> None:
    repo.commit({b".env": leak.env(), b"README": PLAIN})
    repo.checkout()
    HARM[harm](repo.git_dir / "index")
    incomplete(cli.scan(repo.path), leak)


def test_index_that_names_a_missing_blob(repo: Repo, cli: Cli, leak: Leak) -> None:
    repo.commit({b".env": leak.env()})
    repo.checkout()
    repo.write(b"staged", noise(200))
    staged = repo.git("ls-files", "-s", "staged").split()[1].decode()
    remove(repo.loose(staged))
    scan = cli.scan(repo.path)
    incomplete(scan, leak)
    assert skipped(scan, staged) == "missing"


@pytest.mark.parametrize("data", [b"\0\xff[[[", b"[core\nx", b"[core]\n\tbare = maybe\n", b""])
def test_odd_config_hides_nothing(repo: Repo, cli: Cli, leak: Leak, data: bytes) -> None:
    repo.commit({b".env": leak.env()})
    rewrite(repo.git_dir / "config", data)
    scan = cli.scan(repo.path)
    assert scan.of(leak.key_id)
    assert scan.code == FINDINGS


def test_unknown_repository_format(repo: Repo, cli: Cli, leak: Leak) -> None:
    """Git refuses such a repository; a scan must not call it clean."""
    repo.commit({b".env": leak.env()})
    repo.git("config", "core.repositoryFormatVersion", "1")
    with (repo.git_dir / "config").open("a") as file:
        file.write("[extensions]\n\tfuture = yes\n")
    run = cli.run("scan", repo.path)
    assert run.code != 0
