"""The Go files of a repository by their folders, and which folder an import means.

In: paths, and the go.mod files. Out: `Modules`. Nothing is fetched or built.
"""

import posixpath
import re
from collections.abc import Iterable, Sequence
from typing import Final

_MODULE: Final = re.compile(rb"(?m)^module[ \t]+\"?([^\s\"]{1,256})")


class Modules:
    """Folders of a repository, by the paths of their packages."""

    def __init__(self, files: Sequence[tuple[str, bytes]]) -> None:
        self._roots = [
            (found[1].decode("utf-8", "replace"), posixpath.dirname(path))
            for path, data in files
            if path.rpartition("/")[2] == "go.mod" and (found := _MODULE.search(data))
        ]
        self._folders = {posixpath.dirname(path) for path, _ in files if path.endswith(".go")}
        self._found: dict[str, str | None] = {}

    def folder_of(self, path: str) -> str | None:
        """Return the folder of the repository that an import path means, or None."""
        if path not in self._found:
            tried = self._candidates(path)
            self._found[path] = next((one for one in tried if one in self._folders), None)
        return self._found[path]

    def _candidates(self, path: str) -> Iterable[str]:
        if not self._roots:
            # A repository without go.mod lies below the import path of its top.
            parts = path.split("/")
            ours = len(parts) > 3 and "." in parts[0] and parts[:2] != ["github.com", "aws"]
            return ["/".join(parts[3:])] if ours else []
        return [
            posixpath.join(folder, path[len(name) :].lstrip("/")).rstrip("/")
            for name, folder in sorted(self._roots, reverse=True)
            if f"{path}/".startswith(f"{name}/")
        ]
