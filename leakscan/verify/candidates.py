"""Which secrets and tokens may belong to an id, the likeliest first.

Part of the verify stage. In: all findings. Out: the few `Keys` that are worth a call, and how many
were left out. What was found as one comes first. Then come parts that stand in the same content,
the nearest first, also those that were paired with another id: a remark with an old id in it can
stand between an id and its secret, and after a mismatch no pairing is sure. To a temporary id that
was found whole, lone tokens alone are put: of expired sessions there are many.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Final

from leakscan.model import Finding, Fingerprint, Status
from leakscan.record import Record
from leakscan.redact import Secret
from leakscan.verify.base import Keys

MAX_CANDIDATES: Final = 5
"""Secrets that are tried with one id: more would be guessing, and each leaves a trace at AWS."""
TEMPORARY: Final = "ASIA"
_MAX_LOOKED_AT: Final = 50
_MAX_PLACES: Final = 1_000
"""Places of an id's finding that are looked at; what stands beside the others counts as untried."""
_MAX_SHELVED: Final = 10_000
"""Places of a part that are remembered."""
_EACH_SIDE: Final = 6
"""Parts before and after an id that are looked at: more than can be tried."""
_COUNTED: Final = 64
"""What is left out is counted up to here."""
_AMBIGUOUS: Final = "ambiguous-pair"

Placed = list[tuple[int, Finding]]
"""Findings of one content with their line, in the order of the lines."""


class Tries(Record, frozen=True):
    """What to try with an id; `untried` counts what stands beside it and is too much."""

    keys: tuple[Keys, ...]
    untried: int


def by_content(findings: Iterable[Finding], most: int = _MAX_SHELVED) -> Mapping[object, Placed]:
    """Return findings by the contents they stand in: objects, or git's own files by name.

    Of one finding the first places are taken, `most` of them.
    """
    found: dict[object, dict[tuple[int, Fingerprint], Finding]] = defaultdict(dict)
    for finding in findings:
        for one in finding.occurrences[:most]:
            content = one.object_id or (one.place, one.name, one.path)
            found[content][one.line or 0, finding.credential.fingerprint] = finding
    return {
        content: [(line, placed[line, name]) for line, name in sorted(placed)]
        for content, placed in found.items()
    }


class _Shelf:
    """Findings of one kind, by content."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.placed = by_content(findings)
        self.names = {
            content: tuple(dict.fromkeys(_name(one) for _, one in placed))
            for content, placed in self.placed.items()
        }

    def nearest(
        self, places: Mapping[object, Placed]
    ) -> Iterator[tuple[int, tuple[int, int, bool, str], Finding]]:
        """Yield what stands around some places, with its distance in lines and its rank."""
        for content, placed in places.items():
            others = self.placed.get(content, [])
            for line, _ in placed:
                at = bisect_left(others, line, key=_line)
                for other, finding in others[max(0, at - _EACH_SIDE) : at + _EACH_SIDE]:
                    yield abs(other - line), _best_first(finding), finding


class Candidates:
    """Knows what stands beside what."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        lone = [one for one in findings if _key_id(one) is None]
        self._secrets = _Shelf(one for one in lone if _secret(one) is not None)
        self._tokens = _Shelf(one for one in lone if _token(one) is not None)
        self._pairs = _Shelf(
            one for one in findings if _key_id(one) is not None and _secret(one) is not None
        )

    def of(self, key_id: str, own: Sequence[Finding]) -> Tries:
        """Return what to try with an id."""
        ordered = sorted(own, key=_best_first)[:_MAX_LOOKED_AT]
        places = by_content(ordered, _MAX_PLACES)
        shelves = self._shelves(key_id, own)
        made: dict[tuple[Secret, Secret | None], Keys] = {}
        for keys in islice(_all(key_id, ordered, _beside(places, shelves, own)), _MAX_LOOKED_AT):
            made.setdefault((keys.secret, keys.token), keys)
        tried = tuple(islice(made.values(), MAX_CANDIDATES))
        used = {name for keys in tried for name in (keys.fingerprint, *keys.borrowed)}
        left = _names(places, shelves, own) - used
        is_cut = any(len(one.occurrences) > _MAX_PLACES for one in ordered)
        return Tries(tried, max(len(made) - len(tried), len(left)) + is_cut)

    def has_any(self, key_id: str, own: Sequence[Finding]) -> bool:
        """Say whether there is a secret that could be tried with an id."""
        if any(_secret(one) is not None for one in own):
            return True
        places = by_content(own[:_MAX_LOOKED_AT], _MAX_PLACES)
        return bool(_names(places, self._shelves(key_id, own), own))

    def are_known(self, key_id: str, own: Sequence[Finding]) -> bool:
        """Say whether neither an id nor anything that could be tried with it is new."""
        places = by_content(own[:_MAX_LOOKED_AT], _MAX_PLACES)
        beside = _beside(places, self._shelves(key_id, own), own)
        return all(one.status is Status.KNOWN for one in chain(own, beside))

    def _shelves(self, key_id: str, own: Sequence[Finding]) -> tuple[_Shelf, ...]:
        if not key_id.startswith(TEMPORARY):
            return self._secrets, self._pairs
        if any(_is_whole(one) for one in own):
            return (self._tokens,)
        return self._secrets, self._tokens, self._pairs


