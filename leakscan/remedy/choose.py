"""Which kind of place a key stands in: every sign that holds adds its points, and the most wins.

Part of remedy. In: `Context`s, and the catalogue's entries of places. Out: `Choice`s with reasons,
the best first. Reasons are words of the catalogue, never text of the repository.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

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
from leakscan.remedy.context import Context, path_bytes, path_end
from leakscan.remedy.search import Finder, Search, own_lines

MOST: Final = 3
"""Places that are offered for one file."""
MAX_PATHS: Final = 1 << 20
"""Characters of different paths that are looked at in one scan, each with what it costs anyway."""
MAX_PATHS_AFTER: Final = 1 << 14
"""Of these, those that are still looked at when the time is up."""
_ANYWAY: Final = 200
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


class _Place(Record, frozen=True):
    """A kind of place that more speaks for than against, and the signs that hold."""

    id: str
    points: int
    spoke: Sequence[tuple[Sign, int]]


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
        signs = (sign for entry in self._places.values() for sign in entry.signs)
        self._finder = Finder(signs, is_over)
        self._left = MAX_PATHS

    def choose(self, context: Context) -> tuple[Choice, ...]:
        """Return the places a key may stand in, best first: those that come close, never none.

        Where no sign is strong enough, a general one by the type of file stands beside what
        there is.
        """
        return self._chosen(context, *self._weigh(context))

    def consider(self, context: Context) -> Considered:
        """Return what is chosen, with all that was thought of."""
        found, looked = self._weigh(context)
        own = own_lines(context)
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
        if not self._has_room(path_end(context.path)):
            return [], Looked.TYPE
        search = Search(context, self._finder)
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
        if not path or self._finder.knows(SignKind.PATH, path):
            return True
        self._left -= len(path) + _ANYWAY
        return self._left >= 0


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
