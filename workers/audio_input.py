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
from workers.contract.kinds.talk import Pad
from workers.contract.settings import Settings
from workers.contract.sources import Sources
from workers.error_context import error_context
from workers.media.audio_file import AudioInfo
from workers.media.clip import sound_rate
from workers.media.frame_count import check_frame_count
from workers.media.isolate import Decoder
from workers.media.sound import Sound

SPEECH_RATE = 16_000
"""Samples a second that the speech model takes; `models.audio` says the same, and loads torch."""


@dataclass(frozen=True)
class Speech:
    """What is spoken in a clip: an audio file in the job's folder with silence around it, or silence alone.

    Attributes:
        path: the file; None for silence.
        info: what is in the file, or how long the silence is.
        before, after: seconds of silence around the file.
    """

    path: Path | None
    info: AudioInfo
    before: float = 0
    after: float = 0

    @classmethod
    def silence(cls, seconds: float) -> "Speech":
        """No word for so many seconds."""
        return cls(None, AudioInfo(seconds, SPEECH_RATE, 1))

    @property
    def seconds(self) -> float:
        """Of the clip."""
        return self.before + self.info.seconds + self.after


class AudioInput:
    """Reads the audio files of requests with a decoder."""

    def __init__(self, sources: Sources, decoder: Decoder, settings: Settings) -> None:
        self._sources, self._decoder, self._settings = sources, decoder, settings

    def fetch(self, attempt: Attempt, source_id: str, path: Path, fps: float, pad: Pad) -> Speech:
        """Fetch an audio file, or a video with sound, into a file and check it against the limits.

        Args:
            fps: frames a second of the clip that is to be made of it.
            pad: the silence around it.

        Raises:
            AudioTooLongError, AudioRateError, TooManyFramesError: before any work is done.
            AudioError, NoAudioError, DamagedMediaError: no sound in it.
        """
        attempt.stage("decode")
        with error_context("audio"), attempt.timed("decode_s"):
            self._sources.fetch(attempt.owner, source_id, path, attempt.check)
            info = self._decoder.probe_audio(path)
            self._check(info)
            speech = Speech(path, info, pad.before, pad.after)
            check_frame_count(self._settings.max_frames, math.ceil(speech.seconds * fps))
        return speech

    def samples(self, attempt: Attempt, speech: Speech) -> Iterator[NDArray[np.float32]]:
        """The input of the speech model: float32 [samples] in [-1, 1] at `SPEECH_RATE`, a stretch at a time."""
        for stretch in _padded(self._decoded(attempt, speech), speech, SPEECH_RATE):
            yield stretch[:, 0].astype(np.float32) / np.float32(2**15)

    def _decoded(self, attempt: Attempt, speech: Speech) -> Iterator[NDArray[np.int16]]:
        if speech.path is None:
            return
        seconds, silent = max(speech.info.seconds, 1 / SPEECH_RATE), True
        stretches = self._decoder.audio(speech.path, seconds, rate=SPEECH_RATE, mono=True)
        with closing(cast("Generator[NDArray[np.int16], None, None]", stretches)):
            while True:
                with error_context("audio"), attempt.timed("decode_s"):
                    samples = next(stretches, None)
                    if samples is None and silent:
                        raise NoAudioError("Not one sample of the sound can be decoded; export it again.")
                if samples is None:
                    return
                silent = False
                yield samples

    def clip_sound(self, speech: Speech, seconds: float, format: str) -> Sound | None:  # noqa: A002
        """The same sound from the same moment on, as a clip of that format takes it: its own rate and channels, if it
        can. None for silence: the clip has no sound then."""
        if speech.path is None:
            return None
        rate = sound_rate(format, speech.info.rate)
        return Sound(rate, self._clip_stretches(speech.path, speech, seconds, rate))

    def _clip_stretches(self, path: Path, speech: Speech, seconds: float, rate: int) -> Iterator[NDArray[np.int16]]:
        with error_context("audio"):
            heard = self._decoder.audio(path, seconds - speech.before - speech.after, rate=rate)
            yield from _padded(heard, speech, rate)

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


def _padded(stretches: Iterator[NDArray[np.int16]], speech: Speech, rate: int) -> Iterator[NDArray[np.int16]]:
    """Stretches [samples, channels] with the silence around them, or the silence alone."""
    before, alone = round(speech.before * rate), round(speech.info.seconds * rate) if speech.path is None else 0
    first = next(stretches, None)
    channels = 1 if first is None else first.shape[1]
    yield from _silence(before + alone, channels, rate)
    if first is not None:
        yield first
    yield from stretches
    yield from _silence(round(speech.after * rate), channels, rate)


def _silence(samples: int, channels: int, rate: int) -> Iterator[NDArray[np.int16]]:
    """A second at a time."""
    for start in range(0, samples, rate):
        yield np.zeros((min(rate, samples - start), channels), np.int16)
