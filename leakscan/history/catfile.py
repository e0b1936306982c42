"""Objects through `git cat-file --batch`: slower than reading packs ourselves, and always right.

In: object ids. Out: for each id exactly one whole Content, or the pieces of a huge blob, or a
Skipped. git ends at a damaged object and says nothing of the rest; so it is started again behind
it, and the ids it has not answered are asked again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from leakscan.history.git import Git, GitProcess
from leakscan.model import Content, Kind, ObjectId, Skipped, SkipReason

PIECE_BYTES: Final = 32 << 20
"""Blobs above this are matched in pieces of this size."""
OVERLAP_BYTES: Final = 64 << 10
"""What neighbouring pieces share, so that no credential is cut."""
_WHOLE_LIMIT: Final = 256 << 20
"""Commits, tags and trees have to be whole to be understood; none is larger than this."""
_OBJECT_KINDS: Final = {
    b"blob": Kind.BLOB,
    b"commit": Kind.COMMIT,
    b"tag": Kind.TAG,
    b"tree": Kind.TREE,
}


_CAREFUL: Final = 512
"""Objects that are asked for one by one after git died, before it may buffer again."""


class _Answered:
    """Marks the end of an answer."""


_ANSWERED: Final = _Answered()


class StoppedError(Exception):
    """git ended, or went silent, before it answered."""


class CatFile:
    """Reads objects by id through one git process at a time."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._complaint, self._hung = "", False

    def read(self, ids: Sequence[ObjectId]) -> Iterator[Content | Skipped]:
        """Yield every object in the order of ids; a Skipped stands for the one that failed."""
        position, buffered = 0, True
        while position < len(ids):
            end = len(ids) if buffered else min(len(ids), position + _CAREFUL)
            for item in self._run(ids[position:end], buffered=buffered):
                if isinstance(item, _Answered):
                    position += 1
                else:
                    yield item
            # A process that died can take answers in its buffer with it. Only where it answered
            # one by one is the first unanswered object certainly the one that ended it.
            if position < end and not buffered:
                yield self._blame(ids[position])
                position += 1
            else:
                buffered = position == end

    def read_whole(self, ids: Sequence[ObjectId]) -> Iterator[Content | Skipped]:
        """Like `read`, but a blob that comes in pieces is Skipped as too large."""
        yield from whole(self.read(ids))

    def _run(
        self, ids: Sequence[ObjectId], *, buffered: bool
    ) -> Iterator[Content | Skipped | _Answered]:
        """Yield what git answers, and a mark behind each whole answer; end where git ends."""
        command = ["cat-file", "--batch", *(["--buffer"] if buffered else [])]
        feed = (object_id.hex().encode("ascii") + b"\n" for object_id in ids)
        with self._git.start(command, feed=feed) as process:
            try:
                for object_id in ids:
                    yield from answer(process, object_id)
                    yield _ANSWERED
            except StoppedError:
                process.close()
                self._complaint, self._hung = process.complaint, process.hung

    def _blame(self, object_id: ObjectId) -> Skipped:
        too_large = "over limit" in self._complaint or "out of memory" in self._complaint
        detail = "git stopped answering" if self._hung else self._complaint
        reason = SkipReason.TOO_LARGE if too_large else SkipReason.DAMAGED
        return Skipped(Kind.BLOB, reason, object_id, detail=detail)


def whole(items: Iterable[Content | Skipped]) -> Iterator[Content | Skipped]:
    """Let pass what is whole; say once of a blob that comes in pieces that it is too large."""
    for item in items:
        is_piece = (
            isinstance(item, Content)
            and item.kind is Kind.BLOB
            and (item.start or len(item.data) == PIECE_BYTES)
        )
        if not is_piece:
            yield item
        elif isinstance(item, Content) and not item.start:
            yield Skipped(item.kind, SkipReason.TOO_LARGE, item.object_id)


def answer(process: GitProcess, object_id: ObjectId) -> Iterator[Content | Skipped]:
    """Yield what git says of an object, a huge blob in pieces. Raises StoppedError."""
    header = process.readline().split()
    if len(header) == 2 and header[1] == b"missing":
        yield Skipped(Kind.BLOB, SkipReason.MISSING, object_id)
        return
    if len(header) != 3 or header[0] != object_id.hex().encode("ascii"):
        raise StoppedError
    kind, size = _OBJECT_KINDS[header[1]], int(header[2])
    if kind is Kind.BLOB and size > PIECE_BYTES:
        yield from _huge_blob(process, object_id, size)
    elif size > _WHOLE_LIMIT:
        _drain(process, size)
        yield Skipped(kind, SkipReason.TOO_LARGE, object_id)
    else:
        yield Content(kind, _exactly(process, size), object_id)
    _exactly(process, 1)


def pieces(whole: Content, read: Callable[[int], bytes], first: bytes) -> Iterator[Content]:
    """Yield something huge in overlapping pieces, each with its place in the whole.

    `whole` has what the pieces have in common, `first` the bytes read so far; `read` gives more,
    fewer bytes than asked for only at the end.
    """
    piece = replace(whole, data=first)
    while True:
        yield piece
        step = len(piece.data) - OVERLAP_BYTES
        fresh = read(PIECE_BYTES - OVERLAP_BYTES) if step > 0 else b""
        if not fresh:
            return
        last = piece.data.rfind(b"\n", 0, step)
        piece = replace(
            piece,
            data=piece.data[step:] + fresh,
            start=piece.start + step,
            lines_before=piece.lines_before + piece.data.count(b"\n", 0, step),
            columns_before=piece.columns_before + step if last < 0 else step - last - 1,
        )


def _huge_blob(process: GitProcess, object_id: ObjectId, size: int) -> Iterator[Content]:
    left = size - PIECE_BYTES

    def read(wanted: int) -> bytes:
        nonlocal left
        data = _exactly(process, min(left, wanted))
        left -= len(data)
        return data

    whole = Content(Kind.BLOB, b"", object_id)
    yield from pieces(whole, read, _exactly(process, PIECE_BYTES))


def _exactly(process: GitProcess, size: int) -> bytes:
    data = process.read(size)
    if len(data) != size:
        raise StoppedError
    return data


def _drain(process: GitProcess, size: int) -> None:
    while size:
        size -= len(_exactly(process, min(size, PIECE_BYTES)))
