"""What a range scan looks at: all that some objects reach and some others do not.

Part of the history stage. In: what git tells a hook, or what a user asked for. Out: `Selection`,
and the ids that `git rev-list` finds for it.
Source: git documentation, githooks (pre-push, pre-receive), git-rev-list, gitrevisions.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from msgspec import field
from msgspec.structs import replace

from leakscan.errors import ExitCode, LeakscanError
from leakscan.history.git import Git, GitError
from leakscan.history.locate import Layout
from leakscan.history.refs import object_id, read_head, read_targets
from leakscan.history.remotes import (
    head_commit,
    promises,
    remote_name,
    tracked,
    tracked_of_all,
    without_password,
)
from leakscan.model import ObjectId, Scope, ScopeKind
from leakscan.record import Record, State

_LINES_LIMIT: Final = 1 << 32
_LOCAL: Final = (b"refs/heads", b"refs/tags", b"refs/notes")


class RangeError(LeakscanError):
    """The range that was asked for does not exist."""

    code = ExitCode.USAGE


class EmptyRangeError(LeakscanError):
    """The range holds nothing: whoever asked for it expected something to be looked at."""

    code = ExitCode.INCOMPLETE


class HookInputError(LeakscanError):
    """What came on stdin is not what git writes to a hook."""

    code = ExitCode.USAGE


class Update(Record, frozen=True):
    """A ref that a push changes: `old` and `new` are None where it is created or deleted."""

    ref: bytes
    old: ObjectId | None
    new: ObjectId | None


class Selection(Record, frozen=True):
    """The objects that any of `include` reaches and none of `exclude`.

    `include` maps the name to show to the object. `names` are ref names that become visible with
    it. `head` is the commit whose tree counts as the newest. `staged` is the commit that stands for
    an index. Objects that are not here and `promised` are held by whoever gets the range.
    """

    scope: Scope
    include: Mapping[bytes, ObjectId]
    exclude: tuple[ObjectId, ...] = ()
    names: tuple[bytes, ...] = ()
    head: ObjectId | None = None
    staged: ObjectId | None = None
    promised: bool = False


class Listed(State):
    """The ids of a range, commits first, and those that should be here and are not."""

    ids: list[ObjectId] = field(default_factory=list)
    missing: list[ObjectId] = field(default_factory=list)


def parse_pushed(text: bytes, id_bytes: int) -> list[Update]:
    """Return what `git push` writes to its pre-push hook, by remote ref. Raises HookInputError."""
    updates = []
    for number, words in _lines(text, 4):
        new, old = _id(words[1], id_bytes, number), _id(words[3], id_bytes, number)
        updates.append(Update(words[2], old, new))
    return updates


def parse_received(text: bytes, id_bytes: int) -> list[Update]:
    """Return what git writes to a pre-receive hook. Raises HookInputError."""
    updates = []
    for number, words in _lines(text, 3):
        old, new = _id(words[0], id_bytes, number), _id(words[1], id_bytes, number)
        updates.append(Update(words[2], old, new))
    return updates


def of_push(layout: Layout, updates: Sequence[Update], remote: str, url: str) -> Selection:
    """Select what a push brings to a remote. The remote is a name, or the URL itself."""
    name = remote_name(layout, remote, url)
    known = {update.old for update in updates if update.old is not None}
    followed = tracked(layout, name, url)
    if _are_of(followed, updates):
        known |= set(followed.values())
    new = _by_ref(updates)
    shown = (name or without_password(url or remote)).encode("utf-8", "surrogateescape")
    return Selection(
        Scope(ScopeKind.PUSH, tuple(new), (shown,) if shown else ()),
        new,
        tuple(sorted(known)),
        names=_created(updates),
        head=_newest(layout, new),
        promised=promises(layout, name, url),
    )


def of_unpushed(layout: Layout, remote: str, url: str, also: Sequence[str] = ()) -> Selection:
    """Select all of branches, tags, notes and HEAD that no ref of the remote reaches.

    For hook managers that do not pass on which refs are pushed; `also` are ids they name. Without
    a remote and a URL the refs of all remotes count.
    """
    name = remote_name(layout, remote, url)
    local = read_targets(layout, *_LOCAL).targets
    head = head_commit(layout)
    named = {text.encode(): object_id(text.encode(), layout.id_bytes) for text in also}
    named[b"HEAD"] = head
    local |= {text: one for text, one in named.items() if one is not None}
    followed = tracked(layout, name, url)
    known = set(followed.values()) if remote or url else tracked_of_all(layout)
    shown = name or without_password(url or remote) or "all remotes"
    return Selection(
        Scope(ScopeKind.PUSH, (b"all branches and tags",), (shown.encode(),)),
        local,
        tuple(sorted(known)),
        names=tuple(ref for ref in local if ref.startswith(b"refs/")),
        head=head,
        promised=promises(layout, name, url),
    )


def of_received(layout: Layout, updates: Sequence[Update]) -> Selection:
    """Select what a receiving repository would get that none of its refs reaches.

    The old ids are what the client says; it could name what it brings.
    """
    known = set(read_targets(layout, b"refs").targets.values())
    new = _by_ref(updates)
    return Selection(
        Scope(ScopeKind.RECEIVE, tuple(new), (b"all refs",)),
        new,
        tuple(sorted(known)),
        names=_created(updates),
        head=next(iter(new.values()), None),
    )


def _by_ref(updates: Sequence[Update]) -> dict[bytes, ObjectId]:
    """Return what is brought, by ref; a ref that is named twice brings both."""
    new: dict[bytes, ObjectId] = {}
    for number, update in enumerate(updates, 1):
        if update.new is not None:
            name = update.ref if update.ref not in new else b"%b (line %d)" % (update.ref, number)
            new[name] = update.new
    return new


def _created(updates: Sequence[Update]) -> tuple[bytes, ...]:
    return tuple(item.ref for item in updates if item.old is None and item.new is not None)


def _are_of(followed: Mapping[bytes, ObjectId], updates: Sequence[Update]) -> bool:
    """Say whether tracking refs may be those of the remote that is pushed to.

    They are not where it has none of the refs that they follow: its URL was changed.
    """
    known = set(followed.values())
    has_lost = any(update.old is None and update.ref in followed for update in updates)
    return not has_lost or any(update.old in known for update in updates)


def of_range(layout: Layout, git: Git, text: str) -> Selection:
    """Select a range as git writes one: `A..B`, `A...B`, or `B` alone for all that it reaches.

    Raises RangeError for a name that git does not know here.
    """
    know_refs(layout, git)
    if text.startswith("-"):
        raise RangeError(f"{text} is no range.", hint="Write it as A..B, for example main..HEAD.")
    try:
        lines = git.run(["rev-parse", text, "--"], limit_bytes=1 << 20).split()
    except GitError:
        raise RangeError(
            f"{text} names no commits of this repository.",
            hint="Write A..B with branches, tags or commits that are here; in CI fetch them first.",
        ) from None
    ids = [(line[:1] == b"^", object_id(line.lstrip(b"^"), layout.id_bytes)) for line in lines]
    include = [one for excluded, one in ids if one is not None and not excluded]
    exclude = [one for excluded, one in ids if one is not None and excluded]
    newest = text.rpartition("..")[2].lstrip(".") or "HEAD"
    if "..." in text and include:
        # git gives both sides; what B has and A has not is what a pull request brings.
        base, include = include[1:], include[:1]
        exclude += base
    return Selection(
        Scope(ScopeKind.RANGE, (text.encode("utf-8", "surrogateescape"),)),
        {newest.encode("utf-8", "surrogateescape"): one for one in include},
        tuple(sorted(exclude)),
        head=include[0] if include else None,
    )


def of_since(layout: Layout, git: Git, oldest: int, text: str) -> Selection:
    """Select what the commits that refs and HEAD reach, and tags, brought since a time.

    That is every commit of that time, and every commit that builds on one, whatever its own date.
    """
    know_refs(layout, git)
    include: dict[bytes, ObjectId] = {}
    shown = "%(objectname) %(*objectname) %(taggerdate:unix) %(refname)"
    for line in git.run(["for-each-ref", f"--format={shown}"]).splitlines():
        target, peeled, tagged, name = line.split(b" ", 3)
        # The text of an older tag is as old as the tag; what it names may be newer.
        is_old_tag = tagged and int(tagged) < oldest
        one = object_id(peeled if peeled and is_old_tag else target, layout.id_bytes)
        if one is not None:
            include[name] = one
    head = head_commit(layout)
    if head is not None:
        include[b"HEAD"] = head
    scope = Scope(ScopeKind.SINCE, (text.encode("utf-8", "surrogateescape"),))
    older = _older(git, set(include.values()), oldest, layout.id_bytes)
    return Selection(scope, include, tuple(sorted(older)), head=head)


def _older(git: Git, tips: Iterable[ObjectId], oldest: int, id_bytes: int) -> set[ObjectId]:
    """Return the tips and parents that are older than a time, with all they descend from."""
    command = ["rev-list", "--topo-order", "--reverse", "--parents", "--timestamp", "--stdin"]
    feed = [tip.hex().encode("ascii") + b"\n" for tip in tips]
    recent: set[bytes] = set()
    edges: set[bytes] = {tip.hex().encode("ascii") for tip in tips}
    known: set[bytes] = set()
    for line in git.run(command, feed=feed, limit_bytes=_LINES_LIMIT).splitlines():
        time, commit, *parents = line.split(b" ")
        known.add(commit)
        if int(time) >= oldest or not recent.isdisjoint(parents):
            recent.add(commit)
            edges.update(parents)
    found = (object_id(edge, id_bytes) for edge in (edges & known) - recent)
    return {one for one in found if one is not None}


def list_range(git: Git, selection: Selection) -> Listed:
    """Return the ids that a selection holds. Raises GitError where history cannot be walked."""
    try:
        return _list(git, selection)
    except GitError:
        # What is excluded may be gone: a tracking ref outlives objects that were pruned.
        here = _present(git, selection.exclude)
        if len(here) == len(selection.exclude):
            raise
        return _list(git, replace(selection, exclude=here))


def know_refs(layout: Layout, git: Git) -> None:
    """Teach git the names of the repository's refs."""
    head = b"ref: refs/heads/none"
    with suppress(OSError):
        head = read_head(layout)
    git.know_refs(read_targets(layout, b"refs").targets, head)


