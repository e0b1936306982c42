"""Repositories that keep their refs in reftables, where the installed git can make one."""

import re
import subprocess
from typing import Final

import pytest

from tests.support.repo import Repo


def _version() -> tuple[int, ...]:
    said = subprocess.run(["git", "version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(number) for number in re.findall(r"\d+", said)[:2])


needs_reftables: Final = pytest.mark.skipif(
    _version() < (2, 48), reason="this git cannot convert a reftable"
)


def to_reftable(repo: Repo) -> None:
    """Put the refs of a repository without linked work trees into a reftable."""
    repo.git("refs", "migrate", "--ref-format=reftable")
