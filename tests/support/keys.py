"""Random credentials that look like real ones; the same seed always gives the same values.

In: a seed. Out: `Leak`, a key id with the secret (and token) that belong to it, and the
bytes to plant. No value here was ever issued: the generator knows the shapes only.
"""

import base64
import math
import random
import string
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

BASE64: Final = string.ascii_letters + string.digits + "+/"

# Accounts that documentation, test doubles and canary services use; a scanner may treat keys of
# these differently, so none is ever generated.
KNOWN_ACCOUNTS: Final = frozenset(
    {
        0, 123456789012, 111122223333, 444455556666, 777788889999, 111111111111, 222222222222,
        333333333333, 444444444444, 555555555555, 666666666666, 777777777777, 888888888888,
        999999999999, 52310077262, 171436882533, 534261010715, 595918472158, 717712589309,
        819147034852, 992382622183, 730335385048, 266735846894, 893192397702, 44858866125,
        251535659677, 344043088457, 351906852752, 390477818340, 426127672474, 427150556519,
        439872796651, 445142720921, 465867158099, 637958123769, 693412236332, 732624840810,
        735421457923, 959235150393, 982842642351,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Leak:
    """One planted credential and where its parts stand in `env()`."""

    key_id: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)

    def env(self) -> bytes:
        """The credential as an env file: id in line 1, secret in line 2, token in line 3."""
        lines = [f"AWS_ACCESS_KEY_ID={self.key_id}", f"AWS_SECRET_ACCESS_KEY={self.secret}"]
        if self.token:
            lines.append(f"AWS_SESSION_TOKEN={self.token}")
        return "".join(f"{line}\n" for line in lines).encode()

    def one_line(self) -> bytes:
        """The credential as assignments in one line without a newline."""
        return b" ".join(self.env().splitlines())

    def json(self) -> bytes:
        r"""The credential as JSON in which every slash is written `\/`."""
        secret = self.secret.replace("/", r"\/")
        return (
            f'{{\n  "AccessKeyId": "{self.key_id}",\n  "SecretAccessKey": "{secret}"\n}}\n'
        ).encode()

    def values(self) -> tuple[str, ...]:
        """The parts that must never be printed."""
        return (self.secret, self.token) if self.token else (self.secret,)


class KeyMaker:
    """Makes random credentials from one seed."""

    def __init__(self, seed: int | str) -> None:
        self._random = random.Random(seed)

    def leak(self, *, slash: bool = False, token: bool = False) -> Leak:
        """Return a new credential; with `slash` its secret holds `/` and `+`."""
        secret = self.secret()
        while slash and not ("/" in secret and "+" in secret):
            secret = self.secret()
        if token:
            return Leak(self.key_id("ASIA"), secret, self.token())
        return Leak(self.key_id(), secret)

    def leaks(self, count: int) -> list[Leak]:
        """Return `count` different credentials."""
        return [self.leak() for _ in range(count)]

    def key_id(self, prefix: str = "AKIA") -> str:
        """Return an id of the new generation (first bit 1) that names an account below 10^12.

        Source: the bit layout published by WithSecure Labs and TalBeery.
        """
        account = self._random.randrange(10**10, 10**12)
        while account in KNOWN_ACCOUNTS:
            account = self._random.randrange(10**10, 10**12)
        number = 1 << 79 | account << 39 | self._random.getrandbits(39)
        made = prefix + base64.b32encode(number.to_bytes(10, "big")).decode()
        return made if entropy_bits(made) > 3.2 else self.key_id(prefix)

    def secret(self) -> str:
        """Return 40 characters of base64 with upper case, lower case, a digit and high entropy."""
        while True:
            made = "".join(self._random.choices(BASE64, k=40))
            classes = (string.ascii_uppercase, string.ascii_lowercase, string.digits)
            if entropy_bits(made) > 4.4 and all(set(made) & set(one) for one in classes):
                return made

    def token(self) -> str:
        """Return a session token of the form that names its origin at the start."""
        body = b"\x21\x0a\x09origin_ec" + self._random.randbytes(300)
        return base64.b64encode(body).decode()


def entropy_bits(text: str) -> float:
    """Return the Shannon entropy of text in bits per character."""
    counts = Counter(text).values()
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts)
