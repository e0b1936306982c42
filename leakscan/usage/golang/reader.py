"""Reads Go: all files together, for a package has many files, and one package uses another.

Part of the usage stage. In: files. Out: Calls and Unclear. What is kept of files at a time is
bounded: files beyond that are read alone, without what their package declares elsewhere.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Final

from leakscan.permissions import Call, Spot, Unclear
from leakscan.usage.given import with_idle
from leakscan.usage.golang.calls import FileCalls
from leakscan.usage.golang.modules import Modules
from leakscan.usage.golang.regions import one_region
from leakscan.usage.golang.scopes import Scopes
from leakscan.usage.golang.values import Values
from leakscan.usage.syntax import UnreadableError, tree, unread

if TYPE_CHECKING:
    from tree_sitter import Node

_MENTIONS: Final = re.compile(rb"aws|s3blob|guregu/dynamo")
_IMPORT: Final = re.compile(rb"(?m)^(?:import)?[ \t]*(?:[\w.]{1,64}[ \t]+)?\"([^\"\s]{1,256})\"")
_KEPT_BYTES: Final = 6 << 20
"""Of files whose names are kept; a byte of source costs up to fifty of memory."""
_ROUNDS: Final = 2
"""Packages that are imported by those that speak of AWS, one after the other."""


class GoReader:
    """The reader of Go, for `usage`."""

    language = "Go"

    def is_mine(self, path: str, _: bytes) -> bool:
        """Say whether a file is Go, or says what its module is called."""
        return path.endswith(".go") or path.rpartition("/")[2] == "go.mod"

    def read(self, files: Sequence[tuple[str, bytes]]) -> Iterator[Call | Unclear]:
        """Yield what the files do with AWS; nothing of files that import nothing of AWS."""
        sources = {path: data for path, data in files if path.endswith(".go")}
        modules = Modules(files)
        mains = [path for path, data in sources.items() if _MENTIONS.search(data)]
        program = _Program(modules)
        fitting = [path for path in mains if program.add(path, sources[path])]
        for path in _beside(mains, sources, modules):
            program.add(path, sources[path])
        made: list[tuple[str, Spot]] = []
        found = program.calls(fitting, made)
        left = sorted(set(mains).difference(fitting))
        others = (one for path in left for one in _alone(path, sources[path], modules, made))
        yield from with_idle(chain(found, others), made)


def calls(path: str, source: bytes) -> Iterator[Call | Unclear]:
    """Yield what one file does with AWS that is alone in its package."""
    yield from GoReader().read([(path, source)])


def _alone(
    path: str, source: bytes, modules: Modules, made: list[tuple[str, Spot]]
) -> Iterator[Call | Unclear]:
    program = _Program(modules)
    program.add(path, source)
    yield from program.calls([path], made)


def _beside(mains: list[str], sources: dict[str, bytes], modules: Modules) -> list[str]:
    """Return the files that belong to the packages of some files, or to those they import."""
    by_folder: dict[str, list[str]] = {}
    for path in sources:
        by_folder.setdefault(posixpath.dirname(path), []).append(path)
    known = {posixpath.dirname(path) for path in mains}
    fresh = set(known)
    for _ in range(_ROUNDS):
        imported = {
            one.decode("utf-8", "replace")
            for folder in fresh
            for path in by_folder.get(folder, ())
            for one in _IMPORT.findall(sources[path])
        }
        folders = {modules.folder_of(one) for one in imported}
        fresh = {one for one in folders if one is not None and one not in known}
        known |= fresh
    taken = set(mains)
    return [path for folder in sorted(known) for path in by_folder[folder] if path not in taken]


class _Program:
    """The files that matter, and what is known of all of them together."""

    def __init__(self, modules: Modules) -> None:
        self._scopes = Scopes()
        self._values = Values(self._scopes, modules)
        self._nodes: dict[str, list[Node]] = {}
        self._problems: dict[str, str] = {}
        self._kept = 0

    def add(self, path: str, source: bytes) -> bool:
        """Read the names of a file; say whether there was room for it."""
        if self._kept and self._kept + len(source) > _KEPT_BYTES:
            return False
        self._kept += len(source)
        try:
            root = tree("go", source)
        except UnreadableError as problem:
            self._problems[path] = str(problem)
            return True
        self._nodes[path] = self._scopes.add(root, posixpath.dirname(path))
        return True

    def calls(self, paths: Iterable[str], made: list[tuple[str, Spot]]) -> Iterator[Call | Unclear]:
        """Yield what some of the files do; the clients that they make go to made."""
        self._scopes.finish()
        region = one_region(self._values, self._nodes.values())
        for path in paths:
            if path in self._problems:
                yield unread(path, self._problems[path])
                continue
            try:
                file = FileCalls(path, self._values, region)
                yield from file.read(self._nodes[path])
                made += file.made
            except RecursionError:
                yield unread(path, "not followed to the end: it is nested too deeply")
