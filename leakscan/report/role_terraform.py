"""A suggested role as Terraform.

In: a cleaned `Suggestion`. Out: HCL: variables for what is open, the role with its trust, and its
policies. Every string is quoted as HCL needs it: `${` and `%{` begin templates there.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from leakscan.permissions import Suggestion
from leakscan.report.base import ReportOptions
from leakscan.report.role_document import (
    INCOMPLETE,
    MARKED,
    is_managed,
    marked,
    policies,
    read_line,
    size_of,
    trust,
)
from leakscan.report.words import visible

_NOT_NAME: Final = re.compile(r"[^a-z0-9_]+")


def render_terraform(made: Suggestion, _options: ReportOptions) -> bytes:
    """Return the role as a file of Terraform."""
    return ("\n".join(_lines(made)) + "\n").encode("utf-8")


def _lines(made: Suggestion) -> Iterator[str]:
    found = policies(made, marked)
    label = _label(made.role)
    yield from comments(made, size_of(made))
    for name, meaning in made.variables.items():
        yield f"variable {_quoted(variable(name))} {{"
        yield "  type        = string"
        yield f"  description = {_quoted(meaning or name)}"
        yield "}"
        yield ""
    if made.trust:
        yield f'resource "aws_iam_role" {_quoted(label)} {{'
        yield f"  name                 = {_quoted(made.role)}"
        yield "  max_session_duration = 3600"
        yield f"  assume_role_policy = jsonencode({_value(trust(made, mark=True), 1)})"
        yield "}"
        yield ""
    managed = is_managed(found) or not made.trust
    for one in found:
        own = _label(one.name)
        kind = "aws_iam_policy" if managed else "aws_iam_role_policy"
        yield f'resource "{kind}" {_quoted(own)} {{'
        yield f"  name   = {_quoted(one.name)}"
        if not managed:
            yield f"  role   = aws_iam_role.{label}.id"
        yield f"  policy = jsonencode({_value(one.document, 1)})"
        yield "}"
        yield ""
        if managed and made.trust:
            yield f'resource "aws_iam_role_policy_attachment" {_quoted(own)} {{'
            yield f"  role       = aws_iam_role.{label}.name"
            yield f"  policy_arn = aws_iam_policy.{own}.arn"
            yield "}"
            yield ""


def comments(made: Suggestion, size: str) -> Iterator[str]:
    """Yield what a human must decide as lines of comment that nothing can end."""
    yield f"# Suggested by leakscan: a role to begin with, {made.role}. Read before you use it."
    if not made.complete:
        yield f"# {INCOMPLETE}"
    for sentence in (*made.decisions, *filter(None, [size]), read_line(made)):
        yield f"# - {comment(sentence)}"
    for one in made.unclear[:_UNCLEAR]:
        yield f"# - Not understood: {comment(f'{one.spot.path}:{one.spot.line} {one.why}')}"
    for spot in made.unknown[:_UNCLEAR]:
        yield f"# - Action not known: {comment(f'{spot.path}:{spot.line} {spot.said}')}"
    yield ""


_UNCLEAR: Final = 20


def comment(text: str) -> str:
    """Return a text as one line of a comment, of ASCII alone."""
    return visible(text, 2000).encode("ascii", "backslashreplace").decode("ascii")


def variable(name: str) -> str:
    """Return the name of a variable of Terraform."""
    found = _NOT_NAME.sub("_", name.lower()).strip("_") or "value"
    return f"v_{found}" if found[0].isdigit() or found in _RESERVED else found


_RESERVED: Final = (
    "source",
    "version",
    "providers",
    "count",
    "for_each",
    "lifecycle",
    "depends_on",
    "locals",
)


def _label(name: str) -> str:
    found = _NOT_NAME.sub("_", name.lower()).strip("_") or "app"
    return f"r_{found}" if found[0].isdigit() else found


def _quoted(text: str) -> str:
    """Return a text as a string of HCL in which only our own variables are templates."""
    parts = []
    done = 0
    for found in MARKED.finditer(text):
        parts += [_escaped(text[done : found.start()]), f"${{var.{variable(found[1])}}}"]
        done = found.end()
    parts.append(_escaped(text[done:]))
    return f'"{"".join(parts)}"'


def _escaped(text: str) -> str:
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    text = text.replace("${", "$${").replace("%{", "%%{")
    return "".join(char if " " <= char <= "~" else _code(char) for char in text)


def _code(char: str) -> str:
    number = ord(char)
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"


def _value(value: Any, depth: int) -> str:
    """Return a value as an expression of HCL."""
    pad, inner = "  " * depth, "  " * (depth + 1)
    if isinstance(value, Mapping):
        lines = [f"{inner}{_key(key)} = {_value(one, depth + 1)}" for key, one in value.items()]
        return "{\n" + "\n".join(lines) + f"\n{pad}}}"
    if isinstance(value, list):
        if not value:
            return "[]"
        lines = [f"{inner}{_value(one, depth + 1)}," for one in value]
        return "[\n" + "\n".join(lines) + f"\n{pad}]"
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    return str(value) if isinstance(value, int | float) else _quoted(str(value))


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z]+", key) else _quoted(key)
