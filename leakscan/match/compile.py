"""Rules become one Hyperscan database and one exact expression each.

Part of the match stage. In: `RuleSet`. Out: `Compiled`. The database only has to be complete: it
may pass too much, never too little; `matcher` lets the exact expressions decide.
"""

import re
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Final

import hyperscan
import regex

from leakscan.errors import ExitCode, LeakscanError
from leakscan.match.boundary import bounded, split
from leakscan.match.cache import compiled, database
from leakscan.match.units import no_secret, without_digests
from leakscan.model import MAX_NEEDLE_WIDTH, Boundary, Encoding, Part, Rule, RuleSet

_GAP: Final = 100
# Words that make a bare token worth a look within _GAP bytes. Names of keys, and few of them: with
# `aws` alone, which is on every line of an AWS SDK, the first phase falls from 1.7 to 0.6 GB/s.
_NEAR: Final = r"(?:access.?key|aws.?key|s3.?key|aws.?pass|aws.?cred)"
# What may stand before a token: what `boundary` lets stand there for base64.
_BEFORE: Final = (
    r"[^A-Za-z0-9+/][+/]{0,3}|\\[abefnrtv0][+/]{0,3}|A[KS]IA[A-Z0-9]{16}[+/]|(?:%|%25|\\x|\\u00)[0-9A-Fa-f]{2}|\\[0-3][0-7]{2}"
    r"|[0-9;:?\[][A-Za-z]|\x1b[()][0-9AB]|=[023][0-9AD]"
)
_NEAR_ANCHORS: Final = (b"access", b"aws", b"amazon")
# Hyperscan looks for up to 48 words with the engine Teddy and for more with FDR, which on the
# whole is 1.5 to 1.8 times as fast where, as in all builds of the binding, Teddy has no AVX2 to
# use. So there are words enough for FDR that no text holds: no UTF-8 has a byte above F4.
# Source: Hyperscan, src/fdr/teddy_engine_description.cpp, isAllowed, and TEDDY_BUCKET_LOAD.
_DECOYS: Final = 49
_LIST: Final = 1 << 16
"""Bytes of needles without a gap that make a list worth a pass to clear it of digests."""
_MIB: Final = 1 << 20
_MARGIN: Final = 96
"""Bytes a match may begin before its needle, and what a boundary looks at."""
_RUN: Final = re.compile(rb"[A-Za-z0-9+/\\%&#;=]*")


class NeedleError(LeakscanError):
    """A first-phase expression that, with the words around it, is too wide or does not compile."""

    code = ExitCode.CONFIG


@dataclass(frozen=True, slots=True)
class Hit:
    """A value as it is written, where it stands, and where its name begins, if it has one."""

    value: bytes = field(repr=False)
    start: int
    end: int
    name: int | None = None


@dataclass(frozen=True, slots=True)
class Behind:
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


@dataclass(frozen=True, slots=True)
class Exact:
    """The authority on one rule: its expression, and how far around a needle's end it must look."""

    rule: Rule
    pattern: "regex.Pattern[bytes]"
    before: int
    after: int
    behind: Behind | None = None

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
            at = start
            left = timeout_s * max(1.0, (end - start) / _MIB)
            while True:
                began = time.monotonic()
                found = self.pattern.search(text, at, end, timeout=max(left, 1e-6))
                left -= time.monotonic() - began
                if found is None:
                    break
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


@dataclass(frozen=True, slots=True)
class Expression:
    """One expression of the database: the rule it speaks for, or an anchor of an encoding.

    A decoy is neither; nothing follows from its hit.
    """

    source: bytes
    flags: int
    rule: int | None = None
    anchor: Encoding | None = None


