"""Speech to motion: log-mel features, the conditional normalizing flows, their sampler, and its motion on a face."""

from __future__ import annotations

from models.audio.ends import eased
from models.audio.features import FRAME_RATE, SAMPLE_RATE
from models.audio.gains import MotionGains
from models.audio.speaking import at_rate, frame_count, speaking
from models.audio.speech import FILE, TEMPERATURE, SpeechMotion, SpeechNetwork
from models.audio.styles import STYLES

__all__ = [
    "FILE",
    "FRAME_RATE",
    "SAMPLE_RATE",
    "STYLES",
    "TEMPERATURE",
    "MotionGains",
    "SpeechMotion",
    "SpeechNetwork",
    "at_rate",
    "eased",
    "frame_count",
    "speaking",
]
