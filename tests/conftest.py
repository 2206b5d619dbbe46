"""The two public-domain portraits that tests may show: Eileen Collins (NASA) and Grace Hopper (US Navy)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from models.runtime import prepare_libraries

prepare_libraries()  # before any test loads one of them by itself

if TYPE_CHECKING:
    import numpy as np

# Synthetic faces, pictures and recordings that tests of several rooms share.
pytest_plugins = [
    "tests.drawn_faces",
    "tests.fitted_faces",
    "tests.synthetic_head",
    "tests.synthetic_head_batch",
    "tests.tone_recordings",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """How long, and with what luck, the tests of `faults`, `fuzz` and `saturation` go on."""
    parser.addoption("--rounds", type=int, default=20, help="rounds of faults")
    parser.addoption("--mutants", type=float, default=0.01, help="fraction of all broken files that is sent")
    parser.addoption("--minutes", type=float, default=0.2, help="for which the service is kept full")
    parser.addoption("--fault-seed", type=int, default=1, help="what the faults are drawn from")


@pytest.fixture(scope="session")
def fault_seed(request: pytest.FixtureRequest) -> int:
    """What faults are drawn from."""
    return int(request.config.getoption("--fault-seed"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start real processes last: what is wrong in a function should be found by the fast test of it."""
    items.sort(key=lambda item: "e2e" in item.path.parts)


@pytest.fixture(scope="session")
def astronaut() -> np.ndarray:
    """Eileen Collins (NASA), [512, 512, 3] uint8 RGB, read-only."""
    from skimage import data

    picture: np.ndarray = data.astronaut()
    picture.setflags(write=False)
    return picture


@pytest.fixture(scope="session")
def hopper_jpeg() -> Path:
    """Grace Hopper (US Navy): the JPEG file of matplotlib's sample data, 512 × 600."""
    import matplotlib

    return Path(matplotlib.get_data_path(), "sample_data", "grace_hopper.jpg")


@pytest.fixture(scope="session")
def hopper(hopper_jpeg: Path) -> np.ndarray:
    """Grace Hopper, [600, 512, 3] uint8 RGB, read-only."""
    import numpy as np
    from PIL import Image

    with Image.open(hopper_jpeg) as image:
        picture = np.array(image.convert("RGB"))
    picture.setflags(write=False)
    return picture


@pytest.fixture(scope="session")
def astronaut_png(astronaut: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eileen Collins as a lossless file, for tests that compare pixels."""
    from PIL import Image

    path = tmp_path_factory.mktemp("portraits") / "astronaut.png"
    Image.fromarray(astronaut).save(path)
    return path
