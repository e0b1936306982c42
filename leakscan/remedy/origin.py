"""What a repository says of itself that goes into a plan: its name on its host, and its branch.

Part of the remedy stage. In: the URLs of its remotes and what its refs say of branches. Out:
`Values`, each of the form that `values` takes for safe, and none that a known secret stands in.

Source: git documentation, git-clone, "GIT URLS", and git-check-ref-format.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from leakscan.record import Record
from leakscan.remedy.values import Mask, Values, safe, text_of

_URL: Final = re.compile(
    rb"(?:(?:https?|ssh|git)://(?:[^/@]*@)?(?P<host>[^/:@]+)(?::\d+)?/|[^/@:]*@(?P<scp>[^/:@]+):/?)"
    rb"(?P<path>[^?#]+)"
)
_BRANCH: Final = b"refs/heads/"
_MAX_REPOSITORY_ROLE: Final = 28
"""Characters of the name of a role that come from the repository; the rest is the place."""
_SAME_HOSTS: Final = {
    "ssh.github.com": "github.com",
    "altssh.gitlab.com": "gitlab.com",
    "altssh.bitbucket.org": "bitbucket.org",
}
"""Hosts for SSH through port 443. Source: GitHub, GitLab and Bitbucket documentation of it."""
_ODD_REPOSITORY: Final = re.compile(r"(?:.*/)?_git/.*|v[0-9]/.*|.*\.git")
"""Paths of Azure DevOps, and names that no host takes."""
_DEPLOYED: Final = frozenset({b"main", b"master", b"trunk", b"production", b"prod", b"live"})
"""Names of branches that are deployed, where the repository does not say which is."""


class Branches(Record, frozen=True):
    """The refs that tell which branch is deployed.

    `default` is what the remote's HEAD stands for here, such as `refs/remotes/origin/main`;
    `is_only` says that there is no branch beside that of HEAD.
    """

    head: bytes | None = None
    default: bytes | None = None
    is_only: bool = False


def repository_values(
    urls: Iterable[bytes],
    branches: Branches,
    *,
    mask: Mask = str,
    account: str = "",
    region: str = "",
    now: datetime | None = None,
) -> Values:
    """Return the values of a repository, from the URLs of its remotes and its branches.

    The likeliest URL comes first; the first that names a repository on a host counts.
    """
    host, repository = next(filter(None, map(_repository, urls)), ("", ""))
    if mask(repository) != repository:
        host = repository = ""
    branch = safe("branch", text_of(_deployed(branches)))
    moment = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if now else ""
    return Values(
        repository=repository,
        host=host,
        branch=branch if mask(branch) == branch else "",
        role=_role(repository),
        account_id=safe("account_id", account),
        region=safe("region", region),
        now=safe("now", moment),
    )


def _deployed(branches: Branches) -> bytes:
    """Return the branch that is deployed, as far as that is told; HEAD may be anybody's work."""
    if branches.default:
        # `refs/remotes/NAME/BRANCH`
        return b"/".join(branches.default.split(b"/")[3:])
    head = branches.head or b""
    branch = head.removeprefix(_BRANCH) if head.startswith(_BRANCH) else b""
    return branch if branches.is_only or branch in _DEPLOYED else b""


def _repository(url: bytes) -> tuple[str, str] | None:
    """Return the host and OWNER/NAME of a remote's URL; None for other forms.

    Such as a path on this machine.
    """
    found = _URL.fullmatch(url)
    host = text_of(found["host"] or found["scp"] or b"").lower() if found else ""
    if found is None or host.startswith("git-codecommit."):
        return None
    name = text_of(found["path"].strip(b"/")).removesuffix(".git")
    if _ODD_REPOSITORY.fullmatch(name) or not safe("repository", name):
        return None
    return _SAME_HOSTS.get(host, host), name


def _role(repository: str) -> str:
    """Return the beginning of a role's name, made of the repository's."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", repository.rpartition("/")[2]).strip("-")
    return safe("role", name[:_MAX_REPOSITORY_ROLE].rstrip("-"))
