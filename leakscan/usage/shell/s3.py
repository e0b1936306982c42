"""What `aws s3` does: operations of S3, by the direction in which it copies.

In: the words after `aws s3`. Out: Calls, and Unclear where a place is not known to be S3's.

Source: awscli/customizations/s3/subcommands.py of the AWS CLI.
"""

import re
from collections.abc import Iterator
from typing import Final

from leakscan.permissions import Call, Hole, Spot, Text, Unclear
from leakscan.record import Record
from leakscan.usage.given import Given, call
from leakscan.usage.shell.options import Line, line_of_words
from leakscan.usage.syntax import ANY, joined

_SCHEME: Final = "s3://"
# fmt: off
_FLAGS: Final = (
    "--recursive",
    "--delete",
    "--dryrun",
    "--quiet",
    "--follow-symlinks",
    "--no-follow-symlinks",
    "--no-guess-mime-type",
    "--only-show-errors",
    "--no-progress",
    "--size-only",
    "--exact-timestamps",
    "--force-glacier-transfer",
    "--ignore-glacier-warnings",
    "--force",
    "--human-readable",
    "--summarize",
    "--validate-same-s3-paths",
    "--no-overwrite",
)
# fmt: on
_MEMBERS: Final = {
    "--acl": "ACL",
    "--grants": "GrantRead",
    "--sse-kms-key-id": "SSEKMSKeyId",
    "--sse": "ServerSideEncryption",
}
"""Options that need more than the operation itself, by members of its input."""
_LIKE_S3: Final = re.compile(r"S3|BUCKET|UR[IL]")


class Place(Record, frozen=True):
    """A bucket, and the start of the keys that are meant or the key."""

    bucket: Text
    key: Text


def s3_calls(words: tuple[Text, ...], where: Spot, region: str) -> Iterator[Call | Unclear]:
    """Yield what one command does; `words` begin with the subcommand."""
    line = line_of_words(words, _FLAGS)
    name, places = line.word(0), [_place(word) for word in line.words[1:3]]
    open_ones = [word for word in line.words[1:3] if word and isinstance(word[0], Hole)]
    if open_ones and (not any(places) or any(map(_is_likely, open_ones))):
        yield Unclear(where, "whether a place is one of S3 is not written there")
    for operation, given in _operations(name, places, line) if any(places) or not places else ():
        yield call("s3", operation, given, where, region or line.region)


def _is_likely(word: Text) -> bool:
    """Say whether what a place begins with is called like one of S3; else it is a local one."""
    return isinstance(word[0], Hole) and bool(_LIKE_S3.search(word[0].name))


def _operations(name: str, places: list[Place | None], line: Line) -> Iterator[tuple[str, Given]]:
    """Yield operations with what they are given."""
    match name:
        case "ls" if not places:
            yield "ListBuckets", []
        case "ls" | "presign" | "mb" | "rb" | "website" | "rm" if places and places[0]:
            yield from _one_place(name, places[0], line)
        case "cp" | "mv" | "sync" if len(places) > 1:
            yield from _copied(name, places[0], places[1], line)


def _one_place(name: str, place: Place, line: Line) -> Iterator[tuple[str, Given]]:
    bucket = _bucket(place)
    match name:
        case "ls":
            yield "ListObjectsV2", _listed(place)
        case "presign":
            yield "GetObject", _object(place)
        case "mb":
            yield "CreateBucket", bucket
        case "website":
            yield "PutBucketWebsite", bucket
        case "rb":
            if line.has("--force"):
                yield from _removed(Place(place.bucket, ()))
            yield "DeleteBucket", bucket
        case _ if line.has("--recursive"):
            yield from _removed(place)
        case _:
            yield "DeleteObject", _object(place)


def _removed(place: Place) -> Iterator[tuple[str, Given]]:
    yield "ListObjectsV2", _listed(place)
    yield "DeleteObject", _object(_below(place))


def _copied(
    name: str, source: Place | None, target: Place | None, line: Line
) -> Iterator[tuple[str, Given]]:
    """Yield what copies, moves or brings into line; a place that is None is a local one."""
    many = name == "sync" or line.has("--recursive")
    for place in (source, target if name == "sync" else None):
        if place is not None and many:
            yield "ListObjectsV2", _listed(place)
    source = _below(source) if source is not None and many else source
    if target is not None:
        target = _target(target, _name_of(line.words[1]), many=many)
        yield from _written(source, target, line)
    elif source is not None:
        yield "GetObject", _object(source)
    if name == "mv" and source is not None:
        yield "DeleteObject", _object(source)
    if name == "sync" and target is not None and line.has("--delete"):
        yield "DeleteObject", _object(target)


def _written(source: Place | None, target: Place, line: Line) -> Iterator[tuple[str, Given]]:
    given = [*_object(target), *_more(line)]
    if source is None:
        yield "PutObject", given
    else:
        copied = joined(source.bucket, ("/",), source.key)
        yield "CopyObject", [*given, (_path("CopySource"), copied)]
    yield "AbortMultipartUpload", _object(target)


def _more(line: Line) -> Given:
    found: Given = [
        (_path(member), value)
        for option, member in _MEMBERS.items()
        if (value := line.value(option)) is not None
    ]
    return found


def _target(place: Place, name: Text, *, many: bool) -> Place:
    """Return where something is written: below a folder, with its own name there, or as it says."""
    last = place.key[-1] if place.key else "/"
    if many:
        return _below(place)
    return Place(place.bucket, joined(place.key, name)) if str(last).endswith("/") else place


def _name_of(source: Text) -> Text:
    """Return the last part of a path."""
    last = source[-1] if source else ANY
    if isinstance(last, Hole):
        return (last,)
    _, slash, name = last.rpartition("/")
    return (name or ANY,) if slash or len(source) == 1 else (ANY,)


def _below(place: Place) -> Place:
    return Place(place.bucket, joined(place.key, (ANY,)))


def _place(word: Text) -> Place | None:
    """Return the place in S3 that a word is, None where it is a local one or not known."""
    first = word[0] if word and isinstance(word[0], str) else ""
    if not first.startswith(_SCHEME):
        return None
    parts = (first.removeprefix(_SCHEME), *word[1:])
    for number, part in enumerate(parts):
        if isinstance(part, str) and "/" in part:
            if part.startswith("arn:"):
                break
            head, _, tail = part.partition("/")
            return Place(joined(parts[:number], (head,)), joined((tail,), parts[number + 1 :]))
    return Place(joined(parts), ())


def _path(name: str) -> tuple[Text, ...]:
    return ((name,),)


def _bucket(place: Place) -> Given:
    return [(_path("Bucket"), place.bucket)]


def _listed(place: Place) -> Given:
    return [*_bucket(place), *([(_path("Prefix"), place.key)] if place.key else [])]


def _object(place: Place) -> Given:
    return [*_bucket(place), (_path("Key"), place.key or (ANY,))]
