"""Reads Python: all its files together, for a client made in one is used in another.

Part of the privilege stage. In: files. Out: Calls and Unclear. Nothing is run or imported.
"""

from collections.abc import Iterator, Sequence

from leakscan.permissions import Call, Spot, Unclear
from leakscan.usage.python.aws import Aws
from leakscan.usage.python.calls import Calls
from leakscan.usage.python.eval import Evaluator, TooMuchError
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
        for module in modules:
            yield from _of_module(module, calls)
        yield from calls.rest()
        yield from program.problems


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
