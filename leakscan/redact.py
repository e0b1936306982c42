"""Secrets that cannot be printed by accident, and the masking of text that may hold one.

In: raw secret bytes. Out: `Secret`, whose every textual form is a mask, and
`mask_text`, which every string passes on its way out of the program.
"""

import re
from collections.abc import Iterable
from typing import Final

# Any text of exactly 40 characters of the base64 alphabet that is not plain hex may be a secret
# access key; any run of 100 and more may be a session token. Used where the values are not
# known, such as in error messages.
_TOKEN_LIKE: Final = re.compile(
    r"(?<![A-Za-z0-9+/=])(?![0-9a-f]{40}(?![A-Za-z0-9+/=]))"
    r"(?:[A-Za-z0-9+/]{40}|[A-Za-z0-9+/]{100,8192}={0,2})(?![A-Za-z0-9+/=])"
)


class Secret:
    """Bytes that print as a mask; `reveal()` is the only way to the value.

    `label` names the type in the mask, as in `<secret-access-key>`.
    """

    __slots__ = ("_label", "_value")

    def __init__(self, value: bytes, label: str) -> None:
        self._value = value
        self._label = label

    def reveal(self) -> bytes:
        """Return the value itself. Callers answer for where it goes."""
        return self._value

    @property
    def masked(self) -> str:
        """The type of the secret in angle brackets; no character of the value."""
        return f"<{self._label}>"

    def __repr__(self) -> str:
        return self.masked

    __str__ = __repr__

    def __len__(self) -> int:
        return len(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> tuple[type["Secret"], tuple[bytes, str]]:
        # Workers exchange secrets over pipes of our own; nothing else pickles them.
        return Secret, (self._value, self._label)


class Redactor:
    """Masks every known secret, by type, in any text on its way out.

    A value is also masked in the spellings that JSON, URLs and PHP give it, and where git quotes it.
    """

    def __init__(self, secrets: Iterable[Secret]) -> None:
        masks: dict[str, str] = {}
        for secret in secrets:
            for spelling in _spellings(secret.reveal().decode("latin-1")):
                masks[spelling] = secret.masked
        self._masks = masks
        longest_first = sorted(masks, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if masks else None

    def __call__(self, text: str) -> str:
        """Return text with every known secret replaced by its mask."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda found: self._masks[found.group()], text)


def mask_text(text: str) -> str:
    """Mask whatever looks like a secret key or a session token in a text of unknown origin."""
    return _TOKEN_LIKE.sub("<masked>", text)


def _spellings(value: str) -> set[str]:
    escapes = (
        {"/": "\\/"},
        {"/": "\\u002f", "+": "\\u002b", "=": "\\u003d"},
        {"/": "\\u002F", "+": "\\u002B", "=": "\\u003D"},
        {"/": "%2F", "+": "%2B", "=": "%3D"},
        {"/": "%2f", "+": "%2b", "=": "%3d"},
        {"/": "&#x2F;", "+": "&#43;", "=": "&#61;"},
        {"/": "&#47;", "+": "&#x2B;", "=": "&#x3D;"},
    )
    plain = {value, "\0".join(value)}
    return plain | {value.translate(str.maketrans(table)) for table in escapes}


def printable(text: str) -> str:
    r"""Make control, format and separator characters visible as escapes: `\x1b`, `\u202e`.

    A name in a repository must not be able to move the cursor, hide text or forge a line.
    """
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text
    )
