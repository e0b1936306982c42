"""What `--inspect` found out, as rows of text and as a part of the JSON document.

In: an `Inspection`. Out: labels with texts, plain values and the schema of these. Texts of AWS are
masked here; making them harmless for a terminal is done here too, for rows alone.
"""

from typing import Any, Final

from leakscan.inspection import Inspection

SCHEMA: Final[dict[str, Any]] = {"type": "object"}
"""JSON schema of one `document`, self-contained: no `$ref`."""


def lines(inspection: Inspection) -> list[tuple[str, str]]:
    """Return rows of label and text; an empty label continues the row before."""
    raise NotImplementedError


def document(inspection: Inspection) -> dict[str, Any]:
    """Return the inspection as JSON values."""
    raise NotImplementedError
