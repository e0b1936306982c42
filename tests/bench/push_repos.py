"""Repositories to push from: histories of a given size, a bare remote, and commits to push.

In: a folder, numbers of commits and refs. Out: `PushRepo`. All of it is made by git fast-import
from a seeded generator, so that each run of the bench has the same ids. The remote has everything
in one pack; what is to be pushed is loose, as after `git commit`.
"""

import random
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

MAIN: Final = "main"
_EPOCH: Final = 1_700_000_000
_WHO: Final = b"A U Thor <author@example.com>"
_FILE_LINES: Final = (20, 240)
_LOOSE_REFS: Final = 100
_HEX2: Final = re.compile(r"[0-9a-f]{2}")
_QUIET: Final = {"gc.auto": "0", "receive.autogc": "false", "maintenance.auto": "false"}
_WORDS: Final = (
    *("account", "address", "amount", "basket", "branch", "buffer", "catalog", "client", "color"),
    *("context", "counter", "customer", "delivery", "discount", "element", "filter", "format"),
    *("handler", "header", "index", "invoice", "item", "label", "message", "offset", "order"),
    *("parcel", "payment", "price", "product", "record", "request", "response", "result", "stock"),
    *("supplier", "tax", "total", "update", "value", "vendor", "version", "warehouse", "width"),
)


@dataclass(frozen=True, slots=True)
class Size:
    """How much a repository has; `refs` are branches of the remote besides the main one."""

    name: str
    commits: int
    files: int
    refs: int = 0

    def facts(self) -> str:
        """Return it in words."""
        refs = f", {self.refs} remote-tracking refs" if self.refs else ""
        return f"{self.commits} commits, {self.files} files{refs}"


@dataclass(frozen=True, slots=True)
class PushRepo:
    """A work tree with a bare remote, and the tips of what can be pushed by number of commits."""

    size: Size
    path: Path
    remote: Path
    base: str
    tips: Mapping[int, str]
    packs: frozenset[str]
    """What the remote has before anything is pushed."""

    def prepare(self, commits: int) -> list[Path]:
        """Make that many commits unpushed ones of the branch, checked out; return their files."""
        git(self.path, "reset", "--quiet", "--hard", self.tips[commits])
        self.reset()
        told = git(self.path, "diff", "--name-only", "-z", "--diff-filter=d", self.base, "HEAD")
        return [self.path / name for name in told.decode().split("\0") if name]

    def reset(self) -> None:
        """Undo a push: the refs on both sides, and the objects on the other."""
        git(self.remote, "update-ref", f"refs/heads/{MAIN}", self.base)
        git(self.path, "update-ref", f"refs/remotes/origin/{MAIN}", self.base)
        for entry in (self.remote / "objects").iterdir():
            if _HEX2.fullmatch(entry.name):
                shutil.rmtree(entry)
        for pack in (self.remote / "objects" / "pack").iterdir():
            if pack.name not in self.packs:
                pack.unlink()


def git(repo: Path, *arguments: str, stdin: bytes | None = None) -> bytes:
    """Return what git prints. Raises CalledProcessError with its complaint."""
    command = ["git", "-C", str(repo), *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, check=True).stdout


def build(folder: Path, size: Size, pushes: Sequence[int]) -> PushRepo:
    """Build a repository in a folder, which is made."""
    remote, path = folder / "remote.git", folder / "work"
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--bare", f"--initial-branch={MAIN}", str(remote))
    _configure(remote)
    history = _History(random.Random(size.name))
    _import(remote, history.all(size))
    git(remote, "gc", "--quiet")
    git(folder, "clone", "--quiet", str(remote), str(path))
    _configure(path)
    _scatter_refs(path)
    base = git(path, "rev-parse", "HEAD").decode().strip()
    tips = {}
    for count in pushes:
        ref = f"refs/heads/push-{count}"
        _import(path, history.more(ref, base, count))
        tips[count] = git(path, "rev-parse", ref).decode().strip()
        git(path, "update-ref", "-d", ref)
    packs = frozenset(pack.name for pack in (remote / "objects" / "pack").iterdir())
    return PushRepo(size, path, remote, base, tips, packs)


def _configure(repo: Path) -> None:
    for name, value in _QUIET.items():
        git(repo, "config", name, value)


def _import(repo: Path, stream: Iterator[bytes]) -> None:
    # However many objects there are, they stay loose; a history is packed by gc.
    options = ["-c", "fastimport.unpackLimit=100000", "fast-import", "--quiet", "--force"]
    git(repo, *options, stdin=b"".join(stream))


def _scatter_refs(repo: Path) -> None:
    """Unpack the first refs, as a fetch leaves those that have changed."""
    told = git(repo, "for-each-ref", "--format=%(objectname) %(refname)", "refs/remotes/origin/b/*")
    for line in told.decode().splitlines()[:_LOOSE_REFS]:
        object_id, ref = line.split()
        file = repo / ".git" / ref
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{object_id}\n")


@dataclass
class _History:
    """Commits as git fast-import reads them, each of a few changed lines in a few files."""

    rng: random.Random
    files: list[list[bytes]] = field(default_factory=list)
    made: int = 0

    def all(self, size: Size) -> Iterator[bytes]:
        """Yield the whole history of a size."""
        self.files = [self._file() for _ in range(size.files)]
        main = f"refs/heads/{MAIN}"
        yield from self._commit(main, b"", range(size.files))
        for _ in range(size.commits - 1):
            yield from self._commit(main, b"", self._changed())
        for number in range(size.refs):
            back = self.rng.randrange(min(size.commits, 500))
            since = f"from :{size.commits - back}\n".encode()
            yield from self._commit(f"refs/heads/b/{number:05}", since, self._changed())

    def more(self, ref: str, base: str, commits: int) -> Iterator[bytes]:
        """Yield small commits on top of a base."""
        for number in range(commits):
            yield from self._commit(ref, b"" if number else f"from {base}\n".encode(), self._few())

    def _commit(self, ref: str, since: bytes, numbers: Sequence[int]) -> Iterator[bytes]:
        self.made += 1
        when = b"%s %d +0000\n" % (_WHO, _EPOCH + 600 * self.made)
        text = b"%s\n\n%s" % (self._words(5), self._words(20))
        yield b"commit %s\nmark :%d\n" % (ref.encode(), self.made)
        yield b"author %scommitter %s" % (when, when)
        yield b"data %d\n%s\n%s" % (len(text), text, since)
        for number in numbers:
            lines = self.files[number]
            for _ in range(self.rng.randint(1, 6)):
                lines[self.rng.randrange(len(lines))] = self._line()
            data = b"".join(lines)
            yield b"M 100644 inline %s\ndata %d\n%s\n" % (_name(number), len(data), data)

    def _changed(self) -> Sequence[int]:
        return self.rng.sample(range(len(self.files)), self.rng.randint(1, 4))

    def _few(self) -> Sequence[int]:
        return self.rng.sample(range(len(self.files)), self.rng.randint(1, 2))

    def _file(self) -> list[bytes]:
        return [self._line() for _ in range(self.rng.randint(*_FILE_LINES))]

    def _line(self) -> bytes:
        one, two, three = self.rng.choices(_WORDS, k=3)
        number = self.rng.randrange(1000)
        return f"    {one}_{two} = self.{two}.{three}({one}, {number})\n".encode()

    def _words(self, count: int) -> bytes:
        return " ".join(self.rng.choices(_WORDS, k=count)).encode()


def _name(number: int) -> bytes:
    return f"src/{_WORDS[number % 20]}/{_WORDS[number // 20 % 24]}/module_{number}.py".encode()