def _beside(
    places: Mapping[object, Placed], shelves: Sequence[_Shelf], own: Sequence[Finding]
) -> list[Finding]:
    """Return the parts that stand nearest, each once."""
    mine = {_name(one) for one in own}
    found = [one for shelf in shelves for one in shelf.nearest(places)]
    found.sort(key=lambda one: one[:2])
    return list({_name(one): one for _, _, one in found if _name(one) not in mine}.values())


def _names(
    places: Mapping[object, Placed], shelves: Sequence[_Shelf], own: Sequence[Finding]
) -> set[Fingerprint]:
    """Return the parts in some contents that are not an id's own, up to a number."""
    mine = {_name(one) for one in own}
    every = (
        name for shelf in shelves for content in places for name in shelf.names.get(content, ())
    )
    found: set[Fingerprint] = set()
    for name in every:
        if name not in mine:
            found.add(name)
        if len(found) >= _COUNTED:
            break
    return found


def _all(key_id: str, own: Sequence[Finding], beside: Sequence[Finding]) -> Iterator[Keys]:
    """Yield what was found as one, then what may belong together."""
    temporary = key_id.startswith(TEMPORARY)
    for finding in own:
        secret, token = _secret(finding), _token(finding)
        if secret is not None and (token is not None or not temporary):
            yield Keys(_name(finding), secret, token if temporary else None)
    tokens = [one for one in (*own, *beside) if _token(one) is not None] if temporary else []
    mine = {_name(one) for one in own}
    for finding in (*own, *beside):
        secret, name = _secret(finding), _name(finding)
        if secret is None:
            continue
        lent = () if name in mine else (name,)
        if not temporary and lent:
            yield Keys(name, secret, None, lent)
        for other in tokens:
            if _name(other) != name or lent:
                parts = tuple(dict.fromkeys((*lent, _name(other))))
                yield Keys(name, secret, _token(other), parts)


def _line(placed: tuple[int, Finding]) -> int:
    return placed[0]


def _best_first(finding: Finding) -> tuple[int, int, bool, str]:
    credential = finding.credential
    points = sum(reason.effect for reason in credential.reasons)
    at_head = finding.exposure.at_head
    return -credential.confidence.rank, -points, not at_head, credential.fingerprint


def _is_whole(finding: Finding) -> bool:
    """Say whether a temporary credential was found as one, without a doubt."""
    is_doubtful = any(reason.name == _AMBIGUOUS for reason in finding.credential.reasons)
    return _secret(finding) is not None and _token(finding) is not None and not is_doubtful


def _name(finding: Finding) -> Fingerprint:
    return finding.credential.fingerprint


def _key_id(finding: Finding) -> str | None:
    return finding.credential.identity.access_key_id


def _secret(finding: Finding) -> Secret | None:
    return finding.credential.identity.secret


def _token(finding: Finding) -> Secret | None:
    return finding.credential.identity.session_token
