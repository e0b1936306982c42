"""Reads JavaScript and TypeScript: all files together, for a client made in one is used in another.

Part of the usage stage. In: files. Out: Calls and Unclear. What is kept of files at a time is
bounded: files beyond that are read alone, and what they import is not known.
"""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from leakscan.permissions import Call, Spot, Unclear
from leakscan.record import State
from leakscan.usage.given import with_idle
from leakscan.usage.javascript.calls import FileCalls
from leakscan.usage.javascript.exports import Exports, exports_of
from leakscan.usage.javascript.imports import Imports
from leakscan.usage.javascript.manifests import scripts_of
from leakscan.usage.javascript.modules import TYPED, Modules, is_config, is_module, script_of
from leakscan.usage.javascript.regions import older_region
from leakscan.usage.javascript.scopes import Scopes
from leakscan.usage.javascript.things import Things
from leakscan.usage.services import service_of_js_class, service_of_js_package
from leakscan.usage.syntax import UnreadableError, tree, unread

if TYPE_CHECKING:
    from tree_sitter import Node

_MENTIONS: Final = re.compile(rb"(?i)aws|dynamo|\bs3|sqs|\bsns|multer-s3")
"""What a file has that speaks to AWS: the name of a package, or of a client made elsewhere."""
_SDK: Final = re.compile(rb"aws-sdk|dynamoose|multer-s3")
_NAMED: Final = re.compile(
    rb"(@aws-sdk/(?:client-[a-z0-9-]{1,64}|lib-dynamodb))|aws-sdk/clients/([a-z0-9]{1,64})"
    rb"|\b(?:AWS|aws|Aws)\.([A-Z][A-Za-z0-9]{1,64})\b"
)
_ROUNDS: Final = 3
"""Files that import files that speak of AWS, one after the other."""
_KEPT_BYTES: Final = 6 << 20
"""Of files whose names are kept; a byte of source costs up to fifty of memory."""
_MAX_NAMED: Final = 5000


class _Loaded(State):
    """A file that was parsed."""

    nodes: "list[Node]"
    exports: Exports
    problem: str = ""


class JavaScriptReader:
    """The reader of JavaScript and TypeScript, for `usage`."""

    language = "JavaScript and TypeScript"

    def is_mine(self, path: str, _: bytes) -> bool:
        """Say whether a file is of these languages, or says how their files find each other."""
        return is_module(path) or is_config(path)

    def read(self, files: Sequence[tuple[str, bytes]]) -> Iterator[Call | Unclear]:
        """Yield what the files do with AWS."""
        modules = Modules([(path, script_of(path, data)) for path, data in files])
        program = _Program(modules, _services(files))
        mains = _mains(modules)
        for path in mains:
            program.load(path)
        program.note_regions(mains)
        made: list[tuple[str, Spot]] = []
        found = (one for path in mains for one in _guarded(program, path, made))
        yield from with_idle(found, made)
        for path, data in files:
            if is_config(path):
                yield from scripts_of(path, data)


def calls(path: str, source: bytes) -> Iterator[Call | Unclear]:
    """Yield what one file does with AWS that nobody imports."""
    yield from JavaScriptReader().read([(path, source)])


def _guarded(
    program: "_Program", path: str, made: list[tuple[str, Spot]]
) -> Iterator[Call | Unclear]:
    try:
        yield from program.calls(path, made)
    except RecursionError:
        yield unread(path, "not followed to the end: it is nested too deeply")


def _mains(modules: Modules) -> list[str]:
    """Return the files that speak of AWS, and those that import them."""
    paths = {path for path, data in modules.files.items() if _MENTIONS.search(data)}
    fresh = {path for path in paths if _SDK.search(modules.files[path])}
    for _ in range(_ROUNDS):
        fresh = modules.importers(fresh, set(modules.files) - paths) if fresh else set()
        paths |= fresh
    return sorted(paths)


def _services(files: Sequence[tuple[str, bytes]]) -> frozenset[str]:
    """Return the services whose SDK the files name, those of package.json too."""
    names: set[tuple[bytes, bytes, bytes]] = set()
    for _, data in files:
        if b"aws" in data or b"AWS" in data:
            names.update(_NAMED.findall(data))
        if len(names) > _MAX_NAMED:
            break
    found: set[str | None] = set()
    for package, client, older in sorted(names)[:_MAX_NAMED]:
        if package:
            name = package.decode("ascii")
            found.add("dynamodb" if name.endswith("lib-dynamodb") else service_of_js_package(name))
        else:
            found.add(service_of_js_class((client or older).decode("ascii")))
    return frozenset(one for one in found if one is not None)


class _Program:
    """All files that matter, and what is known of all of them together."""

    def __init__(self, modules: Modules, services: frozenset[str]) -> None:
        self._modules = modules
        self._services = services
        self._scopes = Scopes()
        self._loaded: dict[str, _Loaded | None] = {}
        self._kept = 0
        self._region = ""
        self.things = Things(self._scopes, Imports(self._scopes, modules, self._exports))

    def load(self, path: str) -> _Loaded | None:
        """Return a file, parsed; None of one that is too much to keep."""
        if path not in self._loaded:
            size = len(self._modules.files[path])
            fits = self._kept + size <= _KEPT_BYTES or not self._loaded
            self._kept += size if fits else 0
            self._loaded[path] = self._parsed(path) if fits else None
        return self._loaded[path]

    def _exports(self, path: str) -> Exports | None:
        loaded = self.load(path)
        return loaded.exports if loaded is not None else None

    def _parsed(self, path: str) -> _Loaded:
        suffix = path[path.rfind(".") :] if "." in path else ""
        try:
            root = _root(TYPED.get(suffix, "javascript"), self._modules.files[path])
        except UnreadableError as problem:
            return _Loaded([], Exports(), str(problem))
        return _Loaded(self._scopes.add(root, path), exports_of(root))

    def note_regions(self, paths: Sequence[str]) -> None:
        """Note the region that all clients of version 2 get, if one is set."""
        found: set[str] = set()
        for path in paths:
            loaded = self._loaded.get(path)
            if loaded is not None and b"config" in self._modules.files[path]:
                found.update(older_region(self.things, loaded.nodes))
        self._region = found.pop() if len(found) == 1 else ""

    def calls(self, path: str, made: list[tuple[str, Spot]]) -> Iterator[Call | Unclear]:
        """Yield what a file does; the clients that it makes go to made."""
        loaded = self.load(path)
        if loaded is None:
            alone = _Program(Modules([(path, self._modules.files[path])]), self._services)
            alone.load(path)
            alone.note_regions([path])
            yield from alone.calls(path, made)
        elif loaded.problem:
            yield unread(path, loaded.problem)
        else:
            source = self._modules.files[path]
            packages = {one[0].decode("ascii") for one in _NAMED.findall(source) if one[0]}
            file = FileCalls(path, self.things, packages, self._services, self._region)
            yield from file.read(loaded.nodes)
            made += file.made


def _root(language: str, source: bytes) -> "Node":
    """Return a file's tree; types in a file that is called JavaScript are not held against it.

    Raises: UnreadableError.
    """
    problem, root = None, None
    for name in (language, "tsx"):
        try:
            found = tree(name, source)
        except UnreadableError as error:
            problem = problem or error
            continue
        if not found.has_error:
            return found
        root = root or found
    if root is None:
        raise problem or UnreadableError("it cannot be parsed")
    return root
