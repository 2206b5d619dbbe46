from __future__ import annotations

from pathlib import Path

import pytest

from models.bundle import Bundle
from models.importers.pirender.convert import import_pirender
from models.importers.pirender.resnet import ResNetConfig
from tests import pirender_reference

SMALL = ResNetConfig(width=4, blocks=(1, 1, 1, 1))


@pytest.fixture(scope="session")
def renderer() -> pirender_reference.State:
    """Random weights of the official layout, hardly any channels."""
    return pirender_reference.renderer_state(pirender_reference.TINY)


@pytest.fixture(scope="session")
def resnet() -> pirender_reference.State:
    """Random weights of a narrow, shallow ResNet of the official layout."""
    return pirender_reference.resnet_state(SMALL.width, SMALL.blocks)


@pytest.fixture
def files(tmp_path: Path, renderer: pirender_reference.State, resnet: pirender_reference.State) -> dict[str, Path]:
    """The authors' three files."""
    return pirender_reference.write_files(tmp_path, renderer, resnet)


@pytest.fixture(scope="session")
def imported(
    tmp_path_factory: pytest.TempPathFactory, renderer: pirender_reference.State, resnet: pirender_reference.State
) -> Bundle:
    """A bundle made of such files."""
    folder = tmp_path_factory.mktemp("official")
    paths = pirender_reference.write_files(folder, renderer, resnet)
    return import_pirender(**paths, out=folder / "bundle", preset="paper-debug", network=SMALL)
