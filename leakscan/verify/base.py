"""Verify: whether AWS accepts a credential. What its modules hand to each other.

In: findings. Out: the same findings with a `Verdict` each. `plan` says offline who is asked of
whom, `asker` asks, `aws_sts` makes the one call there is, `answers` reads what comes back. Off
unless the user asks for it.
"""

from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

from leakscan.model import Fingerprint
from leakscan.record import Record
from leakscan.redact import Secret
from leakscan.verdict import Cause, Verdict


class Endpoint(Record, frozen=True):
    """Where to ask: a URL, the region it signs for and the partition that belongs to."""

    partition: str
    region: str
    url: str

    @property
    def host(self) -> str:
        """The host, with its port if it has one."""
        return urlsplit(self.url).netloc


class Keys(Record, frozen=True):
    """A secret to try with an id, and the finding that holds it.

    `borrowed` are the findings of parts that were put to it because they stand in the same content,
    lone or paired with another id: a guess, which only AWS's yes makes one credential.
    """

    fingerprint: Fingerprint
    secret: Secret
    token: Secret | None = None
    borrowed: tuple[Fingerprint, ...] = ()


class Question(Record, frozen=True):
    """One id to ask about: its candidates, the best first, and where, the likeliest first.

    `untried` counts the candidates above the limit, `left_out` are the partitions that it may be of
    and that cannot be asked as the user wants.
    """

    access_key_id: str
    candidates: tuple[Keys, ...]
    endpoints: tuple[Endpoint, ...]
    untried: int = 0
    left_out: tuple[str, ...] = ()

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that may be asked."""
        return tuple(endpoint.host for endpoint in self.endpoints)

    @property
    def places(self) -> tuple[str, ...]:
        """Where the answer would come from, and what could not be asked: what it is kept under."""
        asked = (f"{one.partition} {one.region} {one.url}" for one in self.endpoints)
        return (*asked, *(f"not asked: {partition}" for partition in self.left_out))


class Answer(Record, frozen=True):
    """What came back of one call, as far as it could be read.

    `code` is AWS's word, empty for a success; with `arn`, `account` and `user_id` AWS accepted the
    key. `message` may repeat what was sent, so it is only compared, never shown. Where nothing of
    AWS came back, `failure` says why in words of our own and `failed_as` which cause that is.
    """

    status: int = 0
    code: str = ""
    message: str = ""
    arn: str = ""
    account: str = ""
    user_id: str = ""
    date: datetime | None = None
    request_id: str = ""
    failure: str = ""
    failed_as: Cause | None = None


class CallsSts(Protocol):
    """The one call: STS GetCallerIdentity."""

    def ask(self, access_key_id: str, keys: Keys, endpoint: Endpoint, at: datetime) -> Answer:
        """Return what came back of one call signed for a time, within bounded time and memory.

        Never raises: what went wrong is in the answer.
        """
        ...


class Memory(Protocol):
    """Verdicts of earlier runs, none of them older than the user wants."""

    def find(self, fingerprint: Fingerprint, places: tuple[str, ...]) -> Verdict | None:
        """Return what the same places said of a credential, None if that is not known."""
        ...

    def keep(self, fingerprint: Fingerprint, places: tuple[str, ...], verdict: Verdict) -> None:
        """Keep what these places said, if it concluded anything."""
        ...


class Result(Record, frozen=True):
    """What came of a question: of the candidates in their order, as far as they were tried."""

    access_key_id: str
    tried: tuple[tuple[Keys, Verdict], ...]
