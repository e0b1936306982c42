"""However a pack is laid out, reading it by families gives what git gives object by object.

Each case plants a credential where a reader of deltas can lose it: cut by a seam, joined by a
deletion, freed by its neighbours, inherited, at the end of a shortened text, in UTF-16.
"""

import random
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.support.cli import FINDINGS, Cli, Json, Scan
from tests.support.keys import KeyMaker
from tests.support.packs import OFS, REF, Copy, PackMaker, write_index
from tests.support.repo import Files, Repo
from tests.support.seams import Case, cases, filler, tree_chain

FAST = ("--reader", "packs", "--jobs", "2")


# -- comparing ------------------------------------------------------------------------------------


def without_time(scan: Scan) -> Json:
    coverage = {**scan.report["coverage"], "seconds": 0}
    return {**scan.report, "coverage": coverage}


def equal(cli: Cli, repo: Repo, *options: str) -> Scan:
    """Scan both ways; the reports are the same, and the store is what git says."""
    slow = cli.scan(repo.path, "--reveal", "--reader", "git")
    fast = cli.scan(repo.path, "--reveal", *(options or FAST))
    assert without_time(fast) == without_time(slow)
    assert fast.code == slow.code
    counts = fast.report["coverage"]["objects"]
    assert counts["expected"] == len(repo.objects())
    if fast.complete:
        assert counts["scanned"] == counts["expected"]
    return fast


def values(scan: Scan) -> set[str]:
    """Return every id and every secret of the findings, whether they were paired or not."""
    secrets = (one["secret"]["value"] for one in scan.findings if one["secret"])
    return {*secrets, *(one["access_key_id"] for one in scan.findings)}


def parts(planted: Iterable[Case]) -> set[str]:
    return {value for case in planted for value in case.values}


def all_found(scan: Scan, planted: Iterable[Case]) -> None:
    assert (scan.code, scan.complete) == (FINDINGS, True), scan.skipped
    assert not parts(planted) - values(scan)


def entry_types(repo: Repo, pack: Path) -> dict[str, int]:
    """Return the type number of each entry by id, as the bytes of the pack say."""
    data = pack.read_bytes()
    listed = repo.git("show-index", f"--object-format={object_format(repo)}",
                      stdin=pack.with_suffix(".idx").read_bytes())  # fmt: skip
    rows = (line.split()[:2] for line in listed.splitlines())
    return {object_id.decode(): data[int(at)] >> 4 & 7 for at, object_id in rows}


def object_format(repo: Repo) -> str:
    return repo.git("rev-parse", "--show-object-format").decode().strip()


# -- packs that git makes -------------------------------------------------------------------------

Shape = Callable[[Repo], None]


def fill(repo: Repo, planted: list[Case]) -> None:
    """Commit every version of every case, as loose objects."""
    repo.git("config", "fastimport.unpackLimit", "100000")
    for number in range(3):
        files: Files = {
            b"case%d" % place: case.versions[number] for place, case in enumerate(planted)
        }
        repo.commit(files)


def many_deltas(repo: Repo, *options: str, config: str = "core.x=y") -> Path:
    repo.git("-c", config, "repack", "-adfq", "--window=50", *options)
    repo.git("prune-packed")
    pack = repo.packs()[-1]
    assert sum(number in (OFS, REF) for number in entry_types(repo, pack).values()) > 90
    return pack


def by_id(repo: Repo) -> None:
    pack = many_deltas(repo, config="repack.useDeltaBaseOffset=false")
    assert OFS not in entry_types(repo, pack).values()


def first_index(repo: Repo) -> None:
    pack = many_deltas(repo, config="pack.indexVersion=1")
    assert pack.with_suffix(".idx").read_bytes()[:4] != b"\xfftOc"


def wide_offsets(repo: Repo) -> None:
    pack = many_deltas(repo)
    index = pack.with_suffix(".idx")
    before = index.stat().st_size
    index.unlink()
    repo.git("index-pack", "--index-version=2,0x100", "-o", index, pack)
    assert index.stat().st_size > before


