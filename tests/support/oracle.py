"""A brute-force reference for the events of a value; shares no code with the product.

In: a repository of the tests and the planted values. Out: where each value was introduced,
removed or moved, found by comparing whole blobs at every path of every commit in the store.
`by_trees` is the definition itself, `by_diff` the same through `git diff-tree`, to check it.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.support.repo import Repo

Tree = Mapping[bytes, str]
"""Path to blob id, of files and symlinks."""


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """What happened to one value at one path of one commit; `line` is 0 for a removal."""

    commit: str
    kind: str
    path: bytes
    from_path: bytes = b""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Exposed:
    """The refs that have a value in their history, and those that have it in their newest tree."""

    refs: set[str]
    tips: set[str]


class Oracle:
    """All commits, trees and blobs of one repository, read by the plainest commands."""

    def __init__(self, repo: Repo) -> None:
        self._repo = repo
        self._kinds = self._list()
        self._blobs: dict[str, bytes] = {}
        self.commits = sorted(one for one, kind in self._kinds.items() if kind == "commit")
        self._trees = {one: self._tree(one) for one in self.commits}
        self._parents = {one: self._parents_of(one) for one in self.commits}

    def by_trees(self, value: bytes) -> set[Event]:
        """Return the events of a value by looking into every version of every path."""
        events: set[Event] = set()
        for commit in self.commits:
            here = self._holding(commit, value)
            before = [self._holding(parent, value) for parent in self._parents[commit]]
            introduced = sorted(here - set().union(*before))
            removed = sorted(set.intersection(*before) - here) if before else []
            events |= self._pair(commit, introduced, removed, value)
        return events

    def by_diff(self, value: bytes) -> set[Event]:
        """Return the events of a value by what `git diff-tree -c` says differs from all parents."""
        changes = self._diffs()
        events: set[Event] = set()
        for commit in self.commits:
            introduced, removed = [], []
            for path, old, new in changes.get(commit, ()):
                had = [self._has(blob, value) for blob in old]
                has = self._has(new, value)
                if has and not any(had):
                    introduced.append(path)
                if had and all(had) and not has:
                    removed.append(path)
            events |= self._pair(commit, sorted(introduced), sorted(removed), value)
        return events

    def line(self, blob: str, value: bytes) -> int:
        """Return the first line of a blob that has the value."""
        return self._blob(blob).split(value)[0].count(b"\n") + 1

    def _pair(
        self, commit: str, introduced: Sequence[bytes], removed: Sequence[bytes], value: bytes
    ) -> set[Event]:
        def line(path: bytes) -> int:
            return self.line(self._trees[commit][path], value)

        both = min(len(introduced), len(removed))
        moved = zip(introduced[:both], removed[:both], strict=True)
        return (
            {Event(commit, "moved", new, old, line(new)) for new, old in moved}
            | {Event(commit, "introduced", path, b"", line(path)) for path in introduced[both:]}
            | {Event(commit, "removed", path) for path in removed[both:]}
        )

    def _holding(self, commit: str, value: bytes) -> set[bytes]:
        tree = self._trees.get(commit, {})
        return {path for path, blob in tree.items() if self._has(blob, value)}

    def _has(self, blob: str, value: bytes) -> bool:
        return bool(blob) and value in self._blob(blob)

    def held(self, commits: Iterable[str], value: bytes) -> bool:
        """Say whether any of some commits has a value in its tree."""
        return any(self._holding(commit, value) for commit in commits)

    def exposed(self, value: bytes) -> "Exposed":
        """Return the refs whose history or tip holds a value, by asking every commit of them."""
        listed = self._repo.git("for-each-ref", "--format=%(refname)").decode().split()
        history, tips = set(), set()
        for name in listed:
            commits = self._repo.git("rev-list", name).decode().split()
            if any(self._holding(commit, value) for commit in commits):
                history.add(name)
            if commits and self._holding(commits[0], value):
                tips.add(name)
        return Exposed(history, tips)

    # -- reading ----------------------------------------------------------------------------

    def _list(self) -> dict[str, str]:
        shown = "--batch-check=%(objectname) %(objecttype)"
        out = self._repo.git("cat-file", "--batch-all-objects", "--unordered", shown)
        return dict(line.split() for line in out.decode().splitlines())

    def _blob(self, blob: str) -> bytes:
        if blob not in self._blobs:
            known = self._kinds.get(blob) == "blob"
            self._blobs[blob] = self._repo.git("cat-file", "blob", blob) if known else b""
        return self._blobs[blob]

    def _tree(self, commit: str) -> Tree:
        out = self._repo.git("ls-tree", "-r", "-z", "--full-tree", commit)
        tree = {}
        for record in out.split(b"\0")[:-1]:
            meta, path = record.split(b"\t", 1)
            mode, _, blob = meta.split()
            if mode != b"160000":
                tree[path] = blob.decode()
        return tree

    def _parents_of(self, commit: str) -> list[str]:
        header = self._repo.git("cat-file", "commit", commit).split(b"\n\n")[0]
        return [
            line.split()[1].decode() for line in header.splitlines() if line.startswith(b"parent ")
        ]

    def _diffs(self) -> dict[str, list[tuple[bytes, list[str], str]]]:
        command = ("diff-tree", "--stdin", "-r", "-c", "--raw", "-z", "--root", "--no-renames")
        asked = "".join(f"{commit}\n" for commit in self.commits).encode()
        fields = iter(self._repo.git(*command, "--no-abbrev", stdin=asked).split(b"\0")[:-1])
        changes: dict[str, list[tuple[bytes, list[str], str]]] = defaultdict(list)
        commit = ""
        for field in fields:
            if not field.startswith(b":"):
                commit = field.decode().strip()
                continue
            path = next(fields)
            colons = len(field) - len(field.lstrip(b":"))
            words = field[colons:].decode().split()
            modes, blobs = words[: colons + 1], words[colons + 1 : 2 * colons + 2]
            files = [_file(*pair) for pair in zip(modes, blobs, strict=True)]
            # A root commit is compared with nothing; diff-tree shows it as one absent version.
            old = files[:-1] if self._parents[commit] else []
            changes[commit].append((path, old, files[-1]))
        return changes


def _file(mode: str, blob: str) -> str:
    return "" if mode in ("000000", "160000") or not blob.strip("0") else blob


def events_of(places: Iterable[Mapping[str, object]]) -> Iterator[Event]:
    """Yield the events that a report's occurrences in files and symlinks state."""
    for place in places:
        if place["kind"] in ("file", "symlink") and place["event"] != "present":
            line = place["line"] if place["event"] != "removed" else 0
            path, old = _path(place["path"]), _path(place["from_path"])
            yield Event(str(place["commit"]), str(place["event"]), path, old, int(str(line)))


def _path(shown: object) -> bytes:
    r"""Return the bytes of a path that a report shows; `\xff` in letters is one byte."""
    text = str(shown or "").encode()
    return re.sub(rb"\\x([0-9a-f]{2})", lambda found: bytes([int(found[1], 16)]), text)
