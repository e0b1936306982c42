"""One run of one program: a whole process with all it starts, and what it took.

In: a command line and the environment it runs in. Out: `Run`. What a scanner prints goes nowhere,
because it may hold secrets; only our own scripts, which print numbers, are listened to.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

_KEPT: Final = ("PATH", "PATHEXT", "SYSTEMROOT")


class RunError(Exception):
    """A run that ended in a way that makes its time worthless; the text says how."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one run took: `cpu_seconds` are user and system time of it and all it waited for."""

    code: int
    seconds: float
    cpu_seconds: float | None
    said: bytes


def environment(home: Path) -> dict[str, str]:
    """Return a whole environment: nothing of the caller's but PATH, and a HOME of its own."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    temporary = {name: str(home) for name in ("HOME", "TMPDIR", "TEMP", "TMP", "USERPROFILE")}
    return kept | temporary | {"LC_ALL": "C.UTF-8", "GIT_NO_LAZY_FETCH": "1"}


def run(
    command: Sequence[str],
    env: Mapping[str, str],
    fine: frozenset[int],
    *,
    listen: bool = False,
    stdin: IO[bytes] | int = subprocess.DEVNULL,
    while_running: Callable[[int], None] | None = None,
) -> Run:
    """Run a command to its end. `while_running` is called with its id until the process is done.

    Raises RunError if it cannot be started or its exit code is none of the `fine` ones.
    """
    started = time.perf_counter()
    try:
        process = subprocess.Popen(
            command,
            stdin=stdin,
            stdout=subprocess.PIPE if listen else subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=dict(env),
            cwd=env["HOME"],
            start_new_session=True,
        )
    except OSError as error:
        raise RunError(f"cannot be started: {error.strerror}") from error
    try:
        cpu_seconds = _wait(process, while_running)
        taken = time.perf_counter() - started
        said = process.stdout.read() if process.stdout else b""
    finally:
        _end(process)
    if process.returncode not in fine:
        raise RunError(f"ended with exit code {process.returncode}")
    return Run(process.returncode, taken, cpu_seconds, said)


def _wait(
    process: "subprocess.Popen[bytes]", while_running: Callable[[int], None] | None
) -> float | None:
    """Wait for the end; return user and system seconds where the system tells them."""
    if sys.platform == "win32":
        process.wait()
        return None
    while True:
        ended, status, usage = os.wait4(process.pid, os.WNOHANG if while_running else 0)
        if ended:
            process.returncode = os.waitstatus_to_exitcode(status)
            return usage.ru_utime + usage.ru_stime
        if while_running:
            while_running(process.pid)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Leave nothing behind: after Ctrl-C the programs would run on, in a session of their own."""
    if process.stdout:
        process.stdout.close()
    if process.returncode is None:
        with suppress(ProcessLookupError):
            if sys.platform == "win32":
                process.kill()
            else:
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()
