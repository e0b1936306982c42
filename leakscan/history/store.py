"""What the object store should hold: packs, loose objects and alternates, listed by ourselves.

git's own listing stops early, and without a word, at a folder it cannot read; so the folders are
listed here, and whatever could not be listed becomes Skipped.
In: the objects folder. Out: every distinct object id in a good reading order.
"""

import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec import field

from leakscan.history.entries import Entries, PackDamagedError, read_entries
from leakscan.history.files import is_special, read_optional
from leakscan.history.forest import circular
from leakscan.history.pack import IndexDamagedError, read_index
from leakscan.model import Kind, ObjectId, Skipped, SkipReason
from leakscan.record import State

_ALTERNATES_LIMIT: Final = 1 << 20
_ALTERNATES_DEPTH: Final = 5
"""git follows alternates of alternates five deep. Source: object-file.c, `link_alt_odb_entry`."""
_HEX2 = re.compile(r"[0-9a-f]{2}\Z")


class Listing(State):
    """The distinct ids of a store in reading order, its alternates, and what was not listed."""

    ids: dict[ObjectId, None] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    alternates: list[bytes] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)
    packs: list[Entries] = field(default_factory=list)
    special: bool = False
    """A pipe or device stands in place of a file: git must not see the folders as they are."""


def list_store(objects: Path, id_bytes: int) -> Listing:
    """List the store and its alternates."""
    listing = Listing()
    seen: set[Path] = set()
    waiting = [(objects, 0)]
    while waiting:
        folder, depth = waiting.pop(0)
        resolved = folder.resolve()
        if resolved in seen:
            continue
        seen.add(resolved)
        listing.folders.append(folder)
        if depth:
            listing.alternates.append(os.fsencode(folder))
        _list_folder(folder, id_bytes, listing)
        waiting += [(other, depth + 1) for other in _alternates(folder, depth, listing)]
    return listing


def _list_folder(objects: Path, id_bytes: int, listing: Listing) -> None:
    loose: list[Path] = []
    try:
        for entry in os.scandir(objects):
            if entry.name == "pack" and entry.is_dir():
                _list_packs(Path(entry.path), id_bytes, listing)
            elif _HEX2.match(entry.name) and entry.is_dir():
                loose.append(Path(entry.path))
    except OSError as error:
        _skip(listing, Kind.PACK, SkipReason.UNREADABLE, objects, error)
    for folder in sorted(loose):
        _list_loose(folder, id_bytes, listing)


def _list_packs(folder: Path, id_bytes: int, listing: Listing) -> None:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        _skip(listing, Kind.PACK, SkipReason.UNREADABLE, folder, error)
        return
    names = {entry.name for entry in entries if not _note_special(entry, listing)}
    for name in sorted(names):
        if name.startswith("pack-") and name.endswith(".pack") and name[:-5] + ".idx" not in names:
            _skip(listing, Kind.PACK, SkipReason.DAMAGED, folder / name, "it has no index")
        if name.endswith(".idx"):
            has_pack = name[:-4] + ".pack" in names
            _list_pack(folder / name, id_bytes, listing, has_pack=has_pack)


def _list_pack(path: Path, id_bytes: int, listing: Listing, *, has_pack: bool) -> None:
    try:
        index = read_index(path, id_bytes)
    except (OSError, IndexDamagedError) as error:
        _skip(listing, Kind.PACK, SkipReason.DAMAGED, path, error)
        return
    if not has_pack:  # git will say that it cannot read them.
        listing.ids.update(dict.fromkeys(index.ids))
        return
    try:
        entries = read_entries(path.with_suffix(".pack"), index, id_bytes)
    except (OSError, PackDamagedError, ValueError) as error:
        _skip(listing, Kind.PACK, SkipReason.DAMAGED, path.with_suffix(".pack"), error)
        listing.ids.update(dict.fromkeys(index.ids))
        return
    _own(listing, entries, [index.ids[at] for at in index.order])
    listing.packs.append(entries)


def _own(listing: Listing, entries: Entries, ids: list[ObjectId]) -> None:
    """Take the ids of a pack, and have it answer for those that no other pack has."""
    fresh = dict.fromkeys(ids)
    if listing.ids.keys().isdisjoint(fresh) and len(fresh) == len(ids):
        listing.ids.update(fresh)
        return
    times = Counter(ids)
    for position, object_id in enumerate(ids):
        # Which of two entries of one id is meant, git decides.
        entries.owned[position] = object_id not in listing.ids and times[object_id] == 1
    listing.ids.update(fresh)


def circular_ids(listing: Listing) -> list[ObjectId]:
    """Return the ids that stand nowhere but in a circle of deltas."""
    found = [entries.id_of(position) for entries in listing.packs for position in circular(entries)]
    if not found:
        return []
    times = Counter(pack.id_of(at) for pack in listing.packs for at in range(len(pack)))
    return [one for one in found if times[one] == 1 and not _is_loose(listing, one)]


def _is_loose(listing: Listing, object_id: ObjectId) -> bool:
    name = object_id.hex()
    return any(os.path.lexists(folder / name[:2] / name[2:]) for folder in listing.folders)


def _list_loose(folder: Path, id_bytes: int, listing: Listing) -> None:
    try:
        for entry in os.scandir(folder):
            object_id = _loose_id(folder.name + entry.name, id_bytes)
            if object_id is None:
                continue
            if not _note_special(entry, listing):
                listing.ids[object_id] = None
    except OSError as error:
        _skip(listing, Kind.PACK, SkipReason.UNREADABLE, folder, error)


def _note_special(entry: os.DirEntry[str], listing: Listing) -> bool:
    if not is_special(entry):
        return False
    listing.special = True
    detail = "a pipe or a device, not a file"
    _skip(listing, Kind.PACK, SkipReason.UNREADABLE, Path(entry.path), detail)
    return True


def _loose_id(name: str, id_bytes: int) -> ObjectId | None:
    if len(name) != 2 * id_bytes:
        return None
    try:
        return ObjectId(bytes.fromhex(name))
    except ValueError:
        return None


def _alternates(objects: Path, depth: int, listing: Listing) -> Iterator[Path]:
    path = objects / "info" / "alternates"
    try:
        text = read_optional(path, _ALTERNATES_LIMIT)
    except OSError as error:
        text = b""
        listing.special = True  # git itself would wait for ever on a pipe here.
        _skip(listing, Kind.PACK, SkipReason.UNREADABLE, path, error)
    for line in (text or b"").split(b"\n"):
        if not line or line.startswith(b"#"):
            continue
        if line.startswith(b'"'):
            _skip(listing, Kind.PACK, SkipReason.UNSUPPORTED, path, "a quoted alternate")
            continue
        other = objects / os.fsdecode(line)
        if depth >= _ALTERNATES_DEPTH:
            _skip(
                listing,
                Kind.PACK,
                SkipReason.UNSUPPORTED,
                other,
                "alternates nest too deep for git",
            )
        elif not other.is_dir():
            _skip(listing, Kind.PACK, SkipReason.MISSING, other, "an alternate object folder")
        else:
            yield other


def _skip(
    listing: Listing, kind: Kind, reason: SkipReason, path: Path, why: Exception | str
) -> None:
    detail = (why.strerror if isinstance(why, OSError) else None) or str(why)
    listing.skipped.append(Skipped(kind, reason, path=os.fsencode(path), detail=detail))
