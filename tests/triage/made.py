"""Findings and sightings made by hand, for tests of triage alone."""

import hashlib
from typing import Final

from msgspec.structs import replace

from leakscan.model import (
    Credential,
    Event,
    Exposure,
    Finding,
    Identity,
    Level,
    Marker,
    ObjectId,
    Occurrence,
    Part,
    Place,
)
from leakscan.redact import Secret
from leakscan.score.fingerprint import fingerprint
from tests.report.builder import ID_RULE, PAIR_RULE
from tests.support.keys import KeyMaker, entropy_bits

OWN: Final = "leakscan:allow"
PARTS: Final = (Part.KEY_ID, Part.SECRET)


def commit(number: int) -> ObjectId:
    """Return the id of a commit."""
    return ObjectId(hashlib.sha1(b"commit %d" % number).digest())


def blob(seed: str) -> ObjectId:
    """Return the id of a blob."""
    return ObjectId(hashlib.sha1(seed.encode()).digest())


def identity(seed: str, *, secret: bool = True) -> Identity:
    """Return an id, with its secret unless it is to be a lone one."""
    leak = KeyMaker(seed).leak()
    value = Secret(leak.secret.encode(), "secret-access-key") if secret else None
    return Identity(leak.key_id, value)


def credential(who: Identity) -> Credential:
    """Return what the score stage would make of it."""
    text = who.secret.reveal().decode() if who.secret else who.access_key_id or ""
    return Credential(
        fingerprint=fingerprint(who),
        identity=who,
        rule=PAIR_RULE if who.secret else ID_RULE,
        severity=Level.HIGH,
        confidence=Level.HIGH,
        entropy_bits=round(entropy_bits(text), 3),
        reasons=(),
    )


def at(path: bytes | None = b"src/app.env", **changes: object) -> Occurrence:
    """Return an occurrence in a file; `word` and `reason` make its marker."""
    word, reason = changes.pop("word", None), changes.pop("reason", b"")
    plain = Occurrence(
        place=Place.FILE,
        event=Event.INTRODUCED,
        parts=PARTS,
        object_id=blob("blob"),
        commit=commit(1),
        path=path,
        line=7,
        column=3,
        marker=Marker(str(word), bytes(reason)) if word else None,  # type: ignore[call-overload]
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def found(seed: str, *occurrences: Occurrence, secret: bool = True) -> Finding:
    """Return a new finding of a credential at some places."""
    made = credential(identity(seed, secret=secret))
    return Finding(made, occurrences or (at(),), Exposure())
