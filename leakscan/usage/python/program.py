"""The Python modules of a repository that may have to do with AWS, and how they import each other.

Part of the usage stage. In: files. Out: `Program`: modules that are read when they are first
asked for, and which calls have which name. What cannot be read is kept as Unclear.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from typing import Final

from leakscan.permissions import Spot, Unclear
from leakscan.usage.python.coding import NotPythonError, is_odd
from leakscan.usage.python.packages import SPEAKS
from leakscan.usage.python.scopes import FunctionInfo, Module, Site, read_module

_IMPORT: Final = re.compile(rb"(?m)^[ \t]*(?:from|import)[ \t]([^#\n]{1,1000})")
_NAME: Final = re.compile(rb"\w+")
_ROUNDS: Final = 3
_PACKAGE: Final = "__init__.py"
_OUTSIDE: Final = frozenset(
    ["boto3", "botocore", "aioboto3", "aiobotocore", "os", "posixpath", "pandas", "s3fs"]
)
"""Packages that are never taken for modules of the repository of the same name."""


class Program:
    """All modules of a repository."""

    def __init__(self, files: Sequence[tuple[str, bytes]]) -> None:
        self._files = dict(files)
        self._modules: dict[str, Module | None] = {}
        self._by_tail: dict[str, list[str]] = {}
        self._calls: dict[str, list[Site]] = {}
        self._imported: dict[Module, frozenset[str]] = {}
        self.problems: list[Unclear] = []
        for path in self._files:
            self._by_tail.setdefault(_tail(path), []).append(path)

    def main_modules(self) -> list[Module]:
        """Return the modules that speak of AWS, and those that import them."""
        paths = {path for path, data in self._files.items() if SPEAKS.search(data) or is_odd(data)}
        words = {
            path: frozenset(word for line in _IMPORT.findall(data) for word in _NAME.findall(line))
            for path, data in self._files.items()
        }
        fresh = set(paths)
        for _ in range(_ROUNDS):
            tails = {_tail(path).encode("utf-8", "replace") for path in fresh}
            fresh = {path for path in words if path not in paths and words[path] & tails}
            paths |= fresh
        found = [self.module(path) for path in sorted(paths)]
        return [module for module in found if module is not None]

    def module(self, path: str) -> Module | None:
        """Return the module at a path; None where there is none, or where it cannot be read."""
        if path not in self._modules:
            data = self._files.get(path)
            self._modules[path] = None if data is None else self._read(path, data)
        return self._modules[path]

    def _read(self, path: str, data: bytes) -> Module | None:
        try:
            return read_module(path, data)
        except NotPythonError as error:
            self.problems.append(Unclear(Spot(path, 1), f"not read: {error}"))
            return None

    def imported(self, name: str, importer: str) -> Module | None:
        """Return the module of a dotted name, with a dot in front for each level of `from`."""
        dots = len(name) - len(name.lstrip("."))
        parts = [part for part in name.split(".") if part]
        if not dots and (not parts or parts[0] in _OUTSIDE):
            return None
        if dots:
            folders = importer.split("/")[:-1]
            folders = folders[: len(folders) - (dots - 1)]
            return self._at("/".join([*folders, *parts]))
        tail = "/".join(parts)
        found = [
            path
            for path in self._by_tail.get(parts[-1], ())
            if f"/{path}".endswith((f"/{tail}.py", f"/{tail}/{_PACKAGE}"))
        ]
        if not found:
            return None
        return self.module(max(found, key=lambda path: (_shared(path, importer), -len(path))))

    def _at(self, stem: str) -> Module | None:
        package = f"{stem}/{_PACKAGE}" if stem else _PACKAGE
        path = f"{stem}.py" if f"{stem}.py" in self._files else package
        return self.module(path)

    def callers_of(self, info: FunctionInfo) -> Sequence[Site]:
        """Return what may be calls of a function: its name, where it or its module is imported."""
        names, imported = [info.node.name], {info.node.name, _tail(info.scope.module.path)}
        if info.owner is not None:
            imported.add(info.owner.node.name)
            if info.node.name == "__init__":
                names += [info.owner.node.name, "cls"]
        return [
            site
            for name in names
            for site in self._calls.get(name, ())
            if site.place.scope.module is info.scope.module
            or (name != "cls" and not imported.isdisjoint(self._imports(site.place.scope.module)))
        ]

    def _imports(self, module: Module) -> frozenset[str]:
        """Return the last names of all that a module imports."""
        if module not in self._imported:
            scopes = [module.scope, *(one.scope for one in module.functions.values())]
            bound = [
                one
                for scope in scopes
                if scope is not None
                for several in scope.bindings.values()
                for one in several
                if one.kind == "import"
            ]
            names = {str(one.key) for one in bound} | {one.module for one in bound}
            self._imported[module] = frozenset(name.rpartition(".")[2] for name in names)
        return self._imported[module]

    def index_calls(self) -> None:
        """Keep which call has which name, of all modules read so far."""
        modules = [module for module in self._modules.values() if module is not None]
        functions = {info.node.name for module in modules for info in module.functions.values()}
        for module in modules:
            for site in module.calls:
                if not isinstance(site.node, ast.Call):
                    continue
                self._calls.setdefault(_name(site.node.func), []).append(site)
                for handed in _handed_on(site.node, functions):
                    again = Site(handed, site.place)
                    self._calls.setdefault(_name(handed.func), []).append(again)


def _tail(path: str) -> str:
    """Return the last part of a module's name."""
    folder, _, name = path.rpartition("/")
    return folder.rpartition("/")[2] if name == _PACKAGE else name.rpartition(".")[0]


def _shared(one: str, other: str) -> int:
    """Return how many folders two paths share from the top."""
    pairs = zip(one.split("/")[:-1], other.split("/")[:-1], strict=False)
    count = 0
    for mine, theirs in pairs:
        if mine != theirs:
            break
        count += 1
    return count


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _handed_on(call: ast.Call, functions: set[str]) -> Iterator[ast.Call]:
    """Yield the calls that `submit(f, x)` and `Thread(target=f, args=(x,))` make."""
    for number, argument in enumerate(call.args[:-1] if not call.keywords else call.args):
        if _name(argument) in functions:
            yield ast.Call(argument, call.args[number + 1 :], call.keywords)
    given = {one.arg: one.value for one in call.keywords}
    target, arguments = given.get("target"), given.get("args")
    if target is not None and _name(target) in functions:
        whole = arguments.elts if isinstance(arguments, ast.Tuple | ast.List) else []
        yield ast.Call(target, whole, [])
