"""Where the data files that come with leakscan are."""

from pathlib import Path


def patterns() -> Path:
    """Return the folder of rules and remediations: inside a wheel, else beside a checkout."""
    return _folder("_patterns", "patterns")


def hooks() -> Path:
    """Return the folder of the git hooks: inside a wheel, else beside a checkout."""
    return _folder("_hooks", "hooks")


def _folder(bundled: str, beside: str) -> Path:
    package = Path(__file__).resolve().parent
    inside = package / bundled
    return inside if inside.is_dir() else package.parent / beside
