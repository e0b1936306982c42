"""Keeps compiled databases: to compile them is half of what a start costs.

Part of the match stage. In: expressions, and a folder or none. Out: a database.

To load a database is to run what its bytes say; `leakscan.cache` gives nothing that others could
have written. It is only loaded for exactly these expressions, this library and this processor.
"""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import hyperscan

from leakscan import cache

Expressions = Sequence[tuple[bytes, int]]
"""Expressions with their flags; the place of one is its number."""

_KIND: Final = "hsdb"


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
    if folder is None:
        return make(expressions)
    # What every database says of itself that this library makes on this processor.
    info = str(compiled([(b"x", 0)]).info())
    key = _key(expressions, info)
    found = _loaded(cache.load(folder, _KIND, key), info)
    if found is None:
        found = make(expressions)
        cache.store(folder, _KIND, key, hyperscan.dumpb(found))
    return found


def _key(expressions: Expressions, info: str) -> bytes:
    # Without owners of files there is no cache, nor os.uname; platform would cost 1 ms more.
    machine = os.uname().machine if hasattr(os, "uname") else ""
    system = f"{machine} {sys.platform} {sys.byteorder} {sys.maxsize}"
    parts = [info, getattr(hyperscan, "__version__", ""), system, str(hyperscan.HS_MODE_BLOCK)]
    for source, flags in expressions:
        parts += [source.decode("latin-1"), str(flags)]
    return cache.key_of(*(part.encode("latin-1") for part in parts))


def _loaded(payload: bytes | None, info: str) -> hyperscan.Database | None:
    """Return the database that the bytes are; None if they are none of this library."""
    if payload is None:
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
