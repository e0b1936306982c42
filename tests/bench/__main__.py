"""`python -m tests.bench REPO...`: leakscan beside other tools, one table for each repository.

In: repositories. Out: text on stdout, the same in Markdown in a file, progress on stderr. Nothing a
scanner writes outlives the run: all of it goes to one folder that only the owner may read.
"""

import argparse
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.bench import table
from tests.bench.measure import Row, Say, Stages, measure, measure_stages
from tests.bench.processes import RunError, environment
from tests.bench.programs import Program, programs
from tests.bench.subject import Subject, machine, subject


def main(arguments: Sequence[str]) -> int:
    """Measure and print; return 1 if any program failed."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # So that the folder is removed.
    with tempfile.TemporaryDirectory(prefix="leakscan-bench-") as folder:
        env = environment(Path(folder))
        found, absent = programs(options.also, options.without, env)
        about = table.about(found, absent, machine())
        print(about, flush=True)
        texts, failed = [about], False
        for argument in options.repositories:
            one = _subject(argument)
            rows, stages = _measure(one, found, options.runs, env)
            print(f"\n{table.on_terminal(one, rows, stages, options.runs)}", flush=True)
            texts.append(table.in_markdown(one, rows, stages, options.runs))
            failed |= isinstance(stages, str) or any(row.failure for row in rows)
            if options.markdown:
                options.markdown.write_text("\n\n".join(texts) + "\n", encoding="utf-8")
    return int(failed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "repositories", nargs="+", metavar="[NAME=]REPO", help="a repository, bare or not"
    )
    parser.add_argument("--runs", type=_positive, default=5, metavar="N", help="default: 5")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write Markdown to FILE too")
    parser.add_argument(
        "--also",
        action="append",
        default=[],
        metavar="OPTIONS",
        help="measure leakscan with these options of `scan` too, such as --also='--jobs 1'",
    )
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="PROGRAM",
        help="leave a program out, such as --without=trufflehog",
    )
    return parser


def _positive(value: str) -> int:
    number = int(value)
    if number < 1:
        raise ValueError
    return number


def _subject(argument: str) -> Subject:
    try:
        return subject(argument)
    except subprocess.CalledProcessError as error:
        sys.exit(f"{argument}: {error.stderr.decode('utf-8', 'replace').strip()}")


def _measure(
    one: Subject, found: Sequence[Program], runs: int, env: Mapping[str, str]
) -> tuple[list[Row], Stages | str]:
    say = _progress(one.name)
    rows = measure(found, one.path, runs, env, say)
    try:
        return rows, measure_stages(one.path, min(runs, 3), env, say)
    except RunError as error:
        return rows, f"not measured, tests/bench/stages.py: {error}"


def _progress(name: str) -> Say:
    def say(words: str) -> None:
        print(f"{name}: {words}", file=sys.stderr, flush=True)

    return say


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
