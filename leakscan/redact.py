"""Secrets that cannot be printed by accident, and the masking of text that may hold one.

In: raw secret bytes. Out: `Secret`, whose every textual form is a mask, and
`mask_text`, which every string passes on its way out of the program.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

_RUN: Final = re.compile(r"[A-Za-z0-9+/]{40,}={0,2}")
_HEX: Final = re.compile(r"[0-9a-fA-F]*\Z")
_SECRET_LENGTH: Final = 40
_TOKEN_LENGTH: Final = 100
_LEAST_CHANGES: Final = 10
"""Changes between capitals, small letters and digits in 40 characters: words in a path mostly have
fewer; of 30 000 random secrets one had fewer than 13."""

# The spellings of one ASCII character; the number of backslashes and of %25 grows with each
# quoting of what was quoted before.
_ESCAPED: Final = re.compile(
    r"\\+(?P<slash>/)|%(?:25)*(?P<percent>[2-7][0-9a-fA-F])"
    r"|\\+(?:u00|x)(?P<backslash>[2-7][0-9a-fA-F])"
    r"|&#(?:[xX]0*(?P<hex>[2-7][0-9a-fA-F])|0*(?P<decimal>[1-9][0-9]{1,2}));|\x00"
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

    A value is masked in every spelling that escapes some or all of its characters as JSON, URLs,
    XML or PHP do, also in mixtures of them, and with NUL bytes between its characters. The time
    for a text does not grow with the number of secrets.
    """

    def __init__(self, secrets: Iterable[Secret]) -> None:
        self._masks = {s.reveal().decode("latin-1"): s.masked for s in secrets if len(s) > 0}
        self._head = min(map(len, self._masks), default=0)
        self._values: dict[str, list[str]] = {}
        for value in sorted(self._masks, key=len, reverse=True):
            self._values.setdefault(value[: self._head], []).append(value)
        # A value lies in a run of characters that values have: words of a text are mostly shorter.
        chars = re.escape("".join(sorted(set().union(*self._masks))))
        self._run = re.compile(f"[{chars}]{{{self._head},}}") if chars else _RUN

    def __call__(self, text: str) -> str:
        """Return text with every known secret replaced by its mask."""
        if not self._masks or len(text) < self._head:
            return text
        # As it stands first: undoing escapes could swallow the first character of a value.
        text = self._mask(text, text, range(len(text) + 1))
        if _ESCAPED.search(text) is None:
            return text
        return self._mask(text, *_unescape(text))

    def _mask(self, text: str, plain: str, starts: Sequence[int]) -> str:
        """Mask what `plain` holds; `starts` says where in text each character of it begins."""
        parts: list[str] = []
        done = 0
        for at, value in self._found(plain):
            parts += text[done : starts[at]], self._masks[value]
            done = starts[at + len(value)]
        return "".join([*parts, text[done:]]) if parts else text

    def _found(self, plain: str) -> Iterator[tuple[int, str]]:
        """Yield the values in a text and where they begin, none inside another."""
        for run in self._run.finditer(plain):
            at = run.start()
            while at + self._head <= run.end():
                value = self._value_at(plain, at)
                if value is None:
                    at += 1
                else:
                    yield at, value
                    at += len(value)

    def _value_at(self, plain: str, at: int) -> str | None:
        values = self._values.get(plain[at : at + self._head])
        if values is None:
            return None
        return next((value for value in values if plain.startswith(value, at)), None)


def mask_text(text: str) -> str:
    """Mask whatever looks like a secret key or a session token in a text of unknown origin.

    For texts such as error messages, where the values are not known. In a path, what stands
    between two slashes is tried, so that the folders before a secret stay; hex ids stay too.
    """
    return _RUN.sub(lambda found: _mask_run(found.group()), text)


def may_hold_secret(text: str) -> bool:
    """Say whether any 40 characters in a row look like a secret, whatever stands beside them.

    For names that are left out where they are doubtful: unlike `mask_text`, this takes a word of
    many capitals and digits for one sooner than it misses a secret within a longer name.
    """
    return any(_has_random_part(found.rstrip("=").replace("/", "")) for found in _RUN.findall(text))


def _has_random_part(plain: str) -> bool:
    """Look at each 40 characters; a secret with slashes, which are gone, has fewer."""
    is_change = [_class(one) != _class(other) for one, other in pairwise(plain)]
    size = _SECRET_LENGTH - 1
    changes = sum(is_change[:size])
    if changes >= _LEAST_CHANGES and not _HEX.match(plain[:_SECRET_LENGTH]):
        return True
    for end in range(size, len(is_change)):
        start = end - size
        changes += is_change[end] - is_change[start]
        part = plain[start + 1 : end + 2]
        if changes >= _LEAST_CHANGES and not _HEX.match(part):
            return True
    return False


def _mask_run(run: str) -> str:
    length = len(run)
    if length >= _TOKEN_LENGTH and _looks_random(run):
        return "<masked>"
    for start in range(length - _SECRET_LENGTH + 1):
        end = start + _SECRET_LENGTH
        begins = start == 0 or run[start - 1] == "/"
        ends = end == length or run[end] in "/="
        if begins and ends and _looks_random(run[start:end]):
            return f"{run[:start]}<masked>{_mask_run(run[end:])}"
    return run


def _looks_random(text: str) -> bool:
    """Tell by how often the class of the characters changes, slashes apart."""
    plain = text.replace("/", "").rstrip("=")
    changes = sum(_class(one) != _class(other) for one, other in pairwise(plain))
    return changes * _SECRET_LENGTH >= _LEAST_CHANGES * len(text) and not _HEX.match(plain)


def _class(char: str) -> int:
    return 0 if char.isupper() else 1 if char.islower() else 2 if char.isdigit() else 3


def _unescape(text: str) -> tuple[str, list[int]]:
    """Return text without escapes, and where each of its characters, and its end, begin in text."""
    chars: list[str] = []
    starts: list[int] = []
    done = 0
    for found in _ESCAPED.finditer(text):
        chars += text[done : found.start()]
        starts += range(done, found.start())
        done = found.end()
        char = _meaning(found)
        chars += char
        starts += [found.start()] * len(char)
    chars += text[done:]
    starts += range(done, len(text) + 1)
    return "".join(chars), starts


def _meaning(found: re.Match[str]) -> str:
    """Return the character that an escape stands for; nothing for a NUL byte."""
    if found["slash"]:
        return "/"
    if found["decimal"]:
        return chr(int(found["decimal"]))
    code = found["percent"] or found["backslash"] or found["hex"]
    return chr(int(code, 16)) if code else ""
