"""Keeps compiled databases in a folder: to compile them is half of what a start costs.

Part of the match stage. In: expressions, and a folder or none. Out: a database. It reads no
environment; which folder it is, only `cli` knows.

To load a database is to run what its bytes say, so it is only loaded from a folder that nobody
else can write to, from a file that is whole, and for exactly these expressions, this library and
this processor. Any doubt means: compile, and put a good file in its place.
"""

import hashlib
import os
import platform
import re
import secrets
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import hyperscan

Expressions = Sequence[tuple[bytes, int]]
"""Expressions with their flags; the place of one is its number."""

_FORMAT: Final = b"leakscan database 1\n"
_SUFFIX: Final = ".hsdb"
_OURS: Final = re.compile(rf"[0-9a-f]{{64}}\{_SUFFIX}(\.[0-9a-f]{{16}})?")
_HASH: Final = 32
_HEADER: Final = len(_FORMAT) + 2 * _HASH
_MAX_BYTES: Final = 64 << 20
_KEEP: Final = 16
"""Files of other rules and versions that stay, with those in use."""
# On Windows neither owner nor mode of a file says who may write to it: no cache there.
_SUPPORTED: Final = hasattr(os, "geteuid") and os.open in os.supports_dir_fd


def compiled(expressions: Expressions) -> hyperscan.Database:
    """Compile a database for whole texts."""
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(
        expressions=[source for source, _ in expressions],
        ids=list(range(len(expressions))),
        flags=[flags for _, flags in expressions],
    )
    return database


def database(
    expressions: Expressions,
    folder: Path | None,
    make: Callable[[Expressions], hyperscan.Database] = compiled,
) -> hyperscan.Database:
    """Return the database of the expressions from the folder, or make it and keep it there."""
    if folder is None or not _SUPPORTED:
        return make(expressions)
    # What every database says of itself that this library makes on this processor.
    info = str(compiled([(b"x", 0)]).info())
    key = _key(expressions, info)
    with _trusted(folder) as place:
        if place is None:
            return make(expressions)
        found = _load(place, key, info)
        if found is None:
            found = make(expressions)
            _store(place, key, hyperscan.dumpb(found))
        return found


def _key(expressions: Expressions, info: str) -> bytes:
    machine = f"{platform.machine()} {sys.platform} {sys.byteorder} {sys.maxsize}"
    binding = getattr(hyperscan, "__version__", "")
    parts = [_FORMAT, info.encode(), binding.encode(), machine.encode()]
    for source, flags in expressions:
        parts += [source, str(flags).encode()]
    digest = hashlib.sha256()
    for part in (*parts, str(hyperscan.HS_MODE_BLOCK).encode(), str(len(expressions)).encode()):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


@contextmanager
def _trusted(folder: Path) -> Iterator[int | None]:
    """Open the folder, made if need be; None unless it is ours and closed to all others.

    What is opened is what is asked, so that nobody can put another folder in between.
    """
    place = None
    with suppress(OSError):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield place if place is not None and _ours(os.fstat(place), 0o077) else None
    finally:
        if place is not None:
            os.close(place)


def _ours(status: os.stat_result, forbidden: int) -> bool:
    return status.st_uid == os.geteuid() and not status.st_mode & forbidden


def _load(place: int, key: bytes, info: str) -> hyperscan.Database | None:
    """Return the database of this key; None if there is none or if anything is amiss."""
    raw = _read(place, key.hex() + _SUFFIX)
    payload = raw[_HEADER:]
    if raw[:_HEADER] != _header(key, payload):
        return None
    try:
        loaded = hyperscan.loadb(payload, hyperscan.HS_MODE_BLOCK)
        if str(loaded.info()) != info:
            return None
        # Without this, a loaded database has no memory to scan with.
        loaded.scratch = hyperscan.Scratch(loaded)
    except hyperscan.HyperscanError:
        return None
    return loaded


def _header(key: bytes, payload: bytes) -> bytes:
    return _FORMAT + key + hashlib.sha256(key + payload).digest()


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


def _store(place: int, key: bytes, payload: bytes) -> None:
    """Put a database into the folder, whole or not at all; old ones go.

    Several processes may do so at once: each file is complete before it gets its name.
    """
    name = key.hex() + _SUFFIX
    temporary = f"{name}.{secrets.token_hex(8)}"
    with suppress(OSError):
        opened = os.open(
            temporary,
            os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC,
            0o600,
            dir_fd=place,
        )
        try:
            with os.fdopen(opened, "wb") as file:
                file.write(_header(key, payload) + payload)
            os.replace(temporary, name, src_dir_fd=place, dst_dir_fd=place)
        except OSError:
            os.unlink(temporary, dir_fd=place)
        _remove_old(place)


def _remove_old(place: int) -> None:
    """Leave the newest files; what a process that was killed left behind goes the same way."""
    ages = []
    for name in os.listdir(place):
        if _OURS.fullmatch(name):
            with suppress(FileNotFoundError):
                ages.append((os.stat(name, dir_fd=place, follow_symlinks=False).st_mtime_ns, name))
    for _, name in sorted(ages, reverse=True)[_KEEP:]:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=place)
