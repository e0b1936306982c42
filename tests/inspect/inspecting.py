"""What the tests of `--inspect` share: a profile of the responder, verdicts, an inspector."""

from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from leakscan.inspect.inspector import Inspector
from leakscan.inspect.session import Settings
from leakscan.inspection import Inspection, Principal
from leakscan.verdict import NOT_CHECKED, Holder, Verdict, VerdictState
from tests.report.builder import key_id, secret_text
from tests.support.fake_iam import ACCOUNT, FakeIam

NOW: Final = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
RESPONDER_ID: Final = key_id("responder", "AKIA", int(ACCOUNT))
RESPONDER_SECRET: Final = secret_text("responder")
FOUND: Final = key_id("found", "AKIA", int(ACCOUNT))
SESSION_ID: Final = key_id("session", "ASIA", int(ACCOUNT))
OLD_ID: Final = "AKIA%%IXYZ2345ABCDEFGH".replace("%%", "")
"""An id of the old generation, which names no account."""
FOREIGN: Final = key_id("foreign", "AKIA", 210987654321)


def write_profile(folder: Path, name: str = "responder", **settings: str) -> None:
    """Add a profile, with a key of the responder unless it is told otherwise."""
    settings = settings or {
        "aws_access_key_id": RESPONDER_ID,
        "aws_secret_access_key": RESPONDER_SECRET,
        "region": "us-east-1",
    }
    with (folder / "config").open("a") as stream:
        stream.write(f"[profile {name}]\n")
        stream.writelines(f"{key} = {value}\n" for key, value in settings.items())


def settings(url: str, profile: str = "responder", timeout_s: float = 10.0) -> Settings:
    return Settings(
        profile=profile, user_agent="leakscan/test", endpoint_url=url, timeout_s=timeout_s
    )


def opened(
    url: str, folder: Path, found: Collection[str] = (FOUND,), timeout_s: float = 10.0
) -> Inspector:
    write_profile(folder)
    return Inspector.open(settings(url, timeout_s=timeout_s), found, lambda: NOW)


def live(arn: str, holder: Holder, account: str = ACCOUNT) -> Verdict:
    return Verdict(VerdictState.LIVE, arn=arn, holder=holder, account=account)


def inspected(
    iam: FakeIam,
    folder: Path,
    access_key_id: str = FOUND,
    verdict: Verdict = NOT_CHECKED,
) -> Inspection:
    """Open, take the evidence, and inspect one key, as the program does."""
    inspector = opened(iam.url, folder, (access_key_id,))
    return inspector.inspect(access_key_id, inspector.evidence(access_key_id), verdict)


def principal_of(inspection: Inspection) -> Principal:
    assert inspection.principal is not None
    return inspection.principal
