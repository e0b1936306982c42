"""Files of CloudTrail's events.

Part of the privilege stage. In: a file as CloudTrail delivers it (`Records`, also gzip), the output
of `aws cloudtrail lookup-events`, or JSON lines. Out: the events in it, not looked at.
"""

import json
import zlib
from collections.abc import Iterator
from typing import Final

from leakscan.errors import ExitCode, LeakscanError

MAX_BYTES: Final = 128 << 20
"""Of a file, and of what it unpacks to."""


class CloudTrailError(LeakscanError):
    """A file holds no events of CloudTrail."""

    code = ExitCode.USAGE


def events_in(data: bytes) -> Iterator[object]:
    """Yield the events that a file holds.

    Raises: CloudTrailError if it holds none in a form that is known.
    """
    text = _unpacked(data)
    try:
        whole = json.loads(text)
    except RecursionError:
        raise CloudTrailError("The file of events is nested too deeply.") from None
    except ValueError:
        yield from _lines(text)
        return
    yield from _of_document(whole)


def _unpacked(data: bytes) -> bytes:
    if len(data) > MAX_BYTES:
        raise CloudTrailError(f"The file of events is larger than {MAX_BYTES >> 20} MiB.")
    if data[:2] != b"\x1f\x8b":
        return data
    unpacker = zlib.decompressobj(wbits=31)
    try:
        text = unpacker.decompress(data, MAX_BYTES + 1)
    except zlib.error:
        raise CloudTrailError("The file of events is damaged: it is not gzip to its end.") from None
    if len(text) > MAX_BYTES or not unpacker.eof:
        raise CloudTrailError("The file of events is too large unpacked, or cut off.")
    return text


def _of_document(whole: object) -> Iterator[object]:
    if isinstance(whole, dict) and isinstance(whole.get("Records"), list):
        yield from whole["Records"]
    elif isinstance(whole, dict) and isinstance(whole.get("Events"), list):
        yield from (
            one.get("CloudTrailEvent") if isinstance(one, dict) else one for one in whole["Events"]
        )
    elif isinstance(whole, dict) and "eventName" in whole:
        yield whole
    elif isinstance(whole, list):
        yield from whole
    else:
        raise CloudTrailError(
            "The file holds no events of CloudTrail.",
            hint="Known are: a file that CloudTrail delivered (Records, also gzip), the output of "
            "aws cloudtrail lookup-events, and JSON lines with an event each.",
        )


def _lines(text: bytes) -> Iterator[object]:
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines or not lines[0].lstrip().startswith(b"{"):
        raise CloudTrailError("The file of events is neither JSON nor JSON lines.")
    yield from lines
