"""Contact sheets: one row a photo, one column an edit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from evaluation.edits import PhotoResult

_CELL, _CAPTION, _ROWS = 192, 16, 10


def write_sheets(photos: Sequence[PhotoResult], out: Path) -> list[Path]:
    """Write OUT/edits_NN.png, ten photos each, every picture under its edit's name and measured value."""
    out.mkdir(parents=True, exist_ok=True)
    paths = []
    for page, start in enumerate(range(0, len(photos), _ROWS)):
        rows = [_row(photo) for photo in photos[start : start + _ROWS]]
        paths.append(out / f"edits_{page:02d}.png")
        Image.fromarray(np.concatenate(rows)).save(paths[-1])
    return paths


def _row(photo: PhotoResult) -> np.ndarray:
    captions = {"source": f"photo {photo.number}", "zero edit": f"zero edit {photo.zero_edit_psnr:.1f} dB"}
    for name, outcome in photo.outcomes.items():
        captions[name] = f"{name}: no face" if outcome.judged is None else f"{name}: {outcome.judged:.2f}"
    return np.concatenate([_cell(picture, captions[name]) for name, picture in photo.pictures.items()], 1)


def _cell(picture: np.ndarray, caption: str) -> np.ndarray:
    cell = Image.new("RGB", (_CELL, _CELL + _CAPTION), "white")
    cell.paste(Image.fromarray(picture).resize((_CELL, _CELL), Image.Resampling.BICUBIC), (0, _CAPTION))
    ImageDraw.Draw(cell).text((2, 2), caption, fill="black")
    return np.asarray(cell)
