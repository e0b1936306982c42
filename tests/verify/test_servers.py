"""Servers, proxies and networks that are slow, broken or hostile: never a verdict, never a leak."""

import gzip
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session

from leakscan.verdict import Cause, VerdictState
from leakscan.verify.aws_sts import Sts
from leakscan.verify.base import Answer
from tests.support.certificates import Certificate, make_certificate
from tests.support.fake_proxy import FakeProxy, Manner
from tests.support.fake_sts import (
    PORTAL,
    REQUEST_ID,
    FakeKey,
    FakeSts,
    Reply,
    Rude,
    Seen,
    redirect,
    reply,
    true_success,
)
from tests.verify.asking import ask, client

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


@pytest.fixture
def server() -> Iterator[FakeSts]:
    with FakeSts() as sts:
        yield sts


@pytest.fixture
def sts() -> Iterator[Sts]:
    made = client()
    yield made
    made.close()


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return make_certificate(tmp_path, "127.0.0.1", "sts.test")


def failure(sts: Sts, key: FakeKey, url: str) -> Answer:
    """Ask, and return an answer that must be a failure in words of our own."""
    answer, verdict = ask(sts, key, url)
    assert verdict.state is VerdictState.UNKNOWN
    assert verdict.cause is answer.failed_as is not None
    assert (verdict.arn, verdict.account, verdict.holder, verdict.code) == ("", "", None, "")
    assert answer.failure
    assert verdict.text == f"Nothing is known: {answer.failure}."
    for hidden in (key.secret, key.token or key.secret, url, "Traceback", "0x", "://"):
        assert hidden not in answer.failure
    return answer


# -- connections ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rude", "cause"),
    [
        (Rude.HALF_BODY, Cause.UNREACHABLE),
        (Rude.HALF_CHUNK, Cause.UNREACHABLE),
        (Rude.CLOSING, Cause.UNREACHABLE),
        (Rude.GARBAGE, Cause.UNREACHABLE),
        (Rude.ENDLESS_HEADERS, Cause.UNREACHABLE),
        (Rude.ENDLESS_BODY, Cause.ANSWER),
    ],
)
def test_what_breaks_off_or_never_ends(server: FakeSts, sts: Sts, rude: Rude, cause: Cause) -> None:
    server.plan(rude)
    assert failure(sts, server.user(), server.url).failed_as is cause
    assert server.count() == 1


@pytest.mark.parametrize("rude", [Rude.SLOW_HEADERS, Rude.DRIPPING_BODY])
def test_a_server_that_drips_does_not_outlast_the_deadline(server: FakeSts, rude: Rude) -> None:
    # Every byte comes well within the read timeout, and all of them would be a true answer.
    server.plan(rude)
    answer = failure(client(deadline_s=0.4), server.user(), server.url)
    assert answer.failed_as is Cause.UNREACHABLE
    assert answer.failure == "no whole answer came within 0.4 seconds"


@pytest.mark.parametrize("rude", [Rude.SLOW_HEADERS, Rude.DRIPPING_BODY])
def test_a_slow_answer_within_the_deadline_counts(server: FakeSts, sts: Sts, rude: Rude) -> None:
    server.drip_s = 0.0001
    server.plan(rude)
    assert ask(sts, server.user(), server.url)[1].state is VerdictState.LIVE


def test_a_server_that_hangs_is_left_by_the_read_timeout(server: FakeSts) -> None:
    server.plan(Rude.HANGING)
    answer = failure(client(read_timeout_s=0.2), server.user(), server.url)
    assert answer.failed_as is Cause.UNREACHABLE
    assert answer.failure == "no answer came in time"


def test_hanging_calls_do_not_hinder_others(server: FakeSts) -> None:
    sts = client(deadline_s=0.3)
    stuck, free = server.user(name="stuck"), server.user(name="free")
    server.plan(Rude.HANGING, times=None, key=stuck)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: failure(sts, stuck, server.url), range(8)))
    assert {answer.failed_as for answer in answers} == {Cause.UNREACHABLE}
    other = client()
    assert ask(other, free, server.url)[1].state is VerdictState.LIVE


