"""What the responder's own credentials tell of a found key: who holds it and what it can do.

Below the model. Made by `inspect`, from what IAM answers to the profile of `--inspect`; read by
`report`. Texts of AWS stand here as they came and are cleaned by the report. No secret is here.
"""

from datetime import datetime
from enum import StrEnum

from leakscan.record import Record


class Why(StrEnum):
    """Why something is not known."""

    NOT_PERMITTED = "not permitted"
    NO_ANSWER = "no answer"
    REFUSED = "refused"
    NOT_UNDERSTOOD = "answer not understood"
    CUT = "more than is looked at"


class Gap(Record, frozen=True):
    """One thing that is not known: what, the action that would tell, and why it did not."""

    what: str
    action: str
    why: Why
    code: str = ""


class Responder(Record, frozen=True):
    """Who asks: the identity behind the profile, as STS names it."""

    profile: str
    account: str
    arn: str

    @property
    def partition(self) -> str:
        """The partition of its account, as in aws or aws-cn."""
        return self.arn.split(":")[1] if self.arn.count(":") > 1 else "aws"


class Evidence(Record, frozen=True):
    """When a key was last used, taken before anything of ours could change the answer.

    `is_told` says that IAM answered; with it and no `last_used_at` the key was never used since
    IAM keeps track. Otherwise `text` says why nothing is known.
    """

    access_key_id: str
    is_told: bool = False
    asked_at: datetime | None = None
    user: str = ""
    last_used_at: datetime | None = None
    service: str = ""
    region: str = ""
    text: str = ""
    gaps: tuple[Gap, ...] = ()


class Key(Record, frozen=True):
    """An access key of a user; `status` is AWS's word: Active, Inactive or Expired."""

    access_key_id: str
    status: str
    created_at: datetime | None


class ServiceCredential(Record, frozen=True):
    """A password or API key of a user for one service, as for Git or Bedrock."""

    id: str
    service: str
    status: str
    created_at: datetime | None
    expires_at: datetime | None = None


class Statement(Record, frozen=True):
    """One statement of a policy, as far as it is needed to tell what it could allow.

    `actions` are its patterns, of an Action or, where `is_inverted`, of a NotAction. `resources`
    are those of a Resource; none with a NotResource.
    """

    effect: str
    actions: tuple[str, ...]
    is_inverted: bool = False
    resources: tuple[str, ...] = ()
    all_resources: bool = False
    is_conditional: bool = False


class Policy(Record, frozen=True):
    """A policy that applies: attached where it has an `arn`, else inline.

    `group` is the group it comes from, empty for the user's or role's own. `statements` is None
    where its text was not read.
    """

    name: str
    arn: str = ""
    group: str = ""
    statements: tuple[Statement, ...] | None = None


class Harm(StrEnum):
    """What an action is good for in wrong hands, the worst first."""

    TAKE_OVER = "takes over the account"
    HIDE = "hides its tracks"
    READ = "reads data and secrets"
    DESTROY = "destroys"
    SPEND = "spends money"
    MOVE_ON = "moves on"


class Sure(StrEnum):
    """How sure it is that something is allowed."""

    ALLOWED = "allowed"
    SOME = "allowed on some resources"
    MAYBE = "may be allowed"


class Power(Record, frozen=True):
    """Something the key can do, in plain words; `rank` 1 is the worst."""

    rank: int
    harm: Harm
    what: str
    action: str
    sure: Sure
    because: str


class Kind(StrEnum):
    """Whose the key is."""

    USER = "user"
    ROLE = "role-session"
    ROOT = "root"
    FEDERATED = "federated-user"
    NOT_KNOWN = "not-known"


class State(StrEnum):
    """What came of an inspection."""

    INSPECTED = "inspected"
    """Asked; what stayed unknown is in the gaps."""
    OTHER_ACCOUNT = "other-account"
    """The key is of another account than the responder, which IAM tells nothing of."""
    NOT_FOUND = "not-found"
    """IAM knows no such key, or does not say whose it is."""


class Principal(Record, frozen=True):
    """Who holds a key: a user, a role or the root user. None and empty mean not known, or none.

    `mfa` counts devices; `trusts` are those that may assume a role; `session` is the name of a
    role session. `quarantine` are policies by which AWS itself marks a key that it found in public.
    """

    kind: Kind
    name: str = ""
    arn: str = ""
    session: str = ""
    created_at: datetime | None = None
    last_used_at: datetime | None = None
    last_used_region: str = ""
    keys: tuple[Key, ...] = ()
    groups: tuple[str, ...] = ()
    policies: tuple[Policy, ...] = ()
    boundary: str = ""
    mfa: int | None = None
    has_password: bool | None = None
    password_used_at: datetime | None = None
    service_credentials: tuple[ServiceCredential, ...] = ()
    trusts: tuple[str, ...] = ()
    root_keys: int | None = None
    quarantine: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()


class Reach(Record, frozen=True):
    """The blast radius: what the holder can do, worst first.

    `denied` are actions that the policies do not allow; `unsettled` those that are not allowed on
    everything and may be on something. `text` says how far all this can be relied on.
    """

    powers: tuple[Power, ...] = ()
    denied: tuple[str, ...] = ()
    unsettled: tuple[str, ...] = ()
    is_simulated: bool = False
    text: str = ""
    gaps: tuple[Gap, ...] = ()


class Tried(Record, frozen=True):
    """What came of asking STS with the key itself, as far as it bears on what IAM says.

    `is_accepted` is None where it was not asked, or did not settle it. The answer is of this run,
    given after the evidence was taken, or `is_kept` from an earlier one.
    """

    is_asked: bool = False
    is_accepted: bool | None = None
    is_kept: bool = False


class Inspection(Record, frozen=True):
    """All that IAM tells of one access key id; `text` is the sentence to read first."""

    access_key_id: str
    state: State
    text: str
    responder: Responder
    evidence: Evidence
    key: Key | None = None
    principal: Principal | None = None
    reach: Reach | None = None
    tried: Tried = Tried()

    @property
    def contradicts(self) -> bool:
        """Whether IAM says that the key is active and STS did not accept it: nothing is settled.

        The document calls it `active_but_refused`. The opposite, inactive and accepted, is none
        of this: that key is live, as its verdict says.
        """
        is_active = self.key is not None and self.key.status == "Active"
        return is_active and self.tried.is_accepted is False

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """All that is not known, in the order it was asked for."""
        parts = (self.evidence, self.principal, self.reach)
        return tuple(gap for part in parts if part is not None for gap in part.gaps)
