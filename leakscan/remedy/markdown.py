"""The body of a remediation text: sections of paragraphs, steps and blocks, read strictly.

Part of remedy. In: Markdown. Out: `Body`; or a `BodyError` that says in which section and step.
Which sections an entry needs is left to `entry`. What CommonMark has besides (quotes, tables,
HTML, links, emphasis, lists in lists) is refused: it could not be shown on a terminal as it is.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token
from msgspec import field

from leakscan.record import Record, State
from leakscan.remediation import PLACEHOLDERS, Block, Phase, Step

WHY: Final = "Why"
CAUTIONS: Final = "Watch out"
BLOCKS: Final = {"Trust policy": "json", "Terraform": "hcl", "CloudFormation": "yaml"}
"""Sections that are one block, with its language."""
_PHASES: Final = {phase.value.capitalize(): phase for phase in Phase}
ORDER: Final = (WHY, *_PHASES, *BLOCKS, CAUTIONS)
LANGUAGES: Final = frozenset(
    {"sh", "json", "yaml", "hcl", "python", "javascript", "go", "java", "ruby", "ini", "docker"}
    | {"text"}
)
_FILE: Final = re.compile(r"(?!.*\.\.)[A-Za-z0-9._][A-Za-z0-9._/-]*")
_INLINE: Final = frozenset({"text", "code_inline", "softbreak"})
_BRACES: Final = re.compile(r"(?P<sign>[$%]?)\{(?P<name>[a-z_]+)\}")
_HEADING: Final = "h2"


class BodyError(Exception):
    """Markdown that is no body of an entry."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}")
        self.where = where
        self.problem = problem


class Body(State):
    """What the sections of one text hold; `sections` are the names of those that are there."""

    sections: list[str] = field(default_factory=list)
    why: str = ""
    steps: list[Step] = field(default_factory=list)
    cautions: list[str] = field(default_factory=list)
    blocks: dict[str, Block] = field(default_factory=dict)


class _Node(Record, frozen=True):
    """A block of Markdown with those inside it."""

    token: Token
    children: tuple["_Node", ...]


def parse(text: str) -> Body:
    """Return what a body says. Raises BodyError."""
    lines = text.split("\n")
    body = Body()
    for name, nodes in _sections(_tree(MarkdownIt("commonmark").parse(text))):
        _check_place(body.sections, name)
        body.sections.append(name)
        _read(body, name, nodes, lines)
    return body


def _tree(tokens: Sequence[Token]) -> tuple[_Node, ...]:
    """Return the blocks on top; the depth is bounded by the parser, `maxNesting`."""
    stack: list[tuple[Token | None, list[_Node]]] = [(None, [])]
    for token in tokens:
        if token.nesting > 0:
            stack.append((token, []))
        elif token.nesting < 0:
            opened, children = stack.pop()
            assert opened is not None
            stack[-1][1].append(_Node(opened, tuple(children)))
        else:
            stack[-1][1].append(_Node(token, ()))
    return tuple(stack[0][1])


def _sections(nodes: Sequence[_Node]) -> Iterator[tuple[str, list[_Node]]]:
    """Yield the name of each section with the blocks in it."""
    name, inside = "", list[_Node]()
    for node in nodes:
        if node.token.type != "heading_open":
            if not name:
                raise BodyError(_line(node), "must begin with a heading, such as ## Why")
            inside.append(node)
            continue
        if name:
            yield name, inside
        name, inside = node.children[0].token.content, []
        if node.token.tag != _HEADING or node.token.markup != "##":
            raise BodyError(_line(node), "a heading has two signs ##")
    if name:
        yield name, inside


def _check_place(before: Sequence[str], name: str) -> None:
    if name not in ORDER:
        raise BodyError(f"section {name[:40]}", f"is not one of {', '.join(ORDER)}")
    if name in before:
        raise BodyError(f"section {name}", "stands there twice")
    if before and ORDER.index(before[-1]) > ORDER.index(name):
        raise BodyError(f"section {name}", f"must stand before {before[-1]}")


def _read(body: Body, name: str, nodes: list[_Node], lines: Sequence[str]) -> None:
    """Put one section into the body."""
    where = f"section {name}"
    if not nodes:
        raise BodyError(where, "is empty")
    if name == WHY:
        body.why = "\n\n".join(_paragraph(node, where) for node in nodes)
    elif name == CAUTIONS:
        items = _items(nodes, "bullet_list_open", where)
        body.cautions = [_caution(item, f"{where}, {n}") for n, item in enumerate(items, 1)]
    elif name in BLOCKS:
        body.blocks[name] = _only_block(nodes, BLOCKS[name], where, lines)
    else:
        items = _items(nodes, "ordered_list_open", where)
        for number, item in enumerate(items, 1):
            parts = tuple(_parts(item, f"{where}, step {number}", lines))
            body.steps.append(Step(_PHASES[name], parts))


