"""Clips of people who were in no training: how a renderer does on faces, lights and cameras that it does not know."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from datasets.speech.speakers import FOLDER, STRANGERS


def stranger_clips(data: Path) -> list[Path]:
    """All clips of DATA/grid_more whose speaker is one of `STRANGERS`, by name; empty without that folder."""
    return sorted(clip for clip in (data / FOLDER).glob("*_*.*") if _speaker(clip) in STRANGERS)


def across(clips: Sequence[Path]) -> dict[str, Path]:
    """For each clip by name, the first clip of the next speaker, whose face it is to drive; empty for one speaker."""
    first = {_speaker(clip): clip for clip in reversed(clips)}
    speakers = sorted(first)
    after = dict(zip(speakers, speakers[1:] + speakers[:1], strict=True))
    others = {clip.name: first[after[_speaker(clip)]] for clip in clips}
    return {name: other for name, other in others.items() if len(speakers) > 1}


def _speaker(clip: Path) -> str:
    return clip.name.partition("_")[0]
