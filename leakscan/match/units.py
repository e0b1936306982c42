"""The spellings that formats give to the characters of a secret, and their plain form.

Part of the match stage. In: the bytes of a match. Out: the value they stand for.
"""

import re
from typing import Final

_PLAIN: Final = {
    rb"\/": b"/",
    b"%2f": b"/",
    b"%2b": b"+",
    b"%3d": b"=",
    rb"\u002f": b"/",
    rb"\u002b": b"+",
    rb"\u003d": b"=",
    b"&#x2f;": b"/",
    b"&#x2b;": b"+",
    b"&#x3d;": b"=",
    b"&#47;": b"/",
    b"&#43;": b"+",
    b"&#61;": b"=",
}
_ONE_CASE: Final = re.compile(rb"[^A-Z]*|[^a-z]*")
_HEX: Final = re.compile(rb"[0-9A-Fa-f]*")
_SPELLING: Final = re.compile(b"|".join(map(re.escape, _PLAIN)), re.IGNORECASE)


def normalise(value: bytes) -> bytes:
    """Return value with every escaped /, + and = as the character itself."""
    return _SPELLING.sub(lambda found: _PLAIN[found.group().lower()], value)


def no_secret(value: bytes) -> bool:
    """Return whether a value is for sure no secret: hex digits, or letters of one case only."""
    return bool(_ONE_CASE.fullmatch(value)) or bool(_HEX.fullmatch(value))
