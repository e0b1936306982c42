"""Facts about AWS credentials that need no network: accounts, generations, canaries, known fakes.

In: the text of an access key id or a secret. Out: what can be read from it. Nothing here asks AWS,
and nothing here says whether a key works. Published sample values carry a mark that is removed
when this module is loaded, so that no scanner takes this file for a leak.
"""

import re
from base64 import b32decode, b64decode
from collections.abc import Iterator, Mapping
from typing import Final, Literal

from leakscan.record import Record
from leakscan.verdict import VerdictState

Generation = Literal["new", "old"]

_BASE32: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
_PREFIXES: Final = ("AKIA", "ASIA", "ABIA", "ACCA", "AIDA", "AROA")
_MAX_ACCOUNT: Final = 999_999_999_999

_THINKST: Final = (
    "052310077262", "171436882533", "534261010715", "595918472158", "717712589309",
    "819147034852", "992382622183", "730335385048", "266735846894", "893192397702",
)  # fmt: skip
_LOOK_ALIKES: Final = (
    "044858866125", "251535659677", "344043088457", "351906852752", "390477818340",
    "426127672474", "427150556519", "439872796651", "445142720921", "465867158099",
    "637958123769", "693412236332", "732624840810", "735421457923", "959235150393",
    "982842642351",
)  # fmt: skip
CANARY_ACCOUNTS: Final = frozenset(_THINKST + _LOOK_ALIKES)
"""Accounts whose keys are tripwires: those of canarytokens.org, then look-alike services.

Source: the public lists of trufflesecurity/trufflehog (pkg/detectors/aws), as of 3ab759f.
"""

DOCUMENTATION_ACCOUNTS: Final[Mapping[str, str]] = {
    "000000000000": "the default account of LocalStack",
    "123456789012": "the sample account of the AWS documentation, moto and LocalStack",
    "111122223333": "a sample account of the AWS documentation",
    "444455556666": "a sample account of the AWS documentation",
    "777788889999": "a sample account of the AWS documentation",
    **{digit * 12: "a made-up account of one digit" for digit in "123456789"},
}
"""Accounts that stand in documentation and test doubles, and who uses them.

Source: AWS General Reference, sample accounts; getmoto/moto and localstack/localstack defaults.
"""


def _unmark(*values: str) -> frozenset[str]:
    return frozenset(value.replace("%%", "") for value in values)


_FAKE_IDS: Final = _unmark(
    "AKIA%%IOSFODNN7EXAMPLE", "AKIA%%I44QH8DHBEXAMPLE", "AKIA%%DEADBEEFDEADBEEF"
)
_FAKE_SECRETS: Final = _unmark(
    "wJalrXUtnFEMI/K7MDENG/%%bPxRfiCYEXAMPLEKEY",
    "wJalrXUtnFEMI/K7MDENG/%%bPxRfiCYzEXAMPLEKEY",
    "je7MtGbClwBF/2Zp9Utk/%%h3yCo8nvbEXAMPLEKEY",
    "zuf+tfteSlswRu7BJ86w%%ekitnifILbZam1KYY3TG",
)


def account_id(key_id: str) -> str | None:
    """Return the 12-digit account an access key id was made for, None if it does not tell.

    Old ids do not tell, nor do those that AWS cannot have made. ABIA and ACCA ids are read like
    the others. The layout is an undocumented property of ids.

    Source: WithSecure Labs and TalBeery, "A short note on AWS KEY ID": base32 of 80 bits, the
    first is the generation, the next 40 are the account.
    """
    bits = _bits(key_id)
    if bits is None or not bits >> 79:
        return None
    account = bits >> 39 & (1 << 40) - 1
    return f"{account:012d}" if account <= _MAX_ACCOUNT else None


def generation(key_id: str) -> Generation | None:
    """Return the generation of an access key id, None if AWS cannot have made it.

    Source: as `account_id`; the first bit after the prefix.
    """
    bits = _bits(key_id)
    if bits is None:
        return None
    if not bits >> 79:
        return "old"
    return "new" if account_id(key_id) else None


def _bits(key_id: str) -> int | None:
    """Return the 80 bits after the prefix; 21-character ids have one character more, not read."""
    body = key_id[4:20]
    if not key_id.startswith(_PREFIXES) or len(body) != 16 or not _BASE32.issuperset(key_id[4:]):
        return None
    return int.from_bytes(b32decode(body), "big")


def is_canary(account: str | None) -> bool:
    """Return whether keys of the account are tripwires; asking AWS about one sets it off."""
    return account in CANARY_ACCOUNTS


def is_tripwire(key_id: str | None, state: VerdictState) -> bool:
    """Return whether a key is a canary: its verdict says so, or else its account.

    All that tells of one, and what to do about it, asks here.
    """
    return state is VerdictState.CANARY or is_canary(account_id(key_id or ""))


def documentation_account(account: str | None) -> str | None:
    """Return who uses the account as a sample, None if nobody is known to."""
    return DOCUMENTATION_ACCOUNTS.get(account or "")


def known_fake_id(key_id: str) -> bool:
    """Return whether the id is a published sample, or made by LocalStack.

    Source: samples of the AWS documentation end with EXAMPLE; LocalStack's own prefixes are LKIA
    and LSIA (localstack/localstack, aws/accounts.py).
    """
    return key_id in _FAKE_IDS or key_id.endswith("EXAMPLE") or key_id.startswith(("LKIA", "LSIA"))


