"""Rules become one Hyperscan database and one exact expression each.

Part of the match stage. In: `RuleSet`. Out: `Compiled`. The database only has to be complete: it
may pass too much, never too little; `matcher` lets the exact expressions decide.
"""

import re
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from re import _parser as parser  # type: ignore[attr-defined]
from typing import TYPE_CHECKING, Final

import hyperscan

from leakscan.match.boundary import bounded, split
from leakscan.match.needles import (
    Expression,
    anywhere,
    compile_database,
    first_phase,
    needle,
    reach,
)
from leakscan.match.units import no_secret, without_digests
from leakscan.model import Boundary, Part, Rule, RuleSet
from leakscan.record import Record

if TYPE_CHECKING:
    import regex  # Where it is used, it is imported: most scans never get that far.

_LIST: Final = 1 << 16
"""Bytes of needles without a gap that make a list worth a pass to clear it of digests."""
_MIB: Final = 1 << 20
_MARGIN: Final = 96
"""Bytes a match may begin before its needle, and what a boundary looks at."""
_MAX_KNOWN: Final = 512
_MAX_KNOWN_WINDOW: Final = 16 << 10
_RUN: Final = re.compile(rb"[A-Za-z0-9+/\\%&#;=]*")


class Hit(Record, frozen=True):
    """A value as it is written, where it stands, and where its name begins, if it has one."""

    value: bytes
    start: int
    end: int
    name: int | None = None

    def moved(self, by: int) -> "Hit":
        """Return the same some bytes further on."""
        name = None if self.name is None else self.name + by
        return Hit(self.value, self.start + by, self.end + by, name)


class Behind(Record, frozen=True):
    """Looks for the value of a name behind another value that cannot be a secret."""

    name: "regex.Pattern[bytes]"
    value: "regex.Pattern[bytes]"
    reach: int
    """Bytes from the end of a name within which its value begins."""

    def search(
        self, text: bytes, decoy: "regex.Match[bytes]", end: int, timeout_s: float
    ) -> Iterator[Hit]:
        """Yield the first value behind the decoy that may be a secret, unless a name precedes it.

        Raises: TimeoutError.
        """
        last = decoy.end("key") + self.reach
        at = decoy.end("secret")
        while found := self.value.search(text, at, end, timeout=timeout_s):
            start = found.start("secret")
            if start > last or self.name.search(text, at, start):
                return
            if not no_secret(found["secret"]):
                yield Hit(found["secret"], *found.span("secret"), decoy.start("key"))
                return
            at = found.end("secret")


