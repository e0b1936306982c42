"""`leakscan verify` and `scan --verify` as a user runs them, against an STS on loopback.

Whatever would talk to another machine ends the program: see `tests.support.guard`.
"""

import json
import os
import shutil
import signal
import subprocess
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.certificates import make_certificate
from tests.support.cli import (
    CLEAN,
    CONFIG,
    FINDINGS,
    INTERRUPTED,
    TIMEOUT_S,
    USAGE,
    Cli,
    Json,
    Run,
    program,
)
from tests.support.fake_proxy import FakeProxy, Manner
from tests.support.fake_sts import ACCOUNT, FakeKey, FakeSts, Rude
from tests.support.guard import STOPPED, Guard
from tests.support.keys import KeyMaker, Leak
from tests.support.repo import Repo
from tests.support.spy import leaked

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

UNVERIFIED: Final = 5
CANARY: Final = "052310077262"
HOST: Final = "sts.us-east-1.amazonaws.com"


@pytest.fixture
def sts() -> Iterator[FakeSts]:
    with FakeSts() as server:
        yield server


@pytest.fixture
def user(own_cli: Cli, tmp_path: Path) -> "User":
    return User(own_cli, Guard(tmp_path / "guard"))


class User:
    """A user of the program, with a HOME of his own and a guard."""

    def __init__(self, cli: Cli, guard: Guard) -> None:
        self.cli, self.guard = cli, guard
        self.env: dict[str, str] = {}

    def run(self, *args: str | Path, stdin: bytes = b"", cwd: Path | None = None) -> Run:
        """Run the program; it may talk to this machine alone."""
        run = self.cli.run(*args, stdin=stdin, cwd=cwd, env=self.guard.environment(self.env))
        assert not self.guard.stopped
        return run

    def verify(self, sts: FakeSts, *args: str | Path, stdin: bytes = b"") -> tuple[int, Json]:
        """Verify at a server, and return the exit code and the report."""
        run = self.run(
            "verify", *args, "--endpoint-url", sts.url, "--rate", "50", "--format", "json",
            stdin=stdin,
        )  # fmt: skip
        assert run.out, run.message
        report: Json = json.loads(run.out)
        assert report["schema"] == "leakscan.verdicts/1"
        return run.code, report

    def configure(self, **verify: Any) -> Path:
        """Write the user's own configuration."""
        file = self.cli.home / ".config/leakscan/config.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"version": 1, "verify": verify}), encoding="utf-8")
        file.chmod(0o644)
        return file

    def report(self, repo: Repo, *options: str, form: str = "json") -> Path:
        """Scan a repository and return the report."""
        file = self.cli.home / f"report.{form}"
        self.run("scan", repo.path, "--format", form, "--output", file, *options)
        return file


def text_of(*keys: FakeKey | Leak) -> bytes:
    """Return a text in which each key stands apart from the others."""
    leaks = [key.leak if isinstance(key, FakeKey) else key for key in keys]
    return b"\n# and then\n\n\n\n\n\n\n\n\n\n\n\n".join(leak.env() for leak in leaks)


def states(report: Json) -> dict[str, str]:
    """Return the state of each key id."""
    return {one["access_key_id"]: one["verdict"]["state"] for one in report["findings"]}


# -- each state -----------------------------------------------------------------------------


class Zoo:
    """A key of each kind, and what is to be said of it."""

    def __init__(self, sts: FakeSts) -> None:
        session = sts.role_session()
        self.live = sts.user(name="ada")
        self.asked: dict[FakeKey, str] = {
            self.live: "live",
            sts.root(): "live",
            session: "live",
            sts.federated(): "live",
            sts.unknown(): "not-accepted",
            sts.user(name="bob", active=False): "not-accepted",
            sts.role_session(session="old", expired=True): "expired",
            sts.user(name="eve").with_secret(sts.secret()): "wrong-secret",
        }
        self.unasked: dict[FakeKey, str] = {
            sts.unknown(CANARY): "canary",
            sts.unknown(sts.account()): "foreign-account",
            sts.role_session(session="half").with_token(None): "token-missing",
        }
        self.states = {key.id: state for key, state in (self.asked | self.unasked).items()}

    def plant(self, repo: Repo) -> None:
        """Commit each to a file of its own."""
        repo.commit(
            {f"{n}.env".encode(): key.leak.env() for n, key in enumerate(self.asked | self.unasked)}
        )


def test_every_state_from_a_repository_and_its_report(
    user: User, sts: FakeSts, repo: Repo, tmp_path: Path
) -> None:
    zoo = Zoo(sts)
    zoo.plant(repo)
    config = tmp_path / "verify.yaml"
    config.write_text(json.dumps({
        "version": 1,
        "verify": {"owned_accounts": [ACCOUNT], "endpoint_url": sts.url, "rate": 50},
    }))  # fmt: skip
    words = ("scan", repo.path, "--verify", "--config", config, "--format", "json")
    run = user.run(*words)
    assert run.code == FINDINGS
    assert run.message.startswith(f"leakscan: asking 127.0.0.1:{sts.port} about 8 keys, ")
    report = json.loads(run.out)
    assert states(report) == zoo.states
    root = next(one for one in report["findings"] if one["verdict"]["identity"] == "root")
    assert root["severity"] == "critical"
    assert report["findings"][0] == root
    for key in zoo.unasked:
        assert sts.count(key.id) == 0
    assert max(sts.most_at_once.values()) == 1
    asked = sts.count()

    # The same from a masked report: the repository is scanned again, and next to nobody asked.
    code, again = user.verify(sts, user.report(repo), "--account", ACCOUNT)
    assert code == FINDINGS
    assert states(again) == zoo.states
    # A mismatch is not kept: it may be due to another run that asked a moment before.
    assert (again["calls"], sts.count()) == (2, asked + 2)


