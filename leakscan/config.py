"""`.leakscan.yaml`: what the owner of a repository allows, and why.

In: the bytes of the file, which may be hostile. Out: `Config`, frozen and checked, or a sentence
that names file, entry and field. Whether an entry fits a finding is left to the triage stage.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Final

from leakscan.documents import DocumentError, load_yaml
from leakscan.errors import ExitCode, LeakscanError
from leakscan.record import Record

CONFIG_NAME: Final = ".leakscan.yaml"
MAX_BYTES: Final = 1 << 20

_MAX_GLOB: Final = 256
_MAX_GLOBS: Final = 500
_KEYS: Final = ("version", "allow", "baseline")
_ENTRY_KEYS: Final = ("paths", "rules", "fingerprints", "reason", "expires")
_FINGERPRINT: Final = re.compile(r"lk1\.(?=[ist])i?s?t?\.[0-9a-f]{32}")
_CONTROL: Final = re.compile(r"[\0-\x1f\x7f-\x9f\ud800-\udfff]")
"""What no path of a repository should have: no system takes a NUL, and no terminal the rest."""
_RULE: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_HINT: Final = "The README says what this file may hold: paths, rules, fingerprints, each with why."


class ConfigError(LeakscanError):
    """A configuration file that cannot be used as it stands."""

    code = ExitCode.CONFIG

    def __init__(self, where: str, problem: str, hint: str = _HINT) -> None:
        super().__init__(f"{where}: {problem}.", hint=hint)


class Allow(Record, frozen=True):
    """One entry of `allow`: every kind that is given must fit a finding."""

    where: str
    """File and number of the entry, as in `.leakscan.yaml: allow 2`."""
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


class Config(Record, frozen=True):
    """A whole configuration; `baseline` is a path relative to the folder of the file."""

    name: str
    allow: tuple[Allow, ...] = ()
    baseline: str | None = None


def load_config(source: bytes, name: str = CONFIG_NAME, cache: Path | None = None) -> Config:
    """Return the configuration in a file that messages call `name`.

    `cache` is the folder that keeps parsed files. Raises ConfigError for what is not YAML, an
    unknown key, a wrong type, a missing reason, a date that is none, or more than `MAX_BYTES`.
    """
    if len(source) > MAX_BYTES:
        raise ConfigError(name, f"is larger than {MAX_BYTES >> 10} KiB")
    try:
        document = load_yaml(source, cache)
    except DocumentError as error:
        raise ConfigError(f"{name}:{error.line}" if error.line else name, error.problem) from None
    fields = _Fields(name, document if document is not None else {}, _KEYS)
    version = fields.get("version")
    if type(version) is not int or version != 1:
        raise fields.fail("version", "must be 1; this leakscan knows no other")
    entries = fields.get("allow", [])
    if not isinstance(entries, list):
        raise fields.fail("allow", "must be a list of entries")
    allow = tuple(_allow(f"{name}: allow {number}", one) for number, one in enumerate(entries, 1))
    if sum(len(entry.paths) for entry in allow) > _MAX_GLOBS:
        raise fields.fail("allow", f"has more than {_MAX_GLOBS} paths in all")
    baseline = fields.text("baseline") if "baseline" in fields else None
    if baseline is not None and not _stays_below(baseline):
        raise fields.fail("baseline", "must be a path below the folder of this file")
    return Config(name, allow, baseline)


def _allow(where: str, entry: object) -> Allow:
    fields = _Fields(where, entry, _ENTRY_KEYS)
    made = Allow(
        where=where,
        reason=fields.text("reason"),
        paths=fields.texts("paths", _is_glob, "must be short globs without a leading !"),
        rules=fields.texts("rules", _is_rule, "must be ids as in `leakscan rules list`"),
        fingerprints=fields.texts(
            "fingerprints", _is_fingerprint, "must be fingerprints of a report, as lk1.is.01ab..."
        ),
        expires=fields.day("expires"),
    )
    if not (made.paths or made.rules or made.fingerprints):
        raise fields.fail("", "allows nothing: it needs paths, rules or fingerprints")
    return made


class _Fields:
    """Typed access to one mapping; every complaint names file, entry and field."""

    def __init__(self, where: str, mapping: object, keys: tuple[str, ...]) -> None:
        self._where = where
        if not isinstance(mapping, dict):
            raise self.fail("", f"must be a mapping with some of {', '.join(keys)}")
        self._mapping: Mapping[str, object] = mapping
        for key in mapping:
            if key not in keys:
                raise self.fail(key, f"is not a key here; known are {', '.join(keys)}")

    def __contains__(self, field: str) -> bool:
        return field in self._mapping

    def fail(self, field: str, problem: str) -> ConfigError:
        """Return the error for a field."""
        return ConfigError(f"{self._where}: {field}" if field else self._where, problem)

    def get(self, field: str, default: object = None) -> object:
        """Return what is there."""
        return self._mapping.get(field, default)

    def text(self, field: str) -> str:
        """Return a text that is not empty, in one line."""
        value = self._mapping.get(field)
        if value is None:
            raise self.fail(field, "is missing")
        if not isinstance(value, str):
            raise self.fail(field, "must be a text; put it in quotes")
        if not value.strip():
            raise self.fail(field, "is empty")
        return " ".join(value.split())

    def texts(self, field: str, fits: Callable[[str], bool], problem: str) -> tuple[str, ...]:
        """Return a list of texts that fit; none if the field is not there."""
        if field not in self:
            return ()
        values = self._mapping[field]
        if not isinstance(values, list) or not values:
            raise self.fail(field, "must be a list of texts, and not empty")
        texts = tuple(value for value in values if isinstance(value, str) and fits(value))
        if len(texts) < len(values):
            raise self.fail(field, problem)
        return texts

    def day(self, field: str) -> date | None:
        """Return a day of the calendar, None if the field is not there."""
        if field not in self:
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
    if not 0 < len(text) <= _MAX_GLOB or _CONTROL.search(text):
        return False
    return text.strip("/") != "" and not text.startswith("!")


def _is_rule(text: str) -> bool:
    return _RULE.fullmatch(text) is not None


def _is_fingerprint(text: str) -> bool:
    return _FINGERPRINT.fullmatch(text) is not None


def _stays_below(path: str) -> bool:
    if path.startswith("/") or "\\" in path or ":" in path or _CONTROL.search(path):
        return False
    return ".." not in PurePosixPath(path).parts
