"""What `--version` prints: read from package metadata, without importing what it names."""

import platform
from collections.abc import Iterator
from importlib import metadata

from leakscan import __version__

_LIBRARIES = ("botocore", "click", "hyperscan", "pyyaml", "regex", "rich")


def version_lines() -> Iterator[str]:
    """Yield the versions of leakscan, its rule set, Python and the libraries it stands on."""
    yield f"leakscan {__version__}"
    yield f"rules {_rules_version()}"
    yield f"python {platform.python_version()}"
    for name in _LIBRARIES:
        yield f"{name} {metadata.version(name)}"


def _rules_version() -> str:
    """Take the version lines from the rule files as text: parsing YAML would take longer."""
    from leakscan.resources import patterns

    versions = []
    for file in sorted(patterns().glob("*.yaml")):
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.startswith("version:"):
                versions.append(line.partition(":")[2].strip().strip("\"'"))
                break
    return "+".join(versions)
