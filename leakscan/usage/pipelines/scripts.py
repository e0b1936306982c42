"""Calls of AWS in what YAML tells machines to run: workflows, pipelines, build and compose files.

Part of the usage stage. In: one file. Out: Calls, and what is surely AWS and not told which as
Unclear. Scripts in it are read as shell, with the variables that stand around them; actions, pipes
and orbs by their names.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from leakscan.permissions import Call, Text, Unclear
from leakscan.record import Record
from leakscan.usage.given import in_region
from leakscan.usage.pipelines.actions import step_calls
from leakscan.usage.pipelines.yaml_nodes import (
    MAX_NODES,
    documents,
    kind_of,
    line_of,
    member,
    pairs,
    scalar,
    scalars,
)
from leakscan.usage.shell.calls import script_calls
from leakscan.usage.shell.commands import ECR_REGISTRY
from leakscan.usage.shell.words import Script, mark
from leakscan.usage.syntax import UnreadableError, known, unread

if TYPE_CHECKING:
    from yaml.nodes import Node

_MENTIONS: Final = re.compile(
    rb"(?i)aws|\becr\b|\bcdk\b|\bsam\b|serverless|\bsls\b|eksctl|s3|\bssm\b|secrets-manager"
)
_EXPRESSION: Final = re.compile(
    r"\$\{\{[ \t]*([^{}\n]{0,512}?)[ \t]*\}\}|<<[ \t]*([^<>\n]{0,128}?)[ \t]*>>"
)
_DOTTED: Final = re.compile(r"[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*\Z")
_SIGN_IN: Final = "aws-actions/configure-aws-credentials"
"""What sets AWS_REGION and AWS_DEFAULT_REGION for the steps after it."""
_MAX_DEPTH: Final = 32


class Kind(Record, frozen=True):
    """A kind of file: the names under which it has scripts, and variables."""

    scripts: tuple[str, ...]
    variables: tuple[str, ...]
    is_one_shell: bool = False
    """All its scripts run one after the other in the same shell."""


_GITHUB: Final = Kind(("run",), ("env",))
_GITLAB: Final = Kind(("before_script", "script", "after_script"), ("variables",))
_CIRCLE: Final = Kind(("command", "run"), ("environment",))
_BITBUCKET: Final = Kind(("script", "after-script"), ())
_BUILDSPEC: Final = Kind(("commands",), ("variables",), is_one_shell=True)
_BUILDKITE: Final = Kind(("command", "commands"), ("env",))
_COMPOSE: Final = Kind(("command", "entrypoint"), ("environment",))
_AZURE: Final = Kind(("script", "bash"), ("variables", "env"))
_TRAVIS: Final = Kind(
    ("before_install", "install", "before_script", "script", "after_success", "before_deploy"), ()
)
_DRONE: Final = Kind(("commands",), ("environment",))
_TASKFILE: Final = Kind(("cmds", "cmd"), ("vars", "env"))

_KINDS: Final = tuple(
    (re.compile(pattern), kind)
    for pattern, kind in (
        (r"(?:.*/)?\.github/workflows/[^/]+\.ya?ml", _GITHUB),
        (r"(?:.*/)?action\.ya?ml", _GITHUB),
        (r"(?:.*/)?\.(?:gitea|forgejo)/workflows/[^/]+\.ya?ml", _GITHUB),
        (r"(?:.*/)?\.?[^/]*gitlab-ci[^/]*\.ya?ml|(?:.*/)?\.gitlab/.+\.ya?ml", _GITLAB),
        (r"(?:.*/)?\.circleci/.+\.ya?ml|(?:.*/)?circle\.ya?ml", _CIRCLE),
        (r"(?:.*/)?bitbucket-pipelines\.ya?ml", _BITBUCKET),
        (r"(?:.*/)?[^/]*buildspec[^/]*\.ya?ml|(?:.*/)?amplify\.ya?ml", _BUILDSPEC),
        (r"(?:.*/)?\.buildkite/.+\.ya?ml", _BUILDKITE),
        (r"(?:.*/)?(?:docker-)?compose[^/]*\.ya?ml", _COMPOSE),
        (r"(?:.*/)?azure-pipelines[^/]*\.ya?ml", _AZURE),
        (r"(?:.*/)?\.travis\.ya?ml", _TRAVIS),
        (r"(?:.*/)?\.(?:drone|woodpecker)[^/]*\.ya?ml|(?:.*/)?\.woodpecker/.+\.ya?ml", _DRONE),
        (r"(?:.*/)?[Tt]askfile[^/]*\.ya?ml", _TASKFILE),
    )
)


def is_scripts(path: str) -> bool:
    """Say whether a file is one that `calls` reads, by its name."""
    return _kind(path) is not None


def calls(path: str, source: bytes) -> Iterator[Call | Unclear]:
    """Yield what a file makes a machine do with AWS."""
    kind = _kind(path)
    if kind is None or not _MENTIONS.search(source):
        return
    try:
        found = documents(source)
    except UnreadableError as problem:
        yield unread(path, str(problem))
        return
    yield from _Reader(path, kind, found).read()


def _kind(path: str) -> Kind | None:
    return next((kind for pattern, kind in _KINDS if pattern.fullmatch(path)), None)


class _Reader:
    """One file."""

    def __init__(self, path: str, kind: Kind, found: "list[Node]") -> None:
        self.path = path
        self.kind = kind
        self.found = found
        self.logins: set[str] = set()
        """Ids of steps that log in to ECR."""
        self.seen: set[tuple[int, int]] = set()
        """Where scripts began that were read: one that aliases repeat is read once."""

    def read(self) -> Iterator[Call | Unclear]:
        for mapping, _ in self._mappings():
            if "amazon-ecr-login" in (scalar(member(mapping, "uses")) or ""):
                self.logins.add(scalar(member(mapping, "id")) or "")
        if self.kind.is_one_shell:
            yield from self._one_shell()
            return
        for mapping, variables in self._mappings():
            steps = step_calls(mapping, self.path, variables, self._marked)
            yield from in_region(steps, Script("", 1, variables).region)
            yield from self._scripts(mapping, variables)

    def _mappings(self) -> "Iterator[tuple[Node, dict[str, Text]]]":
        """Yield all mappings with the variables that are set in and around each."""
        nothing: dict[str, Text] = {}
        waiting = [(node, nothing, 0) for node in reversed(self.found)]
        for _ in range(MAX_NODES):
            if not waiting:
                return
            node, variables, depth = waiting.pop()
            if depth > _MAX_DEPTH or kind_of(node) == "scalar":
                continue
            below = list(node.value) if kind_of(node) == "sequence" else []
            if kind_of(node) == "mapping":
                variables = self._with_variables(node, variables)
                yield node, variables
                below = [value for _, value in pairs(node)]
            waiting += [(one, variables, depth + 1) for one in reversed(below)]

    def _with_variables(self, node: "Node", around: dict[str, Text]) -> dict[str, Text]:
        found = dict(around)
        for name in self.kind.variables:
            listed = member(node, name)
            for key, value in pairs(listed):
                text = (
                    scalar(value) if kind_of(value) == "scalar" else scalar(member(value, "value"))
                )
                found[key] = (self._marked(text),) if text else ()
            for one in listed.value if listed is not None and kind_of(listed) == "sequence" else ():
                key, equals, text = (scalar(one) or "").partition("=")
                if equals:
                    found[key] = (self._marked(text),) if text else ()
        if self.kind is _GITHUB and (region := self._signed_in(member(node, "steps"), found)):
            found |= {"AWS_REGION": (region,), "AWS_DEFAULT_REGION": (region,)}
        return found if len(found) > len(around) or found != around else around

    def _signed_in(self, steps: "Node | None", variables: dict[str, Text]) -> str:
        """Return the region that the steps of a job sign in to, if all that do name the same."""
        regions: set[str | None] = set()
        for step in steps.value if kind_of(steps) == "sequence" and steps is not None else ():
            if (scalar(member(step, "uses")) or "").startswith(_SIGN_IN):
                said = scalar(member(member(step, "with"), "aws-region")) or ""
                regions.add(known(Script("", 1, variables).filled(self._marked(said))))
        return (regions.pop() or "") if len(regions) == 1 else ""

    def _scripts(self, node: "Node", variables: dict[str, Text]) -> Iterator[Call | Unclear]:
        """Yield what the scripts of one mapping do; they run in its shell, one after the other."""
        members = dict(pairs(node))
        pieces = [self._pieces(members.get(name)) for name in self.kind.scripts]
        yield from self._run([piece for found in pieces for piece in found], variables)

    def _pieces(self, node: "Node | None") -> list[tuple[int, str]]:
        if node is not None and kind_of(node) == "sequence" and self.kind is _COMPOSE:
            words = [self._marked(str(one.value)) for one in scalars(node)]
            return [(line_of(node), " ".join(map(_quoted, words)))]
        return [(line_of(one), self._marked(str(one.value))) for one in scalars(node)]

    def _run(
        self, pieces: list[tuple[int, str]], variables: dict[str, Text]
    ) -> Iterator[Call | Unclear]:
        """Yield what pieces of a script do, each on its line."""
        if not pieces or (pieces[0][0], len(pieces)) in self.seen:
            return
        self.seen.add((pieces[0][0], len(pieces)))
        first = min(line for line, _ in pieces)
        text, at = "", first
        for line, piece in sorted(pieces, key=lambda one: one[0]) if _is_rising(pieces) else pieces:
            text += "\n" * max(0, line - at)
            text += piece.rstrip("\n") + "\n"
            at = max(at, line) + piece.rstrip("\n").count("\n") + 1
        yield from script_calls(self.path, text, first, variables)

    def _one_shell(self) -> Iterator[Call | Unclear]:
        """Yield what a buildspec does, and what CodeBuild gets for its variables."""
        pieces: list[tuple[int, str]] = []
        variables: dict[str, Text] = {}
        for mapping, around in self._mappings():
            variables |= around
            yield from step_calls(mapping, self.path, around, self._marked)
            for name in self.kind.scripts:
                pieces += self._pieces(member(mapping, name))
        yield from self._run(pieces, variables)

    def _marked(self, text: str) -> str:
        """Return a text in which expressions of the file are names that a run fills in."""

        def name_of(found: re.Match[str]) -> str:
            inside = found[1] if found[1] is not None else found[2]
            if not _DOTTED.match(inside):
                return mark("_")
            first, *rest = inside.split(".")
            if first == "steps" and len(rest) == 3 and rest[0] in self.logins:
                return mark(ECR_REGISTRY.name if rest[2] == "registry" else rest[2])
            return mark(
                ".".join((rest[0], rest[-1])) if first == "steps" else inside.split(".")[-1]
            )

        return _EXPRESSION.sub(name_of, text)


def _is_rising(pieces: list[tuple[int, str]]) -> bool:
    lines = [line for line, _ in pieces]
    return lines == sorted(lines)


def _quoted(word: str) -> str:
    return (
        word if re.fullmatch(r"[\w./:=@%+,$-]+", word) else "'" + word.replace("'", "'\\''") + "'"
    )
