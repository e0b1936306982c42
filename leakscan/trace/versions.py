"""Versions of a path that still hold a secret although nothing there says so any more.

A rule finds a secret by what stands around it; when the variable is renamed the secret stays, and
must not be called removed. So every version of each path where a secret was seen is searched for
the value itself. In: values and a trace. Out: more sightings of the same values.
"""

from collections import defaultdict
from collections.abc import Collection, Container, Iterator

from leakscan.history.base import Source
from leakscan.history.objects import MODE_SUBMODULE, MODE_TREE
from leakscan.history.trees import TreeIndex, TreeLine
from leakscan.model import Content, Encoding, Kind, ObjectId, Part, Position, Skipped
from leakscan.redact import Secret
from leakscan.trace.events import numbers_of
from leakscan.trace.tracer import Traced
from leakscan.trace.values import Values

_SLASH = ord("/")


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


def _versions(source: Source, paths: Collection[bytes]) -> Iterator[tuple[bytes, ObjectId]]:
    """Yield (path, blob) for every version that any commit has of some paths."""
    roots = {commit.tree for commit in source.links.commits.values()}
    folders = _Folders(source.links.trees, roots, paths)
    for path in paths:
        folder, slash, name = path.rpartition(b"/")
        for line in folders.entries(folder + slash, name):
            if line.mode not in (MODE_TREE, MODE_SUBMODULE):
                yield path, line.id


class _Folders:
    """The versions that any commit has of some folders, found from the top down."""

    def __init__(self, index: TreeIndex, roots: set[ObjectId], paths: Collection[bytes]) -> None:
        self._trees: dict[bytes, set[ObjectId]] = {b"": roots}
        self._lines: dict[bytes, dict[ObjectId, list[TreeLine]]] = {}
        """By name: the lines of that name, by the tree that holds them."""
        names = {name for path in paths for name in path.split(b"/")}
        held = index.holders(index.find((), names) if names else ())
        for number, trees in held.items():
            line = index.line(number)
            by_tree = self._lines.setdefault(line.name, {})
            for tree in trees:
                by_tree.setdefault(index.ids[tree], []).append(line)

    def entries(self, folder: bytes, name: bytes) -> set[TreeLine]:
        """Return the entries of a name in all versions of a folder, which ends with a slash."""
        by_tree = self._lines.get(name, {})
        return {line for tree in self._versions(folder) for line in by_tree.get(tree, ())}

    def _versions(self, folder: bytes) -> set[ObjectId]:
        # A loop, not a recursion: a path can have thousands of components.
        above = 0
        for end in (at + 1 for at, char in enumerate(folder) if char == _SLASH):
            if folder[:end] not in self._trees:
                self._trees[folder[:end]] = {
                    line.id
                    for line in self.entries(folder[:above], folder[above : end - 1])
                    if line.mode == MODE_TREE
                }
            above = end
        return self._trees[folder]


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
