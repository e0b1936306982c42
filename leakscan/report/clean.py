r"""Text of a report: the only place where bytes become str, in two steps that nothing may skip.

In: bytes and str of a result. Out: str that every encoder accepts, without a secret.

1. `text_of` decodes as UTF-8; what is not UTF-8 becomes `\xff` in letters, so no lone
   surrogate reaches a report.
2. Every string passes a `Redactor` that knows all secrets and tokens of all findings, those
   of low confidence too.

Masking comes before any quoting, escaping or wrapping, so no later spelling can undo it.
"""

from collections.abc import Callable, Iterable
from typing import Final

from leakscan.model import DEEP_PATH
from leakscan.redact import mask_text


def text_of(value: bytes | str) -> str:
    r"""Decode to text that every encoder accepts; bytes that are not UTF-8 become `\xff`."""
    raw = value if isinstance(value, bytes) else _encode(value)
    return raw.decode("utf-8", "backslashreplace")


def _encode(text: str) -> bytes:
    """Return UTF-8, with the bytes that Python hides in lone surrogates restored."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace")


_MAX_KEPT: Final = 8 << 20
"""Characters of texts that are kept with what became of them."""


class Cleaner:
    """Decodes and masks the strings of a report.

    The same steps, paths and refs come with one finding after the other: each is masked once.
    """

    def __init__(self, mask: Callable[[str], str]) -> None:
        self.mask = mask
        self._kept: dict[bytes | str, str] = {}
        self._room = _MAX_KEPT
        self.known_names: dict[bytes | str, str] = {}

    def one(self, value: bytes | str) -> str:
        """Return the text of a value, with known secrets masked."""
        text = self._kept.get(value)
        if text is None:
            text = self.mask(text_of(value))
            if len(value) <= self._room:
                self._room -= len(value)
                self._kept[value] = text
        return text

    def maybe(self, value: bytes | str | None) -> str | None:
        """Return None for None and for an empty value: the model's word for "has none"."""
        return self.one(value) if value else None

    def path(self, value: bytes | None) -> str | None:
        """Return None for None alone: a hostile tree can hold an empty name."""
        if value is None:
            return None
        return self.name(value) if value.count(b"/") > DEEP_PATH else self.one(value)

    def many(self, values: Iterable[bytes | str]) -> list[str]:
        """Return `one` of each."""
        return [self.one(value) for value in values]

    def name(self, value: bytes | str) -> str:
        """Mask also what only looks like a secret: a name may be the one place it was read from."""
        if value not in self.known_names:  # The same refs hold one finding after the other.
            self.known_names[value] = mask_text(self.one(value))
        return self.known_names[value]

    def names(self, values: Iterable[bytes | str]) -> list[str]:
        """Return `name` of each."""
        return [self.name(value) for value in values]
