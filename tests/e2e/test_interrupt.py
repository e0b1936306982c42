"""A scan that is stopped says so and how far it came, and leaves no process behind.

The program is run as installed, in a session of its own, on a store that takes it long enough; it
is stopped when it says, or what it starts says, that it is in the middle. No test measures time.
"""

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from tests.support.cli import INTERRUPTED, Cli, program
from tests.support.keys import KeyMaker
from tests.support.packs import OFS, Copy, Op, PackMaker, Slot, encode_delta
from tests.support.repo import Repo
from tests.support.traps import script

FAMILIES: Final = 60
VERSIONS: Final = 60
SIZE: Final = 1 << 20
PATIENCE_S: Final = 60
"""How long anything may hang before a test fails."""
COVERED: Final = re.compile(r"([\d,]+) of ([\d,]+) objects")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """Gigabytes of versions that all hold something, in a pack of a few hundred kilobytes.

    Nobody reads it to its end, so that the versions need no ids of their own making.
    """
    repo = Repo.init(tmp_path_factory.mktemp("large") / "repo", bare=True)
    keys, maker = KeyMaker("interrupt"), PackMaker()
    for number in range(FAMILIES):
        text = keys.leak().env() + b"%09d\n" % number * (SIZE // 10)
        base = maker.full("blob", text)
        for version in range(VERSIONS):
            ops: list[Op] = [Copy(0, len(text)), b"%09d\n" % version]
            delta = encode_delta(len(text), len(text) + 10, ops)
            forged = b"\1%09d%010d" % (number, version)
            maker.slots.append(Slot("blob", b"", OFS, delta, base, id=forged))
    maker.write(repo)
    return repo


@dataclass
class Running:
    """A program at work; `said` is what it wrote to stderr so far."""

    process: "subprocess.Popen[bytes]"
    stderr: int
    said: bytes = field(default=b"", repr=False)

    def listen(self, until: "re.Pattern[bytes] | None" = None) -> None:
        """Read stderr up to a text, or until nobody is left who could write there."""
        deadline = time.monotonic() + PATIENCE_S
        while until is None or not until.search(self.said):
            left = max(0.0, deadline - time.monotonic())
            assert select.select([self.stderr], [], [], left)[0], f"it hangs after {self.said!r}"
            try:
                block = os.read(self.stderr, 1 << 16)
            except OSError:  # That is how a terminal ends.
                block = b""
            if not block:
                assert until is None, f"it ended: {self.said!r}"
                return
            self.said += block

    def processes(self) -> list[int]:
        """Return the processes of its session that are alive."""
        return [number for number, session in sessions() if session == self.process.pid]

    def end(self) -> list[str]:
        """Wait until all of it has ended; return the lines it wrote to stderr, as they look."""
        self.listen()
        self.process.wait(PATIENCE_S)
        wait_until(lambda: not self.processes())
        assert b"Traceback" not in self.said, self.said.decode()
        return self.message().splitlines()

    def message(self) -> str:
        """Return what stays on the screen: no control sequences, no line that was drawn over."""
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.said.decode())
        lines = (line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
        return "\n".join(line for line in lines if line.strip() and "━" not in line)


def sessions() -> Iterator[tuple[int, int]]:
    """Yield (process, session) of all that are alive; nothing where there is no /proc."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, session = path.read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if state != "Z":
            yield int(path.parent.name), int(session)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.01)


@contextmanager
def scanning(
    cli: Cli, repo: Repo, *options: str, terminal: bool = False, git: Path | None = None
) -> Iterator[Running]:
    """Start a scan with two processes; `terminal` makes stderr one."""
    stderr, other = pty.openpty() if terminal else os.pipe()
    path = {"PATH": f"{git}:{os.environ['PATH']}"} if git else {}
    process = subprocess.Popen(
        [*program(), "scan", repo.path, "--format", "json", "--jobs", "2", *options],
        env=cli.environment({**path, "TERM": "xterm", "COLUMNS": "100"}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=other,
        start_new_session=True,
    )
    os.close(other)
    running = Running(process, stderr)
    try:
        with process:
            yield running
            assert process.stdout
            assert process.stdout.read() == b"", "there is a report of what was not concluded"
    finally:
        for number in running.processes():
            os.kill(number, signal.SIGKILL)
        os.close(stderr)


def to_all(running: Running, number: signal.Signals) -> None:
    """Send a signal as a terminal does: to the program and to all it started."""
    os.killpg(running.process.pid, number)


def to_one(running: Running, number: signal.Signals) -> None:
    running.process.send_signal(number)


WAYS: Final = {
    "Ctrl-C": (to_all, signal.SIGINT),
    "SIGINT": (to_one, signal.SIGINT),
    "SIGTERM": (to_one, signal.SIGTERM),
    "SIGTERM to all": (to_all, signal.SIGTERM),
}
ways = pytest.mark.parametrize(("send", "number"), WAYS.values(), ids=WAYS)


def check_words(lines: list[str]) -> tuple[int, int]:
    """One line says how far it came, and one that nothing was concluded; return the numbers."""
    assert all(line.startswith("leakscan: ") for line in lines), lines
    covered = [found for line in lines if (found := COVERED.search(line))]
    assert len(covered) == 1, lines
    assert sum("Interrupted" in line for line in lines) == 1
    assert len(lines) <= 2
    read, expected = (int(number.replace(",", "")) for number in covered[0].groups())
    return read, expected


@ways
def test_stopped_in_the_middle_on_a_terminal(
    cli: Cli, large: Repo, send: Callable[[Running, signal.Signals], None], number: signal.Signals
) -> None:
    with scanning(cli, large, terminal=True) as running:
        running.listen(re.compile(rb"[1-9]\d*/%d" % (FAMILIES * (VERSIONS + 1))))
        assert len(running.processes()) >= 3 or not Path("/proc").exists()
        send(running, number)
        read, expected = check_words(running.end())
    assert running.process.returncode == INTERRUPTED
    assert 0 < read < expected == FAMILIES * (VERSIONS + 1)
    assert not list(cli.tmp.glob("leakscan-*"))


@ways
@pytest.mark.parametrize("quiet", [(), ("--quiet",)], ids=["", "quiet"])
def test_stopped_while_others_read(
    cli: Cli,
    large: Repo,
    tmp_path: Path,
    send: Callable[[Running, signal.Signals], None],
    number: signal.Signals,
    quiet: tuple[str, ...],
) -> None:
    """Its own process waits for git's list meanwhile, which comes late."""
    mark, git = tmp_path / "listing", tmp_path / "bin"
    git.mkdir()
    script(git / "git", "\n".join([
        "case $* in *batch-all-objects*) ",
        # As git does, it ends when nobody listens any more; empty lines name nothing.
        f"touch '{mark}'; while echo; do sleep 0.1; done;; esac",
        f'exec {shutil.which("git")} "$@"\n',
    ]))  # fmt: skip
    with scanning(cli, large, *quiet, git=git) as running:
        wait_until(mark.exists)
        send(running, number)
        read, expected = check_words(running.end())
    assert running.process.returncode == INTERRUPTED
    assert 0 <= read < expected == FAMILIES * (VERSIONS + 1)
    assert not list(cli.tmp.glob("leakscan-*"))


def test_who_is_impatient_gets_the_same_answer(cli: Cli, large: Repo) -> None:
    with scanning(cli, large, terminal=True) as running:
        running.listen(re.compile(rb"[1-9]\d*/%d" % (FAMILIES * (VERSIONS + 1))))
        while running.process.poll() is None:
            to_all(running, signal.SIGINT)
            time.sleep(0.005)
        check_words(running.end())
    assert running.process.returncode == INTERRUPTED


def test_processes_end_with_the_one_that_is_killed(cli: Cli, large: Repo) -> None:
    with scanning(cli, large, terminal=True) as running:
        running.listen(re.compile(rb"[1-9]\d*/%d" % (FAMILIES * (VERSIONS + 1))))
        to_one(running, signal.SIGKILL)
        # Its terminal ends when nobody holds it any more.
        running.end()
    assert running.process.returncode == -signal.SIGKILL
