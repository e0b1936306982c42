"""A whole repository as a `Source`: every object of its store, reachable or not, and its names.

In: a `Layout` and a `Git`. Out: Content and Skipped, once each, and the facts for the trace.
"""

import os
from collections.abc import Iterator

from leakscan.history.base import Reader
from leakscan.history.catfile import CatFile
from leakscan.history.forest import batches
from leakscan.history.git import Git, GitError
from leakscan.history.gitfiles import (
    IndexEntry,
    git_files,
    nested_repositories,
    read_indexes,
)
from leakscan.history.links import Links
from leakscan.history.locate import Layout, submodule_paths
from leakscan.history.refs import read_refs, read_shallow, with_plain_refs
from leakscan.history.store import Listing, circular_ids, list_store
from leakscan.history.survey import Harvest, MakeInspector, Surveyor
from leakscan.history.workers import Pool, Setup, survey
from leakscan.model import Content, Kind, ObjectId, Skipped, SkipReason, Target
from leakscan.record import Record


class Reading(Record, frozen=True):
    """How to read: the largest deltified object to unpack, and the processes that read packs.

    Without a pool every object is read through git: slower, and the oracle of the tests.
    """

    limit_bytes: int
    pool: Pool | None


class StoreSource:
    """The whole history of one repository; see `history.base.Source`."""

    def __init__(self, layout: Layout, git: Git, reading: Reading) -> None:
        self._layout = layout
        self._git = git
        self._reading = reading
        self._listing = list_store(layout.objects, layout.id_bytes)
        if self._listing.special:
            git.borrow(self._listing.folders)
        self.reader: Reader = CatFile(git)
        self.links = Links(self._listing.ids, layout.id_bytes)
        if layout.ref_format != "files":
            self._layout = with_plain_refs(layout, git, everywhere=True)
        self.refs = read_refs(self._layout)
        self.index: list[IndexEntry] = []
        self._lfs: set[bytes] = set()
        self.shallow = self._read_shallow()
        self.outside: set[ObjectId] = set()
        self.staged: ObjectId | None = None
        self.target = self._describe()

    @property
    def expected(self) -> int:
        """Distinct objects the store lists: all of them once `contents` has begun."""
        return len(self._listing.ids)

    def contents(self, make_inspector: MakeInspector) -> Iterator[Content | Skipped | Harvest]:
        """Yield the store's objects, then names, then git's own files; see `Source.contents`."""
        for item in self._objects(make_inspector):
            if isinstance(item, Skipped):
                yield self._listed(item)
                continue
            self.links.add(item)
            self._lfs |= item.lfs
            yield item
        yield from self._listing.skipped
        yield from self._layout.problems
        yield from self._names()
        yield from git_files(self._layout)

    def _objects(self, make_inspector: MakeInspector) -> Iterator[Harvest | Skipped]:
        """Yield what came of every listed object: families first, what they leave through git."""
        packs = self._listing.packs if self._reading.pool else []
        pool = self._reading.pool or Pool()
        setup = Setup(
            packs,
            batches(packs, pool.jobs),
            make_inspector,
            self._layout.id_bytes,
            self._reading.limit_bytes,
        )
        with survey(setup, pool) as harvests:
            self._add_what_git_lists(self._listing)  # While the others read.
            missing = dict.fromkeys(self._listing.ids)
            for harvest in harvests:
                for object_id in harvest.ids():
                    missing.pop(object_id, None)
                yield harvest
        for object_id in circular_ids(self._listing) if missing else ():
            if object_id in missing:
                del missing[object_id]
                detail = "a delta that is made from itself"
                yield Skipped(Kind.BLOB, SkipReason.DAMAGED, object_id, detail=detail)
        surveyor = Surveyor(make_inspector(), self._layout.id_bytes)
        for item in self.reader.read(list(missing)):
            if isinstance(item, Skipped):
                yield item
                continue
            try:
                is_due = surveyor.take_in(item)
            except MemoryError:
                detail = "more than the memory there is"
                yield Skipped(item.kind, SkipReason.TOO_LARGE, item.object_id, detail=detail)
                continue
            if is_due:
                yield surveyor.take()
        yield surveyor.take()

    def declared_submodules(self) -> set[bytes]:
        """Return the paths that any version of a .gitmodules declares."""
        stored = sorted(self.links.gitmodules & self._listing.ids.keys())
        return {
            path
            for item in self.reader.read_whole(stored)
            if isinstance(item, Content)
            for path in submodule_paths(item.data)
        }

    def nested_repositories(self) -> set[bytes]:
        """Return the submodules whose own git directory lies in the scanned one."""
        return nested_repositories(self._layout)

    def lfs_objects(self) -> set[bytes]:
        """Return the LFS object ids that pointers met in the contents so far name."""
        return self._lfs

    def _add_what_git_lists(self, listing: Listing) -> None:
        """Ask git for its own list as well: what either of us sees has to be read."""
        command = ["cat-file", "--batch-all-objects", "--batch-check=%(objectname)", "--unordered"]
        try:
            lines = self._git.run(command, limit_bytes=1 << 34)
        except GitError as error:
            listing.skipped.append(
                Skipped(Kind.PACK, SkipReason.DAMAGED, path=b"objects", detail=error.message)
            )
            return
        for line in lines.split():
            listing.ids.setdefault(ObjectId(bytes.fromhex(line.decode("ascii"))))

    def _names(self) -> Iterator[Content | Skipped]:
        yield from self.refs.skipped
        for name in sorted({*self.refs.targets, *self.refs.worktree_heads}):
            yield Content(Kind.REF, name, name=name)
        for entry in read_indexes(self._layout, self._git):
            if isinstance(entry, Skipped):
                yield entry
                continue
            self.index.append(entry)
            yield Content(Kind.INDEX, entry.path, name=entry.path)

    def _listed(self, skipped: Skipped) -> Skipped:
        """Say what is wrong with an object that the store lists and git cannot read."""
        assert skipped.object_id is not None
        reason, detail = skipped.reason, skipped.detail
        if reason is SkipReason.MISSING:
            reason, detail = SkipReason.DAMAGED, detail or "listed, but git cannot read it"
        if reason is SkipReason.DAMAGED and self._is_forbidden(skipped.object_id):
            reason, detail = SkipReason.UNREADABLE, "permission denied"
        return Skipped(skipped.kind, reason, skipped.object_id, detail=detail)

    def _is_forbidden(self, object_id: ObjectId) -> bool:
        name = object_id.hex()
        for folder in self._listing.folders:
            try:
                (folder / name[:2] / name[2:]).open("rb").close()
            except PermissionError:
                return True
            except OSError:
                continue
        return False

    def _read_shallow(self) -> frozenset[ObjectId]:
        try:
            return read_shallow(self._layout)[1]
        except (OSError, ValueError) as error:
            self.refs.skipped.append(
                Skipped(Kind.GIT_FILE, SkipReason.DAMAGED, path=b"shallow", detail=str(error))
            )
            return frozenset()

    def _describe(self) -> Target:
        refs = self.refs
        detached = refs.head.hex().encode("ascii") if refs.head else None
        grafts = self._layout.common_dir / "info" / "grafts"
        return Target(
            path=str(self._layout.top),
            head=refs.head_ref or detached,
            refs=len(refs.targets),
            shallow=bool(self.shallow),
            partial=self._layout.partial,
            alternates=tuple(self._listing.alternates),
            replace_refs=sum(name.startswith(b"refs/replace/") for name in refs.targets),
            grafts=os.path.lexists(grafts),
            object_format=self._layout.object_format,
        )
