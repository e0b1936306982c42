"""Moto's server as a child process on loopback: IAM, STS and others that answer much as AWS does.

In: nothing. Out: its URL once it answers. It takes any free port, and gets nothing of the caller's
AWS settings. Its state belongs to whoever started it; `reset` empties it.
"""

import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ACCOUNT: Final = "123456789012"
"""The account of everything in moto unless somebody assumes a role elsewhere."""
_RUNNING: Final = re.compile(rb"Running on (http://127\.0\.0\.1:[0-9]+)")
_START_S: Final = 60
_PROGRAM: Final = "from moto.server import main; main(['-H', '127.0.0.1', '-p', '0'])"


@dataclass(frozen=True, slots=True)
class Moto:
    """A server that runs."""

    url: str

    def reset(self) -> None:
        """Forget all users, roles and keys, and check no signature any more."""
        self._post("/moto-api/reset", b"")
        self.check_signatures_after(10**9)

    def check_signatures_after(self, requests: int) -> None:
        """Let that many requests pass, then refuse keys and signatures that are not known."""
        self._post("/moto-api/reset-auth", str(requests).encode())

    def _post(self, path: str, body: bytes) -> None:
        request = urllib.request.Request(self.url + path, body, {"Content-Type": "text/plain"})
        with urllib.request.urlopen(request, timeout=_START_S) as answer:
            answer.read()


@contextmanager
def moto_running(folder: Path) -> Iterator[Moto]:
    """Run a server until the end of the block; what it prints goes to a file in the folder."""
    log = folder / "moto.log"
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(folder)}
    with log.open("wb") as stream:
        child = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM], stdout=stream, stderr=stream, env=environment
        )
        try:
            yield Moto(_url(child, log))
        finally:
            child.kill()
            child.wait()


def _url(child: subprocess.Popen[bytes], log: Path) -> str:
    """Wait until the server says where it is; it listens by then."""
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if (found := _RUNNING.search(log.read_bytes())) is not None:
            return found[1].decode()
        if child.poll() is not None:
            break
        time.sleep(0.05)
    raise RuntimeError(f"moto did not start: {log.read_text(errors='replace')}")
