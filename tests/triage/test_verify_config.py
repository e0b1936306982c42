"""The section `verify:`: what it may say, and that it is checked wherever it stands."""

import json
from pathlib import Path
from typing import Any

import pytest

from leakscan.config import load_config, load_user_config
from leakscan.errors import ExitCode
from leakscan.fields import ConfigError
from leakscan.verify_config import VerifyConfig, is_loopback
from tests.support.cli import files_below

WHOLE = b"""\
version: 1
verify:
  owned_accounts: ["012345678901", "210987654321"]
  canary_accounts: ['111111111112']
  partitions: [aws, aws-cn]
  region: eu-central-1
  fips: true
  endpoint_url: https://vpce-1-sts.eu-central-1.vpce.amazonaws.com/
  ca_bundle: ~/ca.pem
  proxy: http://ada:pass@proxy.example.com:3128
  rate: 2.5
  timeout_s: 4
  max_age: 1h
  max_keys: 7
"""


def load(**verify: Any) -> VerifyConfig:
    config = load_config(json.dumps({"version": 1, "verify": verify}).encode(), "mine.yaml")
    assert config.verify is not None
    return config.verify


def refused(**verify: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        load(**verify)
    assert caught.value.code is ExitCode.CONFIG
    assert caught.value.hint
    return caught.value.message


def test_a_whole_section() -> None:
    assert load_config(WHOLE).verify == VerifyConfig(
        owned_accounts=("012345678901", "210987654321"),
        canary_accounts=("111111111112",),
        partitions=("aws", "aws-cn"),
        region="eu-central-1",
        fips=True,
        endpoint_url="https://vpce-1-sts.eu-central-1.vpce.amazonaws.com",
        ca_bundle="~/ca.pem",
        proxy="http://ada:pass@proxy.example.com:3128",
        rate=2.5,
        timeout_s=4.0,
        max_age_s=3600.0,
        max_keys=7,
    )


def test_what_is_not_said_has_a_default() -> None:
    assert load() == VerifyConfig(rate=5.0, timeout_s=10.0, max_age_s=600.0, max_keys=2000)
    assert load_config(b"version: 1").verify is None


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (b"[123456789012]", "write accounts in quotes"),
        (b"[012345670123]", "write accounts in quotes"),  # YAML reads it as an octal number.
        (b"['12345678901']", "12 digits"),
        (b"['1234567890123']", "12 digits"),
        ("['١٢٣٤٥٦٧٨٩٠١٢']".encode(), "12 digits"),
        (b"'123456789012'", "must be a list"),
        (b"[]", "must be a list"),
        (b"[[]]", "12 digits"),
    ],
)
def test_accounts_are_texts_of_twelve_digits(source: bytes, said: str) -> None:
    for field in ("owned_accounts", "canary_accounts"):
        with pytest.raises(ConfigError) as caught:
            load_config(b"version: 1\nverify:\n  %s: %s\n" % (field.encode(), source))
        assert f".leakscan.yaml: verify: {field}: " in caught.value.message
        assert said in caught.value.message


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("endpoint", "https://x.example", "is not a key here"),
        ("partitions", ["aws-moon"], "must be some of aws, aws-us-gov"),
        ("partitions", [], "must be a list"),
        ("region", "moon-base-1", "must be a region"),
        ("region", "us-east-1.evil.example/", "must be a region"),
        ("region", "", "is empty"),
        ("region", 1, "must be a text"),
        ("fips", "yes", "must be true or false"),
        ("fips", 1, "must be true or false"),
        ("fips", None, "must be true or false"),
        ("endpoint_url", "sts.example.com", "must be an https URL"),
        ("endpoint_url", "ftp://sts.example.com", "must be an https URL"),
        ("endpoint_url", "http://sts.example.com", "must be https"),
        ("endpoint_url", "http://127.0.0.1.example.com", "must be https"),
        ("endpoint_url", "http://127.example.com", "must be https"),
        ("endpoint_url", "http://0.0.0.0", "must be https"),
        ("endpoint_url", "http://10.0.0.1", "must be https"),
        ("endpoint_url", "http://127.0.0.1@evil.example", "without user"),
        ("endpoint_url", "https://ada:pw@sts.example.com", "without user"),
        ("endpoint_url", "https://sts.example.com/path", "without user, path"),
        ("endpoint_url", "https://sts.example.com?a=b", "query"),
        ("endpoint_url", "https://sts.example.com#a", "must be an https URL"),
        ("endpoint_url", "https://sts.example.com:99999", "must be an https URL"),
        ("endpoint_url", "https://sts example.com", "must be an https URL"),
        ("endpoint_url", "https://evil.example\\@sts.example.com", "must be an https URL"),
        ("endpoint_url", "https://", "must be an https URL"),
        ("endpoint_url", "https://[::1", "must be an https URL"),
        ("ca_bundle", "ca.pem", "the whole path"),
        ("ca_bundle", "../ca.pem", "the whole path"),
        ("proxy", "proxy.example.com:3128", "must be a URL"),
        ("proxy", "socks5://proxy.example.com", "must be a URL"),
        ("rate", 0, "a number above 0"),
        ("rate", -1, "a number above 0"),
        ("rate", 50.1, "at most 50"),
        ("rate", True, "a number above 0"),
        ("rate", "5", "a number above 0"),
        ("rate", None, "a number above 0"),
        ("max_keys", 0, "a whole number"),
        ("max_keys", 2.5, "a whole number"),
        ("max_keys", 100_001, "a whole number"),
        ("max_keys", "5", "a whole number"),
        ("timeout_s", 0.5, "a number from 1 to 120"),
        ("timeout_s", 121, "a number from 1 to 120"),
        ("max_age", 10, "must be a text"),
        ("max_age", "10", "must be an age"),
        ("max_age", "-1m", "must be an age"),
        ("max_age", "1w", "must be an age"),
        ("max_age", "8d", "at most 7d"),
        ("max_age", False, "must be a text"),
    ],
)
def test_each_field_is_checked(field: str, value: Any, said: str) -> None:
    message = refused(**{field: value})
    assert message.startswith(f"mine.yaml: verify: {field}")
    assert said in message


