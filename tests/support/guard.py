"""Stops a program that would talk to anything but this machine, and records what it starts.

In: a folder. Out: the environment for a run, in which Python itself reports every connection,
every look-up of a name and every process. What is not for loopback ends the run at once.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

STOPPED: Final = 99
"""The exit code of a program that was stopped."""

_HOOK: Final = """\
import atexit, json, os, sys

FOLDER = {folder!r}
LOOPBACK = ("127.0.0.1", "::1", "localhost", None)
NAMES = {{"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}}
SENDS = {{"socket.connect", "socket.sendto", "socket.sendmsg"}}
STARTS = {{"subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "os.spawn"}}


def note(kind, what):
    with open(os.path.join(FOLDER, kind), "a", encoding="utf-8") as file:
        file.write(json.dumps(what, default=repr) + "\\n")


def hook(event, args):
    if event in STARTS:
        note("started", [event, *args, dict(os.environ)])
    if event in NAMES:
        host = args[0]
    elif event in SENDS:
        host = args[1][0] if isinstance(args[1], tuple) else None
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if host not in LOOPBACK:
        note("stopped", [event, host])
        os._exit({stopped})


sys.addaudithook(hook)
atexit.register(lambda: note("modules", sorted(sys.modules)))
"""


class Guard:
    """Watches runs of a program; what it saw is in files of its own folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()
        text = _HOOK.format(folder=os.fspath(folder), stopped=STOPPED)
        (folder / "sitecustomize.py").write_text(text, encoding="utf-8")

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return what to add to the environment of a run."""
        return {"PYTHONPATH": str(self._folder), **(extra or {})}

    @property
    def stopped(self) -> list[Any]:
        """What was stopped: the event and the host."""
        return self._read("stopped")

    @property
    def started(self) -> list[Any]:
        """What was started: each with its arguments and environment."""
        return self._read("started")

    def modules(self) -> set[str]:
        """Return the modules that the last run had loaded when it ended."""
        return set(self._read("modules")[-1])

    def _read(self, kind: str) -> list[Any]:
        file = self._folder / kind
        if not file.exists():
            return []
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
