"""Which findings a comment beside the value allows.

Part of the triage stage. In: findings whose occurrences have their markers. Out: for each finding
the marker that allows it, or what is wrong with those it has.

A finding is allowed if each holder of it has a marker that counts: each path, and each commit
message, tag, ref or name by itself. A marker beside the id does not allow the secret.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from leakscan.model import Event, Finding, Marker, NoteKind, Occurrence, Part, Place, TriageNote
from leakscan.triage.comments import OWN_WORD, is_obeyed

_FILES = (Place.FILE, Place.SYMLINK, Place.INDEX, Place.TEXT)
_STARTS = (Event.INTRODUCED, Event.MOVED)
_Holder = tuple[str, bytes]
_Comment = tuple[bytes | None, Marker]
"""A comment at a path, wherever on it."""


def allowing(finding: Finding) -> Occurrence | None:
    """Return an occurrence whose marker allows the finding, None if it is not allowed."""
    holders: dict[_Holder, list[Occurrence]] = defaultdict(list)
    for one in _standing(finding):
        holders[_holder(one)].append(one)
    old = _old(finding)
    chosen = [_marked(finding, group, old) for group in holders.values()]
    return chosen[0] if chosen and all(chosen) else None


def notes(finding: Finding) -> Iterator[TriageNote]:
    """Yield what keeps the markers of a finding from counting."""
    old = _old(finding)
    for one in _standing(finding):
        if one.marker is None:
            continue
        if not is_obeyed(one.marker):
            yield TriageNote(NoteKind.NO_REASON, place(one), one.marker.word, _NO_REASON)
        elif (one.path, one.marker) in old:
            yield TriageNote(NoteKind.OLD_COMMENT, place(one), one.marker.word, _OLD)


def _old(finding: Finding) -> set[_Comment]:
    """Return the comments that stood there before the credential, and never came with it."""
    decides = _decisive(finding)
    old, own = set(), set()
    for one in finding.occurrences:
        if one.marker is not None and one.marker_is_old:
            old.add((one.path, one.marker))
        elif one.marker is not None and one.event in _STARTS and decides in one.parts:
            own.add((one.path, one.marker))
    return old - own


_NO_REASON = f"not obeyed: it says no reason; write one behind it: {OWN_WORD} REASON"
_OLD = (
    "not obeyed: it was made for another value that stood here; if this one is no leak either, "
    f"give it a reason of its own: {OWN_WORD} REASON"
)


def place(one: Occurrence) -> str:
    """Return where an occurrence is, as people write it; a report masks it."""
    name = one.path if one.path is not None else one.name
    where = name.decode("utf-8", "backslashreplace")
    if not where:
        held = one.object_id or one.commit
        where = f"{one.place.value} {held.hex()[:12] if held else ''}".strip()
    return f"{where}:{one.line}" if one.line is not None else where


def _standing(finding: Finding) -> list[Occurrence]:
    """Return where the credential came or is.

    An object that no commit holds does not count beside others: it may be an earlier version of a
    file, staged before its comment was written.
    """
    there = [one for one in finding.occurrences if one.event is not Event.REMOVED]
    return [one for one in there if one.place is not Place.DANGLING] or there


def _holder(one: Occurrence) -> _Holder:
    if one.place in _FILES and one.path is not None and (one.object_id or one.place is Place.TEXT):
        return "file", one.path
    return one.place.value, one.name or one.path or one.object_id or one.commit or b""


def _marked(finding: Finding, group: Sequence[Occurrence], old: set[_Comment]) -> Occurrence | None:
    """Return the occurrence whose marker counts for a holder: one beside the part that decides."""
    decides = _decisive(finding)
    beside = [one for one in group if decides in one.parts] or group
    for one in beside:
        if one.marker and is_obeyed(one.marker) and (one.path, one.marker) not in old:
            return one
    return None


def _decisive(finding: Finding) -> Part:
    identity = finding.credential.identity
    if identity.secret is not None:
        return Part.SECRET
    return Part.TOKEN if identity.session_token is not None else Part.KEY_ID
