"""The speaking motion of a sound: two flows, one of the mouth and one of brows and head, and what lives beside them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from models.audio.articulation import articulated
from models.audio.blinks import Blinks
from models.audio.channels import HEAD, MOUTH, scatter
from models.audio.features import BLOCK, LogMel, sample_windows
from models.audio.flow import ConditionalFlow
from models.audio.liveliness import Liveliness
from models.audio.presets import SpeechPreset
from models.audio.rhythm import RhythmTracker
from models.coefficients import ARKIT
from models.errors import ControlError

FILE = "audio.safetensors"
TEMPERATURE = 0.7
"""The default: standard deviation of the noise, 0 for the one most ordinary motion."""

_LIDS = [ARKIT.index[name] for name in ("eyeBlinkLeft", "eyeBlinkRight")]


class SpeechNetwork(nn.Module):
    """p(mouth | sound, mouth before)·p(head | sound, head before): lips answer to the sound at once, a head in its own
    time, so each has a flow, an encoder and a memory of its own."""

    def __init__(self, preset: SpeechPreset) -> None:
        super().__init__()
        self.preset = preset
        self.mouth, self.head = ConditionalFlow(preset.mouth), ConditionalFlow(preset.head)


class SpeechMotion:
    """The loaded flows and their sampler. Holds weights, in `network`, and no request state."""

    def __init__(self, network: SpeechNetwork, device: torch.device) -> None:
        self.network = network.eval().requires_grad_(False).to(device)
        self._features, self._device = LogMel().to(device), device

    def sample(
        self, sound: Iterable[NDArray[np.float32]], *, seed: int, temperature: float = TEMPERATURE
    ) -> Iterator[NDArray[np.float32]]:
        """A motion that goes with a sound, drawn a second at a time as it is read; how it is cut does not matter.

        Args:
            sound: mono samples at 16 kHz in [-1, 1], chunks of any length.
            seed: the same gives the same motion on one device.
            temperature: standard deviation of the noise: 0 for the most ordinary motion, 1 for the learnt variety.

        Yields:
            float32 [n, 59], 25 frames a second, in all ⌈samples / 640⌉: the change of every coefficient from the
            speaker's face at rest. Weights may be negative, rotation is about the head's mean pose.

        Raises:
            ControlError: a temperature that is negative or not a number.
        """
        if not (math.isfinite(temperature) and temperature >= 0):
            raise ControlError(f"the temperature is {temperature}; send 0 or more", field="options.temperature")
        return self._sample(sound, seed, temperature)

    @torch.inference_mode()
    def _encoded(self, samples: NDArray[np.float32]) -> tuple[torch.Tensor, torch.Tensor]:
        features = self._features(torch.from_numpy(samples)[None].to(self._device))
        return self.network.mouth.sound(features), self.network.head.sound(features)

    def _sample(
        self, sound: Iterable[NDArray[np.float32]], seed: int, temperature: float
    ) -> Iterator[NDArray[np.float32]]:
        yield from articulated(self._blocks(sound, seed, temperature))

    def _blocks(
        self, sound: Iterable[NDArray[np.float32]], seed: int, temperature: float
    ) -> Iterator[NDArray[np.float32]]:
        """The motion a second at a time, lips as the flow draws them."""
        generator = torch.Generator().manual_seed(seed)
        flows = (self.network.mouth, self.network.head)
        samplers, blinks = [flow.sampler() for flow in flows], Blinks(seed)
        tracker, life = RhythmTracker(), Liveliness(seed, min(temperature / TEMPERATURE, 1))
        config = self.network.preset.mouth
        heard = (np.clip(np.nan_to_num(chunk), -1, 1) for chunk in sound)
        for samples, frames in sample_windows(heard, config.past, config.future):
            parts = []
            for sampler, encoded, flow in zip(samplers, self._encoded(samples), flows, strict=True):
                noise = torch.randn(1, BLOCK, flow.config.channels, generator=generator) * temperature
                parts.append(sampler(noise.to(self._device), encoded)[0].cpu().numpy())
            rhythm = tracker.hear(samples, config.past)
            mouth = parts[0] * rhythm.speech[:, None]  # whatever a noise may make of it, who is silent is at rest
            motion = life.add(scatter(mouth, MOUTH) + scatter(parts[1], HEAD), rhythm)
            motion[:, _LIDS] = blinks.take(rhythm.pause)[:, None]
            yield motion[:frames]
