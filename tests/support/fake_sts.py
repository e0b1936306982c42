"""A small STS on loopback that answers as AWS does, and one that does not.

In: made-up accounts and their keys, and what to answer next. Out: HTTP answers with AWS's own XML
and codes, and a record of every request. It checks SigV4 by itself, so that a signature that AWS
would refuse is refused here. Nothing but 127.0.0.1 is ever bound.

    with FakeSts() as sts:
        key = sts.user(name="ada")
        ... ask sts.url about key.id with key.secret ...
        assert sts.count(key.id) == 1
"""

import base64
import hashlib
import hmac
import random
import re
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Final, Self, cast
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from tests.support.keys import KNOWN_ACCOUNTS, KeyMaker, Leak, entropy_bits

ACCOUNT: Final = "210987654321"
"""The account of a key when a test does not care."""
SKEW_S: Final = 15 * 60
"""How far the time of a request may be off. Source: AWS General Reference, SigV4."""
REQUEST_ID: Final = "6f2a9f0c-5b6a-4c1e-9d55-0a1b2c3d4e5f"
_NAMESPACE: Final = "https://sts.amazonaws.com/doc/2011-06-15/"

MISMATCH: Final = (
    "The request signature we calculated does not match the signature you provided. Check your AWS"
    " Secret Access Key and signing method. Consult the service documentation for details."
)
INVALID_TOKEN: Final = "The security token included in the request is invalid."
_MESSAGES: Final = {
    "InvalidClientTokenId": (403, INVALID_TOKEN),
    "UnrecognizedClientException": (403, INVALID_TOKEN),
    "SignatureDoesNotMatch": (403, MISMATCH),
    "ExpiredToken": (403, "The security token included in the request is expired"),
    "ExpiredTokenException": (403, "The security token included in the request is expired"),
    "AccessDenied": (403, "Access denied"),
    "RegionDisabledException": (
        403,
        f"STS is not activated in this region for account:{ACCOUNT}",
    ),
    "OptInRequired": (403, "The AWS Access Key Id needs a subscription for the service"),
    "MissingAuthenticationToken": (403, "Request is missing Authentication Token"),
    "Throttling": (400, "Rate exceeded"),
    "ThrottlingException": (400, "Rate exceeded"),
    "RequestLimitExceeded": (400, "Request limit exceeded."),
    "RequestExpired": (400, "Request has expired."),
    "RequestTimeTooSkewed": (403, "The difference between the request time and ours is too large."),
    "IncompleteSignature": (400, "The request signature does not conform to AWS standards."),
    "ValidationError": (400, "The input fails to satisfy the constraints specified by the service"),
    "InvalidAction": (400, "Could not find operation for version 2011-06-15"),
    "InternalFailure": (500, "An unknown error occurred"),
    "ServiceUnavailable": (503, "The request has failed due to a temporary failure of the server."),
}
CODES: Final = tuple(_MESSAGES)
"""Every code that `reply` knows the status and the message of."""


class Rude(StrEnum):
    """Ways to answer that no AWS has."""

    SLOW_HEADERS = "slow-headers"
    """The status line and headers come byte by byte; then a true answer."""
    DRIPPING_BODY = "dripping-body"
    """The body comes byte by byte; it is a true answer."""
    HANGING = "hanging"
    """The request is read and nothing comes back."""
    HALF_BODY = "half-body"
    """The connection ends in the middle of the body of a true answer."""
    HALF_CHUNK = "half-chunk"
    """The same, with chunks in place of a length."""
    CLOSING = "closing"
    """The connection ends without a byte."""
    ENDLESS_BODY = "endless-body"
    ENDLESS_HEADERS = "endless-headers"
    GARBAGE = "garbage"
    """What comes back is no HTTP."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer whatever was asked."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "text/xml"})


@dataclass(frozen=True, slots=True)
class FakeKey:
    """A key that exists nowhere; `arn` is whose it is, empty for one that nobody has."""

    id: str
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    arn: str = ""
    account: str = ""
    user_id: str = ""

    @property
    def leak(self) -> Leak:
        """The key as something to plant."""
        return Leak(self.id, self.secret, self.token or "")

    def with_secret(self, secret: str) -> "FakeKey":
        """Return the same id with another secret."""
        return replace(self, secret=secret)

    def with_token(self, token: str | None) -> "FakeKey":
        """Return the same pair with another token."""
        return replace(self, token=token)


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it came in; `at` is a count of requests, not a time."""

    at: int
    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes
    access_key_id: str

    def header(self, name: str) -> str | None:
        """Return a header's value, None if it was not sent."""
        return next((v for k, v in self.headers if k.lower() == name.lower()), None)


