"""Pack indexes of every layout git can write hold exactly what git says they hold."""

import struct
from pathlib import Path

import pytest

from leakscan.history.pack import IndexDamagedError, read_index
from tests.support.repo import Repo


@pytest.fixture
def packed(tmp_path: Path) -> Repo:
    repo = Repo.init(tmp_path / "repo")
    for number in range(20):
        repo.commit({b"file": b"line\n" * (50 + number), b"other%d" % number: b"%d" % number})
    repo.repack()
    return repo


def _listed_by_git(repo: Repo, index: Path) -> dict[bytes, int]:
    lines = repo.git("show-index", stdin=index.read_bytes()).split(b"\n")[:-1]
    return {bytes.fromhex(line.split()[1].decode()): int(line.split()[0]) for line in lines}


@pytest.mark.parametrize("version", ["1", "2", "2,0x100"])
def test_every_index_version_gives_ids_and_offsets(packed: Repo, version: str) -> None:
    pack = packed.packs()[0]
    index = pack.parent / "again.idx"
    packed.git("index-pack", f"--index-version={version}", "-o", str(index), str(pack))

    read = read_index(index, 20)

    expected = _listed_by_git(packed, index)
    assert dict(zip(read.ids, read.offsets, strict=True)) == expected
    assert len(expected) > 60
    assert [read.ids[at] for at in read.order] == sorted(expected, key=expected.__getitem__)


def test_64_bit_offsets_are_really_in_the_test(packed: Repo) -> None:
    pack = packed.packs()[0]
    index = pack.parent / "again.idx"
    packed.git("index-pack", "--index-version=2,0x100", "-o", str(index), str(pack))
    count = struct.unpack(">I", index.read_bytes()[8 + 1020 : 8 + 1024])[0]
    small = index.read_bytes()[8 + 1024 + count * 24 :][: count * 4]
    assert any(offset & 0x8000_0000 for offset in struct.unpack(f">{count}I", small))


@pytest.mark.parametrize("keep", [0, 4, 100, 1031, 1500])
def test_a_short_index_is_damaged(packed: Repo, tmp_path: Path, keep: int) -> None:
    short = tmp_path / "short.idx"
    short.write_bytes(packed.packs()[0].with_suffix(".idx").read_bytes()[:keep])
    with pytest.raises(IndexDamagedError):
        read_index(short, 20)


def test_a_lying_count_is_refused_before_anything_is_allocated(
    packed: Repo, tmp_path: Path
) -> None:
    data = bytearray(packed.packs()[0].with_suffix(".idx").read_bytes())
    data[8 + 1020 : 8 + 1024] = b"\xff\xff\xff\xff"
    lying = tmp_path / "lying.idx"
    lying.write_bytes(data)
    with pytest.raises(IndexDamagedError, match="room"):
        read_index(lying, 20)
