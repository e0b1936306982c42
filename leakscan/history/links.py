"""What objects refer to, put together from what each process met.

In: harvests. Out: the commit graph for the trace, and every id that something refers to but the
store does not hold.
"""

from collections.abc import Collection

from leakscan.history.objects import (
    MODE_SUBMODULE,
    MODE_TREE,
    CommitLinks,
    TagLink,
)
from leakscan.history.survey import Harvest
from leakscan.history.trees import TreeIndex
from leakscan.model import Kind, ObjectId

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
        self.trees = TreeIndex(id_bytes)
        self.absent: dict[ObjectId, Kind] = {}
        self.submodules: dict[ObjectId, bytes] = {}
        """The commits that gitlinks name, each with the last component of a path it is at."""
        self.gitmodules: set[ObjectId] = set()

    def add(self, harvest: Harvest) -> None:
        """Note what some objects refer to."""
        self.tags.update(harvest.tags)
        for object_id, commit in harvest.commits:
            self.commits[object_id] = commit
            self.expect(commit.tree, Kind.TREE)
            for parent in commit.parents:
                self.expect(parent, Kind.COMMIT)
        for _, tag in harvest.tags:
            self.expect(tag.target, tag.kind)
        for mode, name, object_id in self.trees.add(harvest.trees):
            if name == b".gitmodules":
                self.gitmodules.add(object_id)
            if object_id in self._known:
                continue
            if mode == MODE_SUBMODULE:
                # The order of harvests must not decide.
                self.submodules[object_id] = min(name, self.submodules.get(object_id, name))
            else:
                self.expect(object_id, Kind.TREE if mode == MODE_TREE else Kind.BLOB)

    def expect(self, object_id: ObjectId, kind: Kind) -> None:
        """Note that something refers to an object, which therefore should be there."""
        if object_id not in self._known and object_id not in _EMPTY_OBJECTS:
            # Referred to as two kinds, which only forgery does, it counts as the one that leads on.
            self.absent[object_id] = max(kind, self.absent.get(object_id, kind))
