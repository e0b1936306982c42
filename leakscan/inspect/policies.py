"""The policies of a user, role or group, and what their statements could allow.

Part of the inspect stage. In: calls and a name. Out: `Policy` with its statements, and gaps. Whole
documents go no further than this module: anything may stand in them.
"""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from leakscan.inspect.calls import Calls, inner, text
from leakscan.inspection import Gap, Policy, Statement, Why
from leakscan.record import Record

MAX_DOCUMENTS: Final = 30
"""Policies of one holder whose text is read; IAM allows 20 attached and 10 groups."""
_QUARANTINE: Final = "AWSCompromisedKeyQuarantine"


class Found(Record, frozen=True):
    """Policies, and what is not known of them."""

    policies: tuple[Policy, ...] = ()
    gaps: tuple[Gap, ...] = ()

    def __add__(self, other: "Found") -> "Found":
        return Found(self.policies + other.policies, self.gaps + other.gaps)


class Policies:
    """Reads policies; the text of an attached one is read once for all keys."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._read: dict[str, tuple[tuple[Statement, ...] | None, Gap | None]] = {}

    def of(self, entity: str, name: str) -> Found:
        """Return the policies of an entity, which is User, Role or Group; attached ones first."""
        return self._attached(entity, name) + self._inline(entity, name)

    def with_texts(self, found: Found) -> Found:
        """Return policies with the statements of the attached ones, as far as they can be read."""
        policies, gaps, read = [], list(found.gaps), 0
        for policy in found.policies:
            if not policy.arn or is_quarantine(policy):
                policies.append(policy)
                continue
            read += 1
            if read > MAX_DOCUMENTS:
                policies.append(policy)
                continue
            statements, gap = self._text(policy.arn)
            policies.append(Policy(policy.name, policy.arn, policy.group, statements))
            gaps += [gap] if gap is not None and gap not in gaps else []
        if read > MAX_DOCUMENTS:
            gaps.append(Gap("texts of policies", "iam:GetPolicyVersion", Why.CUT))
        return Found(tuple(policies), tuple(gaps))

    def _attached(self, entity: str, name: str) -> Found:
        listed = self._calls.many(
            f"policies attached to the {entity.lower()} {name}",
            f"ListAttached{entity}Policies",
            "AttachedPolicies",
            **{f"{entity}Name": name},
        )
        group = name if entity == "Group" else ""
        policies = [
            Policy(text(one, "PolicyName"), text(one, "PolicyArn"), group) for one in listed.items
        ]
        return Found(tuple(policies), (listed.gap,) if listed.gap else ())

    def _inline(self, entity: str, name: str) -> Found:
        what = f"inline policies of the {entity.lower()} {name}"
        named = {f"{entity}Name": name}
        listed = self._calls.many(what, f"List{entity}Policies", "PolicyNames", **named)
        policies, gaps = [], [listed.gap] if listed.gap else []
        for policy in (one for one in listed.items if isinstance(one, str)):
            reply = self._calls.one(
                f"the text of {what}", f"Get{entity}Policy", PolicyName=policy, **named
            )
            group = name if entity == "Group" else ""
            read = statements(reply.data.get("PolicyDocument"))
            policies.append(Policy(policy, "", group, read))
            gaps += [reply.gap] if reply.gap is not None and reply.gap not in gaps else []
        return Found(tuple(policies), tuple(gaps))

    def _text(self, arn: str) -> tuple[tuple[Statement, ...] | None, Gap | None]:
        if arn not in self._read:
            self._read[arn] = self._asked(arn)
        return self._read[arn]

    def _asked(self, arn: str) -> tuple[tuple[Statement, ...] | None, Gap | None]:
        reply = self._calls.one("texts of policies", "GetPolicy", PolicyArn=arn)
        version = text(inner(reply.data, "Policy"), "DefaultVersionId")
        if reply.gap is not None or not version:
            return None, reply.gap
        reply = self._calls.one(
            "texts of policies", "GetPolicyVersion", PolicyArn=arn, VersionId=version
        )
        return statements(inner(reply.data, "PolicyVersion").get("Document")), reply.gap


def is_quarantine(policy: Policy) -> bool:
    """Return whether this is the policy by which AWS marks a key that it found in public."""
    return policy.name.startswith(_QUARANTINE) and ":iam::aws:policy/" in policy.arn


def statements(document: object) -> tuple[Statement, ...] | None:
    """Return the statements of a policy document, None if it is none."""
    if not isinstance(document, dict) or "Statement" not in document:
        return None
    return tuple(
        _statement(one) for one in _several(document["Statement"]) if isinstance(one, dict)
    )


def _statement(data: Mapping[str, Any]) -> Statement:
    is_inverted = "Action" not in data
    resources = tuple(_texts(data.get("Resource")))
    return Statement(
        effect=str(data.get("Effect", "")),
        actions=tuple(_texts(data.get("NotAction" if is_inverted else "Action"))),
        is_inverted=is_inverted,
        resources=resources,
        all_resources="*" in resources,
        is_conditional=bool(data.get("Condition")),
    )


def covers(statement: Statement, action: str) -> bool:
    """Return whether a statement speaks of an action, whatever its effect."""
    named = any(_matches(pattern, action) for pattern in statement.actions)
    return named != statement.is_inverted


def _matches(pattern: str, action: str) -> bool:
    """Compare as IAM does: without regard to case; `*` and `?` alone have a meaning."""
    return fnmatchcase(action.lower(), pattern.lower().replace("[", "[[]"))


def trusted(document: object) -> Iterator[str]:
    """Yield who may assume a role, as its trust policy names them: ARNs, services, providers."""
    if not isinstance(document, dict):
        return
    for one in _several(document.get("Statement")):
        principal = one.get("Principal") if isinstance(one, dict) else None
        if isinstance(principal, dict):
            for names in principal.values():
                yield from _texts(names)
        else:
            yield from _texts(principal)


def _several(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _texts(value: object) -> list[str]:
    return [one for one in _several(value) if isinstance(one, str)]
