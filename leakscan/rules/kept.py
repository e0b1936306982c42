"""Checked rules as bytes for the cache, and back; without their examples.

Part of the rules stage. Examples look like secrets, and their `%%` is gone once they are read: in a
file of its own, a scanner would report them.
"""

import json
from typing import Any, Final

from leakscan.model import Boundary, Level, Part, Rule, RuleId, RuleSet

_LEFT_OUT: Final = ("examples", "negative_examples")
_LISTS: Final = ("keywords", "allow", "references")


def encode(rules: RuleSet) -> bytes:
    """Return the rules as JSON."""
    names = [name for name in Rule.__struct_fields__ if name not in _LEFT_OUT]
    entries = [{name: getattr(rule, name) for name in names} for rule in rules.rules]
    whole = {"version": rules.version, "hash": rules.hash, "rules": entries}
    return json.dumps(whole, default=lambda word: word.decode("latin-1")).encode("ascii")


def decode(raw: bytes) -> RuleSet | None:
    """Return the rules; None for bytes that are not what `encode` makes today."""
    try:
        whole = json.loads(raw)
        return RuleSet(tuple(map(_rule, whole["rules"])), whole["version"], whole["hash"])
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def _rule(entry: dict[str, Any]) -> Rule:
    known = {name: tuple(entry[name]) for name in _LISTS} | dict.fromkeys(_LEFT_OUT, ())
    known["keywords"] = tuple(word.encode("latin-1") for word in entry["keywords"])
    return Rule(
        **entry
        | known
        | {
            "id": RuleId(entry["id"]),
            "part": Part(entry["part"]),
            "severity": Level(entry["severity"]),
            "confidence": Level(entry["confidence"]),
            "boundary": Boundary(entry["boundary"]),
        }
    )
