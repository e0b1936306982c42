"""What a verdict changes about a finding.

Part of the verify stage. In: a finding and its verdict. Out: the finding with both, and a reason
for each change. AWS's yes is the surest evidence there is; its no makes a key less urgent and never
harmless, for a deactivated key can be activated again.
"""

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from leakscan.model import Finding, Level, Reason
from leakscan.verdict import Holder, Verdict, VerdictState

_AT_MOST: Final[Mapping[VerdictState, Level]] = {
    VerdictState.NOT_ACCEPTED: Level.MEDIUM,
    VerdictState.EXPIRED: Level.LOW,
    VerdictState.CANARY: Level.LOW,
}
_CERTAIN: Final = 100
"""Points: more than any evidence in the text against it takes away."""


def with_verdict(finding: Finding, verdict: Verdict) -> Finding:
    """Return the finding with a verdict, and with the severity and confidence that follow."""
    before = finding.credential
    severity = _severity(before.severity, verdict)
    confidence = before.confidence
    reasons = before.reasons
    if verdict.state is VerdictState.LIVE:
        confidence = Level.HIGH
        reasons += (Reason("live", _CERTAIN, _why_live(verdict)),)
    elif severity is not before.severity:
        text = f"AWS's verdict is {verdict.state.value}: severity {severity.value}."
        reasons += (Reason(verdict.state.value, 0, text),)
    credential = replace(before, severity=severity, confidence=confidence, reasons=reasons)
    return replace(finding, credential=credential, verdict=verdict)


def _severity(before: Level, verdict: Verdict) -> Level:
    if verdict.state is VerdictState.LIVE:
        if verdict.holder is Holder.ROOT:
            return Level.CRITICAL
        return max(before, Level.HIGH, key=lambda level: level.rank)
    most = _AT_MOST.get(verdict.state, Level.CRITICAL)
    return min(before, most, key=lambda level: level.rank)


def _why_live(verdict: Verdict) -> str:
    if verdict.holder is Holder.ROOT:
        return "AWS accepted it, and it is a root key: no policy of the account limits it."
    return "AWS accepted it."
