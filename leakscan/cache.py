"""Keeps what is dear to make in a folder of our own, from one run to the next.

Below all stages. In: bytes under a key, and a folder or none. Out: the same bytes, or None. It
reads no environment; which folder it is, only `cli` knows. What the bytes mean is their maker's.

What is kept is believed as if it were part of the program, so it is only read from a folder that
nobody else can write to, and from a file that is whole and of this key. Any doubt means: not
there. A file that is not good is replaced, and a folder that cannot be used costs time only.
"""

import importlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Protocol, cast

_FORMAT: Final = b"leakscan kept 1\n"
_OURS: Final = re.compile(r"[0-9a-f]{64}\.(?P<kind>[a-z]+)(\.[0-9a-f]{16})?")
_HASH: Final = 32
_HEADER: Final = len(_FORMAT) + 2 * _HASH
_MAX_BYTES: Final = 64 << 20
_KEEP: Final = 16
"""Files of one kind that stay, the newest: those of other rules and versions with those in use."""
# On Windows neither owner nor mode of a file says who may write to it: no cache there.
_SUPPORTED: Final = hasattr(os, "geteuid") and os.open in os.supports_dir_fd


class Hash(Protocol):
    """A hash under way."""

    def digest(self) -> bytes:
        """Return the hash."""
        ...

    def hexdigest(self) -> str:
        """Return the hash in hex."""
        ...


def sha256(data: bytes) -> Hash:
    """Return the SHA-256 of data, without loading OpenSSL: that takes 3 ms of each start.

    Source: CPython, Lib/random.py, which takes its hash in the same way.
    """
    for module in ("_sha2", "_sha256", "hashlib"):
        with suppress(ImportError):
            return cast(Hash, importlib.import_module(module).sha256(data))
    raise AssertionError("hashlib has SHA-256")


def key_of(*parts: bytes) -> bytes:
    """Return the key of something that follows from these parts alone."""
    return sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).digest()


def load(folder: Path | None, kind: str, key: bytes) -> bytes | None:
    """Return what is kept under a key; None if there is nothing, or if anything is amiss.

    `kind` is a word of small letters; what is kept of one kind does not displace another.
    """
    with _trusted(folder) as place:
        if place is None:
            return None
        raw = _read(place, _name(kind, key))
    payload = raw[_HEADER:]
    return payload if raw[:_HEADER] == _header(kind, key, payload) else None


def store(folder: Path | None, kind: str, key: bytes, payload: bytes) -> None:
    """Keep bytes under a key, whole or not at all; the oldest of the kind go.

    Several processes may do so at once: each file is complete before it gets its name.
    """
    with _trusted(folder) as place, suppress(OSError):
        if place is not None:
            _write(place, _name(kind, key), _header(kind, key, payload) + payload)
            _remove_old(place, kind)


def _name(kind: str, key: bytes) -> str:
    return f"{key.hex()}.{kind}"


def _header(kind: str, key: bytes, payload: bytes) -> bytes:
    return _FORMAT + key + key_of(kind.encode("ascii"), key, payload)


@contextmanager
def _trusted(folder: Path | None) -> Iterator[int | None]:
    """Open the folder, made if need be; None unless it is ours and closed to all others.

    What is opened is what is asked, so that nobody can put another folder in between.
    """
    place = None
    if folder is not None and _SUPPORTED:
        with suppress(OSError):
            place = _open(folder)
    try:
        yield place if place is not None and _ours(os.fstat(place), 0o077) else None
    finally:
        if place is not None:
            os.close(place)


def _open(folder: Path) -> int:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(folder, flags)
    except FileNotFoundError:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        return os.open(folder, flags)


def _ours(status: os.stat_result, forbidden: int) -> bool:
    return status.st_uid == os.geteuid() and not status.st_mode & forbidden


def _read(place: int, name: str) -> bytes:
    """Return what a file holds; nothing if it is not a file that only we can have written."""
    try:
        # Not blocking: what stands there may be a pipe.
        opened = os.open(
            name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=place
        )
        with os.fdopen(opened, "rb") as file:
            status = os.fstat(opened)
            if not (stat.S_ISREG(status.st_mode) and _ours(status, 0o022)):
                return b""
            raw = file.read(_MAX_BYTES + 1)
    except OSError:
        return b""
    return raw if len(raw) <= _MAX_BYTES else b""


def _write(place: int, name: str, raw: bytes) -> None:
    temporary = f"{name}.{os.urandom(8).hex()}"
    opened = os.open(
        temporary,
        os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC,
        0o600,
        dir_fd=place,
    )
    try:
        with os.fdopen(opened, "wb") as file:
            file.write(raw)
        os.replace(temporary, name, src_dir_fd=place, dst_dir_fd=place)
    except BaseException:
        os.unlink(temporary, dir_fd=place)
        raise


def _remove_old(place: int, kind: str) -> None:
    """Leave the newest files; what a process that was killed left behind goes the same way."""
    ages = []
    for name in os.listdir(place):
        found = _OURS.fullmatch(name)
        if found and found["kind"] == kind:
            with suppress(FileNotFoundError):
                ages.append((os.stat(name, dir_fd=place, follow_symlinks=False).st_mtime_ns, name))
    for _, name in sorted(ages, reverse=True)[_KEEP:]:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=place)
