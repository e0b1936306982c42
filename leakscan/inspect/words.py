"""The sentence that a responder reads first.

Part of the inspect stage. In: who holds a key, and its entry in IAM. Out: what that means now, and
what it does not mean.
"""

from leakscan.inspection import Key, Kind, Principal


def first_sentence(access_key_id: str, principal: Principal, key: Key | None) -> str:
    """Return the state of a key in words, with AWS's quarantine if it is in force."""
    sentence = _state(access_key_id, principal, key)
    if not principal.quarantine:
        return sentence
    works = "" if key is not None and key.status != "Active" else " and the key still works"
    return (
        f"{sentence} AWS found a key of this user in public and attached "
        f"{', '.join(principal.quarantine)} itself: that denies some actions only{works}. Do not "
        "remove that policy first."
    )


def _state(access_key_id: str, principal: Principal, key: Key | None) -> str:
    match principal.kind:
        case Kind.ROOT:
            return "It is a key of the root user: everything is allowed to it."
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
            return _of_user(access_key_id, principal, key)


def _of_user(access_key_id: str, principal: Principal, key: Key | None) -> str:
    if not access_key_id.startswith("AKIA"):
        return (
            f"A session of the user {principal.name}: it outlives the keys of the user and is "
            "stopped by denying the user everything."
        )
    if key is None:
        if any(gap.action == "iam:ListAccessKeys" for gap in principal.gaps):
            return f"Whether the key of the user {principal.name} is active is not known."
        return f"IAM lists no such key of the user {principal.name}: it was deleted."
    if key.status == "Active":
        return f"It is an active key of the user {principal.name}."
    return (
        f"It is a key of the user {principal.name} and {key.status.lower()}: it can do nothing "
        "now. Listed is what it could do if it were activated again."
    )
