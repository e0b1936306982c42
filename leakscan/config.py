"""`.leakscan.yaml`: what the owner of a repository allows, and why.

In: the bytes of the file, which may be hostile. Out: `Config`, frozen and checked, or a sentence
that names file, entry and field. Whether an entry fits a finding is left to the triage stage.
"""

import re
from datetime import date
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from leakscan.documents import DocumentError, load_yaml
from leakscan.fields import HINT, ConfigError, Fields
from leakscan.record import Record

if TYPE_CHECKING:  # Hooks read configurations, and never verify.
    from leakscan.verify_config import VerifyConfig

CONFIG_NAME: Final = ".leakscan.yaml"
MAX_BYTES: Final = 1 << 20
VERIFY_HINT: Final = "It begins with version: 1 and has a section verify: as in the README."

_MAX_GLOB: Final = 256
_MAX_GLOBS: Final = 500
_KEYS: Final = ("version", "allow", "baseline", "verify")
_ENTRY_KEYS: Final = ("paths", "rules", "fingerprints", "reason", "expires")
_FINGERPRINT: Final = re.compile(r"lk1\.(?=[ist])i?s?t?\.[0-9a-f]{32}")
_CONTROL: Final = re.compile(r"[\0-\x1f\x7f-\x9f\ud800-\udfff]")
"""What no path of a repository should have: no system takes a NUL, and no terminal the rest."""
_RULE: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


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
    """A whole configuration; `baseline` is a path relative to the folder of the file.

    `verify` counts only in a file of the user's own: whoever writes it says where keys are used.
    """

    name: str
    allow: tuple[Allow, ...] = ()
    baseline: str | None = None
    verify: "VerifyConfig | None" = None


def load_config(
    source: bytes, name: str = CONFIG_NAME, cache: Path | None = None, hint: str = HINT
) -> Config:
    """Return the configuration in a file that messages call `name`.

    `cache` is the folder that keeps parsed files; `hint` says what it may hold. Raises
    ConfigError for what is not YAML, an unknown key, a wrong type, a missing reason, a date that is
    none, or more than `MAX_BYTES`.
    """
    if len(source) > MAX_BYTES:
        raise ConfigError(name, f"is larger than {MAX_BYTES >> 10} KiB", hint)
    try:
        # The URL of a proxy may have a password in it: that is kept nowhere else.
        document = load_yaml(source, None if b"verify" in source else cache)
    except DocumentError as error:
        where = f"{name}:{error.line}" if error.line else name
        raise ConfigError(where, error.problem, hint) from None
    fields = Fields(name, document if document is not None else {}, _KEYS, hint)
    if "version" not in fields:
        raise fields.fail("version", "is missing; write version: 1")
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
    return Config(name, allow, baseline, _verify(name, fields))


def load_user_config(source: bytes, name: str) -> Config:
    """Return the configuration in the user's own file, which is about no repository.

    Raises ConfigError, also for what only the file of a repository may hold.
    """
    config = load_config(source, name, hint=VERIFY_HINT)
    if config.allow or config.baseline is not None:
        raise ConfigError(
            name,
            "holds more than version and verify; what is accepted is written down where it is",
            "Move allow and baseline to the .leakscan.yaml of their repository.",
        )
    return config


def _verify(name: str, fields: Fields) -> "VerifyConfig | None":
    if "verify" not in fields:
        return None
    from leakscan.verify_config import read_section

    return read_section(f"{name}: verify", fields.get("verify"))


def _allow(where: str, entry: object) -> Allow:
    fields = Fields(where, entry, _ENTRY_KEYS)
    made = Allow(
        where=where,
        reason=fields.text("reason"),
        paths=fields.texts("paths", _is_glob, "must be short globs without a leading !"),
        rules=fields.texts("rules", _is_rule, "must be ids as in `leakscan rules list`"),
        fingerprints=fields.texts(
            "fingerprints", is_fingerprint, "must be fingerprints of a report, as lk1.is.01ab..."
        ),
        expires=fields.day("expires"),
    )
    if not (made.paths or made.rules or made.fingerprints):
        raise fields.fail("", "allows nothing: it needs paths, rules or fingerprints")
    return made


def _is_glob(text: str) -> bool:
    if not 0 < len(text) <= _MAX_GLOB or _CONTROL.search(text):
        return False
    return text.strip("/") != "" and not text.startswith("!")


def _is_rule(text: str) -> bool:
    return _RULE.fullmatch(text) is not None


def is_fingerprint(text: str) -> bool:
    """Say whether a text is built as fingerprints are."""
    return _FINGERPRINT.fullmatch(text) is not None


def _stays_below(path: str) -> bool:
    if path.startswith("/") or "\\" in path or ":" in path or _CONTROL.search(path):
        return False
    return ".." not in PurePosixPath(path).parts
