"""Files as a commit has them, for a repository that has no work tree to read.

Part of the history stage. In: a commit and paths. Out: bytes, or None where there is no such file.
"""

from leakscan.history.git import Git, GitError
from leakscan.model import ObjectId

_LIMIT = 64 << 20


def read_committed(git: Git, commit: ObjectId, path: str) -> bytes | None:
    """Return the file at a path of a commit. Raises GitError where it cannot be read."""
    name = f"{commit.hex()}:{path}".encode("utf-8", "surrogateescape")
    if b"\n" in name:
        return None
    answer = git.run(["cat-file", "--batch"], feed=[name + b"\n"], limit_bytes=_LIMIT)
    header, _, data = answer.partition(b"\n")
    words = header.rsplit(b" ", 2)
    if words[-1] == b"missing":
        return None
    if len(words) != 3 or words[1] != b"blob":
        raise GitError(f"{path} of HEAD is no file.")
    return data[: int(words[2])]
