"""What the first phase looks for: needles of rules, anchors of encodings, and fillers.

Part of the match stage. In: rules. Out: `Expression`s, what they span at most, and their database.
"""

import functools
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Final

import hyperscan

from leakscan.errors import ExitCode, LeakscanError
from leakscan.match.cache import compiled, database
from leakscan.model import MAX_NEEDLE_WIDTH, Encoding, Rule
from leakscan.record import Record

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
# whole is 1.4 to 1.8 times as fast where, as in all builds of the binding, Teddy has no AVX2 to
# use. So there are words enough for FDR that no text holds: no UTF-8 has a byte above F4.
# Source: Hyperscan, src/fdr/teddy_engine_description.cpp, isAllowed, and TEDDY_BUCKET_LOAD.
_FILLERS: Final = 49


class NeedleError(LeakscanError):
    """A first-phase expression that, with the words around it, is too wide or does not compile."""

    code = ExitCode.CONFIG


class Expression(Record, frozen=True):
    """One expression of the database: the rule it speaks for, or an anchor of an encoding.

    A filler is neither; nothing follows from its hit. `literal_bytes` is how long a plain word is;
    0 of other expressions, whose width has to be worked out.
    """

    source: bytes
    flags: int
    rule: int | None = None
    anchor: Encoding | None = None
    literal_bytes: int = 0


def first_phase(rules: Sequence[Rule]) -> list[Expression]:
    """Return the expressions for all rules and all encodings.

    Raises: NeedleError if one spans too much.
    """
    needles = [
        Expression(needle(rule).encode("latin-1"), 0, rule=number)
        for number, rule in enumerate(rules)
    ]
    expressions = [*needles, *_anchors(rules), *_fillers()]
    for one in expressions:
        if reach(one) > MAX_NEEDLE_WIDTH:
            raise NeedleError(
                f"the first phase of {_owner(one, rules)} looks at more than "
                f"{MAX_NEEDLE_WIDTH} bytes at once",
                hint="give the rule a needle with narrower gaps",
            )
    return expressions


@functools.cache
def reach(expression: Expression) -> int:
    """Return the most bytes that decide on a hit: its own, and one on each side for an anchor."""
    width: int = expression.literal_bytes or parser.parse(expression.source).getwidth()[1]
    return width + 2


def needle(rule: Rule) -> str:
    """Return the first-phase expression, with the words a rule must be near."""
    if rule.near:
        return f"(?is){_NEAR}.{{0,{_GAP}}}(?:{_BEFORE}){rule.needle}"
    return rule.needle


def anywhere(rule: Rule, number: int) -> Expression:
    """Return the needle where a run of its bytes begins, so that one run is one hit."""
    source = f"(?:^[+/]{{0,3}}|{_BEFORE}){rule.needle}".encode("latin-1")
    return Expression(source, 0, rule=number)


def _anchors(rules: Sequence[Rule]) -> Iterable[Expression]:
    """Yield each keyword as UTF-16 of either byte order: its letters with zeros between."""
    words = {word for rule in rules for word in rule.keywords}
    for word in sorted(words | set(_NEAR_ANCHORS)):
        source = rb"\x00".join(re.escape(bytes([char])) for char in word)
        caseless = hyperscan.HS_FLAG_CASELESS if word.islower() else 0
        literal_bytes = 2 * len(word) - 1
        yield Expression(source, caseless, None, Encoding.UTF_16_LE, literal_bytes)


def _fillers() -> Iterable[Expression]:
    for number in range(_FILLERS):
        word = b"\xf5\xf7\xf9\xfb\xfd\xff" + bytes([0xF6 + number // 7, 0xF5 + number % 7])
        source = b"".join(b"\\x%02x" % byte for byte in word)
        yield Expression(source, 0, literal_bytes=len(word))


def compile_database(
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


def _owner(expression: Expression, rules: Sequence[Rule]) -> str:
    return "an encoding" if expression.rule is None else f"rule {rules[expression.rule].id}"
