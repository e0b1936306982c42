"""The file of findings that were there when somebody began to look: load, match, write.

Part of the triage stage. In: the bytes of a baseline, or findings. Out: `Baseline`, or the bytes of
one. The file has a line for each credential, sorted; no path, line or commit, so that an entry
stays valid wherever the credential goes; and no secret.

    # leakscan baseline 1
    # salt 0f1e2d3c4b5a69788796a5b4c3d2e1f0
    lk1.is.<32 hex>   aws-access-key-id  expires=2027-01-31  why it is accepted
    lk1s.i.<32 hex>   aws-access-key-id

`lk1s` lines are for values that could be guessed: a keyed hash of the fingerprint, so that the
file alone does not confirm a guess in bulk, nor do two files have a line in common. After a merge a
line may stand twice, and the file may have several salts.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Final

from leakscan.errors import ExitCode, LeakscanError
from leakscan.fields import day
from leakscan.model import Credential, Finding, Fingerprint
from leakscan.record import Record
from leakscan.redact import mask_text

BASELINE_NAME: Final = ".leakscan-baseline"
MAX_BYTES: Final = 16 << 20
GUESSABLE_BITS: Final = 100
"""Values of fewer bits of entropy in all are stored under the salt. A secret key has about 190 and
a key id about 70; 40 random characters of base64 never have fewer than 150."""

_HEADER: Final = "# leakscan baseline 1"
_HEADERS: Final = re.compile(r"# leakscan baseline (\S+)")
_SALT: Final = re.compile(r"# salt ([0-9a-f]{32})")
_SALTED: Final = "lk1s."
_MAX_SALTS: Final = 16
_LINE: Final = re.compile(
    r"(?P<mark>lk1s?\.(?=[ist])i?s?t?\.[0-9a-f]{32})\s+(?P<rule>[a-z0-9]+(?:-[a-z0-9]+)*)"
    r"(?:\s+expires=(?P<expires>\S*))?(?:\s+(?P<reason>.*))?"
)
_CONFLICT: Final = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")
_KEEP_BOTH: Final = "Keep the lines of both sides, in any order, and delete the marks."
_HINT: Final = "Make it anew: leakscan baseline create --update; or take it from the last commit."
_ABOUT: Final = (
    "# Accepted credentials: fingerprint, rule, expires=YYYY-MM-DD if it is to end, the reason.",
    "# Written by `leakscan baseline create`; reasons and days are yours to edit.",
)


class BaselineError(LeakscanError):
    """A baseline that cannot be used as it stands; it is never taken for an empty one."""

    code = ExitCode.CONFIG

    def __init__(self, where: str, problem: str, hint: str = _HINT) -> None:
        super().__init__(f"{where}: {problem}.", hint=hint)


class Entry(Record, frozen=True):
    """One line of a baseline; `mark` is a fingerprint, or the keyed hash of one."""

    mark: str
    rule: str
    reason: str = ""
    expires: date | None = None
    line: int = 0

    @property
    def text(self) -> str:
        """The line as it is written."""
        expires = f"expires={self.expires.isoformat()}" if self.expires else ""
        return "  ".join(part for part in (self.mark, self.rule, expires, self.reason) if part)


class Baseline(Record, frozen=True):
    """A whole file; messages call it `name`."""

    name: str
    salts: tuple[bytes, ...]
    entries: tuple[Entry, ...]
    by_mark: Mapping[str, tuple[Entry, ...]]
    has_salted: bool = False

    def entries_of(self, fingerprint: Fingerprint) -> tuple[Entry, ...]:
        """Return the lines that mean a credential, whether or not they have expired."""
        marks = [str(fingerprint)]
        if self.has_salted:
            marks += [salted(salt, fingerprint) for salt in self.salts]
        return tuple(entry for mark in marks for entry in self.by_mark.get(mark, ()))


def baseline(name: str, salts: Collection[bytes], entries: Iterable[Entry]) -> Baseline:
    """Return a baseline of these lines."""
    kept = tuple(entries)
    by_mark: dict[str, tuple[Entry, ...]] = {}
    for entry in kept:
        by_mark[entry.mark] = (*by_mark.get(entry.mark, ()), entry)
    has_salted = any(entry.mark.startswith(_SALTED) for entry in kept)
    return Baseline(name, tuple(dict.fromkeys(salts)), kept, by_mark, has_salted)


def load_baseline(source: bytes, name: str = BASELINE_NAME) -> Baseline:
    """Return the baseline in a file that messages call `name`.

    Raises BaselineError for another version, a line that is none, or the marks of a merge.
    """
    if len(source) > MAX_BYTES:
        raise BaselineError(name, f"is larger than {MAX_BYTES >> 20} MiB")
    try:
        lines = source.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise BaselineError(name, "is not UTF-8") from None
    salts: list[bytes] = []
    entries: list[Entry] = []
    _check_header(lines, name)
    for number, line in enumerate(map(str.strip, lines), 1):
        where = f"{name}:{number}"
        if line.startswith(_CONFLICT):
            raise BaselineError(where, "has the marks of a merge conflict", _KEEP_BOTH)
        if line.startswith("# salt"):
            salts.append(_salt(line, where))
        elif line and not line.startswith("#"):
            entries.append(_entry(line, number, where))
    if len(set(salts)) > _MAX_SALTS:
        raise BaselineError(name, f"has more than {_MAX_SALTS} salts")
    if not salts:
        raise BaselineError(name, "has no line `# salt ...`")
    return baseline(name, salts, entries)


def _check_header(lines: list[str], name: str) -> None:
    first = next((line.strip() for line in lines if line.strip()), "")
    version = _HEADERS.fullmatch(first)
    if first.startswith(_CONFLICT):
        raise BaselineError(f"{name}:1", "has the marks of a merge conflict", _KEEP_BOTH)
    if version is None:
        raise BaselineError(name, f"is no baseline: its first line is not `{_HEADER}`")
    if version[1] != "1":
        raise BaselineError(name, "is of a version that this leakscan does not know")


def _salt(line: str, where: str) -> bytes:
    found = _SALT.fullmatch(line)
    if found is None:
        raise BaselineError(where, "has a salt that is not 32 hex digits")
    return bytes.fromhex(found[1])


def _entry(line: str, number: int, where: str) -> Entry:
    found = _LINE.fullmatch(line)
    if found is None:
        raise BaselineError(where, "is not `FINGERPRINT RULE [expires=YYYY-MM-DD] [REASON]`")
    expires = None
    if found["expires"] is not None:
        try:
            expires = day(found["expires"])
        except ValueError:
            raise BaselineError(where, "expires= must be a day such as 2027-01-31") from None
    return Entry(found["mark"], found["rule"], found["reason"] or "", expires, number)


# -- writing ------------------------------------------------------------------------------------


def salted(salt: bytes, fingerprint: Fingerprint) -> str:
    """Return the keyed hash that stands for a fingerprint in a file with this salt."""
    # OpenSSL takes longer to load than a hook without findings may take.
    import hashlib
    import hmac

    parts = fingerprint.split(".")[1]
    digest = hmac.new(salt, fingerprint.encode(), hashlib.sha256).hexdigest()
    return f"{_SALTED}{parts}.{digest[:32]}"


def mark_of(credential: Credential, salt: bytes) -> str:
    """Return what a baseline stores of a credential: its fingerprint, or a keyed hash of that."""
    if _bits(credential) < GUESSABLE_BITS:
        return salted(salt, credential.fingerprint)
    return str(credential.fingerprint)


def _bits(credential: Credential) -> float:
    """Return the bits of the value that decides: the secret, else the token, else the id."""
    identity = credential.identity
    value = identity.secret or identity.session_token or identity.access_key_id or ""
    return credential.entropy_bits * len(value)


def updated(
    findings: Iterable[Finding], old: Baseline | None, salt: bytes, reason: str, name: str
) -> Baseline:
    """Return a baseline of all the findings; lines of the old one that still fit stay as they are.

    `salt` is for a new file; the salts of an old one stay.
    """
    salts = old.salts if old else (salt,)
    kept: dict[str, Entry] = {}
    for finding in findings:
        credential = finding.credential
        for entry in old.entries_of(credential.fingerprint) if old else ():
            kept.setdefault(entry.text, entry)
        mark = mark_of(credential, salts[0])
        if not (old and old.entries_of(credential.fingerprint)):
            kept[mark] = Entry(mark, credential.rule.id, _one_line(reason))
    return baseline(name, salts, sorted(kept.values(), key=lambda entry: entry.text))


def render(made: Baseline) -> bytes:
    """Return the bytes of a baseline file."""
    salts = [f"# salt {salt.hex()}" for salt in made.salts]
    lines = [_HEADER, *salts, *_ABOUT, *(entry.text for entry in made.entries)]
    return ("\n".join(lines) + "\n").encode()


def _one_line(reason: str) -> str:
    """Return a reason as it may stand in the file: in one line, without a secret, and no day."""
    printable = "".join(char if char.isprintable() else " " for char in reason)
    return mask_text(" ".join(printable.split())).replace("expires=", "expires ")
