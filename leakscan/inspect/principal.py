"""Who holds a key: a user, a role or the root user, as IAM describes them.

Part of the inspect stage. In: calls, and a name. Out: a `Principal`. Each call may be refused
alone; what it would have told is then a gap, and everything else is told.
"""

from collections.abc import Iterable, Mapping

from leakscan.inspect.calls import Calls, Listed, Reply, inner, text, when
from leakscan.inspect.policies import Found, Policies, is_quarantine, trusted
from leakscan.inspection import Gap, Key, Kind, Principal, ServiceCredential


def user(calls: Calls, policies: Policies, name: str, arn: str) -> Principal:
    """Return a user; `arn` is what is known of it where IAM may not be asked."""
    keys = calls.many("keys of the user", "ListAccessKeys", "AccessKeyMetadata", UserName=name)
    about = calls.one("the user itself", "GetUser", UserName=name)
    groups = calls.many("groups", "ListGroupsForUser", "Groups", UserName=name)
    group_names = tuple(text(one, "GroupName") for one in groups.items)
    found = policies.of("User", name)
    for group in group_names:
        found += policies.of("Group", group)
    found = policies.with_texts(found)
    mfa = calls.many("MFA devices", "ListMFADevices", "MFADevices", UserName=name)
    login = calls.one("console password", "GetLoginProfile", UserName=name)
    others = _service_credentials(calls, name)
    data = inner(about.data, "User")
    return Principal(
        Kind.USER,
        name,
        text(data, "Arn") or arn,
        created_at=when(data, "CreateDate"),
        keys=tuple(_key(one) for one in keys.items),
        groups=group_names,
        policies=found.policies,
        boundary=text(inner(data, "PermissionsBoundary"), "PermissionsBoundaryArn"),
        mfa=None if mfa.gap else len(mfa.items),
        has_password=None if login.gap else not login.is_absent,
        password_used_at=when(data, "PasswordLastUsed"),
        service_credentials=tuple(_service_credential(one) for one in others.items),
        quarantine=_quarantine(found),
        gaps=_gaps(keys, about, groups, found, mfa, login, others),
    )


def _service_credentials(calls: Calls, name: str) -> Listed:
    what, operation = "service-specific credentials", "ListServiceSpecificCredentials"
    return calls.many(what, operation, "ServiceSpecificCredentials", UserName=name)


def role(calls: Calls, policies: Policies, name: str, session: str, arn: str) -> Principal:
    """Return a role and the name of its session; `arn` is where nothing better is known."""
    about = calls.one("the role itself", "GetRole", RoleName=name)
    found = policies.with_texts(policies.of("Role", name))
    data = inner(about.data, "Role")
    used = inner(data, "RoleLastUsed")
    return Principal(
        Kind.ROLE,
        name,
        text(data, "Arn") or arn,
        session,
        created_at=when(data, "CreateDate"),
        last_used_at=when(used, "LastUsedDate"),
        last_used_region=text(used, "Region"),
        policies=found.policies,
        boundary=text(inner(data, "PermissionsBoundary"), "PermissionsBoundaryArn"),
        trusts=tuple(dict.fromkeys(trusted(data.get("AssumeRolePolicyDocument")))),
        quarantine=_quarantine(found),
        gaps=_gaps(about, found),
    )


def root(calls: Calls, arn: str) -> Principal:
    """Return the root user: how many keys it has, and whether MFA guards it."""
    summary = calls.one("keys and MFA of the root user", "GetAccountSummary")
    data = inner(summary.data, "SummaryMap")
    return Principal(
        Kind.ROOT,
        "root",
        arn,
        mfa=_number(data, "AccountMFAEnabled"),
        root_keys=_number(data, "AccountAccessKeysPresent"),
        gaps=_gaps(summary),
    )


def _number(data: Mapping[str, object], key: str) -> int | None:
    value = data.get(key)
    return value if isinstance(value, int) else None


def _key(data: dict[str, object]) -> Key:
    return Key(text(data, "AccessKeyId"), text(data, "Status"), when(data, "CreateDate"))


def _service_credential(data: dict[str, object]) -> ServiceCredential:
    return ServiceCredential(
        text(data, "ServiceSpecificCredentialId"),
        text(data, "ServiceName"),
        text(data, "Status"),
        when(data, "CreateDate"),
        when(data, "ExpirationDate"),
    )


def _quarantine(found: Found) -> tuple[str, ...]:
    return tuple(one.name for one in found.policies if is_quarantine(one))


def _gaps(*parts: Reply | Listed | Found) -> tuple[Gap, ...]:
    gaps: list[Gap] = []
    for part in parts:
        own: Iterable[Gap | None] = part.gaps if isinstance(part, Found) else (part.gap,)
        gaps += [gap for gap in own if gap is not None]
    return tuple(gaps)