def test_calls_that_are_left_behind_end_with_the_program_at_the_latest(server: FakeSts) -> None:
    server.plan(Rude.HANGING)
    failure(client(deadline_s=0.2), server.user(), server.url)
    left = [thread for thread in threading.enumerate() if thread.name == "leakscan-sts"]
    assert left
    assert all(thread.daemon for thread in left)


def test_nobody_listens(sts: Sts) -> None:
    with FakeSts() as gone:
        key, url = gone.user(), gone.url
    assert failure(sts, key, url).failed_as is Cause.UNREACHABLE


def test_no_such_host(server: FakeSts, sts: Sts, monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    answer = failure(sts, server.user(), "https://sts.nowhere.test")
    assert answer.failed_as is Cause.UNREACHABLE
    assert "no such host" in answer.failure


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:99999", "http://", "ftp://127.0.0.1/", "http://a..b", "nonsense"]
)
def test_an_address_that_is_none(server: FakeSts, sts: Sts, url: str) -> None:
    assert failure(sts, server.user(), url).failed_as is Cause.UNREACHABLE


def test_no_thread_is_left(server: FakeSts, sts: Sts, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    answer = failure(sts, FakeKey("AKIA", "secret"), server.url)
    assert answer.failed_as is Cause.UNREACHABLE


# -- answers that are not AWS's ------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirection_is_followed(server: FakeSts, sts: Sts, status: int) -> None:
    with FakeSts() as other:
        server.plan(redirect(other.url + "/secret-place", status))
        answer = failure(sts, server.user(), server.url)
        assert (other.count(), other.connections) == (0, 0)
    assert answer.failed_as is Cause.ANSWER
    assert "redirection" in answer.failure
    assert "secret-place" not in answer.failure
    assert server.count() == 1


def _changed(old: str, new: str) -> Callable[[FakeKey], bytes]:
    def change(key: FakeKey) -> bytes:
        true = true_success(key)
        assert old.encode() in true
        return true.replace(old.encode(), new.encode())

    return change


_ROOT = "<GetCallerIdentityResponse "
NOT_SUCCESS: dict[str, Callable[[FakeKey], bytes]] = {
    "empty": lambda key: b"",
    "portal": lambda key: PORTAL.body,
    "xhtml": lambda key: b"<html><body>" + true_success(key) + b"</body></html>",
    "json": lambda key: b'{"GetCallerIdentityResponse": {"Arn": "%s"}}' % key.arn.encode(),
    "json error": lambda key: b'{"__type": "InvalidClientTokenId", "message": "x"}',
    "gzip": lambda key: gzip.compress(true_success(key)),
    "cut": lambda key: true_success(key)[:-3],
    "cut early": lambda key: true_success(key)[:250],
    "two documents": lambda key: true_success(key) * 2,
    "doctype": lambda key: b"<!DOCTYPE x>" + true_success(key),
    "entities": lambda key: (
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
        + true_success(key).replace(b"user/ada", b"user/&b;")
    ),
    "doctype in utf-16": lambda key: ("<!DOCTYPE x>" + true_success(key).decode()).encode("utf-16"),
    "utf-16": lambda key: true_success(key).decode().encode("utf-16"),
    "not utf-8": lambda key: true_success(key).replace(b"ada", b"ad\xe4"),
    "nul": lambda key: true_success(key).replace(b"ada", b"ad\0"),
    "other root": lambda key: true_success(key).replace(b"GetCallerIdentityResp", b"GetUserResp"),
    "no result": lambda key: true_success(key).replace(b"IdentityResult", b"IdentityOther"),
    "error": lambda key: reply("InvalidClientTokenId").body,
    "no arn": lambda key: true_success(key).replace(b"Arn>", b"Urn>"),
    "no account": lambda key: true_success(key).replace(b"Account>", b"Count>"),
    "no user id": lambda key: true_success(key).replace(b"UserId>", b"Id>"),
    "empty user id": lambda key: true_success(key).replace(key.user_id.encode(), b""),
    "arn twice": lambda key: true_success(key).replace(
        b"<Arn>", b"<Arn>arn:aws:iam::000011112222:root</Arn><Arn>"
    ),
    "two results": _changed(
        "</GetCallerIdentityResult>", "</GetCallerIdentityResult><GetCallerIdentityResult />"
    ),
    "arn of nothing": _changed("arn:aws:iam", "arn:aws:s3"),
    "arn elsewhere": _changed("arn:aws:iam", "urn:aws:iam"),
    "short account": _changed("210987654321", "2109876543"),
    "markup in the arn": _changed("user/ada", "user/<b>ada</b>"),
    "space in the arn": _changed("user/ada", "user/ada and more"),
    "other result": _changed(_ROOT, "<GetCallerIdentityResult /><GetCallerIdentityResponse "),
}


@pytest.mark.parametrize("name", NOT_SUCCESS)
def test_what_only_looks_like_a_success(server: FakeSts, sts: Sts, name: str) -> None:
    key = server.user()
    server.plan(Reply(200, NOT_SUCCESS[name](key)))
    assert failure(sts, key, server.url).failed_as is Cause.ANSWER


@pytest.mark.parametrize("status", [201, 202, 206, 226])
def test_only_200_is_a_success(server: FakeSts, sts: Sts, status: int) -> None:
    key = server.user()
    server.plan(Reply(status, true_success(key)))
    assert failure(sts, key, server.url).failed_as is Cause.ANSWER


def test_a_true_success_in_another_dress_is_one(server: FakeSts, sts: Sts) -> None:
    key = server.user()
    true = b'<?xml version="1.0" encoding="UTF-8"?>\n' + true_success(key)
    server.plan(Reply(200, true, {"Content-Type": "application/xml"}))
    assert ask(sts, key, server.url)[1].state is VerdictState.LIVE


NOT_ERROR: dict[str, bytes] = {
    "empty": b"",
    "portal": PORTAL.body,
    "json": b'{"__type": "InvalidClientTokenId", "message": "x"}',
    "no code": reply("X").body.replace(b"Code>", b"Kode>"),
    "empty code": reply("X").body.replace(b">X<", b"><"),
    "code twice": reply("X").body.replace(b"<Code>", b"<Code>InvalidClientTokenId</Code><Code>"),
    "other root": reply("InvalidClientTokenId").body.replace(b"ErrorResponse", b"Answer"),
    "doctype": b"<!DOCTYPE x>" + reply("InvalidClientTokenId").body,
    "cut": reply("InvalidClientTokenId").body[:-4],
    "gzip": gzip.compress(reply("InvalidClientTokenId").body),
    "two errors": reply("InvalidClientTokenId").body.replace(b"</Error>", b"</Error><Error />"),
}


@pytest.mark.parametrize("name", NOT_ERROR)
@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (400, Cause.ANSWER),
        (403, Cause.ANSWER),
        (404, Cause.ANSWER),
        (429, Cause.THROTTLED),
        (500, Cause.SERVER),
        (503, Cause.SERVER),
    ],
)
def test_what_only_looks_like_an_error(
    server: FakeSts, sts: Sts, name: str, status: int, cause: Cause
) -> None:
    server.plan(Reply(status, NOT_ERROR[name]))
    assert failure(sts, server.user(), server.url).failed_as is cause


