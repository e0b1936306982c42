"""The JavaScript and TypeScript files of a repository, and how they import each other.

In: files. Out: `Modules`: which file an import means, as bundlers and TypeScript find it.
"""

import json
import posixpath
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from leakscan.record import Record

TYPED: Final = {
    ".ts": "typescript",
    ".mts": "typescript",
    ".cts": "typescript",
    ".tsx": "tsx",
    ".vue": "typescript",
    ".svelte": "typescript",
}
_ENDINGS: Final = (".ts", ".tsx", ".js", ".jsx", ".mts", ".mjs", ".cts", ".cjs", ".vue", ".svelte")
_CONFIG: Final = re.compile(r"(?:.*/)?(?:package|[tj]sconfig(?:\.[\w-]+)?)\.json\Z")
_LINE_COMMENT: Final = re.compile(r"(?m)^[ \t]*//.*$")
_LAST_COMMA: Final = re.compile(r",(\s*[}\]])")
_SCRIPT: Final = re.compile(rb"(?i)<script\b[^>]{0,512}>")
_SCRIPT_END: Final = re.compile(rb"(?i)</script")
_ROOTS: Final = ("", "src", "app", "lib")
_MAX_CONFIGS: Final = 500
_MAX_PATHS: Final = 50
_MAX_ALIASES: Final = 200
_SPECIFIER: Final = re.compile(
    rb"(?:\bfrom|\bimport|\brequire\s*\(|\bimport\s*\()\s*['\"]([^'\"\n]{1,256})['\"]"
)


class Package(Record, frozen=True):
    """What a package.json says: its folder, the name that others import, its main file."""

    folder: str
    name: str
    main: str


class Alias(Record, frozen=True):
    """What a tsconfig.json says: imports below a folder that begin so are found there."""

    folder: str
    begin: str
    target: str
    is_open: bool


