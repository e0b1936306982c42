"""Real git repositories for tests, built by the installed git in a closed environment.

In: files as bytes. Out: a repository on disk whose names, dates and ids are the same in
every run. Nothing of the caller's git configuration or `GIT_*` variables comes in.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import git

START: Final = 1_600_000_000
"""Time of the first commit; every later one comes a minute after."""

Arg = str | bytes | Path


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a tree: an octal mode and the content, or the hex id of a gitlink."""

    mode: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class Person:
    """Name and address as they stand in a commit."""

    name: bytes = b"Ada Test"
    email: bytes = b"ada@example.com"


ADA: Final = Person()
Files = Mapping[bytes, bytes | Entry | None]
"""Path to content; None deletes the path."""


def link(target: bytes) -> Entry:
    """Return a symlink."""
    return Entry(b"120000", target)


def gitlink(commit: str) -> Entry:
    """Return a submodule at a commit of another repository."""
    return Entry(b"160000", commit.encode())


def lfs_pointer(digest: str, size_bytes: int) -> bytes:
    """Return the text that git-lfs stores in place of a file."""
    return (
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {size_bytes}\n"
    ).encode()


def git_environment(home: Path) -> dict[str, str]:
    """Return the whole environment for a git of the tests: nothing of the caller but PATH."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LC_ALL": "C",
        "TZ": "UTC",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_AUTHOR_NAME": ADA.name.decode(),
        "GIT_AUTHOR_EMAIL": ADA.email.decode(),
        "GIT_COMMITTER_NAME": ADA.name.decode(),
        "GIT_COMMITTER_EMAIL": ADA.email.decode(),
    }


class Repo:
    """A repository under test; `path` is the work tree, or the git directory of a bare one."""

    def __init__(self, path: Path, git_dir: Path | None = None) -> None:
        self.path = path
        self.git_dir = git_dir or (path / ".git" if (path / ".git").exists() else path)
        self._home = path.parent / "git-home"
        self._home.mkdir(exist_ok=True)
        self._ticks = 0

    @classmethod
    def init(cls, path: Path, *, bare: bool = False, object_format: str = "sha1") -> "Repo":
        """Make an empty repository with the branch main."""
        path.mkdir(parents=True)
        repo = cls(path, path if bare else path / ".git")
        options = ["--bare"] if bare else []
        repo.git("init", "-q", "-b", "main", f"--object-format={object_format}", *options, ".")
        for name in ("gc.auto", "maintenance.auto"):
            repo.git("config", name, "0")
        repo.git("config", "uploadpack.allowFilter", "true")
        return repo

    # -- running git ------------------------------------------------------------------------

    def git(
        self,
        *args: Arg,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> bytes:
        """Run git in the repository and return its output; a failure raises with its words."""
        done = subprocess.run(
            [b"git", *(os.fsencode(arg) for arg in args)],
            cwd=cwd or self.path,
            env=git_environment(self._home) | self._dates() | dict(env or {}),
            input=stdin,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"git {args!r}: {done.stderr.decode('utf-8', 'replace')}")
        return done.stdout

    def id(self, name: str) -> str:
        """Return the hex id that a revision names."""
        return self.git("rev-parse", "--verify", "-q", name).decode().strip()

    def _dates(self) -> dict[str, str]:
        when = f"{START + 60 * self._ticks} +0000"
        return {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}

    def tick(self, minutes: int = 1) -> int:
        """Move the clock of the repository and return its time in seconds."""
        self._ticks += minutes
        return START + 60 * self._ticks

    # -- commits ----------------------------------------------------------------------------

    def commit(
        self,
        files: Files,
        *,
        branch: str = "main",
        parents: Sequence[str] | None = None,
        message: bytes = b"change\n",
        author: Person = ADA,
        committer: Person = ADA,
        when: int | None = None,
        encoding: bytes = b"",
    ) -> str:
        """Add a commit to a branch and return its id; the work tree stays as it is.

        It starts from the tree of its first parent, by default the tip of the branch.
        """
        when = self.tick() if when is None else when
        ref = f"refs/heads/{branch}".encode()
        stream = [b"commit ", ref, b"\nmark :1\n"]
        for role, person in ((b"author", author), (b"committer", committer)):
            stream.append(b"%b %b <%b> %d +0000\n" % (role, person.name, person.email, when))
        if encoding:
            stream.append(b"encoding %b\n" % encoding)
        stream.append(b"data %d\n%b\n" % (len(message), message))
        if parents is None:
            parents = [self.id(branch)] if self._has(branch) else []
        for word, parent in zip([b"from"] + [b"merge"] * len(parents), parents, strict=False):
            stream.append(b"%b %b\n" % (word, parent.encode()))
        stream += [_change(path, content) for path, content in files.items()]
        stream.append(b"\nget-mark :1\n")
        out = self.git("fast-import", "--quiet", "--force", stdin=b"".join(stream))
        return out.decode().strip()

    def fast_import(self, stream: bytes, *options: str) -> bytes:
        """Feed a fast-import stream and return what it prints."""
        return self.git("fast-import", "--quiet", "--force", *options, stdin=stream)

    def _has(self, name: str) -> bool:
        try:
            self.id(name)
        except AssertionError:
            return False
        return True

    def write_object(self, kind: str, data: bytes) -> str:
        """Store any bytes as a loose object, however odd, and return the id."""
        command = ("hash-object", "-w", "--literally", "--stdin", "-t", kind)
        return self.git(*command, stdin=data).decode().strip()

    def rewrite(self, commit: str, old: bytes, new: bytes, branch: str = "main") -> str:
        """Store a copy of a commit with some of its bytes replaced and move the branch to it."""
        data = self.git("cat-file", "commit", commit)
        assert old in data
        made = self.write_object("commit", data.replace(old, new, 1))
        self.git("update-ref", f"refs/heads/{branch}", made)
        return made

    # -- work tree --------------------------------------------------------------------------

    def checkout(self, name: str = "HEAD") -> None:
        """Make index and work tree those of a revision."""
        self.git("reset", "-q", "--hard", name)

    def write(self, path: bytes, data: bytes, *, add: bool = True) -> None:
        """Write a file of the work tree and stage it."""
        full = os.path.join(os.fsencode(self.path), path)  # noqa: PTH118
        os.makedirs(os.path.dirname(full), exist_ok=True)  # noqa: PTH103, PTH120
        with open(full, "wb") as file:  # noqa: PTH123
            file.write(data)
        if add:
            self.git("add", "-f", "--", path)

    def commit_staged(self, *options: str, message: str = "change") -> str:
        """Commit the index by `git commit` and return the id."""
        self.tick()
        self.git("commit", "-q", "--no-verify", "--allow-empty", "-m", message, *options)
        return self.id("HEAD")

    def stash(self, *options: str) -> str:
        """Stash the changes and return the id of the stash commit."""
        self.tick()
        self.git("stash", "push", "-q", *options)
        return self.id("refs/stash")

    # -- refs -------------------------------------------------------------------------------

    def tag(self, name: str, target: str = "HEAD", message: bytes | None = None) -> str:
        """Make a lightweight tag, or an annotated one if there is a message; return its id."""
        if message is None:
            self.git("tag", name, target)
        else:
            self.tick()
            self.git("tag", "-a", "-F", "-", "--cleanup=verbatim", name, target, stdin=message)
        return self.id(f"refs/tags/{name}")

    def ref(self, name: Arg, target: str) -> None:
        """Point a ref at an object."""
        self.git("update-ref", name, target)

    def note(self, target: str, text: bytes) -> str:
        """Add a git note and return the id of the notes commit."""
        self.tick()
        self.git("notes", "add", "-f", "-F", "-", target, stdin=text)
        return self.id("refs/notes/commits")

    def forget_reflogs(self) -> None:
        """Remove all reflogs, so that unnamed commits are dangling and nothing else."""
        shutil.rmtree(self.git_dir / "logs", ignore_errors=True)

    # -- other repositories -----------------------------------------------------------------

    def clone(self, path: Path, *options: str, bare: bool = False) -> "Repo":
        """Clone by GitPython over the file transport; `--filter` and `--depth` work there."""
        source = f"file://{self.git_dir}"
        if "--shared" in options or "--reference" in options:
            source = str(self.git_dir)
        env = git_environment(self._home) | self._dates()
        made = git.Repo.clone_from(source, path, multi_options=list(options), env=env, bare=bare)
        made.close()
        return Repo(path, path if bare else path / ".git")

    def worktree(self, path: Path, branch: str) -> "Repo":
        """Add a linked work tree on a new branch at HEAD."""
        self.git("worktree", "add", "-q", "-b", branch, path)
        own = Path((path / ".git").read_text().removeprefix("gitdir: ").strip())
        return Repo(path, own)

    # -- store ------------------------------------------------------------------------------

    def objects(self) -> set[str]:
        """Return the ids of all objects that git itself counts, alternates included."""
        command = ("cat-file", "--batch-all-objects", "--unordered")
        return set(self.git(*command, "--batch-check=%(objectname)").decode().split())

    def loose(self, object_id: str) -> Path:
        """Return where the object lies when it is loose."""
        return self.git_dir / "objects" / object_id[:2] / object_id[2:]

    def packs(self) -> list[Path]:
        """Return the pack files."""
        return sorted((self.git_dir / "objects" / "pack").glob("*.pack"))

    def repack(self) -> Path:
        """Put every object, reachable or not, into one pack and return it."""
        self.git("repack", "-q", "-a", "-d", "--keep-unreachable")
        self.git("prune-packed")
        (pack,) = self.packs()
        return pack

    def blob_id(self, data: bytes) -> str:
        """Return the id that a blob of these bytes has."""
        return self.git("hash-object", "--stdin", stdin=data).decode().strip()

    def blob(self, commit: str, path: bytes) -> str:
        """Return the id of the blob at a path of a commit."""
        listed = self.git("ls-tree", "-z", "--full-tree", commit, "--", path)
        return listed.split(b"\t")[0].split()[2].decode()


def _change(path: bytes, content: bytes | Entry | None) -> bytes:
    name = _quote(path)
    if content is None:
        return b"D %b\n" % name
    if isinstance(content, bytes):
        content = Entry(b"100644", content)
    if content.mode == b"160000":
        return b"M 160000 %b %b\n" % (content.data, name)
    return b"M %b inline %b\ndata %d\n%b\n" % (content.mode, name, len(content.data), content.data)


def _quote(path: bytes) -> bytes:
    escaped = b"".join(b"\\%03o" % c if c < 0x20 or c in b'"\\' else bytes([c]) for c in path)
    return b'"' + escaped + b'"'
