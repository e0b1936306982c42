"""The only module that starts git, always in a throw-away GIT_DIR of our own.

A scanned repository must not be able to run a command, fetch, or change what is seen. Every
setting git would obey comes from the git directory it is given, so it is given an empty one that
only borrows the scanned objects (GIT_OBJECT_DIRECTORY): no config, hooks, attributes, replace
refs, grafts or remotes of the repository apply. `git log` and `git show` are never used.
"""

import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import IO, Final, Self

from leakscan.errors import ExitCode, LeakscanError
from leakscan.history.gitdir import borrowing_store, isolated, write_git_dir
from leakscan.record import Record
from leakscan.redact import mask_text

PROGRESS_TIMEOUT_S: Final = 120.0
"""A git process that we wait for and that says nothing for this long hangs, and is ended."""

_HEX2: Final = re.compile(r"[0-9a-f]{2}")
_STDERR_LIMIT: Final = 16_384
_USER_VARIABLES: Final = ("GIT_CONFIG_", "GIT_EXEC_PATH")


class GitError(LeakscanError):
    """git is not there, or said no."""

    code = ExitCode.INCOMPLETE


class GitMissingError(LeakscanError):
    """There is no git program to read the repository with."""


class OutOfTimeError(LeakscanError):
    """What git was asked for took longer than the caller may take."""

    code = ExitCode.INCOMPLETE


class GitProcess:
    """A running git: its output as a byte stream, with a watchdog on progress and on the time."""

    def __init__(
        self,
        process: "subprocess.Popen[bytes]",
        feed: Iterable[bytes] | None,
        deadline: float | None = None,
    ) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self._process = process
        assert isinstance(process.stdout, BufferedReader)
        self._out = process.stdout
        self._stderr = bytearray()
        self._waiting_since: float | None = None
        self._deadline = deadline
        self.hung = self.late = False
        self._threads = [threading.Thread(target=self._drain, args=(process.stderr,), daemon=True)]
        if feed is not None and process.stdin is not None:
            self._threads.append(
                threading.Thread(target=_write, args=(process.stdin, feed), daemon=True)
            )
        for thread in self._threads:
            thread.start()
        threading.Thread(target=self._watch, daemon=True).start()

    def readline(self) -> bytes:
        """Return one line of output with its newline; empty at the end."""
        self._waiting_since = time.monotonic()
        try:
            return self._out.readline(4096)
        finally:
            self._waiting_since = None

    def read(self, size: int) -> bytes:
        """Return exactly size bytes, fewer only at the end of the output."""
        self._waiting_since = time.monotonic()
        try:
            return self._out.read(size)
        finally:
            self._waiting_since = None

    def read_some(self, size: int) -> bytes:
        """Return what there is, at most size bytes; nothing only at the end of the output.

        Unlike `read` it does not wait for more, so that Ctrl-C is heard between two answers.
        """
        self._waiting_since = time.monotonic()
        try:
            return self._out.read1(size)
        finally:
            self._waiting_since = None

    def finish(self) -> int:
        """Wait for the end and return git's exit status; negative for a signal."""
        self._waiting_since = time.monotonic()
        status = self._process.wait()
        self._waiting_since = None
        for thread in self._threads:
            thread.join(timeout=5)
        return status

    def close(self) -> None:
        """End the process whatever it does."""
        if self._process.poll() is None:
            self._process.kill()
        self.finish()
        self._out.close()

    @property
    def complaint(self) -> str:
        """The last line git wrote to stderr, masked."""
        lines = bytes(self._stderr).decode("utf-8", "backslashreplace").strip().splitlines()
        return mask_text(lines[-1]) if lines else ""

    def _drain(self, stream: IO[bytes]) -> None:
        with stream:
            while block := stream.read(4096):
                self._stderr += block
                del self._stderr[:-_STDERR_LIMIT]

    def _watch(self) -> None:
        while self._process.poll() is None:
            since, now = self._waiting_since, time.monotonic()
            self.hung = since is not None and now - since > PROGRESS_TIMEOUT_S
            self.late = self._deadline is not None and now > self._deadline
            if self.hung or self.late:
                self._process.kill()
                return
            time.sleep(0.2)


