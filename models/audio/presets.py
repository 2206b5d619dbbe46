"""Sizes of the speech networks, by the name of the bundle's preset."""

from __future__ import annotations

from dataclasses import dataclass

from models.audio.channels import HEAD, MOUTH
from models.audio.flow import FlowConfig


@dataclass(frozen=True)
class SpeechPreset:
    """The flows of mouth and head."""

    mouth: FlowConfig
    head: FlowConfig


SPEECH_PRESETS: dict[str, SpeechPreset] = {
    "small": SpeechPreset(
        mouth=FlowConfig(len(MOUTH), steps=8, hidden=192, condition=128, width=160),
        head=FlowConfig(len(HEAD), steps=6, hidden=96, condition=64, width=64),
    ),
    "debug": SpeechPreset(
        mouth=FlowConfig(len(MOUTH), steps=2, hidden=16, condition=16, width=16),
        head=FlowConfig(len(HEAD), steps=2, hidden=8, condition=8, width=8),
    ),
}
