"""What `--inspect` found out, as rows of text and as a part of the JSON document.

In: an `Inspection`. Out: labels with texts, and plain values that keep `schema/inspection-1.json`.
Names and texts that IAM holds may come from whoever holds the key; they are masked here, and made
harmless for a terminal in rows. Of policies only their names and a summary are told.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain, groupby, islice
from typing import Any, Final

from leakscan.inspection import (
    Evidence,
    Gap,
    Inspection,
    Key,
    Kind,
    Policy,
    Power,
    Principal,
    Reach,
    ServiceCredential,
    Statement,
    Sure,
    Tried,
)
from leakscan.redact import mask_text
from leakscan.report.clean import text_of
from leakscan.report.words import count, moment, some, visible

_IN_WORDS: Final = 3
_NAMES: Final = 8
_CAUTION: Final = {
    Sure.ALLOWED: "",
    Sure.SOME: ", on some resources",
    Sure.MAYBE: ", perhaps",
}

Row = tuple[str, str]


# -- rows ---------------------------------------------------------------------------------


def lines(inspection: Inspection) -> list[Row]:
    """Return rows of label and text; an empty label continues the row before."""
    rows = [("Inspected", inspection.text)]
    if inspection.evidence.text != inspection.text:
        rows += _evidence_rows(inspection.evidence, inspection.tried)
    if inspection.key is not None:
        rows.append(("Key", _key_words(inspection.key, inspection.evidence.asked_at)))
    if inspection.principal is not None:
        rows += _principal_rows(inspection.principal, inspection.access_key_id)
    if inspection.reach is not None:
        rows += _reach_rows(inspection.reach, _label(inspection))
    rows += _gap_rows(inspection.gaps)
    responder = inspection.responder
    rows.append(("Asked as", f"{responder.arn} (profile {responder.profile})"))
    return [(label, _shown(text)) for label, text in rows]


def _shown(text: str) -> str:
    return visible(_masked(text), limit=1000)


def _masked(text: str) -> str:
    return mask_text(text_of(text))


def _evidence_rows(evidence: Evidence, tried: Tried) -> Iterator[Row]:
    if not evidence.is_told:
        yield "Last used", evidence.text
    elif evidence.last_used_at is None:
        yield "Last used", "never, as far as IAM keeps track (since April 2015)"
    else:
        where = f" in {evidence.region}" if evidence.region else ""
        service = f", {evidence.service}{where}" if evidence.service else where
        at = moment(_time(evidence.last_used_at))
        yield "Last used", f"{at}{service}{_order(tried)}"
        if evidence.service == "sts":
            yield (
                "",
                "That may have been somebody's check of the key, an earlier one of leakscan too.",
            )


def _order(tried: Tried) -> str:
    """Return whether it may be a use by leakscan itself."""
    if tried.is_kept:
        return "; leakscan tried the key before that was asked, in an earlier run"
    return "; asked before this run tried the key" if tried.is_asked else ""


def _key_words(key: Key, now: datetime | None = None) -> str:
    if key.created_at is None:
        return key.status
    age = f" ({count((now - key.created_at).days, 'day')} old)" if now else ""
    return f"{key.status}, created {moment(_time(key.created_at))}{age}"


def _principal_rows(one: Principal, access_key_id: str) -> Iterator[Row]:
    yield "Held by", one.arn or one.name
    if one.session:
        yield "Session", one.session
    others = [key for key in one.keys if key.access_key_id != access_key_id]
    yield from _listed("Other keys", [f"{key.access_key_id}: {_key_words(key)}" for key in others])
    if one.groups:
        yield "Groups", some(one.groups, _NAMES)
    yield from _listed("Policies", map(_policy_words, one.policies))
    if one.boundary:
        yield "Boundary", one.boundary
    if one.trusts:
        yield "Trusts", some(one.trusts, _NAMES)
    if one.last_used_at is not None:
        where = f" in {one.last_used_region}" if one.last_used_region else ""
        yield "Role used", f"{moment(_time(one.last_used_at))}{where}"
    yield from _sign_in_rows(one)


def _listed(label: str, texts: Iterable[str]) -> Iterator[Row]:
    for number, text in enumerate(texts):
        yield "" if number else label, text


def _sign_in_rows(one: Principal) -> Iterator[Row]:
    """Yield what else opens the same door: it stays open when the key is gone."""
    if one.has_password:
        used = one.password_used_at
        last = f", last used {moment(_time(used))}" if used else ""
        yield "Password", f"has one for the console{last}"
    elif one.has_password is False:
        yield "Password", "none for the console"
    if one.mfa is not None:
        devices = "on" if one.kind is Kind.ROOT else count(one.mfa, "device")
        yield "MFA", devices if one.mfa else "none"
    yield from _listed(
        "Also holds",
        map(_credential_words, one.service_credentials),
    )
    if one.root_keys is not None:
        yield "Root keys", "there are some" if one.root_keys else "none, says IAM"


def _credential_words(one: ServiceCredential) -> str:
    told = f"{one.service} credential {one.id}: {one.status}"
    until = f" until {moment(_time(one.expires_at))}" if one.expires_at else ""
    return f"{told}; it stays valid{until} when the key is gone" if one.status == "Active" else told


def _policy_words(policy: Policy) -> str:
    source = f", of the group {policy.group}" if policy.group else ""
    kind = "" if policy.arn else " (inline)"
    told = "" if policy.statements is None else f": {_summary(policy.statements)}"
    return f"{policy.name}{kind}{source}{told}"


def _summary(statements: Iterable[Statement]) -> str:
    parts = []
    for one in statements:
        number = "every action" if "*" in one.actions else count(len(one.actions), "action pattern")
        but = "all but " if one.is_inverted else ""
        where = " on everything" if one.all_resources else ""
        when = " under conditions" if one.is_conditional else ""
        parts.append(f"{one.effect} {but}{number}{where}{when}")
    return some(parts, _IN_WORDS)


def _label(inspection: Inspection) -> str:
    key = inspection.key
    is_off = key is not None and key.status != "Active" and not inspection.tried.is_accepted
    return "Could" if is_off else "Can"


def _reach_rows(reach: Reach, label: str) -> Iterator[Row]:
    kinds = groupby(reach.powers, key=lambda one: (one.harm, one.sure))
    yield from _listed(
        label,
        (
            f"- {harm}{_CAUTION[sure]} ({because}): {_power_words(powers)}"
            for (harm, sure), alike in kinds
            for because, powers in _by_reason(alike)
        ),
    )
    if not reach.powers:
        yield label, _none_of(reach)
    if reach.unsettled and reach.is_simulated:
        text = f"not on everything, perhaps on something: {some(reach.unsettled, _NAMES)}"
        yield "Unsettled", text
    yield "Known from", reach.text


def _none_of(reach: Reach) -> str:
    """Return what it means that no power is known: seldom that there is none."""
    if not reach.denied:
        return "not known: what it can do was not worked out"
    number = count(len(reach.denied), "dangerous action")
    if reach.unsettled:
        return f"none of the {number} that could be settled; the others are not known"
    return f"none of the {number} that were asked about"


def _power_words(powers: list[Power]) -> str:
    told = "; ".join(f"{one.what} ({one.action})" for one in powers[:_IN_WORDS])
    rest = [one.action for one in powers[_IN_WORDS:]]
    return f"{told}; also {', '.join(rest)}" if rest else told


def _by_reason(powers: Iterable[Power]) -> Iterator[tuple[str, list[Power]]]:
    """Yield powers of one kind with why they are held; those of rarer reasons together."""
    reasons: dict[str, list[Power]] = {}
    for one in powers:
        reasons.setdefault(one.because, []).append(one)
    rest = list(reasons.values())[_IN_WORDS:]
    shown = len(reasons) if len(rest) <= 1 else _IN_WORDS
    yield from islice(reasons.items(), shown)
    if len(rest) > 1:
        yield f"for {len(rest)} other reasons", list(chain(*rest))


def _gap_rows(gaps: Iterable[Gap]) -> Iterator[Row]:
    def words(gap: Gap) -> str:
        return f"{gap.what}: {gap.why} ({gap.action}{', ' if gap.code else ''}{gap.code})"

    yield from _listed("Not known", map(words, gaps))


# -- JSON ---------------------------------------------------------------------------------


def document(inspection: Inspection) -> dict[str, Any]:
    """Return the inspection as JSON values."""
    responder, key = inspection.responder, inspection.key
    made = {
        "access_key_id": inspection.access_key_id,
        "state": inspection.state.value,
        "active_but_refused": inspection.contradicts,
        "text": inspection.text,
        "responder": {
            "profile": responder.profile,
            "account_id": responder.account,
            "arn": responder.arn,
        },
        "evidence": _evidence(inspection.evidence),
        "key": None if key is None else _key(key),
        "principal": None if inspection.principal is None else _principal(inspection.principal),
        "reach": None if inspection.reach is None else _reach(inspection.reach),
        "gaps": [
            {"what": gap.what, "action": gap.action, "why": gap.why.value, "code": gap.code or None}
            for gap in inspection.gaps
        ],
    }
    return {name: _clean(value) for name, value in made.items()}


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _masked(value)
    if isinstance(value, dict):
        return {name: _clean(inner) for name, inner in value.items()}
    return [_clean(inner) for inner in value] if isinstance(value, list) else value


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        "is_told": evidence.is_told,
        "asked_at": _time(evidence.asked_at),
        "user": evidence.user or None,
        "last_used_at": _time(evidence.last_used_at),
        "service": evidence.service or None,
        "region": evidence.region or None,
        "text": evidence.text or None,
    }


def _key(key: Key) -> dict[str, Any]:
    created = _time(key.created_at)
    return {"access_key_id": key.access_key_id, "status": key.status, "created_at": created}


def _principal(one: Principal) -> dict[str, Any]:
    return {
        "kind": one.kind.value,
        "name": one.name,
        "arn": one.arn or None,
        "session": one.session or None,
        "created_at": _time(one.created_at),
        "last_used_at": _time(one.last_used_at),
        "last_used_region": one.last_used_region or None,
        "keys": [_key(key) for key in one.keys],
        "groups": list(one.groups),
        "policies": [_policy(policy) for policy in one.policies],
        "boundary": one.boundary or None,
        "mfa_devices": one.mfa,
        "has_password": one.has_password,
        "password_used_at": _time(one.password_used_at),
        "service_credentials": [
            {
                "id": other.id,
                "service": other.service,
                "status": other.status,
                "created_at": _time(other.created_at),
                "expires_at": _time(other.expires_at),
            }
            for other in one.service_credentials
        ],
        "trusts": list(one.trusts),
        "root_keys": one.root_keys,
        "quarantine": list(one.quarantine),
    }


def _policy(policy: Policy) -> dict[str, Any]:
    return {
        "name": policy.name,
        "arn": policy.arn or None,
        "group": policy.group or None,
        "statements": None if policy.statements is None else list(map(_told, policy.statements)),
    }


def _told(one: Statement) -> dict[str, Any]:
    return {
        "effect": one.effect,
        "action_patterns": len(one.actions),
        "every_action": "*" in one.actions and not one.is_inverted,
        "all_but": one.is_inverted,
        "all_resources": one.all_resources,
        "conditional": one.is_conditional,
    }


def _reach(reach: Reach) -> dict[str, Any]:
    return {
        "is_simulated": reach.is_simulated,
        "text": reach.text,
        "powers": [
            {
                "rank": one.rank,
                "harm": one.harm.value,
                "what": one.what,
                "action": one.action,
                "sure": one.sure.value,
                "because": one.because,
            }
            for one in reach.powers
        ],
        "denied": list(reach.denied),
        "unsettled": list(reach.unsettled),
    }


def _time(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
