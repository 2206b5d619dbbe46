"""Folders of videos of one person -> `clips/`: short clips and words.csv, as `datasets.clips` reads them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from datasets.clips import WORDS, WORDS_COLUMN
from models.errors import TrainingDataError, VideoError
from models.extractor.extractor import Extractor
from models.extractor.tracker import FaceTracker
from models.video import probe, read_frames
from training.data.clip_file import sound_of, write_clip
from training.data.origins import Input, split_people
from training.data.parts import Parts, digest
from training.pirender.segments import Limits, segments

ENDINGS = ("mp4", "mov", "m4v", "webm", "mkv", "avi", "mpg", "mpeg", "ts")
COLUMNS = ("file", WORDS_COLUMN, "split", "source", "licence", "original")


@dataclass(frozen=True)
class ClipLimits:
    """Seconds of a clip, least and most, and the least side of its square in pixels of the video."""

    least_seconds: float = 1.0
    most_seconds: float = 4.0
    least_side: int = 128


def make_clips(
    data: Path,
    found: Sequence[Input],
    extractor: Extractor,
    limits: ClipLimits,
    fraction: float,
    watch: Callable[[Iterable[Input]], Iterable[Input]],
) -> tuple[int, dict[str, list[str]]]:
    """Cut videos into DATA/clips. The same call goes on where it was stopped. Returns how many clips there are, and the
    files that were left out by reason.

    Args:
        fraction: of the videos whose clips are held out.

    Raises:
        TrainingDataError: the videos show several people, or the folder was begun with other limits.
    """
    if len(people := {one.identity for one in found}) > 1:
        raise TrainingDataError(
            f"the videos show {len(people)} people; clips are fitted with one identity for all: give one person's"
        )
    folder = data / "clips"
    parts = Parts(folder / ".parts", vars(limits))
    left_out: dict[str, list[str]] = {}
    rows: list[dict[str, Any]] = []
    for one in watch(found):
        key = digest(one.path)
        if any(row["key"] == key for row in rows):
            left_out.setdefault("duplicate", []).append(one.name)
            continue
        if not parts.done(key):
            _cut(parts, key, one, folder, extractor, limits)
        if reason := parts.reason(key):
            left_out.setdefault(reason, []).append(one.name)
            continue
        facts = {"source": one.source, "licence": one.licence, "original": one.name, "key": key}
        clips = parts.kept(key)[0]["clips"]
        rows += [{"file": file, WORDS_COLUMN: words, **facts} for file, words in clips.items()]
    split = split_people((row["key"] for row in rows), fraction, {})
    if rows:
        _write_table(folder, [{**row, "split": split[row["key"]]} for row in rows])
    return len(rows), left_out


def _cut(parts: Parts, key: str, one: Input, folder: Path, extractor: Extractor, limits: ClipLimits) -> None:
    clips: dict[str, str] = {}
    try:
        fps = probe(one.path).fps
        least, most = (round(seconds * fps) for seconds in (limits.least_seconds, limits.most_seconds))
        tracked = FaceTracker(extractor).track(read_frames(one.path))
        chosen = segments(tracked, Limits(least, most, limits.least_side))
        sound = sound_of(one.path) if chosen else np.zeros(0, np.float32)
        for segment in chosen:
            name = f"{key}-{segment.first:06d}.mp4"
            clips[name] = write_clip(one.path, segment, sound, folder / name)
    except VideoError:
        parts.skip(key, one.name, "not a video that can be read")
        return
    if clips:
        parts.keep(key, {"clips": clips}, {})
    else:
        parts.skip(key, one.name, "no face that stays long and large enough")


def _write_table(folder: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    partial = folder / f".{WORDS}"
    with partial.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
        table.writeheader()
        table.writerows(rows)
    partial.rename(folder / WORDS)
