"""`leakscan pre-push`: what git calls before it sends commits to a remote."""

import click

from leakscan.cli.pushing import push


@click.command(
    "pre-push",
    short_help="Refuse a push that would leak a credential.",
    epilog="""\b
Install it with: leakscan hook install
""",
)
@click.option(
    "--from-git",
    is_flag=True,
    help="Stdin is what git wrote, so that nothing is pushed where it is empty; for our hooks.",
)
@click.argument("remote", default="")
@click.argument("url", default="")
def command(from_git: bool, remote: str, url: str) -> int:
    """Look at everything a push would send to REMOTE, and refuse it if there is a leak in it.

    git calls this with the name of the remote, its URL, and on stdin a line for each ref. All
    commits that no ref of the remote reaches are looked at, with their messages, paths and names.
    Where stdin is empty, as under the pre-commit framework, that is everything not pushed yet, but
    with --from-git nothing.

    LEAKSCAN_BYPASS=REASON lets a push pass and records it in .git/leakscan/bypasses.jsonl.
    """
    return push(remote, url, from_git=from_git)
