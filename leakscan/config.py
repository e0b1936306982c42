"""`.leakscan.yaml`: what the owner of a repository allows, and why.

In: the bytes of the file, which may be hostile. Out: `Config`, frozen and checked, or a sentence
that names file, entry and field. Whether an entry fits a finding is left to the triage stage.

Every scalar is a text here, whatever YAML would make of it: `reason: no` is the text "no".
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath
from typing import Any, Final, TypeAlias

from leakscan.errors import ExitCode, LeakscanError

CONFIG_NAME: Final = ".leakscan.yaml"
MAX_BYTES: Final = 1 << 20
LINE_KEY: Final = ""
"""The key under which each mapping of a parsed file keeps its line, from 1."""

_MAX_DEPTH: Final = 8
_MAX_GLOB: Final = 256
_MAX_GLOBS: Final = 500
_KEYS: Final = frozenset({"version", "allow", "baseline"})
_KINDS: Final = ("paths", "rules", "fingerprints")
_ENTRY_KEYS: Final = frozenset({*_KINDS, "reason", "expires"})
_FINGERPRINT: Final = re.compile(r"lk1\.(?=[ist])i?s?t?\.[0-9a-f]{32}")
_RULE: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_HINT: Final = "The README shows what this file may hold, under Accept what is no leak."

Node: TypeAlias = "str | list[Node] | dict[str, Node]"
"""A parsed file: texts, lists and mappings; each mapping has its line under `LINE_KEY`."""


class ConfigError(LeakscanError):
    """A configuration file that cannot be used as it stands."""

    code = ExitCode.CONFIG

    def __init__(self, where: str, problem: str, hint: str = _HINT) -> None:
        super().__init__(f"{where}: {problem}.", hint=hint)


@dataclass(frozen=True, slots=True)
class Allow:
    """One entry of `allow`: every kind that is given must fit a finding."""

    where: str
    """File and line, as in `.leakscan.yaml:4`."""
    reason: str
    paths: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    fingerprints: tuple[str, ...] = ()
    expires: date | None = None

    @property
    def summary(self) -> str:
        """What it allows, in one line."""
        kinds = (("paths", self.paths), ("rules", self.rules), ("fingerprints", self.fingerprints))
        return "; ".join(f"{kind} {', '.join(values)}" for kind, values in kinds if values)


@dataclass(frozen=True, slots=True)
class Config:
    """A whole configuration; `baseline` is a path relative to the folder of the file."""

    name: str
    allow: tuple[Allow, ...] = ()
    baseline: str | None = None


def load_config(source: bytes, name: str = CONFIG_NAME) -> Config:
    """Return the configuration in a file that messages call `name`.

    Raises ConfigError for what is not YAML, an unknown key, a wrong type, a missing reason, a
    date that is none, or more than `MAX_BYTES`.
    """
    return config_from(parse(source, name), name)


# -- YAML ---------------------------------------------------------------------------------------


def parse(source: bytes, name: str = CONFIG_NAME) -> Node:
    """Return what the YAML of a file says: no aliases, no tags, no key twice, bounded depth.

    JSON keeps all of it. Raises ConfigError.
    """
    if len(source) > MAX_BYTES:
        raise ConfigError(name, f"is larger than {MAX_BYTES >> 10} KiB")
    # Loading the parser takes longer than a whole hook may.
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _Reader(name, yaml.parse(source.decode("utf-8-sig"), Loader=loader)).document()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise ConfigError(f"{name}:{mark.line + 1}" if mark else name, "is not YAML") from None
    except UnicodeDecodeError:
        raise ConfigError(name, "is not UTF-8") from None


class _Reader:
    """Makes nodes of the events of a YAML parser; no object is ever made of a tag."""

    def __init__(self, name: str, events: Iterator[Any]) -> None:
        self._name = name
        self._events = (event for event in events if hasattr(event, "anchor") or _ends(event))

    def document(self) -> Node:
        """Return the one document of the file."""
        first = next(self._events, None)
        if first is None:
            return {LINE_KEY: "1"}
        node = self._node(first, 1)
        second = next(self._events, None)
        if second is not None:
            raise self._fail(second, "begins a second document")
        return node

    def _node(self, event: Any, depth: int) -> Node:
        kind = type(event).__name__
        if event.anchor is not None:
            raise self._fail(event, "has an anchor or an alias; write the text again")
        if getattr(event, "tag", None) not in (None, "!"):
            raise self._fail(event, "has a tag; leave it out")
        if depth > _MAX_DEPTH:
            raise self._fail(event, "is nested too deeply")
        if kind == "ScalarEvent":
            return str(event.value)
        return self._list(depth) if kind == "SequenceStartEvent" else self._mapping(event, depth)

    def _list(self, depth: int) -> Node:
        nodes: list[Node] = []
        for event in self._events:
            if _ends(event):
                break
            nodes.append(self._node(event, depth + 1))
        return nodes

    def _mapping(self, start: Any, depth: int) -> Node:
        nodes: dict[str, Node] = {LINE_KEY: str(start.start_mark.line + 1)}
        for event in self._events:
            if _ends(event):
                break
            key = self._node(event, depth + 1)
            if not isinstance(key, str) or key in nodes:
                raise self._fail(event, "has a key twice, or one that is no text")
            nodes[key] = self._node(next(self._events), depth + 1)
        return nodes

    def _fail(self, event: Any, problem: str) -> ConfigError:
        return ConfigError(f"{self._name}:{event.start_mark.line + 1}", problem)


def _ends(event: object) -> bool:
    return type(event).__name__ in ("SequenceEndEvent", "MappingEndEvent")


# -- fields -------------------------------------------------------------------------------------


def config_from(root: Node, name: str) -> Config:
    """Return the configuration that a parsed file holds. Raises ConfigError."""
    if not isinstance(root, dict):
        raise ConfigError(name, "must be a mapping with version and allow")
    fields = _Fields(name, root, _KEYS)
    if fields.text("version") != "1":
        raise fields.fail("version", "must be 1; this leakscan knows no other")
    entries = root.get("allow", [])
    if not isinstance(entries, list):
        raise fields.fail("allow", "must be a list of entries")
    allow = tuple(_allow(entry, number, name) for number, entry in enumerate(entries, 1))
    if sum(len(entry.paths) for entry in allow) > _MAX_GLOBS:
        raise fields.fail("allow", f"has more than {_MAX_GLOBS} paths in all")
    baseline = fields.text("baseline") if "baseline" in root else None
    if baseline is not None and not _stays_below(baseline):
        raise fields.fail("baseline", "must be a path below the folder of this file")
    return Config(name, allow, baseline)


def _allow(entry: Node, number: int, name: str) -> Allow:
    if not isinstance(entry, dict):
        raise ConfigError(f"{name}: allow: entry {number}", "must be a mapping with a reason")
    where = f"{name}:{entry[LINE_KEY]}"
    fields = _Fields(f"{where}: entry {number}", entry, _ENTRY_KEYS)
    made = Allow(
        where=where,
        reason=fields.text("reason"),
        paths=fields.texts(
            "paths", _is_glob, "must be globs of at most 256 characters, without a leading !"
        ),
        rules=fields.texts("rules", _is_rule, "must be ids of rules, as `leakscan rules list` has"),
        fingerprints=fields.texts(
            "fingerprints", _is_fingerprint, "must be fingerprints, as lk1.is.0123... of a report"
        ),
        expires=fields.date("expires"),
    )
    if not (made.paths or made.rules or made.fingerprints):
        raise fields.fail("", "allows nothing: it needs paths, rules or fingerprints")
    return made


class _Fields:
    """Typed access to one mapping; every complaint names file, entry and field."""

    def __init__(self, where: str, mapping: dict[str, Node], keys: frozenset[str]) -> None:
        self._where = where
        self._mapping = mapping
        for key in mapping:
            if key not in keys and key != LINE_KEY:
                raise self.fail(key, f"is not a key here; known are {', '.join(sorted(keys))}")

    def fail(self, field: str, problem: str) -> ConfigError:
        """Return the error for a field."""
        return ConfigError(f"{self._where}: {field}" if field else self._where, problem)

    def text(self, field: str) -> str:
        """Return a text that is not empty, in one line."""
        value = self._mapping.get(field)
        if value is None:
            raise self.fail(field, "is missing")
        if not isinstance(value, str):
            raise self.fail(field, "must be a text")
        if not value.strip():
            raise self.fail(field, "is empty")
        return " ".join(value.split())

    def texts(self, field: str, fits: Callable[[str], bool], problem: str) -> tuple[str, ...]:
        """Return a list of texts that fit; none if the field is not there."""
        if field not in self._mapping:
            return ()
        values = self._mapping[field]
        if not isinstance(values, list) or not values:
            raise self.fail(field, "must be a list of texts, and not empty")
        texts = tuple(value for value in values if isinstance(value, str) and fits(value))
        if len(texts) < len(values):
            raise self.fail(field, problem)
        return texts

    def date(self, field: str) -> date | None:
        """Return a day of the calendar, None if the field is not there."""
        if field not in self._mapping:
            return None
        try:
            return day(self.text(field))
        except ValueError:
            raise self.fail(field, "must be a day such as 2027-01-31") from None


def day(text: str) -> date:
    """Return the day that a text names as YYYY-MM-DD. Raises ValueError."""
    if len(text) != len("YYYY-MM-DD"):  # Python takes other forms of ISO 8601 too.
        raise ValueError(text)
    return date.fromisoformat(text)


def _is_glob(text: str) -> bool:
    return 0 < len(text) <= _MAX_GLOB and text.strip("/") != "" and not text.startswith("!")


def _is_rule(text: str) -> bool:
    return _RULE.fullmatch(text) is not None


def _is_fingerprint(text: str) -> bool:
    return _FINGERPRINT.fullmatch(text) is not None


def _stays_below(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return not path.startswith("/") and ".." not in parts and "\\" not in path and ":" not in path
