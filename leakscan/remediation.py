"""What to do about a credential, as data: entries of the catalogue, choices among them, and plans.

Below all stages, so that `remedy` makes what `report` shows. An entry is of a kind of key (what
puts it out of service) or of a place (what takes its place there); a plan is one of the first with
one or more of the second, its phases merged, its placeholders filled.
"""

import re
from enum import StrEnum
from typing import Final

from msgspec import field

from leakscan.record import Record

_CONTINUED: Final = re.compile(r"[ \t]*\\\n[ \t]*")


class Phase(StrEnum):
    """What a step is for; the order of the members is the order of the work."""

    CONTAIN = "contain"
    REPLACE = "replace"
    PROVE = "prove"
    DELETE = "delete"
    PURGE = "purge"
    PREVENT = "prevent"


class Block(Record, frozen=True):
    """Lines to copy as they are: commands, or the text of a file that commands name.

    `language` is one of sh, json, yaml, hcl, python, javascript, go, java, ruby, ini, docker or
    text; `file` is the name to save it under, empty for commands.
    """

    language: str
    text: str
    file: str = ""

    @property
    def commands(self) -> tuple[str, ...]:
        """The commands of a block of `sh`, each in one line."""
        lines = _CONTINUED.sub(" ", self.text).split("\n")
        return tuple(line for line in map(str.strip, lines) if line)


class Step(Record, frozen=True):
    """One step: sentences (Markdown, inline code only) and blocks in their order."""

    phase: Phase
    parts: tuple[str | Block, ...]


class EntryKind(StrEnum):
    """What an entry is about."""

    KEY = "key"
    PLACE = "place"


class SignKind(StrEnum):
    """What of the context a sign looks at."""

    PATH = "path"
    TEXT = "text"
    """The content around the key, or all of it where it is small."""
    NEIGHBOUR = "neighbour"
    """The path of another file, in the same folder or one above it."""
    KEY = "key"
    """What the key is: `root`, `session`, `smtp`, `service`."""


class Sign(Record, frozen=True):
    """What speaks for a place (or, with points below zero, against it), and how it is said."""

    kind: SignKind
    pattern: str
    points: int
    says: str


class Entry(Record, frozen=True):
    """One entry of the catalogue; `controls` are ids of `controls.yaml`."""

    id: str
    kind: EntryKind
    title: str
    mechanism: str
    """What replaces the key, as a noun phrase."""
    instead: str
    """One sentence for a refused push: what to use here instead of a key. Empty for keys."""
    signs: tuple[Sign, ...]
    why: str
    """Why a key is dangerous here, or what this kind of key opens: a paragraph."""
    steps: tuple[Step, ...]
    cautions: tuple[str, ...]
    """What goes wrong in practice, a sentence or two each."""
    trust: Block | None
    """The trust policy of the role, JSON."""
    terraform: Block | None
    cloudformation: Block | None
    controls: tuple[str, ...]
    references: tuple[str, ...]


class Control(Record, frozen=True):
    """A control that leaked keys touch, with its number in each framework and version.

    `numbers` maps a framework, such as `CIS AWS Foundations Benchmark`, to a mapping of its
    versions (`""` for one without versions) to numbers.
    """

    id: str
    title: str
    numbers: dict[str, dict[str, tuple[str, ...]]]


class Choice(Record, frozen=True):
    """A place that was chosen for some occurrence, and why; `path` is empty for a text.

    `sure` is False where nothing but a weak sign, or more than one place, spoke for it. `title` and
    `mechanism` are those of its entry, for a report, which has no catalogue.
    """

    id: str
    path: bytes
    points: int
    reasons: tuple[str, ...]
    sure: bool
    title: str = ""
    mechanism: str = ""


class Spoke(Record, frozen=True):
    """A sign that held, and the points it gave."""

    kind: SignKind
    says: str
    points: int


class Weighed(Record, frozen=True):
    """What spoke for and against one kind of place."""

    id: str
    title: str
    points: int
    spoke: tuple[Spoke, ...]


class Looked(StrEnum):
    """How much of a file was looked at to tell its kind of place."""

    TEXT = "text"
    """Its path, its text and the names beside it."""
    PART = "part"
    """Of these, some: looking for the signs in them took too long."""
    PATH = "path"
    TYPE = "type"
    """The type of the file alone, for there are too many."""


class Considered(Record, frozen=True):
    """All kinds of place that were thought of for one file, best first, and what was chosen.

    `names` is the number of names beside it and above.
    """

    path: bytes
    names: int
    looked: Looked
    weighed: tuple[Weighed, ...]
    chosen: tuple[Choice, ...]


class Section(Record, frozen=True):
    """What one place adds to a plan that is no step."""

    id: str
    title: str
    mechanism: str
    why: str
    reasons: tuple[str, ...]
    paths: tuple[bytes, ...]
    sure: bool
    trust: Block | None
    terraform: Block | None
    cloudformation: Block | None


class PlannedStep(Record, frozen=True):
    """A step of a plan; `entry` is the entry it comes from."""

    entry: str
    phase: Phase
    parts: tuple[str | Block, ...]


class Plan(Record, frozen=True):
    """All that is to do about one credential, filled with its values.

    `key` is the entry of the kind of key; `open_values` are the words in capitals that the reader
    has to fill in, with what they mean; `values` is what was filled in, by placeholder.
    """

    key: str
    title: str
    why: str
    places: tuple[Section, ...]
    steps: tuple[PlannedStep, ...]
    cautions: tuple[str, ...]
    open_values: dict[str, str]
    controls: tuple[Control, ...]
    references: tuple[str, ...]
    values: dict[str, str] = field(default_factory=dict)


def framework_name(framework: str, version: str) -> str:
    """Return how a version of a framework is written: `... v5.0`, `... r5`, or without one."""
    number = f"v{version}" if version[:1].isdigit() else version
    return f"{framework} {number}".strip()


PLACEHOLDERS: Final = {
    "access_key_id": ("ACCESS_KEY_ID", "the id of the key"),
    "user_name": ("USER_NAME", "the IAM user whose key it is"),
    "role_name": ("ROLE_NAME", "the role whose session it is"),
    "account_id": ("ACCOUNT_ID", "the 12 digits of the AWS account"),
    "region": ("REGION", "an AWS Region such as eu-west-1"),
    "partition": ("aws", "aws, aws-us-gov or aws-cn"),
    "repository": ("OWNER/REPOSITORY", "the repository on its host"),
    "branch": ("BRANCH", "the branch that is deployed"),
    "role": ("app", "the name of the new role"),
    "path": ("FILE", "the file the key stands in"),
    "now": ("NOW", "the present time such as 2026-01-31T12:00:00Z"),
}
"""What `{name}` in an entry stands for: the word where no value is known, and what it means."""
