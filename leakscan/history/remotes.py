"""What a repository knows of the remotes it pushes to, and where its HEAD is.

Part of the history stage. In: a `Layout`, a name or a URL. Out: what the tracking refs of that
remote point to, which is what it has as far as git knows.
"""

import re
from typing import Final

from leakscan.history.locate import Layout
from leakscan.history.refs import object_id, read_head, read_ref, read_targets
from leakscan.model import ObjectId

_REMOTES: Final = b"refs/remotes"


def remote_name(layout: Layout, remote: str, url: str) -> str:
    """Return the configured remote that a push goes to; empty where it goes to a bare URL."""
    if remote and remote in layout.remotes:
        return remote
    wanted = (url or remote).encode("utf-8", "surrogateescape")
    named = [name for name, known in layout.remotes.items() if wanted in known.urls]
    if named:
        return named[0]
    # Named in a file that the repository's config includes, or in the user's own config.
    return remote if remote != url else ""


def without_password(url: str) -> str:
    """Return a URL without the name and the password that may stand in it."""
    return re.sub(r"^([\w.+-]+://)[^/?#]*@", r"\1", url)


def tracked(layout: Layout, remote: str) -> set[ObjectId]:
    """Return what the tracking refs of a remote point to; of all remotes if none is named."""
    if not remote:
        return set(read_targets(layout, _REMOTES).targets.values())
    if {"", ".", ".."} & set(remote.split("/")):
        return set()  # As a path it would lead to refs that are not the remote's.
    folder = _REMOTES + b"/" + remote.encode("utf-8", "surrogateescape")
    others = tuple(
        _REMOTES + b"/" + other.encode("utf-8", "surrogateescape") + b"/"
        for other in layout.remotes
        if other.startswith(remote + "/")
    )
    targets = read_targets(layout, folder).targets
    return {target for name, target in targets.items() if not name.startswith(others)}


def promises(layout: Layout, name: str) -> bool:
    """Say whether a remote has promised the objects that a partial clone left out."""
    remote = layout.remotes.get(name)
    return remote is not None and remote.promisor


def head_commit(layout: Layout) -> ObjectId | None:
    """Return the commit of HEAD; None before the first one."""
    try:
        text = read_head(layout)
    except OSError:
        return None
    if not text.startswith(b"ref:"):
        return object_id(text, layout.id_bytes)
    return read_ref(layout, text[4:].strip())
