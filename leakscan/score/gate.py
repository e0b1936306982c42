"""The gate every value passes before it is scored: allowed values, entropy, looks of text.

Part of the score stage. In: a rule and a value. Out: the name of what stopped it, as the negative
examples of rule files call it.
"""

import re
from functools import cache
from typing import Final, Literal

from leakscan.aws import known_fake_id, known_fake_secret
from leakscan.model import Part, Rule
from leakscan.score.bigram import CUT, bits_per_character
from leakscan.score.entropy import shannon

Stop = Literal["", "allow", "min_entropy", "score"]
_ONE_CASE: Final = re.compile(rb"[^A-Z]*|[^a-z]*")


@cache
def _allowed(allow: tuple[str, ...]) -> tuple["re.Pattern[bytes]", ...]:
    return tuple(re.compile(expression.encode("latin-1")) for expression in allow)


def stopped_by(rule: Rule, value: bytes) -> Stop:
    """Return what stops the value, empty if it passes.

    Entropy never stops hex digits by a margin that counts: 40 of them stay under 4.0 bits. Random
    secrets have both cases but for 1 in 10^9. Source: closed form and 10^6 random secrets.
    """
    if is_fake(rule, value) or any(p.search(value) for p in _allowed(rule.allow)):
        return "allow"
    if shannon(value) < rule.min_entropy:
        return "min_entropy"
    if rule.part is Part.KEY_ID:
        return ""
    if _ONE_CASE.fullmatch(value) or bits_per_character(value) < CUT:
        return "score"
    return ""


def is_fake(rule: Rule, value: bytes) -> bool:
    """Return whether the value is a published sample."""
    text = value.decode("latin-1")
    if rule.part is Part.KEY_ID:
        return known_fake_id(text)
    return rule.part is Part.SECRET and known_fake_secret(text)
