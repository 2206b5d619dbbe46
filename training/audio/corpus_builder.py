"""Where items of the corpus are made: recordings in disguise, sentences spoken by eSpeak NG, sounds without speech."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from datasets.speech import augment
from datasets.speech.change import crossfaded, head_change, mouth_at_rest, mouth_change, retimed, sway
from datasets.speech.espeak import ACCENTS, LANGUAGES, VARIANTS, Espeak, Utterance
from datasets.speech.flite import VOICES, Flite
from datasets.speech.items import Item
from datasets.speech.recordings import RecordedClip
from datasets.speech.visemes import mouth_motion
from models.audio import FRAME_RATE
from models.audio.channels import MOUTH
from models.audio.features import FRAME, LogMel, padded
from training.audio.sentences import sentence, syllables

HELD_OUT = 24
"""Recordings that only the shard heldout_recorded has: a run is watched on them, and on as many other sentences."""

OTHERS = 6
"""How often a clip of a speaker of whom there are few is used for one of him of whom there are many."""

SYNTHETIC = (0.4, 0.2, 0.4)
"""Fractions of the synthetic sentences: English by eSpeak NG, English by Flite, syllables in other languages."""

SHARD = 100
"""Items of a shard."""

SHORTEST = 80
"""Frames that an item has at least."""

_OVERLAP = 6  # frames over which two clips fade into each other: both are silent there


class CorpusBuilder:
    """Makes items from the recordings of one speaker, and of others beside him.

    Args:
        recordings: of the one; some are held out.
        others: recordings of each other speaker. A clip of theirs is drawn `OTHERS` times as often as one of his.
    """

    def __init__(self, recordings: list[RecordedClip], others: Sequence[list[RecordedClip]] = ()) -> None:
        held = min(HELD_OUT, len(recordings) // 4)
        self._held_out = recordings[:held]
        self._free = recordings[held:] + [clip for speaker in others for clip in speaker * OTHERS]
        self._rest = {
            id(clip): rest for speaker in (recordings, *others) for rest in [mouth_at_rest(speaker)] for clip in speaker
        }
        self._espeak: Espeak | None = None
        self._flite: Flite | None = None

    @property
    def recordings(self) -> int:
        """How many recordings there are, held-out ones and repetitions counted."""
        return len(self._held_out) + len(self._free)

    def shard(self, name: str) -> list[Item]:
        """The items of the shard of that name; its name is its seed."""
        kind, _, number = name.partition("-")
        if kind == "heldout_recorded":
            return [_item(r.sound, self._mouth(r), head_change(r)) for r in self._held_out]
        if kind == "heldout_spoken":
            return [self._spoken(np.random.default_rng([9, i])) for i in range(HELD_OUT)]
        first = int(number) * SHARD
        return [self._made(kind, i) for i in range(first, first + SHARD)]

    def _made(self, kind: str, number: int) -> Item:
        if kind == "recorded":
            return self._recorded(np.random.default_rng([0, number]), number)
        if kind == "spoken":
            return self._spoken(np.random.default_rng([1, number]))
        return self._non_speech(np.random.default_rng([2, number]))

    def _recorded(self, rng: np.random.Generator, number: int) -> Item:
        """Two clips, one after the other; the first round plain, later ones in disguise."""
        plain = number < len(self._free) // 2
        chosen = [self._free[i] for i in (number * 2 % len(self._free), rng.integers(len(self._free)))]
        sounds, motions = [], []
        for recording in chosen:
            speed = 1.0 if plain else rng.uniform(*augment.SPEED)
            sound, speed = augment.at_speed(recording.sound, speed)
            motion = np.concatenate([self._mouth(recording), head_change(recording)], -1)
            frames = len(sound) // FRAME
            sounds.append(sound[: frames * FRAME])
            motions.append(retimed(motion, np.arange(frames, dtype=np.float64) * speed))
        sound, motion = crossfaded(sounds, _OVERLAP * FRAME), crossfaded(motions, _OVERLAP)
        mouth, head = np.split(motion, [len(MOUTH)], 1)
        if not plain:
            sound = augment.disturbed(rng, sound, self._other(rng))
        return _item(sound, mouth, self._livelier(rng, head), 1.0 if plain else rng.uniform(*augment.WARP))

    def _spoken(self, rng: np.random.Generator) -> Item:
        """A sentence with some silence around it."""
        utterance = self._utterance(rng)
        lead = round(rng.uniform(0.1, 0.8) * FRAME_RATE)
        frames = lead + round(len(utterance.sound) / FRAME) + round(rng.uniform(0.2, 0.9) * FRAME_RATE)
        frames = max(frames, SHORTEST)
        sound = np.zeros(frames * FRAME, np.float32)
        speech = utterance.sound[: len(sound) - lead * FRAME]
        sound[lead * FRAME :][: len(speech)] = speech
        mouth = np.zeros((frames, len(MOUTH)), np.float32)
        mouth[lead:] = mouth_motion(utterance.phonemes, frames - lead)
        spoken = (lead, lead + round(utterance.phonemes[-1].start * FRAME_RATE))
        head = self._livelier(rng, self._borrowed_head(rng, spoken, frames))
        heard = augment.disturbed(rng, sound, self._other(rng))
        return _item(heard, mouth, head, rng.uniform(*augment.WARP))

    def _utterance(self, rng: np.random.Generator) -> Utterance:
        """English by eSpeak NG or by a natural voice, or the sounds of another language."""
        kind = rng.choice(("english", "natural", "foreign"), p=SYNTHETIC)
        if kind == "natural":
            self._flite = self._flite or Flite()
            return self._flite.speak(sentence(rng), str(rng.choice(VOICES)), stretch=float(rng.uniform(0.75, 1.2)))
        self._espeak = self._espeak or Espeak()
        text, voices = (syllables(rng), LANGUAGES) if kind == "foreign" else (sentence(rng), ACCENTS)
        return self._espeak.speak(
            text,
            str(rng.choice(voices)) + str(rng.choice(VARIANTS)),
            words_a_minute=int(rng.integers(120, 210)),
            pitch=int(rng.integers(15, 85)),
            pitch_range=int(rng.integers(20, 80)),
        )

    def _non_speech(self, rng: np.random.Generator) -> Item:
        frames = int(rng.integers(SHORTEST, 2 * SHORTEST))
        mouth = np.zeros((frames, len(MOUTH)), np.float32)
        head = self._livelier(rng, 0.5 * self._borrowed_head(rng, (0, frames), frames))
        return _item(augment.non_speech(rng, frames * FRAME), mouth, head)

    def _borrowed_head(self, rng: np.random.Generator, spoken: tuple[int, int], frames: int) -> NDArray[np.float32]:
        """A random clip's head and brows [frames, HEAD], its speech stretched to frames `spoken`."""
        lender = self._free[rng.integers(len(self._free))]
        start, end = (time * FRAME_RATE for time in lender.spoken)
        knots = [0, max(spoken[0], 1), max(spoken[1], spoken[0] + 2), max(frames, spoken[1] + 3)]
        at = np.interp(np.arange(frames), knots, [0, start, max(end, start + 1), len(lender.motion) - 1])
        return retimed(head_change(lender), at)

    def _livelier(self, rng: np.random.Generator, head: NDArray[np.float32]) -> NDArray[np.float32]:
        return head * np.float32(rng.uniform(1, 2)) + sway(rng, len(head))

    def _mouth(self, recording: RecordedClip) -> NDArray[np.float32]:
        return mouth_change(recording, self._rest[id(recording)])

    def _other(self, rng: np.random.Generator) -> NDArray[np.float32]:
        return self._free[rng.integers(len(self._free))].sound


def _item(sound: NDArray[np.float32], mouth: NDArray[np.float32], head: NDArray[np.float32], warp: float = 1.0) -> Item:
    features = LogMel(warp)(padded(torch.from_numpy(sound[: len(mouth) * FRAME])[None]))[0].numpy()
    return Item(features, np.concatenate([mouth, head], -1))
