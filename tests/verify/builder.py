"""Findings to verify, made by hand: only what the verify stage reads of them."""

from datetime import UTC, datetime
from typing import Final

from msgspec.structs import replace

from leakscan.model import (
    Boundary,
    Credential,
    Event,
    Exposure,
    Finding,
    Fingerprint,
    Identity,
    Level,
    Occurrence,
    Part,
    Place,
    Reason,
    Rule,
    RuleId,
    Status,
)
from leakscan.redact import Secret
from tests.report.builder import key_id, object_id, secret_text, token_text

ACCOUNT: Final = "418892985061"
NOW: Final = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

_RULE: Final = Rule(
    id=RuleId("aws-access-key-id"), name="AWS access key ID", description="An id.",
    part=Part.KEY_ID, severity=Level.HIGH, confidence=Level.HIGH, keywords=(b"AKIA",),
    pattern="(?P<secret>AKIA)", needle="AKIA", boundary=Boundary.ALNUM, min_entropy=3.0,
    near=False, allow=(), remediation="", references=(), examples=(), negative_examples=(),
)  # fmt: skip


def secret(seed: str) -> Secret:
    return Secret(secret_text(seed).encode(), "secret-access-key")


def token(seed: str) -> Secret:
    return Secret(token_text(seed).encode(), "session-token")


def akia(seed: str, account: str = ACCOUNT) -> str:
    return key_id(seed, "AKIA", int(account))


def asia(seed: str, account: str = ACCOUNT) -> str:
    return key_id(seed, "ASIA", int(account))


def finding(
    name: str,
    key: str | None = None,
    secret: Secret | None = None,
    token: Secret | None = None,
    *,
    confidence: Level = Level.HIGH,
    severity: Level = Level.HIGH,
    points: int = 60,
    objects: tuple[str, ...] = ("one",),
    regions: tuple[str, ...] = (),
    status: Status = Status.NEW,
    line: int = 1,
) -> Finding:
    """Return a finding whose fingerprint is `name` and which stands in some objects."""
    credential = Credential(
        Fingerprint(name), Identity(key, secret, token), _RULE, severity, confidence, 4.7,
        (Reason("made", points, "It is made up."),), regions,
    )  # fmt: skip
    here = Occurrence(Place.FILE, Event.INTRODUCED, (Part.SECRET,), path=b"a.env", line=line)
    places = tuple(replace(here, object_id=object_id(one)) for one in objects)
    return Finding(credential, places, Exposure(), status=status)
