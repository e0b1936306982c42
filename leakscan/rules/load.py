"""Find and read the rule files.

Part of the rules stage. In: a folder of `*.yaml`. Out: `RuleSet` with its version and hash.
The meaning of each rule's fields is left to `schema`.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import hyperscan
import regex
import yaml

from leakscan.model import Rule, RuleSet
from leakscan.resources import patterns
from leakscan.rules.schema import RuleError, rule_from

_KEYS: Final = frozenset({"version", "terms", "rules"})
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load_rules(directory: Path | None = None) -> RuleSet:
    """Return all rules of the folder, of its `*.yaml` alone, in the order of their names.

    Raises: RuleError if a file cannot be read, a rule is wrong, or two rules share an id.
    """
    own = directory is not None  # Those that came with leakscan were tried when it was made.
    directory = directory or patterns()
    files = sorted(directory.glob("*.yaml"), key=lambda file: file.name)
    if not files:
        raise RuleError(str(directory), "", "rules", "no *.yaml in this folder")
    digest = hashlib.sha256()
    versions: list[str] = []
    rules: dict[str, Rule] = {}
    for file in files:
        source = _read(file)
        digest.update(file.name.encode() + b"\0" + len(source).to_bytes(8, "big") + source)
        document = _document(file, source)
        versions.append(document["version"])
        for rule in _rules(file.name, document):
            if own:
                _compiles(file.name, rule)
            if rule.id in rules:
                raise RuleError(file.name, rule.id, "id", "is used twice")
            rules[rule.id] = rule
    return RuleSet(tuple(rules.values()), "+".join(versions), digest.hexdigest())


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise RuleError(file.name, "", "file", error.strerror or "cannot be read") from None


def _document(file: Path, source: bytes) -> Mapping[str, Any]:
    try:
        document = yaml.load(source, Loader=_LOADER)  # noqa: S506 - one of the safe loaders
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else "file"
        raise RuleError(file.name, "", where, "is not YAML") from None
    if not isinstance(document, dict):
        raise RuleError(file.name, "", "file", "must be a mapping with version and rules")
    for key in document:
        if key not in _KEYS:
            raise RuleError(file.name, "", str(key), "is not a key of a rule file")
    if not isinstance(document.get("version"), str) or not document["version"]:
        raise RuleError(file.name, "", "version", "must be a text")
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
