"""Which sightings are of one credential.

In: sightings. Out: one group per credential: a lone part joins the credential it is part of, and
an id and a secret that one commit, or nothing else in the repository, brings together are paired.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from msgspec.structs import replace

from leakscan.model import Event, Identity, Part, Reason, Sighting
from leakscan.trace.events import numbers_of
from leakscan.trace.tracer import Traced
from leakscan.trace.values import Value, Values, parts

Groups = dict[Identity, list[Sighting]]

_SAME_COMMIT = Reason(
    "paired-by-commit", 15, "One commit brought this id and this secret, and no others."
)
_SAME_REPOSITORY = Reason(
    "paired-by-repository", 0, "They are the only id and the only secret without a partner."
)


def group(sightings: Iterable[Sighting]) -> Groups:
    """Return the sightings of each credential, lone parts merged into the whole they belong to."""
    exact: Groups = defaultdict(list)
    for sighting in sightings:
        exact[sighting.identity].append(sighting)
    having: dict[Value, list[Identity]] = defaultdict(list)
    for identity in exact:
        for value in parts(identity):
            having[value].append(identity)
    groups: Groups = {identity: [] for identity in exact}
    for identity, seen in exact.items():
        known = set(parts(identity))
        wholes = [
            other
            for other in having[next(iter(known))]
            if known < set(parts(other)) and not _has_larger(other, having)
        ]
        for whole in wholes or [identity]:
            groups[whole] += seen
    return {identity: seen for identity, seen in groups.items() if seen}


def pair_lone_parts(
    groups: Groups, values: Values, traced: Traced, is_sure: Callable[[list[Sighting]], bool]
) -> Groups:
    """Pair a lone id with a lone secret where a commit, else the repository, leaves no choice.

    Only parts that are sure by themselves are paired: two doubts make no certainty.
    """
    sure = [identity for identity, seen in groups.items() if is_sure(seen)]
    ids = [identity for identity in sure if _kinds(identity) == [Part.KEY_ID]]
    secrets = [identity for identity in sure if _kinds(identity) == [Part.SECRET]]
    if not ids or not secrets:
        return groups
    result = dict(groups)
    for one, other in _by_commit(ids, secrets, values, traced):
        if one in result and other in result:
            _join(result, one, other, _SAME_COMMIT)
    left_ids = [identity for identity in ids if identity in result]
    left_secrets = [identity for identity in secrets if identity in result]
    if len(left_ids) == len(left_secrets) == 1:
        _join(result, left_ids[0], left_secrets[0], _SAME_REPOSITORY)
    return result


def _has_larger(identity: Identity, having: Mapping[Value, list[Identity]]) -> bool:
    known = set(parts(identity))
    return any(known < set(parts(other)) for other in having[next(iter(known))])


def _kinds(identity: Identity) -> list[Part]:
    return [part for part, _ in parts(identity)]


def _by_commit(
    ids: list[Identity], secrets: list[Identity], values: Values, traced: Traced
) -> list[tuple[Identity, Identity]]:
    """Return the pairs that some commit introduces alone."""
    id_of = {number: identity for identity in ids for number in values.of(identity)}
    secret_of = {number: identity for identity in secrets for number in values.of(identity)}
    came: dict[bytes, set[int]] = defaultdict(set)
    for event in traced.events:
        if event.event is Event.INTRODUCED:
            came[event.commit] |= {
                number
                for number in numbers_of(event.bits)
                if number in id_of or number in secret_of
            }
    pairs = []
    for numbers in came.values():
        here_ids = [number for number in numbers if number in id_of]
        here_secrets = [number for number in numbers if number in secret_of]
        if len(here_ids) == len(here_secrets) == 1:
            pairs.append((id_of[here_ids[0]], secret_of[here_secrets[0]]))
    return pairs


def _join(groups: Groups, one: Identity, other: Identity, reason: Reason) -> None:
    """Make one group of an id and a secret. The evidence is the secret's: it is what counts."""
    whole = Identity(one.access_key_id, other.secret)
    ids = groups.pop(one)
    near_id = tuple(dict.fromkeys(region for sighting in ids for region in sighting.regions))
    groups[whole] = [
        replace(
            sighting,
            identity=whole,
            rule=ids[0].rule,
            points=sighting.points + reason.effect,
            reasons=(*sighting.reasons, reason),
            regions=sighting.regions or near_id,
        )
        for sighting in groups.pop(other)
    ]
