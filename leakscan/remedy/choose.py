"""Which kind of place a key stands in: every sign that holds adds its points, and the most wins.

Part of remedy. In: a `Context`, and the catalogue's entries of places. Out: `Choice`s with reasons,
the best first. Reasons are words of the catalogue, never text of the repository.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

import regex

from leakscan.remediation import Choice, Considered, Entry, Sign, SignKind, Spoke, Weighed
from leakscan.remedy.context import Context, path_bytes

MOST: Final = 3
"""Places that are offered for one file."""
_TIMEOUT_S: Final = 0.05
_MOST_TIMEOUTS: Final = 3
"""After so many in one context no more text is looked at: it is hostile."""
_ENOUGH: Final = 4
"""Points below which a place is a guess, and a general one stands beside it."""
_SURE: Final = 6
"""Points from which a place that stands alone is sure."""
_CLOSE: Final = 0.65
"""Part of the best one's points from which another one is offered too."""
_PARTIAL: Final = "only its path was looked at"
_CODE: Final = "application-code"
_CONFIG: Final = "application-config"
_LAPTOP: Final = "developer-laptop"
_SOURCE: Final = re.compile(
    r"\.(bash|c|cc|clj|cpp|cs|dart|exs?|fs|go|groovy|hs?|java|jl|jsx?|kts?|lua|mm?|mjs|php|pl|pm|ps1"
    r"|py|r|rb|rs|scala|sh|sql|swift|tsx?|vb|vue|zsh)\Z",
    re.IGNORECASE,
)


def choose(context: Context, places: Mapping[str, Entry]) -> tuple[Choice, ...]:
    """Return the places a key may stand in, best first: those that come close, never none.

    Where no sign is strong enough, a general place by the type of file stands beside what there is.
    """
    return consider(context, places).chosen


def consider(context: Context, places: Mapping[str, Entry]) -> Considered:
    """Return what is chosen, with all that was thought of."""
    weighed = _weigh(context, places)
    return Considered(
        path_bytes(context.path),
        len(context.neighbours),
        context.is_partial,
        weighed,
        _chosen(context, weighed, places),
    )


def _chosen(
    context: Context, weighed: tuple[Weighed, ...], places: Mapping[str, Entry]
) -> tuple[Choice, ...]:
    best = weighed[0].points if weighed else 0
    offered = [one for one in weighed if one.points >= best * _CLOSE]
    sure = best >= _SURE and len(offered) == 1
    found = {one.id: (one.points, _says(one)) for one in offered[:MOST]}
    if best < _ENOUGH:
        general, why = _general(context.path)
        if general in places:
            found.setdefault(general, (0, (why,)))
    if context.is_partial:
        found = {name: (points, (*says, _PARTIAL)) for name, (points, says) in found.items()}
    path = path_bytes(context.path)
    return tuple(
        Choice(name, path, points, says, sure, places[name].title, places[name].mechanism)
        for name, (points, says) in found.items()
    )


def _weigh(context: Context, places: Mapping[str, Entry]) -> tuple[Weighed, ...]:
    """Return all places that more speaks for than against, best first."""
    search = _Search(context)
    found = []
    for name in sorted(places):
        spoke = tuple(_spoke(places[name].signs, search))
        points = sum(one.points for one in spoke)
        if points > 0:
            found.append(Weighed(name, places[name].title, points, spoke))
    return tuple(sorted(found, key=lambda one: -one.points))


def _spoke(signs: tuple[Sign, ...], search: "_Search") -> Iterator[Spoke]:
    """Yield each sign that holds, with its points here."""
    for sign in signs:
        weight = search.weight(sign)
        if weight:
            yield Spoke(sign.kind, sign.says, int(sign.points * weight))


def _says(weighed: Weighed) -> tuple[str, ...]:
    """Return what spoke for a place, the strongest first, once each."""
    strongest = sorted(weighed.spoke, key=lambda one: -one.points)
    return tuple(dict.fromkeys(one.says for one in strongest if one.points > 0))


def _general(path: str) -> tuple[str, str]:
    """Return the place that is named where nothing else is known, and why."""
    if not path:
        return _LAPTOP, "it stands in no file"
    if _SOURCE.search(path):
        return _CODE, "it is a file of source code, and nothing says where it runs"
    return _CONFIG, "nothing but a file says where it is used"


class _Search:
    """Looks for signs in one context, and gives up on one that makes that slow."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._neighbours = "\n".join(sorted(context.neighbours))
        self._key = "\n".join(sorted(context.key))
        self._timeouts = 0

    def weight(self, sign: Sign) -> float:
        """Return 1 if a sign holds, 0 if not, and a half if it holds far from the key."""
        match sign.kind:
            case SignKind.PATH:
                return self._finds(sign.pattern, self._context.path)
            case SignKind.NEIGHBOUR:
                return self._finds(sign.pattern, self._neighbours)
            case SignKind.KEY:
                return self._finds(sign.pattern, self._key)
            case SignKind.TEXT:
                near = self._context.near or self._context.text
                if self._finds(sign.pattern, near):
                    return 1
                return self._finds(sign.pattern, self._context.text) / 2

    def _finds(self, pattern: str, text: str) -> int:
        if not text or self._timeouts >= _MOST_TIMEOUTS:
            return 0
        try:
            return int(_compiled(pattern).search(text, timeout=_TIMEOUT_S) is not None)
        except TimeoutError:
            self._timeouts += 1
            return 0


@lru_cache(maxsize=2048)
def _compiled(pattern: str) -> regex.Pattern[str]:
    # What Unicode knows of letters would cost four times as much to compile.
    return regex.compile(pattern, regex.IGNORECASE | regex.MULTILINE | regex.ASCII)
