"""`leakscan pre-commit`: what git calls before it makes a commit."""

import click

from leakscan.cli import gating
from leakscan.gates.wording import Wording
from leakscan.history.staged import of_staged


@click.command(
    "pre-commit",
    short_help="Refuse a commit that would hold a credential.",
    epilog="""\b
Install it with: leakscan hook install --hook pre-commit
""",
)
@click.argument("files", nargs=-1)
def command(files: tuple[str, ...]) -> int:
    """Look at what is about to be committed, and refuse it if there is a leak in it.

    That is the index that git uses for this commit, compared with HEAD and with what is being
    merged. FILES are ignored.

    LEAKSCAN_BYPASS=REASON lets a commit pass and records it in .git/leakscan/bypasses.jsonl.
    """
    here = gating.caller()
    wording = Wording(
        "commit", skip="git commit --no-verify", bypass="LEAKSCAN_BYPASS='REASON' git commit"
    )

    def run() -> int:
        with gating.open_git(here, scratch=True) as (git, layout):
            selection = of_staged(layout, git, here.index)
            triage = gating.own_triage(git, here.layout)
            looked = gating.look(here, git, layout, selection, triage)
        return gating.decide(looked, wording, here, "pre-commit")

    return gating.guarded(here, "pre-commit", wording, run)
