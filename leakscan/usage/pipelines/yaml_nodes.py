"""YAML as nodes with their lines, for files that hold scripts.

In: the bytes of a file. Out: its documents as nodes of PyYAML; nothing is constructed, so tags do
nothing and aliases stay what they point to. The bounds are those of `documents`.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from leakscan.usage.syntax import UnreadableError

if TYPE_CHECKING:
    from yaml.nodes import MappingNode, Node

_MAX_DEPTH: Final = 32
MAX_NODES: Final = 100_000


def documents(source: bytes) -> "list[Node]":
    """Return the documents of a file.

    Raises: UnreadableError.
    """
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _check(yaml.parse(source, Loader=loader))
        nodes: Iterator[Any] = yaml.compose_all(source, Loader=loader)
        return [node for node in nodes if node is not None]
    except (yaml.YAMLError, ValueError, RecursionError):
        raise UnreadableError("it is not YAML") from None


def _check(events: Iterator[Any]) -> None:
    """Raise UnreadableError for what is nested too deeply or too large to be read."""
    import yaml

    depth = 0
    for number, event in enumerate(events):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH or number > MAX_NODES:
            raise UnreadableError("it is nested too deeply, or too large")


def kind_of(node: "Node | None") -> str:
    """Return `scalar`, `sequence` or `mapping`; nothing for none."""
    return str(getattr(node, "id", ""))


def pairs(node: "Node | None") -> "Iterator[tuple[str, Node]]":
    """Yield the members of a mapping, those merged into it first; nothing of another node."""
    if node is None or kind_of(node) != "mapping":
        return
    for key, value in node.value:
        if kind_of(key) == "scalar" and key.value == "<<":
            yield from _merged(value)
    for key, value in node.value:
        if kind_of(key) == "scalar" and key.value != "<<":
            yield key.value, value


def _merged(value: "Node") -> "Iterator[tuple[str, Node]]":
    for one in value.value if kind_of(value) == "sequence" else [value]:
        for key, inner in one.value if kind_of(one) == "mapping" else ():
            if kind_of(key) == "scalar":
                yield key.value, inner


def member(node: "MappingNode | Node | None", name: str) -> "Node | None":
    """Return the value of a member of a mapping, or None."""
    return dict(pairs(node)).get(name)


def scalar(node: "Node | None") -> str | None:
    """Return the text of a scalar, or None."""
    return str(node.value) if node is not None and kind_of(node) == "scalar" else None


def scalars(node: "Node | None") -> "Iterator[Node]":
    """Yield a scalar, or those of lists in each other; a list with a tag of its own has none."""
    waiting = [(node, 0)]
    while waiting:
        one, depth = waiting.pop()
        if one is None or depth > _MAX_DEPTH:
            continue
        if kind_of(one) == "scalar":
            yield one
        elif kind_of(one) == "sequence" and not one.tag.startswith("!"):
            waiting += [(inner, depth + 1) for inner in reversed(one.value)]


def line_of(node: "Node") -> int:
    """Return the line, from 1, on which the text of a node begins."""
    block = getattr(node, "style", None) in {"|", ">"}
    return int(node.start_mark.line) + (2 if block else 1)
