"""Where to point at, for formats that want one file and line for each finding.

In: a finding of the contract. Out: its places, and a name for each, a path or one under `.git/`.
"""

from typing import Final

from leakscan.report.contract import FindingDoc, OccurrenceDoc
from leakscan.report.words import at_head, introduction

_NOWHERE: Final[OccurrenceDoc] = {
    "kind": "dangling",
    "event": "present",
    "parts": [],
    "commit": None,
    "author": None,
    "email": None,
    "date": None,
    "path": None,
    "from_path": None,
    "name": None,
    "line": None,
    "column": None,
    "blob": None,
    "encoding": "plain",
    "member": None,
    "at_boundary": False,
    "allowed_by": None,
}


def places(its: FindingDoc) -> list[OccurrenceDoc]:
    """Return where to point at: places at HEAD, or else the one that brought the credential in."""
    first = introduction(its)
    return at_head(its) or ([first] if first else [_NOWHERE])


def name(one: OccurrenceDoc) -> str:
    """Return the path of an occurrence; what has none gets a name under `.git/`."""
    if one["path"] is not None:
        return one["path"]
    if one["name"]:
        return f".git/{one['name']}"
    object_id = one["blob"] or one["commit"]
    return f".git/objects/{object_id[:2]}/{object_id[2:]}" if object_id else ".git"
