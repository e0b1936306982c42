"""One mapping of a rule file becomes a Rule, or an error that names file, rule and field.

Part of the rules stage. In: what YAML made of a rule file. Out: `Rule`. Reading files
is left to `load`, compiling to the match stage.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, TypeVar

from leakscan.model import MAX_NEEDLE_WIDTH, Boundary, Example, Level, Part, Rule, RuleId
from leakscan.rules.errors import RuleError
from leakscan.rules.width import Shape, shape

_SLUG: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_TERM: Final = re.compile(r"\(\?&(\w+)\)")
_STOPS: Final = ("pattern", "boundary", "min_entropy", "allow", "score")
_OPTIONAL: Final[Mapping[str, object]] = {
    "needle": "",
    "near": False,
    "allow": [],
    "boundary": "none",
    "min_entropy": 0.0,
}
_KEYS: Final = frozenset(Rule.__struct_fields__)
_Choice = TypeVar("_Choice", bound=StrEnum)
_Type = TypeVar("_Type")


class Fields:
    """Typed access to one mapping; every complaint names file, rule and field."""

    def __init__(self, file: str, mapping: Mapping[str, object]) -> None:
        self._file = file
        self._mapping = {**_OPTIONAL, **mapping}
        self.rule = str(mapping.get("id", "?"))

    def fail(self, field: str, problem: str) -> RuleError:
        """Return the error for a field."""
        return RuleError(self._file, self.rule, field, problem)

    def get(self, field: str, kind: type[_Type]) -> _Type:
        """Return the field, which must be there and of the kind."""
        if field not in self._mapping:
            raise self.fail(field, "is missing")
        value = self._mapping[field]
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, kind):
            raise self.fail(field, f"must be a {kind.__name__}")
        return value

    def text(self, field: str) -> str:
        """Return a text that is not empty."""
        value = self.get(field, str).strip()
        if not value:
            raise self.fail(field, "is empty")
        return value

    def choice(self, field: str, kind: type[_Choice]) -> _Choice:
        """Return a member of a closed list."""
        try:
            return kind(self.get(field, str))
        except ValueError:
            raise self.fail(field, f"must be one of {', '.join(kind)}") from None

    def texts(self, field: str) -> tuple[str, ...]:
        """Return a list of texts."""
        values = self.get(field, list)
        if not all(isinstance(value, str) for value in values):
            raise self.fail(field, "must be a list of texts")
        return tuple(values)


def expand(expression: str, terms: Mapping[str, str]) -> str:
    """Put the named terms of the file into an expression, written `(?&name)`.

    Raises: KeyError for a name without a term.
    """
    return _TERM.sub(lambda found: f"(?:{expand(terms[found[1]], terms)})", expression)


def rule_from(file: str, mapping: Mapping[str, object], terms: Mapping[str, str]) -> Rule:
    """Return the Rule a mapping of a rule file describes.

    Raises: RuleError naming file, rule id and field.
    """
    fields = Fields(file, mapping)
    for key in mapping:
        if key not in _KEYS:
            raise fields.fail(str(key), "is not a field of a rule")
    rule_id = fields.text("id")
    if not _SLUG.fullmatch(rule_id):
        raise fields.fail("id", "must be words of a-z and 0-9 joined by -")
    near = fields.get("near", bool)
    pattern = _pattern(fields, terms)
    return Rule(
        id=RuleId(rule_id),
        name=fields.text("name"),
        description=fields.text("description"),
        part=fields.choice("part", Part),
        severity=fields.choice("severity", Level),
        confidence=fields.choice("confidence", Level),
        keywords=_keywords(fields, pattern, near),
        pattern=pattern,
        needle=_needle(fields, terms, pattern),
        boundary=fields.choice("boundary", Boundary),
        min_entropy=fields.get("min_entropy", float),
        near=near,
        allow=_allow(fields),
        remediation=_remediation(fields),
        references=_references(fields),
        examples=_examples(fields),
        negative_examples=_negative_examples(fields),
    )


def _expression(fields: Fields, field: str, source: str, terms: Mapping[str, str]) -> str:
    try:
        expression = expand(source, terms).strip()
    except (KeyError, RecursionError) as error:
        raise fields.fail(field, f"names a term that the file has not: {error}") from None
    facts = _shape(fields, field, expression)
    # The end of the text may stand in a first phase, which decides nothing.
    constructs = facts.constructs - ({"anchor"} if field == "needle" else set())
    if constructs:
        raise fields.fail(field, f"has {', '.join(sorted(constructs))}; use boundary")
    if facts.max_width is None:
        raise fields.fail(field, "has a repeat without an upper bound")
    # Hyperscan wants a comment ended, and stripping took the newline of the last one.
    return expression + "\n" if expression.startswith("(?x") else expression


def _shape(fields: Fields, field: str, expression: str) -> Shape:
    try:
        return shape(expression)
    except (re.error, UnicodeEncodeError) as error:
        raise fields.fail(field, f"is no bytes regular expression: {error}") from None


def _pattern(fields: Fields, terms: Mapping[str, str]) -> str:
    pattern = _expression(fields, "pattern", fields.text("pattern"), terms)
    if "secret" not in shape(pattern).groups:
        raise fields.fail("pattern", "has no group named secret")
    return pattern


def _needle(fields: Fields, terms: Mapping[str, str], pattern: str) -> str:
    source = fields.get("needle", str)
    needle = _expression(fields, "needle", source, terms) if source else pattern
    if (shape(needle).max_width or 0) > MAX_NEEDLE_WIDTH:
        raise fields.fail(
            "needle", f"is wider than {MAX_NEEDLE_WIDTH} bytes; give a narrower first phase"
        )
    return needle


def _keywords(fields: Fields, pattern: str, near: bool) -> tuple[bytes, ...]:
    """Return the keywords; each alternative of the pattern must hold one, as far as can be seen.

    A rule that is only looked for near an id or a word has no literal of its own.
    """
    keywords = tuple(word.encode() for word in fields.texts("keywords"))
    if near and not keywords:
        return ()
    if not keywords or not all(keywords):
        raise fields.fail("keywords", "needs at least one word")
    facts = shape(pattern)
    for line in facts.literals or ():
        seen = line.lower() if facts.ignore_case else line
        if not any((w.lower() if facts.ignore_case else w) in seen for w in keywords):
            raise fields.fail("keywords", "does not occur in every match of the pattern")
    return keywords


def _allow(fields: Fields) -> tuple[str, ...]:
    allow = fields.texts("allow")
    for expression in allow:
        _shape(fields, "allow", expression)
    return allow


def _remediation(fields: Fields) -> str:
    name = fields.text("remediation")
    if not _SLUG.fullmatch(name):
        raise fields.fail("remediation", "must be the name of a file in patterns/remediation")
    return name


def _references(fields: Fields) -> tuple[str, ...]:
    references = fields.texts("references")
    if not references or not all(link.startswith("https://") for link in references):
        raise fields.fail("references", "needs at least one link, each https")
    return references


def _mappings(fields: Fields, field: str, keys: frozenset[str]) -> list[Mapping[str, Any]]:
    entries = fields.get(field, list)
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict) or set(entry) != keys:
            raise fields.fail(f"{field}/{number}", f"must have {', '.join(sorted(keys))}")
    return entries


def unmark(text: str) -> bytes:
    """Remove the %% that keeps sample values out of the reach of scanners."""
    return text.replace("%%", "").encode()


def _examples(fields: Fields) -> tuple[Example, ...]:
    entries = _mappings(fields, "examples", frozenset({"text", "finds"}))
    if not entries:
        raise fields.fail("examples", "needs at least one")
    return tuple(
        Example(text=unmark(entry["text"]), finds=tuple(unmark(value) for value in entry["finds"]))
        for entry in entries
    )


def _negative_examples(fields: Fields) -> tuple[Example, ...]:
    entries = _mappings(fields, "negative_examples", frozenset({"text", "stopped_by", "why"}))
    if len(entries) < 2:
        raise fields.fail("negative_examples", "needs at least two: a near miss, a placeholder")
    for number, entry in enumerate(entries, 1):
        if entry["stopped_by"] not in _STOPS:
            raise fields.fail(
                f"negative_examples/{number}", f"stopped_by must be one of {', '.join(_STOPS)}"
            )
    return tuple(
        Example(text=unmark(entry["text"]), stopped_by=entry["stopped_by"], why=entry["why"])
        for entry in entries
    )
