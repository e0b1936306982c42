"""Random histories: edits, merges with conflict resolutions, renames, copies, reverts, picks.

In: draws of hypothesis. Out: a `History`, written as one fast-import stream. Files hold
filler lines and planted credentials that come and go.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hypothesis import strategies as st

from tests.support.keys import KeyMaker, Leak
from tests.support.repo import START, Repo

LEAKS: Final = tuple(KeyMaker("histories").leaks(3))
# A file and a folder of the same name replace each other; one name is not UTF-8.
PATHS: Final = (b"a", b"b", b"d", b"d/a", b"d/e/c", b"z \xc3\xbc", b"caf\xe9/x")
MODES: Final = (b"100644", b"100644", b"100755", b"120000")
STORES: Final = ("loose", "packed", "repacked", "both")


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a file: its mode and its lines, each a filler number or a leak."""

    mode: bytes
    lines: tuple[int, ...]

    def data(self) -> bytes:
        """Return the bytes; 0 to 2 stand for the leaks, all else for filler."""
        return b"".join(map(_line, self.lines))


Tree = dict[bytes, Version]


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit: numbers of its parents, and its whole tree."""

    parents: tuple[int, ...]
    tree: Tree
    when: int


@dataclass(frozen=True, slots=True)
class History:
    """Commits in order, which of them a branch names, which an annotated tag, and the store."""

    commits: list[Commit] = field(default_factory=list)
    branches: tuple[int, ...] = ()
    tags: tuple[int, ...] = ()
    store: str = "loose"

    def build(self, path: Path) -> Repo:
        """Write the history as a new repository; HEAD names the first branch."""
        repo = Repo.init(path)
        limit = "1" if self.store in ("packed", "repacked") else "100000"
        repo.git("config", "fastimport.unpackLimit", limit)
        repo.fast_import(b"".join(self._stream()))
        lines = [f"delete refs/build/{n}" for n in range(len(self.commits))]
        lines += [f"create refs/heads/b{n} refs/build/{n}" for n in self.branches]
        repo.git("update-ref", "--stdin", stdin="\n".join([*lines, ""]).encode())
        repo.git("symbolic-ref", "HEAD", f"refs/heads/b{self.branches[0]}")
        if self.store == "repacked":
            repo.repack()
        if self.store == "both":
            repo.git("repack", "-q", "-a")
        return repo

    def _stream(self) -> list[bytes]:
        stream = []
        for number, commit in enumerate(self.commits):
            stream.append(b"commit refs/build/%d\nmark :%d\n" % (number, number + 1))
            stream.append(b"committer A <a@example.com> %d +0000\ndata 0\n" % commit.when)
            for place, parent in enumerate(commit.parents):
                stream.append(b"%b :%d\n" % (b"merge" if place else b"from", parent + 1))
            stream.append(b"deleteall\n")
            for path, version in commit.tree.items():
                data = version.data()
                stream.append(b"M %b inline %b\n" % (version.mode, path))
                stream.append(b"data %d\n%b\n" % (len(data), data))
        for tag in self.tags:
            stream.append(b"tag t%d\nfrom :%d\n" % (tag, tag + 1))
            stream.append(b"tagger A <a@example.com> 1600000000 +0000\ndata 0\n")
        return stream


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Draw a history of up to 14 commits."""
    commits: list[Commit] = []
    for number in range(draw(st.integers(1, 14))):
        parents = draw(_parents(number))
        tree = dict(commits[parents[0]].tree) if parents else {}
        for change in draw(st.lists(st.sampled_from(_CHANGES), min_size=1, max_size=4)):
            change(draw, commits, parents, tree)
        # A clock that goes backwards must not change what happened.
        when = START + 60 * number + draw(st.sampled_from((0, 0, 0, -5000, 5000)))
        commits.append(Commit(parents, tree, when))
    numbers = st.integers(0, len(commits) - 1)
    # The last commit mostly has a branch; what no branch reaches is dangling.
    last = draw(st.sampled_from((len(commits) - 1, len(commits) - 1, 0)))
    branches = draw(st.lists(numbers, max_size=3, unique=True))
    tags = draw(st.lists(numbers, max_size=2, unique=True))
    named = tuple(dict.fromkeys([last, *branches]))
    return History(commits, named, tuple(tags), draw(st.sampled_from(STORES)))