@dataclass(slots=True)
class _Known:
    """What the server knows of an id."""

    key: FakeKey
    is_active: bool = True
    is_expired: bool = False


@dataclass(slots=True)
class _Planned:
    """What to answer next, for one id or for all, `times` times or always."""

    what: "Reply | Rude | Callable[[Seen], Reply]"
    times: int | None
    key_id: str | None


def true_success(key: FakeKey) -> bytes:
    """Return AWS's answer to a key that works."""
    return (
        f'<GetCallerIdentityResponse xmlns="{_NAMESPACE}">\n'
        "  <GetCallerIdentityResult>\n"
        f"    <Arn>{escape(key.arn)}</Arn>\n"
        f"    <UserId>{escape(key.user_id)}</UserId>\n"
        f"    <Account>{key.account}</Account>\n"
        "  </GetCallerIdentityResult>\n"
        "  <ResponseMetadata>\n"
        f"    <RequestId>{REQUEST_ID}</RequestId>\n"
        "  </ResponseMetadata>\n"
        "</GetCallerIdentityResponse>\n"
    ).encode()


def reply(code: str, message: str | None = None, status: int | None = None) -> Reply:
    """Return AWS's answer with an error code; status and message are AWS's unless given."""
    usual_status, usual_message = _MESSAGES.get(code, (400, "It cannot be done."))
    body = (
        f'<ErrorResponse xmlns="{_NAMESPACE}">\n  <Error>\n    <Type>Sender</Type>\n'
        f"    <Code>{escape(code)}</Code>\n"
        f"    <Message>{escape(usual_message if message is None else message)}</Message>\n"
        f"  </Error>\n  <RequestId>{REQUEST_ID}</RequestId>\n</ErrorResponse>\n"
    ).encode()
    return Reply(usual_status if status is None else status, body)


def denied(arn: str) -> Reply:
    """Return the refusal of a VPC endpoint's policy, which names who asked."""
    return reply(
        "AccessDenied",
        f"User: {arn} is not authorized to perform: sts:GetCallerIdentity with an explicit deny in"
        " a VPC endpoint policy",
    )


def redirect(location: str, status: int = 302) -> Reply:
    """Return a redirection."""
    return Reply(status, b"<html>Moved</html>", {"Location": location, "Content-Type": "text/html"})


PORTAL: Final = Reply(
    200,
    b"<!DOCTYPE html><html><title>Welcome to the guest network</title></html>",
    {"Content-Type": "text/html"},
)
"""A captive portal."""


