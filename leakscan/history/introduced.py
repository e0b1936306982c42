"""A range as a `Source`: the objects that it brings, and what they are compared with.

In: a `Layout`, a `Git` and a `Selection`. Out: Content, Skipped and Harvests like those of a whole
store, so that the same stages follow. The versions before the range are read only where something
was found, and only where they differ.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from leakscan.history.ahead import Ahead
from leakscan.history.catfile import CatFile
from leakscan.history.git import Git
from leakscan.history.glance import Glance, glance
from leakscan.history.locate import Layout
from leakscan.history.refs import Refs, read_shallow
from leakscan.history.selection import Listed, Selection, list_range
from leakscan.model import Content, Kind, ObjectId, Sighting, Skipped, SkipReason, Target

if TYPE_CHECKING:
    from leakscan.history.base import Reader
    from leakscan.history.gitfiles import IndexEntry
    from leakscan.history.links import Links
    from leakscan.history.survey import Harvest, MakeInspector, Surveyor


class _Anything(Collection[ObjectId]):
    """Holds every id: what a range refers to and does not hold is on its excluded side."""

    def __contains__(self, _: object) -> bool:
        return True

    def __iter__(self) -> Iterator[ObjectId]:
        return iter(())

    def __len__(self) -> int:
        return 0


class RangeSource:
    """What one selection holds; see `history.base.Source`.

    `shallow_file` stands for the repository's own where git names another. What is left of the
    comparison when `is_over` is Skipped.
    """

    def __init__(
        self,
        layout: Layout,
        git: Git,
        selection: Selection,
        shallow_file: Path | None = None,
        is_over: Callable[[], bool] = lambda: False,
    ) -> None:
        self._layout = layout
        self._git = git
        self._is_over = is_over
        self._selection = selection
        self._skipped = list(layout.problems)
        self.shallow = self._read_shallow(git, shallow_file)
        self.reader: Reader = CatFile(git)
        # While git walks, others can be imported: a push waits for the slower of the two.
        self._listing = Ahead(lambda: list_range(git, selection))
        self.refs = Refs(targets=dict(selection.include), head=selection.head)
        self.index: list[IndexEntry] = []
        self.outside: set[ObjectId] = set()
        self.staged = selection.staged
        self._commits = 0

    @cached_property
    def _listed(self) -> Listed:
        return self._listing.result()

    @cached_property
    def _expected(self) -> dict[ObjectId, None]:
        return dict.fromkeys(self._listed.ids)

    @cached_property
    def links(self) -> "Links":
        """The graph of the range; only where something was found."""
        from leakscan.history.links import Links

        return Links(_Anything(), self._layout.id_bytes)

    @property
    def expected(self) -> int:
        """Distinct objects to read: those of the range, and what they are compared with."""
        return len(self._expected) + len(self._missing())

    @property
    def is_empty(self) -> bool:
        """Whether the selection brings nothing at all, and nothing is in doubt."""
        return not (self._skipped or self._expected or self._missing() or self._selection.names)

    @property
    def target(self) -> Target:
        """The repository, and the part of it that was asked for."""
        layout, refs = self._layout, self.refs
        commits = self._commits - (self.staged is not None)
        return Target(
            path=str(layout.top),
            head=refs.head.hex().encode("ascii") if refs.head else None,
            refs=len(refs.targets),
            shallow=bool(self.shallow),
            partial=layout.partial,
            alternates=(),
            replace_refs=0,
            grafts=False,
            object_format=layout.object_format,
            scope=replace(self._selection.scope, commits=commits),
        )

    @property
    def before(self) -> set[ObjectId]:
        """What the excluded side is: the commits that were named, and parents outside the range."""
        return self.outside.union(self._selection.exclude)

    def contents(
        self, make_inspector: "MakeInspector"
    ) -> "Iterator[Content | Skipped | Harvest | Glance]":
        """Yield the objects of the range, the names it brings, and then what it is compared with.

        See `Source.contents`.
        """
        yield from self._skipped
        reason = SkipReason.PROMISED if self._layout.partial else SkipReason.MISSING
        for object_id in self._missing():
            yield Skipped(Kind.BLOB, reason, object_id)
        if not self._expected and not self._selection.names:
            return
        for name in self._selection.names:
            yield Content(Kind.REF, name, name=name)
        seen = yield from glance(self.reader.read(self._listed.ids), make_inspector())
        if seen is not None:
            self._commits = len(seen.read.get(Kind.COMMIT, ()))
            yield seen
        else:
            yield from self._closely(make_inspector)

    def _closely(self, make_inspector: "MakeInspector") -> "Iterator[Skipped | Harvest]":
        """Yield what came of the objects, and of what they are compared with."""
        from leakscan.history.survey import Surveyor

        surveyor = Surveyor(make_inspector(), self._layout.id_bytes)
        has_found = False
        for item in self._survey(self._listed.ids, surveyor):
            if not isinstance(item, Skipped):
                self._commits += len(item.read.get(Kind.COMMIT, ()))
                has_found = has_found or _has_sighting(item)
            yield item
        # Where nothing is excluded, all that the range is compared with is in it.
        if has_found and self._selection.exclude:
            yield from self._context(surveyor)

    def declared_submodules(self) -> set[bytes]:
        """Return none: they are the whole repository's."""
        return set()

    def nested_repositories(self) -> set[bytes]:
        """Return none: they are the whole repository's."""
        return set()

    def lfs_objects(self) -> set[bytes]:
        """Return none: they are the whole repository's."""
        return set()

    def _missing(self) -> list[ObjectId]:
        """Return what should be here; what is promised by the one who gets the range is there."""
        return [] if self._selection.promised else self._listed.missing

    def _survey(
        self, ids: Sequence[ObjectId], surveyor: "Surveyor"
    ) -> "Iterator[Harvest | Skipped]":
        for item in self.reader.read(ids):
            if isinstance(item, Skipped):
                yield item
            elif surveyor.take_in(item):
                yield self._added(surveyor.take())
        yield self._added(surveyor.take())

    def _context(self, surveyor: "Surveyor") -> "Iterator[Harvest | Skipped]":
        """Yield what came of the versions before; one that cannot be read has nothing."""
        from leakscan.history.context import context_of
        from leakscan.history.dialogue import Dialogue

        with Dialogue(self._git) as reader:
            inside = self._expected.keys()
            context = context_of(self.links.commits, reader, inside, self._is_over)
        yield from context.skipped
        self.outside |= context.parents.keys()
        self.links.commits.update(context.parents)
        for item in self._survey(list(context.objects), surveyor):
            if not isinstance(item, Skipped):
                self._expected.update(dict.fromkeys(item.ids()))
                yield item

    def _added(self, harvest: "Harvest") -> "Harvest":
        self.links.add(harvest)
        return harvest

    def _read_shallow(self, git: Git, file: Path | None) -> frozenset[ObjectId]:
        try:
            text, commits = read_shallow(self._layout, file)
        except (OSError, ValueError) as error:
            self._skipped.append(
                Skipped(Kind.GIT_FILE, SkipReason.DAMAGED, path=b"shallow", detail=str(error))
            )
            return frozenset()
        if commits:
            git.know_shallow(text)
        return commits


def _has_sighting(harvest: "Harvest") -> bool:
    return any(isinstance(item, Sighting) for item in harvest.found)
