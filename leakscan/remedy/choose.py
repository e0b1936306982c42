"""Which kind of place a key stands in: every sign that holds adds its points, and the most wins.

Part of remedy. In: `Context`s, and the catalogue's entries of places. Out: `Choice`s with reasons,
the best first. Reasons are words of the catalogue, never text of the repository.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate, islice
from typing import Final

import regex

from leakscan.record import Record
from leakscan.remediation import (
    Choice,
    Considered,
    Entry,
    Looked,
    Sign,
    SignKind,
    Spoke,
    Weighed,
)
from leakscan.remedy.context import MAX_DEPTH, Context, path_bytes, path_end, path_line

MOST: Final = 3
"""Places that are offered for one file."""
MAX_PATHS: Final = 1 << 20
"""Characters of different paths that are looked at in one scan, each with what it costs anyway."""
MAX_PATHS_AFTER: Final = 1 << 14
"""Of these, those that are still looked at when the time is up."""
_ANYWAY: Final = 200
_TIMEOUT_S: Final = 0.05
_MOST_TIMEOUTS: Final = 3
"""After so many in one text no more is looked for in it: it is hostile."""
_MOST_TIMEOUTS_OF_ALL: Final = 20
"""After so many no more texts are looked at."""
_MOST_LINES: Final = 2
"""Lines of a folder that are kept of a pattern: one of them may be the file itself."""
_ENOUGH: Final = 4
"""Points below which a place is a guess, and a general one stands beside it."""
_SURE: Final = 6
"""Points from which a place that stands alone is sure."""
_CLOSE: Final = 0.65
"""Part of the best one's points from which another one is offered too."""
_NOT_ALL: Final = {
    Looked.PART: "looking for all signs in its text took too long",
    Looked.PATH: "only its path was looked at",
    Looked.TYPE: "only its type was looked at: there are too many files",
}
_CODE: Final = "application-code"
_CONFIG: Final = "application-config"
_LAPTOP: Final = "developer-laptop"
_SOURCE: Final = re.compile(
    r"\.(bash|c|cc|clj|cpp|cs|dart|exs?|fs|go|groovy|hs?|java|jl|jsx?|kts?|lua|mm?|mjs|php|pl|pm|ps1"
    r"|py|r|rb|rs|scala|sh|sql|swift|tsx?|vb|vue|zsh)\Z",
    re.IGNORECASE,
)


class _Found(Record, frozen=True):
    """The patterns that were found in a text, each with the first lines it was found in."""

    lines: Mapping[str, tuple[str, ...]]
    is_whole: bool = True
    """Whether all patterns were looked for."""


class _Place(Record, frozen=True):
    """A kind of place that more speaks for than against, and the signs that hold."""

    id: str
    points: int
    spoke: Sequence[tuple[Sign, int]]


_NOTHING: Final = _Found({})


def choose(context: Context, places: Mapping[str, Entry]) -> tuple[Choice, ...]:
    """Return what a `Chooser` chooses that has seen nothing else."""
    return Chooser(places).choose(context)


