"""The text of git's own objects: commits, tags and trees as git stores them.

In: whole object bytes. Out: the links and names in them. A malformed object gives None, which
the caller reports; nothing here guesses.
Source: git documentation, gitformat-pack and "Git Internals - Git Objects".
"""

import re
from datetime import UTC, datetime, timedelta

from leakscan.model import Kind, ObjectId
from leakscan.record import Record

MODE_TREE = b"40000"
MODE_SYMLINK = b"120000"
MODE_SUBMODULE = b"160000"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_IDENT = re.compile(rb"(.*?) ?<([^>\n]*)> ?(-?\d{1,20})?")


class CommitLinks(Record, frozen=True):
    """What a commit points to, and its committer time in seconds since 1970."""

    tree: ObjectId
    parents: tuple[ObjectId, ...]
    time: int


class Ident(Record, frozen=True):
    """A name, an e-mail and a time; the time is None where it is no date."""

    name: bytes
    email: bytes
    date: datetime | None


class TagLink(Record, frozen=True):
    """What an annotated tag points to, and its name."""

    target: ObjectId
    kind: Kind
    name: bytes


def parse_commit(data: bytes) -> CommitLinks | None:
    """Return tree, parents and committer time, or None if the header is malformed."""
    header = data.partition(b"\n\n")[0].split(b"\n")
    tree = _link(header[0], b"tree ")
    if tree is None:
        return None
    parents: list[ObjectId] = []
    time = 0
    for line in header[1:]:
        if line.startswith(b"parent "):
            parent = _link(line, b"parent ")
            if parent is None:
                return None
            parents.append(parent)
        elif line.startswith(b"committer "):
            time = _seconds(line)
            break
    return CommitLinks(tree, tuple(parents), time)


def parse_author(data: bytes) -> Ident:
    """Return the author's name and e-mail with the committer's date: when it entered history."""
    header = data.partition(b"\n\n")[0].split(b"\n")
    author = next((line[7:] for line in header if line.startswith(b"author ")), b"")
    committer = next((line for line in header if line.startswith(b"committer ")), b"")
    found = _IDENT.match(author)
    name, email = (found.group(1), found.group(2)) if found else (author, b"")
    return Ident(name, email, to_date(_seconds(committer)) if committer else None)


def parse_tag(data: bytes) -> TagLink | None:
    """Return what the tag points to, or None if the header is malformed."""
    header = data.partition(b"\n\n")[0].split(b"\n")
    target = _link(header[0], b"object ")
    if target is None or len(header) < 2 or not header[1].startswith(b"type "):
        return None
    name = next((line[4:] for line in header if line.startswith(b"tag ")), b"")
    try:
        return TagLink(target, Kind(header[1][5:].decode("ascii")), name)
    except ValueError:
        return None


def to_date(seconds: int) -> datetime | None:
    """Return the time in UTC, or None where the calendar has no such year."""
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return None


def _link(line: bytes, prefix: bytes) -> ObjectId | None:
    if not line.startswith(prefix):
        return None
    try:
        raw = bytes.fromhex(line[len(prefix) :].decode("ascii"))
    except ValueError:
        return None
    return ObjectId(raw) if len(raw) in (20, 32) else None


def _seconds(line: bytes) -> int:
    found = _IDENT.search(line)
    return int(found.group(3)) if found and found.group(3) else 0
