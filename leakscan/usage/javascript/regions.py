"""In which regions calls of JavaScript and TypeScript run, as far as it is written there.

In: the nodes of a file. Out: regions of commands by the client that they are handed to, and the
region that all clients of version 2 get.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from leakscan.usage.javascript.things import SDK2, Client, Exported, Things
from leakscan.usage.javascript.values import arguments_of
from leakscan.usage.syntax import known, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_WITH_CLIENT: Final = frozenset({"getSignedUrl", "sendWithRetry"})


def older_region(things: Things, nodes: "Sequence[Node]") -> Iterator[str]:
    """Yield the regions that are set for all clients: `AWS.config.update({region: "x"})`."""
    for node in nodes:
        value: Node | None = None
        if node.type == "call_expression":
            function, handed = node.child_by_field_name("function"), arguments_of(node)
            name = text_of(function)[-32:]
            if not name.endswith("config.update") or not handed or not _is_config(things, function):
                continue
            value = things.member(handed[0], "region")
        elif node.type == "assignment_expression":
            left = node.child_by_field_name("left")
            if not text_of(left)[-32:].endswith("config.region") or not _is_config(things, left):
                continue
            value = node.child_by_field_name("right")
        region = known(things.text(value)) if value is not None else None
        if region:
            yield region


def _is_config(things: Things, node: "Node | None") -> bool:
    thing = things.thing(node)
    return (
        isinstance(thing, Exported) and thing.package == SDK2 and thing.name.startswith("config.")
    )


def regions_of_commands(things: Things, nodes: "Sequence[Node]") -> dict[int, str]:
    """Return the regions of commands by the ids of the expressions that make them."""
    found: dict[int, str] = {}
    for node in nodes:
        if node.type != "call_expression":
            continue
        function, handed = node.child_by_field_name("function"), arguments_of(node)
        if function is None or not handed:
            continue
        client, command = None, None
        if function.type == "member_expression":
            if text_of(function.child_by_field_name("property")) == "send":
                client, command = function.child_by_field_name("object"), handed[0]
        elif text_of(function) in _WITH_CLIENT and len(handed) > 1:
            client, command = handed[0], handed[1]
        made = things.origin(command)
        if made is None or made.type != "new_expression":
            continue
        thing = things.thing(client)
        if isinstance(thing, Client) and thing.region:
            found[made.id] = thing.region
    return found