def duplicates(repo: Repo) -> None:
    many_deltas(repo)
    listed = "".join(f"{one}\n" for one in sorted(repo.objects())[::2])
    base = repo.git_dir / "objects/pack/pack"
    repo.git("pack-objects", "-q", "--window=3", base, stdin=listed.encode())
    packs = [entry_types(repo, pack) for pack in repo.packs()]
    assert len(packs) == 2
    assert packs[0].keys() & packs[1].keys()


def joined_index(repo: Repo) -> None:
    duplicates(repo)
    repo.git("multi-pack-index", "write", "--bitmap")
    folder = repo.git_dir / "objects/pack"
    assert (folder / "multi-pack-index").exists()
    assert list(folder.glob("multi-pack-index-*.bitmap"))


def loose_too(repo: Repo) -> None:
    repo.git("repack", "-afq")
    assert repo.packs()
    assert all(repo.loose(object_id).exists() for object_id in repo.objects())


def cruft(repo: Repo) -> None:
    repo.git("update-ref", "refs/heads/short", "main~1")
    repo.git("symbolic-ref", "HEAD", "refs/heads/short")
    repo.git("update-ref", "-d", "refs/heads/main")
    repo.forget_reflogs()
    try:
        repo.git("repack", "--cruft", "-dq")
    except AssertionError as error:
        pytest.skip(f"this git writes no cruft packs: {error}")
    assert list((repo.git_dir / "objects/pack").glob("*.mtimes"))


