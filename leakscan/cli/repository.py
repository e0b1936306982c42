"""What a repository says of itself for a plan: its remote, and the branch that is deployed.

In: where it is, and what is known of it already. Out: `Values`. Read live, it may say what a report
of it masks, so whatever could be a secret is left out.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from leakscan.errors import LeakscanError
from leakscan.history.files import read_optional
from leakscan.history.locate import Layout, locate
from leakscan.history.refs import read_head, read_targets
from leakscan.model import Finding
from leakscan.record import Record
from leakscan.redact import Redactor, Secret
from leakscan.remedy.origin import Branches, repository_values
from leakscan.remedy.values import Values

_SYMBOLIC: Final = b"ref:"
_HEAD_LIMIT: Final = 4096
_REMOTE: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}")
"""Remotes whose HEAD is looked up: no name of another folder."""
_FOLDERS: Final = (b"refs/heads", b"refs/remotes")


class Named(Record, frozen=True):
    """A repository to ask; `path` is None where none is known.

    `must_be_there` says that the user named it; what a report names may be gone. `head` is what
    is known of HEAD, so that it is not read; None means to read it.
    """

    path: Path | None
    must_be_there: bool = False
    head: bytes | None = None


def values_of_repository(
    named: Named,
    secrets: Iterable[Secret] = (),
    *,
    account: str = "",
    region: str = "",
    now: datetime | None = None,
) -> Values:
    """Return what a repository says. Raises LeakscanError where it has to be there and is not."""
    urls: list[bytes] = []
    branches = Branches(named.head)
    layout = _layout(named)
    if layout is not None:
        names = sorted(layout.remotes, key=lambda name: (name != "origin", name))
        urls = [layout.remotes[name].url for name in names]
        branches = _branches(layout, names, named.head)
    return repository_values(
        urls, branches, mask=Redactor(secrets), account=account, region=region, now=now
    )


def secrets_of(findings: Iterable[Finding]) -> Iterator[Secret]:
    """Yield the secrets and session tokens of findings."""
    for one in findings:
        identity = one.credential.identity
        yield from (part for part in (identity.secret, identity.session_token) if part is not None)


def _layout(named: Named) -> Layout | None:
    if named.path is None:
        return None
    try:
        return locate(named.path)
    except (LeakscanError, OSError):
        if named.must_be_there:
            raise
        return None


def _branches(layout: Layout, remotes: Iterable[str], head: bytes | None) -> Branches:
    if head is None:
        try:
            head = read_head(layout).removeprefix(_SYMBOLIC).strip()
        except OSError:
            return Branches()
    if layout.top == layout.common_dir:
        # HEAD of a bare repository is nobody's work; it is what its remote has as HEAD.
        return Branches(head, is_only=True)
    for remote in remotes:
        if default := _default(layout, remote):
            return Branches(head, default)
    return Branches(head, is_only=_is_only(layout, head))


def _default(layout: Layout, remote: str) -> bytes | None:
    """Return the ref that the HEAD of a remote stands for here, as git clone leaves it."""
    if not _REMOTE.fullmatch(remote):
        return None
    folder = f"refs/remotes/{remote}/"
    try:
        top = layout.refs_of(layout.common_dir)
        said = read_optional(top / folder / "HEAD", _HEAD_LIMIT) or b""
    except OSError:
        return None
    ref = said.removeprefix(_SYMBOLIC).strip()
    is_symbolic = said.startswith(_SYMBOLIC) and ref.startswith(folder.encode())
    return ref if is_symbolic else None


def _is_only(layout: Layout, head: bytes) -> bool:
    """Say whether there is no branch but that of HEAD, neither here nor at the remotes.

    A remote that was never fetched may have any, and so may one whose clone is shallow.
    """
    if layout.ref_format != "files" or (layout.common_dir / "shallow").exists():
        return False
    read = read_targets(layout, *_FOLDERS)
    if read.skipped:
        return False
    refs = [ref.split(b"/") for ref in read.targets]
    tracked = {b"/".join(parts[3:]) for parts in refs if parts[1] == b"remotes"}
    names = tracked | {b"/".join(parts[2:]) for parts in refs if parts[1] == b"heads"}
    is_known = bool(tracked) or not layout.remotes
    return is_known and names <= {head.removeprefix(b"refs/heads/")}
