"""The spellings that formats give to the characters of a secret, and their plain form.

Part of the match stage. In: the bytes of a match. Out: the value they stand for.
"""

import re
from typing import Final

_PLAIN: Final = {b"2f": b"/", b"2b": b"+", b"3d": b"=", b"47": b"/", b"43": b"+", b"61": b"="}
# Each quoting of what was quoted doubles the backslashes or adds a %25; three deep is enough.
_SPELLING: Final = re.compile(
    rb"(?i)\\{1,7}(?P<slash>/)|%(?:25){0,3}(?P<percent>2f|2b|3d)"
    rb"|\\{1,7}(?:u00|x)(?P<backslash>2f|2b|3d)|&\#x(?P<hex>2f|2b|3d);|&\#(?P<decimal>47|43|61);"
)
_DIGEST: Final = re.compile(rb"(?<![A-Za-z0-9+/])(?:[0-9a-f]{40,}|[0-9A-F]{40,})(?![A-Za-z0-9+/=])")
_ONE_CASE: Final = re.compile(rb"[^A-Z]*|[^a-z]*")
_HEX: Final = re.compile(rb"[0-9A-Fa-f]*")


def normalise(value: bytes) -> bytes:
    """Return value with every escaped /, + and = as the character itself."""
    return _SPELLING.sub(lambda found: _PLAIN.get(found[found.lastgroup or 0].lower(), b"/"), value)


def no_secret(value: bytes) -> bool:
    """Return whether a value is for sure no secret: hex digits, or letters of one case only."""
    return bool(_ONE_CASE.fullmatch(value)) or bool(_HEX.fullmatch(value))


def without_digests(text: bytes) -> bytes:
    """Return text with blanks for hex digits as long as a secret, each in its place.

    A list of object ids would otherwise take the exact expression half a minute.
    """
    return _DIGEST.sub(lambda found: b" " * len(found.group()), text)
