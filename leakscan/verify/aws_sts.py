"""The one call that is ever made with a found key: STS GetCallerIdentity.

Part of the verify stage. In: a key and an endpoint. Out: an `Answer`. The call is signed and sent
by parts of botocore that know nothing of sessions, so that nothing of the caller's AWS environment,
profiles, endpoints, plugins or credentials has a say in it. One POST; no redirection is followed,
nothing is retried here, and nothing that comes back is believed before `sts_xml` has read it.

The time of a call is bounded as a whole. Timeouts of sockets begin anew with every byte, so each
call has a thread of its own, which is left behind when its time is over: it ends with the
connection, or with the program, whatever the other side does. What it holds till then is bounded.
"""

import logging
import re
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from datetime import UTC, datetime
from socket import IPPROTO_TCP, TCP_NODELAY
from ssl import SSLContext
from threading import Thread, local
from typing import Final
from urllib.parse import urlencode, urlsplit, urlunsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    InvalidProxiesConfigError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)
from botocore.httpsession import URLLib3Session

from leakscan.redact import Redactor, Secret
from leakscan.verdict import Cause
from leakscan.verify.base import Answer, Endpoint, Keys
from leakscan.verify.sts_xml import NOT_AWS, Response, failed, read

_BODY: Final = urlencode({"Action": "GetCallerIdentity", "Version": "2011-06-15"}).encode()
_FORM: Final = "application/x-www-form-urlencoded; charset=utf-8"
_BODY_LIMIT: Final = 64 * 1024
"""AWS's answers have less than a kilobyte."""
_CONNECTIONS: Final = 32
"""Kept open for the next call, each used by one call at a time."""
_SOCKET_OPTIONS: Final = [(IPPROTO_TCP, TCP_NODELAY, 1)]
"""Headers and body go out apart; without this the body waits 40 ms for the headers' receipt."""
_SENDABLE: Final = re.compile(r"[\x21-\x7e]+")

_WHY: Final[tuple[tuple[type[Exception], str], ...]] = (
    (SSLError, "the TLS connection failed, or its certificate could not be checked"),
    (ProxyConnectionError, "the proxy could not be reached, or did not let the call through"),
    (InvalidProxiesConfigError, "the proxy's settings cannot be used"),
    (EndpointConnectionError, "no connection could be made: no such host, refused, or no way"),
    (ConnectTimeoutError, "no connection could be made in time"),
    (ReadTimeoutError, "no answer came in time"),
    (ConnectionClosedError, "the connection ended without an answer in HTTP"),
)
"""In words of our own: what an exception says may hold a proxy's password or what was sent."""


class Sts:
    """Asks STS, from as many threads as there are; connections are used again.

    `ca_bundle` is a file of certificates to trust, None for those that botocore trusts; TLS is
    always checked. `proxies` are URLs by the scheme of the endpoint. A call takes `deadline_s`
    at most, whatever the other side does.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        connect_timeout_s: float,
        read_timeout_s: float,
        deadline_s: float,
        ca_bundle: str | None,
        proxies: Mapping[str, str],
    ) -> None:
        self._user_agent, self._deadline_s = user_agent, deadline_s
        self._session = _Session(
            # An empty name would switch the check off. The stubs know none of these forms.
            verify=ca_bundle or True,  # type: ignore[arg-type]
            timeout=(connect_timeout_s, read_timeout_s),  # type: ignore[arg-type]
            proxies=dict(proxies),
            max_pool_connections=_CONNECTIONS,
            socket_options=_SOCKET_OPTIONS,  # type: ignore[arg-type]
        )
        _keep_quiet()

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._session.close()

    def ask(self, access_key_id: str, keys: Keys, endpoint: Endpoint, at: datetime) -> Answer:
        """Return what came back of one call signed for a time, within bounded time and memory.

        Never raises: what went wrong is in the answer.
        """
        return _within(self._deadline_s, lambda: self._ask(access_key_id, keys, endpoint, at))

    def _ask(self, access_key_id: str, keys: Keys, endpoint: Endpoint, at: datetime) -> Answer:
        token = keys.token.reveal() if keys.token else None
        parts = (access_key_id.encode(), keys.secret.reveal(), *([token] if token else []))
        texts = [part.decode("latin-1") for part in parts]
        if not all(_SENDABLE.fullmatch(text) for text in texts):
            return failed(Cause.ANSWER, "it holds what no key can hold, so it was not asked about")
        request = AWSRequest("POST", _with_path(endpoint.url), {"Content-Type": _FORM}, _BODY)
        request.headers["User-Agent"] = self._user_agent
        request.stream_output = True
        _Signer(Credentials(*texts), endpoint.region, at).add_auth(request)
        sent = [keys.secret, *([keys.token] if keys.token else [])]
        signature = str(request.headers["Authorization"]).rpartition("=")[2]
        redact = Redactor([*sent, Secret(signature.encode(), "signature")])
        return self._send(request.prepare(), redact)

    def _send(self, request: AWSPreparedRequest, redact: Redactor) -> Answer:
        response = self._session.send(request)
        try:
            body = response.raw.read(_BODY_LIMIT + 1)
        finally:
            response.raw.close()  # A connection that was read to its end is already back in use.
        if len(body) > _BODY_LIMIT:
            return failed(Cause.ANSWER, NOT_AWS, response.status_code)
        headers = {name.lower(): value for name, value in response.headers.items()}
        # urllib3 was told by botocore not to look.
        if headers.get("content-length", str(len(body))).strip() != str(len(body)):
            why = "the connection ended in the middle of the answer"
            return failed(Cause.UNREACHABLE, why, response.status_code)
        return read(Response(response.status_code, headers, body), redact)


def _with_path(url: str) -> str:
    """Return a URL that has a path, as it must when a proxy is asked for it as a whole."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=parts.path or "/"))


