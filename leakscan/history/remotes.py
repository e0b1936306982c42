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
    wanted = _raw(url or remote)
    for name, known in layout.remotes.items():
        if wanted in (known.url, known.push_url):
            return name
    # Named in a file that the repository's config includes, or in the user's own config.
    return remote if remote != url else ""


def without_password(url: str) -> str:
    """Return a URL without the name and the password that may stand in it."""
    return re.sub(r"^([\w.+-]+://)[^/?#]*@", r"\1", url)


def tracked(layout: Layout, remote: str, url: str = "") -> dict[bytes, ObjectId]:
    """Return what the tracking refs of a remote point to, by the ref that they follow.

    None where the push goes to another place than they were fetched from.
    """
    if {"", ".", ".."} & set(remote.split("/")) or _is_elsewhere(layout, remote, url):
        return {}  # As a path, a dot would lead to refs that are not the remote's.
    folder = _REMOTES + b"/" + _raw(remote)
    others = tuple(
        _REMOTES + b"/" + _raw(other) + b"/"
        for other in layout.remotes
        if other.startswith(remote + "/")
    )
    targets = read_targets(layout, folder).targets
    start = len(folder) + 1
    return {
        b"refs/heads/" + name[start:]: target
        for name, target in targets.items()
        if not name.startswith(others)
    }


def tracked_of_all(layout: Layout) -> set[ObjectId]:
    """Return what the tracking refs of all remotes point to."""
    return set(read_targets(layout, _REMOTES).targets.values())


def promises(layout: Layout, name: str, url: str) -> bool:
    """Say whether a push to a remote finds there all that a partial clone left out.

    So it is where this one remote has promised everything, and it is pushed where it is fetched.
    """
    remote = layout.remotes.get(name)
    others = any(known.promisor for other, known in layout.remotes.items() if other != name)
    if remote is None or not remote.promisor or others:
        return False
    return not url or _place(_raw(url)) == _place(remote.url)


def _is_elsewhere(layout: Layout, name: str, url: str) -> bool:
    """Say whether a URL is a place that a remote is only pushed to, and not fetched from."""
    remote = layout.remotes.get(name)
    if remote is None or not url or _raw(url) != remote.push_url:
        return False
    return _place(remote.push_url) != _place(remote.url)


def _place(url: bytes) -> bytes:
    """Return host and path of a URL, however it is spelt: https and ssh lead to one place."""
    found = re.match(rb"(?:[\w.+-]+://(?:[^/@]*@)?([^/:]*)(?::\d+)?/|(?:[^/@:]*@)?([^/:]+):)", url)
    if found is None:
        return url
    host = found[1] or found[2] or b""
    return host.lower() + b"/" + url[found.end() :].strip(b"/").removesuffix(b".git")


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def head_commit(layout: Layout) -> ObjectId | None:
    """Return the commit of HEAD; None before the first one."""
    try:
        text = read_head(layout)
    except OSError:
        return None
    if not text.startswith(b"ref:"):
        return object_id(text, layout.id_bytes)
    return read_ref(layout, text[4:].strip())
