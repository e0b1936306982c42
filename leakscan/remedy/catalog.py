"""Remedy: what can be done about a credential, from the texts in `patterns/remediation/`.

In: a folder of one Markdown file per entry, `<id>.md`, and `controls.yaml`. Out: `Catalog`. It
knows nothing of rules or reports. What the texts say is kept in the cache under their bytes: to
read Markdown and YAML takes longer than all the rest of a refused push.
"""

import sys
from functools import cached_property
from pathlib import Path
from typing import Final

import msgspec

from leakscan import __version__
from leakscan import cache as kept
from leakscan.record import Record
from leakscan.remediation import Control, Entry, EntryKind
from leakscan.remedy.errors import RemediationError
from leakscan.resources import patterns

CONTROLS: Final = "controls.yaml"
_KIND: Final = "remedies"


class Catalog(Record, frozen=True, dict=True):
    """All entries and controls by id, the entries sorted."""

    entries: dict[str, Entry]
    controls: dict[str, Control]

    @cached_property
    def keys(self) -> dict[str, Entry]:
        """The entries about kinds of keys, which rules name."""
        return self._of(EntryKind.KEY)

    @cached_property
    def places(self) -> dict[str, Entry]:
        """The entries about places where keys stand."""
        return self._of(EntryKind.PLACE)

    def _of(self, kind: EntryKind) -> dict[str, Entry]:
        return {name: entry for name, entry in self.entries.items() if entry.kind is kind}


def load_catalog(directory: Path | None = None, cache: Path | None = None) -> Catalog:
    """Return the catalogue of a folder, by default the one that came with leakscan.

    Raises: RemediationError for a folder without texts or a text that is not valid.
    """
    sources = _sources(directory or patterns() / "remediation")
    if cache is None:
        return _parsed(sources)
    key = kept.key_of(__version__.encode(), *_code(), *(part for pair in sources for part in pair))
    raw = kept.load(cache, _KIND, key)
    known = _decoded(raw) if raw is not None else None
    if known is None:
        known = _parsed(sources)
        kept.store(cache, _KIND, key, msgspec.msgpack.encode(known))
    return known


def _sources(folder: Path) -> list[tuple[bytes, bytes]]:
    """Return name and bytes of each file, sorted."""
    try:
        paths = [*sorted(folder.glob("*.md")), folder / CONTROLS]
        if len(paths) == 1:
            raise RemediationError(folder.name, "folder", "there is no remediation text in it")
        return [(path.name.encode("utf-8", "replace"), path.read_bytes()) for path in paths]
    except OSError as error:
        name = Path(error.filename or folder).name
        raise RemediationError(name, "file", error.strerror or "cannot be read") from None


def _parsed(sources: list[tuple[bytes, bytes]]) -> Catalog:
    from leakscan.remedy import entry

    *texts, (name, source) = sources
    controls = entry.controls(name.decode(), source)
    made = [entry.entry(file.decode(), text) for file, text in texts]
    for one in made:
        for unknown in set(one.controls) - controls.keys():
            raise RemediationError(f"{one.id}.md", "controls", f"{unknown} is not in {CONTROLS}")
    return Catalog({one.id: one for one in made}, controls)


def _decoded(raw: bytes) -> Catalog | None:
    try:
        return msgspec.msgpack.decode(raw, type=Catalog)
    except msgspec.MsgspecError:
        return None


def _code() -> list[bytes]:
    """Return what the catalogue follows from besides its files, so that a change of it counts."""
    modules = sorted(Path(__file__).parent.glob("*.py"))
    return [sys.version.encode(), *(module.read_bytes() for module in modules)]
