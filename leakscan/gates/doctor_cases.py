"""The ways a credential gets into a push, each as a small history on top of `main`.

In: a credential. Out: a fast-import stream that makes one ref. Each way is one that some scanner
does not see: what only a merge holds, what git shows as binary, what is no file at all.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from leakscan.record import Record

OLD: Final = b"".join(b"line %d of a file that is renamed\n" % number for number in range(1, 41))
HIDDEN: Final = b"hidden.conf"
BASE: Final[Mapping[bytes, bytes]] = {
    b"README.md": b"A throw-away repository of leakscan doctor.\n",
    b"old.txt": OLD,
    b".gitattributes": b"%b -diff\n" % HIDDEN,
}
"""The files of `main`, which hold no credential."""

_WHO: Final = b"leakscan doctor <doctor@leakscan.invalid> 1700000000 +0000\n"
_MAIN: Final = b"refs/heads/main"


class Case(Record, frozen=True):
    """One way; `ref` is what is pushed, and whether a checkout of it shows the credential."""

    name: str
    ref: bytes
    build: Callable[[bytes, bytes], bytes]
    on_a_branch: bool = True


def base(files: Mapping[bytes, bytes]) -> bytes:
    """Return the stream that makes `main` of these files."""
    return _commit(_MAIN, (), files)


def harmless(ref: bytes, _credential: bytes = b"") -> bytes:
    """Return the stream of a commit that holds no credential."""
    return _commit(ref, (_MAIN,), {b"README.md": b"Changed, and harmless.\n"})


def plain(ref: bytes, credential: bytes) -> bytes:
    """Return the stream of a commit that adds a file with the credential."""
    return _commit(ref, (_MAIN,), {b"settings.env": credential})


def _removed(ref: bytes, credential: bytes) -> bytes:
    return plain(ref, credential) + _commit(ref, (), {b"settings.env": None})


def _merged(ref: bytes, credential: bytes) -> bytes:
    ours = _commit(ref, (_MAIN,), {b"ours.txt": b"ours\n"}, mark=1)
    theirs = _commit(ref, (_MAIN,), {b"theirs.txt": b"theirs\n"}, mark=2)
    return ours + theirs + _commit(ref, (b":1", b":2"), {b"merged.txt": credential})


def _renamed(ref: bytes, credential: bytes) -> bytes:
    return _commit(ref, (_MAIN,), {b"old.txt": None, b"new.txt": OLD + credential})


def _utf_16(ref: bytes, credential: bytes) -> bytes:
    text = b"\xff\xfe" + credential.decode().replace("\n", "\r\n").encode("utf-16-le")
    return _commit(ref, (_MAIN,), {b"export.csv": text})


def _no_diff(ref: bytes, credential: bytes) -> bytes:
    return _commit(ref, (_MAIN,), {HIDDEN: credential})


def _in_message(ref: bytes, credential: bytes) -> bytes:
    return _commit(ref, (_MAIN,), {b"README.md": b"Changed.\n"}, message=credential)


def _in_tag(ref: bytes, credential: bytes) -> bytes:
    name = ref.removeprefix(b"refs/tags/")
    return b"tag %b\nfrom %b\ntagger %b%b" % (name, _MAIN, _WHO, _data(credential))


CASES: Final = (
    Case("plain file", b"refs/heads/plain", plain),
    Case("added and removed again", b"refs/heads/removed", _removed),
    Case("only in a merge", b"refs/heads/merge", _merged),
    Case("renamed and edited", b"refs/heads/rename", _renamed),
    Case("UTF-16", b"refs/heads/utf-16", _utf_16),
    Case("attribute -diff", b"refs/heads/no-diff", _no_diff),
    Case("commit message", b"refs/heads/message", _in_message),
    Case("tag message", b"refs/tags/message", _in_tag, on_a_branch=False),
)


def _commit(
    ref: bytes,
    parents: Sequence[bytes],
    files: Mapping[bytes, bytes | None],
    *,
    message: bytes = b"leakscan doctor\n",
    mark: int = 0,
) -> bytes:
    """Return one commit of a stream; without parents it goes on where the ref stands."""
    lines = [b"reset %b\n" % ref] if mark else []
    lines += [b"commit %b\n" % ref, b"mark :%d\n" % mark if mark else b""]
    lines += [b"author ", _WHO, b"committer ", _WHO, _data(message)]
    words = [b"from"] + [b"merge"] * len(parents)
    lines += [b"%b %b\n" % pair for pair in zip(words, parents, strict=False)]
    for path, data in files.items():
        if data is None:
            lines.append(b"D %b\n" % path)
        else:
            lines.append(b"M 100644 inline %b\n%b" % (path, _data(data)))
    return b"".join([*lines, b"\n"])


def _data(data: bytes) -> bytes:
    return b"data %d\n%b\n" % (len(data), data)
