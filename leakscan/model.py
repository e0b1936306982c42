"""The data that the stages hand to each other; nothing here does work.

store -history-> Content -match-> Candidate -score-> Sighting, Credential -trace-> Finding
-report-> bytes; whatever was not read is a Skipped. Everything from the repository
stays `bytes` until a report turns it into text.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType

from leakscan.record import Record
from leakscan.redact import Secret
from leakscan.remediation import Choice
from leakscan.verdict import NOT_CHECKED, Verdict

ObjectId = NewType("ObjectId", bytes)
"""A raw object id: 20 bytes (SHA-1) or 32 bytes (SHA-256)."""
RuleId = NewType("RuleId", str)
Fingerprint = NewType("Fingerprint", str)


class Kind(StrEnum):
    """What a piece of content is, in git's words."""

    BLOB = "blob"
    COMMIT = "commit"
    TAG = "tag"
    TREE = "tree"
    PATH = "path"
    """One name in a tree: the last component of a path."""
    REF = "ref"
    """The name of a ref."""
    INDEX = "index"
    """A path in an index."""
    GIT_FILE = "git-file"
    """A file of the git directory itself: config, reflogs, messages being edited."""
    TEXT = "text"
    """Text that is no object of any repository: what came on stdin."""
    PACK = "pack"
    """A pack or its index as a whole; only in Skipped."""


class Level(StrEnum):
    """A rank, used for severity and confidence; `rank` orders it."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for low to 3 for critical."""
        return ("low", "medium", "high", "critical").index(self.value)


class Part(StrEnum):
    """The parts of one AWS credential; the values are JSON keys of the report."""

    KEY_ID = "access_key_id"
    SECRET = "secret"
    TOKEN = "session_token"


class Encoding(StrEnum):
    """The decoding that showed a candidate."""

    PLAIN = "plain"
    UTF_16_LE = "utf-16-le"
    UTF_16_BE = "utf-16-be"


# -- history ------------------------------------------------------------------------------


class Content(Record, frozen=True):
    """Bytes to match: one object, a piece of a huge one, or a name.

    `start`, `lines_before` and `columns_before` place a piece: the offset of `data` in the object,
    the newlines before it, and the bytes before it on its first line. `name` is the ref, path or
    git file that has no object id of its own.
    """

    kind: Kind
    data: bytes
    object_id: ObjectId | None = None
    name: bytes = b""
    start: int = 0
    lines_before: int = 0
    columns_before: int = 0


class SkipReason(StrEnum):
    """Why something was not read or not matched."""

    MISSING = "missing"
    PROMISED = "promised, not fetched"
    DAMAGED = "damaged"
    UNREADABLE = "unreadable"
    TOO_LARGE = "too large"
    MATCH_TIMEOUT = "matching took too long"
    NOT_TRACED = "history could not be followed"
    UNSUPPORTED = "format not supported"
    OUT_OF_TIME = "out of time"


class Skipped(Record, frozen=True):
    """Something of the scan that was not read, matched or traced; it makes the scan incomplete."""

    kind: Kind
    reason: SkipReason
    object_id: ObjectId | None = None
    path: bytes = b""
    detail: str = ""


# -- rules ----------------------------------------------------------------------------------

MAX_NEEDLE_WIDTH: Final = 512
"""Bytes a first-phase match may span; what is cut nowhere closer to a hit loses nothing."""


class Boundary(StrEnum):
    """What may not adjoin a secret; `match` holds the bytes of each."""

    NONE = "none"
    ALNUM = "alnum"
    BASE64 = "base64"
    BASE64URL = "base64url"


class Example(Record, frozen=True):
    """A text of a rule file with what it proves, `%%` already removed.

    A positive example `finds` values; a negative one is `stopped_by` the stage named.
    """

    text: bytes
    finds: tuple[bytes, ...] = ()
    stopped_by: str = ""
    why: str = ""


class Rule(Record, frozen=True):
    """One rule of `patterns/*.yaml`; see CONTRIBUTING.md for the meaning of each field."""

    id: RuleId
    name: str
    description: str
    part: Part
    severity: Level
    confidence: Level
    keywords: tuple[bytes, ...]
    pattern: str
    """Exact bytes regex with a group `secret`; no lookaround; every repeat bounded."""
    needle: str
    """First-phase expression of at most `MAX_NEEDLE_WIDTH` bytes; the pattern itself if short."""
    boundary: Boundary
    min_entropy: float
    near: bool
    """Looked for only where the content has an access key id or an AWS word."""
    allow: tuple[str, ...]
    remediation: str
    references: tuple[str, ...]
    examples: tuple[Example, ...]
    negative_examples: tuple[Example, ...]