def test_root_from_a_text_is_critical(user: User, sts: FakeSts) -> None:
    code, report = user.verify(sts, "-", "--any-account", stdin=text_of(sts.root()))
    assert code == FINDINGS
    (one,) = report["findings"]
    assert (one["severity"], one["verdict"]["identity"]) == ("critical", "root")
    assert one["verdict"]["arn"] == f"arn:aws:iam::{ACCOUNT}:root"


def test_nothing_live_is_clean(user: User, sts: FakeSts) -> None:
    code, report = user.verify(sts, "-", "--any-account", stdin=text_of(sts.unknown()))
    assert (code, report["calls"]) == (CLEAN, 1)


@pytest.mark.parametrize("answer", ["AccessDenied", "RegionDisabledException", "InvalidAction"])
def test_what_decides_nothing_is_unverified(user: User, sts: FakeSts, answer: str) -> None:
    sts.plan(answer, times=None)
    code, report = user.verify(sts, "-", "--any-account", stdin=text_of(sts.user()))
    assert code == UNVERIFIED
    assert report["findings"][0]["verdict"]["state"] == "unknown"


# -- what is verified -----------------------------------------------------------------------


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_a_report_with_values_needs_no_repository(
    user: User, sts: FakeSts, repo: Repo, form: str
) -> None:
    key = sts.user()
    repo.commit({b".env": key.leak.env()})
    report = user.report(repo, "--reveal", form=form)
    shutil.rmtree(repo.path)
    code, found = user.verify(sts, report, "--account", ACCOUNT)
    assert (code, states(found)) == (FINDINGS, {key.id: "live"})


def test_a_masked_report_of_a_repository_that_has_gone(
    user: User, sts: FakeSts, repo: Repo, tmp_path: Path
) -> None:
    key = sts.user()
    repo.commit({b".env": key.leak.env()})
    report = user.report(repo)
    shutil.move(repo.path, tmp_path / "moved")
    run = user.run("verify", report, "--any-account")
    assert run.code == USAGE
    assert "--repository" in run.message
    code, found = user.verify(sts, report, "--any-account", "--repository", tmp_path / "moved")
    assert (code, states(found)) == (FINDINGS, {key.id: "live"})


def test_what_is_not_there_any_more_is_told(
    user: User, sts: FakeSts, repo: Repo, tmp_path: Path
) -> None:
    gone, kept = sts.user(), sts.unknown()
    repo.commit({b"gone.env": gone.leak.env()})
    other = Repo.init(tmp_path / "other")
    for one in (repo, other):
        one.commit({b"kept.env": kept.leak.env()})
    report = user.report(repo)
    code, found = user.verify(sts, report, "--any-account", "--repository", other.path)
    assert code == UNVERIFIED
    assert states(found) == {kept.id: "not-accepted"}
    both = {one["fingerprint"] for one in json.loads(report.read_bytes())["findings"]}
    assert found["not_found"] == list(both - {found["findings"][0]["fingerprint"]})
    assert sts.count(gone.id) == 0


def test_what_only_a_deep_scan_finds_is_found_again(
    user: User, sts: FakeSts, repo: Repo, keys: KeyMaker
) -> None:
    repo.commit({b"notes.txt": f"remember {keys.secret()} for later\n".encode()})
    report = user.report(repo, "--deep")
    (one,) = json.loads(report.read_bytes())["findings"]
    code, found = user.verify(sts, report, "--any-account")
    assert (code, found["not_found"]) == (UNVERIFIED, [])
    assert found["findings"][0]["fingerprint"] == one["fingerprint"]


def test_a_report_that_was_changed_is_not_believed(user: User, sts: FakeSts, repo: Repo) -> None:
    mine, other = sts.user(), sts.user()
    repo.commit({b".env": mine.leak.env()})
    file = user.report(repo, "--reveal")
    document = json.loads(file.read_bytes())
    document["findings"][0]["access_key_id"] = other.id
    document["findings"][0]["secret"]["value"] = other.secret
    file.write_text(json.dumps(document))
    run = user.run("verify", file, "--any-account", "--endpoint-url", sts.url)
    assert run.code == UNVERIFIED
    assert "is left out: its values in the report are not those it is made of" in run.message
    assert document["findings"][0]["fingerprint"].encode() in run.out
    assert sts.count() == 0
    assert not leaked(run.out + run.err, [other.leak])