class Modules:
    """The files of a repository by their paths."""

    def __init__(self, files: Sequence[tuple[str, bytes]]) -> None:
        self.files = {path: data for path, data in files if not is_config(path)}
        self.packages: list[Package] = []
        self._aliases: list[Alias] = []
        self._found: dict[tuple[str, str], str | None] = {}
        for path, data in [one for one in files if is_config(one[0])][:_MAX_CONFIGS]:
            folder, _, name = path.rpartition("/")
            value = _plain(data)
            if name == "package.json":
                self._package(folder, value)
            else:
                self._config(folder, value)

    def _package(self, folder: str, value: dict[str, Any]) -> None:
        name, main = value.get("name"), value.get("source") or value.get("main")
        if isinstance(name, str) and name:
            self.packages.append(Package(folder, name, main if isinstance(main, str) else ""))

    def _config(self, folder: str, value: dict[str, Any]) -> None:
        options = value.get("compilerOptions")
        options = options if isinstance(options, dict) else {}
        base, paths = options.get("baseUrl"), options.get("paths")
        top = posixpath.join(folder, base) if isinstance(base, str) else folder
        for key, targets in list(paths.items())[:_MAX_PATHS] if isinstance(paths, dict) else ():
            for target in targets[:4] if isinstance(targets, list) else ():
                if isinstance(target, str):
                    begin, star, _ = key.partition("*")
                    end = posixpath.join(top, target.partition("*")[0])
                    self._aliases.append(Alias(folder, begin, end, bool(star)))
        if isinstance(base, str):
            self._aliases.append(Alias(folder, "", f"{top}/", is_open=True))

        del self._aliases[_MAX_ALIASES:]

    def path_of(self, specifier: str, importer: str) -> str | None:
        """Return the path of the file that an import means, or None where it is none of ours."""
        folder = posixpath.dirname(importer)
        key = (folder, specifier)
        if key not in self._found:
            tried = self._candidates(specifier, folder)
            self._found[key] = next(
                (path for base in tried if (path := self._at(base)) is not None), None
            )
        return self._found[key]

    def _candidates(self, specifier: str, folder: str) -> Iterator[str]:
        """Yield the paths without ending that an import may mean, the likeliest first."""
        if specifier.startswith("."):
            yield posixpath.join(folder, specifier)
            return
        for alias in self._aliases:
            inside = f"{folder}/".startswith(f"{alias.folder}/") or not alias.folder
            if inside and specifier.startswith(alias.begin):
                rest = specifier[len(alias.begin) :]
                if alias.is_open or not rest:
                    yield alias.target + rest
        for package in self.packages:
            if specifier == package.name:
                yield from (
                    posixpath.join(package.folder, one)
                    for one in (package.main, "src/index", "index", "src/main")
                    if one
                )
            elif specifier.startswith(f"{package.name}/"):
                rest = specifier[len(package.name) + 1 :]
                yield from (posixpath.join(package.folder, top, rest) for top in ("", "src"))
        if specifier.startswith(("@/", "~/", "/", "#/", "src/")):
            rest = specifier if specifier.startswith("src/") else specifier.partition("/")[2]
            for above in _above(folder):
                yield from (posixpath.join(above, top, rest) for top in _ROOTS)

    def _at(self, base: str) -> str | None:
        base = posixpath.normpath(base).lstrip("/")
        if base.startswith(".."):
            return None
        if base in self.files:
            return base
        stem, dot, ending = base.rpartition(".")
        stems = [base, stem] if dot and ending in {"js", "mjs", "cjs", "jsx"} else [base]
        tried = (
            f"{one}{middle}{end}" for one in stems for middle in ("", "/index") for end in _ENDINGS
        )
        return next(
            (path.removeprefix("./") for path in tried if path.removeprefix("./") in self.files),
            None,
        )

    def importers(self, fresh: set[str], among: set[str]) -> set[str]:
        """Return which of some files import one of others, by the last part of what is imported."""
        tails = {_tail(path) for path in fresh}
        return {path for path in among if not self._imported_tails(path).isdisjoint(tails)}

    def _imported_tails(self, path: str) -> set[str]:
        found = _SPECIFIER.findall(self.files[path])
        return {_tail(one.decode("utf-8", "replace")) for one in found}


def is_config(path: str) -> bool:
    """Say whether a file says how others are found: package.json, tsconfig.json."""
    return bool(_CONFIG.match(path))


def is_module(path: str) -> bool:
    """Say whether a file is JavaScript or TypeScript, by its name."""
    return path.endswith(_ENDINGS) and not path.endswith((".d.ts", ".d.mts", ".d.cts"))


def script_of(path: str, source: bytes) -> bytes:
    """Return the code of a file on its own lines: of a component what its scripts hold."""
    if not path.endswith((".vue", ".svelte")):
        return source
    parts, end = [], 0
    while (found := _SCRIPT.search(source, end)) is not None:
        closing = _SCRIPT_END.search(source, found.end())
        after = closing.start() if closing is not None else len(source)
        parts += [b"\n" * source.count(b"\n", end, found.end()), source[found.end() : after]]
        end = after
    return b"".join(parts)


def _plain(data: bytes) -> dict[str, Any]:
    """Return the object of a file of JSON, with comments as TypeScript allows; or an empty one."""
    text = data.decode("utf-8", "replace")
    for one in (text, _LAST_COMMA.sub(r"\1", _LINE_COMMENT.sub("", text))):
        try:
            value = json.loads(one)
        except (ValueError, RecursionError):
            continue
        return value if isinstance(value, dict) else {}
    return {}


def _above(folder: str) -> Iterator[str]:
    while folder:
        yield folder
        folder = posixpath.dirname(folder)
    yield ""


def _tail(path: str) -> str:
    """Return the last part of a path that says something, without its ending."""
    stem = path
    for ending in _ENDINGS:
        stem = stem.removesuffix(ending)
    stem = stem.removesuffix("/index").rstrip("/.")
    return stem.rpartition("/")[2]
