"""Speakers of whom there are a few clips each: of some speech is learnt too, the others say how it does on strangers.

The folder is DATA/grid_more: clips whose names begin with the speaker's and an underscore. Every frame is fitted as
`recordings` does, with one identity a speaker.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datasets.labeller import Labeller, opened_labeller
from datasets.speech.recordings import Interval, RecordedClip, fit_of_pictures, record_clip
from models.audio import FRAME_RATE, SAMPLE_RATE
from models.audio.features import sample_windows
from models.audio.rhythm import RhythmTracker
from models.face3d.arrays import read_arrays
from models.face3d.landmark_mesh import LandmarkMesh
from models.video import read_frames

logger = logging.getLogger(__name__)

FOLDER = "grid_more"
"""Of the training data folder; there may be none."""

OTHERS = "others"
"""Of the folder of recordings: where these speakers are."""

STRANGERS = ("s31", "xb", "xd")
"""Speakers of that folder who are never trained on: a woman with ten clips, two people with one each."""

_IDENTITY_EVERY = 6  # frames of a clip from one to the next that the identity is found from
_AROUND = (5, 10)  # frames that the tracker is given before and after a block


def read_speakers(data: Path, out: Path, labeller: Labeller = "mediapipe") -> None:
    """Fit every frame of all clips of DATA/grid_more into OUT/SPEAKER/NAME.npz. Clips that exist are kept.

    Raises TrainingDataError: the teacher or the 3DMM is missing.
    """
    clips = sorted((data / FOLDER).glob("*_*.*"))
    with opened_labeller(labeller, data) as teacher:
        mesh = LandmarkMesh.load(data)
        for speaker in sorted({_speaker(clip) for clip in clips}):
            own, folder = [clip for clip in clips if _speaker(clip) == speaker], out / speaker
            missing = [clip for clip in own if not (folder / f"{clip.stem}.npz").is_file()]
            if missing:
                folder.mkdir(parents=True, exist_ok=True)
                fit = fit_of_pictures(mesh, _pictures(own), teacher)
                for clip in missing:
                    record_clip(clip, folder, teacher, fit)
                logger.info("%s: %d clips", speaker, len(own))


def load_speakers(folder: Path) -> dict[str, list[RecordedClip]]:
    """What `read_speakers` wrote, by speaker; empty without any."""
    speakers: dict[str, list[RecordedClip]] = {}
    for path in sorted(folder.glob("*/[!.]*.npz")):
        file = read_arrays(path, ("motion", "sound"), "`python -m training.audio record`")
        sound = file["sound"].astype(np.float32) / np.float32(32768)
        if len(file["motion"]):
            clip = RecordedClip(path.stem, file["motion"], sound, spoken_interval(sound))
            speakers.setdefault(path.parent.name, []).append(clip)
    return speakers


def spoken_interval(sound: NDArray[np.float32]) -> Interval:
    """Seconds from the first to the last frame in which somebody speaks; of a sound without words all of it."""
    tracker, speech = RhythmTracker(), []
    for samples, frames in sample_windows([sound], *_AROUND):
        speech.append(tracker.hear(samples, _AROUND[0]).speech[:frames])
    (spoken,) = np.nonzero(np.concatenate(speech) > 0.5)
    if not len(spoken):
        return 0.0, len(sound) / SAMPLE_RATE
    return float(spoken[0] / FRAME_RATE), float((spoken[-1] + 1) / FRAME_RATE)


def _speaker(clip: Path) -> str:
    return clip.stem.partition("_")[0]


def _pictures(clips: list[Path]) -> Iterator[NDArray[np.uint8]]:
    """Frames of all clips, few of each where there are many."""
    for clip in clips:
        for number, (_, picture) in enumerate(read_frames(clip)):
            if number % (_IDENTITY_EVERY * len(clips)) == 0:
                yield picture
