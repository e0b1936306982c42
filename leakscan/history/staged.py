"""What would be committed: the index as a commit that exists only in a folder of our own.

Part of the history stage. In: a `Layout`, and the index git names to its hooks. Out: `Selection`.
Then a commit about to be made is a range like any other, with HEAD, and what is being merged,
as parents.
"""

from pathlib import Path
from typing import Final

from leakscan.history.files import read_file, read_optional
from leakscan.history.git import Git, GitError
from leakscan.history.gitfiles import lend_shared_index
from leakscan.history.locate import Layout
from leakscan.history.refs import object_id
from leakscan.history.remotes import head_commit
from leakscan.history.selection import RangeError, Selection
from leakscan.model import ObjectId, Scope, ScopeKind

_INDEX_LIMIT: Final = 1 << 30
_MERGE_LIMIT: Final = 1 << 20


def of_staged(layout: Layout, git: Git, index: Path) -> Selection:
    """Select what the index has and none of the parents of the next commit.

    `git` needs a scratch store, which gets the trees. Raises RangeError where there is no index or
    where it is in the middle of a merge with conflicts.
    """
    try:
        # A copy: git would lock the index, which whoever commits holds already.
        copy = git.git_dir / "index"
        copy.write_bytes(read_file(index, _INDEX_LIMIT))
        lend_shared_index(layout.git_dir, git)
    except FileNotFoundError:
        raise RangeError("There is no index: nothing was ever staged here.") from None
    except OSError as error:
        raise GitError(f"The index cannot be read: {error.strerror or error}.") from error
    tree = _written(git, ["write-tree", "--missing-ok"])
    parents = _parents(layout)
    lines = [f"tree {tree.hex()}", *(f"parent {parent.hex()}" for parent in parents)]
    lines += ["author leakscan <> 0 +0000", "committer leakscan <> 0 +0000", "", "staged", ""]
    text = "\n".join(lines).encode("ascii")
    commit = _written(git, ["hash-object", "-t", "commit", "-w", "--stdin"], text)
    return Selection(
        Scope(ScopeKind.STAGED, (b"index",), (b"HEAD",) if parents else ()),
        {b"index": commit},
        tuple(parents),
        staged=commit,
    )


def _written(git: Git, command: list[str], text: bytes | None = None) -> ObjectId:
    """Return the id of what a command writes into the scratch store."""
    feed = None if text is None else [text]
    try:
        answer = git.run(command, feed=feed, limit_bytes=4096)
    except GitError as error:
        raise RangeError(
            f"The index is not what a commit can be made from: {error.message}",
            hint="Resolve the conflicts of the merge first.",
        ) from error
    return ObjectId(bytes.fromhex(answer.strip().decode("ascii")))


def _parents(layout: Layout) -> list[ObjectId]:
    """Return HEAD, and what is being merged.

    Source: git documentation, gitrevisions, MERGE_HEAD.
    """
    head = head_commit(layout)
    try:
        text = read_optional(layout.git_dir / "MERGE_HEAD", _MERGE_LIMIT) or b""
    except OSError:
        text = b""
    merged = [object_id(line, layout.id_bytes) for line in text.split()]
    return [one for one in dict.fromkeys([head, *merged]) if one is not None]
