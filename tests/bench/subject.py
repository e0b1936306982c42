"""The facts of a repository and of the machine that a reader needs to judge a time by."""

import os
import platform
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.inflate import git, packs
from tests.bench.numbers import count, size

_CPU_INFO: Final = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True)
class Subject:
    """One repository: what its own object store holds, reachable or not. Sizes are in bytes."""

    name: str
    path: Path
    commits: int
    objects: int
    packed: int
    expanded: int
    loose: int
    alternates: int

    def facts(self) -> str:
        """Return all of it in one line."""
        facts = [
            f"{count(self.commits)} commits",
            f"{count(self.objects)} objects",
            f"{size(self.packed)} of packs",
            f"{size(self.expanded)} expanded",
        ]
        if self.loose or self.alternates:
            facts.append(
                f"{count(self.loose)} loose objects and {self.alternates} alternates, which the "
                "inflate floor leaves out"
            )
        return ", ".join(facts)


def subject(argument: str) -> Subject:
    """Measure the repository that `PATH` or `NAME=PATH` names.

    Raises CalledProcessError with git's complaint.
    """
    name, path = named(argument)
    listing = git(
        path,
        *("cat-file", "--batch-all-objects", "--unordered", "--buffer"),
        "--batch-check=%(objecttype) %(objectsize)",
    )
    kinds: Counter[bytes] = Counter()
    expanded = 0
    for line in listing.splitlines():
        kind, _, length = line.partition(b" ")
        kinds[kind] += 1
        expanded += int(length)
    lines = git(path, "count-objects", "-v").decode("utf-8", "replace").splitlines()
    loose = next(int(line.split()[1]) for line in lines if line.startswith("count:"))
    return Subject(
        name,
        path,
        commits=kinds[b"commit"],
        objects=kinds.total(),
        packed=sum(pack.stat().st_size for pack in packs(path)),
        expanded=expanded,
        loose=loose,
        alternates=sum(line.startswith("alternate:") for line in lines),
    )


def named(argument: str) -> tuple[str, Path]:
    """Return the name and the path of a `NAME=PATH`, or of a path without a name."""
    name, equals, rest = argument.partition("=")
    if equals and not Path(argument).exists():
        return name, Path(rest).resolve()
    path = Path(argument).resolve()
    return path.name.removesuffix(".git") or path.parent.name, path


def machine() -> str:
    """Return what the runs ran on, in one line."""
    if sys.platform == "linux":
        cpus = len(os.sched_getaffinity(0))
    else:
        cpus = os.cpu_count() or 1
    facts = [
        f"{cpus} CPUs ({_cpu_name()})",
        f"{platform.system()} {platform.release()}",
        f"Python {platform.python_version()}",
    ]
    if hasattr(os, "getloadavg"):
        facts.append(f"load {os.getloadavg()[0]:.1f} at the start")
    return ", ".join(facts)


def _cpu_name() -> str:
    if _CPU_INFO.exists():
        for line in _CPU_INFO.read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
