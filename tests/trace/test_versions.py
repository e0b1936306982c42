"""A secret that loses its name stays a secret, and is not called removed."""

import pytest

from tests.support.cli import Cli
from tests.support.keys import KeyMaker, Leak
from tests.support.repo import Repo


@pytest.fixture
def leak(keys: KeyMaker) -> Leak:
    return keys.leak()


def _events(cli: Cli, repo: Repo, secret_of: Leak) -> list[tuple[str, str, int | None]]:
    scan = cli.scan(repo.path)
    (finding,) = [item for item in scan.report["findings"] if item["secret"] is not None]
    assert secret_of.secret not in str(finding)
    return [
        (item["event"], item["commit"], item["line"])
        for item in finding["occurrences"]
        if item["event"] != "present"
    ]


def test_a_renamed_variable_is_no_removal(cli: Cli, repo: Repo, leak: Leak) -> None:
    secret = leak.secret.encode()
    named = repo.commit({b"settings.py": b'aws_secret_access_key = "%b"\n' % secret})
    repo.commit({b"settings.py": b'# tidied\nmixer = "%b"\n' % secret})
    repo.commit({b"settings.py": b'# tidied\nmixer = "%b"\nvolume = 11\n' % secret})
    gone = repo.commit({b"settings.py": b"# tidied\nvolume = 11\n"})
    assert _events(cli, repo, leak) == [("introduced", named, 1), ("removed", gone, None)]


def test_a_secret_that_stood_there_before_it_was_named(cli: Cli, repo: Repo, leak: Leak) -> None:
    secret = leak.secret.encode()
    first = repo.commit({b"settings.py": b'mixer = "%b"\n' % secret})
    repo.commit({b"settings.py": b'\n\naws_secret_access_key = "%b"\n' % secret})
    assert _events(cli, repo, leak) == [("introduced", first, 1)]
