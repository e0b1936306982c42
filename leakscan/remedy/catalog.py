"""Remedy: what to do about a credential, from the texts in `patterns/remediation/`.

In: one Markdown file per remediation, `<id>.md`. Out: `Remediation`, whose steps can be
filled with the access key id of one credential. It knows nothing of rules or reports.

A file is YAML front matter between two lines `---` with exactly `FIELDS`, then a numbered
list. Each item is one step; lines that belong to an item are indented by three spaces.
Commands stand between backticks. Words in capitals, such as USER_NAME, are for the reader
to fill in; `{access_key_id}` is filled in here.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import yaml
from msgspec.structs import replace

from leakscan.errors import ExitCode, LeakscanError
from leakscan.model import Credential, Remediation
from leakscan.resources import patterns

FIELDS: Final = ("id", "title", "mechanism", "controls", "references")
_FENCE: Final = "---"
_ITEM: Final = re.compile(r"(\d+)\. +(\S.*)")
_PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")
_SAFE_KEY_ID: Final = re.compile(r"[A-Z0-9]{16,32}")
_KEY_ID: Final = "access_key_id"


class RemediationError(LeakscanError):
    """A remediation text that cannot be used; names the file and the field."""

    code = ExitCode.CONFIG

    def __init__(self, path: Path, field: str, problem: str) -> None:
        super().__init__(
            f"{path.name}: {field}: {problem}",
            hint="Remediation texts are described in leakscan/remedy/catalog.py.",
        )


def load_catalog(directory: Path | None = None) -> dict[str, Remediation]:
    """Return all remediations by id, sorted; by default those that came with leakscan.

    Raises: RemediationError for a folder without texts or a text that is not valid.
    """
    folder = directory if directory is not None else patterns() / "remediation"
    paths = sorted(folder.glob("*.md"))
    if not paths:
        raise RemediationError(folder, "folder", "there is no remediation text in it")
    return {path.stem: _load(path) for path in paths}


def fill(remediation: Remediation, credential: Credential) -> Remediation:
    """Return the remediation with the credential's access key id in its commands.

    An id goes into a command line only if it is capitals and digits alone; otherwise, and where
    no id is known, the words ACCESS_KEY_ID stay for the reader.
    """
    key_id = credential.identity.access_key_id or ""
    value = key_id if _SAFE_KEY_ID.fullmatch(key_id) else _KEY_ID.upper()
    steps = tuple(step.replace(f"{{{_KEY_ID}}}", value) for step in remediation.steps)
    return replace(remediation, steps=steps)


def _load(path: Path) -> Remediation:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RemediationError(path, "file", f"cannot be read ({error})") from error
    front, body = _split(path, text)
    fields = _front_matter(path, front)
    return Remediation(
        id=_id(path, fields),
        title=_string(path, fields, "title"),
        mechanism=_string(path, fields, "mechanism"),
        steps=tuple(_steps(path, body)),
        controls=_strings(path, fields, "controls"),
        references=_references(path, fields),
    )


def _split(path: Path, text: str) -> tuple[str, list[str]]:
    lines = text.splitlines()
    if not lines or lines[0] != _FENCE or _FENCE not in lines[1:]:
        raise RemediationError(path, "front matter", "must stand first, between two lines ---")
    end = lines.index(_FENCE, 1)
    return "\n".join(lines[1:end]), lines[end + 1 :]


def _front_matter(path: Path, text: str) -> Mapping[object, object]:
    try:
        fields = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RemediationError(path, "front matter", f"is not YAML ({error})") from error
    if not isinstance(fields, dict):
        raise RemediationError(path, "front matter", "must be a mapping")
    for unknown in fields.keys() - set(FIELDS):
        raise RemediationError(path, str(unknown), "is not a field of a remediation")
    for missing in set(FIELDS) - fields.keys():
        raise RemediationError(path, missing, "is missing")
    return fields


def _id(path: Path, fields: Mapping[object, object]) -> str:
    value = _string(path, fields, "id")
    if value != path.stem:
        raise RemediationError(path, "id", f"must be the name of the file, {path.stem}")
    return value


def _string(path: Path, fields: Mapping[object, object], field: str) -> str:
    return _sentence(path, field, fields[field])


def _strings(path: Path, fields: Mapping[object, object], field: str) -> tuple[str, ...]:
    values = fields[field]
    if not isinstance(values, list) or not values:
        raise RemediationError(path, field, "must be a list with at least one entry")
    return tuple(_sentence(path, field, value) for value in values)


def _references(path: Path, fields: Mapping[object, object]) -> tuple[str, ...]:
    references = _strings(path, fields, "references")
    for reference in references:
        if not re.fullmatch(r"https://\S+", reference):
            raise RemediationError(path, "references", f"{reference!r} is not an https address")
    return references


def _sentence(path: Path, field: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise RemediationError(path, field, "must be a text that is not empty")
    return " ".join(value.split())


def _steps(path: Path, lines: list[str]) -> Iterator[str]:
    """Yield the items of the numbered list, each as one line."""
    steps: list[list[str]] = []
    for line in lines:
        item = _ITEM.fullmatch(line.rstrip())
        if item and int(item[1]) == len(steps) + 1:
            steps.append([item[2]])
        elif line.startswith("   ") and steps:
            steps[-1].append(line.strip())
        elif line.strip():
            wanted = f"expected step {len(steps) + 1} or an indented line"
            raise RemediationError(path, "steps", f"{wanted}, found {line[:40]!r}")
    if not steps:
        raise RemediationError(path, "steps", "must be a numbered list")
    for number, parts in enumerate(steps, 1):
        yield _step(path, f"step {number}", " ".join(parts))


def _step(path: Path, field: str, text: str) -> str:
    text = _sentence(path, field, text)
    if text.count("`") % 2:
        raise RemediationError(path, field, "has a backtick without its pair")
    for name in _PLACEHOLDER.findall(text):
        if name != _KEY_ID:
            raise RemediationError(path, field, f"{{{name}}} is not a placeholder")
    return text
