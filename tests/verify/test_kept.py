"""What is kept of verdicts, for how long, and that any doubt means to ask again."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leakscan import cache
from leakscan.model import Fingerprint
from leakscan.verdict import Cause, Holder, Verdict, VerdictState
from leakscan.verify import kept
from leakscan.verify.kept import Kept
from tests.support.cli import files_below
from tests.support.keys import KeyMaker

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ONE = Fingerprint("lk1.is." + "01" * 16)
OTHER = Fingerprint("lk1.is." + "02" * 16)
HOSTS = ("sts.us-east-1.amazonaws.com",)
LIVE = Verdict(
    VerdictState.LIVE,
    "AWS accepts it.",
    arn="arn:aws:iam::210987654321:user/ada",
    holder=Holder.USER,
    account="210987654321",
    asked=HOSTS,
    checked_at=NOW,
    request_id="0a1b2c3d-0000-4000-8000-000000000000",
)


def memory(folder: Path | None, max_age_s: float = 600, at: datetime = NOW) -> Kept:
    return Kept(folder, max_age_s, lambda: at)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in which one verdict is kept."""
    folder = tmp_path / "cache"
    first = memory(folder)
    first.keep(ONE, HOSTS, LIVE)
    first.save()
    return folder


def test_it_comes_back_as_kept_with_its_own_time(folder: Path) -> None:
    found = memory(folder, at=NOW + timedelta(minutes=9)).find(ONE, HOSTS)
    assert found is not None
    assert found.is_kept
    assert (found.state, found.checked_at, found.arn) == (LIVE.state, NOW, LIVE.arn)
    assert (found.holder, found.asked) == (Holder.USER, HOSTS)


@pytest.mark.parametrize(
    ("age", "passed"),
    [(600, 600), (600, 601), (0, 0), (600, -1), (600, -86_400), (60, 120)],
)
def test_what_is_old_or_from_a_time_to_come_is_asked_again(
    folder: Path, age: float, passed: float
) -> None:
    later = NOW + timedelta(seconds=passed)
    assert memory(folder, age, later).find(ONE, HOSTS) is None


@pytest.mark.parametrize(
    ("fingerprint", "hosts"),
    [
        (OTHER, HOSTS),
        (ONE, ("sts.cn-north-1.amazonaws.com.cn",)),
        (ONE, (*HOSTS, "sts.cn-north-1.amazonaws.com.cn")),
        (ONE, ("127.0.0.1:5000",)),
        (ONE, ()),
    ],
)
def test_another_credential_or_other_hosts_are_another_matter(
    folder: Path, fingerprint: Fingerprint, hosts: tuple[str, ...]
) -> None:
    assert memory(folder).find(fingerprint, hosts) is None


@pytest.mark.parametrize("state", VerdictState)
def test_only_what_aws_concluded_is_kept(tmp_path: Path, state: VerdictState) -> None:
    verdict = Verdict(state, cause=Cause.THROTTLED, checked_at=NOW)
    first = memory(tmp_path / "cache")
    first.keep(ONE, HOSTS, verdict)
    first.save()
    found = memory(tmp_path / "cache").find(ONE, HOSTS)
    assert (found is not None) == (state in ("live", "not-accepted", "expired"))


def test_what_looks_like_a_secret_is_not_kept(tmp_path: Path, keys: KeyMaker) -> None:
    leak = keys.leak()
    first = memory(tmp_path / "cache")
    first.keep(ONE, HOSTS, Verdict(VerdictState.LIVE, arn=leak.secret, checked_at=NOW))
    first.keep(OTHER, HOSTS, LIVE)
    first.save()
    assert memory(tmp_path / "cache").find(ONE, HOSTS) is None
    (file,) = files_below(tmp_path / "cache")
    assert leak.secret.encode() not in file.read_bytes()


def test_a_verdict_without_a_time_is_none(tmp_path: Path) -> None:
    first = memory(tmp_path / "cache")
    first.keep(ONE, HOSTS, Verdict(VerdictState.LIVE))
    first.keep(OTHER, HOSTS, Verdict(VerdictState.LIVE, checked_at=NOW.replace(tzinfo=None)))
    first.save()
    assert not list(files_below(tmp_path))


def test_an_old_verdict_does_not_become_young_by_being_used(folder: Path) -> None:
    second = memory(folder, at=NOW + timedelta(minutes=9))
    found = second.find(ONE, HOSTS)
    assert found is not None
    second.keep(ONE, HOSTS, found)
    second.save()
    assert memory(folder, at=NOW + timedelta(minutes=11)).find(ONE, HOSTS) is None


