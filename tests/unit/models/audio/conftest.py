"""A small speech network whose every weight matters: as trained ones do, unlike fresh ones, which start at identity."""

from __future__ import annotations

import pytest
import torch

from models.audio import SpeechMotion, SpeechNetwork
from models.audio.presets import SPEECH_PRESETS


@pytest.fixture(scope="session")
def network() -> SpeechNetwork:
    torch.manual_seed(3)
    network = SpeechNetwork(SPEECH_PRESETS["debug"])
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if "head.weight" in name or "norm" in name:
                parameter.normal_(0, 0.2)
        for flow in (network.mouth, network.head):
            flow.mean.normal_(0, 0.1)
            flow.deviation.uniform_(0.05, 0.1)
    return network.eval()


@pytest.fixture(scope="session")
def speech(network: SpeechNetwork) -> SpeechMotion:
    return SpeechMotion(network, torch.device("cpu"))
