"""Options that several commands share."""

from pathlib import Path
from typing import Final

import click

RULES: Final = click.option(
    "--rules",
    "rules_folder",
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Use the rule files in FOLDER instead of those that came with leakscan.",
)
"""The command gets it as `rules_folder`."""
