"""Fixtures of the tests that ask something on loopback."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fake_iam import FakeIam
from tests.support.moto_server import Moto, moto_running


@pytest.fixture(scope="session")
def moto_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moto]:
    """One server for all tests of a process."""
    with moto_running(tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.fixture
def moto(moto_process: Moto) -> Moto:
    """Moto's server with nothing in it."""
    moto_process.reset()
    return moto_process


@pytest.fixture
def iam() -> Iterator[FakeIam]:
    """An IAM that answers in AWS's XML, with one user and one role."""
    with FakeIam() as server:
        yield server


@pytest.fixture
def aws_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the responder's `config` and `credentials`, and no other AWS settings."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "aws"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "credentials"))
    return folder
