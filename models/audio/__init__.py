"""Speech to motion: log-mel features, the conditional normalizing flows, their sampler, and its motion on a face."""

from __future__ import annotations

from models.audio.features import FRAME_RATE, SAMPLE_RATE
from models.audio.speaking import MotionGains, at_rate, speaking
from models.audio.speech import FILE, TEMPERATURE, SpeechMotion, SpeechNetwork

__all__ = [
    "FILE",
    "FRAME_RATE",
    "SAMPLE_RATE",
    "TEMPERATURE",
    "MotionGains",
    "SpeechMotion",
    "SpeechNetwork",
    "at_rate",
    "speaking",
]
