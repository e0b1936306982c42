"""What the responder's own credentials tell of a found key: `verify --inspect --profile NAME`.

Part of the verify stage. In: ids of found keys, and their verdicts. Out: an `Inspection` each. The
found keys themselves are not given to this module, only their ids. Two steps, because asking
STS about a key overwrites when it was last used: `evidence` before it, `inspect` after it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from leakscan.inspection import Evidence, Inspection, Responder
from leakscan.model import Finding, Fingerprint
from leakscan.verdict import Verdict
from leakscan.verify.inspect_session import Settings


class Inspector:
    """Asks IAM, as the responder, about keys of the responder's own account."""

    responder: Responder

    @classmethod
    def open(
        cls, settings: Settings, found: Collection[str], clock: Callable[[], datetime]
    ) -> "Inspector":
        """Find out who the profile is, with one call; `found` are the ids of found keys.

        Raises:
            InspectError: there is no such profile, it has no credentials, AWS does not accept
                them, or they are those that were found. Nothing else was asked then.
        """
        raise NotImplementedError

    def evidence(self, access_key_id: str) -> Evidence:
        """Return when a key was last used. Call it before anything is verified."""
        raise NotImplementedError

    def inspect(self, access_key_id: str, evidence: Evidence, verdict: Verdict) -> Inspection:
        """Return what IAM tells of a key whose verdict is known."""
        raise NotImplementedError

    def evidence_of(self, findings: Sequence[Finding]) -> dict[str, Evidence]:
        """Return the evidence for each access key id of findings. Call it before verifying."""
        raise NotImplementedError

    def inspect_all(
        self, findings: Sequence[Finding], evidence: Mapping[str, Evidence]
    ) -> dict[Fingerprint, Inspection]:
        """Return an inspection for each verified finding that has an id; one for each id."""
        raise NotImplementedError
