"""Fixtures that every test may use: seeded keys, repositories in tmp_path, the program."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.cli import Cli
from tests.support.keys import KeyMaker
from tests.support.repo import Repo

# Nothing of the caller's git may reach a test, also not through GitPython.
for _name in [name for name in os.environ if name.startswith("GIT_")]:
    del os.environ[_name]

_SLOW = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]
settings.register_profile(
    "default", derandomize=True, max_examples=40, deadline=None, suppress_health_check=_SLOW
)
settings.register_profile(
    "deep", max_examples=1500, deadline=None, suppress_health_check=_SLOW, print_blob=True
)
settings.load_profile(os.environ.get("LEAKSCAN_HYPOTHESIS_PROFILE", "default"))


@pytest.fixture
def keys(request: pytest.FixtureRequest) -> KeyMaker:
    """Credentials that are the same in every run of this test and in no other."""
    return KeyMaker(request.node.nodeid)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """An empty repository."""
    return Repo.init(tmp_path / "repo")


@pytest.fixture(scope="session")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """The program with one HOME for the whole session, so that caches are made once."""
    folder = tmp_path_factory.mktemp("user")
    return Cli(folder / "home", folder / "tmp")


@pytest.fixture
def own_cli(tmp_path: Path) -> Cli:
    """The program with a HOME and a TMPDIR that no other test touches."""
    return Cli(tmp_path / "own-home", tmp_path / "own-tmp")
