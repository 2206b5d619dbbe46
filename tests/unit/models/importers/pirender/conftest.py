from __future__ import annotations

from pathlib import Path

import pytest

from models.bundle import Bundle
from models.importers.pirender.convert import import_pirender
from models.importers.pirender.resnet import ResNetConfig
from tests import published

SMALL = ResNetConfig(width=4, blocks=(1, 1, 1, 1))


@pytest.fixture(scope="session")
def renderer() -> published.State:
    """Random weights of the official layout, hardly any channels."""
    return published.renderer_state(published.TINY)


@pytest.fixture(scope="session")
def resnet() -> published.State:
    """Random weights of a narrow, shallow ResNet of the official layout."""
    return published.resnet_state(SMALL.width, SMALL.blocks)


@pytest.fixture
def files(tmp_path: Path, renderer: published.State, resnet: published.State) -> dict[str, Path]:
    """The authors' three files."""
    return published.write_files(tmp_path, renderer, resnet)


@pytest.fixture(scope="session")
def imported(tmp_path_factory: pytest.TempPathFactory, renderer: published.State, resnet: published.State) -> Bundle:
    """A bundle made of such files."""
    folder = tmp_path_factory.mktemp("official")
    paths = published.write_files(folder, renderer, resnet)
    return import_pirender(**paths, out=folder / "bundle", preset="paper-debug", network=SMALL)
