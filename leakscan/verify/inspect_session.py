"""The responder's own session: a named profile, and what it may talk to.

Part of the verify stage. In: `Settings`. Out: clients of botocore, made as late as possible.
The profile brings its credentials, region, CA file and proxy as it does for other programs;
endpoints come from `Settings` alone.
"""

from leakscan.errors import ExitCode, LeakscanError
from leakscan.record import Record


class InspectError(LeakscanError):
    """The profile cannot be used; nothing was asked of the found keys."""

    code = ExitCode.USAGE


class Settings(Record, frozen=True):
    """How to reach AWS as the responder. What is empty is as the profile has it.

    `region` decides where the profile has none. `timeout_s` is that of one answer.
    """

    profile: str
    user_agent: str
    region: str = "us-east-1"
    endpoint_url: str | None = None
    fips: bool = False
    ca_bundle: str | None = None
    proxy: str | None = None
    timeout_s: float = 10.0
