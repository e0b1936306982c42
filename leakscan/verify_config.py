"""The section `verify:` of a configuration file: whom to ask about found keys, and how.

Below `config`. In: the value of the section. Out: `VerifyConfig`, frozen and checked. The functions
that check a single value serve the command line too. Who may write such a section is decided where
files are read: it says where found keys are used, so never the scanned repository.
"""

import re
from collections.abc import Callable
from typing import Final, TypeVar
from urllib.parse import SplitResult, urlsplit

from leakscan.aws import PARTITIONS, partition_of
from leakscan.fields import Fields
from leakscan.record import Record

MAX_RATE: Final = 50.0
"""Calls a second. AWS counts them against the account that owns the key, 600 a second for all."""
MAX_TIMEOUT_S: Final = 120.0
MAX_AGE_S: Final = 7 * 86_400.0
MAX_KEYS: Final = 100_000

_Value = TypeVar("_Value")

_KEYS: Final = (
    *("owned_accounts", "canary_accounts", "partitions", "region", "fips", "endpoint_url"),
    *("ca_bundle", "proxy", "rate", "timeout_s", "max_age", "max_keys"),
)
_HINT: Final = "The README says what the section verify may hold."
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9a-f:]{2,39}")
_AGE: Final = re.compile(r"([0-9]{1,6})([smhd])")
_NUMBER: Final = re.compile(r"[0-9]{1,3}(\.[0-9]{1,6})?|\.[0-9]{1,6}")
_RATE: Final = "a number above 0, at most 50"
_TIMEOUT: Final = "a number from 1 to 120"
_KEYS_A_RUN: Final = "a whole number from 1 to 100000"
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class VerifyConfig(Record, frozen=True):
    """How to ask; what is not configured has a default.

    `rate` is in calls a second. A verdict that was kept counts for `max_age_s`. At most `max_keys`
    ids are asked about in one run: a repository that plants made-up ids of an owned account must
    not keep a responder waiting for hours. The files and URLs are as they were written.
    """

    owned_accounts: tuple[str, ...] = ()
    canary_accounts: tuple[str, ...] = ()
    partitions: tuple[str, ...] = ()
    region: str | None = None
    fips: bool = False
    endpoint_url: str | None = None
    ca_bundle: str | None = None
    proxy: str | None = None
    rate: float = 5.0
    timeout_s: float = 10.0
    max_age_s: float = 600.0
    max_keys: int = 2000


def read_section(where: str, section: object) -> VerifyConfig:
    """Return the section that a file holds; `where` names it. Raises ConfigError."""
    fields = Fields(where, section, _KEYS, _HINT)
    default = VerifyConfig()
    return VerifyConfig(
        owned_accounts=_accounts(fields, "owned_accounts"),
        canary_accounts=_accounts(fields, "canary_accounts"),
        partitions=fields.texts(
            "partitions", PARTITIONS.__contains__, f"must be some of {', '.join(PARTITIONS)}"
        ),
        region=_checked(fields, "region", region),
        fips=fields.flag("fips"),
        endpoint_url=_checked(fields, "endpoint_url", endpoint_url),
        ca_bundle=_checked(fields, "ca_bundle", _file),
        proxy=_checked(fields, "proxy", proxy_url),
        rate=fields.number("rate", default.rate, _is_rate, _RATE),
        timeout_s=fields.number("timeout_s", default.timeout_s, _is_timeout, _TIMEOUT),
        max_age_s=_age(fields, default.max_age_s),
        max_keys=int(fields.number("max_keys", default.max_keys, _is_count, _KEYS_A_RUN)),
    )


def is_account(text: str) -> bool:
    """Say whether a text is an account as AWS writes it."""
    return _ACCOUNT.fullmatch(text) is not None


def region(text: str) -> str:
    """Return a region of some partition. Raises ValueError with what it must be."""
    if partition_of(text) is None:
        raise ValueError("must be a region of AWS, such as eu-central-1")
    return text


