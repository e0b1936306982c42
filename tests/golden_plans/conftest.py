"""The switch that lets golden plans change: `pytest tests/golden_plans --accept`."""

from contextlib import suppress

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    with suppress(ValueError):  # Run together with the golden reports, which have it too.
        parser.addoption("--accept", action="store_true", help="Write golden plans anew.")


@pytest.fixture
def accept(request: pytest.FixtureRequest) -> bool:
    """Whether to write what differs; never so in a run of all tests."""
    return bool(request.config.getoption("--accept", default=False))