def _list(git: Git, selection: Selection) -> Listed:
    lines = [target.hex().encode("ascii") + b"\n" for target in set(selection.include.values())]
    lines += [b"^" + target.hex().encode("ascii") + b"\n" for target in selection.exclude]
    command = ["rev-list", "--objects", "--no-object-names", "--missing=print", "--stdin"]
    listed = Listed()
    for line in git.run(command, feed=lines, limit_bytes=_LINES_LIMIT).split():
        if line.startswith(b"?"):
            listed.missing.append(ObjectId(bytes.fromhex(line[1:].decode("ascii"))))
        else:
            listed.ids.append(ObjectId(bytes.fromhex(line.decode("ascii"))))
    return listed


def _present(git: Git, ids: Iterable[ObjectId]) -> tuple[ObjectId, ...]:
    """Return the objects that are in the store."""
    feed = [target.hex().encode("ascii") + b"\n" for target in ids]
    answer = git.run(["cat-file", "--batch-check=%(objectname)"], feed=feed)
    lines = [line for line in answer.splitlines() if not line.endswith(b" missing")]
    return tuple(ObjectId(bytes.fromhex(line.decode("ascii"))) for line in lines)


def _newest(layout: Layout, new: Mapping[bytes, ObjectId]) -> ObjectId | None:
    """Return HEAD if it is pushed, else the first that is."""
    head = head_commit(layout)
    return head if head in new.values() else next(iter(new.values()), None)


def _lines(text: bytes, words: int) -> Iterable[tuple[int, list[bytes]]]:
    for number, line in enumerate(text.splitlines(), 1):
        # From the right: a source such as `HEAD@{1 day ago}` is written as it was given.
        parts = line.rsplit(b" ", words - 1)
        if len(parts) != words:
            raise HookInputError(f"Line {number} of stdin is not what git writes to this hook.")
        yield number, parts


def _id(text: bytes, id_bytes: int, number: int) -> ObjectId | None:
    """Return the id; None for the zeros that stand for none."""
    found = object_id(text, id_bytes)
    if found is None:
        raise HookInputError(f"Line {number} of stdin has no object id where git writes one.")
    return found if any(found) else None