@dataclass(frozen=True, slots=True)
class Compiled:
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
    """Compile all rules and all encodings, what the folder `cache` holds already excepted.

    Raises: NeedleError.
    """
    exact = tuple(
        Exact(
            rule,
            exact_pattern(rule.pattern, rule.boundary),
            _width(_needle(rule)) + _MARGIN,
            _width(rule.pattern),
            _behind(rule),
        )
        for rule in rules.rules
    )
    expressions = [*_needles(rules.rules), *_anchors(rules.rules), *_decoys()]
    width = max((_reach(e, rules.rules) for e in expressions), default=0)
    near = tuple(number for number, rule in enumerate(rules.rules) if rule.near)
    return Compiled(
        exact=exact,
        expressions=tuple(expressions),
        first=_database(expressions, rules.rules, cache),
        bare=_database([_anywhere(rules.rules[n], n) for n in near], rules.rules, cache)
        if near
        else None,
        bare_rules=near,
        width=width,
    )


def _database(
    expressions: Sequence[Expression], rules: Sequence[Rule], cache: Path | None
) -> hyperscan.Database:
    """Compile expressions. Raises NeedleError."""
    try:
        return database([(e.source, e.flags) for e in expressions], cache)
    except hyperscan.HyperscanError as error:
        for one in expressions:
            try:
                compiled([(one.source, one.flags)])
            except hyperscan.HyperscanError as reason:
                raise NeedleError(
                    f"the first phase of {_owner(one, rules)} does not compile: {reason}",
                    hint="Hyperscan takes most of Perl's expressions, not all; see its manual",
                ) from None
        raise NeedleError(f"the first phase of all rules does not compile: {error}") from None


def exact_pattern(pattern: str, boundary: Boundary) -> "regex.Pattern[bytes]":
    """Return the expression that decides, with its boundary."""
    return regex.compile(bounded(pattern, boundary).encode("latin-1"), regex.VERSION0)


def _behind(rule: Rule) -> Behind | None:
    """Return how to look behind a decoy; None for rules without a name before the value."""
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


def _reach(expression: Expression, rules: Sequence[Rule]) -> int:
    """Return the most bytes that decide on a hit: its own, and one on each side for an anchor.

    Raises: NeedleError if they are more than MAX_NEEDLE_WIDTH.
    """
    width: int = parser.parse(expression.source).getwidth()[1] + 2
    if width > MAX_NEEDLE_WIDTH:
        raise NeedleError(
            f"the first phase of {_owner(expression, rules)} looks at more than "
            f"{MAX_NEEDLE_WIDTH} bytes at once",
            hint="give the rule a needle with narrower gaps",
        )
    return width


def _owner(expression: Expression, rules: Sequence[Rule]) -> str:
    return "an encoding" if expression.rule is None else f"rule {rules[expression.rule].id}"


def _width(pattern: str) -> int:
    width: int = parser.parse(pattern.encode("latin-1")).getwidth()[1]
    return width


def _needle(rule: Rule) -> str:
    """Return the first-phase expression, with the words a rule must be near."""
    if rule.near:
        return f"(?is){_NEAR}.{{0,{_GAP}}}(?:{_BEFORE}){rule.needle}"
    return rule.needle


def _needles(rules: Sequence[Rule]) -> Iterable[Expression]:
    for number, rule in enumerate(rules):
        yield Expression(_needle(rule).encode("latin-1"), 0, rule=number)


def _anywhere(rule: Rule, number: int) -> Expression:
    """Return the needle where a run of its bytes begins, so that one run is one hit."""
    source = f"(?:^[+/]{{0,3}}|{_BEFORE}){rule.needle}".encode("latin-1")
    return Expression(source, 0, rule=number)


def _anchors(rules: Sequence[Rule]) -> Iterable[Expression]:
    """Yield each keyword as UTF-16 of either byte order: its letters with zeros between."""
    words = {word for rule in rules for word in rule.keywords}
    for word in sorted(words | set(_NEAR_ANCHORS)):
        source = rb"\x00".join(re.escape(bytes([char])) for char in word)
        caseless = hyperscan.HS_FLAG_CASELESS if word.islower() else 0
        yield Expression(source, caseless, anchor=Encoding.UTF_16_LE)


def _decoys() -> Iterable[Expression]:
    for number in range(_DECOYS):
        word = b"\xf5\xf7\xf9\xfb\xfd\xff" + bytes([0xF6 + number // 7, 0xF5 + number % 7])
        yield Expression(b"".join(b"\\x%02x" % byte for byte in word), 0)
