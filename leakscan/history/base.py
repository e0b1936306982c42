"""The interfaces between reading a store and everything after it.

A `Reader` turns ids into contents and is what another way of reading packs implements too; a
`Source` is everything a scan has to look at.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from leakscan.model import Content, ObjectId, Skipped, Target

if TYPE_CHECKING:
    from leakscan.history.gitfiles import IndexEntry
    from leakscan.history.glance import Glance
    from leakscan.history.links import Links
    from leakscan.history.refs import Refs
    from leakscan.history.survey import Harvest, MakeInspector


class WholeReader(Protocol):
    """Reads objects that have to be whole to be understood."""

    def read_whole(self, ids: Sequence[ObjectId]) -> Iterator[Content | Skipped]:
        """Yield each object in one piece, in the order of ids; a huge one is Skipped."""
        ...


class Reader(WholeReader, Protocol):
    """Reads objects. Every id asked for is answered: by Content, or by Skipped with the reason."""

    def read(self, ids: Sequence[ObjectId]) -> Iterator[Content | Skipped]:
        """Yield each object once, in any order; a huge blob comes in pieces."""
        ...


class Source(Protocol):
    """Everything to look at, and the facts the trace needs: whole once `contents` has ended.

    `outside` are commits that are only compared with: what they did is not looked at. `staged` is
    the commit that stands for an index.
    """

    refs: "Refs"
    index: "list[IndexEntry]"
    shallow: frozenset[ObjectId]
    reader: Reader
    outside: set[ObjectId]
    staged: ObjectId | None

    @property
    def links(self) -> "Links":
        """What refers to what."""
        ...

    @property
    def target(self) -> Target:
        """What is scanned."""
        ...

    @property
    def expected(self) -> int:
        """Distinct objects the store lists; all of them once `contents` has begun."""
        ...

    def contents(
        self, make_inspector: "MakeInspector"
    ) -> "Iterator[Content | Skipped | Harvest | Glance]":
        """Yield what came of the objects, then ref names, index paths and git's own files.

        Objects and the names in trees are looked at where they are read; the rest is Content.
        """
        ...

    def declared_submodules(self) -> set[bytes]:
        """Return the paths of submodules that the repository declares."""
        ...

    def nested_repositories(self) -> set[bytes]:
        """Return the submodules whose own git directory lies in the scanned one."""
        ...

    def lfs_objects(self) -> set[bytes]:
        """Return the ids of LFS objects that the repository points to."""
        ...
