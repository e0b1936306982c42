"""How much memory a program and all it starts hold at once, at most. Linux alone tells.

In: the id of a running process. Out: the peaks of two sums over its processes, sampled: what is
short-lived can be missed. Pages that processes share, as after a fork, count once in all.
Source: Linux documentation, filesystems/proc.rst, "smaps_rollup"; proc_pid_stat(5).
"""

import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

MEASURABLE: Final = sys.platform == "linux"
EVERY_SECONDS: Final = 0.05
_PROC: Final = Path("/proc")
_KIB: Final = 1024


class Peak:
    """Samples a tree of processes whenever it is called; see the module."""

    def __init__(self) -> None:
        self.anonymous = 0
        self.resident = 0
        self.refused = False
        """The system does not tell of one of the processes: then the sums are worthless."""

    def __call__(self, root: int) -> None:
        """Take one sample and wait until the next is due."""
        try:
            sums = [_memory(pid) for pid in family(root, _parents())]
        except PermissionError:
            self.refused, sums = True, [(0, 0)]
        anonymous, resident = (sum(column) for column in zip(*sums, strict=True))
        self.anonymous = max(self.anonymous, anonymous)
        self.resident = max(self.resident, resident)
        time.sleep(EVERY_SECONDS)


def family(root: int, parents: Mapping[int, tuple[int, int]]) -> set[int]:
    """Return the root, its descendants, and its session, which orphans stay in.

    `parents` has the parent and the session of each process.
    """
    children: dict[int, list[int]] = {}
    for pid, (parent, _) in parents.items():
        children.setdefault(parent, []).append(pid)
    found: set[int] = set()
    waiting = [root, *(pid for pid, (_, session) in parents.items() if session == root)]
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting += children.get(pid, ())
    return found


def parse_rollup(lines: Iterable[str]) -> tuple[int, int]:
    """Return the anonymous and the resident bytes that are one process's share."""
    fields = {name: rest.split() for name, _, rest in (line.partition(":") for line in lines)}
    anonymous, resident = (int(fields[name][0]) * _KIB for name in ("Pss_Anon", "Pss"))
    return anonymous, resident


def _memory(pid: int) -> tuple[int, int]:
    """Return what one process holds; nothing if it has ended meanwhile or is just ending."""
    with suppress(ProcessLookupError, FileNotFoundError, KeyError):
        return parse_rollup((_PROC / str(pid) / "smaps_rollup").read_text("ascii").splitlines())
    return 0, 0


def _parents() -> dict[int, tuple[int, int]]:
    found: dict[int, tuple[int, int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                # The name of a program may hold anything, also blanks and parentheses.
                fields = (entry / "stat").read_bytes().rpartition(b")")[2].split()
                found[int(entry.name)] = int(fields[1]), int(fields[3])
    return found