class FakeSts:
    """The server; it runs in a thread from `with` on, until its end.

    `offset_s` moves the server's clock, `delay_s` holds every answer back, `drip_s` is the pause
    between two bytes of a dripping answer. `region` is the only one that may be signed for, None
    for any.
    """

    def __init__(
        self,
        *,
        partition: str = "aws",
        region: str | None = None,
        seed: int | str = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.partition, self.region = partition, region
        self.offset_s = 0.0
        self.delay_s = 0.0
        self.drip_s = 0.02
        self.requests: list[Seen] = []
        self.connections = 0
        """How many connections were made."""
        self.most_at_once: Counter[str] = Counter()
        """The most requests in flight at one time, by access key id."""
        self._maker, self._random = KeyMaker(seed), random.Random(f"accounts {seed}")
        self._known: dict[str, _Known] = {}
        self._planned: list[_Planned] = []
        self._in_flight: Counter[str] = Counter()
        self._lock = threading.Lock()
        self.closing = threading.Event()
        self._server = _Server(self, tls)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()

    # -- keys ------------------------------------------------------------------------------

    @property
    def port(self) -> int:
        """The port on 127.0.0.1."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """The endpoint to ask."""
        return f"{'https' if self._server.is_tls else 'http'}://127.0.0.1:{self.port}"

    def user(
        self, account: str = ACCOUNT, name: str = "ada", *, active: bool = True, path: str = "/"
    ) -> FakeKey:
        """Make a key of an IAM user."""
        resource = f":user{path}{name}"
        return self._add(account, "AKIA", f"iam::{account}{resource}", is_active=active)

    def root(self, account: str = ACCOUNT) -> FakeKey:
        """Make a key of an account's root."""
        return self._add(account, "AKIA", f"iam::{account}:root")

    def role_session(
        self, account: str = ACCOUNT, role: str = "deploy", session: str = "ci", *,
        expired: bool = False,
    ) -> FakeKey:  # fmt: skip
        """Make a temporary key of a role."""
        resource = f"sts::{account}:assumed-role/{role}/{session}"
        return self._add(account, "ASIA", resource, is_expired=expired)

    def federated(
        self, account: str = ACCOUNT, name: str = "eve", *, expired: bool = False
    ) -> FakeKey:
        """Make a temporary key of a federated user."""
        resource = f"sts::{account}:federated-user/{name}"
        return self._add(account, "ASIA", resource, is_expired=expired)

    def unknown(self, account: str = ACCOUNT, prefix: str = "AKIA") -> FakeKey:
        """Make a key that the server does not know."""
        token = self._maker.token() if prefix == "ASIA" else None
        return FakeKey(self.key_id(account, prefix), self._maker.secret(), token, account=account)

    def secret(self) -> str:
        """Return a random secret that belongs to no key."""
        return self._maker.secret()

    def token(self) -> str:
        """Return a random session token that belongs to no key."""
        return self._maker.token()

    def key_id(self, account: str = ACCOUNT, prefix: str = "AKIA") -> str:
        """Return a random id that tells the account when it is decoded.

        Source: the bit layout published by WithSecure Labs and TalBeery.
        """
        number = 1 << 79 | int(account) << 39 | self._random.getrandbits(39)
        made = prefix + base64.b32encode(number.to_bytes(10, "big")).decode()
        return made if entropy_bits(made) > 3.2 else self.key_id(account, prefix)

    def account(self) -> str:
        """Return a random account that is no sample and no canary's."""
        while (number := self._random.randrange(10**11, 10**12)) in KNOWN_ACCOUNTS:
            pass
        return f"{number:012d}"

    def deactivate(self, key: FakeKey) -> None:
        """Make the server refuse a key as AWS does one that is switched off."""
        self._known[key.id].is_active = False

    def delete(self, key: FakeKey) -> None:
        """Make the server forget a key."""
        del self._known[key.id]

    def expire(self, key: FakeKey) -> None:
        """Make a temporary key run out."""
        self._known[key.id].is_expired = True

    def _add(
        self,
        account: str,
        prefix: str,
        arn: str,
        *,
        is_active: bool = True,
        is_expired: bool = False,
    ) -> FakeKey:
        made = self.unknown(account, prefix)
        made = replace(made, arn=f"arn:{self.partition}:{arn}", user_id=self._user_id(arn, account))
        self._known[made.id] = _Known(made, is_active, is_expired)
        return made

    def _user_id(self, arn: str, account: str) -> str:
        if arn.endswith(":root"):
            return account
        if ":federated-user/" in arn:
            return f"{account}:{arn.rpartition('/')[2]}"
        if ":assumed-role/" in arn:
            return f"{self.key_id(account, 'AROA')}J:{arn.rpartition('/')[2]}"
        return f"{self.key_id(account, 'AIDA')}J"

    # -- what to answer --------------------------------------------------------------------

    def plan(
        self,
        what: Reply | Rude | str | Callable[[Seen], Reply],
        *,
        times: int | None = 1,
        key: FakeKey | None = None,
    ) -> None:
        """Answer the next requests (all with `times=None`) like this, or those for one key.

        A `str` is one of AWS's codes. Plans are used up in the order they were made.
        """
        planned = reply(what) if isinstance(what, str) and not isinstance(what, Rude) else what
        with self._lock:
            self._planned.append(_Planned(planned, times, key.id if key else None))

    def now(self) -> datetime:
        """The server's own time."""
        return datetime.now(UTC) + timedelta(seconds=self.offset_s)

    # -- what was asked --------------------------------------------------------------------

    def count(self, access_key_id: str | None = None) -> int:
        """Return how many requests came, or came for one id."""
        with self._lock:
            if access_key_id is None:
                return len(self.requests)
            return sum(seen.access_key_id == access_key_id for seen in self.requests)

    def arrived(self, request: "_Handler", body: bytes) -> Seen:
        """Record a request."""
        found = _CREDENTIAL.search(request.headers.get("Authorization") or "")
        with self._lock:
            seen = Seen(
                len(self.requests), request.command, request.path,
                tuple(request.headers.items()), body, found["id"] if found else "",
            )  # fmt: skip
            self.requests.append(seen)
            self._in_flight[seen.access_key_id] += 1
            most = max(self.most_at_once[seen.access_key_id], self._in_flight[seen.access_key_id])
            self.most_at_once[seen.access_key_id] = most
        return seen

    def left(self, seen: Seen) -> None:
        """Record that a request was answered."""
        with self._lock:
            self._in_flight[seen.access_key_id] -= 1

    def next_answer(self, seen: Seen) -> Reply | Rude:
        """Return what to say to a request."""
        with self._lock:
            for planned in self._planned:
                if planned.times != 0 and planned.key_id in (None, seen.access_key_id):
                    planned.times = planned.times and planned.times - 1
                    what = planned.what
                    return what if isinstance(what, Reply | Rude) else what(seen)
        return self.true_answer(seen)

    def true_answer(self, seen: Seen) -> Reply:
        """Return what AWS would say."""
        if dict(parse_qsl(seen.body.decode("latin-1"))) != {
            "Action": "GetCallerIdentity", "Version": "2011-06-15",
        } or (seen.method, seen.path) != ("POST", "/"):  # fmt: skip
            return reply("InvalidAction")
        signed = _CREDENTIAL.search(seen.header("Authorization") or "")
        if signed is None:
            return reply("MissingAuthenticationToken")
        known = self._known.get(signed["id"])
        if known is None or not known.is_active or _token(seen) != known.key.token:
            return reply("InvalidClientTokenId")
        if known.is_expired:
            return reply("ExpiredToken")
        return self._signature_fault(seen, signed, known) or Reply(200, true_success(known.key))

    def _signature_fault(self, seen: Seen, signed: re.Match[str], known: _Known) -> Reply | None:
        wrong_time = self._time_fault(seen.header("X-Amz-Date") or "")
        if wrong_time is not None:
            return reply("SignatureDoesNotMatch", wrong_time)
        if signed["service"] != "sts" or (self.region and signed["region"] != self.region):
            valid = f"Credential should be scoped to a valid region, not '{signed['region']}'."
            return reply("SignatureDoesNotMatch", valid)
        if not hmac.compare_digest(signed["signature"], signature(seen, signed, known.key.secret)):
            return reply("SignatureDoesNotMatch")
        return None

    def _time_fault(self, stamp: str) -> str | None:
        now = self.now()
        earliest, latest = now - timedelta(seconds=SKEW_S), now + timedelta(seconds=SKEW_S)
        asked = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if asked < earliest:
            return (
                f"Signature expired: {stamp} is now earlier than {_stamp(earliest)}"
                f" ({_stamp(now)} - 15 min.)"
            )
        if asked > latest:
            return (
                f"Signature not yet current: {stamp} is still later than {_stamp(latest)}"
                f" ({_stamp(now)} + 15 min.)"
            )
        return None


_CREDENTIAL: Final = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<id>[^/]+)/(?P<day>\d{8})/(?P<region>[^/]+)/(?P<service>[^/]+)"
    r"/aws4_request, SignedHeaders=(?P<headers>[a-z0-9;-]+), Signature=(?P<signature>[0-9a-f]{64})"
)


