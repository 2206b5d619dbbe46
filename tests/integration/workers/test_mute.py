"""A worker whose bundle has neither speech model nor face model."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.integration.workers.test_talk import sound
from workers.contract.kinds.extract import ExtractRequest
from workers.contract.presence import WorkerState

if TYPE_CHECKING:
    from tests.integration.workers.conftest import Service

pytestmark = pytest.mark.integration


def test_what_cannot_speak_says_so(
    service: Service, photo: str, start_worker: Callable[..., subprocess.Popen[bytes]]
) -> None:
    assert service.presence.speaks() is None
    start_worker(STANDIN_MUTE="1")
    service.wait_for_worker(WorkerState.READY)
    assert service.presence.speaks() is False
    error = service.talk(photo, sound(np.zeros((1600, 1)))).job.error
    assert error is not None
    assert (error.status, error.code) == (501, "no_speech_model")


def test_what_has_no_face_model_gives_numbers_and_no_mesh(
    service: Service, photo: str, start_worker: Callable[..., subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    start_worker(STANDIN_MUTE="1")
    service.wait_for_worker(WorkerState.READY)
    error = service.finish(service.start(ExtractRequest, photo, format="obj")).job.error
    assert error is not None
    assert (error.status, error.code) == (501, "no_face_model")
    numbers = service.finish(service.start(ExtractRequest, photo, format="npz"))
    with np.load(service.result(numbers, tmp_path)) as arrays:
        assert "coefficients" in arrays
        assert "vertices" not in arrays
