"""Which findings an entry of `.leakscan.yaml` allows.

Part of the triage stage. In: entries and findings. Out: the entries that fit. What has expired is
left to `triage`.
"""

from collections.abc import Iterator, Sequence

from leakscan.config import Allow
from leakscan.model import Finding, Place
from leakscan.triage.globs import Globs

_AT_PATHS = (Place.FILE, Place.SYMLINK, Place.PATH, Place.INDEX, Place.TEXT)


class Allowlist:
    """The entries of one configuration; their globs are compiled once.

    With `max_tests` it compares globs with paths at most that often, and what is left then fits no
    entry with paths: the product of a hostile list and hostile paths must have a bound.
    """

    def __init__(self, entries: Sequence[Allow], max_tests: int | None = None) -> None:
        self._entries = [(entry, Globs(entry.paths)) for entry in entries]
        self._tests_left = max_tests

    def entries_of(self, finding: Finding) -> Iterator[Allow]:
        """Yield the entries all of whose kinds fit a finding, whether or not they have expired."""
        credential = finding.credential
        for entry, globs in self._entries:
            if entry.fingerprints and credential.fingerprint not in entry.fingerprints:
                continue
            if entry.rules and credential.rule.id not in entry.rules:
                continue
            if entry.paths and not self._all_fit(globs, finding):
                continue
            yield entry

    def _all_fit(self, globs: Globs, finding: Finding) -> bool:
        paths = _paths(finding)
        return bool(paths) and all(self._fits(globs, path) for path in paths)

    def _fits(self, globs: Globs, path: bytes) -> bool:
        if self._tests_left is not None:
            self._tests_left -= len(globs)
            if self._tests_left < 0:
                return False
        return globs.fit(path)


def _paths(finding: Finding) -> list[bytes]:
    """Return the paths of a finding, none if it is also somewhere that has no path.

    An object that no commit holds does not count: staging a file twice leaves one behind.
    """
    placed = [one for one in finding.occurrences if one.place is not Place.DANGLING]
    if any(one.place not in _AT_PATHS or one.path is None for one in placed):
        return []
    paths = dict.fromkeys(one.path for one in placed)
    paths |= dict.fromkeys(one.from_path for one in placed)
    return [path for path in paths if path is not None]
