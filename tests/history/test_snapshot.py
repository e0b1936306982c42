"""The files of a commit, from stores that git made and from forged ones."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from leakscan.history.catfile import CatFile
from leakscan.history.git import Git
from leakscan.history.locate import locate
from leakscan.history.remotes import head_commit
from leakscan.history.snapshot import (
    TOO_DEEP,
    TOO_MANY_BYTES,
    TOO_MANY_FILES,
    TOO_MANY_NAMES,
    Limits,
    snapshot,
)
from leakscan.model import Content, Kind, ObjectId, Skipped, SkipReason
from tests.support.repo import Repo, gitlink, link

Found = dict[bytes, bytes | SkipReason]


def everything(_: bytes) -> bool:
    return True


def of(
    path: Path,
    wanted: Callable[[bytes], str | bool] = everything,
    limits: Limits | None = None,
    top: ObjectId | None = None,
) -> Found:
    layout = locate(path)
    commit = top or head_commit(layout)
    assert commit is not None
    environment = dict(os.environ)
    with Git(layout.objects, layout.object_format, environment, max_object_bytes=1 << 28) as git:
        found = list(snapshot(CatFile(git), commit, wanted, limits))
    return {name: read.data if isinstance(read, Content) else read.reason for name, read in found}


@pytest.mark.parametrize("bare", [False, True])
@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_files_of_head(tmp_path: Path, bare: bool, object_format: str) -> None:
    repo = Repo.init(tmp_path / "r", bare=bare, object_format=object_format)
    repo.commit({b"a.py": b"1", b"x/y/z.py": b"2", b"x/\xff.py": b"3", b"old": b"4"})
    repo.commit({b"old": None, b"a.py": b"new"})

    assert of(repo.path) == {b"a.py": b"new", b"x/y/z.py": b"2", b"x/\xff.py": b"3"}


def test_only_what_is_wanted_is_read(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "r")
    repo.commit({b"a.py": b"1", b"b.bin": b"2", b"d/c.py": b"3"})

    assert of(repo.path, lambda path: path.endswith(b".py")) == {b"a.py": b"1", b"d/c.py": b"3"}


def test_links_and_submodules_are_not_followed(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "r")
    repo.commit({b"a": b"1", b"link": link(b"/etc/passwd"), b"sub": gitlink("1" * 40)})

    assert of(repo.path) == {b"a": b"1"}


def test_limits_are_said(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "r")
    repo.commit({b"a": b"1", b"big": b"x" * 100, b"d/e/f": b"2", b"d/g": b"3"})

    assert of(repo.path, limits=Limits(file_bytes=50))[b"big"] is SkipReason.TOO_LARGE
    large = SkipReason.TOO_LARGE
    found = {b"a": b"1", b"big": large, b"d/e/f": large, b"d/g": large}
    assert of(repo.path, limits=Limits(files=1)) == found
    assert of(repo.path, limits=Limits(depth=1))[b"d/e/"] is SkipReason.TOO_LARGE
    assert of(repo.path, limits=Limits(total_bytes=10))[b"big"] is SkipReason.TOO_LARGE


def test_tags_lead_to_the_commit(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "r")
    repo.commit({b"a": b"1"})
    repo.tag("v1", message=b"one")
    tag = ObjectId(bytes.fromhex(repo.id("v1")))
    blob = ObjectId(bytes.fromhex(repo.blob("HEAD", b"a")))

    assert of(repo.path, top=tag) == {b"a": b"1"}
    assert of(repo.path, top=blob) == {b"": SkipReason.UNSUPPORTED}
    assert of(repo.path, top=ObjectId(b"\1" * 20)) == {b"": SkipReason.MISSING}


class Forged:
    """Trees that git would never write."""

    def __init__(self, objects: dict[ObjectId, Content]) -> None:
        self._objects = objects
        self.asked = 0

    def read_whole(self, ids: Sequence[ObjectId]) -> Iterator[Content | Skipped]:
        for one in ids:
            self.asked += 1
            yield self._objects.get(one) or Skipped(Kind.BLOB, SkipReason.MISSING, one)


def _id(number: int) -> ObjectId:
    return ObjectId(number.to_bytes(20, "big"))


def _tree(number: int, *lines: bytes) -> dict[ObjectId, Content]:
    return {_id(number): Content(Kind.TREE, b"".join(lines), _id(number))}


def test_a_tree_in_itself_ends() -> None:
    reader = Forged(_tree(1, b"40000 a\0" + _id(1)))

    found = list(snapshot(reader, _id(1), everything, Limits(depth=5)))

    assert [read.reason for _, read in found if isinstance(read, Skipped)] == [SkipReason.TOO_LARGE]


def test_a_bomb_of_trees_ends() -> None:
    objects: dict[ObjectId, Content] = {}
    for level in range(1, 30):
        lines = [b"40000 %c\0" % (97 + n) + _id(level + 1) for n in range(10)]
        objects |= _tree(level, *lines)
    reader = Forged(objects)

    found = list(snapshot(reader, _id(1), everything, Limits(entries=500)))

    assert reader.asked < 600
    assert any(isinstance(read, Skipped) for _, read in found)


def test_what_is_no_tree_is_said() -> None:
    reader = Forged(_tree(1, b"40000 a\0" + _id(2), b"100644 b\0" + _id(3)) | _tree(2, b"nonsense"))

    found = {
        path: read.reason if isinstance(read, Skipped) else None
        for path, read in snapshot(reader, _id(1), everything)
    }

    assert found == {b"a/": SkipReason.DAMAGED, b"b": SkipReason.MISSING}


def test_useless_files_use_up_no_room_of_useful_ones(tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "r")
    files = {b"%02d.txt" % number: b"x" * 50 for number in range(20)}
    repo.commit({**files, b"z/y/app.py": b"1", b"z/y/b.py": b"2"})
    limits = Limits(files=3, total_bytes=120)

    found = of(repo.path, lambda path: path[-3:].decode(), limits)

    assert found[b"z/y/app.py"] == b"1"
    assert found[b"z/y/b.py"] == b"2"
    texts = [read for path, read in found.items() if path.endswith(b".txt")]
    assert [read for read in texts if isinstance(read, bytes)] == [b"x" * 50] * 2
    assert texts.count(SkipReason.TOO_LARGE) == 18


def test_all_that_is_left_out_is_counted() -> None:
    lines = [b"100644 %d\0" % number + _id(9) for number in range(5)]
    objects = _tree(1, b"40000 a\0" + _id(2), *lines) | _tree(2, *lines)
    reader = Forged(objects | {_id(9): Content(Kind.BLOB, b"x", _id(9))})

    def left_out(limits: Limits) -> list[str]:
        found = snapshot(reader, _id(1), everything, limits)
        return [read.detail for _, read in found if isinstance(read, Skipped)]

    assert left_out(Limits(files=4)) == [TOO_MANY_FILES] * 6
    assert left_out(Limits(total_bytes=4)) == [TOO_MANY_BYTES] * 6
    assert left_out(Limits(entries=8)) == [TOO_MANY_NAMES] * 3
    # A folder that is not opened any more is one name.
    assert left_out(Limits(entries=6)) == [TOO_MANY_NAMES]
    assert left_out(Limits(depth=0)) == [TOO_DEEP]
