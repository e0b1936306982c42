"""What the responder's own credentials tell of a found key: `verify --inspect --profile NAME`.

Part of the inspect stage. In: ids of found keys, and their verdicts. Out: an `Inspection` each. The
found keys themselves are not given to this module, only their ids. Two steps, because asking
STS about a key overwrites when it was last used: `evidence` before it, `inspect` after it.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime

from leakscan import aws
from leakscan.inspect.calls import Calls, Reply, inner, text, when
from leakscan.inspect.policies import Policies
from leakscan.inspect.principal import role, root, user
from leakscan.inspect.reach import reach
from leakscan.inspect.session import InspectError, Settings, no_library_errors, open_session
from leakscan.inspect.words import first_sentence
from leakscan.inspection import (
    Evidence,
    Inspection,
    Kind,
    Principal,
    Reach,
    Responder,
    State,
    Tried,
    Why,
)
from leakscan.model import Finding, Fingerprint
from leakscan.verdict import Holder, Verdict, VerdictState

_LONG_TERM = "AKIA"


class Inspector:
    """Asks IAM, as the responder, about keys of the responder's own account."""

    def __init__(
        self, responder: Responder, iam: Calls, clock: Callable[[], datetime], most: int
    ) -> None:
        self.responder = responder
        self._iam = iam
        self._clock = clock
        self._most = most
        self._policies = Policies(iam)
        self._known: dict[tuple[Kind, str, str], Principal] = {}
        self._reaches: dict[tuple[str, bool], Reach] = {}

    @classmethod
    def open(
        cls, settings: Settings, found: Collection[str], clock: Callable[[], datetime]
    ) -> "Inspector":
        """Find out who the profile is, with one call; `found` are the ids of found keys.

        Raises:
            InspectError: there is no such profile, it has no credentials, AWS does not accept
                them, or they are those that were found. Nothing else was asked then.

        """
        session = open_session(settings, found)
        with no_library_errors(settings.profile):
            # Not through `Calls`: without an identity there is nothing to degrade to.
            identity = session.client("sts").get_caller_identity()  # type: ignore[attr-defined]
            iam = Calls("iam", session.client("iam"))
        responder = Responder(settings.profile, text(identity, "Account"), text(identity, "Arn"))
        if not responder.account:
            message = f"AWS did not say who the profile {settings.profile} is."
            raise InspectError(message)
        return cls(responder, iam, clock, settings.max_keys)

    # -- before anything is verified ------------------------------------------------------

    def evidence_of(self, findings: Sequence[Finding]) -> dict[str, Evidence]:
        """Return the evidence for each access key id of findings. Call it before verifying.

        IAM is asked about a limited number of ids: first about those with a secret, whose evidence
        a call with the key would overwrite, so that ids planted alone do not use the limit up.
        """
        made: dict[str, Evidence] = {}
        asked = 0
        for access_key_id in _with_secrets_first(findings):
            why = self._why_not_asked(access_key_id)
            if why is None and asked >= self._most:
                why = (
                    f"More than {self._most} keys (--max-keys): IAM was not asked when it was used."
                )
            asked += why is None
            made[access_key_id] = (
                self.evidence(access_key_id) if why is None else Evidence(access_key_id, text=why)
            )
        return made

    def evidence(self, access_key_id: str) -> Evidence:
        """Return when a key was last used. Call it before anything is verified."""
        if (why := self._why_not_asked(access_key_id)) is not None:
            return Evidence(access_key_id, text=why)
        is_ours = aws.account_id(access_key_id) is not None
        at = self._clock()
        reply = self._iam.one("last use", "GetAccessKeyLastUsed", AccessKeyId=access_key_id)
        if reply.gap is not None or reply.is_absent:
            return _no_evidence(access_key_id, at, reply, is_ours=is_ours)
        used = inner(reply.data, "AccessKeyLastUsed")
        return Evidence(
            access_key_id,
            is_told=True,
            asked_at=at,
            user=text(reply.data, "UserName"),
            last_used_at=when(used, "LastUsedDate"),
            service=_unless_na(text(used, "ServiceName")),
            region=_unless_na(text(used, "Region")),
        )

    def _why_not_asked(self, access_key_id: str) -> str | None:
        """Return why IAM is not asked when an id was last used, None if it is."""
        account = aws.account_id(access_key_id)
        if aws.is_canary(account):
            return f"Account {account} has canary keys: nobody was asked about it."
        if account not in (None, self.responder.account):
            return self._elsewhere(account)
        if not access_key_id.startswith(_LONG_TERM):
            is_temporary = access_key_id.startswith("ASIA")
            what = "temporary keys" if is_temporary else "credentials other than access keys"
            return f"IAM keeps no last use of {what}."
        if aws.generation(access_key_id) is None:
            return "AWS builds no such id, so IAM was not asked when it was used."
        return None

    def _elsewhere(self, account: str | None) -> str:
        ours = self.responder.account
        return f"It is a key of account {account}; IAM tells the profile of {ours} only."

    # -- afterwards -----------------------------------------------------------------------

    def inspect_all(
        self, findings: Sequence[Finding], evidence: Mapping[str, Evidence]
    ) -> dict[Fingerprint, Inspection]:
        """Return an inspection for each verified finding that has an id; one for each id."""
        verdicts: dict[str, Verdict] = {}
        for one in findings:
            access_key_id = one.credential.identity.access_key_id or ""
            known = verdicts.setdefault(access_key_id, one.verdict)
            verdicts[access_key_id] = max(known, one.verdict, key=_weight)
        made = {
            access_key_id: self._inspected(access_key_id, evidence[access_key_id], verdict)
            for access_key_id, verdict in verdicts.items()
            if access_key_id in evidence
        }
        return {
            one.credential.fingerprint: made[one.credential.identity.access_key_id]
            for one in findings
            if one.credential.identity.access_key_id in made
        }

    def _inspected(self, access_key_id: str, evidence: Evidence, verdict: Verdict) -> Inspection:
        """Return an inspection, or why there is none: by now there are verdicts to lose."""
        try:
            return self.inspect(access_key_id, evidence, verdict)
        except InspectError as error:  # The profile came to use a found key meanwhile.
            tried, why = _tried(verdict), str(error)
            state = State.NOT_FOUND
            return Inspection(access_key_id, state, why, self.responder, evidence, tried=tried)

    def inspect(self, access_key_id: str, evidence: Evidence, verdict: Verdict) -> Inspection:
        """Return what IAM tells of a key whose verdict is known."""
        account = verdict.account or aws.account_id(access_key_id)
        if account not in (None, self.responder.account):
            return self._without(access_key_id, State.OTHER_ACCOUNT, evidence, verdict, account)
        principal = self._principal(evidence, verdict)
        if principal is None:
            return self._without(access_key_id, State.NOT_FOUND, evidence, verdict, account)
        is_temporary = principal.kind is Kind.USER and not access_key_id.startswith(_LONG_TERM)
        can = self._reach(principal, is_temporary=is_temporary)
        tried = _tried(verdict)
        key = next((one for one in principal.keys if one.access_key_id == access_key_id), None)
        return Inspection(
            access_key_id,
            State.INSPECTED,
            first_sentence(access_key_id, principal, key, tried),
            self.responder,
            evidence,
            key,
            principal,
            can,
            tried,
        )

    def _without(
        self,
        access_key_id: str,
        state: State,
        evidence: Evidence,
        verdict: Verdict,
        account: str | None,
    ) -> Inspection:
        if state is State.OTHER_ACCOUNT:
            sentence = self._elsewhere(account)
        else:
            sentence = evidence.text or "IAM names no user of it: it may be one of the root user."
        if state is State.NOT_FOUND and verdict.state is VerdictState.WRONG_SECRET:
            sentence += " STS answered as it does for ids that are active."
        tried = _tried(verdict)
        return Inspection(access_key_id, state, sentence, self.responder, evidence, tried=tried)

    def _principal(self, evidence: Evidence, verdict: Verdict) -> Principal | None:
        """Return who holds a key, asked once for all keys of one holder."""
        kind = _kind(evidence, verdict)
        names = verdict.arn.partition(":")[2].split("/")
        if kind is Kind.USER:
            name, session = evidence.user or names[-1], ""
        elif kind is Kind.ROLE:
            name, session = names[1] if len(names) > 1 else "", "/".join(names[2:])
        else:
            name, session = names[-1], ""
        if kind is Kind.NOT_KNOWN or not name:
            return None
        if (kind, name, session) not in self._known:
            self._known[kind, name, session] = self._asked(kind, name, session, verdict.arn)
        return self._known[kind, name, session]

    def _asked(self, kind: Kind, name: str, session: str, arn: str) -> Principal:
        ours = f"arn:{self.responder.partition}:iam::{self.responder.account}"
        if kind is Kind.USER:
            return user(self._iam, self._policies, name, arn or f"{ours}:user/{name}")
        if kind is Kind.ROLE:
            return role(self._iam, self._policies, name, session, f"{ours}:role/{name}")
        if kind is Kind.ROOT:
            return root(self._iam, arn)
        return Principal(Kind.FEDERATED, name, arn)

    def _reach(self, principal: Principal, *, is_temporary: bool) -> Reach | None:
        if principal.kind is Kind.FEDERATED:
            return None
        known = principal.arn, is_temporary
        if known not in self._reaches:
            self._reaches[known] = reach(self._iam, principal, is_temporary=is_temporary)
        return self._reaches[known]


