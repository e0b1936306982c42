"""Pairs of trees, and the lines in which they differ, without holding more than a few at a time.

Part of the history stage. In: pairs of ids, and a reader. Out: for each pair the lines that came
and those that went. Trees that follow each other in history have most of their bytes in common,
so the second is read as a change of the first.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from leakscan.history.base import WholeReader
from leakscan.history.treelines import MalformedTreeError, TreeText, read_change, read_tree
from leakscan.model import Content, Kind, ObjectId, Skipped
from leakscan.record import State

Pair = tuple[ObjectId | None, ObjectId]
"""A new tree, if there is one, and the one that it is compared with."""

_BUDGET: Final = 16 << 20
"""Bytes of trees to hold at a time; their lines take some times that."""
_MOST: Final = 64
"""Pairs at a time, however small."""
_EMPTY: Final = TreeText([], [])


class _Tree(State):
    """A tree that was read, and its lines once they are known."""

    data: bytes = b""
    text: TreeText | None = None


class TreePairs:
    """Compares trees; one that cannot be read is as if it were empty."""

    def __init__(self, reader: WholeReader) -> None:
        self._reader = reader
        self._largest = 0
        self._held: dict[ObjectId, _Tree] = {}

    @property
    def at_once(self) -> int:
        """Pairs to ask for at a time: as many as surely fit, as far as is known."""
        return min(_MOST, max(1, _BUDGET // self._largest if self._largest else 1))

    def differences(
        self, pairs: Sequence[Pair]
    ) -> Iterator[tuple[Pair, Sequence[bytes], Sequence[bytes]]]:
        """Yield each pair with the lines that only the new tree has, and only the old one."""
        uses = Counter(tree for pair in pairs for tree in pair if tree is not None)
        answers = self._reader.read_whole(list(uses))
        for pair in pairs:
            new, old = (self._have(tree, answers) for tree in pair)
            yield pair, *_differences(new, old, len(pair[1]))
            for tree in pair:
                if tree is not None:
                    uses[tree] -= 1
                    if not uses[tree]:
                        del self._held[tree]

    def _have(self, tree: ObjectId | None, answers: Iterator[Content | Skipped]) -> _Tree:
        """Return a tree; the answers come in the order in which they are needed."""
        if tree is None:
            return _Tree()
        while tree not in self._held:
            item = next(answers)
            if item.object_id is not None:
                is_tree = isinstance(item, Content) and item.kind is Kind.TREE
                data = item.data if isinstance(item, Content) and is_tree else b""
                self._largest = max(self._largest, len(data))
                self._held[item.object_id] = _Tree(data)
        return self._held[tree]


def _differences(new: _Tree, old: _Tree, id_bytes: int) -> tuple[Sequence[bytes], Sequence[bytes]]:
    """Return the lines that came and that went, and keep the lines of both trees."""
    if new.text is not None and old.text is not None:
        now, before = set(new.text.lines), set(old.text.lines)
        return [*(now - before)], [*(before - now)]
    if new.text is not None:
        old.text = change = _changed(new.text, new.data, old, id_bytes)
        return change.gone, change.came
    if old.text is None:
        old.text = _parsed(old.data, id_bytes)
    new.text = change = _changed(old.text, old.data, new, id_bytes)
    return change.came, change.gone


def _parsed(data: bytes, id_bytes: int) -> TreeText:
    try:
        return read_tree(data, id_bytes)
    except MalformedTreeError:
        return _EMPTY


def _changed(base: TreeText, base_data: bytes, tree: _Tree, id_bytes: int) -> TreeText:
    """Read a tree as a change of another: between the bytes that both begin and end with."""
    data = tree.data
    begin = _shared(base_data, data) if base.lines else 0
    limit = min(len(base_data), len(data)) - begin
    end = _shared(base_data[::-1][:limit], data[::-1][:limit]) if base.lines else 0
    steps = [(0, begin), (-1, len(data) - begin - end), (len(base_data) - end, end)]
    try:
        return read_change(base, data, [step for step in steps if step[1]], id_bytes)
    except MalformedTreeError:
        return TreeText([], [], base.lines)


def _shared(one: bytes, other: bytes) -> int:
    """Return how many bytes two texts begin with alike."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
