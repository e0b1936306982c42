"""What objects refer to, gathered as they stream by.

In: whole commits, tags and trees. Out: the commit graph for the trace, the names in trees, and
every id that something refers to but the store does not hold.
"""

from collections.abc import Collection

from leakscan.history.objects import (
    MODE_SUBMODULE,
    MODE_TREE,
    CommitLinks,
    TagLink,
    parse_commit,
    parse_tag,
    parse_tree,
)
from leakscan.model import Content, Kind, ObjectId, Skipped, SkipReason

# git knows these without storing them. Source: git's object-file.c, `empty_tree_oid` and others.
_EMPTY_OBJECTS = frozenset(
    ObjectId(bytes.fromhex(text))
    for text in (
        "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
        "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
        "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
        "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
    )
)


class Links:
    """The graph of a store. `known` holds the ids that the store lists."""

    def __init__(self, known: Collection[ObjectId], id_bytes: int) -> None:
        self._known = known
        self.id_bytes = id_bytes
        self.commits: dict[ObjectId, CommitLinks] = {}
        self.tags: dict[ObjectId, TagLink] = {}
        self.trees: list[ObjectId] = []
        self.absent: dict[ObjectId, Kind] = {}
        self.submodules: dict[ObjectId, bytes] = {}
        """The commits that gitlinks name, each with the last component of a path it is at."""
        self.gitmodules: set[ObjectId] = set()
        self._names: set[bytes] = set()

    def commit(self, object_id: ObjectId, data: bytes) -> Skipped | None:
        """Note a commit's tree and parents; a malformed one is Skipped for the trace."""
        links = parse_commit(data)
        if links is None:
            return _malformed(Kind.COMMIT, object_id)
        self.commits[object_id] = links
        self.expect(links.tree, Kind.TREE)
        for parent in links.parents:
            self.expect(parent, Kind.COMMIT)
        return None

    def tag(self, object_id: ObjectId, data: bytes) -> Skipped | None:
        """Note what an annotated tag points to."""
        link = parse_tag(data)
        if link is None:
            return _malformed(Kind.TAG, object_id)
        self.tags[object_id] = link
        self.expect(link.target, link.kind)
        return None

    def tree(self, object_id: ObjectId, data: bytes) -> Skipped | list[Content]:
        """Note what a tree refers to; return the names in it that no tree had before."""
        entries = parse_tree(data, self.id_bytes)
        if entries is None:
            return _malformed(Kind.TREE, object_id)
        self.trees.append(object_id)
        fresh = {name for _, name, _ in entries} - self._names
        self._names |= fresh
        if b" .gitmodules\0" in data:
            self.gitmodules |= {oid for _, name, oid in entries if name == b".gitmodules"}
        if not self._known_all(entries):
            self._expect_entries(entries)
        return [Content(Kind.PATH, name, name=name) for name in fresh]

    def expect(self, object_id: ObjectId, kind: Kind) -> None:
        """Note that something refers to an object, which therefore should be there."""
        if object_id not in self._known and object_id not in _EMPTY_OBJECTS:
            self.absent[object_id] = kind

    def _known_all(self, entries: list[tuple[bytes, bytes, ObjectId]]) -> bool:
        return all(map(self._known.__contains__, [object_id for _, _, object_id in entries]))

    def _expect_entries(self, entries: list[tuple[bytes, bytes, ObjectId]]) -> None:
        for mode, name, object_id in entries:
            if mode == MODE_SUBMODULE:
                self.submodules[object_id] = name
            else:
                self.expect(object_id, Kind.TREE if mode == MODE_TREE else Kind.BLOB)


def _malformed(kind: Kind, object_id: ObjectId) -> Skipped:
    return Skipped(kind, SkipReason.NOT_TRACED, object_id, detail=f"a malformed {kind}")
