"""Real pushes, commits and receives through the hooks as `leakscan hook install` puts them.

In: a folder and the program. Out: a `Work`: a repository with hooks and a bare remote, what git
and the hook said, and what the remote has afterwards. Every credential that a test plants comes
from `Work.keys`, and none may show in any output.
"""

import functools
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.support.cli import TIMEOUT_S, Cli, program
from tests.support.keys import KeyMaker, Leak
from tests.support.repo import Arg, Repo, git_environment
from tests.support.spy import leaked

FILLER: Final = b"".join(b"line %d\n" % number for number in range(1, 31))


class Recorder(KeyMaker):
    """Makes keys and remembers them, to look for them in all that is printed."""

    def __init__(self, seed: int | str) -> None:
        super().__init__(seed)
        self.made: list[Leak] = []

    def leak(self, *, token: bool = False, slash: bool = False) -> Leak:
        """Return a new credential."""
        made = super().leak(token=token, slash=slash)
        self.made.append(made)
        return made


@dataclass(frozen=True, slots=True)
class Outcome:
    """What git and its hooks left: git's exit code and both streams."""

    code: int
    out: bytes = field(repr=False)
    err: bytes = field(repr=False)

    @property
    def said(self) -> str:
        """Everything on both streams."""
        return (self.out + self.err).decode("utf-8", "replace")

    @property
    def words(self) -> str:
        """The same in one line, however it was wrapped, without the marks of a remote."""
        lines = (line.removeprefix("remote:").strip() for line in self.said.splitlines())
        return " ".join(" ".join(lines).split())

    @property
    def refused(self) -> bool:
        """Whether git was stopped."""
        return self.code != 0


@functools.cache
def installed(cli_home: Path, hook: str) -> bytes:
    """Return a hook as the command installs it, in a repository made for that."""
    folder = cli_home / f"hook-{hook}-{os.getpid()}"
    repo = Repo.init(folder)
    environment = git_environment(cli_home)
    subprocess.run(
        [*program(), "hook", "install", "--hook", hook, str(folder)],
        env=environment,
        check=True,
        capture_output=True,
        timeout=TIMEOUT_S,
    )
    made = (repo.git_dir / "hooks" / hook).read_bytes()
    shutil.rmtree(folder)
    return made


class Work:
    """A repository with a bare remote `origin`, and the hook pre-push in place."""

    def __init__(
        self,
        folder: Path,
        cli: Cli,
        keys: Recorder,
        *,
        object_format: str = "sha1",
        repo: Repo | None = None,
        hooks: Sequence[str] = ("pre-push",),
    ) -> None:
        self.folder = folder
        self.cli = cli
        self.keys = keys
        self.object_format = object_format
        self.repo = repo or Repo.init(folder / "work", object_format=object_format)
        self.remote = self.add_remote("origin") if repo is None else Repo(folder / "origin.git")
        for hook in hooks:
            self.hook(hook)

    # -- making -------------------------------------------------------------------------------

    def hook(self, name: str, repo: Repo | None = None) -> Path:
        """Put a hook where git looks for it, as it is installed, and return its path."""
        path = (repo or self.repo).git_dir / "hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(installed(self.cli.home, name))
        path.chmod(0o755)
        return path

    def add_remote(self, name: str, file: str = "") -> Repo:
        """Make another bare repository and a remote of that name."""
        remote = Repo.init(
            self.folder / (file or f"{name}.git"), bare=True, object_format=self.object_format
        )
        self.repo.git("remote", "add", name, remote.path)
        return remote

    def base(self) -> str:
        """Commit something harmless and have it pushed already; return its id."""
        commit = self.repo.commit({b"README": FILLER, b"src/app.py": FILLER}, message=b"Begin\n")
        self.unchecked("push", "-q", "origin", "main")
        return commit

    def leak(
        self, path: bytes = b"app/.env", *, branch: str = "main", above: bytes = b""
    ) -> tuple[Leak, str]:
        """Commit a new credential on a branch, which begins at main; return it and the commit."""
        leak = self.keys.leak()
        known = self.repo.git("for-each-ref", f"refs/heads/{branch}", "refs/heads/main")
        if len(known.splitlines()) == 1 and branch != "main":
            self.repo.git("branch", branch, "main")
        return leak, self.repo.commit({path: above + leak.env()}, branch=branch)

    # -- running ------------------------------------------------------------------------------

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the whole environment that git and its hooks get."""
        own = {"TMPDIR": str(self.cli.tmp), "LC_ALL": "C.UTF-8"}
        return git_environment(self.cli.home) | own | dict(extra or {})

    def unchecked(self, *args: Arg, repo: Repo | None = None) -> bytes:
        """Run git without hooks; it must succeed."""
        return (repo or self.repo).git("-c", f"core.hooksPath={os.devnull}", *args)

    def git(
        self,
        *args: Arg,
        repo: Repo | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdin: bytes = b"",
    ) -> Outcome:
        """Run git with its hooks and return what came of it; no secret may be in it."""
        done = subprocess.run(
            [b"git", *(os.fsencode(arg) for arg in args)],
            cwd=cwd or (repo or self.repo).path,
            env=self.environment(env),
            input=stdin,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        return self.checked(Outcome(done.returncode, done.stdout, done.stderr))

    def checked(self, outcome: Outcome) -> Outcome:
        """Return an outcome in which no secret shows, and no traceback."""
        assert not leaked(outcome.out + outcome.err, self.keys.made)
        assert "Traceback" not in outcome.said, outcome.said
        return outcome

    def push(
        self,
        *args: Arg,
        repo: Repo | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Outcome:
        """Push."""
        return self.git("push", *args, repo=repo, env=env, cwd=cwd)

    def commit(
        self,
        *args: Arg,
        repo: Repo | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Outcome:
        """Commit by `git commit` with its hooks."""
        return self.git("commit", "-q", "-m", "change", *args, repo=repo, env=env, cwd=cwd)

    def leakscan(
        self,
        *args: Arg,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Outcome:
        """Run the program itself in the repository."""
        done = subprocess.run(
            [*program(), *(os.fsdecode(arg) for arg in args)],
            cwd=cwd or self.repo.path,
            env=self.environment(env),
            input=stdin,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        return self.checked(Outcome(done.returncode, done.stdout, done.stderr))

    # -- looking ------------------------------------------------------------------------------

    def at(self, ref: str, remote: Repo | None = None) -> str:
        """Return the id that a ref of the remote has; empty if it has none."""
        shown = (remote or self.remote).git("for-each-ref", "--format=%(refname) %(objectname)")
        for line in shown.decode().splitlines():
            name, _, object_id = line.rpartition(" ")
            if name == ref:
                return object_id
        return ""

    def remote_has(self, object_id: str, remote: Repo | None = None) -> bool:
        """Say whether the remote has an object."""
        return object_id in (remote or self.remote).objects()


def names(outcome: Outcome, commit: str, path: str, line: int | None = None) -> bool:
    """Say whether a refusal names commit, file and line."""
    place = f"{path}:{line}" if line else path
    return outcome.refused and commit[:7] in outcome.said and place in outcome.words
