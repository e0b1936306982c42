"""Objects through one `git cat-file --batch` that stays, for questions that answers lead to.

Part of the history stage. In: a few object ids at a time. Out: what `CatFile.read_whole` gives for
them, without a process for each time.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from queue import SimpleQueue
from typing import Final, Self

from leakscan.history.catfile import CatFile, StoppedError, answer, whole
from leakscan.history.git import Git, GitProcess
from leakscan.model import Content, ObjectId, Skipped

_AT_ONCE: Final = 200
"""Objects of one question: their ids fit in any pipe, so writing never waits for reading."""


class Dialogue:
    """Reads objects through one git process that stays, for questions that answers lead to."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._asked: SimpleQueue[bytes | None] = SimpleQueue()
        self._open = ExitStack()
        self._process: GitProcess | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def read_whole(self, ids: Sequence[ObjectId]) -> Iterator[Content | Skipped]:
        """Yield some objects in the order of ids, as `CatFile.read_whole` does; all are taken."""
        for start in range(0, len(ids), _AT_ONCE):
            yield from self._ask(ids[start : start + _AT_ONCE])

    def _ask(self, ids: Sequence[ObjectId]) -> Iterator[Content | Skipped]:
        process = self._process or self._begin()
        lines = (object_id.hex().encode("ascii") + b"\n" for object_id in ids)
        self._asked.put(b"".join(lines))
        self._asked.put(b"")
        for position, object_id in enumerate(ids):
            try:
                items = list(whole(answer(process, object_id)))
            except StoppedError:
                self._end()
                yield from CatFile(self._git).read_whole(ids[position:])
                return
            yield from items

    def _begin(self) -> GitProcess:
        command, asked = ["cat-file", "--batch"], SimpleQueue[bytes | None]()
        self._asked = asked
        self._process = self._open.enter_context(
            self._git.start(command, feed=iter(asked.get, None))
        )
        return self._process

    def _end(self) -> None:
        self._asked.put(None)
        self._process = None
        self._open.close()
