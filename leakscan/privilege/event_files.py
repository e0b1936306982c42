"""Files of CloudTrail's events.

Part of the privilege stage. In: a file as CloudTrail delivers it (`Records`, also gzip), the output
of `aws cloudtrail lookup-events`, or events one after the other, on a line each or on several. Out:
the events in it, not looked at.
"""

import json
import re
import zlib
from collections.abc import Iterator
from typing import Final

from leakscan.errors import ExitCode, LeakscanError

MAX_BYTES: Final = 128 << 20
"""Of a file, and of what it unpacks to."""

_MAX_BAD: Final = 1000
"""Places where no event begins; of more it is no file of events, and takes long to read."""
_SPACE: Final = re.compile(r"\s*")


class CloudTrailError(LeakscanError):
    """A file holds no events of CloudTrail."""

    code = ExitCode.USAGE


def events_in(data: bytes) -> Iterator[object]:
    """Yield the events that a file holds.

    Raises: CloudTrailError if it holds none in a form that is known.
    """
    text = _unpacked(data).removeprefix(b"\xef\xbb\xbf")
    try:
        whole = json.loads(text)
    except RecursionError:
        raise CloudTrailError("The file of events is nested too deeply.") from None
    except ValueError:
        yield from _one_by_one(text)
        return
    yield from _of_document(whole)


def _unpacked(data: bytes) -> bytes:
    if len(data) > MAX_BYTES:
        raise CloudTrailError(f"The file of events is larger than {MAX_BYTES >> 20} MiB.")
    if data[:2] != b"\x1f\x8b":
        return data
    parts: list[bytes] = []
    room = MAX_BYTES
    while data.strip(b"\0"):  # A file may have several members, and zeros behind the last.
        unpacker = zlib.decompressobj(wbits=31)
        try:
            parts.append(unpacker.decompress(data, room + 1))
        except zlib.error:
            raise CloudTrailError(
                "The file of events is damaged: it is not gzip to its end."
            ) from None
        room -= len(parts[-1])
        if room < 0 or not unpacker.eof:
            raise CloudTrailError("The file of events is too large unpacked, or cut off.")
        data = unpacker.unused_data
    return b"".join(parts)


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
            "aws cloudtrail lookup-events, and events one after the other.",
        )


def _one_by_one(data: bytes) -> Iterator[object]:
    """Yield documents that stand one after the other, as JSON lines or as jq prints them.

    What is none is passed on as it is, line by line, so that it is counted.
    """
    if not data.lstrip().startswith(b"{"):
        raise CloudTrailError("The file of events is neither JSON nor JSON lines.")
    text = data.decode("utf-8", "replace")
    decoder = json.JSONDecoder()
    bad = 0
    at = _SPACE.match(text, 0).end()  # type: ignore[union-attr] # It matches nothing too.
    while at < len(text):
        try:
            one, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
            bad += 1
            if bad > _MAX_BAD:
                raise CloudTrailError("The file of events is damaged in many places.") from None
            yield text[at:end]
        else:
            yield from _events_of(one)
        at = _SPACE.match(text, end).end()  # type: ignore[union-attr]


def _events_of(one: object) -> Iterator[object]:
    try:
        yield from _of_document(one)
    except CloudTrailError:
        yield one