def _token(seen: Seen) -> str | None:
    return seen.header("X-Amz-Security-Token")


def _stamp(at: datetime) -> str:
    return at.strftime("%Y%m%dT%H%M%SZ")


def signature(seen: Seen, signed: re.Match[str], secret: str) -> str:
    """Return what the signature of a request should be; empty if it does not sign enough.

    Source: AWS IAM User Guide, "Create a signed AWS API request".
    """
    names = signed["headers"].split(";")
    must = {"host", "x-amz-date"} | ({"x-amz-security-token"} if _token(seen) else set())
    if not must.issubset(names) or names != sorted(names):
        return ""
    headers = "".join(f"{name}:{' '.join((seen.header(name) or '').split())}\n" for name in names)
    path, _, query = seen.path.partition("?")
    canonical = "\n".join(
        [seen.method, path, query, headers, signed["headers"], _sha256(seen.body)]
    )
    scope = f"{signed['day']}/{signed['region']}/{signed['service']}/aws4_request"
    stamp = seen.header("X-Amz-Date") or ""
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{_sha256(canonical.encode())}"
    key = f"AWS4{secret}".encode()
    for part in (*scope.split("/"), text):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key.hex() if stamp.startswith(signed["day"]) else ""


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# -- the server ------------------------------------------------------------------------------


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 128

    def __init__(self, sts: FakeSts, tls: ssl.SSLContext | None) -> None:
        self.sts, self._tls = sts, tls
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def is_tls(self) -> bool:
        return self._tls is not None

    def get_request(self) -> tuple[socket.socket, object]:
        connection, address = super().get_request()
        self.sts.connections += 1
        if self._tls is not None:
            # The handshake is made by the first read, in the thread of the connection.
            connection = self._tls.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        self._open.discard(cast(socket.socket, request))
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End what clients keep open, so that every thread ends."""
        for connection in tuple(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that go away."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        sts = self.server.sts
        seen = sts.arrived(self, body)
        try:
            sts.closing.wait(sts.delay_s)
            answer = sts.next_answer(seen)
        finally:
            # Before the answer is out, as the client may ask again as soon as it has it.
            sts.left(seen)
        if isinstance(answer, Reply):
            self._send(answer)
        else:
            self.close_connection = True
            with suppress(OSError):
                _RUDE[answer](self, sts.true_answer(seen))

    do_GET = do_POST  # noqa: N815 - the base class's name

    def _send(self, answer: Reply) -> None:
        self.wfile.write(self.head(answer) + answer.body)

    def head(self, answer: Reply, *, length: str | None = None) -> bytes:
        """Return the status line and the headers of an answer."""
        headers = {
            "Date": format_datetime(self.server.sts.now(), usegmt=True),
            "x-amzn-RequestId": REQUEST_ID,
            **answer.headers,
        }
        if length is None:
            headers["Content-Length"] = str(len(answer.body))
        lines = [f"HTTP/1.1 {answer.status} Whatever", *(f"{k}: {v}" for k, v in headers.items())]
        return "\r\n".join([*lines, *([length] if length else []), "", ""]).encode("latin-1")

    def drip(self, data: bytes) -> None:
        """Send byte by byte, with pauses, until all is out or the test ends."""
        for number in range(len(data)):
            if self.server.sts.closing.wait(self.server.sts.drip_s):
                return
            self.wfile.write(data[number : number + 1])

    def hang(self) -> None:
        """Wait for the end of the test."""
        self.server.sts.closing.wait()

    def repeat(self, piece: bytes) -> None:
        """Send the same bytes until the client has enough."""
        while not self.server.sts.closing.is_set():
            self.wfile.write(piece)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Keep the tests' output clean."""