def test_not_a_number_is_no_rate() -> None:
    for text in (b".nan", b".inf", b"-.inf"):
        with pytest.raises(ConfigError, match="a number above 0"):
            load_config(b"version: 1\nverify: {rate: %s}" % text)


@pytest.mark.parametrize("section", ["null", "[]", "true", "text", "1"])
def test_the_section_is_a_mapping(section: str) -> None:
    with pytest.raises(ConfigError, match="verify: must be a mapping"):
        load_config(f"version: 1\nverify: {section}".encode())


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:5000", "http://127.9.9.9", "http://[::1]:5000", "http://localhost:5000"],
)
def test_this_machine_may_be_asked_without_encryption(url: str) -> None:
    assert load(endpoint_url=f"{url}/").endpoint_url == url


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("", False),
        ("127.1", False),
        ("127.0.0.256", False),
        ("localhost.example.com", False),
        ("128.0.0.1", False),
        ("::2", False),
    ],
)
def test_loopback_is_told_by_the_name_alone(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


@pytest.mark.parametrize(("age", "seconds"), [("0", 0), ("30s", 30), ("7d", 604_800), (0, 0)])
def test_ages(age: str | int, seconds: int) -> None:
    assert load(max_age=age).max_age_s == seconds


def test_a_complaint_about_a_proxy_does_not_repeat_its_password() -> None:
    assert "hunter2" not in refused(proxy="socks5://ada:hunter2@proxy.example.com")


def test_the_users_own_file_is_about_no_repository() -> None:
    assert load_user_config(WHOLE, "config.yaml").verify is not None
    assert load_user_config(b"version: 1", "config.yaml").verify is None
    for more in (
        b"baseline: known.txt",
        b"allow:\n  - rules: [aws-access-key-id]\n    reason: made up",
    ):
        with pytest.raises(ConfigError, match="holds more than version and verify"):
            load_user_config(b"version: 1\n" + more, "config.yaml")


def test_the_password_of_a_proxy_is_not_copied_to_the_cache(tmp_path: Path) -> None:
    load_config(b"version: 1", cache=tmp_path / "cache")
    assert list(files_below(tmp_path))  # Others are.
    load_config(WHOLE, cache=tmp_path / "other")
    assert not list(files_below(tmp_path / "other"))


def test_the_hint_of_the_users_own_file_names_what_it_holds() -> None:
    for source in (b"", b"version: 1\nvrfy: {}", b"version: [", b"x" * (2 << 20)):
        with pytest.raises(ConfigError) as caught:
            load_user_config(source, "config.yaml")
        assert "version: 1" in caught.value.hint
        assert "verify:" in caught.value.hint
