"""Whether signs hold where a key stands: each is a pattern, each text is looked at once.

Part of remedy. In: the texts of `Context`s, and the patterns of all signs. Out: what each sign
weighs there. All is bounded, in steps and in time.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import accumulate, islice
from typing import Final

import regex

from leakscan.record import Record
from leakscan.remediation import Sign, SignKind
from leakscan.remedy.context import MAX_DEPTH, Context, path_end, path_line

_TIMEOUT_S: Final = 0.05
_MOST_TIMEOUTS: Final = 3
"""After so many in one text no more is looked for in it: it is hostile."""
_MOST_TIMEOUTS_OF_ALL: Final = 20
"""After so many no more texts are looked at."""
_MOST_LINES: Final = 2
"""Lines of a folder that are kept of a pattern: one of them may be the file itself."""


class Found(Record, frozen=True):
    """The patterns that were found in a text; those in a folder with the first names they fit."""

    lines: Mapping[str, tuple[str, ...]]
    is_whole: bool = True
    """Whether all patterns were looked for."""


_NOTHING: Final = Found({})


class Finder:
    """Finds signs in texts: each text is looked at once, and hostile ones not for long."""

    def __init__(self, signs: Iterable[Sign], is_over: Callable[[], bool]) -> None:
        self._is_over = is_over
        self._patterns: dict[SignKind, dict[str, None]] = {kind: {} for kind in SignKind}
        for sign in signs:
            self._patterns[sign.kind][sign.pattern] = None
        self._known: dict[tuple[SignKind, str], Found] = {}
        self._timeouts = 0

    def knows(self, kind: SignKind, text: str) -> bool:
        """Say whether a text was looked at already."""
        return (kind, text) in self._known

    def find(self, kind: SignKind, text: str) -> Found:
        """Return which patterns of a kind of sign are in a text."""
        if not text:
            return _NOTHING
        found = self._known.get((kind, text))
        if found is None:
            found = self._known[kind, text] = self._looked_for(kind, text)
        return found

    def _looked_for(self, kind: SignKind, text: str) -> Found:
        lines: dict[str, tuple[str, ...]] = {}
        timeouts = 0
        for pattern in self._patterns[kind]:
            if timeouts >= _MOST_TIMEOUTS or (kind is not SignKind.PATH and self._must_stop()):
                return Found(lines, is_whole=False)
            try:
                held = _held(kind, pattern, text)
            except TimeoutError:
                timeouts += 1
                self._timeouts += 1
                continue
            if held:
                lines[pattern] = held
        return Found(lines, is_whole=not timeouts)

    def _must_stop(self) -> bool:
        return self._timeouts >= _MOST_TIMEOUTS_OF_ALL or self._is_over()


class Search:
    """What signs weigh in one context; `is_whole` says whether all could be looked for."""

    def __init__(self, context: Context, finder: Finder) -> None:
        find = finder.find
        self._own = own_lines(context)
        self._folders = [find(SignKind.NEIGHBOUR, names) for names in context.neighbours]
        self._near = find(SignKind.TEXT, context.near or context.text)
        self._text = find(SignKind.TEXT, context.text)
        self._at_once = {
            SignKind.PATH: find(SignKind.PATH, path_end(context.path)),
            SignKind.KEY: find(SignKind.KEY, "\n".join(sorted(context.key))),
        }
        looked = (*self._folders, self._near, self._text, *self._at_once.values())
        self.is_whole = all(one.is_whole for one in looked)

    def weight(self, sign: Sign) -> float:
        """Return 1 if a sign holds, 0 if not, and a half if it holds far from the key."""
        pattern = sign.pattern
        if sign.kind is SignKind.TEXT:
            return 1 if pattern in self._near.lines else (pattern in self._text.lines) / 2
        if sign.kind is SignKind.NEIGHBOUR:
            return any(self._is_beside(one.lines.get(pattern, ())) for one in self._folders)
        return pattern in self._at_once[sign.kind].lines

    def _is_beside(self, lines: Iterable[str]) -> bool:
        """Say whether some lines of a folder name more than the file itself or what it is in."""
        return any(line not in self._own for line in lines)


def own_lines(context: Context) -> frozenset[str]:
    """Return how a file and what it is in stand in the folders beside it and above."""
    if not context.neighbours:
        return frozenset()
    *folders, _ = context.path.split("/", MAX_DEPTH + 1)
    ends = accumulate(len(name) + 1 for name in folders)
    return frozenset(path_line(name) for name in (context.path, *(context.path[:e] for e in ends)))


def _held(kind: SignKind, pattern: str, text: str) -> tuple[str, ...]:
    """Return lines of a folder in which a pattern is found; of any other text, that it is found.

    Raises TimeoutError.
    """
    if kind is SignKind.NEIGHBOUR:
        return tuple(islice(_lines(pattern, text), _MOST_LINES))
    return ("",) if _compiled(pattern).search(text, timeout=_TIMEOUT_S) else ()


def _lines(pattern: str, text: str) -> Iterator[str]:
    """Yield different lines in which a pattern is found. Raises TimeoutError."""
    at = 0
    while at <= len(text):
        found = _compiled(pattern).search(text, at, timeout=_TIMEOUT_S)
        if found is None:
            return
        start = text.rfind("\n", 0, found.start()) + 1
        end = text.find("\n", found.end())
        at = end + 1 if end >= 0 else len(text) + 1
        yield text[start : at - 1]


@lru_cache(maxsize=2048)
def _compiled(pattern: str) -> regex.Pattern[str]:
    # What Unicode knows of letters would cost four times as much to compile.
    return regex.compile(pattern, regex.IGNORECASE | regex.MULTILINE | regex.ASCII)
