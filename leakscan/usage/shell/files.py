"""Makefiles and Dockerfiles as shell scripts with the same lines, and the variables they set.

In: the text of one. Out: a script whose line n is the file's line n, and texts by names.
"""

import json
import re
from typing import Final

from leakscan.permissions import Text
from leakscan.usage.shell.words import mark

_MAKE_NAME: Final = re.compile(r"\$(?:\(([A-Za-z0-9_.-]{1,64})\)|\{([A-Za-z0-9_.-]{1,64})\})")
_MAKE_CALL: Final = re.compile(r"\$(?:\([a-z]+ [^()\n]{0,500}\)|[@<^*%?+|])")
_MAKE_SET: Final = re.compile(
    r"(?:export |override )*([A-Za-z0-9_.-]{1,64})[ \t]*(\?|::?|!|\+)?=[ \t]*(.*?)[ \t]*(?:#.*)?\Z"
)
_INSTRUCTION: Final = re.compile(r"(?i)[ \t]*(RUN|ENV|ARG|CMD|ENTRYPOINT)[ \t]+(.*)\Z", re.DOTALL)
_FLAG: Final = re.compile(r"--[a-z]+(?:=\S+)?[ \t]+")
_PAIR: Final = re.compile(r"""([A-Za-z_][A-Za-z0-9_]*)(=|[ \t]+)("[^"]*"|'[^']*'|\S*)""")
_HEREDOC: Final = re.compile(r"""<<-?[ \t]*["']?([A-Za-z_][A-Za-z0-9_]*)["']?[ \t]*\Z""")
_MAX_LINE: Final = 4096


def from_makefile(text: str) -> tuple[str, dict[str, Text]]:
    """Return the recipes, and what the variables are that are set once, at the top."""
    lines: list[str] = []
    texts: dict[str, Text] = {}
    twice: set[str] = set()
    goes_on = False
    for line in text.split("\n"):
        recipe = line.startswith("\t") or goes_on
        lines.append(_made(line.lstrip("\t ").lstrip("@-+ ")) if recipe else "")
        goes_on = recipe and line.endswith("\\")
        found = _MAKE_SET.match(line[:_MAX_LINE]) if not recipe else None
        if found is not None:
            name = found[1]
            if name in texts or found[2] in {"?", "+", "!"}:
                twice.add(name)
            texts[name] = (_made(found[3]),)
    return "\n".join(lines), {name: text for name, text in texts.items() if name not in twice}


def _made(line: str) -> str:
    """Return a line with what make puts into it marked."""
    line = line.replace("$$", "\0")
    line = _MAKE_NAME.sub(lambda found: mark(found[1] or found[2]), line)
    return _MAKE_CALL.sub(lambda _: mark("_"), line).replace("\0", "$")


def from_dockerfile(text: str) -> tuple[str, dict[str, Text]]:
    """Return what RUN, CMD and ENTRYPOINT run, and what ENV sets once; ARG is set from outside."""
    lines: list[str] = []
    texts: dict[str, Text] = {}
    waiting, end, is_run = "", "", False
    for line in text.split("\n"):
        if end:
            lines.append("" if line.strip() == end else line)
            end = "" if line.strip() == end else end
            continue
        if waiting and line.lstrip().startswith("#"):
            lines.append("\\")
            continue
        found = None if waiting else _INSTRUCTION.match(line)
        is_run = found[1].upper() not in {"ENV", "ARG"} if found else is_run and bool(waiting)
        body = _FLAG.sub("", found[2]) if found and is_run else (found[2] if found else line)
        if found and found[1].upper() == "ENV":
            _set(body, texts)
        heredoc = _HEREDOC.search(body) if is_run else None
        end = heredoc[1] if heredoc is not None else ""
        lines.append(_listed(body) if is_run and not end else "")
        waiting = line if line.rstrip().endswith("\\") and (found or waiting) else ""
    return "\n".join(lines), texts


def _listed(body: str) -> str:
    """Return a line, or the words of one that is written as a list of JSON."""
    if not body.lstrip().startswith("["):
        return body
    try:
        words = json.loads(body)
    except (ValueError, RecursionError):
        return body
    words = [word for word in words if isinstance(word, str)]
    return " ".join("'" + word.replace("'", "'\\''").replace("\n", " ") + "'" for word in words)


def _set(body: str, texts: dict[str, Text]) -> None:
    """Note what an ENV sets; what holds a variable is left to a run."""
    for name, _, value in _PAIR.findall(body[:_MAX_LINE]):
        if "$" not in value and name not in texts:
            texts[name] = (value.strip("\"'"),)
        else:
            texts.pop(name, None)
