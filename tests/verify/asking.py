"""What the tests of the wire share: a client with short times, and one question."""

from collections.abc import Mapping
from datetime import UTC, datetime

from leakscan.model import Fingerprint
from leakscan.redact import Secret
from leakscan.verdict import Verdict
from leakscan.verify.answers import judge
from leakscan.verify.aws_sts import Sts
from leakscan.verify.base import Answer, Endpoint, Keys
from tests.support.fake_sts import FakeKey

AGENT = "leakscan/0.0-test"


def client(
    *,
    ca_bundle: str | None = None,
    proxies: Mapping[str, str] | None = None,
    read_timeout_s: float = 20,
    deadline_s: float = 30,
) -> Sts:
    return Sts(
        user_agent=AGENT,
        connect_timeout_s=20,
        read_timeout_s=read_timeout_s,
        deadline_s=deadline_s,
        ca_bundle=ca_bundle,
        proxies=proxies or {},
    )


def keys_of(key: FakeKey) -> Keys:
    token = Secret(key.token.encode(), "session-token") if key.token else None
    return Keys(Fingerprint("lk1:test"), Secret(key.secret.encode(), "secret-access-key"), token)


def ask(
    sts: Sts, key: FakeKey, url: str, *, region: str = "us-east-1", at: datetime | None = None
) -> tuple[Answer, Verdict]:
    at = at or datetime.now(UTC)
    endpoint = Endpoint("aws", region, url)
    answer = sts.ask(key.id, keys_of(key), endpoint, at)
    return answer, judge(answer, key.id, endpoint, at)