def _items(nodes: Sequence[_Node], kind: str, where: str) -> Sequence[_Node]:
    says = "numbered list" if kind == "ordered_list_open" else "list with hyphens"
    if len(nodes) != 1 or nodes[0].token.type != kind:
        stray = next((node for node in nodes if node.token.type != kind), nodes[-1])
        raise BodyError(
            where, f"must be one {says}; see {_line(stray)}, and indent what belongs to an item"
        )
    wanted = ([str(n) for n in range(1, len(nodes[0].children) + 1)], {"."})
    if kind == "ordered_list_open":
        found = [item.token.info for item in nodes[0].children]
        if (found, {item.token.markup for item in nodes[0].children}) != wanted:
            raise BodyError(where, "must be numbered 1. 2. 3. and so on")
    return nodes[0].children


def _caution(item: _Node, where: str) -> str:
    if not item.children:
        raise BodyError(where, "is empty")
    return " ".join(_paragraph(node, where) for node in item.children)


def _parts(item: _Node, where: str, lines: Sequence[str]) -> Iterator[str | Block]:
    if not item.children or item.children[0].token.type != "paragraph_open":
        raise BodyError(where, "must begin with a sentence")
    for node in item.children:
        fenced = node.token.type == "fence"
        yield _block(node, where, lines) if fenced else _paragraph(node, where)


def _only_block(nodes: Sequence[_Node], language: str, where: str, lines: Sequence[str]) -> Block:
    if len(nodes) != 1 or nodes[0].token.type != "fence":
        raise BodyError(where, f"must be one block, fenced with ```{language}")
    block = _block(nodes[0], where, lines)
    if block.language != language:
        raise BodyError(where, f"must be {language}, not {block.language}")
    return block


def _block(node: _Node, where: str, lines: Sequence[str]) -> Block:
    language, _, file = node.token.info.strip().partition(" ")
    if language not in LANGUAGES:
        raise BodyError(where, f"the language of the block in {_line(node)} is not known")
    if file and not _FILE.fullmatch(file):
        raise BodyError(where, f"the block in {_line(node)} has a name that is none of a file")
    start, end = node.token.map or [0, 0]
    if node.token.markup != "```" or end - start < 2 or lines[end - 1].strip() != "```":
        raise BodyError(where, f"the block in {_line(node)} must end with ``` like its begin")
    text = node.token.content.rstrip("\n")
    if not text.strip():
        raise BodyError(where, f"the block in {_line(node)} is empty")
    _check_placeholders(text, where)
    return Block(language, text, file)


def _paragraph(node: _Node, where: str) -> str:
    """Return a paragraph as one line of Markdown, in which nothing but code is marked up."""
    if node.token.type != "paragraph_open":
        kind = node.token.type.removesuffix("_open").replace("_", " ")
        raise BodyError(where, f"{_line(node)} is a {kind}, not a sentence or a fenced block")
    inline = node.children[0].token
    for child in inline.children or ():
        if child.type not in _INLINE:
            kind = child.type.removesuffix("_open").replace("_", " ")
            raise BodyError(where, f"{_line(node)} has {kind}; only `code` may be marked up")
        if child.type == "text" and "`" in child.content:
            raise BodyError(where, f"{_line(node)} has a backtick without its pair")
    text = " ".join(inline.content.split())
    _check_placeholders(text, where)
    return text


def _check_placeholders(text: str, where: str) -> None:
    """Raise BodyError for `{name}` that nothing fills, and `${name}` that would be filled.

    Else `${name}` is a variable of a shell, and `%{name}` of curl.
    """
    for found in _BRACES.finditer(text):
        if found["sign"] and found["name"] in PLACEHOLDERS:
            raise BodyError(where, f"{found[0]} would be filled in; give it another name")
        if not found["sign"] and found["name"] not in PLACEHOLDERS:
            raise BodyError(where, f"{found[0]} is no placeholder; known are those of PLACEHOLDERS")


def _line(node: _Node) -> str:
    return f"line {node.token.map[0] + 1}" if node.token.map else "the body"
