"""How much is sent: little in `make test`, all of it in `make fuzz`."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def mutants(request: pytest.FixtureRequest) -> float:
    """Which fraction of all broken files is sent."""
    return float(request.config.getoption("--mutants"))