def test_a_report_of_a_text_without_values(user: User, sts: FakeSts) -> None:
    file = user.cli.home / "report.json"
    text = text_of(sts.user())
    user.run("scan", "--stdin", "--format", "json", "--output", file, stdin=text)
    run = user.run("verify", file, "--any-account", "--endpoint-url", sts.url)
    assert run.code == USAGE
    assert "leakscan verify -" in run.message


@pytest.mark.parametrize("from_folder", [True, False])
def test_a_fingerprint(user: User, sts: FakeSts, repo: Repo, from_folder: bool) -> None:
    key, other = sts.user(), sts.user()
    repo.commit({b"a.env": key.leak.env(), b"b.env": other.leak.env()})
    findings = json.loads(user.report(repo).read_bytes())["findings"]
    mark = next(one["fingerprint"] for one in findings if one["access_key_id"] == key.id)
    where = () if from_folder else ("--repository", repo.path)
    run = user.run(
        "verify", mark, *where, "--any-account", "--endpoint-url", sts.url, "--format", "json",
        cwd=repo.path if from_folder else None,
    )  # fmt: skip
    assert run.code == FINDINGS
    assert states(json.loads(run.out)) == {key.id: "live"}
    assert sts.count(other.id) == 0


@pytest.mark.parametrize("stdin", [b"", b"nothing to see\n", b"AWS_SECRET_ACCESS_KEY=\n"])
def test_no_key_on_stdin(user: User, sts: FakeSts, stdin: bytes) -> None:
    run = user.run("verify", "-", "--any-account", "--endpoint-url", sts.url, stdin=stdin)
    assert (run.code, run.out) == (USAGE, b"")
    assert run.message.startswith("leakscan: There is no access key on stdin.\n")


def test_a_lone_secret_on_stdin(user: User, sts: FakeSts) -> None:
    line = b"AWS_SECRET_ACCESS_KEY=" + sts.user().secret.encode() + b"\n"
    run = user.run("verify", "-", "--any-account", "--endpoint-url", sts.url, stdin=line)
    assert (run.code, run.out, sts.count()) == (USAGE, b"", 0)
    assert "There is a secret on stdin, and no key id to ask with.\n" in run.message


def test_published_samples_on_stdin(user: User, sts: FakeSts) -> None:
    sample = "AWS_ACCESS_KEY_ID=AKIA%%IOSFODNN7EXAMPLE\n".replace("%%", "").encode()
    run = user.run("verify", "-", "--any-account", "--endpoint-url", sts.url, stdin=sample)
    assert (run.code, sts.count()) == (USAGE, 0)
    assert run.message.startswith("leakscan: Only published sample keys are on stdin.\n")


def test_keys_that_are_typed_are_not_shown(user: User, sts: FakeSts) -> None:
    key = sts.role_session()
    terminal, stdin = os.openpty()
    process = subprocess.Popen(
        [*program(), "verify", "-", "--any-account", "--endpoint-url", sts.url],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=user.cli.environment(user.guard.environment()),
    )
    assert process.stderr is not None
    assert process.stderr.readline().startswith(b"Paste the key id, its secret and its token")
    while termios.tcgetattr(stdin)[3] & termios.ECHO:
        assert process.poll() is None
    os.write(terminal, key.leak.env() + b"\x04")
    out, err = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == FINDINGS
    assert key.id.encode() in out
    assert termios.tcgetattr(stdin)[3] & termios.ECHO
    os.set_blocking(terminal, False)
    with pytest.raises(BlockingIOError):
        os.read(terminal, 1)
    assert not leaked(out + err, [key.leak])
    os.close(terminal)
    os.close(stdin)


def test_keys_as_arguments_are_refused_and_not_repeated(user: User, keys: KeyMaker) -> None:
    leak = keys.leak(slash=True, token=True)
    for words in (
        [leak.key_id],
        [leak.secret],
        [leak.token],
        [leak.key_id, leak.secret, leak.token],
        ["-", leak.secret],
        [f"./{leak.secret}"],
    ):
        run = user.run("verify", "--any-account", *words)
        assert (run.code, run.out) == (USAGE, b"")
        assert "Keys are never given as arguments" in run.message
        assert not leaked(run.err, [leak])
        assert leak.key_id not in run.message


def test_an_argument_that_is_no_report(user: User, repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "text.json").write_text("no report")
    run = user.run("verify", tmp_path / "text.json", "--any-account")
    assert (run.code, "is no JSON" in run.message) == (USAGE, True)
    run = user.run("verify", repo.path, "--any-account")
    assert (run.code, "leakscan scan --verify PATH" in run.message) == (USAGE, True)
    assert user.run("verify", "--any-account").code == USAGE


@pytest.mark.parametrize(
    ("name", "form"), [("x.json", "json"), ("x.txt", "text"), ("x", "text"), ("x.JSON", "json")]
)
def test_the_report_goes_to_a_file(user: User, sts: FakeSts, name: str, form: str) -> None:
    file = user.cli.home / name
    words = ("verify", "-", "--any-account", "--endpoint-url", sts.url, "--quiet")
    run = user.run(*words, "--output", file, stdin=text_of(sts.user()))
    assert (run.code, run.out, run.err) == (FINDINGS, b"", b"")
    assert (file.read_bytes()[:1] == b"{") == (form == "json")
    assert file.stat().st_mode & 0o077 == 0
    for other, said in (("nowhere/x", "there is no folder"), ("x.sarif", "name its --format")):
        run = user.run(*words, "--output", user.cli.home / other, stdin=b"")
        assert (run.code, said in run.message) == (USAGE, True)


