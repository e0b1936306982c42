"""Candidates to sightings, sightings to a credential; every effect leaves a reason.

Stage: score. In: the candidates of one content. Out: `Sighting` for each credential or lone part in
it, and `Credential` from all sightings of one identity. Where they were when is left to trace.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence

from leakscan.aws import account_id, documentation_account, generation, is_canary
from leakscan.model import (
    Candidate,
    Content,
    Credential,
    Identity,
    Part,
    Position,
    Reason,
    Sighting,
)
from leakscan.redact import Secret
from leakscan.score.bigram import bits_per_character
from leakscan.score.confidence import confidence, severity
from leakscan.score.context import (
    name_reasons,
    path_reasons,
    placeholder_reasons,
    surroundings,
    token_reasons,
)
from leakscan.score.entropy import shannon
from leakscan.score.fingerprint import fingerprint
from leakscan.score.gate import is_fake, stopped_by
from leakscan.score.groups import Group, group

_BOND_POINTS = (40, 40, 25, 10)
_BOND_TEXT = (
    "Id and secret stand on one line.",
    "Id and secret stand in one block.",
    "Id and secret stand a few lines apart.",
    "They are the only id and the only secret of this text.",
)
_PART_ALONE = "part-alone"
_ELSEWHERE = "A part of it says more where it stands alone."


class Scorer:
    """Decides what candidates are worth; it has no state."""

    def score(self, content: Content, candidates: Sequence[Candidate]) -> list[Sighting]:
        """Return the credentials and lone parts of a content, in the order of their places."""
        passed = [c for c in candidates if not stopped_by(c.rule, c.value.reveal())]
        fakes = [
            c
            for c in candidates
            if c.rule.part is Part.SECRET and is_fake(c.rule, c.value.reveal())
        ]
        groups = group(content, passed, fakes)
        near = _regions_near(content, groups)
        sightings = [_sighting(content, *one) for one in zip(groups, near, strict=True)]
        return sorted(sightings, key=lambda s: (s.positions[0].line, s.positions[0].column))

    def conclude(self, sightings: Sequence[Sighting], paths: Collection[bytes]) -> Credential:
        """Return the verdict on one identity: its best sighting, and what its paths say.

        The sighting of most parts says what it is; one of a part alone may be the surer one. The
        harm follows from how sure it is that the parts belong together.
        """
        whole = max(sightings, key=lambda s: (len(s.positions), s.points))
        surer = max(s.points for s in sightings) - whole.points
        reasons = (*whole.reasons, *_floor(surer, _ELSEWHERE), *path_reasons(paths))
        sure = confidence(_points(reasons))
        together = confidence(_points(r for r in reasons if r.name != _PART_ALONE))
        identity = whole.identity
        known = identity.secret or identity.session_token
        value = known.reveal() if known else (identity.access_key_id or "").encode()
        return Credential(
            fingerprint=fingerprint(identity),
            identity=identity,
            rule=whole.rule,
            severity=severity(identity, together),
            confidence=sure,
            entropy_bits=round(shannon(value), 3),
            reasons=reasons,
            regions=_likeliest_regions(sightings, identity.session_token),
        )


def _regions_near(content: Content, groups: Sequence[Group]) -> list[tuple[str, ...]]:
    """Return the regions near each group; most runs have none, and need no names of regions."""
    if not groups:
        return []
    from leakscan.score.regions import near

    return near(content, [_parts(one) for one in groups])


def _likeliest_regions(sightings: Sequence[Sighting], token: Secret | None) -> tuple[str, ...]:
    if token is None and not any(one.regions for one in sightings):
        return ()
    from leakscan.score.regions import likeliest

    return likeliest(sightings, token)


def _parts(one: Group) -> list[Candidate]:
    return [part for part in (one.key_id, one.secret, one.token) if part is not None]


def _sighting(content: Content, one: Group, regions: tuple[str, ...]) -> Sighting:
    reasons = tuple(_reasons(content, one))
    parts = _parts(one)
    return Sighting(
        identity=Identity(
            one.key_id.value.reveal().decode("ascii") if one.key_id else None,
            one.secret.value if one.secret else None,
            one.token.value if one.token else None,
        ),
        rule=parts[0].rule,
        kind=content.kind,
        object_id=content.object_id,
        name=content.name,
        positions=tuple(Position(p.rule.part, p.line, p.column, p.encoding) for p in parts),
        points=_points(reasons),
        reasons=reasons,
        regions=regions,
    )


def _reasons(content: Content, one: Group) -> Iterator[Reason]:
    """Yield what a group says; more evidence never makes it less sure than one of its parts."""
    parts = _parts(one)
    together = list(_together(content, one, parts))
    yield from together
    if len(parts) > 1:
        alone = max(_points(_alone(content, part)) for part in parts)
        yield from _floor(alone - _points(together), "One of its parts is as sure alone.")
    if one.fake_secret:
        yield Reason("known-fake-secret", -60, "The secret beside it is a published sample.")


def _together(content: Content, one: Group, parts: Sequence[Candidate]) -> Iterator[Reason]:
    if one.key_id is not None:
        key_id = one.key_id.value.reveal().decode("ascii")
        yield from _id_reasons(key_id, paired=one.secret is not None)
    if one.secret is not None:
        yield from _secret_reasons(content, one.secret)
    if one.key_id is not None and one.secret is not None:
        yield Reason("pair", _BOND_POINTS[one.nearness], _BOND_TEXT[one.nearness])
        if one.doubtful:
            yield Reason("ambiguous-pair", -70, "Another id or secret would fit about as well.")
    if one.token is not None:
        yield from _token_reasons(content, one.token, lone=one.secret is None)
    placeholders = [placeholder_reasons(surroundings(content, part)) for part in parts]
    yield from next((found for found in placeholders if found), [])


def _alone(content: Content, part: Candidate) -> Iterator[Reason]:
    """Yield what a part would say if it stood there alone."""
    if part.rule.part is Part.KEY_ID:
        yield from _id_reasons(part.value.reveal().decode("ascii"), paired=False)
    elif part.rule.part is Part.SECRET:
        yield from _secret_reasons(content, part)
    else:
        yield from _token_reasons(content, part, lone=True)
    yield from placeholder_reasons(surroundings(content, part))


def _points(reasons: Iterable[Reason]) -> int:
    return sum(reason.effect for reason in reasons)


def _floor(lacking: int, text: str) -> Iterator[Reason]:
    if lacking > 0:
        yield Reason(_PART_ALONE, lacking, text)


def _secret_reasons(content: Content, secret: Candidate) -> Iterator[Reason]:
    yield from _value_reasons(secret.value)
    yield from name_reasons(surroundings(content, secret), secret.key_name)


def _id_reasons(key_id: str, *, paired: bool) -> Iterator[Reason]:
    """Yield what an id says of itself; in a pair the secret is what counts."""
    account = account_id(key_id)
    if generation(key_id) is None:
        text = "AWS mints no such id: 0, 1, 8 and 9 do not occur in one, nor does such an account."
        yield Reason("malformed-id", -20 if paired else 10, text)
    elif not paired:
        yield Reason("well-formed-id", 60, "It is built as AWS builds its ids.")
    sample = documentation_account(account)
    if sample:
        yield Reason("documentation-account", -80, f"Account {account} is {sample}.")
    if is_canary(account):
        text = f"Account {account} belongs to a service for canary tokens; using the key alerts it."
        yield Reason("canary-account", 0, text)
    if "EXAMPLE" in key_id:
        yield Reason("sample-id", -60, "It has the word EXAMPLE in it.")


def _value_reasons(value: Secret) -> Iterator[Reason]:
    raw = value.reveal()
    bits = bits_per_character(raw)
    yield Reason("random", 20, f"It looks random, not like text: {bits:.1f} bits a character.")
    if not any(char in b"0123456789" for char in raw):
        yield Reason("no-digit", -10, "It has no digit; 1 secret in 900 has none.")
    if raw.count(b"/") >= 4:
        yield Reason("many-slashes", -15, "It has 4 or more slashes; 1 secret in 300 has so many.")


def _token_reasons(content: Content, token: Candidate, *, lone: bool) -> Iterator[Reason]:
    magic = not token.key_name
    if magic:
        yield Reason("token-form", 40 if lone else 20, "It begins as AWS session tokens do.")
    elif lone:
        yield Reason("random", 20, "It looks random, not like text.")
    yield from token_reasons(surroundings(content, token), token.key_name)