@pytest.mark.parametrize("status", [403, 500])
def test_a_success_with_the_status_of_an_error_is_none(
    server: FakeSts, sts: Sts, status: int
) -> None:
    key = server.user()
    server.plan(Reply(status, true_success(key)))
    failure(sts, key, server.url)


def test_a_long_body_is_not_read_to_its_end(server: FakeSts, sts: Sts) -> None:
    key = server.user()
    server.plan(Reply(200, true_success(key) + b" " * 70_000))
    assert failure(sts, key, server.url).failed_as is Cause.ANSWER
    assert ask(sts, key, server.url)[1].state is VerdictState.LIVE


@pytest.mark.parametrize(
    "date", ["", "yesterday", "Fri, 31 Dec 9999 23:59:59 GMT", "Thu, 01 Jan 1970 00:00:00 GMT",
             "Sun, 22 Nov 2026 12:00:00 +9999", "9" * 5000],
)  # fmt: skip
def test_a_date_that_no_clock_shows_is_none(server: FakeSts, sts: Sts, date: str) -> None:
    server.plan(Reply(403, reply("InvalidClientTokenId").body, {"Date": date}))
    answer, verdict = ask(sts, server.user(), server.url)
    assert answer.date is None
    assert verdict.state is VerdictState.NOT_ACCEPTED


