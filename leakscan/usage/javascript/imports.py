"""What a name of a JavaScript or TypeScript file is bound to that another file exports.

In: `Scopes` of files that are read when they are first asked for. Out: `Binding`s of the file that
something comes from, however often it is handed on; None where that is none of the repository's.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from leakscan.usage.javascript.exports import Exports
from leakscan.usage.javascript.modules import Modules
from leakscan.usage.javascript.scopes import Binding, Scopes

if TYPE_CHECKING:
    from tree_sitter import Node

_DEPTH: Final = 12
"""Files that hand something on, one to the other."""
_SDK: Final = "@aws-sdk/"
_IDENTIFIERS: Final = frozenset(
    {"identifier", "type_identifier", "shorthand_property_identifier_pattern"}
)


class Imports:
    """Imports among the files of a repository."""

    def __init__(
        self, scopes: Scopes, modules: Modules, load: Callable[[str], Exports | None]
    ) -> None:
        self._scopes = scopes
        self._modules = modules
        self._load = load
        self._known: dict[tuple[str, str], Binding | None] = {}
        self._asked: list[tuple[str, str]] = []
        scopes.elsewhere = self.bound

    def path(self, specifier: str, importer: str) -> str:
        """Return the path of the file of the repository that an import means, or nothing."""
        return self._modules.path_of(specifier, importer) or ""

    def whole(self, path: str) -> "Node | None":
        """Return what all of a file is: what it gives to `module.exports`, if it does."""
        exports = self._load(path)
        return exports.whole if exports is not None else None

    def bound(self, binding: Binding) -> Binding | None:
        """Return what an import is bound to where that comes from, or None."""
        path = self.path(binding.package, binding.importer)
        if not path:
            return None
        if binding.name != "*":
            return self.named(path, binding.name)
        if not binding.module:
            binding.module = path
        return binding

    def named(self, path: str, name: str) -> Binding | None:
        """Return what a file exports under a name, or None."""
        key = (path, name)
        if key in self._known:
            return self._known[key]
        if key in self._asked or len(self._asked) > _DEPTH:
            return None
        self._asked.append(key)
        try:
            found = self._named(path, name)
        finally:
            self._asked.pop()
        if not self._asked or found is not None:
            self._known[key] = found
        return found

    def _named(self, path: str, name: str) -> Binding | None:
        exports = self._load(path)
        if exports is None:
            return None
        node = exports.named.get(name)
        if node is not None:
            return self._scopes.find(node) if node.type in _IDENTIFIERS else Binding([node])
        if name in exports.again:
            return self._again(path, *exports.again[name])
        for source in exports.all_of:
            inner = self.path(source, path)
            if inner and (found := self.named(inner, name)) is not None:
                return found
        if exports.whole is not None:
            return Binding([exports.whole], members=() if name == "default" else (name,))
        package = next((one for one in exports.all_of if one.startswith(_SDK)), None)
        return self._again(path, package, name) if package is not None else None

    def _again(self, path: str, source: str, name: str) -> Binding | None:
        binding = Binding([], package=source, name=name, importer=path)
        return self.bound(binding) or binding
