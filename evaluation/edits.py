"""Edits of held-out photos through the whole editor, read back by an outside judge and by our own extractor."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from evaluation.checks import CHECKS
from evaluation.judge import Judge
from evaluation.measures import psnr
from evaluation.photos import Photo
from models.coefficients import apply_controls
from models.errors import NoFaceError
from models.portrait import PortraitEditor, Source


@dataclass(frozen=True)
class EditOutcome:
    """What one edit came to; a value is None where its judge found no face in the edited picture."""

    judged: float | None
    extracted: float | None


@dataclass(frozen=True)
class PhotoResult:
    """Everything measured on one photo. `pictures` holds the source and every edited picture, by name."""

    number: int
    colour: bool
    zero_edit_psnr: float
    outcomes: dict[str, EditOutcome]
    pictures: dict[str, NDArray[np.uint8]] = field(repr=False)


@dataclass(frozen=True)
class EditsResult:
    """Results of the photos that could be measured, and why others could not: photo number -> reason."""

    photos: list[PhotoResult]
    unmeasured: dict[int, str]


def evaluate_edits(editor: PortraitEditor, judge: Judge, photos: Iterable[Photo]) -> EditsResult:
    """Make every check's edit on every photo and measure it.

    A photo counts as unmeasured only where its unedited picture defeats the detector or the judge; an edit in which a
    judge loses the face counts against the bundle.
    """
    results: list[PhotoResult] = []
    unmeasured: dict[int, str] = {}
    for photo in photos:
        try:
            source = editor.analyse(photo.picture)
        except NoFaceError:
            unmeasured[photo.number] = "our detector finds no face in the photo"
            continue
        result = _edit_photo(editor, judge, photo, source)
        if result is None:
            unmeasured[photo.number] = "the judge finds no face in the photo"
        else:
            results.append(result)
    return EditsResult(results, unmeasured)


def _edit_photo(editor: PortraitEditor, judge: Judge, photo: Photo, source: Source) -> PhotoResult | None:
    before = judge.read(photo.picture)
    if before is None:
        return None
    pictures, outcomes = {"source": photo.picture}, {}
    for check in CHECKS:
        requested = check.edit(editor.space, source.coefficients)
        picture = next(iter(editor.render(source, requested[None])))
        after, found = judge.read(picture), _extract(editor, picture)
        pictures[check.name] = picture
        outcomes[check.name] = EditOutcome(
            judged=None if after is None else check.judged(before, after),
            extracted=None if found is None else check.extracted(editor.space, source.coefficients, requested, found),
        )
    crop, rendered = _zero_edit(editor, source)
    pictures["zero edit"] = rendered
    return PhotoResult(photo.number, photo.colour, psnr(rendered, crop), outcomes, pictures)


def _zero_edit(editor: PortraitEditor, source: Source) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The face crop of the photo, and what becomes of it when every slider stays where it is."""
    nothing = dict.fromkeys(editor.space.index, 0.0)
    motion = apply_controls(editor.space, source.coefficients, expression=nothing)[None]
    rendered = next(iter(editor.render(source, motion, paste_back=False)))
    return source.crop.cut(source.image, source.crop.side), rendered


def _extract(editor: PortraitEditor, picture: NDArray[np.uint8]) -> NDArray[np.float32] | None:
    try:
        return editor.analyse(picture).coefficients
    except NoFaceError:
        return None
