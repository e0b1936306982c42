"""`leakscan verify` where a hasty answer would be wrong: what stands beside, what was not read.

Whatever would talk to another machine ends the program: see `tests.support.guard`.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from leakscan.verify.inputs import MAX_REPORT_BYTES
from tests.e2e.test_verify import HOST, UNVERIFIED, User, states, text_of
from tests.support.cli import CLEAN, FINDINGS, INCOMPLETE, USAGE, Cli
from tests.support.fake_proxy import FakeProxy, Manner
from tests.support.fake_sts import ACCOUNT, FakeSts
from tests.support.guard import Guard
from tests.support.repo import Repo

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


@pytest.fixture
def sts() -> Iterator[FakeSts]:
    with FakeSts() as server:
        yield server


@pytest.fixture
def user(own_cli: Cli, tmp_path: Path) -> User:
    return User(own_cli, Guard(tmp_path / "guard"))


# -- what stands beside ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "way"), [("live", "fingerprint"), ("old", "fingerprint"), ("old", "report")]
)
def test_what_nobody_asked_for_lends_its_parts(
    user: User, sts: FakeSts, repo: Repo, wanted: str, way: str
) -> None:
    live, old, other = sts.user(), sts.unknown(), sts.user(name="other")
    text = (
        f"AWS_ACCESS_KEY_ID={live.id}\n# rotated from {old.id} in May\n"
        f"AWS_SECRET_ACCESS_KEY={live.secret}\n"
    )
    repo.commit({b".env": text.encode(), b"other.env": other.leak.env()})
    file = user.report(repo)
    document = json.loads(file.read_bytes())
    key_id = live.id if wanted == "live" else old.id
    document["findings"] = [one for one in document["findings"] if one["access_key_id"] == key_id]
    (one,) = document["findings"]
    file.write_text(json.dumps(document))
    target = [file] if way == "report" else [one["fingerprint"], "--repository", repo.path]
    words = ("verify", *target, "--any-account", "--endpoint-url", sts.url, "--format", "json")
    planned = json.loads(user.run(*words, "--dry-run").out)["planned"]
    assert planned[0]["access_key_id"] == key_id
    assert {one["access_key_id"] for one in planned} <= {live.id, old.id}
    run = user.run(*words)
    found = states(json.loads(run.out))
    assert (run.code, found[live.id]) == (FINDINGS, "live")
    assert found.keys() <= {live.id, old.id}
    assert sts.count(other.id) == 0


# -- what was not read ----------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["json", "jsonl"])
@pytest.mark.parametrize("reveal", [("--reveal",), ()])
def test_what_a_scan_did_not_read_is_not_clean(
    user: User, sts: FakeSts, repo: Repo, form: str, reveal: tuple[str, ...]
) -> None:
    repo.commit({b".env": sts.unknown().leak.env()})
    file = user.report(repo, *reveal, form=form)
    assert user.verify(sts, file, "--any-account")[0] == CLEAN
    whole = file.read_text()
    assert whole.count('"complete": true') == (1 if form == "json" else 2)
    file.write_text(whole.replace('"complete": true', '"complete": false'))
    code, report = user.verify(sts, file, "--any-account")
    assert (code, report["complete"]) == (INCOMPLETE, False)
    run = user.run("verify", file, "--any-account", "--endpoint-url", sts.url)
    assert b"INCOMPLETE" in run.out.splitlines()[-1]


@pytest.mark.parametrize(("complete", "code"), [(True, CLEAN), (False, INCOMPLETE)])
def test_a_report_without_findings(user: User, repo: Repo, complete: bool, code: int) -> None:
    repo.commit({b"README": b"read me\n"})
    file = user.report(repo)
    document = json.loads(file.read_bytes())
    file.write_text(json.dumps(document | {"complete": complete}))
    run = user.run("verify", file, "--any-account")
    assert run.code == code
    assert (run.out == b"There was no credential to ask about.\n") is complete


def test_a_report_that_is_too_large_says_what_to_do(user: User, tmp_path: Path) -> None:
    file = tmp_path / "large.json"
    with file.open("wb") as stream:
        stream.truncate(MAX_REPORT_BYTES + 1)
    run = user.run("verify", file, "--any-account")
    assert run.code == USAGE
    assert "larger than 256 MiB" in run.message
    assert "leakscan scan --verify PATH" in run.message


# -- hostile names --------------------------------------------------------------------------------


def test_a_path_that_is_none_is_one_sentence(user: User, sts: FakeSts, repo: Repo) -> None:
    repo.commit({b".env": sts.user().leak.env()})
    file = user.report(repo)
    document = json.loads(file.read_bytes())
    document["target"]["path"] = "a\0b"
    file.write_text(json.dumps(document))
    run = user.run("verify", file, "--any-account", "--quiet")
    assert run.code == USAGE
    assert "there is a NUL in it" in run.message.splitlines()[0]
    assert "--repository" in run.message


def test_the_path_in_a_report_cannot_steer_a_terminal(
    user: User, sts: FakeSts, repo: Repo, tmp_path: Path
) -> None:
    repo.commit({b".env": sts.unknown().leak.env()})
    moved = tmp_path / "\x1b]0;pwned\x07\x1b[31mX"
    shutil.move(repo.path, moved)
    report = user.report(Repo(moved))
    # Its own name is echoed too where a finding in it is not believed.
    document = json.loads(report.read_bytes())
    document["findings"] += [document["findings"][0] | {"secret": {"value": "x" * 40}}]
    file = tmp_path / "\x1b[31m.json"
    file.write_text(json.dumps(document))
    run = user.run("verify", file, "--any-account", "--endpoint-url", sts.url)
    assert "looking up the secrets of 1 credential in" in run.message
    assert "is left out" in run.message
    assert b"\x1b" not in run.err + run.out


# -- who is told, and who is not ------------------------------------------------------------------


@pytest.mark.parametrize("configured", [False, True])
def test_without_encryption_no_proxy_reads_along(
    user: User, sts: FakeSts, configured: bool
) -> None:
    with FakeProxy(Manner.FAILING) as proxy:
        words = () if configured else ("--proxy", proxy.url)
        if configured:
            user.configure(proxy=proxy.url)
        session = sts.role_session()
        code, _ = user.verify(sts, "-", "--any-account", *words, stdin=text_of(session))
        assert (code, proxy.asked) == (FINDINGS, [])


def test_every_host_is_named(user: User, sts: FakeSts) -> None:
    partitions = ("aws", "aws-cn", "aws-us-gov", "aws-eusc")
    words = ("-", "--any-account", *(word for one in partitions for word in ("--partition", one)))
    key = sts.user()
    run = user.run("verify", *words, "--dry-run", "--format", "json", stdin=text_of(key))
    (row,) = json.loads(run.out)["planned"]
    assert len(row["hosts"]) > 3
    with FakeProxy(Manner.LOGIN) as proxy:
        run = user.run("verify", *words, "--proxy", proxy.url, stdin=text_of(key))
    assert run.code == UNVERIFIED
    assert run.message.startswith(f"leakscan: asking {', '.join(row['hosts'])} about 1 key, ")
    assert HOST in row["hosts"]


def test_a_dry_run_says_which_account_to_name(user: User, sts: FakeSts) -> None:
    key = text_of(sts.user())
    said = " ".join(user.run("verify", "-", "--dry-run", stdin=key).out.decode().split())
    assert f"account {ACCOUNT} (1 key). To ask: --account {ACCOUNT}" in said
    named = user.run("verify", "-", "--dry-run", "--account", ACCOUNT, stdin=key)
    assert b"Not yours" not in named.out


def test_a_live_key_that_was_accepted_is_not_passed_over(
    user: User, sts: FakeSts, repo: Repo, tmp_path: Path
) -> None:
    user.configure(endpoint_url=sts.url, owned_accounts=[ACCOUNT])
    repo.commit({b".env": sts.user().leak.env()})
    known = tmp_path / "known"
    user.run("baseline", "create", repo.path, "--output", known)
    said = "nothing to act on, but 1 live credential is accepted. Complete."
    words = ("scan", repo.path, "--baseline", known, "--verify")
    for more in ((), ("--fail-on", "live")):
        run = user.run(*words, *more)
        assert (run.code, run.out.decode().splitlines()[-1].lower()) == (CLEAN, said.lower())
        run = user.run(*words, *more, "--output", tmp_path / "x.json", "--no-progress")
        assert run.message.endswith("nothing to act on; 1 live credential is accepted.\n")