# -- who may be asked -----------------------------------------------------------------------


def test_nobody_is_asked_unasked(user: User, sts: FakeSts, repo: Repo) -> None:
    repo.commit({b".env": sts.user().leak.env()})
    for words in (("verify", user.report(repo)), ("scan", "--verify", repo.path)):
        run = user.run(*words)
        assert (run.code, run.out) == (USAGE, b"")
        for way in ("--account", "owned_accounts", "--any-account"):
            assert way in run.message
    code, report = user.verify(sts, user.report(repo), "--account", sts.account())
    assert code == UNVERIFIED
    assert set(states(report).values()) == {"foreign-account"}
    assert sts.count() == 0


def test_a_dry_run_opens_no_connection(user: User, sts: FakeSts, repo: Repo) -> None:
    zoo = Zoo(sts)
    zoo.plant(repo)
    file = user.report(repo)
    for accounts in ((), ("--account", ACCOUNT)):
        words = ("verify", file, "--dry-run", *accounts)
        run = user.run(*words, "--format", "json")
        assert run.code == CLEAN
        planned = {one["access_key_id"]: one["hosts"] for one in json.loads(run.out)["planned"]}
        assert planned.keys() == zoo.states.keys()
        to_ask = {key.id for key in zoo.asked} if accounts else set()
        assert {key for key, hosts in planned.items() if hosts == [HOST]} == to_ask
        assert {key for key, hosts in planned.items() if not hosts} == planned.keys() - to_ask
        assert b"Nothing was asked." in user.run(*words).out
    assert not {one for one in user.guard.modules() if one.split(".")[0] in ("botocore", "ssl")}
    assert sts.count() == 0


REMARK: Final = "AWS_ACCESS_KEY_ID={}\n# rotated from {} in May\nAWS_SECRET_ACCESS_KEY={}\n"
"""A layout in which the secret is paired with the id of the remark."""


def test_a_dry_run_lists_what_is_asked_beside(user: User, sts: FakeSts, repo: Repo) -> None:
    live, old = sts.user(), sts.unknown()
    repo.commit({b"conf": REMARK.format(live.id, old.id, live.secret).encode()})
    scan = user.cli.scan(repo.path)
    (wanted,) = (one for one in scan.findings if one["secret"])
    words = (wanted["fingerprint"], "--repository", repo.path, "--any-account")
    run = user.run("verify", *words, "--dry-run", "--format", "json")
    planned = {one["access_key_id"] for one in json.loads(run.out)["planned"] if one["hosts"]}
    code, report = user.verify(sts, *words)
    assert planned == {one["access_key_id"] for one in report["findings"]} == {live.id, old.id}
    assert (code, states(report)[live.id]) == (FINDINGS, "live")
    nowhere = "lk1.is." + "0" * 32
    run = user.run("verify", nowhere, "--repository", repo.path, "--dry-run")
    assert run.code == UNVERIFIED
    assert nowhere in run.message


def test_what_stands_beside_a_kept_verdict_is_announced(user: User, sts: FakeSts) -> None:
    live, old = sts.user(), sts.unknown()
    pair = f"{old.id} {live.secret}\n".encode()
    user.verify(sts, "-", "--any-account", stdin=pair)
    text = REMARK.format(live.id, old.id, live.secret).encode()
    run = user.run("verify", "-", "--any-account", "--endpoint-url", sts.url, stdin=text)
    assert run.code == FINDINGS
    assert "about 1 key" in run.message


def test_what_there_is_nothing_to_ask_about_loads_no_network(user: User, sts: FakeSts) -> None:
    key = sts.unknown(CANARY)
    code, report = user.verify(sts, "-", "--any-account", stdin=text_of(key))
    assert (code, states(report)) == (CLEAN, {key.id: "canary"})
    assert "botocore" not in user.guard.modules()


def test_the_users_own_file_says_whom(user: User, sts: FakeSts) -> None:
    mine, other = sts.user(), sts.user(sts.account())
    user.configure(owned_accounts=[ACCOUNT], endpoint_url=sts.url)
    run = user.run("verify", "-", "--format", "json", stdin=text_of(mine, other))
    assert run.code == FINDINGS
    assert states(json.loads(run.out)) == {mine.id: "live", other.id: "foreign-account"}
    # What is given as an option takes its place.
    run = user.run(
        "verify", "-", "--format", "json", "--account", other.account, stdin=text_of(mine, other)
    )
    assert states(json.loads(run.out)) == {mine.id: "foreign-account", other.id: "live"}


def test_a_named_file_takes_the_place_of_the_users_own(
    user: User, sts: FakeSts, tmp_path: Path
) -> None:
    user.configure(owned_accounts=[ACCOUNT], endpoint_url="https://127.0.0.1:9")
    named = tmp_path / "named.yaml"
    named.write_text(json.dumps({"version": 1, "verify": {"endpoint_url": sts.url}}))
    words = ("verify", "-", "--config", named)
    assert user.run(*words, stdin=text_of(sts.user())).code == USAGE
    assert user.run(*words, "--any-account", stdin=text_of(sts.user())).code == FINDINGS
    # One without the section changes nothing.
    named.write_text("version: 1\n")
    user.configure(owned_accounts=[ACCOUNT], endpoint_url=sts.url)
    assert user.run(*words, stdin=text_of(sts.user())).code == FINDINGS


