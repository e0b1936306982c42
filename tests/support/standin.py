"""Stand-ins for leakscan and other programs, on a PATH that holds nothing else by accident.

In: a folder. Out: a `Desk`: a user with a HOME, a PATH of chosen programs, repositories, and git
and leakscan run as that user.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.support.cli import TIMEOUT_S, Run, program
from tests.support.repo import Arg, Repo, git_environment

TOOLS: Final = (
    "git",
    "sh",
    "dash",
    "bash",
    "env",
    "cat",
    "cut",
    "dirname",
    "basename",
    "grep",
    "mkdir",
)
"""What hooks and stand-ins need of the system; leakscan is not among it."""

RECORDING: Final = """\
#!/bin/sh
printf '%s\\n' "$0" "$@" > "$RECORD.arguments"
cat > "$RECORD.stdin"
exit "${STATUS:-0}"
"""
"""A leakscan that writes down what it is given and ends as it is told."""

REFUSING: Final = "#!/bin/sh\nexit 1\n"
"""A leakscan that always finds something."""


class Desk:
    """A user of git with nothing but chosen programs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "desk-home"
        self.bin = folder / "desk-bin"
        self.record = folder / "record"
        self.home.mkdir()
        self.bin.mkdir()
        for name in TOOLS:
            found = shutil.which(name)
            if found is not None:
                (self.bin / name).symlink_to(found)

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the whole environment of git, hooks and leakscan."""
        own = {
            "PATH": str(self.bin),
            "HOME": str(self.home),
            "GIT_CONFIG_GLOBAL": str(self.home / ".gitconfig"),
            "RECORD": str(self.record),
        }
        return git_environment(self.home) | own | dict(extra or {})

    def script(self, path: Path, text: str) -> Path:
        """Write an executable script."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        path.chmod(0o755)
        return path

    def leakscan_on_path(self, text: str = RECORDING) -> Path:
        """Put a stand-in for leakscan on PATH."""
        return self.script(self.bin / "leakscan", text)

    def start_instead(self, hook: Path, text: str) -> None:
        """Let an installed hook start a stand-in."""
        gate = self.script(self.folder / "gate", text)
        filled = f"leakscan='{gate}'"
        changed, count = re.subn(r"^leakscan='.*'$", filled, hook.read_text(), flags=re.MULTILINE)
        assert count == 1
        hook.write_text(changed)

    def git(self, repo: Repo, *args: Arg, env: Mapping[str, str] | None = None) -> Run:
        """Run git as this user, hooks and all."""
        return self.run([b"git", *(os.fsencode(arg) for arg in args)], repo.path, env=env)

    def leakscan(self, *args: str | Path, env: Mapping[str, str] | None = None) -> Run:
        """Run the real leakscan as this user."""
        return self.run([os.fsencode(word) for word in (*program(), *args)], self.folder, env=env)

    def run(
        self,
        command: list[bytes],
        folder: Path,
        *,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
    ) -> Run:
        """Run a command as this user; a traceback fails the test at once."""
        done = subprocess.run(
            command,
            cwd=folder,
            env=self.environment(env),
            input=stdin,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        assert b"Traceback" not in done.stderr, done.stderr.decode("utf-8", "replace")
        return Run(done.returncode, done.stdout, done.stderr)

    def arguments(self, of: str = "") -> list[str]:
        """Return the arguments that a recording stand-in got, without its own name."""
        return Path(f"{self.record}{of}.arguments").read_text().splitlines()[1:]

    def stdin(self, of: str = "") -> bytes:
        """Return the input that a recording stand-in got."""
        return Path(f"{self.record}{of}.stdin").read_bytes()

    def was_run(self, of: str = "") -> bool:
        """Say whether a recording stand-in was run; forget it."""
        record = Path(f"{self.record}{of}.arguments")
        ran = record.exists()
        record.unlink(missing_ok=True)
        return ran


def recording(name: str, status: int = 0) -> str:
    """Return a hook that writes down what it is given under a name."""
    return RECORDING.replace("$RECORD", f"$RECORD{name}").replace("${STATUS:-0}", str(status))
