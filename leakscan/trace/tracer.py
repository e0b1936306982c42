"""From sightings to places: the whole trace over one source.

In: the values with their positions, and a source whose contents have been read. Out: `Traced`:
every event of every value in commit order, and what each ref holds.
"""

from typing import Final

from msgspec import field

from leakscan.history.base import Source
from leakscan.history.objects import MODE_SYMLINK
from leakscan.model import Kind, ObjectId, Skipped, SkipReason
from leakscan.record import Record, State
from leakscan.trace.events import MAX_PATH_BYTES, MAX_PATHS, Bits, PathEvent, commit_events
from leakscan.trace.graph import ancestors, topological
from leakscan.trace.marks import Marked, mark
from leakscan.trace.refs import Holders, absent_targets, anchors, holders, peel, tree_bits

HEAD: Final = b"HEAD"
_MAX_HEAD_PATHS: Final = 10 * MAX_PATHS
"""The tree of HEAD may hold what many commits brought."""


class TipPlace(Record, frozen=True, order=True):
    """Where a tip holds something: the ref and its object, path, blob, and whether a symlink."""

    ref: bytes
    commit: ObjectId
    path: bytes
    blob: ObjectId
    symlink: bool


class Traced(State):
    """Everything known about where values are.

    `events` come parents first. `unheld` are hit blobs that no commit's tree leads to; `named` has
    the ref and the path (empty for the blob itself) of those that a ref or tag leads to.
    `tip_places` are those of HEAD and, of a part of the history, those that only other tips have.
    """

    bits: Bits
    events: list[PathEvent] = field(default_factory=list)
    holders: Holders = field(default_factory=Holders)
    tip_places: list[TipPlace] = field(default_factory=list)
    order: dict[bytes, int] = field(default_factory=dict)
    unheld: set[ObjectId] = field(default_factory=set)
    named: dict[ObjectId, list[tuple[bytes, bytes]]] = field(default_factory=dict)
    submodules: set[bytes] = field(default_factory=set)
    skipped: list[Skipped] = field(default_factory=list)


def trace(source: Source, bits: Bits, damaged: dict[ObjectId, Skipped]) -> Traced:
    """Follow every value through every commit of the store.

    `damaged` are objects the source could not read. They get the path they would be at, and what
    is referred to but absent is added to `Traced.skipped`.
    """
    links = source.links
    absent_refs = absent_targets(source.refs, links)
    for entry in source.index:
        if entry.mode != b"160000":
            links.expect(entry.id, Kind.BLOB)
    for remembered in source.refs.reflog:
        if remembered.expected:
            links.expect(remembered.target, Kind.COMMIT)
    lost = set(links.absent) | set(damaged)
    declared = source.declared_submodules() if links.submodules else set()
    nested = {name for name in source.nested_repositories() if name not in declared}
    gitlinks = _undeclared(links.submodules, declared)
    if not (bits.blobs or bits.names or bits.commits or bits.tags or lost or gitlinks):
        return Traced(bits, submodules=declared | nested)
    marked = mark(
        links.trees,
        set(bits.blobs) | lost | gitlinks,
        bits.names.keys(),
        unknown=_lost_trees(source, damaged),
    )
    traced = Traced(bits, submodules=declared | nested)
    contains = _follow(source, marked, traced)
    traced.holders = holders(source.refs, links, marked, bits, contains)
    _add_tip_places(traced, source, marked)
    held_by_commits = _paths([commit.tree for commit in links.commits.values()], marked)
    traced.submodules |= {path for link, path in held_by_commits.items() if link in gitlinks}
    traced.unheld = set(bits.blobs).difference(held_by_commits)
    _add_named(traced, source, marked)
    traced.skipped += _explain(source, marked, damaged, absent_refs)
    return traced


def _follow(source: Source, marked: Marked, traced: Traced) -> dict[ObjectId, int]:
    """Add the events of every commit; return the values in the history of each."""
    links, bits = source.links, traced.bits
    contains: dict[ObjectId, int] = {}
    known: dict[ObjectId, int] = {}
    for commit in topological(links.commits):
        traced.order[commit] = len(traced.order)
        held = bits.commits.get(commit, 0)
        for parent in links.commits[commit].parents:
            held |= contains.get(parent, 0)
        if commit in source.outside:
            contains[commit] = held | tree_bits(links.commits[commit].tree, marked, bits, known)
            continue
        events, whole = commit_events(commit, links.commits, marked, bits)
        if not whole:
            traced.skipped.append(_too_many_paths(commit))
            held |= tree_bits(links.commits[commit].tree, marked, bits, known)
        for event in events:
            traced.events.append(event)
            held |= event.bits
        contains[commit] = held
    return contains


def _undeclared(submodules: dict[ObjectId, bytes], declared: set[bytes]) -> set[ObjectId]:
    """Return the gitlinks whose path no .gitmodules tells; a tree has only its last component."""
    last = {path.rpartition(b"/")[2] for path in declared}
    return {link for link, name in submodules.items() if name not in last}


def _too_many_paths(commit: ObjectId) -> Skipped:
    detail = f"more than {MAX_PATHS} paths, or longer than {MAX_PATH_BYTES} bytes, lead to a hit"
    return Skipped(Kind.COMMIT, SkipReason.NOT_TRACED, commit, detail=detail)


def _lost_trees(source: Source, damaged: dict[ObjectId, Skipped]) -> set[ObjectId]:
    """Return the trees that cannot be looked into; of a damaged object the kind may be unknown."""
    absent = {object_id for object_id, kind in source.links.absent.items() if kind is Kind.TREE}
    return absent | set(damaged)


