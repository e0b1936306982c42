"""A suggested role as commands of the AWS CLI, with the files they read.

In: a cleaned `Suggestion`. Out: a shell script. What comes from a repository stands in JSON of
ASCII alone, between lines that nothing in it can be: a text of JSON has no line of its own.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

from leakscan.permissions import Suggestion
from leakscan.report.base import ReportOptions
from leakscan.report.role_document import Policy, as_words, is_managed, policies, size_line
from leakscan.report.role_terraform import comment, comments

_END: Final = "END_OF_FILE"


def render_cli(made: Suggestion, _options: ReportOptions) -> bytes:
    """Return the role as a script."""
    return ("\n".join(_lines(made)) + "\n").encode("ascii")


def _lines(made: Suggestion) -> Iterator[str]:
    found = policies(made, as_words)
    yield "#!/bin/sh"
    yield from comments(made, size_line(found) if found else "")
    if made.variables:
        yield "# Put these into this script before you run it:"
        for name, meaning in made.variables.items():
            yield f"#   {name}: {comment(meaning or 'a name')}"
        yield ""
    yield "set -eu"
    yield ""
    if made.trust:
        yield from _file("trust.json", json.loads(made.trust))
    for one in found:
        yield from _file(_name(one, found), one.document)
    yield from _is_filled_in(made, found)
    yield from _commands(made, found)


def _file(name: str, content: Any) -> Iterator[str]:
    yield f"cat > {name} <<'{_END}'"
    yield json.dumps(content, indent=2)
    yield _END
    yield ""


def _is_filled_in(made: Suggestion, found: list[Policy]) -> Iterator[str]:
    """Stop before anything is created while a word in capitals is left."""
    if not made.variables:
        return
    files = [*(["trust.json"] if made.trust else []), *(_name(one, found) for one in found)]
    words = "|".join(made.variables)
    yield f"if grep -nwE '{words}' {' '.join(files)}; then"
    yield "  echo 'These words in capitals are to be filled in first.' >&2"
    yield "  exit 1"
    yield "fi"
    yield ""


def _name(one: Policy, found: list[Policy]) -> str:
    return f"policy-{found.index(one) + 1}.json" if len(found) > 1 else "policy.json"


def _commands(made: Suggestion, found: list[Policy]) -> Iterator[str]:
    role = made.role
    for one in found:
        file = _name(one, found)
        yield (
            "aws accessanalyzer validate-policy --policy-type IDENTITY_POLICY "
            f"--policy-document file://{file}"
        )
    if made.trust:
        yield (
            f"aws iam create-role --role-name {role} "
            "--assume-role-policy-document file://trust.json --max-session-duration 3600"
        )
    managed = is_managed(found) or not made.trust
    for one in found:
        file = _name(one, found)
        if not managed:
            yield (
                f"aws iam put-role-policy --role-name {role} --policy-name {one.name} "
                f"--policy-document file://{file}"
            )
            continue
        yield f"aws iam create-policy --policy-name {one.name} --policy-document file://{file}"
        if made.trust:
            arn = f"arn:{_partition(made)}:iam::ACCOUNT_ID:policy/{one.name}"
            yield f"aws iam attach-role-policy --role-name {role} --policy-arn {arn}"


def _partition(made: Suggestion) -> str:
    for one in made.statements:
        for text in one.resources:
            first = text[0] if text and isinstance(text[0], str) else ""
            for name in ("aws-cn", "aws-us-gov"):
                if first.startswith(f"arn:{name}:"):
                    return name
    return "aws"
