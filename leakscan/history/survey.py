"""What a scan takes from an object in the process that unpacked it.

In: objects, in any order and in several processes. Out: `Harvest`: what the inspector found, and
the facts about links, names and pointers that the main process puts together.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Final, Protocol

from msgspec import field

from leakscan.history.objects import CommitLinks, TagLink, parse_commit, parse_tag
from leakscan.history.treelines import MalformedTreeError, TreeText, read_change, read_tree
from leakscan.history.trees import TreeChanges
from leakscan.history.visit import COLD, Since
from leakscan.model import Content, Kind, ObjectId, Sighting, Skipped, SkipReason
from leakscan.record import Record, State

_LFS_HEADER: Final = b"version https://git-lfs.github.com/spec/"
_LFS_LIMIT: Final = 1024
_LFS_ID: Final = re.compile(rb"^oid sha256:([0-9a-f]{64})$", re.MULTILINE)
_MAX_DELTA: Final = 4096
"""Bytes of a delta that is followed however small the tree is; and 1/16 of a larger one."""
_NAMES: Final = 4096
_DUE: Final = 8 << 20
"""Bytes after which the progress is worth telling."""


class Inspector(Protocol):
    """Looks for credentials; made anew in each process."""

    @property
    def width(self) -> int:
        """Bytes that anything it suspects can span at most."""
        ...

    def suspects(self, data: bytes) -> bool:
        """Say whether there may be something: never no where `look` would find something."""
        ...

    def look(self, content: Content) -> Iterable[Sighting | Skipped]:
        """Yield what is there."""
        ...


MakeInspector = Callable[[], Inspector]
"""Is sent to other processes, so it must be possible to pickle it."""


class Harvest(State):
    """What came of some objects."""

    read: dict[Kind, list[ObjectId]] = field(default_factory=dict)
    bytes_scanned: int = 0
    found: list[Sighting | Skipped] = field(default_factory=list)
    commits: list[tuple[ObjectId, CommitLinks]] = field(default_factory=list)
    tags: list[tuple[ObjectId, TagLink]] = field(default_factory=list)
    trees: TreeChanges = field(default_factory=TreeChanges)
    lfs: set[bytes] = field(default_factory=set)

    def ids(self) -> Iterator[ObjectId]:
        """Yield the ids of all objects that were read."""
        return chain.from_iterable(self.read.values())


class _Tree(Record, frozen=True):
    """A tree with its number in the harvest."""

    number: int
    text: TreeText


class Surveyor:
    """Takes objects one after the other; the visitor of a walk, and of git's answers."""

    def __init__(self, inspector: Inspector, id_bytes: int) -> None:
        self.width = inspector.width
        self.suspects = inspector.suspects
        self._inspector = inspector
        self._id_bytes = id_bytes
        self._names: set[bytes] = set()
        self._harvest = Harvest()

    def take(self) -> Harvest:
        """Return the harvest since the last time."""
        harvest, self._harvest = self._harvest, Harvest()
        self._look_at_names(harvest)
        return harvest

    def take_in(self, content: Content) -> bool:
        """Take an object, or a piece of a huge one; say whether a harvest is due."""
        if content.start:
            self._harvest.bytes_scanned += len(content.data)
            self._look(content)
        elif content.object_id is not None:
            self.visit(content.kind, content.object_id, content.data, None)
        return self._harvest.bytes_scanned > _DUE

    def visit(self, kind: Kind, object_id: ObjectId, data: bytes, since: Since | None) -> object:
        """Take a whole object; return COLD, or for a tree what its versions are followed by."""
        state: object = None
        if kind is Kind.TREE:
            state = self._read_tree(object_id, data, since)
        elif not self._look(Content(kind, data, object_id)):
            state = COLD
        if kind in (Kind.COMMIT, Kind.TAG):
            self._read_links(kind, object_id, data)
        elif len(data) < _LFS_LIMIT and data.startswith(_LFS_HEADER):
            self._harvest.lfs.update(_LFS_ID.findall(data))
        # Counted last: where the memory ends before that, the object was not read.
        self.passed(kind, object_id, len(data))
        return state

    def see_copy(self, kind: Kind, object_id: ObjectId, data: bytes) -> None:
        """Look at a copy of an object that is counted elsewhere: it could lie about its id."""
        if kind is Kind.TREE:
            self._read_tree(object_id, data, None)
        else:
            self._look(Content(kind, data, object_id))

    def passed(self, kind: Kind, object_id: ObjectId, size_bytes: int) -> None:
        """Count an object."""
        self._harvest.read.setdefault(kind, []).append(object_id)
        self._harvest.bytes_scanned += size_bytes

    def _look(self, content: Content) -> bool:
        """Look for credentials; say whether there was anything suspicious."""
        if not self.suspects(content.data):
            return False
        self._harvest.found += self._inspector.look(content)
        return True

    def _read_links(self, kind: Kind, object_id: ObjectId, data: bytes) -> None:
        harvest = self._harvest
        if kind is Kind.COMMIT and (commit := parse_commit(data)) is not None:
            harvest.commits.append((object_id, commit))
        elif kind is Kind.TAG and (tag := parse_tag(data)) is not None:
            harvest.tags.append((object_id, tag))
        else:
            harvest.found.append(_malformed(kind, object_id))

    def _read_tree(self, object_id: ObjectId, data: bytes, since: Since | None) -> _Tree | None:
        parent = -1
        try:
            if since is not None and isinstance(base := since.state, _Tree):
                # Instructions take some hundred times their own size in memory.
                from leakscan.history.delta import instructions  # Only walks have changes.

                is_followed = len(since.delta) < _MAX_DELTA + len(data) // 16
                steps = instructions(since.size_bytes, since.delta) if is_followed else None
                text, parent = read_change(base.text, data, steps, self._id_bytes), base.number
            else:
                text = read_tree(data, self._id_bytes)
        except MalformedTreeError:
            self._harvest.found.append(_malformed(Kind.TREE, object_id))
            return None
        return _Tree(self._harvest.trees.add(object_id, parent, text.came, text.gone), text)

    def _look_at_names(self, harvest: Harvest) -> None:
        """Look at the names in trees that this process has not met: first at many in one go."""
        end = -self._id_bytes - 1
        names = {line[line.index(b" ") + 1 : end] for line in harvest.trees.lines} - self._names
        self._names |= names
        ordered = sorted(names)
        for start in range(0, len(ordered), _NAMES):
            some = ordered[start : start + _NAMES]
            if self.suspects(b"\0".join(some)):
                for name in some:
                    harvest.found += self._inspector.look(Content(Kind.PATH, name, name=name))


def _malformed(kind: Kind, object_id: ObjectId) -> Skipped:
    return Skipped(kind, SkipReason.NOT_TRACED, object_id, detail=f"a malformed {kind}")
