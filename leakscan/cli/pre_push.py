"""`leakscan pre-push`: what git calls before it sends commits to a remote."""

import os

import click

from leakscan.cli import gating
from leakscan.gates.message import Wording
from leakscan.history.locate import Layout
from leakscan.history.selection import Selection, of_push, of_unpushed, parse_pushed


@click.command(
    "pre-push",
    short_help="Refuse a push that would leak a credential.",
    epilog="""\b
Install it with: leakscan hook install
""",
)
@click.argument("remote", default="")
@click.argument("url", default="")
def command(remote: str, url: str) -> int:
    """Look at everything a push would send to REMOTE, and refuse it if there is a leak in it.

    git calls this with the name of the remote, its URL, and on stdin a line for each ref. All
    commits that no ref of the remote reaches are looked at, with their messages, paths and names.
    Where stdin is empty, as under the pre-commit framework, that is everything not pushed yet.

    LEAKSCAN_BYPASS=REASON lets a push pass and records it in .git/leakscan/bypasses.jsonl.
    """
    here = gating.caller()
    remote = remote or os.environ.get("PRE_COMMIT_REMOTE_NAME", "")
    url = url or os.environ.get("PRE_COMMIT_REMOTE_URL", "")
    wording = Wording(
        f"push to {remote or 'the remote'}",
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
            looked = gating.look(git, layout, selection, triage)
        return gating.decide(looked, wording, here, "pre-push")

    return gating.guarded(here, "pre-push", wording, run)


def _select(layout: Layout, text: bytes, remote: str, url: str) -> Selection:
    if text.strip():
        return of_push(layout, parse_pushed(text, layout.id_bytes), remote, url)
    return of_unpushed(layout, remote, url)
