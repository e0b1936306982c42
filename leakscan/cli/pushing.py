"""What `leakscan pre-push` does, without the parsing of its arguments.

git waits for it with each push, so it imports nothing that it can do without.
"""

import os
import sys
from typing import Final

from msgspec.structs import replace

from leakscan.cli import gating
from leakscan.gates.wording import Wording
from leakscan.history.locate import Layout
from leakscan.history.remotes import without_password
from leakscan.history.selection import Selection, of_push, of_unpushed, parse_pushed

_UNNAMED: Final = "(git named no ref, so all branches and tags were looked at)"
_FRAMEWORK: Final = ("PRE_COMMIT", "PRE_COMMIT_REMOTE_NAME", "PRE_COMMIT_REMOTE_URL")


def push(remote: str = "", url: str = "", *, from_git: bool = False) -> int:
    """Look at what a push would send, and return the exit code. Raises LeakscanError.

    If stdin is `from_git`, nothing on it means that nothing is pushed; else that whoever called
    does not say what is, and then all that no remote has counts.
    """
    silence_is_gits = from_git and bool(url) and _may_be_from_git()
    here = gating.caller()
    remote = remote or os.environ.get("PRE_COMMIT_REMOTE_NAME", "")
    url = url or os.environ.get("PRE_COMMIT_REMOTE_URL", "")
    wording = Wording(
        f"push to {without_password(remote) or 'the remote'}",
        skip="git push --no-verify",
        bypass="LEAKSCAN_BYPASS='REASON' git push",
    )

    def run() -> int:
        text = gating.stdin()
        if silence_is_gits and not text:
            return 0
        with gating.open_git(here) as (git, layout):
            selection = _select(layout, text, remote, url)
            if not selection.include:
                return 0
            triage = gating.own_triage(git, here.layout)
            looked = gating.look(here, git, layout, selection, triage)
        said = wording if text.strip() else replace(wording, what=f"{wording.what} {_UNNAMED}")
        return gating.decide(looked, said, here, "pre-push")

    return gating.guarded(here, "pre-push", wording, run)


def _select(layout: Layout, text: bytes, remote: str, url: str) -> Selection:
    if text.strip():
        return of_push(layout, parse_pushed(text, layout.id_bytes), remote, url)
    return of_unpushed(layout, remote, url, [os.environ.get("PRE_COMMIT_TO_REF", "")])


def _may_be_from_git() -> bool:
    """Say whether nothing speaks against it: no terminal, and not the pre-commit framework.

    Source: the framework's documentation, "pre-commit during push".
    """
    piped = sys.stdin is not None and not sys.stdin.isatty()
    return piped and not any(name in os.environ for name in _FRAMEWORK)