def _add_tip_places(traced: Traced, source: Source, marked: Marked) -> None:
    """Note every hit in the tree of HEAD, and of a part of the history in those of all its refs."""
    seen: set[tuple[bytes, ObjectId, bool]] = set()
    trees: set[ObjectId] = set()
    for ref, target in _tips(source).items():
        tip = peel(source.links, target).target
        commit = source.links.commits.get(tip)
        tree = commit.tree if commit else tip
        if tree in trees:
            continue
        trees.add(tree)
        entries, whole = _walk(tree, marked)
        found = {
            (path, object_id, mode == MODE_SYMLINK)
            for path, mode, object_id in entries
            if object_id in traced.bits.blobs
        }
        traced.tip_places += [TipPlace(ref, tip, *place) for place in sorted(found - seen)]
        seen |= found
        if not whole or len(seen) > _MAX_HEAD_PATHS:
            traced.skipped.append(_too_many_paths(tip))
            break


def _tips(source: Source) -> dict[bytes, ObjectId]:
    """Return the tips whose trees count as the newest, HEAD first."""
    head = source.refs.head
    tips = {HEAD: head} if head is not None else {}
    return tips | source.refs.targets if source.target.scope is not None else tips


def _walk(tree: ObjectId, marked: Marked) -> tuple[list[tuple[bytes, bytes, ObjectId]], bool]:
    """Return (path, mode, id) of every marked entry below a tree, and whether that is all.

    The bound on paths also ends a circle, which only forged ids can make.
    """
    found: list[tuple[bytes, bytes, ObjectId]] = []
    stack = [(b"", tree)]
    whole = True
    while stack and len(found) < _MAX_HEAD_PATHS:
        prefix, current = stack.pop()
        if len(prefix) > MAX_PATH_BYTES:
            whole = False
            continue
        for name, entry in marked.children.get(current, {}).items():
            found.append((prefix + name, entry.mode, entry.id))
            if entry.is_tree:
                stack.append((prefix + name + b"/", entry.id))
    return found, whole and len(found) < _MAX_HEAD_PATHS


def _add_named(traced: Traced, source: Source, marked: Marked) -> None:
    """Note ref and path of the blobs that a ref leads to without a commit."""
    for name, target in sorted(anchors(source.refs).items()) if traced.unheld else ():
        tip = peel(source.links, target).target
        if tip in source.links.commits:
            continue
        entries, whole = _walk(tip, marked)
        if not whole:
            traced.skipped.append(_too_many_paths(tip))
        for path, _, object_id in [(b"", b"", tip), *entries]:
            if object_id in traced.unheld:
                traced.named.setdefault(object_id, []).append((name, path))


def _paths(trees: list[ObjectId], marked: Marked) -> dict[ObjectId, bytes]:
    """Return one path for every marked object below some trees, each subtree visited once.

    Which one of several does not depend on the order in which objects were read.
    """
    paths: dict[ObjectId, bytes] = dict.fromkeys(sorted(trees), b"")
    stack = [(b"", tree) for tree in paths]
    while stack:
        prefix, current = stack.pop()
        for name, entry in sorted(marked.children.get(current, {}).items()):
            if entry.id not in paths:
                paths[entry.id] = prefix + name
                if entry.is_tree:
                    # Very deep folders are still entered, under a name for what is above them.
                    above = prefix if len(prefix) < MAX_PATH_BYTES else b".../"
                    stack.append((above + name + b"/", entry.id))
    return paths


def _explain(
    source: Source,
    marked: Marked,
    damaged: dict[ObjectId, Skipped],
    absent_refs: dict[ObjectId, bytes],
) -> list[Skipped]:
    """Return Skipped for all that is damaged, and for what is absent and should be there.

    What only unreachable objects refer to may be absent: git itself prunes it.
    """
    links, refs = source.links, source.refs
    tips = {peel(links, target).target for target in anchors(refs).values()}
    tips |= {peel(links, target).target for target in refs.targets.values()}
    tips |= {peel(links, entry.target).target for entry in refs.reflog if entry.expected}
    reached = ancestors(links.commits, tips)
    kept = _paths([links.commits[commit].tree for commit in reached] + sorted(tips), marked)
    staged = {entry.id: entry.path for entry in source.index}
    kinds = _kinds(source, marked)
    skipped = [
        Skipped(
            kinds.get(object_id, item.kind),
            item.reason,
            object_id,
            path=kept.get(object_id) or staged.get(object_id) or item.path,
            detail=item.detail,
        )
        for object_id, item in damaged.items()
    ]
    parents: dict[ObjectId, ObjectId] = {
        parent: commit for commit in reached for parent in links.commits[commit].parents
    }
    reason = SkipReason.PROMISED if source.target.partial else SkipReason.MISSING
    for object_id, kind in sorted(links.absent.items()):
        if kind is Kind.COMMIT and parents.get(object_id) in source.shallow:
            continue
        if object_id in absent_refs:
            skipped.append(
                Skipped(
                    kind,
                    reason,
                    object_id,
                    detail="a ref points to it",
                    path=absent_refs[object_id],
                )
            )
        elif object_id in parents or object_id in kept or object_id in staged:
            path = kept.get(object_id) or staged.get(object_id, b"")
            skipped.append(Skipped(kind, reason, object_id, path=path))
    return skipped


def _kinds(source: Source, marked: Marked) -> dict[ObjectId, Kind]:
    """Return the kind that whatever refers to an object says it has."""
    kinds = {
        entry.id: Kind.TREE if entry.is_tree else Kind.BLOB
        for children in marked.children.values()
        for entry in children.values()
    }
    for commit in source.links.commits.values():
        kinds[commit.tree] = Kind.TREE
        kinds |= dict.fromkeys(commit.parents, Kind.COMMIT)
    return kinds | {tag.target: tag.kind for tag in source.links.tags.values()}
