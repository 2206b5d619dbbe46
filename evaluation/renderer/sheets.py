"""Contact sheets: rows of labelled pictures, for the eye."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from datasets.portraits import Portraits
from evaluation.renderer.bench import RendererBench, cut
from evaluation.renderer.comparison import Comparison
from evaluation.renderer.edit import draw_edit
from evaluation.renderer.geometry import Geometry
from models.errors import NoFaceError

EDITS = 5
"""Random edits on a sheet."""

_CELL, _LINE, _LINES, _CHARACTERS, _ROWS = 256, 12, 3, 42, 9
Pixels = NDArray[np.uint8]


def edit_sheets(
    bench: RendererBench,
    geometry: Geometry,
    portraits: Portraits,
    numbers: NDArray[np.int64],
    sheets: Iterable[int],
    seed: int,
) -> Iterator[tuple[int, Pixels]]:
    """One sheet of random edits of a random person each; the same seed and number make the same sheet.

    One row for each method, one with the known-flow targets of the same edits; photos without a face are left out.
    """
    for sheet in sheets:
        rng = np.random.default_rng((seed, sheet))
        photo = int(rng.choice(numbers))
        picture = portraits.picture(photo)
        try:
            square = bench.square(picture)
        except NoFaceError:
            continue
        crop = cut(square, picture)
        own, fit = bench.coefficients(crop), geometry.own(photo, square)
        edits = [draw_edit(bench.space, rng) for _ in range(EDITS)]
        motion = np.stack([edit.apply(bench.space, own) for edit in edits])
        made = {method: list(bench.render(crop, own, motion, method)) for method in bench.renderers}
        known = [geometry.retarget(photo, crop, fit, edit.apply(bench.space, fit)).picture for edit in edits]
        source = (f"photo {photo}", crop)
        rows = [
            [source, *((f"{name}: {edit.label}", one) for edit, one in zip(edits, pictures, strict=True))]
            for name, pictures in {**made, "known flow": known}.items()
        ]
        yield sheet, contact_sheet(rows)


def write_sheet(out: Path, name: str, pixels: Pixels) -> Path:
    """Write OUT/NAME.png."""
    out.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(out / f"{name}.png")
    return out / f"{name}.png"


def comparison_sheets(comparisons: Sequence[Comparison]) -> Iterator[Pixels]:
    """Nine comparisons a sheet, one a row: the target and every method's picture."""
    for start in range(0, len(comparisons), _ROWS):
        yield contact_sheet([_captioned(one.name, one.pictures) for one in comparisons[start : start + _ROWS]])


def contact_sheet(rows: Sequence[Sequence[tuple[str, Pixels]]]) -> Pixels:
    """Rows of captions and pictures [H, W, 3], as many in each; every caption above its picture, which becomes 256²."""
    return np.concatenate([np.concatenate([_cell(caption, picture) for caption, picture in row], 1) for row in rows])


def _captioned(name: str, pictures: Mapping[str, Pixels]) -> list[tuple[str, Pixels]]:
    return [(f"{name}: {caption}", picture) for caption, picture in pictures.items()]


def _cell(caption: str, picture: Pixels) -> Pixels:
    cell = Image.new("RGB", (_CELL, _CELL + _LINES * _LINE + 4), "white")
    fitted = Image.fromarray(np.ascontiguousarray(picture)).resize((_CELL, _CELL), Image.Resampling.BICUBIC)
    cell.paste(fitted, (0, _LINES * _LINE + 4))
    text = "\n".join(textwrap.wrap(caption, _CHARACTERS)[:_LINES])
    ImageDraw.Draw(cell).multiline_text((2, 1), text, fill="black", spacing=1)
    return np.asarray(cell)
