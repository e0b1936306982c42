"""Nothing of a secret or a token is left anywhere when AWS is asked, whatever it answers.

Searched are all that the program prints, the files that it leaves or has for a moment, and the
arguments and environment of all that it starts, with every library told to log all it can.
"""

import json
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pytest

from tests.support.cli import FINDINGS, Cli, program
from tests.support.fake_sts import ACCOUNT, FakeKey, FakeSts, Reply, Rude, redirect, reply
from tests.support.guard import Guard
from tests.support.repo import Repo
from tests.support.spy import leaked, leaked_in_files, watch

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

_LOGGING: Final = """

import logging, warnings
logging.basicConfig(level=1, stream=sys.stderr)
warnings.simplefilter("always")
logging.getLogger("control").debug("logging is on")
"""


@pytest.fixture
def sts() -> Iterator[FakeSts]:
    with FakeSts() as server:
        server.drip_s = 0.0
        yield server


class Spy:
    """Runs the program, and says where a secret was to be seen."""

    def __init__(self, cli: Cli, folder: Path) -> None:
        self.cli, self._folder = cli, folder
        self.guard = Guard(folder / "guard")
        with (folder / "guard/sitecustomize.py").open("a") as file:
            file.write(_LOGGING)
        self.out = self.err = b""

    def run(self, *words: str | Path, stdin: bytes = b"") -> int:
        """Run the program and return its exit code."""
        env = self.guard.environment({"PYTHONWARNINGS": "always", "AWS_DEBUG": "1", "DEBUG": "1"})
        folders = [self.cli.home, self.cli.tmp]
        out, err = (self._folder / name for name in ("spied-out", "spied-err"))
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen(
                [*program(), *map(str, words)],
                stdin=subprocess.PIPE,
                stdout=stdout,
                stderr=stderr,
                cwd=self.cli.home,
                env=self.cli.environment(env),
            )
            assert process.stdin is not None
            process.stdin.write(stdin)
            process.stdin.close()
            self.seen = watch(process, folders)
        self.out, self.err = out.read_bytes(), err.read_bytes()
        assert b"control:logging is on" in self.err
        assert not self.guard.stopped
        return process.wait()

    def found(self, keys: Sequence[FakeKey]) -> list[str]:
        """Return where something of the keys was."""
        leaks = [key.leak for key in keys]
        views = {"stdout": self.out, "stderr": self.err, **self.seen}
        views["started"] = json.dumps(self.guard.started).encode()
        files = leaked_in_files([self.cli.home, self.cli.tmp], leaks)
        return files + [name for name, data in views.items() if leaked(data, leaks)]


@pytest.fixture
def spy(own_cli: Cli, tmp_path: Path) -> Spy:
    return Spy(own_cli, tmp_path)


def echo(key: FakeKey) -> Reply:
    """Return an answer that quotes all that a client may have sent, and more."""
    token = key.token or ""
    said = f"The Canonical String was 'POST\\n/\\nx-amz-security-token:{token}' {key.secret}"
    return reply("SignatureDoesNotMatch", said, 403)


def quoting(key: FakeKey) -> Reply:
    """Return an answer with secrets where AWS has words of its own."""
    body = (
        f"<ErrorResponse><Error><Code>{key.secret}</Code><Message>{key.token}</Message></Error>"
        f"<RequestId>{key.secret}</RequestId></ErrorResponse>"
    )
    headers = {"x-amzn-RequestId": key.secret, "Content-Type": key.secret, "Date": key.secret}
    return Reply(400, body.encode(), headers)


def claiming(key: FakeKey) -> Reply:
    """Return a success with secrets for an identity."""
    body = (
        f"<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>{key.secret}</Arn>"
        f"<UserId>{key.token}</UserId><Account>{key.secret}</Account></GetCallerIdentityResult>"
        "</GetCallerIdentityResponse>"
    )
    return Reply(200, body.encode())


def elsewhere(key: FakeKey) -> Reply:
    """Return a redirection that has the secret in its URL."""
    return redirect(f"http://127.0.0.1:9/?{key.secret}")


def test_the_spy_sees_what_is_shown(spy: Spy, sts: FakeSts) -> None:
    key = sts.role_session()
    spy.run("scan", "--stdin", "--reveal", "--output", "report.json", stdin=key.leak.env())
    assert "report.json" in " ".join(spy.found([key]))
    spy.run("scan", "--stdin", "--reveal", "--format", "json", stdin=key.leak.env())
    assert "stdout" in spy.found([key])


@pytest.mark.parametrize("answer", [echo, quoting, claiming, elsewhere])
def test_whatever_is_answered(spy: Spy, sts: FakeSts, answer: object) -> None:
    assert callable(answer)
    key = sts.role_session()
    sts.plan(answer(key), times=None)
    words = ("verify", "-", "--any-account", "--endpoint-url", sts.url)
    spy.run(*words, "--format", "json", "--output", "verdicts.json", stdin=key.leak.env())
    assert sts.count(key.id) > 0
    assert (spy.cli.home / "verdicts.json").exists()
    assert spy.found([key]) == []


@pytest.mark.parametrize(
    "rude", [Rude.GARBAGE, Rude.HALF_BODY, Rude.ENDLESS_BODY, Rude.ENDLESS_HEADERS]
)
def test_however_it_is_answered(spy: Spy, sts: FakeSts, rude: Rude) -> None:
    key = sts.role_session()
    sts.plan(rude, times=None)
    words = ("verify", "-", "--any-account", "--endpoint-url", sts.url, "--timeout", "2")
    spy.run(*words, stdin=key.leak.env())
    assert sts.count(key.id) > 0
    assert spy.found([key]) == []


def test_from_a_repository(spy: Spy, sts: FakeSts, repo: Repo) -> None:
    live, dead, old = sts.role_session(), sts.unknown(), sts.role_session(expired=True)
    keys = (live, dead, old)
    repo.commit({f"{key.id}.env".encode(): key.leak.env() for key in keys})
    config = spy.cli.home / ".config/leakscan/config.yaml"
    config.parent.mkdir(parents=True)
    config.write_text(json.dumps({
        "version": 1,
        "verify": {"owned_accounts": [ACCOUNT, dead.account], "endpoint_url": sts.url},
    }))  # fmt: skip
    words = ("scan", repo.path, "--verify", "--format", "json", "--output", "report.json")
    assert spy.run(*words) == FINDINGS
    assert {sts.count(key.id) for key in keys} == {1}
    assert spy.found(keys) == []
    assert spy.run("verify", "report.json", "--max-age", "0") == FINDINGS
    assert {sts.count(key.id) for key in keys} == {2}
    assert spy.found(keys) == []
    # All that was started is git.
    assert spy.guard.started
    assert {Path(str(one[1])).name for one in spy.guard.started} == {"git"}
