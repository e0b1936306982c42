"""Which paths a glob means, in git's words, in time that no glob can blow up.

Part of the triage stage. In: globs and paths. Out: bool. As in a `.gitignore`: a glob without a
slash fits a name in any folder, another one the path from the top; `**` is any number of folders;
what fits a folder fits all below it. A backslash is a character like others.
"""

import fnmatch
import re
from collections.abc import Collection
from typing import Final

_Part = re.Pattern[str] | None
"""What fits one name; None is any number of names."""
_ANY_FOLDERS: Final = "**"


class Globs:
    """Some globs; a path fits if any of them does."""

    def __init__(self, globs: Collection[str]) -> None:
        self._globs = [_parts(glob) for glob in globs]

    def __len__(self) -> int:
        return len(self._globs)

    def fit(self, path: bytes) -> bool:
        """Say whether a path of a repository fits."""
        names = path.decode("utf-8", "surrogateescape").split("/")
        return any(_fits(parts, names) for parts in self._globs)


def _parts(glob: str) -> list[_Part]:
    words = [word for word in glob.split("/") if word]
    if "/" not in glob.rstrip("/"):
        words.insert(0, _ANY_FOLDERS)
    if words[-1] == _ANY_FOLDERS:
        words[-1] = "*"  # What is below a folder, not the folder.
    return [None if word == _ANY_FOLDERS else re.compile(fnmatch.translate(word)) for word in words]


def _fits(parts: list[_Part], names: list[str]) -> bool:
    """Say whether the parts fit the path or a folder above it.

    `reached` holds how many parts can be used up so far, so each name is looked at once for each.
    """
    reached = _past_folders({0}, parts)
    for name in names:
        after = set()
        for at in reached:
            part = parts[at]
            if part is None:
                after.add(at)
            elif part.match(name):
                after.add(at + 1)
        if len(parts) in after:
            return True
        reached = _past_folders(after, parts)
    return False


def _past_folders(reached: set[int], parts: list[_Part]) -> set[int]:
    """Add what is reached where `**` stands for no folder at all."""
    more = set(reached)
    for at in sorted(reached):
        while at < len(parts) and parts[at] is None:
            at += 1
            more.add(at)
    return more