class Exact:
    """The authority on one rule: its expression, and how far around a needle's end it must look.

    Compiled when a needle is first hit: in most repositories, most rules never are.
    """

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self._known: dict[tuple[int, bytes], list[Hit]] = {}
        """What was in windows of late: the versions of a file bring most of them again."""

    @cached_property
    def pattern(self) -> "regex.Pattern[bytes]":
        """The expression that decides."""
        return exact_pattern(self.rule.pattern, self.rule.boundary)

    @cached_property
    def before(self) -> int:
        """Bytes before the end of a needle at which a match can begin."""
        return _width(needle(self.rule)) + _MARGIN

    @cached_property
    def after(self) -> int:
        """Bytes behind the end of a needle at which a match can end."""
        return _width(self.rule.pattern)

    @cached_property
    def behind(self) -> Behind | None:
        """How to look behind a decoy, where a name stands before the value."""
        return _behind(self.rule)

    def search(
        self, text: bytes, ends: Collection[Sequence[int]], timeout_s: float
    ) -> Iterator[Hit]:
        """Yield the matches around needles, those that overlap included.

        `ends` are ranges of places where needles end, in order. `timeout_s` is for each window
        and each MiB of one, so that the size of a content does not decide; the time that the
        caller takes between two matches does not count. What no secret can be is left out.

        Raises: TimeoutError.
        """
        if self.rule.near and any(last - first > _LIST for first, last in ends):
            text = without_digests(text)
        for start, end in self._windows(text, ends):
            if end - start > _MAX_KNOWN_WINDOW:
                yield from self._search(text, start, end, timeout_s)
                continue
            before = min(start, _MARGIN)  # What an expression may look at, and not take.
            window = before, text[start - before : end]
            hits = self._known.get(window)
            if hits is None:
                if len(self._known) == _MAX_KNOWN:
                    self._known.clear()
                hits = []
                try:
                    hits += (h.moved(-start) for h in self._search(text, start, end, timeout_s))
                    self._known[window] = hits
                except TimeoutError:
                    yield from (hit.moved(start) for hit in hits)
                    raise
            yield from (hit.moved(start) for hit in hits)

    def _search(self, text: bytes, start: int, end: int, timeout_s: float) -> Iterator[Hit]:
        at = start
        left = timeout_s * max(1.0, (end - start) / _MIB)
        while True:
            began = time.monotonic()
            found = self.pattern.search(text, at, end, timeout=max(left, 1e-6))
            left -= time.monotonic() - began
            if found is None:
                return
            # A name before the value cannot begin inside it, but another value can.
            at = found.start("secret") + 1
            if self.rule.part is Part.KEY_ID or not no_secret(found["secret"]):
                yield Hit(found["secret"], *found.span("secret"), _name_start(found))
            elif self.behind:
                yield from self.behind.search(text, found, end, max(left, 1e-6))

    def _windows(self, text: bytes, ends: Iterable[Sequence[int]]) -> Iterator[tuple[int, int]]:
        """Yield the bytes that matches can take, windows that touch as one.

        A needle ends inside the secret or with it, so a match ends where the run of bytes that
        secrets are made of ends, at the latest.
        """
        start = stop = -1
        for first, last in ends:
            begin = max(first - self.before, 0)
            run = _RUN.match(text, last, min(last + self.after, len(text)))
            after = min((run.end() if run else last) + _MARGIN, len(text))
            if begin <= stop:
                stop = max(stop, after)
                continue
            if stop >= 0:
                yield start, stop
            start, stop = begin, after
        if stop >= 0:
            yield start, stop


class Compiled(Record, frozen=True):
    """Everything a matcher needs.

    `first` finds the needles of all rules and the anchors of all encodings; `bare` those of the
    rules that are only looked for near something, anywhere. `width` is the most bytes that decide
    on one hit of `first`.
    """

    exact: tuple[Exact, ...]
    expressions: tuple[Expression, ...]
    first: hyperscan.Database
    bare: hyperscan.Database | None
    bare_rules: tuple[int, ...]
    width: int


def compile_rules(rules: RuleSet, cache: Path | None = None) -> Compiled:
    """Compile all rules and all encodings, or load from the folder `cache` what it holds of them.

    Raises: NeedleError.
    """
    expressions = first_phase(rules.rules)
    near = tuple(number for number, rule in enumerate(rules.rules) if rule.near)
    return Compiled(
        exact=tuple(map(Exact, rules.rules)),
        expressions=tuple(expressions),
        first=compile_database(expressions, rules.rules, cache),
        bare=compile_database([anywhere(rules.rules[n], n) for n in near], rules.rules, cache)
        if near
        else None,
        bare_rules=near,
        width=max(map(reach, expressions)),
    )


def exact_pattern(pattern: str, boundary: Boundary) -> "regex.Pattern[bytes]":
    """Return the expression that decides, with its boundary."""
    import regex

    return regex.compile(bounded(pattern, boundary).encode("latin-1"), regex.VERSION0)


def _behind(rule: Rule) -> Behind | None:
    """Return how to look behind a decoy; None for rules without a name before the value."""
    import regex

    parts = split(rule.pattern)
    if parts is None:
        return None
    flags, name, gap, value = parts
    return Behind(
        name=regex.compile((flags + name).encode("latin-1"), regex.VERSION0),
        value=exact_pattern(flags + value, rule.boundary),
        reach=_width(flags + gap),
    )


def _name_start(found: "regex.Match[bytes]") -> int | None:
    return found.start("key") if "key" in found.re.groupindex else None


def _width(pattern: str) -> int:
    width: int = parser.parse(pattern.encode("latin-1")).getwidth()[1]
    return width