def test_a_request_id_may_stand_in_the_body_alone(server: FakeSts, sts: Sts) -> None:
    server.plan(Reply(403, reply("AccessDenied").body, {"x-amzn-RequestId": ""}))
    assert ask(sts, server.user(), server.url)[1].request_id == REQUEST_ID


# -- TLS -----------------------------------------------------------------------------------


def test_a_certificate_that_the_users_file_vouches_for(certificate: Certificate) -> None:
    with FakeSts(tls=certificate.context) as server:
        sts = client(ca_bundle=str(certificate.bundle))
        assert ask(sts, server.user(), server.url)[1].state is VerdictState.LIVE
        sts.close()


@pytest.mark.parametrize("bundle", [None, ""])
def test_a_certificate_that_nobody_vouches_for(
    certificate: Certificate, bundle: str | None
) -> None:
    with FakeSts(tls=certificate.context) as server:
        answer = failure(client(ca_bundle=bundle), server.user(), server.url)
        assert answer.failed_as is Cause.UNREACHABLE
        assert "certificate" in answer.failure
        assert server.count() == 0


def test_a_certificate_of_another_host(tmp_path: Path) -> None:
    other = make_certificate(tmp_path, "sts.test")
    with FakeSts(tls=other.context) as server:
        sts = client(ca_bundle=str(other.bundle))
        assert failure(sts, server.user(), server.url).failed_as is Cause.UNREACHABLE
        assert server.count() == 0


