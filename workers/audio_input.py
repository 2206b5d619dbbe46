"""Audio input: from the audio file of a request to samples, as the speech model and the result take them."""

import math
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from workers.attempt import Attempt
from workers.contract.errors import AudioRateError, AudioTooLongError, NoAudioError
from workers.contract.settings import Settings
from workers.contract.sources import SourceRegistry
from workers.error_context import error_context
from workers.media.audio_file import AudioInfo
from workers.media.frame_count import check_frame_count
from workers.media.isolate import Decoder

SPEECH_RATE = 16_000
"""Samples a second that the speech model takes; `models.audio` says the same, and loads torch."""


@dataclass(frozen=True)
class AudioFile:
    """An audio file in the job's folder, and what is in it."""

    path: Path
    info: AudioInfo


class AudioInput:
    """Reads the audio files of requests with a decoder."""

    def __init__(self, sources: SourceRegistry, decoder: Decoder, settings: Settings) -> None:
        self._sources, self._decoder, self._settings = sources, decoder, settings

    def fetch(self, attempt: Attempt, source_id: str, path: Path, fps: float) -> AudioFile:
        """Fetch an audio file, or a video with sound, into a file and check it against the limits.

        Args:
            fps: frames a second of the clip that is to be made of it.

        Raises:
            AudioTooLongError, AudioRateError, TooManyFramesError: before any work is done.
            AudioError, NoAudioError, DamagedMediaError: no sound in it.
        """
        attempt.stage("decode")
        with error_context("audio"), attempt.timed("decode_s"):
            self._sources.fetch(attempt.owner, source_id, path, attempt.check)
            info = self._decoder.probe_audio(path)
            self._check(info)
            check_frame_count(self._settings.max_frames, math.ceil(info.seconds * fps))
        return AudioFile(path, info)

    def speech(self, attempt: Attempt, audio: AudioFile, *, during: str) -> Generator[NDArray[np.float32], None, None]:
        """The input of the speech model: float32 [samples] in [-1, 1] at `SPEECH_RATE`, a stretch at a time.

        Args:
            during: the metric of the stage that takes them; waiting for them does not count for it.
        """
        seconds, silent = max(audio.info.seconds, 1 / SPEECH_RATE), True
        stretches = self._decoder.audio(audio.path, seconds, rate=SPEECH_RATE, mono=True)
        with closing(cast("Generator[NDArray[np.int16], None, None]", stretches)):
            while True:
                with error_context("audio"), attempt.paused(during), attempt.timed("decode_s"):
                    samples = next(stretches, None)
                    if samples is None and silent:
                        raise NoAudioError("Not one sample of the sound can be decoded; export it again.")
                if samples is None:
                    return
                silent = False
                yield samples[:, 0].astype(np.float32) / np.float32(2**15)

    def clip_sound(self, audio: AudioFile, seconds: float) -> Iterator[NDArray[np.int16]]:
        """The same sound from the same moment on, as a clip takes it: its own channels, at `media.sound.RATE`."""
        with error_context("audio"):
            yield from self._decoder.audio(audio.path, seconds)

    def _check(self, info: AudioInfo) -> None:
        settings = self._settings
        if info.seconds > settings.max_audio_seconds:
            raise AudioTooLongError(
                f"The sound lasts {info.seconds:.1f} s; cut it to at most {settings.max_audio_seconds:g} s."
            )
        if not settings.min_audio_rate <= info.rate <= settings.max_audio_rate:
            raise AudioRateError(
                f"The sound has {info.rate} samples a second; resample it to {settings.min_audio_rate} to "
                f"{settings.max_audio_rate}."
            )
