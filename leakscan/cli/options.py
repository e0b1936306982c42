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

OUTPUT: Final = click.option(
    "--output",
    "file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write to FILE.",
)
"""The command gets it as `file`; see `outputs.one`."""

TEXT_OR_JSON: Final = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    help="Format of what is said. [default: text, or that of the suffix of FILE]",
)
"""The command gets it as `form`."""
