"""What every test of a hook has at hand: a repository with a remote and a base that is pushed."""

from pathlib import Path

import pytest

from tests.support.cli import Cli
from tests.support.hooks import Recorder, Work


@pytest.fixture
def made(request: pytest.FixtureRequest) -> Recorder:
    """Credentials of this test alone, which no output may show."""
    return Recorder(request.node.nodeid)


@pytest.fixture
def work(tmp_path: Path, cli: Cli, made: Recorder) -> Work:
    """A repository whose branch main is pushed, with the hook pre-push."""
    work = Work(tmp_path, cli, made)
    work.base()
    return work


@pytest.fixture
def served(tmp_path: Path, cli: Cli, made: Recorder) -> Work:
    """A repository without hooks, whose remote has the hook pre-receive and a base."""
    work = Work(tmp_path, cli, made, hooks=())
    work.base()
    work.hook("pre-receive", work.remote)
    return work
