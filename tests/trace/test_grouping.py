"""Parts in different places become one credential only where nothing else is possible."""

from typing import Any

from tests.support.cli import Cli
from tests.support.keys import KeyMaker
from tests.support.repo import Repo


def _findings(cli: Cli, repo: Repo) -> list[dict[str, Any]]:
    return list(cli.scan(repo.path).report["findings"])


def _named(secret: str) -> bytes:
    return b"AWS_SECRET_ACCESS_KEY=%b\n" % secret.encode()


def test_one_commit_brings_id_and_secret_in_two_files(cli: Cli, repo: Repo, keys: KeyMaker) -> None:
    one, other = keys.leaks(2)
    repo.commit({b"a.ini": b"key = %b\n" % one.key_id.encode(), b"secrets.env": _named(one.secret)})
    repo.commit({b"b.txt": b"key = %b\n" % other.key_id.encode()})
    repo.commit({b"README": b"unrelated\n"})
    pair, lone = sorted(_findings(cli, repo), key=lambda item: item["secret"] is None)
    assert (pair["access_key_id"], lone["access_key_id"]) == (one.key_id, other.key_id)
    assert "paired-by-commit" in {reason["name"] for reason in pair["reasons"]}
    assert {(item["path"], tuple(item["parts"])) for item in pair["occurrences"]} == {
        ("a.ini", ("access_key_id",)),
        ("secrets.env", ("secret",)),
    }


def test_two_ids_and_two_secrets_of_one_commit_are_not_guessed(
    cli: Cli, repo: Repo, keys: KeyMaker
) -> None:
    one, other = keys.leaks(2)
    repo.commit(
        {
            b"a.ini": b"key = %b\n" % one.key_id.encode(),
            b"b.ini": b"key = %b\n" % other.key_id.encode(),
            b"one.env": _named(one.secret),
            b"two.env": _named(other.secret),
        }
    )
    found = _findings(cli, repo)
    assert len(found) == 4
    assert not any(item["secret"] and item["access_key_id"] for item in found)


def test_a_doubtful_secret_is_not_paired(cli: Cli, repo: Repo, keys: KeyMaker) -> None:
    leak = keys.leak()
    doubtful = b"secret = %b\n" % keys.secret().encode()
    repo.commit({b"a.ini": b"key = %b\n" % leak.key_id.encode(), b"b.txt": doubtful})
    assert not any(item["secret"] and item["access_key_id"] for item in _findings(cli, repo))


def test_a_lone_id_is_a_place_of_the_pair_it_belongs_to(
    cli: Cli, repo: Repo, keys: KeyMaker
) -> None:
    leak = keys.leak()
    repo.commit({b"README": b"Our key is %b.\n" % leak.key_id.encode()})
    repo.commit({b".env": leak.env()})
    (finding,) = _findings(cli, repo)
    assert finding["secret"] is not None
    assert {item["path"] for item in finding["occurrences"]} == {"README", ".env"}


def test_a_rotated_secret_is_another_credential(cli: Cli, repo: Repo, keys: KeyMaker) -> None:
    old, new = keys.leaks(2)
    for secret in (old.secret, new.secret):
        id_line = b"aws_access_key_id = %b\n" % old.key_id.encode()
        repo.commit({b"credentials": id_line + b"aws_secret_access_key = %b\n" % secret.encode()})
    found = _findings(cli, repo)
    assert [item["access_key_id"] for item in found] == [old.key_id, old.key_id]
    assert len({item["fingerprint"] for item in found}) == 2
    assert sorted(item["exposure"]["at_head"] for item in found) == [False, True]