SHAPES: dict[str, Shape] = {
    "plain": many_deltas, "bases by id": by_id, "index version 1": first_index,
    "64-bit offsets": wide_offsets, "two packs": duplicates, "joined index": joined_index,
    "loose too": loose_too, "cruft": cruft,
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_pack_of_git_is_read_alike(repo: Repo, cli: Cli, keys: KeyMaker, shape: Shape) -> None:
    planted = list(cases(keys))
    fill(repo, planted)
    shape(repo)
    all_found(equal(cli, repo), planted)


def test_sha_256(cli: Cli, keys: KeyMaker, tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "sha256", object_format="sha256")
    planted = list(cases(keys))
    fill(repo, planted)
    many_deltas(repo)
    all_found(equal(cli, repo), planted)


def test_a_completed_thin_pack_has_bases_behind_their_deltas(
    repo: Repo, cli: Cli, keys: KeyMaker, tmp_path: Path
) -> None:
    planted = list(cases(keys))
    repo.commit({b"case%d" % place: case.base for place, case in enumerate(planted)})
    clone = repo.clone(tmp_path / "clone", "--no-checkout")
    repo.commit({b"case%d" % place: case.versions[1] for place, case in enumerate(planted)})
    clone.git("-c", "fetch.unpackLimit=1", "fetch", "-q", "origin")
    behind = [pack for pack in clone.packs() if _has_base_behind(clone, pack)]
    assert behind
    for pack in set(clone.packs()) - set(behind):  # Or the bases would be read elsewhere first.
        pack.with_suffix(".idx").unlink()
        pack.unlink()
    scan = equal(cli, clone)
    assert not parts(planted) - values(scan)


def _has_base_behind(repo: Repo, pack: Path) -> bool:
    lines = [line.split() for line in repo.git("verify-pack", "-v", pack).decode().splitlines()]
    offsets = {line[0]: int(line[4]) for line in lines if len(line) in (5, 7)}
    return any(offsets[line[6]] > offsets[line[0]] for line in lines if len(line) == 7)


def test_promised_objects_are_absent_either_way(
    repo: Repo, cli: Cli, keys: KeyMaker, tmp_path: Path
) -> None:
    planted = list(cases(keys))
    fill(repo, planted)
    partial = repo.clone(tmp_path / "partial", "--filter=blob:none", "--no-checkout")
    wanted = [repo.blob(commit, b"case3") for commit in ("main~1", "main")]
    partial.git("cat-file", "--batch-check", stdin="\n".join(wanted).encode())
    assert list((partial.git_dir / "objects/pack").glob("*.promisor"))
    scan = equal(cli, partial)
    assert not scan.complete
    assert {one["reason"] for one in scan.skipped} == {"promised, not fetched"}
    assert parts(planted[3:4]) == values(scan)


def test_an_alternate_is_read_with_its_deltas(
    repo: Repo, cli: Cli, keys: KeyMaker, tmp_path: Path
) -> None:
    planted = list(cases(keys))
    fill(repo, planted)
    many_deltas(repo)
    shared = repo.clone(tmp_path / "shared", "--shared", "--no-checkout")
    leak = keys.leak()
    shared.commit({b"own": leak.env()})
    shared.git("repack", "-adlq")
    all_found(equal(cli, shared), [*planted, Case(leak, b"", ())])


def test_a_chain_as_deep_as_git_makes_them(repo: Repo, cli: Cli, keys: KeyMaker) -> None:
    leak = keys.leak()
    text = filler(leak, "deep")
    stream = []
    for number in range(400):
        # Far versions have nothing in common, so that only the next one is a good base.
        text = text[40:] + (leak.env() if number == 200 else b"%040d" % (7**number % 10**40))
        stream.append(b"commit refs/heads/main\ncommitter A <a@b.c> %d +0000\n" % number)
        stream.append(b"data 0\nM 100644 inline f\ndata %d\n%b\n" % (len(text), text))
    repo.fast_import(b"".join(stream))
    repo.git("repack", "-adfq", "--depth=4095", "--window=3")
    depths = re.findall(rb"chain length = (\d+)", repo.git("verify-pack", "-v", *repo.packs()))
    assert max(map(int, depths)) > 100
    all_found(equal(cli, repo), [Case(leak, b"", ())])


# -- packs made by hand ---------------------------------------------------------------------------


def by_hand(planted: list[Case], kind: str) -> PackMaker:
    """Return a pack with four versions of every case, each a delta against the one before."""
    maker = PackMaker()
    for case in planted:
        slot = maker.full("blob", case.base)
        # The second changes something else, so that the third has a base that is a delta.
        for change in ((Copy(0, len(case.base)), b"end\n"), case.ops, case.versions[2]):
            slot = maker.ofs(slot, change) if kind == "offset" else maker.ref(slot, change)
    if kind == "base behind":
        maker.slots.reverse()
    return maker


@pytest.mark.parametrize("kind", ["offset", "id", "base behind"])
def test_every_way_to_make_a_credential(repo: Repo, cli: Cli, keys: KeyMaker, kind: str) -> None:
    planted = list(cases(keys))
    pack = by_hand(planted, kind).write(repo)
    repo.git("index-pack", "--strict", "--verify", pack)
    all_found(equal(cli, repo), planted)


@pytest.mark.parametrize("kind", ["offset", "id"])
def test_some_64_bit_offsets(repo: Repo, cli: Cli, keys: KeyMaker, kind: str) -> None:
    planted = list(cases(keys))
    maker = by_hand(planted, kind)
    trailer = maker.build()[-20:]
    rows = sorted(maker.rows(), key=lambda row: row.id)
    index = write_index(rows, trailer, wide=[slot.id for slot in maker.slots[::5]])
    maker.write(repo, index=index)
    all_found(equal(cli, repo), planted)


@pytest.mark.parametrize("seed", range(3))
def test_trees_that_are_deltas_cut_anywhere(
    repo: Repo, cli: Cli, keys: KeyMaker, seed: int
) -> None:
    """A seam in the middle of a mode, a name or an id; the same entry from another place."""
    maker, last = tree_chain(keys, random.Random(seed), 120)
    repo.git("index-pack", "--verify", maker.write(repo))
    repo.ref("refs/heads/main", last.hex())
    scan = equal(cli, repo)
    places = [place for one in scan.findings for place in one["occurrences"]]
    assert {"introduced", "removed", "moved"} <= {place["event"] for place in places}
    assert {"file", "path"} <= {place["kind"] for place in places}


def test_a_chain_deeper_than_any(repo: Repo, cli: Cli, keys: KeyMaker) -> None:
    """What is known of a base is passed on thousands of times; what it holds comes and goes."""
    planted = [case for case in cases(keys) if case.is_cold][:2]
    maker = PackMaker()
    slot = maker.full("blob", b"")
    for case in planted:
        whole = Copy(0, len(case.base))
        for turn in range(2500):
            same = case.ops if turn == 2000 else (whole, b"%d\n" % turn)
            slot = maker.ofs(slot, (case.base,) if turn in (0, 2001) else same)
    maker.write(repo)
    all_found(equal(cli, repo), planted)