@pytest.mark.parametrize("kind", ["missing", "empty", "no certificate", "folder"])
def test_a_file_of_certificates_that_is_none(
    certificate: Certificate, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / kind
    if kind == "folder":
        path.mkdir()
    elif kind != "missing":
        path.write_text("" if kind == "empty" else "-----BEGIN CERTIFICATE-----\nx\n")
    with FakeSts(tls=certificate.context) as server:
        sts = client(ca_bundle=str(path))
        answer = failure(sts, server.user(), server.url)
        assert answer.failed_as is Cause.UNREACHABLE
        assert str(path) not in answer.failure
        assert server.count() == 0


def test_no_tls_where_tls_should_be(server: FakeSts, sts: Sts) -> None:
    url = server.url.replace("http:", "https:")
    assert failure(sts, server.user(), url).failed_as is Cause.UNREACHABLE


def test_the_keys_of_tls_are_written_nowhere(
    certificate: Certificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "keys.log"
    monkeypatch.setenv("SSLKEYLOGFILE", str(log))
    with FakeSts(tls=certificate.context) as server:
        sts = client(ca_bundle=str(certificate.bundle))
        assert ask(sts, server.user(), server.url)[1].state is VerdictState.LIVE
        sts.close()
    assert "CLIENT" not in (log.read_text() if log.exists() else "")


# -- proxies -------------------------------------------------------------------------------

LOGIN = "proxy-user:proxy-password"


def with_login(proxy: FakeProxy) -> dict[str, str]:
    url = proxy.url.replace("http://", f"http://{LOGIN}@")
    return {"http": url, "https": url}


@pytest.mark.parametrize("manner", [Manner.LOGIN, Manner.FAILING, Manner.GARBAGE])
@pytest.mark.parametrize("url", ["https://sts.test", "https://sts.test:8443"])
def test_a_proxy_that_does_not_connect(sts: Sts, manner: Manner, url: str) -> None:
    key = FakeKey("AKIA" + "A" * 16, "secret")
    with FakeProxy(manner) as proxy:
        answer = failure(client(proxies=with_login(proxy)), key, url)
        port = url.partition("test:")[2] or 443
        assert [line.rpartition(" ")[0] for line in proxy.asked] == [f"CONNECT sts.test:{port}"]
        assert len(proxy.logins) == 1
    assert answer.failed_as is Cause.UNREACHABLE
    assert "proxy-password" not in answer.failure
    assert "proxy-user" not in answer.failure


@pytest.mark.parametrize(
    ("manner", "cause"), [(Manner.LOGIN, Cause.UNREACHABLE), (Manner.FAILING, Cause.SERVER)]
)
def test_a_proxy_on_the_way_to_plain_http(manner: Manner, cause: Cause) -> None:
    with FakeProxy(manner) as proxy:
        sts = client(proxies=with_login(proxy))
        answer = failure(sts, FakeKey("AKIA" + "A" * 16, "secret"), "http://sts.test")
        assert proxy.asked == ["POST http://sts.test/ HTTP/1.1"]
    assert answer.failed_as is cause


def test_a_proxy_that_says_nothing() -> None:
    with FakeProxy(Manner.SILENT) as proxy:
        sts = client(proxies=with_login(proxy), read_timeout_s=0.2, deadline_s=0.5)
        answer = failure(sts, FakeKey("AKIA" + "A" * 16, "secret"), "https://sts.test")
    assert answer.failed_as is Cause.UNREACHABLE


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "nonsense://x", "http://"])
def test_a_proxy_that_is_not_there(url: str) -> None:
    sts = client(proxies={"https": url})
    answer = failure(sts, FakeKey("AKIA" + "A" * 16, "secret"), "https://sts.test")
    assert answer.failed_as is Cause.UNREACHABLE


def test_through_a_proxy_tls_ends_at_the_host_that_is_asked(certificate: Certificate) -> None:
    with FakeSts(tls=certificate.context) as server, FakeProxy(Manner.TUNNEL, server.port) as proxy:
        key = server.role_session()
        sts = client(ca_bundle=str(certificate.bundle), proxies=with_login(proxy))
        assert ask(sts, key, "https://sts.test")[1].state is VerdictState.LIVE
        sts.close()
        (seen,) = server.requests
        assert [line.rpartition(" ")[0] for line in proxy.asked] == ["CONNECT sts.test:443"]
        assert proxy.logins == ["Basic cHJveHktdXNlcjpwcm94eS1wYXNzd29yZA=="]
        assert seen.header("Host") == "sts.test"
        assert seen.header("Proxy-Authorization") is None


def test_a_proxy_in_the_middle_of_tls_is_found_out(
    certificate: Certificate, tmp_path: Path
) -> None:
    folder = tmp_path / "middle"
    folder.mkdir()
    middle = make_certificate(folder, "sts.test")
    with FakeSts(tls=middle.context) as server, FakeProxy(Manner.TUNNEL, server.port) as proxy:
        sts = client(ca_bundle=str(certificate.bundle), proxies=with_login(proxy))
        assert failure(sts, server.user(), "https://sts.test").failed_as is Cause.UNREACHABLE
        assert server.count() == 0


# -- nothing comes out again ----------------------------------------------------------------


def _signature(seen: Seen) -> str:
    return (seen.header("Authorization") or "").rpartition("Signature=")[2]


def _everything(seen: Seen, key: FakeKey) -> str:
    """What a server knows: the headers; and the secret, for one that has stolen it."""
    return " ".join([*(value for _, value in seen.headers), key.secret, seen.body.decode()])


