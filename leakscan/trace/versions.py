"""Versions of a path that still hold a secret although nothing there says so any more.

A rule finds a secret by what stands around it; when the variable is renamed the secret stays, and
must not be called removed. So every version of each path where a secret was seen is searched for
the value itself. In: values and a trace. Out: more sightings of the same values.
"""

from collections import defaultdict
from collections.abc import Iterator

from leakscan.history.base import Source
from leakscan.history.objects import MODE_SUBMODULE, MODE_TREE, parse_tree
from leakscan.model import Content, Encoding, Kind, ObjectId, Part, Position
from leakscan.redact import Secret
from leakscan.trace.tracer import Traced
from leakscan.trace.values import Values

_Request = tuple[bytes, int]
"""A path, and how many of its components lie above the tree in question."""


def search_versions(source: Source, values: Values, traced: Traced) -> int:
    """Add to values where a known secret stands unnamed; return how many places that were."""
    secrets = {
        number: (part, value)
        for (part, value), number in values.numbers.items()
        if part is not Part.KEY_ID and isinstance(value, Secret)
    }
    wanted: dict[bytes, set[int]] = defaultdict(set)
    for event in traced.events:
        here = {number for number in secrets if event.bits >> number & 1}
        if here and not event.in_name:
            wanted[event.path] |= here
    to_search: dict[ObjectId, set[int]] = defaultdict(set)
    for path, blob in _versions(source, list(wanted)):
        known = traced.bits.blobs.get(blob, 0)
        to_search[blob] |= {number for number in wanted[path] if not known >> number & 1}
    blobs = sorted(blob for blob, numbers in to_search.items() if numbers)
    added = 0
    for item in source.reader.read_whole(blobs):
        if isinstance(item, Content) and item.object_id is not None:
            for number in to_search[item.object_id]:
                position = _find(item.data, *secrets[number])
                if position is not None:
                    values.add_position((Kind.BLOB, item.object_id), number, position)
                    added += 1
    return added


def _versions(source: Source, paths: list[bytes]) -> Iterator[tuple[bytes, ObjectId]]:
    """Yield (path, blob) for every version that any commit has of some paths."""
    id_bytes = source.links.id_bytes
    requests = {
        commit.tree: {(path, 0) for path in paths} for commit in source.links.commits.values()
    }
    done: set[tuple[ObjectId, _Request]] = set()
    while paths and requests:
        deeper: dict[ObjectId, set[_Request]] = defaultdict(set)
        for item in source.reader.read_whole(list(requests)):
            if not isinstance(item, Content) or item.object_id is None:
                continue
            entries = {
                name: (mode, oid) for mode, name, oid in parse_tree(item.data, id_bytes) or ()
            }
            for path, depth in requests[item.object_id]:
                components = path.split(b"/")
                mode, object_id = entries.get(components[depth], (MODE_SUBMODULE, ObjectId(b"")))
                request = (path, depth + 1)
                if mode == MODE_TREE and depth + 1 < len(components):
                    if (object_id, request) not in done:
                        done.add((object_id, request))
                        deeper[object_id].add(request)
                elif mode not in (MODE_TREE, MODE_SUBMODULE) and depth + 1 == len(components):
                    yield path, object_id
        requests = deeper


def _find(data: bytes, part: Part, secret: Secret) -> Position | None:
    """Return where the value stands as it is, or as UTF-16 or a JSON string would write it."""
    value = secret.reveal()
    text = value.decode("latin-1")
    for encoding, spelling in (
        (Encoding.PLAIN, value),
        (Encoding.PLAIN, value.replace(b"/", b"\\/")),
        (Encoding.UTF_16_LE, text.encode("utf-16-le")),
        (Encoding.UTF_16_BE, text.encode("utf-16-be")),
    ):
        at = data.find(spelling)
        if at >= 0:
            line = data.count(b"\n", 0, at) + 1
            width = 1 if encoding is Encoding.PLAIN else 2
            column = (at - (data.rfind(b"\n", 0, at) + 1)) // width + 1
            return Position(part, line, column, encoding)
    return None
