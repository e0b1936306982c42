"""What `leakscan pre-push` does, without the parsing of its arguments.

git waits for it with each push, so it imports nothing that it can do without.
"""

import os

from leakscan.cli import gating
from leakscan.gates.wording import Wording
from leakscan.history.locate import Layout
from leakscan.history.remotes import without_password
from leakscan.history.selection import Selection, of_push, of_unpushed, parse_pushed


def push(remote: str = "", url: str = "") -> int:
    """Look at what a push would send, and return the exit code. Raises LeakscanError."""
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
        with gating.open_git(here) as (git, layout):
            selection = _select(layout, text, remote, url)
            if not selection.include:
                return 0
            triage = gating.own_triage(git, here.layout)
            looked = gating.look(here, git, layout, selection, triage)
        return gating.decide(looked, wording, here, "pre-push")

    return gating.guarded(here, "pre-push", wording, run)


def _select(layout: Layout, text: bytes, remote: str, url: str) -> Selection:
    if text.strip():
        return of_push(layout, parse_pushed(text, layout.id_bytes), remote, url)
    return of_unpushed(layout, remote, url)
