"""`python -m tests.bench.liveness`: what it takes to ask about many keys.

In: nothing; the keys are made up, and a small STS on loopback answers. Out: a Markdown table on
stdout, progress on stderr. Each run is a whole `leakscan verify -` with keys on stdin. What counts
is the number of calls, the densest second as the server saw it, and memory.
"""

import argparse
import sys
import tempfile
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench import memory
from tests.bench.numbers import size
from tests.bench.processes import RunError, environment, run
from tests.bench.subject import machine
from tests.support.fake_sts import FakeKey, FakeSts, Seen, _Handler

_BIN: Final = Path(sys.executable).parent
_HEAD: Final = (
    *("keys", "answers", "rate", "calls", "seconds", "calls a second"),
    *("densest second", "anonymous memory", "exit code"),
)
_FINE: Final = frozenset({0, 1, 5})


@dataclass(frozen=True, slots=True)
class Case:
    """How many keys, of which `wrong` have a secret that is not theirs, and how fast."""

    keys: int
    rate: float
    wrong: int = 0
    silent: bool = False


_CASES: Final = (
    Case(1_000, 5),
    Case(1_000, 50),
    Case(1_000, 50, wrong=100),
    Case(1_000, 50, silent=True),
)


class TimedSts(FakeSts):
    """Notes when each request came."""

    def __init__(self) -> None:
        super().__init__(seed="bench")
        self.times: list[float] = []

    def arrived(self, request: _Handler, body: bytes) -> Seen:
        """Record a request and its time."""
        self.times.append(time.monotonic())
        return super().arrived(request, body)


def main(arguments: Sequence[str]) -> int:
    """Measure and print; return 1 if a run failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.liveness", description=__doc__)
    parser.add_argument("--only-rate", type=float, metavar="N", help="cases of this rate alone")
    options = parser.parse_args(arguments)
    print(f"Measured on {machine()}.\n\n| {' | '.join(_HEAD)} |\n|{' --- |' * len(_HEAD)}")
    for case in _CASES:
        if options.only_rate in (None, case.rate):
            print(f"leakscan bench: {case}", file=sys.stderr)
            try:
                print(f"| {' | '.join(_measure(case))} |", flush=True)
            except RunError as error:
                print(f"leakscan bench: {error}", file=sys.stderr)
                return 1
    return 0


def _measure(case: Case) -> Iterator[str]:
    peak = memory.Peak() if memory.MEASURABLE else None
    with tempfile.TemporaryDirectory() as folder, TimedSts() as sts:
        home = Path(folder)
        keys = list(_keys(case, sts))
        stdin = home / "keys"
        stdin.write_text("".join(f"{key.id} {key.secret}\n" for key in keys), encoding="ascii")
        url = "http://127.0.0.1:9" if case.silent else sts.url
        command = [
            *(str(_BIN / "leakscan"), "verify", "-", "--any-account", "--format", "json"),
            *("--endpoint-url", url, "--rate", f"{case.rate:g}", "--max-age", "0"),
        ]
        with stdin.open("rb") as source:
            ended = run(command, environment(home), _FINE, stdin=source, while_running=peak)
    densest = _densest(sts.times)
    kind = "no server" if case.silent else f"{case.wrong} wrong secrets" if case.wrong else "live"
    yield from (str(case.keys), kind, f"{case.rate:g}", str(len(sts.times)))
    yield from (f"{ended.seconds:.1f}", f"{len(sts.times) / ended.seconds:.2f}", str(densest))
    yield from (size(peak.anonymous if peak else None), str(ended.code))


def _keys(case: Case, sts: FakeSts) -> Iterator[FakeKey]:
    for number in range(case.keys):
        key = sts.user(name=f"user{number}")
        yield key.with_secret(sts.secret()) if number < case.wrong else key


def _densest(times: Sequence[float]) -> int:
    """Return the most requests that came within one second."""
    ordered = sorted(times)
    return max(
        (bisect_left(ordered, start + 1.0) - at for at, start in enumerate(ordered)), default=0
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
