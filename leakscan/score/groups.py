"""Candidates to groups: each a credential, or a lone part of one.

Part of the score stage. In: the candidates of one content that passed the gate. Out: `Group`s. How
strongly two parts belong together is decided in `pairing`.
"""

from bisect import bisect_right
from collections.abc import Sequence

from msgspec.structs import replace

from leakscan.model import Candidate, Content, Part
from leakscan.record import Record
from leakscan.score.pairing import Nearness, pair


class Group(Record, frozen=True):
    """Parts that belong together; `nearness` is that of id and secret."""

    key_id: Candidate | None = None
    secret: Candidate | None = None
    token: Candidate | None = None
    nearness: Nearness = Nearness.LINE
    fake_secret: bool = False
    doubtful: bool = False


def group(content: Content, passed: Sequence[Candidate], fakes: Sequence[Candidate]) -> list[Group]:
    """Return each candidate in one group.

    A value that is in a pair and stands alone at another place is a group there, too. `fakes` are
    published samples of secrets: they mark the id they belong to and are dropped.
    """
    tokens = _of(passed, Part.TOKEN)
    starts = [token.start for token in tokens]
    ids = [c for c in _of(passed, Part.KEY_ID) if not _inside(c, tokens, starts)]
    secrets = [c for c in _of(passed, Part.SECRET) if not _inside(c, tokens, starts)]
    signing = [c for c in ids if c.value.reveal()[:4] in (b"AKIA", b"ASIA")]
    groups = [
        Group(p.first, p.second, None, p.nearness, doubtful=p.doubtful)
        for p in pair(content, signing, secrets)
    ]
    paired = {c.value for g in groups for c in (g.key_id, g.secret) if c}
    grouped = {id(c) for g in groups for c in (g.key_id, g.secret)}
    lone_ids = [c for c in ids if id(c) not in grouped]
    lone_secrets = [c for c in secrets if id(c) not in grouped]
    faked = {id(p.first) for p in pair(content, lone_ids, fakes)}
    alone = [Group(key_id=c, fake_secret=id(c) in faked) for c in lone_ids]
    alone += [Group(secret=c) for c in lone_secrets]
    # A repeat takes no token: the pair has had it, or is one that needs none.
    repeats = [g for g in alone for c in (g.key_id or g.secret,) if c and c.value in paired]
    first = [g for g in alone for c in (g.key_id or g.secret,) if c and c.value not in paired]
    return _with_tokens(content, groups + first, tokens) + repeats


def _of(candidates: Sequence[Candidate], part: Part) -> list[Candidate]:
    return sorted((c for c in candidates if c.rule.part is part), key=lambda c: c.start)


def _inside(candidate: Candidate, tokens: Sequence[Candidate], starts: Sequence[int]) -> bool:
    """Return whether a token that starts before the candidate ends after it.

    Tokens come in order. They may overlap, but not by much: the last two are enough.
    """
    at = bisect_right(starts, candidate.start)
    return any(candidate.end <= token.end for token in tokens[max(0, at - 2) : at])


def _with_tokens(content: Content, groups: list[Group], tokens: Sequence[Candidate]) -> list[Group]:
    """Give each token to the temporary credential it belongs to; the rest stay alone."""
    takers = {
        id(part): number
        for number, one in enumerate(groups)
        if one.key_id is None or one.key_id.value.reveal().startswith(b"ASIA")
        for part in (one.secret or one.key_id,)
    }
    parts = [one.secret or one.key_id for one in groups]
    open_parts = [part for part in parts if part is not None and id(part) in takers]
    pairs = pair(content, open_parts, tokens)
    for found in pairs:
        number = takers[id(found.first)]
        groups[number] = replace(groups[number], token=found.second)
    joined = {id(found.second) for found in pairs}
    return groups + [Group(token=token) for token in tokens if id(token) not in joined]
