"""Reading files of a git directory that may be hostile: bounded, and never a pipe or device."""

import os
import stat
from pathlib import Path


def read_file(path: Path, limit_bytes: int) -> bytes:
    """Return the content of a regular file of at most limit_bytes.

    Raises OSError if it cannot be read, is no regular file or is larger. Opening never blocks.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    with os.fdopen(descriptor, "rb") as file:
        state = os.fstat(file.fileno())
        if not stat.S_ISREG(state.st_mode):
            raise OSError("not a regular file")
        if state.st_size > limit_bytes:
            raise OSError(f"larger than {limit_bytes} bytes")
        data = file.read(min(limit_bytes, state.st_size) + 1)
    if len(data) > limit_bytes:
        raise OSError(f"larger than {limit_bytes} bytes")
    return data


def read_optional(path: Path, limit_bytes: int) -> bytes | None:
    """Like `read_file`, but None where there is no such file."""
    try:
        return read_file(path, limit_bytes)
    except (FileNotFoundError, NotADirectoryError):
        return None


def is_special(entry: os.DirEntry[str]) -> bool:
    """Say whether opening the entry could block or act: no file and no folder, links followed."""
    try:
        mode = entry.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