def _parents(number: int) -> st.SearchStrategy[tuple[int, ...]]:
    """Mostly the newest commit, often a merge, now and then an octopus or a new root."""
    if number == 0:
        return st.just(())
    newest = st.just((number - 1,))
    any_of = st.integers(0, number - 1)
    many = st.lists(any_of, min_size=1, max_size=4, unique=True).map(tuple)
    pair = any_of.map(lambda other: tuple(dict.fromkeys((number - 1, other))))
    return st.one_of(newest, newest, pair, many, st.just(()))


def _line(number: int) -> bytes:
    if number >= len(LEAKS):
        return b"line %d\n" % number
    leak = LEAKS[number]
    name = b"[profile%d]\n" % number
    return name + leak.env().replace(b"AWS", b"aws").replace(b"=", b" = ")


def plant(leak: Leak) -> bytes:
    """Return the bytes by which the reference looks for a leak."""
    return leak.key_id.encode()


# -- changes to a tree --------------------------------------------------------------------------

Change = Callable[[st.DrawFn, list[Commit], tuple[int, ...], Tree], None]


def _put(tree: Tree, path: bytes, version: Version) -> None:
    for other in list(tree):
        if other.startswith(path + b"/") or path.startswith(other + b"/"):
            del tree[other]
    tree[path] = version


def _edit(draw: st.DrawFn, _: list[Commit], __: tuple[int, ...], tree: Tree) -> None:
    lines = draw(st.lists(st.integers(0, 8), max_size=5, unique=True))
    _put(tree, draw(st.sampled_from(PATHS)), Version(draw(st.sampled_from(MODES)), tuple(lines)))


def _delete(draw: st.DrawFn, _: list[Commit], __: tuple[int, ...], tree: Tree) -> None:
    if tree:
        del tree[draw(st.sampled_from(sorted(tree)))]


def _copy(draw: st.DrawFn, _: list[Commit], __: tuple[int, ...], tree: Tree) -> None:
    if tree:
        version = tree[draw(st.sampled_from(sorted(tree)))]
        _put(tree, draw(st.sampled_from(PATHS)), version)


def _rename(draw: st.DrawFn, _: list[Commit], __: tuple[int, ...], tree: Tree) -> None:
    if tree:
        version = tree.pop(draw(st.sampled_from(sorted(tree))))
        more = draw(st.sampled_from(((), (9,))))
        _put(tree, draw(st.sampled_from(PATHS)), Version(version.mode, more + version.lines))


def _spread(draw: st.DrawFn, _: list[Commit], __: tuple[int, ...], tree: Tree) -> None:
    """Copy one file to several places, so that one value stands in many."""
    if tree:
        version = tree[draw(st.sampled_from(sorted(tree)))]
        for path in draw(st.lists(st.sampled_from(PATHS), min_size=2, max_size=4, unique=True)):
            _put(tree, path, version)


def _shift(draw: st.DrawFn, _: list[Commit], __: tuple[int, ...], tree: Tree) -> None:
    """Rename a whole folder, or all but one file: several moves in one commit."""
    stays = draw(st.sampled_from(PATHS))
    inside = any(path.startswith(b"m/") for path in tree)
    for path in [one for one in sorted(tree) if one != stays]:
        if path.startswith(b"m/") == inside:
            version = tree.pop(path)
            _put(tree, path.removeprefix(b"m/") if inside else b"m/" + path, version)


def _take(draw: st.DrawFn, commits: list[Commit], parents: tuple[int, ...], tree: Tree) -> None:
    """Resolve a conflict: take one path, or all, from one parent."""
    if parents:
        other = commits[draw(st.sampled_from(parents))].tree
        for path in draw(st.sampled_from(([*sorted(other)], [*sorted(other)][:1]))):
            _put(tree, path, other[path])


def _restore(draw: st.DrawFn, commits: list[Commit], _: tuple[int, ...], tree: Tree) -> None:
    """Revert to the tree of any earlier commit."""
    if commits:
        earlier = draw(st.sampled_from(range(len(commits))))
        tree.clear()
        tree.update(commits[earlier].tree)


def _pick(draw: st.DrawFn, commits: list[Commit], _: tuple[int, ...], tree: Tree) -> None:
    """Apply what any earlier commit changed against its first parent."""
    if commits:
        picked = commits[draw(st.sampled_from(range(len(commits))))]
        before = commits[picked.parents[0]].tree if picked.parents else {}
        for path in before.keys() - picked.tree.keys():
            tree.pop(path, None)
        for path, version in sorted(picked.tree.items()):
            if before.get(path) != version:
                _put(tree, path, version)


_CHANGES: Final[Sequence[Change]] = (
    _edit, _edit, _edit, _delete, _copy, _rename, _spread, _shift, _take, _restore, _pick,
)  # fmt: skip
