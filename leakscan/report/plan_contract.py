"""The types of `leakscan.plan/1` and `leakscan.compliance/1`, what `leakscan remedy` writes.

`schema/plan-1.json` and `schema/compliance-1.json` say the same for readers outside Python; a test
holds them together.
"""

from typing import Literal, NotRequired, TypedDict

PartKind = Literal["text", "commands", "file"]


class MakerDoc(TypedDict):
    """The program that made the plan."""

    name: str
    version: str


class KeyDoc(TypedDict):
    """A credential that a plan is for."""

    fingerprint: str
    title: str
    severity: str
    access_key_id: str | None
    account_id: str | None
    user: str | None
    role: str | None
    verdict: str
    arn: str | None
    found: str
    at: list[str]


class PartDoc(TypedDict):
    """A part of a step: a sentence, commands, or the text of a file, in that order of `kind`."""

    kind: PartKind
    text: NotRequired[str]
    commands: NotRequired[list[str]]
    language: NotRequired[str]
    file: NotRequired[str | None]


class StepDoc(TypedDict):
    """A step; they are numbered through all phases. `entry` is the text it comes from."""

    number: int
    entry: str
    parts: list[PartDoc]


class PhaseDoc(TypedDict):
    """What is done at one time."""

    phase: str
    steps: list[StepDoc]


class FileDoc(TypedDict):
    """The text of a file."""

    language: str
    file: str | None
    text: str


class WhereDoc(TypedDict):
    """A kind of place where the key stands, and what takes its place there."""

    id: str
    title: str
    mechanism: str
    why: list[str]
    reasons: list[str]
    paths: list[str]
    sure: bool
    trust: FileDoc | None
    terraform: FileDoc | None
    cloudformation: FileDoc | None


class ControlDoc(TypedDict):
    """A control, with its numbers by version by framework."""

    id: str
    title: str
    numbers: dict[str, dict[str, list[str]]]


class PlanDoc(TypedDict):
    """What to do about some credentials of one kind."""

    id: str
    title: str
    why: list[str]
    keys: list[KeyDoc]
    places: list[WhereDoc]
    phases: list[PhaseDoc]
    watch_out: list[str]
    fill_in: dict[str, str]
    filled_in: dict[str, str]
    controls: list[ControlDoc]
    references: list[str]


class LeftOutDoc(TypedDict):
    """A credential that there is no plan for, and why."""

    fingerprint: str
    why: str


class PlansDoc(TypedDict):
    """What `leakscan remedy` writes: `leakscan.plan/1`."""

    schema: str
    tool: MakerDoc
    complete: bool
    plans: list[PlanDoc]
    left_out: list[LeftOutDoc]


class TouchedDoc(TypedDict):
    """A control, and how many credentials touch it."""

    id: str
    title: str
    findings: int


class TouchingDoc(TypedDict):
    """Credentials, by fingerprint, that touch the same controls."""

    controls: list[str]
    findings: list[str]


class NumberDoc(TypedDict):
    """A number of a framework, the controls of ours that it stands for, and how many touch it."""

    number: str
    controls: list[str]
    findings: int


def file_of(part: PartDoc) -> FileDoc:
    """Return the file that a part of a step is."""
    return {"language": part["language"], "file": part["file"], "text": part["text"]}


class FrameworkDoc(TypedDict):
    """A version of a framework with the numbers in it that are touched."""

    framework: str
    version: str
    numbers: list[NumberDoc]


class ComplianceDoc(TypedDict):
    """What `leakscan remedy --compliance` writes: `leakscan.compliance/1`."""

    schema: str
    tool: MakerDoc
    complete: bool
    findings: list[KeyDoc]
    touching: list[TouchingDoc]
    controls: list[TouchedDoc]
    frameworks: list[FrameworkDoc]
