"""Calls of AWS in shell: scripts, recipes of a Makefile, RUN of a Dockerfile.

Part of the usage stage. In: one file. Out: Calls, and what is surely AWS and not told which as
Unclear. A file that is none of a shell is made one first, line by line.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from leakscan.permissions import Call, Spot, Text, Unclear
from leakscan.usage.given import in_region
from leakscan.usage.shell.commands import command_calls
from leakscan.usage.shell.files import from_dockerfile, from_makefile
from leakscan.usage.shell.words import Script
from leakscan.usage.syntax import UnreadableError, known

_MENTIONS: Final = re.compile(
    rb"(?i)aws|\becr\b|\bcdk\b|\bsam\b|serverless|\bsls\b|eksctl|\beb\b|copilot|chalice|zappa"
    rb"|amplify|\bsst\b|s3cmd|s5cmd|\becs"
)
_SHEBANG: Final = re.compile(rb"#!\s*/\S*(?:/env\s+(?:-\S+\s+)*)?\b(?:ba|da|k|z|a)?sh\b")
_SUFFIXES: Final = (".sh", ".bash", ".zsh", ".ksh", ".bats")
_MAKEFILE: Final = re.compile(r"(?i)(?:gnu)?makefile(?:\..+)?\Z|.+\.(?:mk|mak)\Z")
_DOCKERFILE: Final = re.compile(
    r"(?i)(?:docker|container)file(?:[.-].+)?\Z|.+[.-](?:docker|container)file\Z"
)
_SHELLS: Final = frozenset({"sh", "bash", "zsh", "dash", "ksh", "ash"})
_MAX_INNER: Final = 4
"""Scripts in scripts: `bash -c "bash -c ..."`."""


def is_shell(path: str, source: bytes) -> bool:
    """Say whether a file is one that `calls` reads, by its name or its first line."""
    name = path.rpartition("/")[2]
    if name.endswith(_SUFFIXES) or _MAKEFILE.match(name) or _DOCKERFILE.match(name):
        return True
    return bool(_SHEBANG.match(source[:256]))


def calls(path: str, source: bytes) -> Iterator[Call | Unclear]:
    """Yield what a file does with AWS."""
    if not _MENTIONS.search(source):
        return
    text = source.decode("utf-8", "replace").replace("\r\n", "\n")
    name = path.rpartition("/")[2]
    known_before: Mapping[str, Text] = {}
    if _MAKEFILE.match(name):
        text, known_before = from_makefile(text)
    elif _DOCKERFILE.match(name):
        text, known_before = from_dockerfile(text)
    yield from script_calls(path, text, 1, known_before, is_aws=b"aws" in source.lower())


def script_calls(
    path: str,
    text: str,
    first_line: int,
    variables: Mapping[str, Text],
    *,
    is_aws: bool = True,
    depth: int = 0,
) -> Iterator[Call | Unclear]:
    """Yield what a script does that begins on a line of a file."""
    try:
        script = Script(text, first_line, variables)
    except UnreadableError as problem:
        if _MENTIONS.search(text.encode("utf-8", "replace")):
            yield Unclear(Spot(path, first_line), str(problem))
        return
    region = script.region
    for command in script.commands():
        found = command_calls(command, path, script.functions, is_aws=is_aws)
        yield from in_region(found, command.region or region)
        inner = _inner_script(command.words)
        if inner and depth == _MAX_INNER:
            yield Unclear(Spot(path, command.line), "scripts in scripts are not followed so deep")
        elif inner:
            below = script_calls(
                path, inner, command.line, variables, is_aws=is_aws, depth=depth + 1
            )
            yield from in_region(below, command.region or region)


def _inner_script(words: tuple[Text, ...]) -> str:
    """Return the script that `bash -c` or `eval` is given, if all of it is known."""
    name = (known(words[0]) or "").rpartition("/")[2]
    said = [known(word) for word in words[1:]]
    if name == "eval" and said and said[0] != "aws":
        return said[0] or ""
    if name not in _SHELLS:
        return ""
    flags = [number for number, word in enumerate(said) if word and re.match(r"-[a-z]*c\Z", word)]
    return (said[flags[0] + 1] or "") if flags and flags[0] + 1 < len(said) else ""
