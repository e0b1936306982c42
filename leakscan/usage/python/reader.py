"""Reads Python: all its files together, for a client made in one is used in another.

Part of the usage stage. In: files. Out: Calls and Unclear. Nothing is run or imported.
"""

from collections.abc import Iterator, Sequence

from leakscan.permissions import Call, Spot, Unclear
from leakscan.usage.python.aws import Aws
from leakscan.usage.python.calls import Calls
from leakscan.usage.python.eval import Evaluator, TooMuchError
from leakscan.usage.python.idle import idle
from leakscan.usage.python.mentions import mentions
from leakscan.usage.python.program import Program
from leakscan.usage.python.scopes import Module


class PythonReader:
    """The reader of Python, for `usage`."""

    language = "Python"

    def is_mine(self, path: str, data: bytes) -> bool:
        """Say whether a file is Python, by its name or its first line."""
        name = path.rpartition("/")[2]
        if name.endswith((".py", ".pyw")):
            return True
        return "." not in name and data[:2] == b"#!" and b"python" in data[:80].splitlines()[0]

    def read(self, files: Sequence[tuple[str, bytes]]) -> Iterator[Call | Unclear]:
        """Yield what the files do with AWS."""
        program = Program(files)
        aws = Aws()
        evaluator = Evaluator(program, aws)
        modules = program.main_modules()
        program.index_calls()
        calls = Calls(evaluator, aws)
        told: set[str] = set()
        for one in _of_all(modules, calls):
            told.add(one.spot.path)
            yield one
        yield from _of_files(modules, calls, told)
        yield from program.problems


def _of_all(modules: list[Module], calls: Calls) -> Iterator[Call | Unclear]:
    for module in modules:
        yield from _of_module(module, calls)
    yield from calls.rest()


def _of_module(module: Module, calls: Calls) -> Iterator[Call | Unclear]:
    try:
        for site in module.calls:
            yield from calls.of_call(site)
        for site in module.reads:
            yield from calls.of_read(site)
    except TooMuchError:
        yield Unclear(Spot(module.path, 1), "not followed to the end: there is too much of it")
    except RecursionError:
        yield Unclear(Spot(module.path, 1), "not followed to the end: it is nested too deeply")


def _of_files(modules: list[Module], calls: Calls, told: set[str]) -> Iterator[Unclear]:
    """Yield what is said of files as wholes, where their calls do not say it."""
    for module in modules:
        if module.scope is None:
            continue
        said = mentions(module.scope.node)
        found = [
            *calls.libraries.of_module(module, said),
            *calls.processes.not_run(module.path, said.commands),
        ]
        yield from found
        if module.path not in told and not found and not calls.is_used(module.path):
            nothing = idle(module.path, said)
            yield from [nothing] if nothing else []