def test_xdg_says_where_the_users_own_file_is(user: User, sts: FakeSts, tmp_path: Path) -> None:
    file = user.configure(owned_accounts=[ACCOUNT], endpoint_url=sts.url)
    shutil.copytree(file.parent, tmp_path / "xdg/leakscan")
    file.write_text("version: 0\n")
    user.env = {"XDG_CONFIG_HOME": str(tmp_path / "xdg")}
    assert user.run("verify", "-", stdin=text_of(sts.user())).code == FINDINGS


@pytest.mark.parametrize(
    ("mode", "content", "said"),
    [
        (0o666, b"version: 1\n", "others can write to it"),
        (0o620, b"version: 1\n", "others can write to it"),
        (0o600, b"version: 1\nbaseline: x\n", "holds more than version and verify"),
        (0o600, b"version: 1\nverify: {rate: 0}\n", "verify: rate: must be a number above 0"),
        (0o600, b"version: 2\n", "version: must be 1"),
        (0o600, b"#" * (1 << 20) + b"#", "is larger than"),
    ],
)
def test_a_file_of_the_users_that_cannot_be_trusted(
    user: User, mode: int, content: bytes, said: str
) -> None:
    file = user.configure()
    file.write_bytes(content)
    file.chmod(mode)
    run = user.run("verify", "-", "--any-account")
    assert run.code == CONFIG
    assert said in run.message
    # Nobody else reads it.
    assert user.run("scan", "--stdin", stdin=b"text").code == CLEAN


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_somebody_else_is_not_the_users(user: User) -> None:
    file = user.configure(owned_accounts=[ACCOUNT])
    os.chown(file, 12345, 12345)
    run = user.run("verify", "-")
    assert (run.code, "belongs to somebody else" in run.message) == (CONFIG, True)


def test_a_pipe_in_place_of_the_users_file(user: User) -> None:
    file = user.configure()
    file.unlink()
    os.mkfifo(file)
    assert user.run("verify", "-", "--any-account").code == CONFIG


@pytest.mark.parametrize("obey", [(), ("--obey-repository",)])
def test_a_repository_does_not_say_whom_keys_are_shown_to(
    user: User, sts: FakeSts, repo: Repo, obey: tuple[str, ...]
) -> None:
    evil = {"endpoint_url": sts.url, "owned_accounts": [ACCOUNT], "proxy": "http://127.0.0.1:9"}
    own = json.dumps({"version": 1, "verify": evil}).encode()
    repo.commit({b".leakscan.yaml": own, b".env": sts.user().leak.env()})
    (repo.path / ".leakscan.yaml").write_bytes(own)
    words = ("scan", repo.path, *obey, "--format", "json")
    run = user.run(*words)
    notes = json.loads(run.out)["notes"]
    assert [note["entry"] for note in notes if note["kind"] == "not obeyed"][-1] == "verify"
    assert user.run(*words, "--verify").code == USAGE
    with FakeSts() as mine:
        user.configure(owned_accounts=[ACCOUNT], endpoint_url=mine.url)
        assert user.run(*words, "--verify").code == FINDINGS
        assert (mine.count(), sts.count()) == (1, 0)


# -- how it gets there ------------------------------------------------------------------------


def test_the_guard_stops_what_would_leave(own_cli: Cli, tmp_path: Path, sts: FakeSts) -> None:
    guard = Guard(tmp_path / "guard")
    run = own_cli.run(
        "verify", "-", "--any-account", stdin=text_of(sts.user()), env=guard.environment()
    )
    assert run.code == STOPPED
    assert [host for _, host in guard.stopped][:1] == [HOST]


def test_the_callers_aws_settings_are_not_for_found_keys(
    user: User, sts: FakeSts, keys: KeyMaker
) -> None:
    key, mine = sts.user(), keys.leak(token=True)
    with FakeSts() as evil:
        user.env = {
            "AWS_ENDPOINT_URL": evil.url,
            "AWS_ENDPOINT_URL_STS": evil.url,
            "AWS_PROFILE": "nobody",
            "AWS_DEFAULT_PROFILE": "nobody",
            "AWS_REGION": "eu-west-1",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": mine.key_id,
            "AWS_SECRET_ACCESS_KEY": mine.secret,
            "AWS_SESSION_TOKEN": mine.token,
            "AWS_USE_FIPS_ENDPOINT": "true",
            "AWS_STS_REGIONAL_ENDPOINTS": "legacy",
            "AWS_CONFIG_FILE": "/nowhere",
            "AWS_EXECUTION_ENV": "somewhere",
        }
        code, report = user.verify(sts, "-", "--any-account", stdin=text_of(key))
        assert evil.count() == 0
    assert (code, states(report)) == (FINDINGS, {key.id: "live"})
    (seen,) = sts.requests
    assert f"{key.id}/" in (seen.header("Authorization") or "")
    assert "/us-east-1/sts/" in (seen.header("Authorization") or "")
    assert seen.header("X-Amz-Security-Token") is None
    assert (seen.header("User-Agent") or "").startswith("leakscan/")
    assert "somewhere" not in (seen.header("User-Agent") or "")


