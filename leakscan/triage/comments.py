"""Comments beside a value that ask to allow it.

Part of the triage stage. In: a content with what was seen in it. Out: the same sightings, each
position with the marker on its line. A marker has a colon or a space in it, which no value can
have, so it never stands inside one. Whether a marker is obeyed is decided later.

Source: the words of gitleaks (README, "gitleaks:allow") and of detect-secrets (README, "Inline
Allowlisting").
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from leakscan.model import Content, Encoding, Marker, Position, Sighting
from leakscan.record import Record

OWN_WORD: Final = "leakscan:allow"
"""The marker that needs a reason; the others have none by custom."""

_MARKER: Final = re.compile(
    rb"(?<![\w:])(?:(?P<word>(?:leakscan|gitleaks):allow)(?!-?\w)"
    rb"|(?P<pragma>pragma: ?allowlist[ -](?P<below>nextline[ -])?secret)(?!\w))"
)
_HINTS: Final = (b":allow", b"allowlist")
_WIDE_HINTS: Final = tuple(hint.decode().encode("utf-16-le")[:-1] for hint in _HINTS)
"""UTF-16 in either byte order has them."""
_BEFORE: Final = (8, 7)
"""Where a marker may begin before such a word: `leakscan` and `gitleaks`, `pragma:` and a space."""
_MAX_REASON: Final = 200
_LEAD: Final = re.compile(r"\s*(?:reason\s*=|[:=\u2013\u2014]|--?)?[\s\"']*")
_CLOSER: Final = re.compile(r"-->|--%>|\*/|\*\)|[#%}]\}|%>|[\"'`]\s*[,;)\]}>]|[\r\n\0]")
_OPAQUE: Final = re.compile(r"[A-Za-z0-9+/=_-]{16,}")
_LETTERS: Final = re.compile(r"[^\W\d_]{2}")
_NOT_ZERO: Final = bytes([0]) + bytes([0xFF]) * 255


class _Text(Record, frozen=True):
    """A content with one byte per character; character i stands at `origin + i * width`."""

    encoding: Encoding
    chars: bytes
    origin: int = 0
    width: int = 1

    def offset(self, index: int) -> int:
        return self.origin + index * self.width


def with_markers(content: Content, sightings: Sequence[Sighting]) -> list[Sighting]:
    """Return the sightings of a content, with the marker on the line of each part.

    Costs two searches for a word where there is none.
    """
    wanted: dict[Encoding, set[int]] = {}
    for one in sightings:
        for position in one.positions:
            wanted.setdefault(position.encoding, set()).add(position.line)
    markers = {encoding: _markers(content, encoding, wanted[encoding]) for encoding in wanted}
    if not any(markers.values()):
        return list(sightings)
    return [
        replace(one, positions=tuple(_marked(position, markers) for position in one.positions))
        for one in sightings
    ]


def marked_lines(data: bytes, wanted: Collection[Marker]) -> dict[Marker, Counter[bytes]]:
    """Return, for each wanted marker, the lines of a text that it is for, without white space."""
    found: dict[Marker, Counter[bytes]] = {}
    for encoding in Encoding:
        hints = _HINTS if encoding is Encoding.PLAIN else _WIDE_HINTS
        if not any(hint in data for hint in hints):
            continue
        for text in _texts(data, encoding):
            here: dict[Marker, Counter[bytes]] = {}
            for marker, line in _lines(data, text):
                if marker in wanted:
                    here.setdefault(marker, Counter())[line] += 1
            # One byte off, wide text of one order is wide text of the other.
            for marker, lines in here.items():
                found[marker] = found.get(marker, Counter()) | lines
    return found


def _lines(data: bytes, text: _Text) -> Iterator[tuple[Marker, bytes]]:
    """Yield each marker with the line that it is for."""
    chars, end, line, below = text.chars, -1, b"", b""
    for found in _found(chars):
        # Each line is looked for once: it may be long, and have many.
        if found.start() > end:
            start = chars.rfind(b"\n", end + 1, found.start()) + 1 or end + 1
            end, line = _line(chars, start)
            below = _line(chars, end + 1)[1]
        yield _marker(data, text, found), below if found["below"] else line


def _line(chars: bytes, start: int) -> tuple[int, bytes]:
    """Return where the line that starts somewhere ends, and its text without white space."""
    end = chars.find(b"\n", start)
    end = end if end >= 0 else len(chars)
    return end, b"".join(chars[start:end].split())


def is_obeyed(marker: Marker) -> bool:
    """Say whether a marker counts: ours needs a reason that is more than an opaque value."""
    if marker.word != OWN_WORD:
        return True
    said = _OPAQUE.sub("", marker.reason.decode("utf-8", "replace"))
    return _LETTERS.search(said) is not None


def _marked(position: Position, markers: Mapping[Encoding, Mapping[int, Marker]]) -> Position:
    marker = markers[position.encoding].get(position.line)
    return replace(position, marker=marker) if marker is not None else position


def _markers(content: Content, encoding: Encoding, wanted: set[int]) -> dict[int, Marker]:
    """Return the marker that counts for each wanted line, as the match stage counts lines."""
    hints = _HINTS if encoding is Encoding.PLAIN else _WIDE_HINTS
    if not any(hint in content.data for hint in hints):
        return {}
    by_line: dict[int, Marker] = {}
    for text in _texts(content.data, encoding):
        for line, marker in _each(content, text, wanted):
            if line not in by_line or (is_obeyed(marker) and not is_obeyed(by_line[line])):
                by_line[line] = marker
    return by_line


def _each(content: Content, text: _Text, wanted: set[int]) -> Iterator[tuple[int, Marker]]:
    """Yield each marker for a wanted line, with the line."""
    # Lines of a text that is UTF-16 as a whole are counted in it, of another one in its bytes.
    whole = text.width == 2 and (
        content.data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in content.data[:2]
    )
    counted = text.chars if whole else content.data
    line, done = content.lines_before + 1, 0
    for found in _found(text.chars):
        at = found.start() if whole else text.offset(found.start())
        line += counted.count(b"\n", done, at)
        done = at
        for_line = line + bool(found["below"])
        if for_line in wanted:
            yield for_line, _marker(content.data, text, found)


def _marker(data: bytes, text: _Text, found: re.Match[bytes]) -> Marker:
    word = found["word"] or found["pragma"]
    return Marker(word.decode("ascii"), _reason(data, text, found.end()))


def _found(chars: bytes) -> Iterator[re.Match[bytes]]:
    """Yield the markers in a text in order; searching for words is far faster than the pattern."""
    hits = []
    for hint in _HINTS:
        at = chars.find(hint)
        while at >= 0:
            hits.append(at)
            at = chars.find(hint, at + 1)
    for at in sorted(hits):
        for before in _BEFORE:
            found = _MARKER.match(chars, at - before) if at >= before else None
            if found:
                yield found
                break


def _reason(data: bytes, text: _Text, start: int) -> bytes:
    """Return what follows a marker on its line, as UTF-8, without what closes the comment."""
    end = text.chars.find(b"\n", start, start + 4 * _MAX_REASON)
    end = end if end >= 0 else start + 4 * _MAX_REASON
    another = _MARKER.search(text.chars, start, end)
    end = another.start() if another else end
    raw = data[text.offset(start) : text.offset(end)]
    codec = "utf-8" if text.encoding is Encoding.PLAIN else text.encoding.value
    said = raw.decode(codec, "replace")
    lead = _LEAD.match(said)
    said = said[lead.end() if lead else 0 :]
    closer = _CLOSER.search(said)
    said = said[: closer.start() if closer else len(said)]
    return " ".join(said.split()).rstrip("\"'`;#/*- ")[:_MAX_REASON].encode()


def _texts(data: bytes, encoding: Encoding) -> Collection[_Text]:
    """Return the ways to read the bytes in an encoding: UTF-16 may begin at an odd byte."""
    if encoding is Encoding.PLAIN:
        return [_Text(encoding, data)]
    return [_narrow(data, encoding, parity) for parity in (0, 1)]


def _narrow(data: bytes, encoding: Encoding, origin: int) -> _Text:
    """Return the low byte of each pair, 0xFF where the high byte says it is no Latin letter."""
    first, second = data[origin::2], data[origin + 1 :: 2]
    low, high = (first, second) if encoding is Encoding.UTF_16_LE else (second, first)
    count = min(len(low), len(high))
    # One operation on the whole text; a loop over characters is 100 times slower.
    mask = int.from_bytes(high[:count].translate(_NOT_ZERO), "little")
    chars = (int.from_bytes(low[:count], "little") | mask).to_bytes(count, "little")
    return _Text(encoding, chars, origin, 2)
