"""The blast radius of a key: what its holder can do, worst first.

Part of the inspect stage. In: a `Principal` and calls. Out: a `Reach`. IAM's own simulation decides.
It answers for all resources at once, so that a permission for one bucket looks like none: what the
policies' texts allow on some resources is told apart from what they allow nowhere. Where IAM may
not be asked, only policies that AWS itself wrote and statements that allow everything are told.
"""

from collections.abc import Sequence
from typing import Final

from leakscan.inspect.actions import ALL_POWERFUL, DANGERS, Danger
from leakscan.inspect.calls import Calls
from leakscan.inspect.policies import covers
from leakscan.inspect.simulate import Decision, Simulated, simulate
from leakscan.inspection import Kind, Policy, Power, Principal, Reach, Sure
from leakscan.record import State

_LIMITS: Final = (
    "IAM's simulation: it knows the policies of the holder, its boundary and those of the "
    "organization; not those of resources, sessions, endpoints and resource control."
)


def reach(calls: Calls, principal: Principal, *, is_temporary: bool = False) -> Reach:
    """Return the blast radius; `is_temporary` is for a session of a user without a role."""
    if principal.kind is Kind.ROOT:
        return _root()
    asked = simulate(calls, principal.arn, [one.action for one in DANGERS])
    found = _judged(principal, asked, is_temporary=is_temporary)
    powers = sorted(found.powers, key=_badness)
    ranked = tuple(
        Power(rank, one.harm, one.what, one.action, one.sure, one.because)
        for rank, one in enumerate(powers, 1)
    )
    return Reach(
        ranked,
        tuple(found.denied),
        tuple(found.unsettled),
        bool(asked.decisions),
        _LIMITS if asked.decisions else _not_worked_out(ranked),
        tuple(asked.gaps),
    )


def _root() -> Reach:
    worst = DANGERS[0]
    what = "may do everything: it is the root user"
    because = "no policy of the account limits the root user; only the organization's can"
    power = Power(1, worst.harm, what, "*", Sure.ALLOWED, because)
    return Reach((power,), text="Nothing to simulate: no policy is needed.")


def _not_worked_out(powers: Sequence[Power]) -> str:
    start = "What the policies allow together was not worked out"
    if powers:
        return f"{start}; listed is what single policies allow on everything."
    return f"{start}; their names are listed, nothing is guessed from them."


def _badness(power: Power) -> tuple[int, int, int]:
    order = [one.action for one in DANGERS]
    sure = list(Sure).index(power.sure)
    return _HARMS.index(power.harm), sure, order.index(power.action)


_HARMS: Final = tuple(dict.fromkeys(one.harm for one in DANGERS))


class _Found(State):
    """Actions by what is known of them."""

    powers: list[Power]
    denied: list[str]
    unsettled: list[str]


def _judged(principal: Principal, asked: Simulated, *, is_temporary: bool) -> _Found:
    found = _Found([], [], [])
    is_read = _all_read(principal)
    for danger in DANGERS:
        decision = asked.decisions.get(danger.action)
        if decision is None:
            power = _unsimulated(danger, principal.policies)
        else:
            power = _simulated(danger, decision, principal.policies)
        if power is not None:
            found.powers.append(_for_session(power) if is_temporary else power)
        elif decision is not None and (is_read or decision.word == "explicitDeny"):
            found.denied.append(danger.action)
        else:
            found.unsettled.append(danger.action)
    return found


def _all_read(principal: Principal) -> bool:
    """Tell whether every policy that could allow something was listed and read."""
    is_listed = not any("Polic" in gap.action or "Group" in gap.action for gap in principal.gaps)
    return is_listed and all(
        one.statements is not None or one.name in principal.quarantine for one in principal.policies
    )


def _simulated(danger: Danger, decision: Decision, policies: Sequence[Policy]) -> Power | None:
    """Return the power that a decision means, None if it means none."""
    missing = f"depends on {', '.join(decision.missing[:3])}"
    if decision.word == "allowed":
        because = f"allowed by {', '.join(decision.policies)}" if decision.policies else "allowed"
        if decision.missing:
            return _power(danger, Sure.MAYBE, f"{because}; {missing}")
        return _power(danger, Sure.ALLOWED, f"{because} in IAM's simulation")
    if decision.missing:
        return _power(danger, Sure.MAYBE, f"not without conditions; {missing}")
    partly = _allowing(danger.action, policies, is_capped=decision.is_capped)
    if decision.word == "explicitDeny" or partly is None:
        return None
    if decision.is_capped:
        because = f"{partly} allows it on some resources; a boundary or the organization may not"
        return _power(danger, Sure.MAYBE, because)
    return _power(danger, Sure.SOME, f"{partly} allows it, not on everything")


def _unsimulated(danger: Danger, policies: Sequence[Policy]) -> Power | None:
    """Return what one policy alone allows on everything; another one may still deny it."""
    for policy in policies:
        is_aws = policy.arn.endswith(f":iam::aws:policy/{policy.name}")
        if (is_aws and danger.action in ALL_POWERFUL.get(policy.name, ())) or any(
            one.effect == "Allow"
            and one.all_resources
            and not one.is_conditional
            and covers(one, danger.action)
            for one in policy.statements or ()
        ):
            because = f"{_named(policy)} allows it on everything; not simulated, so another policy"
            return _power(danger, Sure.MAYBE, f"{because} may deny it")
    return None


def _allowing(action: str, policies: Sequence[Policy], *, is_capped: bool) -> str | None:
    """Return the first policy with a statement that allows an action on something.

    One that allows it on everything counts only under a cap, which may leave something of it: else
    the simulation would have allowed it.
    """
    for policy in policies:
        for one in policy.statements or ():
            is_partial = is_capped or not one.all_resources
            if one.effect == "Allow" and is_partial and covers(one, action):
                return _named(policy)
    return None


def _named(policy: Policy) -> str:
    kind = policy.name if policy.arn else f"the inline policy {policy.name}"
    return f"{kind} of the group {policy.group}" if policy.group else kind


def _for_session(power: Power) -> Power:
    """Return what is left of a power in a session of a user.

    Source: STS API, GetSessionToken: no IAM operation without MFA, of STS only AssumeRole and
    GetCallerIdentity.
    """
    if not power.action.startswith("iam:"):
        return power
    because = f"{power.because}; a session of a user calls IAM only if it was made with MFA"
    return Power(power.rank, power.harm, power.what, power.action, Sure.MAYBE, because)


def _power(danger: Danger, sure: Sure, because: str) -> Power:
    return Power(0, danger.harm, danger.what, danger.action, sure, because)