def test_two_runs_at_once_lose_nothing_of_each_other(folder: Path) -> None:
    first, second = memory(folder), memory(folder)
    assert first.find(OTHER, HOSTS) is None
    second.keep(OTHER, HOSTS, LIVE)
    second.save()
    third = Fingerprint("lk1.is." + "03" * 16)
    first.keep(third, HOSTS, LIVE)
    first.save()
    for fingerprint in (ONE, OTHER, third):
        assert memory(folder).find(fingerprint, HOSTS) is not None


def test_a_newer_verdict_takes_the_place_of_an_older_one(folder: Path) -> None:
    later = NOW + timedelta(minutes=1)
    second = memory(folder)
    second.keep(ONE, HOSTS, Verdict(VerdictState.NOT_ACCEPTED, checked_at=later))
    second.save()
    found = memory(folder, at=later).find(ONE, HOSTS)
    assert found is not None
    assert found.state is VerdictState.NOT_ACCEPTED


def test_the_newest_stay(tmp_path: Path) -> None:
    times = iter(range(100))
    first = Kept(tmp_path / "cache", 600, lambda: NOW + timedelta(seconds=next(times)), most=3)
    prints = [Fingerprint(f"lk1.is.{number:032x}") for number in range(5)]
    for fingerprint in prints:
        first.keep(fingerprint, HOSTS, Verdict(VerdictState.EXPIRED, checked_at=NOW))
    first.save()
    later = memory(tmp_path / "cache", at=NOW + timedelta(minutes=1))
    assert [later.find(one, HOSTS) is not None for one in prints] == [
        False,
        False,
        True,
        True,
        True,
    ]


def _entry(fingerprint: bytes, state: bytes) -> bytes:
    times = b'"kept_at": "2026-11-22T12:00:00Z"'
    return b'[{"fingerprint": %s, "places": [], %s, "verdict": {"state": "%s"}}]' % (
        fingerprint, times, state,
    )  # fmt: skip


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[",
        b"[" * 100_000,
        b"{}",
        b"[1]",
        _entry(b"1", b"live"),
        _entry(b'"x"', b"dead"),
        b"\xff\xfe",
        _entry(b'"\xff"', b"live"),
    ],
)
def test_a_file_that_cannot_be_understood_means_to_ask(tmp_path: Path, payload: bytes) -> None:
    folder = tmp_path / "cache"
    cache.store(folder, kept._KIND, kept._KEY, payload)
    assert memory(folder).find(ONE, HOSTS) is None
    second = memory(folder)
    second.keep(ONE, HOSTS, LIVE)
    second.save()
    assert memory(folder).find(ONE, HOSTS) is not None


def test_what_is_not_conclusive_in_the_file_does_not_count(tmp_path: Path) -> None:
    verdict = {"state": "unknown", "checked_at": "2026-11-22T12:00:00Z"}
    payload = json.dumps(
        [
            {
                "fingerprint": ONE,
                "places": list(HOSTS),
                "kept_at": NOW.isoformat(),
                "verdict": verdict,
            }
        ]
    )
    cache.store(tmp_path / "cache", kept._KIND, kept._KEY, payload.encode())
    assert memory(tmp_path / "cache").find(ONE, HOSTS) is None


def test_a_changed_file_means_to_ask(folder: Path) -> None:
    (file,) = files_below(folder)
    raw = file.read_bytes()
    file.write_bytes(raw.replace(b'"live"', b'"expired"'))
    assert memory(folder).find(ONE, HOSTS) is None


def test_a_folder_of_others_means_to_ask(folder: Path) -> None:
    folder.chmod(0o777)
    assert memory(folder).find(ONE, HOSTS) is None


def test_without_a_folder_nothing_is_kept_for_the_next_run() -> None:
    first = memory(None)
    first.keep(ONE, HOSTS, LIVE)
    first.save()
    assert memory(None).find(ONE, HOSTS) is None


def test_nothing_new_writes_nothing(tmp_path: Path) -> None:
    first = memory(tmp_path / "cache")
    assert first.find(ONE, HOSTS) is None
    first.save()
    assert not list(files_below(tmp_path))


def test_the_age_is_by_our_own_clock(tmp_path: Path) -> None:
    """Of a verdict that came while our clock was off, the time is the server's."""
    first = memory(tmp_path / "cache")
    ahead = NOW + timedelta(hours=1)
    first.keep(ONE, HOSTS, Verdict(VerdictState.LIVE, checked_at=ahead))
    first.save()
    assert memory(tmp_path / "cache", at=NOW + timedelta(minutes=9)).find(ONE, HOSTS) is not None
    assert memory(tmp_path / "cache", at=ahead).find(ONE, HOSTS) is None
