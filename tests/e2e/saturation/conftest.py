"""How long the service is kept full: seconds in `make test`, a quarter of an hour in `make saturate`."""

from __future__ import annotations

import pytest


@pytest.fixture
def minutes(request: pytest.FixtureRequest) -> float:
    """For how long."""
    return float(request.config.getoption("--minutes"))
