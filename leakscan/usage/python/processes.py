"""Commands that Python runs: what is surely `aws`, or a tool like it, as a shell would run it.

Part of the usage stage. In: a call, evaluated. Out: what the reader of shell tells of the command.
Texts that begin with `aws` and that nothing was seen to run are Unclear.
"""

import ast
import re
import shlex
from collections.abc import Iterable, Iterator
from typing import Final

from leakscan.permissions import Call, Hole, Text, Unclear
from leakscan.usage.operations import operation_by_name
from leakscan.usage.python import values as v
from leakscan.usage.python.eval import Evaluation
from leakscan.usage.python.mentions import Said
from leakscan.usage.python.texts import texts_of
from leakscan.usage.python.values import Value
from leakscan.usage.services import service_of_cli
from leakscan.usage.shell.calls import script_calls
from leakscan.usage.shell.words import CLOSE, OPEN, mark
from leakscan.usage.syntax import spot

_RUNNERS: Final = frozenset(
    {f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "Popen")}
    | {f"subprocess.{name}" for name in ("getoutput", "getstatusoutput")}
    | {f"os.{name}" for name in ("system", "popen", "execv", "execve", "execvp", "execvpe")}
    | {"asyncio.create_subprocess_shell", "anyio.run_process", "trio.run_process", "invoke.run"}
    | {"fabric.api.run", "fabric.api.local", "fabric.api.sudo", "pexpect.run", "pexpect.spawn"}
)
_WORDS: Final = frozenset({"asyncio.create_subprocess_exec", "os.execl", "os.execlp"})
"""Each argument is a word of the command."""
_METHODS: Final = frozenset(
    {"run", "sudo", "local", "system", "popen", "Popen", "call", "check_call", "check_output"}
    | {"execute", "exec_command", "run_command", "run_cmd", "shell", "spawn", "getoutput", "sh"}
    | {"create_subprocess_shell", "BashOperator", "SSHOperator"}
)
"""Methods of objects that are not followed; they count where what they are given is `aws`."""
_GIVEN: Final = frozenset({"args", "cmd", "command", "bash_command", "commands"})
_TOOLS: Final = (
    r"(?:aws|cdk|sam|serverless|sls|chalice|zappa|eksctl|copilot|eb|s3cmd|s5cmd|aws-vault)"
)
_RUNS: Final = re.compile(rf"(?:\A|[\s/;&|(`'\"])(?:{_TOOLS}\s|docker\s+(?:push|pull)\s)")
_BEGINS: Final = re.compile(r"\s*(?:(?:sudo|time|exec)\s+)*(?:\S*/)?aws\s")
_HELP: Final = re.compile(r"\s*(?:sudo\s+)?aws\s+(\S+)(?:\s+(\S+))?")
_MOST: Final = 8
_MOST_SOUGHT: Final = 500
"""Texts that are looked for inside of the commands; more are not what people write."""


class Processes:
    """The commands of one program."""

    def __init__(self) -> None:
        self._run: dict[str, None] = {}
        """Commands that something runs, without the quotes around words."""

    def of_call(self, call: ast.Call, here: Evaluation) -> Iterator[Call | Unclear]:
        """Yield what the command does that a call runs."""
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        name = call.func.id if isinstance(call.func, ast.Name) else name
        if not (call.args or call.keywords) or not name:
            return
        names = {one.name for one in here.of(call.func) if isinstance(one, v.External)}
        for script in self._scripts(call, name, names, here):
            self._run.setdefault(" ".join(script.replace("'", "").split()))
            yield from script_calls(here.path, script, call.lineno, {})

    def _scripts(
        self, call: ast.Call, name: str, names: set[str], here: Evaluation
    ) -> Iterator[str]:
        of_sh = next((one for one in sorted(names) if f"{one}.".startswith("sh.aws.")), "")
        if of_sh:
            first = ["aws", *(part.replace("_", "-") for part in of_sh.split(".")[2:])]
            yield " ".join([*first, *_words(here.of(one) for one in call.args)])
        elif names & _WORDS:
            begins = 1 if any(one.startswith("os.") for one in names) else 0
            script = " ".join(_words(here.of(one) for one in call.args[begins:]))
            yield from [script] if _RUNS.search(f"{script} ") else []
        elif names & _RUNNERS or name in _METHODS:
            for values in self._given(call, here):
                for script in dict.fromkeys(_script(value) for value in values[:_MOST]):
                    is_one = (
                        _RUNS.search(f"{script} ") if names & _RUNNERS else _BEGINS.match(script)
                    )
                    if is_one:
                        yield script

    def _given(self, call: ast.Call, here: Evaluation) -> Iterator[tuple[Value, ...]]:
        """Yield what may be the command."""
        for node in (*call.args[:2], *(k.value for k in call.keywords if k.arg in _GIVEN)):
            if isinstance(node, ast.Starred):
                continue
            values = here.of(node)
            split = node.func if isinstance(node, ast.Call) else None
            if isinstance(split, ast.Attribute) and split.attr == "split" and node is not None:
                assert isinstance(node, ast.Call)
                # `"aws s3 ls".split()` and `shlex.split("aws s3 ls")` are the words of a text.
                values = here.of(node.args[0] if node.args else split.value)
            yield values

    def not_run(self, path: str, commands: Iterable[Said]) -> Iterator[Unclear]:
        """Yield the commands of a file that nothing was seen to run."""
        run = "\n".join(self._run)
        for number, one in enumerate(dict.fromkeys(commands)):
            text = " ".join(one.text.split())
            plain = text.replace("'", "")
            is_run = plain in self._run or (number < _MOST_SOUGHT and plain in run)
            if _is_command(text) and not is_run:
                where = spot(path, one.line, " ".join(text.split()[:3]))
                yield Unclear(where, "a command of the AWS CLI; what runs it was not followed")


def _is_command(text: str) -> bool:
    """Say whether a text is a command and no sentence."""
    found = _HELP.match(text)
    if found is None:
        return False
    if found[1].startswith("-") or found[1] == "s3":
        return found[1] != "--version"
    service = service_of_cli(found[1])
    is_open = found[2] is None or found[2][0] in "${%-"
    return service is not None and (
        is_open or "-" in found[2] or operation_by_name(service, found[2]) is not None
    )


def _script(value: Value) -> str:
    """Return a command as a shell reads it; nothing for what is none."""
    if isinstance(value, v.Known):
        return _marked(value.text)
    if isinstance(value, v.Series):
        return " ".join(_words(value.elements))
    return ""


def _words(elements: Iterable[tuple[Value, ...]]) -> Iterator[str]:
    """Yield the words of a list, quoted; what is put in with `*` in its place."""
    for values in elements:
        inner = next((one for one in values if isinstance(one, v.Series)), None)
        if inner is not None:
            yield from _words(inner.elements)
            continue
        text = next(iter(texts_of(values, "")), (Hole(""),))
        plain = _marked(text)
        yield shlex.quote(plain) if plain != mark("") else plain


def _marked(text: Text) -> str:
    """Return a text with marks for what only shows when the program runs."""
    return "".join(
        mark(part.name) if isinstance(part, Hole) else part.replace(OPEN, "").replace(CLOSE, "")
        for part in text
    )
