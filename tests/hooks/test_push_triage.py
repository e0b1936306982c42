"""What a repository allows itself counts in its own hooks, and no further than it says."""

import re

import pytest

from tests.support.hooks import FILLER, Work, names


def fingerprints(said: str) -> list[str]:
    return re.findall(r"lk1\.[ist]+\.[0-9a-f]{32}", said)


def configure(work: Work, entry: str) -> None:
    text = f"version: 1\nallow:\n  - {entry}\n"
    work.repo.write(b".leakscan.yaml", text.encode(), add=False)


@pytest.mark.parametrize(
    "comment",
    [b"# leakscan:allow made up for the tests", b"# gitleaks:allow", b"# pragma: allowlist secret"],
)
def test_a_comment_on_the_line(work: Work, comment: bytes) -> None:
    leak = work.keys.leak()
    commit = work.repo.commit({b"app/x.py": leak.one_line() + b" " + comment + b"\n"})
    pushed = work.push("origin", "main")
    assert not pushed.refused, pushed.said
    assert work.at("refs/heads/main") == commit


def test_a_comment_without_a_reason_does_not_count(work: Work) -> None:
    leak = work.keys.leak()
    commit = work.repo.commit({b"app/x.py": leak.one_line() + b"  # leakscan:allow\n"})
    assert names(work.push("origin", "main"), commit, "app/x.py", 1)


def test_a_comment_allows_the_value_beside_it_only(work: Work) -> None:
    """Another key on the line that was allowed is another key."""
    old, new = work.keys.leaks(2)
    comment = b" # leakscan:allow made up for the tests\n"
    work.repo.commit({b"app/x.py": old.one_line() + comment})
    assert not work.push("origin", "main").refused
    commit = work.repo.commit({b"app/x.py": old.one_line() + comment + new.one_line() + b"\n"})
    pushed = work.push("origin", "main")
    assert names(pushed, commit, "app/x.py", 2)
    assert old.key_id not in pushed.said


@pytest.mark.parametrize(
    "entry",
    [
        "paths: ['app/**']\n    reason: made up",
        "rules: [aws-access-key-id]\n    paths: ['app/*']\n    reason: made up",
        "paths: ['**/.env']\n    reason: made up\n    expires: 2099-01-01",
    ],
)
def test_paths_and_rules(work: Work, entry: str) -> None:
    configure(work, entry)
    work.leak()
    pushed = work.push("origin", "main")
    assert not pushed.refused, pushed.said
    _, commit = work.leak(b"elsewhere.txt")
    assert names(work.push("origin", "main"), commit, "elsewhere.txt", 1)


@pytest.mark.parametrize(
    "entry",
    [
        "paths: ['app/**']\n    reason: made up\n    expires: 2020-01-01",
        "paths: ['lib/**']\n    reason: made up",
        "paths: ['app']\n    rules: [aws-session-token]\n    reason: made up",
    ],
)
def test_entries_that_do_not_fit(work: Work, entry: str) -> None:
    configure(work, entry)
    _, commit = work.leak()
    assert names(work.push("origin", "main"), commit, "app/.env", 1)


def test_the_fingerprint_of_the_message_allows(work: Work) -> None:
    work.leak()
    (fingerprint,) = fingerprints(work.push("origin", "main").said)
    configure(work, f"fingerprints: [{fingerprint}]\n    reason: made up for the tests")
    pushed = work.push("origin", "main")
    assert not pushed.refused, pushed.said


def test_an_allowed_id_does_not_allow_its_pair(work: Work) -> None:
    leak = work.keys.leak()
    work.repo.commit({b"a.txt": leak.key_id.encode() + b"\n"})
    (fingerprint,) = fingerprints(work.push("origin", "main").said)
    configure(work, f"fingerprints: [{fingerprint}]\n    reason: only an id")
    assert not work.push("origin", "main").refused
    commit = work.repo.commit({b"a.txt": FILLER + leak.env()})
    pushed = work.push("origin", "main")
    assert names(pushed, commit, "a.txt")
    assert fingerprint not in pushed.said


def test_a_baseline(work: Work) -> None:
    leak, _ = work.leak()
    work.repo.checkout()
    made = work.leakscan("baseline", "create")
    assert made.code == 0, made.said
    pushed = work.push("origin", "main")
    assert not pushed.refused, pushed.said
    assert leak.secret not in (work.repo.path / ".leakscan-baseline").read_text()
    # Shifted, renamed and copied it is the same one; another one is not.
    work.repo.commit({b"app/.env": FILLER + leak.env()})
    work.repo.commit({b"app/.env": None, b"new.env": leak.env(), b"copy.env": leak.env()})
    pushed = work.push("origin", "main:refs/heads/topic")
    assert not pushed.refused, pushed.said
    _, commit = work.leak(b"other.env")
    assert names(work.push("origin", "main"), commit, "other.env", 1)


def test_another_repositorys_configuration_does_not_count(work: Work) -> None:
    """Only the file at the top of the work tree does, not one in a folder or in a commit."""
    text = b"version: 1\nallow:\n  - paths: ['**']\n    reason: no\n"
    work.repo.write(b"app/.leakscan.yaml", text, add=False)
    work.repo.commit({b"app/.leakscan.yaml": text})
    _, commit = work.leak()
    assert names(work.push("origin", "main"), commit, "app/.env", 1)
