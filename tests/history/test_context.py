"""What a range is compared with: all that differs, of few trees at a time, by one process."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakscan.history.context import Context, context_of
from leakscan.history.dialogue import Dialogue
from leakscan.history.git import Git, GitProcess
from leakscan.history.objects import CommitLinks
from leakscan.model import Content, Kind, ObjectId, Skipped, SkipReason
from tests.support.repo import Repo

Tree = Mapping[bytes, Any]
"""Names to blobs (bytes) and trees."""

NAMES = st.sampled_from([b"a", b"a-", b"a0", b"b"])
TREES = st.dictionaries(
    NAMES,
    st.recursive(
        st.binary(max_size=1), lambda below: st.dictionaries(NAMES, below, max_size=3), max_leaves=6
    ),
    max_size=4,
)


class Store:
    """Objects in memory, and what was asked for."""

    def __init__(self, *, reverse: bool = False) -> None:
        self.objects: dict[ObjectId, Content] = {}
        self.questions: list[Sequence[ObjectId]] = []
        self._reverse = reverse

    def read_whole(self, ids: Sequence[ObjectId]) -> Iterator[Content | Skipped]:
        self.questions.append(ids)
        for one in ids:
            missing = Skipped(Kind.BLOB, SkipReason.MISSING, one)
            yield self.objects.get(one, missing)

    def put(self, kind: Kind, data: bytes) -> ObjectId:
        text = b"%b %d\0%b" % (kind.value.encode(), len(data), data)
        made = ObjectId(hashlib.sha1(text, usedforsecurity=False).digest())
        self.objects[made] = Content(kind, data, made)
        return made

    def tree(self, tree: Tree | bytes) -> ObjectId:
        if isinstance(tree, bytes):
            return self.put(Kind.BLOB, tree)
        lines = []
        for name, below in tree.items():
            is_tree = not isinstance(below, bytes)
            mode = b"40000" if is_tree else b"100644"
            key = name + b"/" if is_tree else name
            lines.append((key, b"%b %b\0%b" % (mode, name, self.tree(below))))
        lines.sort(reverse=self._reverse)
        return self.put(Kind.TREE, b"".join(line for _, line in lines))

    def differing(self, new: Tree | None, old: Tree) -> Iterator[ObjectId]:
        """Yield all of the old tree that is not at the same place in the new one."""
        if new is not None and self.tree(new) == self.tree(old):
            return
        yield self.tree(old)
        for name, below in old.items():
            other = (new or {}).get(name)
            if isinstance(below, bytes):
                if below != other:
                    yield self.tree(below)
            else:
                yield from self.differing(None if isinstance(other, bytes) else other, below)


def compared(
    store: Store, roots: Iterable[ObjectId], inside: Iterable[ObjectId] = (), looks: int = 1 << 30
) -> Context:
    """Compare commits that follow each other, the newest first; the last is outside the range."""
    *own, oldest = roots
    text = b"tree %b\n\n" % oldest.hex().encode()
    outside = store.put(Kind.COMMIT, text)
    ids = [*(ObjectId(b"%020d" % number) for number in range(len(own))), outside]
    commits = {ids[at]: CommitLinks(tree, (ids[at + 1],), 0) for at, tree in enumerate(own)}
    countdown = iter(range(looks))
    return context_of(commits, store, set(inside), lambda: next(countdown, None) is None)


@given(trees=st.lists(TREES, min_size=2, max_size=5), data=st.data(), reverse=st.booleans())
def test_all_that_differs_and_is_not_of_the_range(
    trees: list[Tree], data: st.DataObject, reverse: bool
) -> None:
    store = Store(reverse=reverse)
    roots = [store.tree(tree) for tree in trees]
    inside = data.draw(st.sets(st.sampled_from(sorted(store.objects))))
    context = compared(store, roots, inside)
    expected = {one for new, old in pairwise(trees) for one in store.differing(new, old)}
    assert set(context.objects) == expected - inside
    assert not context.skipped


def test_no_more_trees_are_asked_for_than_fit() -> None:
    store = Store()
    wide = b"x" * (1 << 20)
    roots = [store.tree({wide: b"%d" % number}) for number in range(60)]
    context = compared(store, roots)
    assert set(roots[1:]) <= set(context.objects)
    assert sum(map(len, store.questions)) < 2 * len(roots)
    assert max(map(len, store.questions)) <= 32


def test_a_tree_that_is_none_is_as_if_it_were_empty() -> None:
    store = Store()
    blob = store.put(Kind.BLOB, b"x")
    broken = store.put(Kind.TREE, b"100644 a\0short")
    whole = store.tree({b"a": b"x"})
    absent = ObjectId(b"\1" * 20)
    for other in (broken, absent, blob):
        assert set(compared(store, [other, whole]).objects) == {whole, blob}
        assert set(compared(store, [whole, other]).objects) == {other}
        assert {whole, blob, other} == set(compared(store, [whole, other, whole]).objects) | {blob}


def test_what_is_left_when_the_time_is_over_is_said() -> None:
    store = Store()
    deep: list[Tree] = [{b"f": b"0"}, {b"f": b"1"}]
    for _ in range(30):
        deep = [{b"d": tree} for tree in deep]
    roots = [store.tree(tree) for tree in deep]
    late = compared(store, roots, looks=10)
    assert [item.reason for item in late.skipped] == [SkipReason.OUT_OF_TIME]
    assert len(late.objects) == 10
    assert len(compared(store, roots).objects) == 32


class CountingGit(Git):
    """Counts the processes."""

    started = 0

    @contextmanager
    def start(
        self,
        arguments: Sequence[str],
        *,
        feed: Iterable[bytes] | None = None,
        extra: Mapping[str, str] | None = None,
        deadline: float | None = None,
    ) -> Iterator[GitProcess]:
        self.started += 1
        with super().start(arguments, feed=feed, extra=extra, deadline=deadline) as process:
            yield process


@pytest.fixture
def counting(repo: Repo) -> Iterator[CountingGit]:
    with CountingGit(repo.git_dir / "objects", "sha1", os.environ, max_object_bytes=1 << 30) as git:
        yield git


def test_one_process_answers_however_deep_it_goes(repo: Repo, counting: CountingGit) -> None:
    path = b"/".join([b"d"] * 60) + b"/f"
    old = repo.commit({path: b"old\n"})
    new = repo.commit({path: b"new\n"})
    trees = [ObjectId(bytes.fromhex(repo.id(f"{commit}^{{tree}}"))) for commit in (new, old)]
    links = CommitLinks(trees[0], (ObjectId(bytes.fromhex(old)),), 0)
    with Dialogue(counting) as reader:
        context = context_of({ObjectId(bytes.fromhex(new)): links}, reader, set())
    assert len(context.objects) == 62
    assert counting.started == 1


def test_a_dialogue_goes_on_behind_what_git_cannot_answer(
    repo: Repo, counting: CountingGit
) -> None:
    blobs = [repo.write_object("blob", b"%d" % number * 5000) for number in range(300)]
    damaged, missing = blobs[100], "12" * 20
    path = repo.loose(damaged)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-8])
    asked = [*blobs[:150], missing, *blobs[150:]]
    with Dialogue(counting) as reader:
        for _ in range(2):
            answers = list(reader.read_whole([ObjectId(bytes.fromhex(one)) for one in asked]))
            assert [item.object_id.hex() for item in answers if item.object_id] == asked
            lost = [item for item in answers if isinstance(item, Skipped)]
            assert [item.reason for item in lost] == [SkipReason.DAMAGED, SkipReason.MISSING]
