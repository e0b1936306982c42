"""Blobs above the size of a piece: found once, in the right place, and renamed secrets kept."""

from leakscan.history.catfile import OVERLAP_BYTES, PIECE_BYTES
from tests.support.cli import Cli
from tests.support.keys import KeyMaker
from tests.support.repo import Repo


def test_a_pair_in_the_overlap_of_one_long_line(cli: Cli, repo: Repo, keys: KeyMaker) -> None:
    leak = keys.leak()
    front = b"{" + b'"a":0,' * ((PIECE_BYTES - OVERLAP_BYTES // 2) // 6)
    values = (leak.key_id.encode(), leak.secret.encode())
    pair = b'"aws_access_key_id":"%b","aws_secret_access_key":"%b"' % values
    commit = repo.commit({b"data.json": front + pair + b"}"})
    scan = cli.scan(repo.path)
    assert scan.complete
    places = scan.occurrences(leak.key_id, commit=commit, event="introduced")
    assert [(place["line"], place["path"]) for place in places] == [(1, "data.json")]
    assert places[0]["column"] == (front + pair).index(values[0]) + 1


def test_a_renamed_secret_in_a_huge_file_is_not_removed(
    cli: Cli, repo: Repo, keys: KeyMaker
) -> None:
    secret = keys.secret().encode()
    filler = b"0123456789abcde\n" * (PIECE_BYTES // 16)
    named = repo.commit({b"dump.sql": filler + b"aws_secret_access_key = %b\n" % secret})
    repo.commit({b"dump.sql": filler + b"renamed = %b\n" % secret})
    (finding,) = cli.scan(repo.path).report["findings"]
    exposure = finding["exposure"]
    assert (exposure["removed_at"], exposure["at_head"]) == (None, True)
    assert exposure["first_commit"] == exposure["last_commit"] == named