def _slow_headers(handler: _Handler, true: Reply) -> None:
    handler.drip(handler.head(true))
    handler.wfile.write(true.body)


def _dripping_body(handler: _Handler, true: Reply) -> None:
    handler.wfile.write(handler.head(true))
    handler.drip(true.body)


def _hanging(handler: _Handler, true: Reply) -> None:
    handler.hang()


def _half_body(handler: _Handler, true: Reply) -> None:
    handler.wfile.write(handler.head(true) + true.body[: len(true.body) // 2])


def _half_chunk(handler: _Handler, true: Reply) -> None:
    half = true.body[: len(true.body) // 2]
    head = handler.head(true, length="Transfer-Encoding: chunked")
    handler.wfile.write(head + f"{len(true.body):x}\r\n".encode() + half)


def _closing(handler: _Handler, true: Reply) -> None:
    pass


def _endless_body(handler: _Handler, true: Reply) -> None:
    handler.wfile.write(handler.head(true, length="Connection: close") + true.body)
    handler.repeat(b" " * 65536)


def _endless_headers(handler: _Handler, true: Reply) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    handler.repeat(b"X-More: and more\r\n" * 1024)


def _garbage(handler: _Handler, true: Reply) -> None:
    handler.wfile.write(b"\x16\x03\x01 220 mail.example.com ESMTP\r\n\r\n")


_RUDE: Final[Mapping[Rude, Callable[[_Handler, Reply], None]]] = {
    Rude.SLOW_HEADERS: _slow_headers,
    Rude.DRIPPING_BODY: _dripping_body,
    Rude.HANGING: _hanging,
    Rude.HALF_BODY: _half_body,
    Rude.HALF_CHUNK: _half_chunk,
    Rude.CLOSING: _closing,
    Rude.ENDLESS_BODY: _endless_body,
    Rude.ENDLESS_HEADERS: _endless_headers,
    Rude.GARBAGE: _garbage,
}