class RuleSet(Record, frozen=True):
    """All rules with the version and the hash (hex SHA-256 of the rule files) the report names."""

    rules: tuple[Rule, ...]
    version: str
    hash: str


# -- match and score --------------------------------------------------------------------------


class Candidate(Record, frozen=True):
    """A hit, unscored: the value after normalisation and where it stands.

    `start` and `end` are byte offsets in the object, half-open; `line` and `column` count from 1,
    columns in characters of the decoding. `key_name` is the text of the context before the
    value (the variable or key that names it), empty for bare tokens and ids.
    """

    rule: Rule
    value: Secret
    start: int
    end: int
    line: int
    column: int
    encoding: Encoding = Encoding.PLAIN
    key_name: bytes = b""


class Reason(Record, frozen=True):
    """One piece of evidence: its name, its effect in points, and a sentence."""

    name: str
    effect: int
    text: str


class Marker(Record, frozen=True):
    """A comment on the line of a value that asks to allow it: its word, and what it says why."""

    word: str
    reason: bytes = b""


class Position(Record, frozen=True):
    """Where a part stands inside one content: line and column from 1."""

    part: Part
    line: int
    column: int
    encoding: Encoding = Encoding.PLAIN
    marker: Marker | None = None


class Identity(Record, frozen=True):
    """The values of a credential, whichever are known; two places with equal values are one."""

    access_key_id: str | None = None
    secret: Secret | None = None
    session_token: Secret | None = None


class Sighting(Record, frozen=True):
    """A credential, or a lone part of one, seen in one content.

    `regions` are AWS's names of regions that stand near it or in its token, the nearest first.
    """

    identity: Identity
    rule: Rule
    kind: Kind
    object_id: ObjectId | None
    name: bytes
    positions: tuple[Position, ...]
    points: int
    reasons: tuple[Reason, ...]
    regions: tuple[str, ...] = ()


class Credential(Record, frozen=True):
    """What a responder acts on: parts that belong together, judged by all their sightings."""

    fingerprint: Fingerprint
    identity: Identity
    rule: Rule
    severity: Level
    confidence: Level
    entropy_bits: float
    """Shannon bits per byte of the secret, or of the token or id if the secret is unknown."""
    reasons: tuple[Reason, ...]
    regions: tuple[str, ...] = ()
    """Regions that its sightings name, the likeliest first; the first of a token is its own."""


# -- trace ------------------------------------------------------------------------------------


class Event(StrEnum):
    """What happened to a credential at a place."""

    INTRODUCED = "introduced"
    REMOVED = "removed"
    MOVED = "moved"
    PRESENT = "present"


class Place(StrEnum):
    """The kind of an occurrence."""

    FILE = "file"
    SYMLINK = "symlink"
    PATH = "path"
    COMMIT = "commit"
    TAG = "tag"
    REF = "ref"
    INDEX = "index"
    GIT_FILE = "git-file"
    DANGLING = "dangling"
    """An object that no commit holds."""
    TEXT = "text"
    """Text that came on stdin."""


class Occurrence(Record, frozen=True):
    """One place of a credential and what happened there.

    `object_id` is the blob (or the commit or tag) that holds it. `at_boundary` says that a parent
    was not in the store, so that the origin may lie beyond. `name` is the ref, tag or git file.
    `marker` is the comment beside the part that decides: the secret, else the token, else the id;
    `marker_is_old` says that it stood there before, beside another value or none.
    """

    place: Place
    event: Event
    parts: tuple[Part, ...]
    object_id: ObjectId | None = None
    commit: ObjectId | None = None
    author: bytes = b""
    email: bytes = b""
    date: datetime | None = None
    path: bytes | None = None
    from_path: bytes | None = None
    name: bytes = b""
    line: int | None = None
    column: int | None = None
    encoding: Encoding = Encoding.PLAIN
    at_boundary: bool = False
    marker: Marker | None = None
    marker_is_old: bool = False


class RemoteExposure(Record, frozen=True):
    """A remote whose tracking refs contain a credential: the first of them, and since when."""

    remote: bytes
    ref: bytes
    commit: ObjectId | None
    since: datetime | None


