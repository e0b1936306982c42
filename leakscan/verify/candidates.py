"""Which secrets and tokens may belong to an id, the likeliest first.

Part of the verify stage. In: all findings. Out: the few `Keys` that are worth a call. What was
found as one comes first. Then come parts that stand in the same content, the nearest first: lone
ones for every id, and for an id that has no sure secret also those that were paired with another
id, for a remark such as `# replaces AKIA...` can stand between an id and its secret. A temporary id
is not accepted with a wrong token either, so it gets the tokens around it too.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Final

from leakscan.model import Finding, Fingerprint
from leakscan.redact import Secret
from leakscan.verify.base import Keys

MAX_CANDIDATES: Final = 5
"""Secrets that are tried with one id: more would be guessing, and each leaves a trace at AWS."""
TEMPORARY: Final = "ASIA"
_MAX_LOOKED_AT: Final = 50
_EACH_SIDE: Final = 6
"""Parts before and after an id that are looked at: more than can be tried."""
_AMBIGUOUS: Final = "ambiguous-pair"

Placed = list[tuple[int, Finding]]
"""Findings of one content with their line, in the order of the lines."""


def by_content(findings: Iterable[Finding]) -> Mapping[object, Placed]:
    """Return findings by the contents they stand in: objects, or git's own files by name."""
    found: dict[object, dict[tuple[int, Fingerprint], Finding]] = defaultdict(dict)
    for finding in findings:
        for one in finding.occurrences:
            content = one.object_id or (one.place, one.name, one.path)
            found[content][one.line or 0, finding.credential.fingerprint] = finding
    return {
        content: [(line, finding) for (line, _), finding in sorted(placed.items(), key=_place)]
        for content, placed in found.items()
    }


def _place(item: tuple[tuple[int, Fingerprint], Finding]) -> tuple[int, Fingerprint]:
    return item[0]


class Candidates:
    """Knows what stands beside what."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        holding = [one for one in findings if _secret(one) is not None or _token(one) is not None]
        self._lone = by_content(one for one in holding if _key_id(one) is None)
        self._paired = by_content(one for one in holding if _key_id(one) is not None)

    def of(
        self, key_id: str, own: Sequence[Finding]
    ) -> tuple[tuple[Keys, ...], tuple[Fingerprint, ...]]:
        """Return what to try with an id, and the findings whose secrets are too many for that."""
        ordered = sorted(own, key=_best_first)
        beside = self._beside(key_id, own)
        made: dict[tuple[Secret, Secret | None], Keys] = {}
        for keys in islice(_all(key_id, ordered, beside), _MAX_LOOKED_AT):
            made.setdefault((keys.secret, keys.token), keys)
        tried = tuple(islice(made.values(), MAX_CANDIDATES))
        holders = {keys.fingerprint for keys in tried}
        rest = (k.fingerprint for k in made.values() if k.fingerprint not in holders)
        return tried, tuple(dict.fromkeys(rest))

    def has_any(self, key_id: str, own: Sequence[Finding]) -> bool:
        """Say whether there is a secret that could be tried with an id."""
        return any(_secret(one) is not None for one in chain(own, self._beside(key_id, own)))

    def _beside(self, key_id: str, own: Sequence[Finding]) -> list[Finding]:
        """Return the parts that stand nearest to the findings of an id."""
        places = by_content(own)
        found = list(_nearest(places, self._lone))
        is_sure = any(_secret(one) is not None and not _is_doubtful(one) for one in own)
        if not is_sure or key_id.startswith(TEMPORARY):
            mine = {one.credential.fingerprint for one in own}
            others = _nearest(places, self._paired)
            found += [pair for pair in others if pair[2].credential.fingerprint not in mine]
        found.sort(key=lambda one: one[:2])
        return list({one.credential.fingerprint: one for _, _, one in found}.values())


def _nearest(
    places: Mapping[object, Placed], having: Mapping[object, Placed]
) -> Iterator[tuple[int, tuple[int, int, bool, str], Finding]]:
    """Yield what stands around some places, with its distance in lines and its rank."""
    for content, placed in places.items():
        others = having.get(content, [])
        for line, _ in placed:
            at = bisect_left(others, line, key=lambda other: other[0])
            for other, finding in others[max(0, at - _EACH_SIDE) : at + _EACH_SIDE]:
                yield abs(other - line), _best_first(finding), finding


def _all(key_id: str, own: Sequence[Finding], beside: Sequence[Finding]) -> Iterator[Keys]:
    """Yield what was found as one, then what may belong together."""
    temporary = key_id.startswith(TEMPORARY)
    for finding in own:
        secret, token = _secret(finding), _token(finding)
        if secret is not None and (token is not None or not temporary):
            yield Keys(finding.credential.fingerprint, secret, token if temporary else None)
    tokens = [one for one in (*own, *beside) if _token(one) is not None] if temporary else []
    mine = {one.credential.fingerprint for one in own}
    for finding in (*own, *beside):
        secret, name = _secret(finding), finding.credential.fingerprint
        if secret is None:
            continue
        lent = () if name in mine else (name,)
        if not temporary and lent:
            yield Keys(name, secret, None, lent)
        for other in tokens:
            lender = other.credential.fingerprint
            if lender != name or lent:
                yield Keys(name, secret, _token(other), tuple(dict.fromkeys((*lent, lender))))


def _best_first(finding: Finding) -> tuple[int, int, bool, str]:
    credential = finding.credential
    points = sum(reason.effect for reason in credential.reasons)
    at_head = finding.exposure.at_head
    return -credential.confidence.rank, -points, not at_head, credential.fingerprint


def _is_doubtful(finding: Finding) -> bool:
    return any(reason.name == _AMBIGUOUS for reason in finding.credential.reasons)


def _key_id(finding: Finding) -> str | None:
    return finding.credential.identity.access_key_id


def _secret(finding: Finding) -> Secret | None:
    return finding.credential.identity.secret


def _token(finding: Finding) -> Secret | None:
    return finding.credential.identity.session_token
