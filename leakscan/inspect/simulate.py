"""What IAM's own simulation says of a user's or role's policies.

Part of the inspect stage. In: calls, an ARN and actions. Out: a `Decision` for each action, on all
resources at once, and gaps. Nothing is done by a simulation but the asking.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, Final

from leakscan.inspect.calls import Calls, inner, listed, text
from leakscan.inspection import Gap, Why
from leakscan.record import Record, State

_BATCH: Final = 50
_OPERATION: Final = "SimulatePrincipalPolicy"
_WHAT: Final = "what the policies allow together"
_GROUPS: Final = re.compile(r"\[([^\][]*)\]")


class Decision(Record, frozen=True):
    """What the simulation says of one action on all resources."""

    word: str
    missing: tuple[str, ...]
    policies: tuple[str, ...]
    is_capped: bool
    """The boundary or the organization does not allow it."""


class Simulated(State):
    """What the simulation was asked so far."""

    decisions: dict[str, Decision]
    gaps: list[Gap]


def simulate(calls: Calls, arn: str, actions: Sequence[str]) -> Simulated:
    """Ask about actions; apart, where IAM cannot judge them in one call.

    Source: API_SimulatePrincipalPolicy; what IAM says of actions that "require different
    authorization information", with the groups that go together in brackets.
    """
    asked = Simulated({}, [])
    waiting = [list(actions[at : at + _BATCH]) for at in range(0, len(actions), _BATCH)]
    while waiting:
        batch = waiting.pop()
        gap, message = _batch(calls, arn, batch, asked)
        if gap is not None and gap.code.startswith("InvalidInput") and len(batch) > 1:
            waiting += _apart(message, batch)
        elif gap is not None:
            asked.gaps += [gap] if gap not in asked.gaps else []
            if gap.why is Why.NOT_PERMITTED:
                break
    return asked


def _apart(message: str, batch: Sequence[str]) -> list[list[str]]:
    """Return the groups that IAM names, or else halves."""
    groups = [[one.strip() for one in group.split(",")] for group in _GROUPS.findall(message)]
    if len(groups) > 1 and sorted(chain(*groups)) == sorted(batch):
        return groups
    middle = len(batch) // 2
    return [list(batch[:middle]), list(batch[middle:])]


def _batch(
    calls: Calls, arn: str, batch: Sequence[str], asked: Simulated
) -> tuple[Gap | None, str]:
    parameters: dict[str, Any] = {"PolicySourceArn": arn, "ActionNames": list(batch)}
    for _ in range(len(batch)):  # A page holds one result at least.
        reply = calls.one(_WHAT, _OPERATION, **parameters)
        if reply.gap is not None or reply.is_absent:
            absent = Gap(_WHAT, f"iam:{_OPERATION}", Why.REFUSED, "no such user or role")
            return reply.gap or absent, reply.message
        for one in listed(reply.data, "EvaluationResults"):
            if (action := text(one, "EvalActionName")) in batch:
                asked.decisions[action] = _decision(one)
        if not reply.data.get("IsTruncated") or not text(reply.data, "Marker"):
            break
        parameters["Marker"] = text(reply.data, "Marker")
    return None, ""


def _decision(data: Mapping[str, Any]) -> Decision:
    organization = inner(data, "OrganizationsDecisionDetail").get("AllowedByOrganizations")
    boundary = inner(data, "PermissionsBoundaryDecisionDetail").get("AllowedByPermissionsBoundary")
    matched = listed(data, "MatchedStatements")
    return Decision(
        text(data, "EvalDecision"),
        tuple(one for one in listed(data, "MissingContextValues") if isinstance(one, str)),
        tuple(dict.fromkeys(text(one, "SourcePolicyId") for one in matched)),
        organization is False or boundary is False,
    )