class Chooser:
    """Chooses for all contexts of a scan: what they share is looked at once, and all is bounded.

    When `is_over`, paths alone are looked at, and not many more.
    """

    def __init__(
        self, places: Mapping[str, Entry], is_over: Callable[[], bool] = lambda: False
    ) -> None:
        self._places = dict(sorted(places.items()))
        self._is_over = is_over
        self._patterns: dict[SignKind, dict[str, None]] = {kind: {} for kind in SignKind}
        for entry in self._places.values():
            for sign in entry.signs:
                self._patterns[sign.kind][sign.pattern] = None
        self._known: dict[tuple[SignKind, str], _Found] = {}
        self._left = MAX_PATHS
        self._timeouts = 0

    def choose(self, context: Context) -> tuple[Choice, ...]:
        """Return the places a key may stand in, best first: those that come close, never none.

        Where no sign is strong enough, a general one by the type of file stands beside what
        there is.
        """
        return self._chosen(context, *self._weigh(context))

    def consider(self, context: Context) -> Considered:
        """Return what is chosen, with all that was thought of."""
        found, looked = self._weigh(context)
        own = _own(context)
        return Considered(
            path_bytes(context.path),
            sum(
                line not in own for text in context.neighbours for line in text.split("\n") if line
            ),
            looked,
            tuple(
                Weighed(
                    one.id,
                    self._places[one.id].title,
                    one.points,
                    tuple(Spoke(sign.kind, sign.says, points) for sign, points in one.spoke),
                )
                for one in found
            ),
            self._chosen(context, found, looked),
        )

    def _chosen(
        self, context: Context, found: Sequence[_Place], looked: Looked
    ) -> tuple[Choice, ...]:
        best = found[0].points if found else 0
        offered = [one for one in found if one.points >= best * _CLOSE]
        sure = best >= _SURE and len(offered) == 1 and looked is not Looked.PART
        reasons = {one.id: (one.points, _says(one)) for one in offered[:MOST]}
        if best < _ENOUGH:
            general, why = _general(path_end(context.path))
            if general in self._places:
                reasons.setdefault(general, (0, (why,)))
        not_all = (_NOT_ALL[looked],) if looked in _NOT_ALL else ()
        path = path_bytes(context.path)
        places = self._places
        return tuple(
            Choice(
                name,
                path,
                points,
                (*says, *not_all),
                sure,
                places[name].title,
                places[name].mechanism,
            )
            for name, (points, says) in reasons.items()
        )

    def _weigh(self, context: Context) -> tuple[list[_Place], Looked]:
        """Return all places that more speaks for than against, best first, and what was looked at.

        What is left when the time is up counts by its path alone.
        """
        if self._is_over():
            context = Context(context.path, key=context.key, is_partial=bool(context.path))
            self._left = min(self._left, MAX_PATHS_AFTER)
        path = path_end(context.path)
        if not self._has_room(path):
            return [], Looked.TYPE
        search = _Search(context, path, self._find)
        found = []
        for name, entry in self._places.items():
            spoke = [(sign, int(sign.points * search.weight(sign))) for sign in entry.signs]
            held = [one for one in spoke if one[1]]
            points = sum(points for _, points in held)
            if points > 0:
                found.append(_Place(name, points, held))
        whole = Looked.PATH if context.is_partial else Looked.TEXT
        looked = whole if search.is_whole else Looked.PART
        return sorted(found, key=lambda one: -one.points), looked

    def _has_room(self, path: str) -> bool:
        """Say whether a path may be looked at, and count it."""
        if not path or (SignKind.PATH, path) in self._known:
            return True
        self._left -= len(path) + _ANYWAY
        return self._left >= 0

    def _find(self, kind: SignKind, text: str) -> _Found:
        """Return which patterns of a kind of sign are in a text; each text is looked at once."""
        if not text:
            return _NOTHING
        found = self._known.get((kind, text))
        if found is None:
            found = self._known[kind, text] = self._looked_for(kind, text)
        return found

    def _looked_for(self, kind: SignKind, text: str) -> _Found:
        lines: dict[str, tuple[str, ...]] = {}
        timeouts = 0
        for pattern in self._patterns[kind]:
            if timeouts >= _MOST_TIMEOUTS or (kind is not SignKind.PATH and self._must_stop()):
                return _Found(lines, is_whole=False)
            try:
                held = tuple(
                    islice(_lines(pattern, text), _MOST_LINES if kind is SignKind.NEIGHBOUR else 1)
                )
            except TimeoutError:
                timeouts += 1
                self._timeouts += 1
                continue
            if held:
                lines[pattern] = held
        return _Found(lines, is_whole=not timeouts)

    def _must_stop(self) -> bool:
        return self._timeouts >= _MOST_TIMEOUTS_OF_ALL or self._is_over()


class _Search:
    """What signs weigh in one context; `is_whole` says whether all could be looked for."""

    def __init__(
        self, context: Context, path: str, find: Callable[[SignKind, str], _Found]
    ) -> None:
        self._own = _own(context)
        self._folders = [find(SignKind.NEIGHBOUR, names) for names in context.neighbours]
        self._near = find(SignKind.TEXT, context.near or context.text)
        self._text = find(SignKind.TEXT, context.text)
        self._at_once = {
            SignKind.PATH: find(SignKind.PATH, path),
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

    def _is_beside(self, lines: Collection[str]) -> bool:
        """Say whether some lines of a folder name more than the file itself or what it is in."""
        return any(line not in self._own for line in lines)


def _own(context: Context) -> frozenset[str]:
    """Return how a file and what it is in stand in the folders beside it and above."""
    if not context.neighbours:
        return frozenset()
    *folders, _ = context.path.split("/", MAX_DEPTH + 1)
    ends = accumulate(len(name) + 1 for name in folders)
    return frozenset(path_line(name) for name in (context.path, *(context.path[:e] for e in ends)))


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


def _says(place: _Place) -> tuple[str, ...]:
    """Return what spoke for a place, the strongest first, once each."""
    strongest = sorted(place.spoke, key=lambda one: -one[1])
    return tuple(dict.fromkeys(sign.says for sign, points in strongest if points > 0))


def _general(path: str) -> tuple[str, str]:
    """Return the place that is named where nothing else is known, and why."""
    if not path:
        return _LAPTOP, "it stands in no file"
    if _SOURCE.search(path):
        return _CODE, "it is a file of source code, and nothing says where it runs"
    return _CONFIG, "nothing but a file says where it is used"


@lru_cache(maxsize=2048)
def _compiled(pattern: str) -> regex.Pattern[str]:
    # What Unicode knows of letters would cost four times as much to compile.
    return regex.compile(pattern, regex.IGNORECASE | regex.MULTILINE | regex.ASCII)