class Exposure(Record, frozen=True):
    """Since when, until when and from where a credential can be had.

    `refs` contain it in their history, `tips` of them still hold it in their newest tree,
    `leftovers` are the stash and reflog entries and indexes that hold it outside all refs. Of
    very many names the first are listed; the totals count all.
    """

    introduced_at: datetime | None = None
    removed_at: datetime | None = None
    at_head: bool = False
    reachable: bool = False
    refs: tuple[bytes, ...] = ()
    tips: tuple[bytes, ...] = ()
    leftovers: tuple[bytes, ...] = ()
    refs_total: int = 0
    tips_total: int = 0
    leftovers_total: int = 0
    first_commit: ObjectId | None = None
    last_commit: ObjectId | None = None
    remotes: tuple[RemoteExposure, ...] = ()


class Remediation(Record, frozen=True):
    """What to do now, ending in the IAM role that replaces the key."""

    id: str
    title: str
    mechanism: str
    steps: tuple[str, ...]
    controls: tuple[str, ...]
    references: tuple[str, ...]
    phases: tuple[str, ...] = ()
    """What each step is for, in the words of `remediation.Phase`; empty where that is not known."""


class Status(StrEnum):
    """What triage says of a finding."""

    NEW = "new"
    KNOWN = "known"
    """Not new in the range that was asked for: the excluded side holds it already."""
    BASELINED = "baselined"
    ALLOWED = "allowed"


class Acceptance(Record, frozen=True):
    """Why triage does not call a finding new: where that is written, the entry, and its reason."""

    source: str
    """`baseline`, `config` or `comment`."""
    entry: str
    reason: str = ""


class NoteKind(StrEnum):
    """What is wrong with an entry of a baseline, an allowlist or a comment."""

    STALE = "stale"
    EXPIRED = "expired"
    NOT_OBEYED = "not obeyed"
    NO_REASON = "no reason"
    OLD_COMMENT = "comment made for another value"


class TriageNote(Record, frozen=True):
    """Something to tell about an entry; `where` names its file and line, or commit and path."""

    kind: NoteKind
    where: str
    entry: str
    text: str = ""


class Finding(Record, frozen=True):
    """A credential with its whole life in this repository."""

    credential: Credential
    occurrences: tuple[Occurrence, ...]
    exposure: Exposure
    remediation: Remediation | None = None
    status: Status = Status.NEW
    accepted: Acceptance | None = None
    verdict: Verdict = NOT_CHECKED
    places: tuple[Choice, ...] = ()
    """The kinds of place it stands in, the surest first; what takes its place depends on them."""


DEEP_PATH: Final = 100
"""Components above which a path is not searched for secrets that its slashes break."""

# -- result -----------------------------------------------------------------------------------


class ScopeKind(StrEnum):
    """What was asked for, where it was not everything."""

    RANGE = "range"
    SINCE = "since"
    STAGED = "staged"
    PUSH = "push"
    RECEIVE = "receive"
    TEXT = "text"


class Scope(Record, frozen=True):
    """The part of a repository that was asked for.

    Objects and commits that `include` reaches and `exclude` does not; both as a reader would
    name them.
    """

    kind: ScopeKind
    include: tuple[bytes, ...] = ()
    exclude: tuple[bytes, ...] = ()
    commits: int = 0


class Target(Record, frozen=True):
    """Properties of what was scanned; none of them alone makes a scan incomplete."""

    path: str
    head: bytes | None
    """The ref HEAD names, or the hex commit it stands at; None if there is none."""
    refs: int
    shallow: bool
    partial: bool
    alternates: tuple[bytes, ...]
    replace_refs: int
    grafts: bool
    object_format: str
    scope: Scope | None = None
    """The part that was scanned; None for everything."""


class NotInStore(Record, frozen=True):
    """What the repository names but keeps elsewhere: submodule paths, LFS object ids."""

    submodules: tuple[bytes, ...] = ()
    lfs: tuple[bytes, ...] = ()


class Coverage(Record, frozen=True):
    """The proof of what was read: distinct objects expected and scanned, and bytes matched."""

    objects_expected: int
    objects_scanned: int
    by_kind: Mapping[Kind, int]
    bytes_scanned: int
    not_in_store: NotInStore
    seconds: float


class ScanResult(Record, frozen=True):
    """Everything a report is made from; findings come worst first."""

    target: Target
    rules: RuleSet
    complete: bool
    coverage: Coverage
    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]
    notes: tuple[TriageNote, ...] = ()
    hidden: frozenset[Secret] = frozenset()
    """Secrets that are no finding and stand in a path of this result; a report masks them too."""
