"""The switch that lets golden reports change: `pytest tests/golden --accept`."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--accept", action="store_true", help="Write golden reports anew.")


@pytest.fixture
def accept(request: pytest.FixtureRequest) -> bool:
    """Whether to write what differs; never so in a run of all tests."""
    return bool(request.config.getoption("--accept", default=False))
