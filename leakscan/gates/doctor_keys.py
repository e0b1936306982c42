"""Synthetic credentials, new in every run: they look like AWS's and were never issued.

In: nothing but chance. Out: the lines of an env file that hold an id and its secret.
"""

import secrets
import string
from base64 import b32encode
from typing import Final

from leakscan import aws
from leakscan.score.entropy import shannon

_BASE64: Final = string.ascii_letters + string.digits + "+/"
_CLASSES: Final = tuple(map(set, (string.ascii_uppercase, string.ascii_lowercase, string.digits)))
# Clear of every threshold of the rules: what is tried is the gate, not the score.
_LEAST_ID_BITS: Final = 3.3
_LEAST_SECRET_BITS: Final = 4.6


def synthetic_key() -> bytes:
    """Return two lines: an access key id and a secret access key.

    The id has the new generation's bit and an account of 11 or 12 digits that is no canary's and
    stands in no documentation. Source: `aws.account_id`.
    """
    return f"AWS_ACCESS_KEY_ID={_key_id()}\nAWS_SECRET_ACCESS_KEY={_secret()}\n".encode()


def _key_id() -> str:
    while True:
        number = 1 << 79 | _between(10**10, 10**12) << 39 | secrets.randbits(39)
        made = "AKIA" + b32encode(number.to_bytes(10, "big")).decode()
        account = aws.account_id(made)
        known = aws.is_canary(account) or aws.documentation_account(account) is not None
        if not known and shannon(made.encode()) > _LEAST_ID_BITS:
            return made


def _secret() -> str:
    while True:
        made = "".join(secrets.choice(_BASE64) for _ in range(40))
        if all(set(made) & one for one in _CLASSES) and shannon(made.encode()) > _LEAST_SECRET_BITS:
            return made


def _between(low: int, high: int) -> int:
    return low + secrets.randbelow(high - low)
