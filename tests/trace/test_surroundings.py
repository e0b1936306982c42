"""What stands around the keys is read in bounded steps, shared, and only while there is time."""

from collections.abc import Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Final, cast

from leakscan.history.base import Source
from leakscan.model import Content, Event, Exposure, Finding, Kind, ObjectId, Occurrence, Place
from leakscan.remedy.context import MAX_NAMES_SIZE
from leakscan.trace.surroundings import (
    MAX_BYTES_OF_ALL,
    MAX_NAMES_SIZE_OF_ALL,
    MAX_TREE_BYTES_OF_ALL,
    surroundings,
)
from tests.report.builder import credential, finding, object_id, pair

COMMIT: Final = object_id("commit")
TOP: Final = object_id("tree of the commit")


class Store:
    """Objects that are read, and how often and how many; all that are asked for are answered."""

    def __init__(self, objects: Mapping[ObjectId, bytes]) -> None:
        self.objects = objects
        self.asked: list[ObjectId] = []
        self.open = 0
        """Answers that were not taken yet: the next question would get these."""

    def read_whole(self, ids: Sequence[ObjectId]) -> Iterator[Content]:
        """Answer like one process of git that is asked again and again."""
        assert not self.open
        self.open = len(ids)
        for one in ids:
            self.asked.append(one)
            self.open -= 1
            yield Content(Kind.BLOB, self.objects[one], object_id=one)


def source(store: Store) -> Source:
    links = SimpleNamespace(commits={COMMIT: SimpleNamespace(tree=TOP)})
    return cast("Source", SimpleNamespace(reader=store, links=links, staged=None, target=None))


def tree(*entries: tuple[bytes, ObjectId]) -> bytes:
    """Write a tree; names that end with a slash are folders."""
    return b"".join(
        (b"40000 " if name.endswith(b"/") else b"100644 ") + name.rstrip(b"/") + b"\0" + one
        for name, one in entries
    )


def held(seed: str, path: bytes, blob: ObjectId, line: int = 1) -> Finding:
    place = Occurrence(
        Place.FILE, Event.PRESENT, (), object_id=blob, commit=COMMIT, path=path, line=line, column=1
    )
    return finding(credential(seed, pair(seed)), (place,), Exposure())


def deep(count: int, name_size: int) -> tuple[Store, list[Finding]]:
    """Make a folder of many long names, with as many folders below, a key in each."""
    empty = object_id("empty")
    names = [(b"n" * name_size + b"%04d" % number, empty) for number in range(500)]
    objects, findings, folders = {}, [], []
    for number in range(count):
        blob, folder = object_id(f"blob {number}"), object_id(f"tree {number}")
        objects[blob] = b"key"
        objects[folder] = tree(*names, (b"zz.env", blob))
        folders.append((b"z%04d/" % number, folder))
        findings.append(held(str(number), b"z%04d/zz.env" % number, blob))
    objects[TOP] = tree(*names, *folders)
    return Store(objects), findings


def test_names_of_folders_are_shared_and_bounded_in_all() -> None:
    store, findings = deep(300, 200)
    contexts = [one for (one,) in surroundings(source(store), findings)]
    texts = {id(names): names for one in contexts for names in one.neighbours}
    assert len({id(one.neighbours[0]) for one in contexts}) == 1
    assert sum(map(len, texts.values())) <= MAX_NAMES_SIZE_OF_ALL + MAX_NAMES_SIZE
    assert "n" * 200 in contexts[0].neighbours[1]
    assert len(contexts[-1].neighbours) == 1  # There was no room for its own folder any more.


def test_every_tree_is_read_once() -> None:
    store, findings = deep(40, 10)
    surroundings(source(store), findings + findings)
    assert len(store.asked) == len(set(store.asked)) == 40 + 40 + 1


def test_trees_are_parsed_up_to_a_size() -> None:
    name = b"n" * (MAX_TREE_BYTES_OF_ALL // 2)
    blob, folder = object_id("blob"), object_id("folder")
    below = tree((name, blob), (b"zz.env", blob))
    store = Store({blob: b"key", TOP: tree((name, blob), (b"z/", folder)), folder: below})
    ((context,),) = surroundings(source(store), [held("a", b"z/zz.env", blob)])
    assert len(context.neighbours) == 1


def test_texts_are_looked_at_up_to_a_size() -> None:
    count = MAX_BYTES_OF_ALL // (32 << 10) + 100
    blobs = [object_id(f"blob {number}") for number in range(count)]
    store = Store({one: b"%06d" % at + b"x" * (32 << 10) for at, one in enumerate(blobs)})
    findings = [held(str(at), b"x", one) for at, one in enumerate(blobs)]
    store.objects = {**store.objects, TOP: tree()}
    contexts = [one for (one,) in surroundings(source(store), findings)]
    assert sum(len(one.text) for one in contexts) <= MAX_BYTES_OF_ALL
    assert not contexts[0].is_partial
    assert contexts[-1].is_partial
    assert len(store.asked) < count


def test_keys_of_one_large_text_share_what_is_around_them() -> None:
    blob = object_id("blob")
    store = Store({blob: b"\n" * 100_000 + b"key\n" * 260, TOP: tree((b"dump.txt", blob))})
    findings = [held(str(at), b"dump.txt", blob, 100_001 + at) for at in range(260)]
    contexts = [one for (one,) in surroundings(source(store), findings)]
    assert not any(one.is_partial for one in contexts)
    assert all("key" in one.near for one in contexts)
    assert len({id(one.near) for one in contexts}) < 5


def test_when_the_time_is_up_nothing_is_read() -> None:
    store, findings = deep(3, 10)
    contexts = [one for (one,) in surroundings(source(store), findings, lambda: True)]
    assert store.asked == []
    assert [(one.path, one.is_partial, one.neighbours) for one in contexts] == [
        (f"z{number:04}/zz.env", True, ()) for number in range(3)
    ]


def test_when_the_time_ends_the_answers_are_still_taken() -> None:
    """Else the next question to the same process of git would get them."""
    store, findings = deep(100, 10)
    left = iter([False] * 4)
    contexts = surroundings(source(store), findings, lambda: next(left, True))
    assert store.open == 0
    assert len(store.asked) < 100
    assert [one.is_partial for (one,) in contexts[:2]] == [False, False]
    assert contexts[-1][0].is_partial