def echoes(key: FakeKey) -> list[Callable[[Seen], Reply]]:
    """Answers that repeat what was sent wherever there is room."""
    return [
        lambda seen: reply("SignatureDoesNotMatch", "Canonical: " + _everything(seen, key)),
        lambda seen: reply("AccessDenied", f"User: arn:aws:iam::1:user/{key.token} is not"),
        lambda seen: reply(_signature(seen)),
        lambda seen: reply(key.secret),
        lambda seen: reply("Throttling", key.token, 503),
        lambda seen: Reply(200, true_success(key).replace(b"ci<", f"{key.secret}<".encode())),
        lambda seen: Reply(200, true_success(key).replace(b"ci<", f"{_signature(seen)}<".encode())),
        lambda seen: Reply(200, true_success(key).replace(b":ci", f":{key.token}"[:200].encode())),
        lambda seen: Reply(403, reply("X").body, {"x-amzn-RequestId": key.secret}),
        lambda seen: Reply(403, reply("X").body, {"x-amzn-RequestId": _signature(seen)}),
        lambda seen: Reply(403, reply("X").body, {"Date": _everything(seen, key)}),
        lambda seen: redirect(f"http://127.0.0.1:9/{_everything(seen, key).replace(' ', '+')}"),
        lambda seen: Reply(200, _everything(seen, key).encode()),
        lambda seen: Reply(407, _everything(seen, key).encode()),
        # No header at all: urllib3 quotes such a line in a warning.
        lambda seen: Reply(
            403, reply("X").body, {"Content-Length": "", "an echo of": _everything(seen, key)}
        ),
    ]


@pytest.mark.parametrize("number", range(15))
def test_what_a_server_repeats_ends_at_the_client(
    server: FakeSts, sts: Sts, caplog: pytest.LogCaptureFixture, number: int
) -> None:
    caplog.set_level(logging.DEBUG)
    key = server.role_session()
    assert key.token is not None
    server.plan(echoes(key)[number])
    answer, verdict = ask(sts, key, server.url)
    assert verdict.state in (VerdictState.UNKNOWN, VerdictState.LIVE, VerdictState.WRONG_SECRET)
    shown = [
        *(str(getattr(answer, name)) for name in answer.__struct_fields__),
        *(str(getattr(verdict, name)) for name in verdict.__struct_fields__),
        repr(answer), repr(verdict), *_logged(caplog),
    ]  # fmt: skip
    for hidden in (key.secret, key.token, _signature(server.requests[0]), key.token[:150]):
        assert all(hidden not in text for text in shown)


def _logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    formatter = logging.Formatter("%(name)s %(message)s %(args)r")
    return [formatter.format(record) + repr(vars(record)) for record in caplog.records]


def test_the_client_logs_nothing_at_all(
    server: FakeSts, caplog: pytest.LogCaptureFixture, certificate: Certificate
) -> None:
    for name in ("", "botocore", "botocore.auth", "botocore.httpsession", "urllib3", "http"):
        caplog.set_level(logging.DEBUG, logger=name)
    key = server.role_session()
    sts = client(read_timeout_s=0.3, deadline_s=0.5)
    for what in (*Rude, PORTAL, redirect("http://127.0.0.1:9"), "Throttling"):
        server.plan(what)
        ask(sts, key, server.url)
    ask(sts, key, server.url)
    ask(sts, key, "http://127.0.0.1:1")
    ask(sts, key, server.url.replace("http:", "https:"))
    ask(client(proxies={"https": f"http://{LOGIN}@127.0.0.1:1"}), key, "https://sts.test")
    assert _logged(caplog) == []


def test_other_users_of_the_same_libraries_keep_their_log(
    server: FakeSts, sts: Sts, caplog: pytest.LogCaptureFixture
) -> None:
    """The proof that there is something to keep quiet: the library quotes what it was sent."""
    caplog.set_level(logging.DEBUG)
    key = server.role_session()
    ask(sts, key, server.url)
    server.plan(Reply(403, b"", {"Content-Length": "", "an echo of": "a token"}))
    session = URLLib3Session()
    session.send(AWSRequest("POST", server.url, {}, b"").prepare())
    session.close()
    assert any("a token" in text for text in _logged(caplog))