@pytest.fixture
def tls(tmp_path: Path) -> Iterator[tuple[FakeSts, Path]]:
    """A server that is AWS's to who trusts the file."""
    certificate = make_certificate(tmp_path, HOST)
    with FakeSts(region="us-east-1", tls=certificate.context) as server:
        yield server, certificate.bundle


@pytest.mark.parametrize(
    ("names", "options"),
    [
        (("HTTPS_PROXY", "AWS_CA_BUNDLE"), ()),
        (("https_proxy", "REQUESTS_CA_BUNDLE"), ()),
        (("ALL_PROXY", "SSL_CERT_FILE"), ()),
        ((), ("--proxy", "--ca-bundle")),
    ],
)
def test_proxy_and_certificates_are_taken_as_by_other_programs(
    user: User, tls: tuple[FakeSts, Path], names: tuple[str, ...], options: tuple[str, ...]
) -> None:
    sts, bundle = tls
    with FakeProxy(Manner.TUNNEL, sts.port) as proxy:
        values = (proxy.url, str(bundle))
        user.env = dict(zip(names, values, strict=False))
        words = [word for pair in zip(options, values, strict=False) for word in pair]
        run = user.run("verify", "-", "--any-account", *words, stdin=text_of(sts.user()))
        assert run.code == FINDINGS
        assert proxy.asked == [f"CONNECT {HOST}:443 HTTP/1.0"] or proxy.asked == [
            f"CONNECT {HOST}:443 HTTP/1.1"
        ]
    assert run.message.startswith(f"leakscan: asking {HOST} about 1 key, at most 5 a second; ")


def test_the_configuration_names_proxy_and_certificates_too(
    user: User, tls: tuple[FakeSts, Path]
) -> None:
    sts, bundle = tls
    with FakeProxy(Manner.TUNNEL, sts.port) as proxy:
        user.env = {"HTTPS_PROXY": "http://127.0.0.1:9", "AWS_CA_BUNDLE": "/nowhere"}
        user.configure(owned_accounts=[ACCOUNT], proxy=proxy.url, ca_bundle=str(bundle))
        assert user.run("verify", "-", stdin=text_of(sts.user())).code == FINDINGS


def test_no_proxy_leads_around_the_proxy(
    own_cli: Cli, tmp_path: Path, tls: tuple[FakeSts, Path]
) -> None:
    sts, bundle = tls
    guard = Guard(tmp_path / "guard")
    with FakeProxy(Manner.TUNNEL, sts.port) as proxy:
        env = {"HTTPS_PROXY": proxy.url, "NO_PROXY": ".amazonaws.com", "SSL_CERT_FILE": str(bundle)}
        run = own_cli.run(
            "verify", "-", "--any-account", stdin=text_of(sts.user()), env=guard.environment(env)
        )
        assert (run.code, proxy.asked) == (STOPPED, [])


def test_this_machine_is_reached_directly(user: User, sts: FakeSts) -> None:
    with FakeProxy(Manner.FAILING) as proxy:
        user.env = {"HTTP_PROXY": proxy.url, "http_proxy": proxy.url, "ALL_PROXY": proxy.url}
        code, _ = user.verify(sts, "-", "--any-account", stdin=text_of(sts.user()))
        assert (code, proxy.asked) == (FINDINGS, [])


def test_a_proxy_that_cannot_be_used_is_said_without_its_password(user: User, sts: FakeSts) -> None:
    user.env = {"ALL_PROXY": "socks5://ada:hunter2@127.0.0.1:9"}
    run = user.run("verify", "-", "--any-account", stdin=text_of(sts.user()))
    assert run.code == USAGE
    assert "--proxy" in run.message
    assert "hunter2" not in run.message
    run = user.run("verify", "-", "--any-account", "--proxy", user.env["ALL_PROXY"])
    assert (run.code, "hunter2" in run.message) == (USAGE, False)


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_certificates_that_are_not_there_are_one_sentence(
    user: User, sts: FakeSts, tmp_path: Path, variable: str
) -> None:
    no_pem = tmp_path / "no.pem"
    no_pem.write_text("nothing")
    words = ("verify", "-", "--any-account", "--endpoint-url", sts.url)
    for file in (str(tmp_path / "gone.pem"), str(no_pem), str(tmp_path)):
        user.env = {variable: file}
        run = user.run(*words, stdin=text_of(sts.user()))
        assert run.code == USAGE
        assert f"{variable} names {file}, which" in run.message
        user.env = {}
        run = user.run(*words, "--ca-bundle", file, stdin=text_of(sts.user()))
        assert run.code == USAGE
        assert run.message.startswith(f"leakscan: {file} ")
    # Before a repository is scanned.
    user.env = {variable: str(no_pem)}
    user.configure(endpoint_url=sts.url)
    run = user.run("scan", "--stdin", "--verify", "--any-account", stdin=text_of(sts.user()))
    assert (run.code, run.out) == (USAGE, b"")
    assert sts.count() == 0


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--endpoint-url", "http://sts.example.com"),
        ("--endpoint-url", "https://ada:hunter2@sts.example.com"),
        ("--region", "hunter2"),
        ("--account", "hunter2"),
        ("--account", "12345678901"),
        ("--max-age", "hunter2"),
        ("--rate", "0"),
        ("--rate", "51"),
        ("--rate", "nan"),
        ("--timeout", "0"),
    ],
)
def test_values_of_options_are_checked(user: User, option: str, value: str) -> None:
    run = user.run("verify", "-", "--any-account", option, value)
    assert run.code == USAGE
    assert option in run.message
    assert "hunter2" not in run.message


