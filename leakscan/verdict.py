"""What AWS says of a credential, in words that do not claim more than AWS said.

Below the model. Made by `verify` from AWS's answers, or by what can be told offline; read by
`report`. No verdict holds a secret.
"""

from datetime import datetime
from enum import StrEnum
from typing import Final

from leakscan.record import Record


class VerdictState(StrEnum):
    """What is known about liveness; `not-checked` unless somebody asked AWS."""

    LIVE = "live"
    """AWS accepted it. A key under AWS's quarantine policy is live too."""
    NOT_ACCEPTED = "not-accepted"
    """The id is unknown, deleted or deactivated where it was asked; AWS does not say which."""
    WRONG_SECRET = "wrong-secret"
    """The id is active, and the secret is not its own."""
    EXPIRED = "expired"
    TOKEN_MISSING = "token-missing"
    """A temporary id and secret without the session token that belongs to them: not asked."""
    CANARY = "canary"
    """Recognised offline as a tripwire and never asked."""
    FOREIGN_ACCOUNT = "foreign-account"
    """Its account is not among those to ask about, or cannot be told from the id: not asked."""
    UNKNOWN = "unknown"
    """Asked, and the answer decides nothing; the cause says why."""
    NOT_CHECKED = "not-checked"


class Cause(StrEnum):
    """Why a verdict is `unknown`."""

    CLOCK = "clock"
    THROTTLED = "throttled"
    DENIED = "denied"
    UNREACHABLE = "unreachable"
    PARTITION = "partition"
    REGION = "region"
    """STS is switched off, or not subscribed to, in the region that was asked."""
    SERVER = "server-error"
    ANSWER = "not-understood"
    """Something answered, but not as AWS does: a proxy, a portal, a redirection."""


class NotAsked(StrEnum):
    """Why nobody was asked, where the state does not say it."""

    ID_ALONE = "id-alone"
    NO_ID = "no-id"
    """A secret or a token, and no id to ask with."""
    LIMIT = "limit"
    """More ids than one run may ask about."""
    UNTRIED = "untried"
    """More secrets beside one id than are tried with it."""
    SAMPLE = "sample"
    KNOWN = "known"
    """Not new in the range that was scanned."""
    NOT_STS = "not-sts"
    """The name of a credential that STS does not know."""
    NOT_WANTED = "not-wanted"
    ACCOUNT_NOT_KNOWN = "account-not-known"
    """The id does not tell its account, which may be the user's own."""


class Holder(StrEnum):
    """Whose a live credential is."""

    ROOT = "root"
    USER = "user"
    ROLE_SESSION = "role-session"
    FEDERATED = "federated-user"
    OTHER = "other"


class Verdict(Record, frozen=True):
    """One verdict; `code` is AWS's own word, `text` a sentence of what that means and does not.

    `asked` are the hosts that were asked, in order. `checked_at` is when the deciding answer came,
    aware; a verdict that `is_kept` comes from an earlier run. `request_id` is AWS's own, as it
    stands in CloudTrail.
    """

    state: VerdictState
    text: str = ""
    cause: Cause | None = None
    code: str = ""
    arn: str = ""
    holder: Holder | None = None
    account: str = ""
    asked: tuple[str, ...] = ()
    checked_at: datetime | None = None
    request_id: str = ""
    is_kept: bool = False
    why: NotAsked | None = None


NOT_CHECKED: Final = Verdict(VerdictState.NOT_CHECKED)
"""Nobody asked."""
