"""For now: entries about keys as the short `Remediation` of a report, until plans make it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from leakscan.model import Credential, Remediation
from leakscan.remediation import PLACEHOLDERS, Block, Control, Entry
from leakscan.remedy.catalog import load_catalog

_SAFE_KEY_ID: Final = re.compile(r"[A-Z0-9]{16,32}")
_KEY_ID: Final = "access_key_id"


def remediations(cache: Path | None) -> dict[str, Remediation]:
    """Return what rules name, by its id. Raises RemediationError."""
    catalog = load_catalog(cache=cache)
    return {name: _short(entry, catalog.controls) for name, entry in catalog.keys.items()}


def fill(remediation: Remediation, credential: Credential) -> Remediation:
    """Return the remediation with the access key id in its commands, if that is safe there."""
    key_id = credential.identity.access_key_id or ""
    values = {name: word for name, (word, _) in PLACEHOLDERS.items()}
    if _SAFE_KEY_ID.fullmatch(key_id):
        values[_KEY_ID] = key_id
    steps = []
    for step in remediation.steps:
        for name, value in values.items():
            step = step.replace(f"{{{name}}}", value)
        steps.append(step)
    return replace(remediation, steps=tuple(steps))


def _short(entry: Entry, controls: dict[str, Control]) -> Remediation:
    steps = tuple(" ".join(_line(step.parts)) for step in entry.steps)
    names = tuple(
        name for one in entry.controls if one in controls for name in _names(controls[one])
    )
    return Remediation(
        entry.id, entry.title, entry.mechanism, steps, names or entry.controls, entry.references
    )


def _line(parts: tuple[str | Block, ...]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, str):
            yield part
        elif part.language == "sh":
            yield " ".join(f"`{line}`" for line in part.text.replace("\\\n", "").splitlines())


def _names(control: Control) -> Iterator[str]:
    for framework, versions in control.numbers.items():
        for version, numbers in versions.items():
            yield f"{f'{framework} {version}'.strip()}: {', '.join(numbers)}"
