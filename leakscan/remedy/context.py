"""What is known of the place where a key stands: its path, its text, the files beside it.

Part of remedy. In: bytes of a repository, bounded here. Out: `Context`, which `choose` looks at.
Nothing in it is ever shown.
"""

from collections.abc import Iterable
from typing import Final

from leakscan.model import Encoding, Finding, RuleId
from leakscan.record import Record

TEXT_BYTES: Final = 32 << 10
"""Bytes of a text that are looked at: its beginning, and what stands around the key."""
MAX_NEIGHBOURS: Final = 2_000
"""Names beside a file and above it."""
_HEAD_BYTES: Final = 4 << 10
"""Of a longer text: imports, a shebang, `kind: Deployment`."""
_NEAR_BYTES: Final = 2 << 10
"""Bytes on each side of the key that speak of the key itself: some 40 lines."""
_MAX_NAME: Final = 512
_WIDTHS: Final = {Encoding.PLAIN: 1, Encoding.UTF_16_LE: 2, Encoding.UTF_16_BE: 2}
_CODECS: Final = {
    Encoding.PLAIN: "utf-8",
    Encoding.UTF_16_LE: "utf-16-le",
    Encoding.UTF_16_BE: "utf-16-be",
}
_SERVICE_RULES: Final = (RuleId("aws-bearer-token-id"), RuleId("aws-service-credential-id"))


class Context(Record, frozen=True):
    """What signs are looked for in; `near` is the part of `text` that stands around the key.

    `neighbours` are paths from the top, of the same folder and those above it; those of folders
    end with a slash. `key` says what the key is: `session`, `service`. `is_partial` says that
    only the path was looked at: the text could not be read, or there were too many.
    """

    path: str
    neighbours: frozenset[str] = frozenset()
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


def with_text(
    context: Context,
    data: bytes,
    line: int | None,
    column: int | None,
    encoding: Encoding = Encoding.PLAIN,
) -> Context:
    """Return the context with the text of a file whose key stands at a line and column from 1."""
    width, codec = _WIDTHS[encoding], _CODECS[encoding]
    at = _offset(data, line or 1, column or 1, width)
    room = (TEXT_BYTES - _HEAD_BYTES) // 2
    if len(data) <= TEXT_BYTES:
        text = data.decode(codec, "replace")
    else:
        head, around = data[:_HEAD_BYTES], data[max(_HEAD_BYTES, at - room) : at + room]
        text = f"{head.decode(codec, 'replace')}\n{around.decode(codec, 'replace')}"
    start = max(0, at - _NEAR_BYTES * width)
    near = data[start : at + _NEAR_BYTES * width].decode(codec, "replace")
    return Context(context.path, context.neighbours, text, context.key, near)


def neighbours(names: Iterable[bytes]) -> frozenset[str]:
    """Return names as a context has them, so many that a hostile folder costs no more than one."""
    found: set[str] = set()
    for name in names:
        if len(found) >= MAX_NEIGHBOURS:
            break
        found.add(path_text(name[:_MAX_NAME]).replace("\n", " "))
    return frozenset(found)


def key_words(finding: Finding) -> frozenset[str]:
    """Return what is known of the key itself before anybody asks AWS."""
    identity, rule = finding.credential.identity, finding.credential.rule.id
    words = set()
    if identity.session_token is not None or (identity.access_key_id or "").startswith("ASIA"):
        words.add("session")
    if rule in _SERVICE_RULES:
        words.add("service")
    return frozenset(words)


def _offset(data: bytes, line: int, column: int, width: int) -> int:
    """Return about where a line and column are; columns count characters, which may be longer."""
    newline = b"\n" if width == 1 else b"\n\0"
    at = 0
    for _ in range(line - 1):
        found = data.find(newline, at)
        if found < 0:
            break
        at = found + len(newline)
    at = min(len(data), at + (column - 1) * width)
    return at - at % width
