"""What is known of the place where a key stands: its path, its text, the files beside it.

Part of remedy. In: bytes of a repository, bounded here. Out: `Context`, which `choose` looks at.
Nothing in it is ever shown.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from leakscan.model import Encoding, Finding, RuleId
from leakscan.record import Record

TEXT_BYTES: Final = 32 << 10
"""Bytes of a text that are looked at: its beginning, and what stands around the key."""
MAX_PATH: Final = 1024
"""Characters of a path that are looked at, its last ones: a name says more than what is above."""
MAX_DEPTH: Final = 16
"""Folders above a file whose names are looked at, from the top."""
MAX_NAMES: Final = 500
"""Names of one folder: who has more files beside each other has them of one kind."""
MAX_NAMES_SIZE: Final = 16 << 10
"""Characters of these."""
_HEAD_BYTES: Final = 4 << 10
"""Of a longer text: imports, a shebang, `kind: Deployment`."""
_NEAR_BYTES: Final = 2 << 10
"""Bytes on each side of the key that speak of the key itself: some 40 lines."""
_NEAR_GRID: Final = 1 << 10
_FAR_GRID: Final = 8 << 10
"""Bytes in which places have the same text around them."""
_MAX_NAME: Final = 512
_STRIDE: Final = 4 << 10
"""Bytes whose lines are counted at once on the way to a line."""
_WIDTHS: Final = {Encoding.PLAIN: 1, Encoding.UTF_16_LE: 2, Encoding.UTF_16_BE: 2}
_CODECS: Final = {
    Encoding.PLAIN: "utf-8",
    Encoding.UTF_16_LE: "utf-16-le",
    Encoding.UTF_16_BE: "utf-16-be",
}
_SERVICE_RULES: Final = (RuleId("aws-bearer-token-id"), RuleId("aws-service-credential-id"))

At = tuple[int | None, int | None]
"""A line and a column, from 1."""


class Context(Record, frozen=True):
    """What signs are looked for in; `near` is the part of `text` that stands around the key.

    `neighbours` are folders, its own and those above, each as `names_text` makes it; many contexts
    share them, so the file itself and what it is in are among them. `key` says what the key is:
    `session`, `service`. `is_partial` says that only the path was looked at: the text could not
    be read, or there were too many.
    """

    path: str
    neighbours: tuple[str, ...] = ()
    text: str = ""
    key: frozenset[str] = frozenset()
    near: str = ""
    is_partial: bool = False


def path_text(path: bytes) -> str:
    """Return a path as text to look at; `path_bytes` gives back what it was, whatever that is."""
    return path.decode("utf-8", "surrogateescape")


def path_bytes(path: str) -> bytes:
    """Return the bytes of a path that `path_text` made."""
    return path.encode("utf-8", "surrogateescape")


def path_end(path: str, size: int = MAX_PATH) -> str:
    r"""Return the end of a path that is longer.

    It begins with a slash, or inside a name with a NUL: so `(^|/)x` finds only whole names in it,
    and `^x` nothing, for where the path begins is not there.
    """
    if len(path) <= size:
        return path
    end = path[-size:]
    slash = end.find("/")
    return end[slash:] if slash >= 0 else f"\0{end}"


class Text:
    """The text of one file, to be looked at around some places; it is passed through once."""

    def __init__(self, data: bytes, encoding: Encoding, places: Iterable[At]) -> None:
        self._data = data
        self._width, self._codec = _WIDTHS[encoding], _CODECS[encoding]
        self._lines = _beginnings(data, (line or 1 for line, _ in places), encoding)
        self._parts: dict[tuple[int, int], str] = {}
        self.size = 0
        """Bytes of the different parts that were asked for so far."""

    def around(self, context: Context, at: At) -> Context:
        """Return the context with the text around one of the places.

        Places that are close together share it, so that nobody has to look at it for each.
        """
        line, column = at
        # Columns count characters, which may be longer: so this is about where the key stands.
        place = self._lines[line or 1] + ((column or 1) - 1) * self._width
        place = min(len(self._data), place)
        text = self._part(0, len(self._data)) if len(self._data) <= TEXT_BYTES else self._far(place)
        near = self._around(place, _NEAR_BYTES * self._width, _NEAR_GRID)
        return Context(context.path, context.neighbours, text, context.key, near)

    def _far(self, place: int) -> str:
        room = (TEXT_BYTES - _HEAD_BYTES - _FAR_GRID) // 2
        return f"{self._part(0, _HEAD_BYTES)}\n{self._around(place, room, _FAR_GRID, _HEAD_BYTES)}"

    def _around(self, place: int, room: int, grid: int, least: int = 0) -> str:
        place -= place % grid
        return self._part(max(least, place - room), place + grid + room)

    def _part(self, start: int, end: int) -> str:
        part = start, min(end, len(self._data))
        if part not in self._parts:
            self._parts[part] = self._data[start:end].decode(self._codec, "replace")
            self.size += max(0, part[1] - start)
        return self._parts[part]


def names_text(names: Iterable[bytes], above: bytes = b"") -> str:
    """Return the names of a folder below `above`, one a line, as paths from the top, and bounded.

    A hostile folder costs no more than any other; of names far down the end is there.
    """
    found: list[str] = []
    left = MAX_NAMES_SIZE
    for name in names:
        line = path_line(path_text(above + name))
        left -= len(line) + 1
        if left < 0 or len(found) >= MAX_NAMES:
            break
        found.append(line)
    return "\n".join(found)


def path_line(path: str) -> str:
    """Return a path as it stands among the names of a folder: in one line, and not too long."""
    return path_end(path, _MAX_NAME).replace("\n", " ")


def key_words(finding: Finding) -> frozenset[str]:
    """Return what is known of the key itself before anybody asks AWS."""
    identity, rule = finding.credential.identity, finding.credential.rule.id
    words = set()
    if identity.session_token is not None or (identity.access_key_id or "").startswith("ASIA"):
        words.add("session")
    if rule in _SERVICE_RULES:
        words.add("service")
    return frozenset(words)


def _beginnings(data: bytes, lines: Iterable[int], encoding: Encoding) -> Mapping[int, int]:
    """Return where some lines begin, in one pass; one that is not there begins with the last."""
    newline = b"\0\n" if encoding is Encoding.UTF_16_BE else b"\n\0"[: _WIDTHS[encoding]]
    found = {}
    at, here = 0, 1
    for line in sorted(set(lines)):
        while (end := at + _STRIDE) < len(data):
            # What begins in the stride counts; the last one may end beyond.
            inside = data.count(newline, at, end + len(newline) - 1)
            if here + inside >= line:
                break
            at, here = end, here + inside
        while here < line and (step := data.find(newline, at)) >= 0:
            at, here = step + len(newline), here + 1
        found[line] = at
    return found
