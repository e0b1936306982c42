"""Measured numbers to text: for the terminal and, the same in Markdown, for the README."""

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Final

from tests.bench.measure import Row, Stages
from tests.bench.numbers import NOT_MEASURED, count, ratio, seconds, size
from tests.bench.programs import OURS, Program
from tests.bench.subject import Subject

Cells = Sequence[Sequence[str]]
_HEAD: Final = (
    *("program", "median", "min to max", "user+sys", "leakscan ÷ it"),
    *("anonymous", "resident", "exit code"),
)
NOTES: Final = """\
Time: the wall clock around a whole process; of the inflate floor around its loop alone. user+sys:
the median, of it and all it started. leakscan ÷ it: the ratio of the medians; below 1, leakscan is
faster. Memory, from a run of its own: the peak of the sum over all processes, sampled every 50 ms;
pages that processes share count once in all. A MB is a million bytes. Scanners print to
nowhere. HOME is an empty folder at the start, so the warm-up fills their caches."""


def programs_table(rows: Sequence[Row]) -> list[list[str]]:
    """Return the head and a line for each program."""
    ours = next((row.seconds for row in rows if row.program.name == OURS), [])
    return [list(_HEAD), *([row.program.name, *_cells(row, ours)] for row in rows)]


def _cells(row: Row, ours: Sequence[float]) -> Iterator[str]:
    if row.failure:
        yield from ["failed", *[""] * (len(_HEAD) - 3), row.failure]
        return
    yield seconds(median(row.seconds))
    yield f"{seconds(min(row.seconds))} to {seconds(max(row.seconds))}"
    yield seconds(median(row.cpu_seconds)) if row.cpu_seconds else NOT_MEASURED
    times = ratio(ours, row.seconds)
    yield f"{times:.2f}" if times is not None else ""
    yield size(row.anonymous)
    yield size(row.resident)
    yield " ".join(str(code) for code in sorted(row.codes))


def stages_table(stages: Stages) -> list[list[str]]:
    """Return the head, a line for each stage, and the sum."""
    total = stages.total
    lines = [
        [stage, seconds(spent), f"{spent / total:.0%}", count(stages.calls[stage])]
        for stage, spent in stages.seconds.items()
    ]
    return [["stage", "itself", "share", "calls"], *lines, ["all", seconds(total), "100%", ""]]


def text(cells: Cells) -> str:
    """Return a table in columns: the first to the left, the others to the right."""
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    )


def markdown(cells: Cells) -> str:
    """Return a table in Markdown."""
    rule = ["---", *["---:"] * (len(cells[0]) - 1)]
    escaped = [[cell.replace("|", "\\|") for cell in line] for line in cells]
    lines = [escaped[0], rule, *escaped[1:]]
    return "\n".join(
        "|" + "".join(f" {cell} |" if cell else " |" for cell in line) for line in lines
    )


def on_terminal(subject: Subject, rows: Sequence[Row], stages: Stages | str, runs: int) -> str:
    """Return all that was measured on one repository."""
    parts = [
        f"{subject.name}: {subject.facts()}",
        _turns(runs),
        text(programs_table(rows)),
    ]
    if isinstance(stages, Stages):
        parts += [_about(stages), text(stages_table(stages))]
    else:
        parts.append(f"Where the time goes: {stages}")
    return "\n\n".join(parts)


def in_markdown(subject: Subject, rows: Sequence[Row], stages: Stages | str, runs: int) -> str:
    """Return all that was measured on one repository, in Markdown."""
    parts = [
        f"### {subject.name}",
        f"{subject.facts()}. {_turns(runs)}.",
        markdown(programs_table(rows)),
    ]
    if isinstance(stages, Stages):
        parts += [f"{_about(stages)}.", markdown(stages_table(stages))]
    else:
        parts.append(f"Where the time goes: {stages}.")
    return "\n\n".join(parts)


def _turns(runs: int) -> str:
    return f"{runs} {'run' if runs == 1 else 'runs'} of each, in turn, after one warm-up"


def _about(stages: Stages) -> str:
    return (
        "Where leakscan's time goes, in one process: the seconds of each stage itself, without "
        f"those it calls; the timers alone took about {seconds(stages.timers_seconds)}"
    )


def about(programs: Sequence[Program], absent: Sequence[str], machine: str) -> str:
    """Return what a stranger needs to repeat it: the machine, versions and command lines."""
    lines = [f"Measured on {machine}.", ""]
    lines += [f"- {program.version}: `{program.shown()}`" for program in programs]
    if absent:
        lines.append(f"- not found here: {', '.join(absent)}")
    return "\n".join([*lines, "", NOTES])
