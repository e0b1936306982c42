"""The inflate floor: one process that unpacks every entry of every pack once, and nothing else.

    python tests/bench/inflate.py REPO        # prints the seconds of the loop alone, as JSON

No delta is applied and nothing is matched; offsets and sizes are read before the clock starts.
A script of its own, on one core. Loose objects are left out. Source: git documentation,
gitformat-pack, "pack-*.pack files have the following format".
"""

import json
import mmap
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

_HEADER_BYTES: Final = 64
"""More than the size, the offset of a base and the id of a base take together."""
_OFS_DELTA: Final = 6
_REF_DELTA: Final = 7


def git(repo: Path, *arguments: str, stdin: Path | None = None) -> bytes:
    """Return what git prints. Raises CalledProcessError with its complaint."""
    command = ["git", "-C", str(repo), *arguments]
    if stdin is None:
        return subprocess.run(command, capture_output=True, check=True).stdout
    with stdin.open("rb") as file:
        return subprocess.run(command, stdin=file, capture_output=True, check=True).stdout


def packs(repo: Path) -> list[Path]:
    """Return the packs of a repository that have an index, alternates left out."""
    folder = repo / git(repo, "rev-parse", "--git-path", "objects/pack").decode().rstrip("\n")
    return sorted(pack for pack in folder.glob("*.pack") if pack.with_suffix(".idx").exists())


def entries(
    repo: Path, pack: Path, data: mmap.mmap, id_bytes: int
) -> Iterator[tuple[int, int, int]]:
    """Yield begin and end of the compressed bytes of each entry, and the size they unpack to."""
    lines = git(repo, "show-index", stdin=pack.with_suffix(".idx")).splitlines()
    offsets = sorted({int(line.split(maxsplit=1)[0]) for line in lines})
    for start, end in pairwise([*offsets, len(data) - id_bytes]):
        begin, size = header(data[start : start + _HEADER_BYTES], start, id_bytes)
        yield begin, end, size


def header(head: bytes, start: int, id_bytes: int) -> tuple[int, int]:
    """Return where the compressed bytes of the entry at start begin, and its unpacked size."""
    kind, size, shift, at = head[0] >> 4 & 7, head[0] & 15, 4, 1
    while head[at - 1] & 0x80:
        size |= (head[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
    if kind == _OFS_DELTA:
        while head[at] & 0x80:
            at += 1
        at += 1
    elif kind == _REF_DELTA:
        at += id_bytes
    return start + at, size


def main(repo: Path) -> None:
    """Unpack a whole repository and print what it took."""
    sha256 = git(repo, "rev-parse", "--show-object-format").strip() == b"sha256"
    total, count, wall, cpu = 0, 0, 0.0, 0.0
    for pack in packs(repo):
        with pack.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            plan = list(entries(repo, pack, data, 32 if sha256 else 20))
            wall, cpu = wall - time.perf_counter(), cpu - time.process_time()
            total += _inflate(data, plan)
            wall, cpu = wall + time.perf_counter(), cpu + time.process_time()
            count += len(plan)
    print(json.dumps({"seconds": wall, "cpu_seconds": cpu, "entries": count, "bytes": total}))


def _inflate(data: mmap.mmap, plan: list[tuple[int, int, int]]) -> int:
    """Unpack all and return the bytes it came to. Raises ValueError where a header has lied."""
    from isal.isal_zlib import decompressobj  # The unit tests do without.

    total = 0
    with memoryview(data) as view:
        for begin, end, size in plan:
            # Bounded, as a scanner of strangers' repositories has to.
            length = len(decompressobj().decompress(view[begin:end], size + 1))
            if length != size:
                raise ValueError(f"the entry at {begin} unpacks to {length} bytes, not {size}")
            total += length
    return total


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
