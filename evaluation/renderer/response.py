"""What a slider does per unit that is requested: its slope, and its cross-talk into the other main sliders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation.measures import turn
from evaluation.photos import Photo
from evaluation.renderer.bench import RendererBench, cut
from evaluation.renderer.edit import Edit
from evaluation.renderer.geometry import Geometry
from evaluation.renderer.landmark_features import features
from evaluation.statistics import Summary, summarise
from models.coefficients import CoefficientSpace, rotation_matrix
from models.errors import NoFaceError

EXPRESSIONS = ("jawOpen", "eyeBlink", "mouthSmile", "browInnerUp", "mouthPucker")
TURNS = ("yaw", "pitch", "roll")
MAIN = (*EXPRESSIONS, *TURNS)

AMOUNTS = (-0.5, 0.3, 0.6, 0.9)
"""Relative edits of an expression slider; what clamping takes away is not counted as requested."""
DEGREES = (-20.0, -10.0, 10.0, 20.0)
UNIT_TURN = 30.0
"""Degrees that count as one unit of a turn, as a weight of 1 is one unit of an expression."""

JUDGE, OWN = "MediaPipe", "own extractor"
_LEAST = 0.05  # units: an edit that clamping leaves smaller is not measured

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Seen:
    """What a reader sees in a picture: float64 [5], one value for each of `EXPRESSIONS`, and head rotation [3, 3]."""

    expressions: NDArray[np.float64]
    rotation: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Slopes:
    """One reader's slopes, float64 [P, 8, 8]: photo, slider requested, quantity read; NaN where it saw no face.

    `rendered[p, i, j]` is the least-squares slope, with intercept, of the change read in quantity j against the
    requested change of slider i, over the edits of photo p and the photo itself at 0. `known` is the same on the pair
    generator's known-flow targets of the same edits. In units: a weight of 1, or `UNIT_TURN` degrees.

    With `unmixed`, what was read is given in sliders: [P] · K⁻¹ with K the mean of `known`, so that 1 means as much as
    the mesh moves per unit, and quantities that move together on every face (a smile widens the mouth, a pucker narrows
    it) are no cross-talk. Without, the reader reads sliders itself and nothing is rescaled.
    """

    rendered: Matrix
    known: Matrix
    unmixed: bool

    def photos(self) -> Matrix:
        """[P, 8, 8]: units of slider j read per unit of slider i requested, photo by photo.

        The intervals over photos take K as it is."""
        return self.rendered @ self._unmixing() if len(self.rendered) else self.rendered

    def slope(self, slider: str) -> Summary:
        """Units read per unit requested: 1 is what was requested."""
        values = self.photos()[:, MAIN.index(slider), MAIN.index(slider)]
        return summarise(values[np.isfinite(values)].tolist())

    def matrix(self) -> Matrix:
        """Mean of `photos`, [8, 8]: slopes on the diagonal, cross-talk beside it."""
        return _mean(self.photos())

    def known_matrix(self) -> Matrix:
        """The same of the known-flow targets, what a perfect renderer would be read to do: exactly 1 if unmixed."""
        return _mean(self.known @ self._unmixing()) if len(self.known) else _mean(self.known)

    def _unmixing(self) -> Matrix:
        return np.asarray(np.linalg.inv(_mean(self.known)) if self.unmixed else np.eye(len(MAIN)), np.float64)


@dataclass(frozen=True, eq=False)
class Responses:
    """Reader -> slopes; reader -> rendered edits in which it lost the face; photo -> why it was not measured."""

    slopes: Mapping[str, Slopes]
    lost: Mapping[str, int]
    unmeasured: Mapping[str, str]


def evaluate_responses(bench: RendererBench, geometry: Geometry, photos: Iterable[Photo]) -> Responses:
    """Move every main slider of every photo, alone, through its range.

    The bundle starts from what its extractor reads, as for users; the known-flow target from the fit of the 3DMM, by
    the same controls.
    """
    readers = (JUDGE, OWN) if bench.judge is not None else (OWN,)
    rows: dict[str, list[tuple[Matrix, Matrix]]] = {reader: [] for reader in readers}
    lost, unmeasured = dict.fromkeys(readers, 0), {}
    for photo in photos:
        try:
            square = bench.square(photo.picture)
        except NoFaceError as error:
            unmeasured[f"photo {photo.number}"] = str(error)
            continue
        crop = cut(square, photo.picture)
        own, fit = bench.coefficients(crop), geometry.own(photo.number, square)
        made, fitted = _sweeps(bench.space, own), _sweeps(bench.space, fit)
        pictures = [bench.render(crop, own, np.stack([requested for _, requested in sweep])) for sweep in made]
        targets = [
            [geometry.retarget(photo.number, crop, fit, requested).picture for _, requested in sweep]
            for sweep in fitted
        ]
        for reader in readers:
            before = _see(bench, reader, crop)
            if before is None:
                unmeasured[f"photo {photo.number}"] = "the judge finds no face in it"
                continue
            seen = [[_see(bench, reader, picture) for picture in sweep] for sweep in pictures]
            lost[reader] += sum(one is None for sweep in seen for one in sweep)
            known = [[_see(bench, reader, picture) for picture in sweep] for sweep in targets]
            rows[reader].append((_slopes(before, made, seen), _slopes(before, fitted, known)))
    slopes = {}
    for reader in readers:
        made_all, wanted_all = (np.array(part, np.float64).reshape(-1, 8, 8) for part in _split(rows[reader]))
        slopes[reader] = Slopes(made_all, wanted_all, unmixed=reader == JUDGE)
    return Responses(slopes, lost, unmeasured)


Sweep = list[tuple[float, NDArray[np.float32]]]


def _sweeps(space: CoefficientSpace, own: NDArray[np.float32]) -> list[Sweep]:
    """For each main slider, what is requested: units, and coefficients [C]. At least one, if only of nothing."""
    sweeps = []
    for slider in MAIN:
        turned = slider in TURNS
        sides = [space.index[name] for name in space.shorthands.get(slider, (slider,)) if not turned]
        sweep: Sweep = []
        for value in DEGREES if turned else AMOUNTS:
            requested = (Edit(pose={slider: value}) if turned else Edit({slider: value})).apply(space, own)
            units = value / UNIT_TURN if turned else float((requested - own)[sides].mean())
            if abs(units) >= _LEAST:
                sweep.append((units, requested))
        sweeps.append(sweep or [(0.0, own)])
    return sweeps


def _see(bench: RendererBench, reader: str, picture: NDArray[np.uint8]) -> Seen | None:
    if reader == OWN:
        coefficients = bench.coefficients(picture)
        count = len(bench.space.expression)
        rotation = np.asarray(rotation_matrix(*coefficients[count : count + 3]))
        return Seen(np.array([_weight(bench.space, coefficients, slider) for slider in EXPRESSIONS]), rotation)
    reading = None if bench.judge is None else bench.judge.read(picture)
    return None if reading is None else Seen(features(reading), reading.rotation)


def _weight(space: CoefficientSpace, coefficients: NDArray[np.float32], slider: str) -> float:
    """Of a slider, or the mean of its two sides."""
    return float(coefficients[[space.index[name] for name in space.shorthands.get(slider, (slider,))]].mean())


def change(before: Seen, after: Seen) -> NDArray[np.float64]:
    """What a reader reads of an edit, [8]: differences of the expressions, and the turn from rotation to rotation."""
    turned = np.divide(turn(before.rotation, after.rotation), UNIT_TURN)
    return np.concatenate([after.expressions - before.expressions, turned])


def _slopes(before: Seen, sweeps: Sequence[Sweep], seen: Sequence[Sequence[Seen | None]]) -> Matrix:
    rows = []
    for sweep, pictures in zip(sweeps, seen, strict=True):
        points = [(units, after) for (units, _), after in zip(sweep, pictures, strict=True) if after is not None]
        requested = np.array([0.0, *(units for units, _ in points)])
        judged = np.stack([np.zeros(len(MAIN)), *(change(before, after) for _, after in points)])
        rows.append(slope(requested, judged))
    return np.stack(rows)


def slope(requested: NDArray[np.float64], judged: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slopes [J] of least squares with intercept: judged [K, J] over requested values [K]; NaN if those are equal."""
    centred = requested - requested.mean()
    spread = float(np.square(centred).sum())
    return centred @ judged / spread if spread else np.full(judged.shape[1], np.nan)


def _mean(photos: Matrix) -> Matrix:
    """Over the photos [P, 8, 8] that have a value; NaN where none has."""
    count = np.isfinite(photos).sum(0)
    return np.where(count > 0, np.nansum(photos, 0) / np.maximum(count, 1), np.nan)


def _split(rows: Sequence[tuple[Matrix, Matrix]]) -> tuple[list[Matrix], list[Matrix]]:
    return [rendered for rendered, _ in rows], [known for _, known in rows]
