"""`leakscan doctor`: prove that the installed hook, or the command of a CI, stops leaks."""

from pathlib import Path

import click

from leakscan.cli.hook import current_user
from leakscan.errors import ExitCode
from leakscan.gates.doctor import Trial, try_command, try_hook
from leakscan.gates.install_place import find_place, settings_run


@click.command(
    "doctor",
    short_help="Prove that the installed hook stops leaks.",
    epilog="""\b
Examples
  leakscan doctor
  leakscan doctor /srv/git/shop.git
  leakscan doctor --ci 'leakscan scan --range origin/main..HEAD'
""",
)
@click.argument("path", type=click.Path(path_type=Path), default=Path())
@click.option(
    "--ci",
    "ci_command",
    metavar="COMMAND",
    help="Try this command instead of the hook: it must fail where a leak is checked out.",
)
def command(path: Path, ci_command: str | None) -> int:
    """Push made-up credentials through the hooks of the repository at PATH, to a remote of our own.

    A clone and a bare remote are made in a temporary folder, with the hooks that git runs at PATH
    and the files that configure them. Every way a key gets into a push must be stopped, and the
    remote must not have it; harmless pushes must pass. The repository at PATH is not touched. The
    exit code is 0 only if all is as it should be.
    """
    user = current_user()
    if ci_command is None:
        place = find_place(path, user)
        hook = "pre-receive" if place.bare else "pre-push"
        by_settings = settings_run(place.layout.top, hook, user)
        folder = user.config_home / "hooks" if by_settings else place.folder
        click.echo(f"Trying {folder / hook} in a throw-away repository:")
        trials = try_hook(place, user)
    else:
        click.echo(f"Trying {ci_command} in throw-away repositories:")
        trials = try_command(ci_command, path, user)
    wrong = [trial for trial in trials if not _show(trial)]
    if wrong:
        click.echo(f"NOT as it should be: {', '.join(trial.name for trial in wrong)}.")
        if ci_command is None:
            click.echo("Where the hook stands: leakscan hook status", err=True)
        return ExitCode.FINDINGS
    click.echo("All is as it should be.")
    return ExitCode.CLEAN


def _show(trial: Trial) -> bool:
    """Print a trial; return whether it came out right."""
    from leakscan.report.words import visible

    click.echo(f"  {trial.name:26}{trial.happened}")
    for line in trial.said.splitlines():
        click.echo(f"      {visible(line)}")
    return trial.right
