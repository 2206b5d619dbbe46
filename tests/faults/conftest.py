"""How many rounds of faults there are: few in `make test`, as many as `--rounds` says in `make soak`."""

from __future__ import annotations

import pytest


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> int:
    """Rounds of faults."""
    return int(request.config.getoption("--rounds"))
