"""The sentence that a responder reads first.

Part of the inspect stage. In: who holds a key, its entry in IAM, and what STS said of it. Out: what
that means now, and what it does not mean.
"""

from typing import Final

from leakscan.inspection import Key, Kind, Principal, Tried

_SPREADING: Final = (
    "IAM takes a while to spread a change: ask again with --max-age 0 before believing either."
)


def first_sentence(access_key_id: str, principal: Principal, key: Key | None, tried: Tried) -> str:
    """Return the state of a key in words, with AWS's quarantine if it is in force."""
    sentence = _state(access_key_id, principal, key, tried)
    if not principal.quarantine:
        return sentence
    is_off = not tried.is_accepted and (
        tried.is_accepted is False or (key is not None and key.status != "Active")
    )
    works = "" if is_off else " and the key still works"
    return (
        f"{sentence} Attached is {', '.join(principal.quarantine)}, as AWS does itself where it "
        f"finds a key of a user in public: that denies some actions only{works}. Do not remove "
        "that policy first."
    )


def _state(access_key_id: str, principal: Principal, key: Key | None, tried: Tried) -> str:
    match principal.kind:
        case Kind.ROOT:
            return (
                "It is a key of the root user: no IAM policy of this account limits it; an "
                "organization's may (service control policies)."
            )
        case Kind.ROLE:
            return (
                f"A session of the role {principal.name}: listed is what the role may do; a policy "
                "of the session can only take away from that. The session ends by itself."
            )
        case Kind.FEDERATED:
            return (
                f"A session of the federated user {principal.name}: it may do no more than the "
                "user who made it, whom only the GetFederationToken event in CloudTrail names."
            )
        case _:
            return _of_user(access_key_id, principal, key, tried)


def _of_user(access_key_id: str, principal: Principal, key: Key | None, tried: Tried) -> str:
    if not access_key_id.startswith("AKIA"):
        return (
            f"A session of the user {principal.name}: it outlives the keys of the user and is "
            "stopped by denying the user everything."
        )
    name = principal.name
    if key is None and any(gap.action == "iam:ListAccessKeys" for gap in principal.gaps):
        accepted = " STS accepted it." if tried.is_accepted else ""
        return f"Whether the key of the user {name} is active IAM does not say.{accepted}"
    if (against := _contradiction(key, tried)) is not None:
        return f"{against}: treat it as live. {_SPREADING} It is a key of the user {name}."
    if key is None:
        return f"IAM lists no such key of the user {name}: it was deleted."
    if key.status == "Active":
        return f"It is an active key of the user {name}."
    return (
        f"It is a key of the user {name} and {key.status.lower()}: it can do nothing "
        "now. Listed is what it could do if it were activated again."
    )


def _contradiction(key: Key | None, tried: Tried) -> str | None:
    """Return what IAM and STS say against each other, None if they do not."""
    when = "in an earlier run" if tried.is_kept else "moments ago"
    if tried.is_accepted is False and key is not None and key.status == "Active":
        return f"IAM says it is active, and STS did not accept it {when}"
    if tried.is_accepted and key is None:
        return f"IAM lists no such key of its user, and STS accepted it {when}"
    if tried.is_accepted and key is not None and key.status != "Active":
        return f"IAM says it is {key.status.lower()}, and STS accepted it {when}"
    return None