# -- once is enough ---------------------------------------------------------------------------


def test_more_keys_than_wanted_are_told_and_not_asked_about(user: User, sts: FakeSts) -> None:
    keys = [sts.user(name=f"user{number}") for number in range(3)]
    for key in keys:
        sts.deactivate(key)
    stdin = b"\n".join(key.leak.env() for key in keys)
    code, report = user.verify(sts, "-", "--any-account", "--max-keys", "2", stdin=stdin)
    states = sorted(one["verdict"]["state"] for one in report["findings"])
    assert (code, states) == (UNVERIFIED, ["not-accepted", "not-accepted", "not-checked"])
    assert sts.count() == 2


@pytest.mark.parametrize("command", ["verify", "scan"])
def test_a_limit_settles_nothing_that_could_be_live(user: User, sts: FakeSts, command: str) -> None:
    live, old = sts.user(), sts.unknown()
    text = REMARK.format(live.id, old.id, live.secret).encode()
    user.configure(endpoint_url=sts.url, max_keys=1)
    words = ("-",) if command == "verify" else ("--stdin", "--verify", "--fail-on", "live")
    run = user.run(command, *words, "--any-account", stdin=text)
    assert run.code == UNVERIFIED
    assert sts.count(live.id) == 0


def test_a_verdict_counts_for_a_while(user: User, sts: FakeSts) -> None:
    text = text_of(sts.user(), sts.unknown())
    words = ("-", "--any-account")
    code, first = user.verify(sts, *words, stdin=text)
    assert (code, first["calls"], sts.count()) == (FINDINGS, 2, 2)
    code, second = user.verify(sts, *words, stdin=text)
    assert (code, second["calls"], sts.count()) == (FINDINGS, 0, 2)
    assert states(second) == states(first)
    assert all(one["verdict"]["kept"] for one in second["findings"])
    for before, after in zip(first["findings"], second["findings"], strict=True):
        assert before["verdict"]["checked_at"] == after["verdict"]["checked_at"]
    code, third = user.verify(sts, *words, "--max-age", "0", stdin=text)
    assert (third["calls"], sts.count()) == (2, 4)
    with FakeSts(seed=1) as other:
        code, elsewhere = user.verify(other, *words, stdin=text)
        assert (code, elsewhere["calls"]) == (CLEAN, 2)


@pytest.mark.parametrize("quiet", [(), ("--quiet",)])
def test_what_is_live_is_said_and_kept_when_it_is_interrupted(
    user: User, sts: FakeSts, quiet: tuple[str, ...]
) -> None:
    keys = {key.id: key for key in (sts.user(), sts.user())}
    words = ("verify", "-", "--any-account", "--endpoint-url", sts.url)
    plan = user.run(*words, "--dry-run", "--format", "json", stdin=text_of(*keys.values()))
    done, hanging = (keys[one["access_key_id"]] for one in json.loads(plan.out)["planned"])
    sts.plan(Rude.HANGING, key=hanging)
    process = subprocess.Popen(
        # So slow that the first is done when the second begins.
        [*program(), *words, *quiet, "--rate", "1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=user.cli.environment(user.guard.environment()),
    )
    assert process.stdin is not None
    process.stdin.write(text_of(*keys.values()))
    process.stdin.close()
    process.stdin = None
    while sts.count(hanging.id) == 0:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=TIMEOUT_S)
    assert (process.returncode, out) == (INTERRUPTED, b"")
    assert err.endswith(
        b"leakscan: stopped; AWS had answered about 1 of 2 keys.\n"
        b"leakscan: live so far: %b: deactivate or revoke them.\n"
        b"leakscan: Interrupted before all was known: no report was written.\n" % done.id.encode()
    )
    code, report = user.verify(sts, "-", "--any-account", stdin=text_of(done))
    assert (code, report["calls"]) == (FINDINGS, 0)


def test_a_terminal_shows_how_far_it_is(user: User, sts: FakeSts) -> None:
    terminal, stderr = os.openpty()
    done = subprocess.run(
        [*program(), "verify", "-", "--any-account", "--endpoint-url", sts.url],
        input=text_of(sts.user(), sts.unknown()),
        stdout=subprocess.PIPE,
        stderr=stderr,
        env=user.cli.environment(user.guard.environment({"TERM": "xterm"})),
        timeout=TIMEOUT_S,
        check=False,
    )
    shown = os.read(terminal, 65536)
    os.close(terminal)
    os.close(stderr)
    assert done.returncode == FINDINGS
    assert b"asking 127.0.0.1" in shown
    assert b"asking AWS" in shown
    assert b"/2" in shown


