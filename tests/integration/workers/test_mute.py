"""A worker whose bundle has no speech model."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.integration.workers.test_talk import sound
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
