"""The blast radius of a key: what its holder can do, worst first.

Part of the inspect stage. In: a `Principal` and calls. Out: a `Reach`. IAM's own simulation
decides. It answers for all resources at once, so that a permission for one bucket looks like none:
what the policies' texts allow on some resources is told apart from what they allow nowhere. Where
IAM may not be asked, only policies that AWS itself wrote and statements that allow everything are
told.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from leakscan.inspect.actions import ALL_POWERFUL, DANGERS, LONG_TERM_ONLY, Danger
from leakscan.inspect.calls import Calls
from leakscan.inspect.policies import covers
from leakscan.inspect.resources import fits, needed
from leakscan.inspect.simulate import Decision, Simulated, simulate
from leakscan.inspection import Kind, Policy, Power, Principal, Reach, Statement, Sure
from leakscan.record import State

_LIMITS: Final = (
    "IAM's simulation: it knows the policies of the holder, its boundary and those of the "
    "organization; not those of resources, sessions, endpoints and resource control. What a "
    "resource's own policy allows is missing here."
)


def reach(calls: Calls, principal: Principal, *, is_temporary: bool = False) -> Reach:
    """Return the blast radius; `is_temporary` is for a session of a user without a role."""
    if principal.kind is Kind.ROOT:
        return _root()
    is_long_term = principal.kind is Kind.USER and not is_temporary
    dangers = [one for one in DANGERS if is_long_term or one.action not in LONG_TERM_ONLY]
    asked = simulate(calls, principal.arn, [one.action for one in dangers])
    found = _judged(principal, dangers, asked, is_temporary=is_temporary)
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
    what = "may do everything in the account: it is the root user"
    because = (
        "no IAM policy of this account limits it; an organization's may (service control policies)"
    )
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


def _judged(
    principal: Principal, dangers: Sequence[Danger], asked: Simulated, *, is_temporary: bool
) -> _Found:
    found = _Found([], [], [])
    is_read = _all_read(principal)
    for danger in dangers:
        decision = asked.decisions.get(danger.action)
        if decision is None:
            power = _unsimulated(danger, principal.policies)
        else:
            power = _simulated(danger, decision, principal.policies, is_read=is_read)
        if power is not None:
            found.powers.append(_for_session(power) if is_temporary else power)
        elif decision is not None and _is_denied(
            danger.action, decision, principal.policies, is_read=is_read
        ):
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


def _simulated(
    danger: Danger, decision: Decision, policies: Sequence[Policy], *, is_read: bool
) -> Power | None:
    """Return the power that a decision means, None if it means none."""
    missing = f"depends on {', '.join(decision.missing[:3])}"
    if decision.word != "allowed":
        return _on_something(danger, decision, policies, missing, is_read=is_read)
    because = f"allowed by {', '.join(decision.policies)}" if decision.policies else "allowed"
    if decision.missing:
        return _power(danger, Sure.MAYBE, f"{because}; {missing}")
    if decision.is_capped:
        because = f"{because}; a boundary or the organization does not allow it"
        return _power(danger, Sure.MAYBE, because)
    return _power(danger, Sure.ALLOWED, f"{because} in IAM's simulation")


def _on_something(
    danger: Danger, decision: Decision, policies: Sequence[Policy], missing: str, *, is_read: bool
) -> Power | None:
    """Return what is allowed somewhere or sometimes, though the simulation did not allow it.

    It stops at a boundary or an organization that does not allow the action; both may have
    conditions that it does not know, and neither's text is read here.
    """
    allows = list(_covering("Allow", danger.action, policies))
    denies = list(_covering("Deny", danger.action, policies))
    if _is_denied(danger.action, decision, policies, is_read=is_read and not allows):
        return None
    if decision.missing:
        return _power(danger, Sure.MAYBE, f"not without conditions; {missing}")
    if not allows:
        return None
    named = _named(allows[0][0])
    if decision.is_capped:
        because = "a boundary or the organization does not, at least not on everything"
        return _power(danger, Sure.MAYBE, f"{named} allows it; {because}")
    if denies:
        because = f"{_named(denies[0][0])} denies it on some resources or under conditions"
        return _power(danger, Sure.MAYBE, f"{named} allows it; {because}")
    if decision.word == "explicitDeny":
        return None
    return _partly(danger, allows, is_read=is_read)


def _partly(
    danger: Danger, allows: Sequence[tuple[Policy, Statement]], *, is_read: bool
) -> Power | None:
    """Return what statements allow that do not allow it always and on everything."""
    fitting = [found for found in allows if fits(found[1], danger.action)]
    if not fitting:
        because = f"allows it, but on other things only: it needs {needed(danger.action)}"
        return _power(danger, Sure.MAYBE, f"{_named(allows[0][0])} {because}")
    for policy, one in sorted(fitting, key=lambda found: found[1].is_conditional):
        if one.is_conditional:
            return _power(danger, Sure.MAYBE, f"{_named(policy)} allows it under conditions")
        if not one.all_resources:
            because = f"{_named(policy)} allows it, not on everything"
            if is_read:
                return _power(danger, Sure.SOME, because)
            return _power(danger, Sure.MAYBE, f"{because}; what could not be read may deny it")
    return None


def _is_whole(statement: Statement) -> bool:
    return statement.all_resources and not statement.is_conditional


def _covering(
    effect: str, action: str, policies: Sequence[Policy]
) -> Iterator[tuple[Policy, Statement]]:
    """Yield the statements of one effect that speak of an action, with their policies."""
    for policy in policies:
        for one in policy.statements or ():
            if one.effect == effect and covers(one, action):
                yield policy, one


def _is_denied(
    action: str, decision: Decision, policies: Sequence[Policy], *, is_read: bool
) -> bool:
    """Tell whether an action is allowed nowhere: a text denies it everywhere, or none allows it.

    The word of the simulation alone does not say so: it is of all resources at once.
    """
    is_no = decision.word in ("implicitDeny", "explicitDeny")
    return is_no and (
        is_read or any(_is_whole(one) for _, one in _covering("Deny", action, policies))
    )


def _unsimulated(danger: Danger, policies: Sequence[Policy]) -> Power | None:
    """Return what one policy alone allows on everything; another one may still deny it."""
    for policy in policies:
        is_aws = policy.arn.endswith(f":iam::aws:policy/{policy.name}")
        if (is_aws and danger.action in ALL_POWERFUL.get(policy.name, ())) or any(
            _is_whole(one) for _, one in _covering("Allow", danger.action, [policy])
        ):
            because = f"{_named(policy)} allows it on everything; not simulated, so another policy"
            return _power(danger, Sure.MAYBE, f"{because} may deny it")
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
