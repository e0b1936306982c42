"""Where the data files that come with leakscan are."""

from pathlib import Path


def patterns() -> Path:
    """Return the folder of rules and remediations: inside a wheel, else beside a checkout."""
    package = Path(__file__).resolve().parent
    bundled = package / "_patterns"
    return bundled if bundled.is_dir() else package.parent / "patterns"