# -- scan -------------------------------------------------------------------------------------


@pytest.fixture
def scanning(user: User, sts: FakeSts) -> User:
    """A user whose configuration names the server."""
    user.configure(endpoint_url=sts.url, rate=50)
    return user


def test_only_what_is_live_fails(scanning: User, sts: FakeSts, repo: Repo) -> None:
    repo.commit({b"dead.env": sts.unknown().leak.env()})
    words = ("scan", repo.path, "--verify", "--any-account")
    assert scanning.run(*words).code == FINDINGS
    assert scanning.run(*words, "--fail-on", "live").code == CLEAN
    live = sts.user()
    repo.commit({b"live.env": live.leak.env()})
    run = scanning.run(*words, "--fail-on", "live")
    assert run.code == FINDINGS
    assert b"LIVE" in run.out


def test_what_nobody_knows_is_no_success(scanning: User, sts: FakeSts, repo: Repo) -> None:
    repo.commit({b".env": sts.user().leak.env()})
    words = ("scan", repo.path, "--verify", "--account", sts.account(), "--fail-on", "live")
    assert scanning.run(*words).code == UNVERIFIED
    run = scanning.run(*words, "--output", scanning.cli.home / "x.json")
    assert "nobody knows" in run.message


def test_options_of_verification_need_it(user: User, repo: Repo) -> None:
    for words in (("--fail-on", "live"), ("--account", ACCOUNT), ("--any-account",)):
        run = user.run("scan", repo.path, *words)
        assert (run.code, "--verify" in run.message) == (USAGE, True)


def test_parts_are_verified_too(scanning: User, sts: FakeSts, repo: Repo) -> None:
    old, new, staged = sts.user(), sts.unknown(), sts.user()
    repo.commit({b"old.env": old.leak.env()})
    repo.commit({b"new.env": new.leak.env()})
    how = ("--verify", "--any-account", "--format", "json", "--no-progress")
    run = scanning.run("scan", repo.path, "--range", "HEAD^..HEAD", *how)
    assert states(json.loads(run.out)) == {new.id: "not-accepted"}
    run = scanning.run("scan", repo.path, "--since", "2020-01-01", *how)
    assert states(json.loads(run.out)) == {new.id: "not-accepted", old.id: "live"}
    run = scanning.run("scan", "--stdin", *how, stdin=text_of(staged))
    assert states(json.loads(run.out)) == {staged.id: "live"}
    (repo.path / "staged.env").write_bytes(staged.leak.env())
    repo.git("add", "staged.env")
    run = scanning.run("scan", repo.path, "--staged", *how)
    assert states(json.loads(run.out))[staged.id] == "live"


def test_accepted_findings_are_verified_too(
    scanning: User, sts: FakeSts, repo: Repo, tmp_path: Path
) -> None:
    key = sts.user()
    repo.commit({b".env": key.leak.env()})
    baseline = tmp_path / "known"
    scanning.run("baseline", "create", repo.path, "--output", baseline)
    run = scanning.run(
        "scan", repo.path, "--baseline", baseline, "--verify", "--any-account", "--format", "json"
    )
    (one,) = json.loads(run.out)["findings"]
    assert (one["status"], one["verdict"]["state"]) == ("baselined", "live")


def test_without_verify_nobody_is_asked(scanning: User, sts: FakeSts, repo: Repo) -> None:
    repo.commit({b".env": sts.user().leak.env()})
    scanning.configure(endpoint_url=sts.url, owned_accounts=[ACCOUNT])
    assert scanning.run("scan", repo.path).code == FINDINGS
    assert sts.count() == 0
    assert "botocore" not in scanning.guard.modules()


# -- hooks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("own", [True, False])
def test_hooks_never_ask(user: User, sts: FakeSts, repo: Repo, own: bool) -> None:
    verify = {"endpoint_url": sts.url, "owned_accounts": [ACCOUNT]}
    user.configure(**verify)
    if own:
        text = json.dumps({"version": 1, "verify": verify})
        (repo.path / ".leakscan.yaml").write_text(text)
    repo.commit({b"README": b"read me\n"})
    (repo.path / ".env").write_bytes(sts.user().leak.env())
    repo.git("add", ".env")
    assert user.run("pre-commit", cwd=repo.path).code == FINDINGS
    modules = user.guard.modules()
    assert "leakscan.gates.message" in modules
    assert not modules & {"botocore", "leakscan.verify.verifier", "leakscan.verify.aws_sts"}
    assert sts.count() == 0


def test_a_hook_does_not_pass_what_it_cannot_understand(user: User, repo: Repo) -> None:
    repo.commit({b"README": b"read me\n"})
    (repo.path / ".leakscan.yaml").write_text("version: 1\nverify: {owned_accounts: [1]}\n")
    repo.git("add", ".leakscan.yaml")
    run = user.run("pre-commit", cwd=repo.path)
    assert run.code == CONFIG
    assert ".leakscan.yaml: verify: owned_accounts: has a number" in run.message