def known_fake_secret(secret: str) -> bool:
    """Return whether the secret is a published sample.

    Source: samples of the AWS documentation end with EXAMPLEKEY; moto has one of 41 characters;
    MinIO documents one for its public playground, play.min.io.
    """
    return secret in _FAKE_SECRETS or secret.endswith("EXAMPLEKEY")


# -- partitions ---------------------------------------------------------------------------


class Partition(Record, frozen=True):
    """A part of AWS with its own accounts and keys; a key of one is unknown to the others."""

    name: str
    dns_suffix: str
    region_pattern: str
    default_region: str
    """Where leakscan asks STS if nothing else is known."""


_DIRECTION: Final = "(?:north|south|east|west|central|northeast|northwest|southeast|southwest)"
PARTITIONS: Final[Mapping[str, Partition]] = {
    name: Partition(name, suffix, rf"(?:{areas})-{_DIRECTION}-[1-9][0-9]?", region)
    for name, suffix, areas, region in (
        ("aws", "amazonaws.com", "us|eu|ap|sa|ca|me|af|il|mx", "us-east-1"),
        ("aws-us-gov", "amazonaws.com", "us-gov", "us-gov-west-1"),
        ("aws-cn", "amazonaws.com.cn", "cn", "cn-north-1"),
        ("aws-eusc", "amazonaws.eu", "eusc-de", "eusc-de-east-1"),
        ("aws-iso", "c2s.ic.gov", "us-iso", "us-iso-east-1"),
        ("aws-iso-b", "sc2s.sgov.gov", "us-isob", "us-isob-east-1"),
        ("aws-iso-e", "cloud.adc-e.uk", "eu-isoe", "eu-isoe-west-1"),
        ("aws-iso-f", "csp.hci.ic.gov", "us-isof", "us-isof-south-1"),
    )
}
"""All partitions by name. Source: botocore, data/partitions.json; a test compares the two."""


_AWS_REGIONS: Final = (
    "us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1",
    "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "ap-south-1",
    "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-southeast-1", "ap-southeast-2",
)  # fmt: skip
REGIONS_OF_ALL: Final = frozenset(_AWS_REGIONS)
"""The regions of the partition `aws` that every account has; every later one is switched on.

In one that an account has not switched on, its keys are as unknown as those that do not exist.
Source: AWS Account Management Reference, "Enable or disable AWS Regions"; aws/aws-sdk-ruby#2850.
"""
REGIONS: Final = REGIONS_OF_ALL | frozenset(
    (
        "af-south-1", "ap-east-1", "ap-east-2", "ap-south-2", "ap-southeast-3", "ap-southeast-4",
        "ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ca-west-1", "eu-central-2",
        "eu-south-1", "eu-south-2", "il-central-1", "me-central-1", "me-south-1", "me-west-1",
        "mx-central-1", "sa-west-1",
        "us-gov-east-1", "us-gov-west-1", "cn-north-1", "cn-northwest-1", "eusc-de-east-1",
        "us-iso-east-1", "us-iso-west-1", "us-isob-east-1", "us-isob-west-1", "eu-isoe-west-1",
        "us-isof-east-1", "us-isof-south-1",
    )
)  # fmt: skip
"""Regions that are known to exist. Source: botocore, data/partitions.json; a test compares them."""


def partition_of(region: str) -> Partition | None:
    """Return the partition whose regions are named like this one; None if none are."""
    for partition in PARTITIONS.values():
        if re.fullmatch(partition.region_pattern, region):
            return partition
    return None


# -- session tokens -----------------------------------------------------------------------

_ORIGIN: Final = b"\x21\x0a\x09origin_ec"
_HEAD_CHARS: Final = 160
"""Characters of a token that are decoded; its region ends within the first 60."""
_REGION_FIELD: Final = 3


def token_region(token: bytes) -> str | None:
    """Return the region that issued a session token, None if the token does not tell.

    Only tokens that begin with IQoJ tell. The layout is an undocumented property of tokens.

    Source: TalBeery, "Revealing the Inner Structure of AWS Session Tokens": base64 of a byte and
    a protobuf message; field 1 is the origin, field 3 the region, the signature comes later.
    """
    try:
        head = b64decode(token[:_HEAD_CHARS], validate=True)
        if not head.startswith(_ORIGIN):
            return None
        regions = (value for number, value in _fields(head[1:]) if number == _REGION_FIELD)
        region = next(regions, b"").decode("ascii")
    except ValueError:
        return None
    return region if partition_of(region) else None


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the number and the bytes of each length-delimited field that is whole.

    Source: Protocol Buffers documentation, "Encoding". Raises ValueError for anything else.
    """
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        if tag & 7 == 0:
            _, at = _varint(data, at)
            continue
        if tag & 7 != 2:
            raise ValueError("no such field in a token")
        size, start = _varint(data, at)
        at = start + size
        if at <= len(data):
            yield tag >> 3, data[start:at]


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the number of at most 64 bits that starts at an offset, and where it ends."""
    value = 0
    for place, byte in enumerate(data[at : at + 10]):
        value |= (byte & 127) << 7 * place
        if byte < 128:
            return value, at + place + 1
    raise ValueError("no end of a number")