class _Session(URLLib3Session):
    def _get_ssl_context(self) -> SSLContext:
        """Return what TLS is made with, and never write its keys to a file of the environment's."""
        context: SSLContext = super()._get_ssl_context()  # type: ignore[misc]
        context.keylog_filename = None  # type: ignore[assignment]
        return context


class _Signer(SigV4Auth):
    """Signs for a time that it is told, and tells nobody what it signs."""

    def __init__(self, credentials: Credentials, region: str, at: datetime) -> None:
        super().__init__(credentials, "sts", region)
        self._at = at

    def add_auth(self, request: AWSRequest) -> None:
        # The steps of botocore, which logs what holds the session token; its stubs know them not.
        request.context["timestamp"] = self._at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        self._modify_request_before_signing(request)  # type: ignore[attr-defined]
        text = self.string_to_sign(request, self.canonical_request(request))
        signature = self.signature(text, request)
        self._inject_signature_to_request(request, signature)  # type: ignore[attr-defined]


# -- time and noise --------------------------------------------------------------------------


def _within(deadline_s: float, call: Callable[[], Answer]) -> Answer:
    """Return what a call made in a thread of its own returns, or that it took too long."""
    done: Future[Answer] = Future()
    try:
        Thread(target=_run, args=(done, call), name="leakscan-sts", daemon=True).start()
        return done.result(deadline_s)
    except TimeoutError:
        why = f"no whole answer came within {deadline_s:g} seconds"
        return failed(Cause.UNREACHABLE, why)
    except RuntimeError:
        return failed(Cause.UNREACHABLE, "this machine has no thread left for the call")


def _run(done: Future[Answer], call: Callable[[], Answer]) -> None:
    _thread.is_call = True
    try:
        done.set_result(call())
    except Exception as error:  # noqa: BLE001 - it may hold the request, so it ends here
        done.set_result(failed(Cause.UNREACHABLE, _why(error)))
    except BaseException as error:  # noqa: BLE001 - whoever waits is told
        done.set_exception(error)


def _why(error: Exception) -> str:
    known = (why for kind, why in _WHY if isinstance(error, kind))
    return next(known, f"the call failed on the way ({type(error).__name__})")


_thread: Final = local()


def _keep_quiet() -> None:
    """Let no library log anything of a call; what urllib3 warns of quotes what the server sent."""
    for name in tuple(logging.root.manager.loggerDict):
        if name.partition(".")[0] in ("botocore", "urllib3"):
            logging.getLogger(name).addFilter(_is_no_call)


def _is_no_call(record: logging.LogRecord) -> bool:
    """Return whether a record comes from elsewhere; a filter runs in the thread that logs."""
    return not getattr(_thread, "is_call", False)