class Git:
    """Starts git against one object directory. A context manager: it owns a temporary folder.

    With `quarantine`, the folder of objects that git has received and not accepted yet, or with
    `scratch`, what git writes goes to a folder of our own that borrows from both.
    """

    def __init__(
        self,
        objects: Path,
        object_format: str,
        environment: Mapping[str, str],
        *,
        max_object_bytes: int,
        quarantine: Path | None = None,
        scratch: bool = False,
    ) -> None:
        program = shutil.which("git", path=environment.get("PATH"))
        if program is None:
            raise GitMissingError(
                "git is not installed, or not on PATH.", hint="Install git 2.30 or newer."
            )
        self._program = program
        self._object_format = object_format
        try:
            self._folder = tempfile.TemporaryDirectory(
                prefix="leakscan-", ignore_cleanup_errors=True
            )
            self.git_dir = Path(self._folder.name)
            write_git_dir(self.git_dir, object_format)
            if quarantine is not None or scratch:
                stores = [quarantine, objects] if quarantine is not None else [objects]
                objects = borrowing_store(self.git_dir / "objects", stores)
        except OSError as error:
            raise GitError(
                f"No temporary folder can be made: {error.strerror or error}.",
                hint="Make room, or name another folder in TMPDIR.",
            ) from error
        self._environment = isolated(environment, self.git_dir, objects, max_object_bytes)
        self.deadline: float | None = None
        """Time of the monotonic clock at which `run` gives up."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def check(self) -> None:
        """Raise GitError where the program is not git."""
        if not self.run(["version"], limit_bytes=4096).startswith(b"git version "):
            raise GitError(f"{self._program} does not answer like git.")

    def know_shallow(self, text: bytes) -> None:
        """Let git end history where a shallow clone ends it; `text` as in the file `shallow`."""
        (self.git_dir / "shallow").write_bytes(text)

    def know_refs(self, targets: Mapping[bytes, bytes], head: bytes) -> None:
        """Let git understand the names of refs (to raw ids), and HEAD as its file says it."""
        lines = [target.hex().encode("ascii") + b" " + name for name, target in targets.items()]
        (self.git_dir / "packed-refs").write_bytes(b"".join(line + b"\n" for line in lines))
        (self.git_dir / "HEAD").write_bytes(head + b"\n")

    @contextmanager
    def start(
        self,
        arguments: Sequence[str],
        *,
        feed: Iterable[bytes] | None = None,
        extra: Mapping[str, str] | None = None,
        deadline: float | None = None,
    ) -> Iterator[GitProcess]:
        """Run git with arguments; `feed` is written to its stdin from a thread of its own.

        An empty block of it sends what was written so far, to whoever waits for an answer.
        `extra` adds environment variables, such as GIT_INDEX_FILE. The process is ended on exit,
        and at the deadline.
        Raises GitError where git cannot be started.
        """
        try:
            popen = subprocess.Popen(
                [self._program, *arguments],
                stdin=subprocess.DEVNULL if feed is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=self._environment | dict(extra or {}),
                cwd=self.git_dir,
                bufsize=1 << 20,
            )
        except OSError as error:
            raise GitError(f"{self._program} cannot be started: {error.strerror}.") from error
        _enlarge_pipe(popen.stdout)
        process = GitProcess(popen, feed, deadline)
        try:
            yield process
        finally:
            process.close()

    def run(
        self,
        arguments: Sequence[str],
        *,
        feed: Iterable[bytes] | None = None,
        extra: Mapping[str, str] | None = None,
        limit_bytes: int = 1 << 30,
    ) -> bytes:
        """Return the whole output of a short command.

        Raises GitError with git's last words if it fails, hangs or prints more than limit_bytes,
        and OutOfTimeError.
        """
        with self.start(arguments, feed=feed, extra=extra, deadline=self.deadline) as process:
            output = bytearray()
            # In blocks: a read of the whole limit would allocate the whole limit.
            while block := process.read_some(1 << 20):
                output += block
                if len(output) > limit_bytes:
                    raise GitError(f"git {arguments[0]} printed more than {limit_bytes} bytes.")
            status = process.finish()
            if process.late:
                raise OutOfTimeError(f"out of time: git {arguments[0]} takes longer than there is.")
            if status != 0 or process.hung:
                raise GitError(f"git {arguments[0]} failed: {process.complaint or status}")
        return bytes(output)

    def borrow(self, folders: Iterable[Path]) -> None:
        """Let git see only the regular files of some object folders, through links of our own.

        For stores with pipes or devices in them, which git would open and wait for.
        """
        top = self.git_dir / "borrowed"
        for folder in folders:
            for below in (entry for entry in sorted(folder.iterdir()) if entry.is_dir()):
                if below.name != "pack" and not _HEX2.fullmatch(below.name):
                    continue
                (top / below.name).mkdir(parents=True, exist_ok=True)
                for file in below.iterdir():
                    link = top / below.name / file.name
                    if file.is_file() and not link.exists():
                        link.symlink_to(file.resolve())
        self._environment["GIT_OBJECT_DIRECTORY"] = str(top)

    def refs_from_reftable(self, folder: Path) -> Path:
        """Return a git directory of ours with the refs and reflogs of a reftable as plain files.

        Raises GitError where the installed git cannot convert one (before 2.48), and OSError.
        """
        copy = Path(tempfile.mkdtemp(prefix="with-reftable-", dir=self.git_dir))
        write_git_dir(copy, self._object_format, ref_format="reftable")
        (copy / "refs" / "heads").write_text("this repository uses the reftable format\n")
        shutil.copytree(folder, copy / "reftable", symlinks=True)
        self.run(["refs", "migrate", "--ref-format=files"], extra={"GIT_DIR": str(copy)})
        return copy


def _write(stream: IO[bytes], feed: Iterable[bytes]) -> None:
    # A git that died closes the pipe; the reading side sees that and says so.
    with suppress(OSError), stream:
        for block in feed:
            stream.write(block)
            if not block:
                stream.flush()


def _enlarge_pipe(stream: IO[bytes] | None) -> None:
    """Give the pipe 1 MiB where the system can (Linux): fewer switches between git and us."""
    if stream is None or os.name != "posix":
        return
    with suppress(ImportError, OSError, AttributeError):
        import fcntl

        fcntl.fcntl(stream.fileno(), fcntl.F_SETPIPE_SZ, 1 << 20)


class Answer(Record, frozen=True):
    """How a git that was run for the user ended: exit status, output, and complaints, masked."""

    status: int
    out: bytes
    complaint: str


def run_for_user(
    arguments: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    *,
    feed: bytes = b"",
    timeout_s: float = PROGRESS_TIMEOUT_S,
) -> Answer:
    """Run git in a folder with the user's own configuration, and hooks where it has any.

    Only to install hooks where the user asks for it, and to try them in repositories that we
    made: never for a repository that is scanned. `folder` alone decides which repository it is.
    Raises GitMissingError, and GitError where git cannot be started or does not end.
    """
    program = shutil.which("git", path=environment.get("PATH"))
    if program is None:
        raise GitMissingError("git is not installed, or not on PATH.", hint="Install git.")
    kept = {
        name: value
        for name, value in environment.items()
        if not name.startswith("GIT_") or name.startswith(_USER_VARIABLES)
    }
    # Where safe.bareRepository is `explicit`, git wants to be told of a bare repository.
    is_bare = (folder / "HEAD").is_file() and (folder / "objects").is_dir()
    try:
        done = subprocess.run(
            [program, *(["--git-dir=."] if is_bare else []), *arguments],
            cwd=folder,
            env=kept | {"GIT_TERMINAL_PROMPT": "0"},
            input=feed,
            capture_output=True,
            check=False,
            timeout=timeout_s,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GitError(f"git {arguments[0]} in {folder} could not be run: {error}") from error
    return Answer(done.returncode, done.stdout, mask_text(done.stderr.decode("utf-8", "replace")))
