"""Calls of AWS in scripts that stand in YAML or JSON of other kinds: user data, manifests, tasks.

Part of the usage stage. In: one file in which a command of the AWS CLI is seen. Out: Calls of
scripts that begin as one, and of commands of containers; the first that is in neither is Unclear.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from leakscan.permissions import Call, Unclear
from leakscan.usage.other_languages import command_lines, is_prose
from leakscan.usage.pipelines.scripts import is_scripts
from leakscan.usage.pipelines.yaml_nodes import (
    MAX_NODES,
    documents,
    kind_of,
    line_of,
    member,
    pairs,
    scalars,
)
from leakscan.usage.shell.calls import script_calls
from leakscan.usage.shell.words import mark
from leakscan.usage.syntax import UnreadableError, spot

if TYPE_CHECKING:
    from yaml.nodes import Node

_ENDINGS: Final = (".yaml", ".yml", ".template", ".json", ".json5")
_SHEBANG: Final = re.compile(r"\s{0,64}#!\s*/\S*(?:/env\s+)?\b(?:ba|da|k|z|a)?sh\b")
_PUT_IN: Final = re.compile(r"\$\{(!?)([^{}\n]{1,256})\}|\{\{[ \t]*([^{}\n]{1,256}?)[ \t]*\}\}")
_NAME: Final = re.compile(r"[A-Za-z_]\w*\Z")
_QUOTE: Final = "'\\''"


def is_template(path: str, source: bytes) -> bool:
    """Say whether a file is YAML or JSON of no kind that is known, with a command of the CLI."""
    if not path.endswith(_ENDINGS) or b"aws" not in source or is_scripts(path):
        return False
    return not is_prose(path, source) and next(command_lines(source), None) is not None


def calls(path: str, source: bytes) -> Iterator[Call | Unclear]:
    """Yield what the scripts in a file do with AWS."""
    covered: set[int] = set()
    try:
        found = documents(source)
    except UnreadableError:
        found = []
    for line, script, last in _scripts(found, is_cloud_init=source.startswith(b"#cloud-config")):
        covered.update(range(line, last + 1))
        yield from script_calls(path, script, line, {})
    for line in command_lines(source):
        if line not in covered:
            yield Unclear(spot(path, line, "aws"), "the AWS CLI runs in a text that is not read")
            return


def _scripts(found: "list[Node]", *, is_cloud_init: bool) -> Iterator[tuple[int, str, int]]:
    """Yield the first line of each script, it, and its last line."""
    waiting = list(reversed(found))
    seen: set[int] = set()
    for _ in range(MAX_NODES):
        if not waiting:
            return
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if kind_of(node) == "scalar":
            text = str(node.value)
            if _SHEBANG.match(text):
                yield line_of(node), _PUT_IN.sub(_filled, text), int(node.end_mark.line) + 1
        elif kind_of(node) == "sequence":
            waiting += reversed(node.value)
        else:
            yield from _commands(node, is_cloud_init=is_cloud_init)
            waiting += [value for _, value in reversed(list(pairs(node)))]


def _commands(node: "Node", *, is_cloud_init: bool) -> Iterator[tuple[int, str, int]]:
    """Yield the command of a container, or each of cloud-init, as scripts."""
    if is_cloud_init:
        for name in ("bootcmd", "runcmd"):
            listed = member(node, name)
            for one in listed.value if listed is not None and kind_of(listed) == "sequence" else ():
                yield _command(one)
    lists = [one for name in ("command", "args") if (one := member(node, name)) is not None]
    if lists and all(kind_of(one) == "sequence" for one in lists):
        parts = [_command(one) for one in lists]
        yield parts[0][0], " ".join(text for _, text, _ in parts), parts[-1][2]


def _command(node: "Node") -> tuple[int, str, int]:
    """Return a command that is a list of words, or a text for a shell."""
    last = int(node.end_mark.line) + 1
    if kind_of(node) == "scalar":
        return line_of(node), _PUT_IN.sub(_filled, str(node.value)), last
    words = [_PUT_IN.sub(_filled, str(one.value)) for one in scalars(node)]
    return line_of(node), " ".join("'" + word.replace("'", _QUOTE) + "'" for word in words), last


def _filled(found: re.Match[str]) -> str:
    """Return what stands for something that is put in: by CloudFormation, by a shell, by Helm."""
    if found[1]:
        return f"${{{found[2]}}}"
    inside = (found[2] or found[3]).rpartition(".")[2].strip()
    if found[2] is not None and not _NAME.match(found[2]):
        return found[0] if "::" not in found[2] else mark(found[2].rpartition("::")[2])
    return mark(inside if _NAME.match(inside) else "_")
