"""In which region clients of Go run, where all of the code says the same one.

In: the nodes of the files. Out: a region, or nothing: a client is handed through structs and
functions, so that one is told only where every configuration that is made has it.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from leakscan.usage.golang.scopes import arguments_of
from leakscan.usage.golang.values import Values
from leakscan.usage.syntax import known, text_of, walk

if TYPE_CHECKING:
    from tree_sitter import Node

_SDK: Final = "github.com/aws/aws-sdk-go"
_LOADERS: Final = frozenset({"LoadDefaultConfig", "NewSession", "NewSessionWithOptions", "New"})
_MAX_INSIDE: Final = 5000
"""Nodes that are looked at inside of one configuration."""


def one_region(values: Values, files: "Iterable[list[Node]]") -> str:
    """Return the region of all configurations that the files make, or nothing."""
    found = {region for nodes in files for node in nodes for region in _regions(values, node)}
    return found.pop() if len(found) == 1 else ""


def _regions(values: Values, node: "Node") -> Iterator[str]:
    """Yield the region that a node sets, nothing known as an empty text."""
    if node.type == "assignment_statement":
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if text_of(left)[-32:].endswith(".Region") and right is not None and right.named_children:
            yield known(values.text(right.named_children[0])) or ""
    elif node.type == "composite_literal" and _is_config(values, node):
        said = _said(values, node)
        if said is not None:
            yield said
    elif node.type == "call_expression" and _is_loader(values, node):
        literals = (values.literal(one) for one in arguments_of(node))
        inside = (_said(values, one) for one in (node, *literals) if one is not None)
        yield next((said for said in inside if said), "")


def _is_loader(values: Values, node: "Node") -> bool:
    """Say whether a call makes a configuration, or a session of version 1."""
    function = node.child_by_field_name("function")
    if function is None or function.type != "selector_expression":
        return False
    path = values.scopes.import_of(function.child_by_field_name("operand"))
    is_ours = path.startswith(_SDK) and path.endswith(("/config", "/aws/session"))
    return is_ours and text_of(function.child_by_field_name("field")) in _LOADERS


def _is_config(values: Values, node: "Node") -> bool:
    kind = node.child_by_field_name("type")
    if kind is None or kind.type != "qualified_type":
        return False
    path = values.scopes.import_of(kind.child_by_field_name("package"))
    return (
        path.startswith(_SDK)
        and path.endswith("/aws")
        and text_of(kind.child_by_field_name("name")) == "Config"
    )


def _said(values: Values, node: "Node") -> str | None:
    """Return the region that stands in a configuration; None where none does."""
    for number, inner in enumerate(walk(node)):
        if number > _MAX_INSIDE:
            return None
        if inner.type == "keyed_element" and len(inner.named_children) > 1:
            key, value = inner.named_children[:2]
            if text_of(key) == "Region":
                value = value.named_children[0] if value.type == "literal_element" else value
                return known(values.text(value)) or ""
        elif inner.type == "call_expression":
            name = text_of(inner.child_by_field_name("function"))[-32:]
            handed = arguments_of(inner)
            if name.endswith(("WithRegion", "WithDefaultRegion")) and handed:
                return known(values.text(handed[0])) or ""
    return None
