"""The runs: one warm-up of each program, then all in turn, then each once more for its memory.

In: programs and a repository. Out: a `Row` for each program. A program that fails gets no time and
no further turn.
"""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import memory
from tests.bench.processes import Run, RunError, run
from tests.bench.programs import HERE, Program

Say = Callable[[str], None]


@dataclass(slots=True)
class Row:
    """What was measured of one program on one repository."""

    program: Program
    seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)
    codes: set[int] = field(default_factory=set)
    anonymous: int | None = None
    resident: int | None = None
    failure: str = ""

    def add(self, result: Run) -> None:
        """Add one timed run."""
        told = json.loads(result.said) if self.program.own_clock else {}
        self.seconds.append(told.get("seconds", result.seconds))
        cpu_seconds = told.get("cpu_seconds", result.cpu_seconds)
        if cpu_seconds is not None:
            self.cpu_seconds.append(cpu_seconds)


@dataclass(frozen=True, slots=True)
class Stages:
    """Where the time of one instrumented run went: self seconds and calls, by stage."""

    seconds: Mapping[str, float]
    calls: Mapping[str, int]
    timers_seconds: float

    @property
    def total(self) -> float:
        """The seconds of the whole run."""
        return sum(self.seconds.values())


def measure(
    programs: Sequence[Program], repo: Path, runs: int, env: Mapping[str, str], say: Say
) -> list[Row]:
    """Measure all programs on one repository."""
    rows = [Row(program) for program in programs]
    for turn in range(runs + 1):
        for row in rows:
            say(f"{row.program.name}: {f'run {turn} of {runs}' if turn else 'warm-up'}")
            result = _attempt(row, repo, env)
            if result is not None and turn:
                row.add(result)
    if memory.MEASURABLE:
        for row in rows:
            say(f"{row.program.name}: memory")
            peak = memory.Peak()
            ended = _attempt(row, repo, env, peak)
            if ended is not None and peak.resident and not peak.refused:
                row.anonymous, row.resident = peak.anonymous, peak.resident
    return rows


def _attempt(
    row: Row, repo: Path, env: Mapping[str, str], sampler: Callable[[int], None] | None = None
) -> Run | None:
    """Run a program once; a failure is noted in its row, and ends its turns."""
    if row.failure:
        return None
    program = row.program
    try:
        result = run(
            program.on(repo), env, program.fine, listen=program.own_clock, while_running=sampler
        )
    except RunError as error:
        row.failure = str(error)
        row.seconds.clear()
        row.cpu_seconds.clear()
        return None
    row.codes.add(result.code)
    return result


def measure_stages(repo: Path, runs: int, env: Mapping[str, str], say: Say) -> Stages:
    """Return the run of median length, of several instrumented ones. Raises RunError."""
    command = [sys.executable, "-P", str(HERE / "stages.py"), str(repo)]
    results: list[Stages] = []
    for turn in range(1, runs + 1):
        say(f"stages: run {turn} of {runs}")
        told = json.loads(run(command, env, frozenset((0,)), listen=True).said)
        if "error" in told:
            raise RunError(told["error"])
        results.append(
            Stages(
                {stage: seconds for stage, (seconds, _) in told["stages"].items()},
                {stage: calls for stage, (_, calls) in told["stages"].items()},
                told["timers_seconds"],
            )
        )
    return sorted(results, key=lambda result: result.total)[(runs - 1) // 2]