def endpoint_url(text: str) -> str:
    """Return a URL to ask at. Raises ValueError with what it must be.

    Without encryption only this machine is asked: a signature is no secret, a session token is.
    """
    parts = _url(text, ("https", "http"))
    if parts is None or parts.username is not None or parts.path.strip("/") or parts.query:
        raise ValueError("must be an https URL of a host, without user, path or query")
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise ValueError("must be https; http is for this machine alone, such as 127.0.0.1")
    return f"{parts.scheme}://{parts.netloc}"


def proxy_url(text: str) -> str:
    """Return the URL of a proxy. Raises ValueError with what it must be, never with what it is."""
    if _url(text, ("http", "https")) is None:
        raise ValueError("must be a URL such as http://proxy.example.com:3128")
    return text


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine, by its name alone."""
    from ipaddress import ip_address

    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def seconds(text: str) -> float:
    """Return the seconds of an age. Raises ValueError with what it must be."""
    found = _AGE.fullmatch(text)
    age = int(found[1]) * _UNITS[found[2]] if found else 0.0 if text == "0" else -1.0
    if not 0 <= age <= MAX_AGE_S:
        raise ValueError("must be an age such as 30s, 10m, 1h or 2d, at most 7d, or 0")
    return float(age)


def rate(text: str) -> float:
    """Return calls a second. Raises ValueError with what it must be."""
    return _number(text, _is_rate, _RATE)


def timeout(text: str) -> float:
    """Return the seconds a call may take. Raises ValueError with what it must be."""
    return _number(text, _is_timeout, _TIMEOUT)


def _is_rate(number: float) -> bool:
    return 0 < number <= MAX_RATE


def _is_timeout(number: float) -> bool:
    return 1 <= number <= MAX_TIMEOUT_S


def count(text: str) -> int:
    """Return how many keys to ask about. Raises ValueError with what it must be."""
    if not re.fullmatch("[0-9]{1,6}", text) or not _is_count(int(text)):
        raise ValueError(f"must be {_KEYS_A_RUN}")
    return int(text)


def _is_count(number: float) -> bool:
    return 1 <= number <= MAX_KEYS and number == int(number)


def _number(text: str, fits: Callable[[float], bool], says: str) -> float:
    if not _NUMBER.fullmatch(text) or not fits(float(text)):
        raise ValueError(f"must be {says}")
    return float(text)


def _url(text: str, schemes: tuple[str, ...]) -> SplitResult | None:
    """Return the parts of a URL with a host; None for what is none."""
    if not text.isascii() or not text.isprintable() or " " in text or "\\" in text:
        return None
    try:
        parts = urlsplit(text)
        is_one = parts.scheme in schemes and _HOST.fullmatch(parts.hostname or "") is not None
        return parts if is_one and parts.port != 0 and not parts.fragment else None
    except ValueError:
        return None


def _accounts(fields: Fields, field: str) -> tuple[str, ...]:
    values = fields.get(field)
    if isinstance(values, list) and any(type(value) is int for value in values):
        raise fields.fail(
            field, "has a number; write accounts in quotes, or zeros at their beginning are lost"
        )
    return fields.texts(field, is_account, "must be accounts: 12 digits each, in quotes")


def _checked(fields: Fields, field: str, check: Callable[[str], _Value]) -> _Value | None:
    if field not in fields:
        return None
    try:
        return check(fields.text(field))
    except ValueError as error:
        raise fields.fail(field, str(error)) from None


def _file(text: str) -> str:
    if not text.startswith(("/", "~/")) and not re.match(r"[A-Za-z]:[\\/]", text):
        raise ValueError("must be the whole path of a file, from / or ~/")
    return text


def _age(fields: Fields, default: float) -> float:
    if fields.get("max_age") == 0 and type(fields.get("max_age")) is int:
        return 0.0
    found = _checked(fields, "max_age", seconds)
    return default if found is None else found
