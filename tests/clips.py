"""Synthetic videos, written with PyAV alone so that tests do not measure the project's writer with itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

TICK = Fraction(1, 90_000)


def write_clip(
    path: Path,
    frames: Iterable[np.ndarray],
    times: Sequence[float],
    *,
    sounds: Sequence[np.ndarray] = (),
    rate: int = 44_100,
    codec: str = "libx264",
    sound_codec: str = "aac",
    sound_start: float = 0.0,
) -> Path:
    """A video of uint8 [H, W, 3] frames at the given times, seconds.

    Args:
        sounds: float [samples, channels] in [-1, 1], one audio track each, beginning at `sound_start`.
    """
    with av.open(str(path), "w") as container:
        mean = Fraction(len(times) - 1) / Fraction(times[-1] - times[0]) if len(times) > 1 else Fraction(25)
        video = container.add_stream(codec, rate=mean.limit_denominator(1001))
        tracks = [container.add_stream(sound_codec, rate=rate) for _ in sounds]
        for sound, track in zip(sounds, tracks, strict=True):
            track.codec_context.layout = "mono" if sound.shape[1] == 1 else "stereo"
        for index, (time, pixels) in enumerate(zip(times, frames, strict=True)):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            if index == 0:
                video.width, video.height, video.pix_fmt = frame.width, frame.height, "yuv420p"
                video.codec_context.time_base = TICK
            frame = frame.reformat(format="yuv420p")
            frame.pts, frame.time_base = round(time / TICK), TICK
            container.mux(video.encode(frame))
        for sound, track in zip(sounds, tracks, strict=True):
            layout = track.codec_context.layout.name
            samples = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(sound.T.astype(np.float32)), format="fltp", layout=layout
            )
            samples.sample_rate, samples.pts, samples.time_base = rate, round(sound_start * rate), Fraction(1, rate)
            container.mux(track.encode(samples))
            container.mux(track.encode(None))
        container.mux(video.encode(None))
    return path


def shown(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Times [T] and mean brightness [T] of a clip's frames."""
    with av.open(str(path)) as container:
        seen = [(frame.time, frame.to_ndarray(format="gray").mean()) for frame in container.decode(video=0)]
    times, light = np.array(seen, float).T
    return times, light


def heard(path: Path, rate: int = 48_000) -> tuple[np.ndarray, np.ndarray]:
    """Times [S] and loudness [S] (of the loudest channel) of a clip's first audio track."""
    resampler = av.AudioResampler(format="flt", layout="stereo", rate=rate)
    times, samples = [], []
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            for part in resampler.resample(frame):
                values = part.to_ndarray().reshape(-1, 2)
                times.append(float(part.pts * part.time_base) + np.arange(len(values)) / rate)
                samples.append(np.abs(values).max(1))
    return np.concatenate(times), np.concatenate(samples)


def onset(times: np.ndarray, levels: np.ndarray) -> float:
    """When a signal first rises over the middle between its least and its largest value."""
    return float(times[np.argmax(levels > (levels.min() + levels.max()) / 2)])


def beep(seconds: float, at: float, rate: int = 44_100, channels: int = 1) -> np.ndarray:
    """Silence with 0.1 s of a 1 kHz tone, float [samples, channels]."""
    time = np.arange(round(seconds * rate)) / rate
    tone = 0.8 * np.sin(2 * np.pi * 1000 * time) * ((time >= at) & (time < at + 0.1))
    return np.repeat(tone[:, None], channels, 1)