_KINDS = {
    Holder.ROOT: Kind.ROOT,
    Holder.USER: Kind.USER,
    Holder.ROLE_SESSION: Kind.ROLE,
    Holder.FEDERATED: Kind.FEDERATED,
}


def _with_secrets_first(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield each access key id once; those that stand with a secret come first."""
    has_secret: dict[str, bool] = {}
    for one in findings:
        identity = one.credential.identity
        if identity.access_key_id is not None:
            known = has_secret.get(identity.access_key_id, False)
            has_secret[identity.access_key_id] = known or identity.secret is not None
    yield from sorted(has_secret, key=lambda one: not has_secret[one])


def _weight(verdict: Verdict) -> tuple[bool, bool, bool]:
    """Say how much a verdict counts among those on one id: what AWS named, then its no."""
    is_no = verdict.state is VerdictState.NOT_ACCEPTED
    return bool(verdict.arn), is_no, bool(verdict.asked)


def _tried(verdict: Verdict) -> Tried:
    decided = {VerdictState.LIVE: True, VerdictState.NOT_ACCEPTED: False}
    return Tried(bool(verdict.asked), decided.get(verdict.state), verdict.is_kept)


def _kind(evidence: Evidence, verdict: Verdict) -> Kind:
    if verdict.holder in _KINDS:
        return _KINDS[verdict.holder]
    return Kind.USER if evidence.user else Kind.NOT_KNOWN


def _no_evidence(access_key_id: str, at: datetime, reply: Reply, *, is_ours: bool) -> Evidence:
    if reply.gap is None:
        sentence = (
            "IAM knows no such key: it was deleted, was never made, or is one of the root user"
        )
        sentence += "." if is_ours else ", or of another account."
    elif reply.gap.why is Why.NOT_PERMITTED and not is_ours:
        sentence = "Not permitted, or a key of another account: its id does not say whose it is."
    else:
        sentence = "When it was last used is not known."
    gaps = () if reply.gap is None else (reply.gap,)
    return Evidence(access_key_id, asked_at=at, text=sentence, gaps=gaps)


def _unless_na(word: str) -> str:
    return "" if word == "N/A" else word
