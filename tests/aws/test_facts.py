import pytest

from leakscan.aws import (
    CANARY_ACCOUNTS,
    account_id,
    documentation_account,
    generation,
    is_canary,
    known_fake_id,
    known_fake_secret,
)
from tests.support.keys import KeyMaker


@pytest.mark.parametrize(
    ("marked", "account"),
    [
        ("ASIA%%Y34FZKBOKMUTVV7A", "609629065308"),
        ("AKIA%%WDB7XWLS3OBANPCE", "418892985061"),
        ("ASIA%%VJ2E6QGR2WZILJFM", "364679954851"),
        ("ASIA%%QNZGKIQY56JQ7WML", "029608264753"),
        ("AKIA%%RZPUZDIKAAAAAAAA", "123456789012"),
        ("AKIA%%YVP4CIPPAAAAAAAA", "595918472158"),
        ("AKIA%%YVP4CIPPQAAAAAAA", "595918472159"),
        ("AIDA%%WXFXAIOZAAAAAAAAA", "462092780466"),
    ],
)
def test_published_ids_decode_to_their_account(marked: str, account: str) -> None:
    key_id = marked.replace("%%", "")
    assert account_id(key_id) == account
    assert generation(key_id) == "new"


@pytest.mark.parametrize(
    "marked",
    [
        "AKIA%%I44QH8DHBEXAMPLE",
        "AKIA%%7777777777777777",
        "AKIA%%SHORT",
        "LKIA%%QAAAAAAAAAAAAAAA",
        "",
    ],
)
def test_what_aws_cannot_have_made_has_no_generation(marked: str) -> None:
    key_id = marked.replace("%%", "")
    assert account_id(key_id) is None
    assert generation(key_id) is None


def test_old_ids_do_not_tell_their_account() -> None:
    key_id = "AKIA%%IOSFODNN7EXAMPLE".replace("%%", "")
    assert generation(key_id) == "old"
    assert account_id(key_id) is None


def test_made_ids_are_of_no_known_account(keys: KeyMaker) -> None:
    for _ in range(50):
        account = account_id(keys.key_id())
        assert account is not None
        assert not is_canary(account)
        assert documentation_account(account) is None


def test_known_accounts() -> None:
    assert all(len(account) == 12 and account.isdigit() for account in CANARY_ACCOUNTS)
    assert len(CANARY_ACCOUNTS) == 26
    assert is_canary("171436882533")
    assert not is_canary(None)
    assert documentation_account("111122223333")
    assert documentation_account(None) is None


def test_known_fakes(keys: KeyMaker) -> None:
    assert known_fake_id("AKIA%%IOSFODNN7EXAMPLE".replace("%%", ""))
    assert known_fake_id("AKIA%%DEADBEEFDEADBEEF".replace("%%", ""))
    assert known_fake_id("LSIA%%QAAAAAAAAAAAAAAA".replace("%%", ""))
    assert known_fake_secret("wJalrXUtnFEMI/K7MDENG/%%bPxRfiCYEXAMPLEKEY".replace("%%", ""))
    assert not known_fake_id(keys.key_id())
    assert not known_fake_secret(keys.secret())
