"""Breaks the files of a repository in the ways that disks, copies and killed processes do."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.support.repo import Repo


def flip(path: Path, offset: int | None = None) -> None:
    """Change one byte, by default the one in the middle."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2 if offset is None else offset] ^= 0xFF
    rewrite(path, bytes(data))


def truncate(path: Path) -> None:
    """Keep the first half of a file."""
    data = path.read_bytes()
    rewrite(path, data[: len(data) // 2])


def empty(path: Path) -> None:
    """Leave a file of no bytes, as a power cut does."""
    rewrite(path, b"")


def remove(path: Path) -> None:
    """Remove a file."""
    path.unlink()


def rewrite(path: Path, data: bytes) -> None:
    """Replace the content of a file that may be read-only or shared by a hard link."""
    path.unlink()
    path.write_bytes(data)


HARM: Final[dict[str, Callable[[Path], None]]] = {
    "flipped": flip,
    "truncated": truncate,
    "empty": empty,
}


def entry_offset(repo: Repo, pack: Path, object_id: str) -> tuple[int, int]:
    """Return the offset and the packed size of an object in a pack."""
    for line in repo.git("verify-pack", "-v", pack).decode().splitlines():
        words = line.split()
        if words[0] == object_id:
            return int(words[4]), int(words[3])
    raise AssertionError(f"{object_id} is not in {pack}")


def noise(size_bytes: int, seed: int = 0) -> bytes:
    """Return bytes that deflate cannot make small and that hold no secret: all over 127."""
    source = random.Random(seed)
    return bytes(128 + source.randrange(128) for _ in range(size_bytes))
