"""Versions of a path that still hold a secret although nothing there says so any more.

A rule finds a secret by what stands around it; when the variable is renamed the secret stays, and
must not be called removed. So every version of each path where a secret was seen is searched for
the value itself. In: values and a trace. Out: more sightings of the same values.
"""

from collections import defaultdict
from collections.abc import Container, Iterator

from leakscan.history.base import Source
from leakscan.history.objects import MODE_SUBMODULE, MODE_TREE, parse_tree
from leakscan.model import Content, Encoding, Kind, ObjectId, Part, Position, Skipped
from leakscan.redact import Secret
from leakscan.trace.events import numbers_of
from leakscan.trace.tracer import Traced
from leakscan.trace.values import Values


class _Node(dict[bytes, "_Node"]):
    """A folder or file on the way to some paths; `path` is set where one of them ends."""

    path: bytes | None = None


def search_versions(
    source: Source, values: Values, traced: Traced, damaged: Container[ObjectId]
) -> int:
    """Add to values where a known secret stands unnamed; return how many places that were.

    What is absent or `damaged` the trace has already judged; it is not asked for again.
    """
    secrets = {
        number: (part, value)
        for (part, value), number in values.numbers.items()
        if part is not Part.KEY_ID and isinstance(value, Secret)
    }
    wanted: dict[bytes, set[int]] = defaultdict(set)
    for event in traced.events:
        here = {number for number in numbers_of(event.bits) if number in secrets}
        if here and not event.in_name:
            wanted[event.path] |= here
    to_search: dict[ObjectId, set[int]] = defaultdict(set)
    for path, blob in _versions(source, list(wanted)):
        if blob in source.links.absent or blob in damaged:
            continue
        known = traced.bits.blobs.get(blob, 0)
        to_search[blob] |= {number for number in wanted[path] if not known >> number & 1}
    blobs = sorted(blob for blob, numbers in to_search.items() if numbers)
    added = 0
    for item in source.reader.read(blobs):
        if isinstance(item, Skipped):
            traced.skipped.append(item)
            continue
        assert item.object_id is not None
        for number in to_search[item.object_id]:
            position = _find(item, *secrets[number])
            if position is not None:
                values.add_position((Kind.BLOB, item.object_id), number, position)
                added += 1
    return added


def _versions(source: Source, paths: list[bytes]) -> Iterator[tuple[bytes, ObjectId]]:
    """Yield (path, blob) for every version that any commit has of some paths.

    All paths are followed at once, and each tree is looked into once for each place it stands at.
    """
    top = _tree_of(paths)
    requests = {commit.tree: [top] for commit in source.links.commits.values()} if paths else {}
    done: set[tuple[ObjectId, int]] = set()
    while requests:
        deeper: dict[ObjectId, list[_Node]] = defaultdict(list)
        for item in source.reader.read_whole(list(requests)):
            if isinstance(item, Skipped) or item.object_id is None:
                continue  # The trace already said so.
            entries = parse_tree(item.data, source.links.id_bytes) or []
            for mode, object_id, below in _below(entries, requests[item.object_id]):
                if (object_id, id(below)) in done:
                    continue
                done.add((object_id, id(below)))
                if mode == MODE_TREE:
                    deeper[object_id].append(below)
                elif mode != MODE_SUBMODULE and below.path is not None:
                    yield below.path, object_id
        requests = deeper


def _tree_of(paths: list[bytes]) -> _Node:
    top = _Node()
    for path in paths:
        node = top
        for component in path.split(b"/"):
            node = node.setdefault(component, _Node())
        node.path = path
    return top


def _below(
    entries: list[tuple[bytes, bytes, ObjectId]], nodes: list[_Node]
) -> Iterator[tuple[bytes, ObjectId, _Node]]:
    for node in nodes:
        for mode, name, object_id in entries:
            if name in node:
                yield mode, object_id, node[name]


def _find(content: Content, part: Part, secret: Secret) -> Position | None:
    """Return where the value stands as it is, or as UTF-16 or a JSON string would write it."""
    data = content.data
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
            line = content.lines_before + data.count(b"\n", 0, at) + 1
            width = 1 if encoding is Encoding.PLAIN else 2
            start = data.rfind(b"\n", 0, at) + 1
            before = at - start if start else at + content.columns_before
            column = before // width + 1
            return Position(part, line, column, encoding)
    return None
