"""Rule files to rules: each file parsed, each rule checked.

Part of the rules stage. In: the bytes of each file by its name. Out: `RuleSet`. The meaning of
each rule's fields is left to `schema`.
"""

from collections.abc import Mapping
from typing import Any, Final

import hyperscan
import regex

from leakscan.documents import DocumentError, load_yaml
from leakscan.model import Rule, RuleSet
from leakscan.rules.errors import RuleError
from leakscan.rules.schema import rule_from

_KEYS: Final = frozenset({"version", "terms", "rules"})


def rules_from(sources: Mapping[str, bytes], digest: str, *, tried: bool) -> RuleSet:
    """Return the rules of some files; `tried` says that each was compiled before, with the tests.

    Raises: RuleError if a rule is wrong, or two rules share an id.
    """
    versions: list[str] = []
    rules: dict[str, Rule] = {}
    for name, source in sources.items():
        document = _document(name, source)
        versions.append(document["version"])
        for rule in _rules(name, document):
            if not tried:
                _compiles(name, rule)
            if rule.id in rules:
                raise RuleError(name, rule.id, "id", "is used twice")
            rules[rule.id] = rule
    return RuleSet(tuple(rules.values()), "+".join(versions), digest)


def _document(file: str, source: bytes) -> Mapping[str, Any]:
    try:
        document = load_yaml(source, cache=None)
    except DocumentError as error:
        where = f"line {error.line}" if error.line else "file"
        raise RuleError(file, "", where, error.problem) from None
    if not isinstance(document, dict):
        raise RuleError(file, "", "file", "must be a mapping with version and rules")
    for key in document:
        if key not in _KEYS:
            raise RuleError(file, "", key, "is not a key of a rule file")
    if not isinstance(document.get("version"), str) or not document["version"]:
        raise RuleError(file, "", "version", "must be a text")
    return document


def _rules(file: str, document: Mapping[str, Any]) -> list[Rule]:
    terms = document.get("terms", {})
    if not isinstance(terms, dict) or not all(isinstance(term, str) for term in terms.values()):
        raise RuleError(file, "", "terms", "must be a mapping of texts")
    entries = document.get("rules")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise RuleError(file, "", "rules", "must be a list of mappings")
    return [rule_from(file, entry, terms) for entry in entries]


def _compiles(file: str, rule: Rule) -> None:
    """Try both engines, so that a scan cannot fail on a rule later."""
    try:
        regex.compile(rule.pattern.encode("latin-1"))
    except regex.error as error:
        raise RuleError(file, rule.id, "pattern", f"does not compile: {error}") from None
    try:
        hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK).compile(
            expressions=[rule.needle.encode("latin-1")], ids=[0], flags=[0]
        )
    except hyperscan.error as error:
        raise RuleError(file, rule.id, "needle", f"does not compile: {error}") from None
