r"""What may not adjoin a secret, as lookarounds inside the group `secret`.

Part of the match stage. In: a rule's pattern and boundary. Out: the exact expression.
Inside the group, backtracking respects the boundary; `\b` would not do: `_AKIA` is a leak.
"""

import re
from collections.abc import Mapping
from typing import Final

from leakscan.model import Boundary

_GROUP: Final = "(?P<secret>"
_NAMED: Final = re.compile(r"((?:\(\?[a-z]+\))?\s*)\(\?P<key>")

# A letter or digit that ends an escape does not adjoin what follows: `\nAKIA`, `%3DAKIA`,
# `\u003dAKIA`, `\033[1mAKIA`. An escaped / or + does, in base64.
_TERMINAL: Final = (
    r"(?:\x1b|\\e|\\0?33|(?:%|\\x|\\u00|\\u\{)1[Bb]\}?)\[[0-9;:?]{0,16}[A-Za-z]"
    r"|\[[0-9;:?]{1,16}m|\x1b[()][0-9AB]"
)
_QUOTED_PRINTABLE: Final = r"=(?:0[9AD]|2[027]|3[AD])"
_LETTER: Final = rf"\\[abefnrtv0]|{_TERMINAL}|{_QUOTED_PRINTABLE}"
_ESCAPE: Final = (
    rf"(?<={_LETTER}|\\[0-3][0-7]{{2}}|%(?:25){{0,3}}[0-9A-Fa-f]{{2}}"
    r"|\\u00[0-9A-Fa-f]{2}|\\x[0-9A-Fa-f]{2})"
)
_ESCAPE_64: Final = (
    rf"(?<={_LETTER}|\\(?!05[37])[0-3][0-7]{{2}}|%(?:25){{0,3}}(?!2[BFbf])[0-9A-Fa-f]{{2}}"
    r"|\\u00(?!2[BFbf])[0-9A-Fa-f]{2}|\\x(?!2[BFbf])[0-9A-Fa-f]{2})"
)
_IN_TERMINAL: Final = (
    r"(?<!(?:\x1b|\\e|33|1[Bb]\}?)\[[0-9;:?]{0,16}(?=[0-9;:?]{0,16}[A-Za-z])"
    r"|\x1b[()](?=[0-9AB]))"
)
# Nor does a value begin inside an escape: not at the 2F of `%2F`, not at the n of `\n`.
_UNIT_BEFORE: Final = (
    r"(?<!&\#x2[BFbf];|&\#4[37];)(?<!%(?:25){0,3}(?=[0-9A-Fa-f]{2}))"
    rf"(?<!\\(?=[abefnrtuvx0-3/\\])){_IN_TERMINAL}"
)
_UNIT_AFTER: Final = (
    r"(?!\\{1,7}/|%(?:25){0,3}(?:2[BFbf]|3[Dd])|\\{1,7}(?:u00|x)(?:2[BFbf]|3[Dd])"
    r"|&\#x(?:2[BFbf]|3[Dd]);|&\#(?:4[37]|61);)"
)
# A / or + that is no part of the value: after an id, and where a line of a patch or a comment
# begins.
_LEAD: Final = r"(?<=(?<![A-Za-z0-9])A[KS]IA[A-Z0-9]{16}[+/]|(?:^|\n|\\n)(?:\+|/{1,3}))"
# The password of an address ends where its path begins.
_IN_ADDRESS: Final = r"(?<=://[^\s/:@]{1,64}:)"

_BEFORE: Final[Mapping[Boundary, str]] = {
    Boundary.NONE: "",
    Boundary.ALNUM: rf"(?:(?<![A-Za-z0-9])|{_ESCAPE})",
    # No `=` here: it ends the name before the value far more often than another base64 text.
    Boundary.BASE64: rf"(?:(?<![A-Za-z0-9+/])|{_ESCAPE_64}|{_LEAD}){_UNIT_BEFORE}",
    Boundary.BASE64URL: rf"(?:(?<![A-Za-z0-9_\-])|{_ESCAPE})",
}
_AFTER: Final[Mapping[Boundary, str]] = {
    Boundary.NONE: "",
    Boundary.ALNUM: r"(?![A-Za-z0-9])",
    Boundary.BASE64: rf"(?![A-Za-z0-9+/=]){_UNIT_AFTER}",
    Boundary.BASE64URL: r"(?![A-Za-z0-9_\-=])",
}


def bounded(pattern: str, boundary: Boundary) -> str:
    """Return the pattern with the boundary around the inside of its group `secret`."""
    start = pattern.index(_GROUP) + len(_GROUP)
    end = _closing(pattern, start)
    inner = pattern[start:end]
    value = f"{_BEFORE[boundary]}(?:{inner}){_AFTER[boundary]}"
    if boundary is Boundary.BASE64:
        value += f"|{_IN_ADDRESS}(?:{inner})(?=/)"
    return f"{pattern[:start]}{value}{pattern[end:]}"


def split(pattern: str) -> tuple[str, str, str, str] | None:
    """Return the flags, the group `key`, what follows it and the group `secret` of a pattern.

    None if the pattern does not begin with a name.
    """
    found = _NAMED.match(pattern)
    if found is None:
        return None
    key = _closing(pattern, found.end()) + 1
    secret = pattern.index(_GROUP, key)
    end = _closing(pattern, secret + len(_GROUP)) + 1
    return found[1], pattern[found.end(1) : key], pattern[key:secret], pattern[secret:end]


def _closing(pattern: str, start: int) -> int:
    """Return the index of the parenthesis that closes the group open at start."""
    depth, at, in_class = 1, start, False
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            at += 1
        elif in_class:
            in_class = char != "]"
        elif char == "[":
            in_class = True
            at += pattern.startswith("]", at + 1)
        elif char == "#" and pattern.startswith("(?x"):
            at = pattern.find("\n", at)
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if not depth:
                return at
        at += 1
    raise ValueError("the group secret is not closed")
