"""Everything that is measured of a renderer, one part after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.portraits import Portraits
from evaluation.flow import FlowReport, FlowTest, evaluate_flow
from evaluation.photos import load
from evaluation.renderer.bench import RendererBench
from evaluation.renderer.blinks import Blink, blink_pictures, evaluate_blinks
from evaluation.renderer.clips import evaluate_clips
from evaluation.renderer.comparison import Comparison
from evaluation.renderer.generated import Generated, evaluate_generated
from evaluation.renderer.geometry import Geometry
from evaluation.renderer.identity import IdentityChange, evaluate_identity
from evaluation.renderer.response import Responses, evaluate_responses
from evaluation.renderer.sharpness import Sharpness, evaluate_sharpness
from evaluation.renderer.smile_pairs import Smile, evaluate_smiles
from evaluation.renderer.steadiness import Steadiness, evaluate_steadiness
from evaluation.renderer.strangers import across
from evaluation.renderer.teeth import Teeth, evaluate_teeth
from evaluation.statistics import summarise
from models.face3d.landmark_mesh import LandmarkMesh
from models.renderer import PIRenderer

Watch = Callable[[Iterable[Any], str, int], Iterable[Any]]
"""Passes things on, one by one, and shows how far it is: things, what they are, how many."""


class SuitePart(StrEnum):
    """What can be measured by itself."""

    FLOW = "flow"
    SMILES = "smiles"
    CLIPS = "clips"
    STRANGERS = "strangers"
    EDITS = "edits"
    SLIDERS = "sliders"
    IDENTITY = "identity"
    STEADINESS = "steadiness"
    SHARPNESS = "sharpness"
    BLINKS = "blinks"
    TEETH = "teeth"


NO_FLOW = FlowReport(summarise([]), summarise([]))


@dataclass(frozen=True, eq=False)
class Plan:
    """What to measure on: everything of the test split.

    Attributes:
        data: the training data folder.
        flow: known-flow targets; None where the flow is not measured.
        photos: numbers of the photos for random edits, sliders and identity.
        stills: numbers of the photos for steadiness.
        smiles: people whose own smile is requested.
        clips: videos to reenact.
        strangers: the same of people who were in no training.
        public: name -> portrait for the sharpness at full resolution, and for drawings.
        mouths: numbers of the photos for teeth.
        seed: of the random edits.
        parts: what to measure; the rest stays empty.
    """

    data: Path
    flow: FlowTest | None
    photos: NDArray[np.int64]
    stills: NDArray[np.int64]
    smiles: list[Smile]
    clips: list[Path]
    strangers: list[Path]
    public: dict[str, NDArray[np.uint8]]
    mouths: NDArray[np.int64]
    seed: int
    parts: frozenset[SuitePart] = frozenset(SuitePart)


@dataclass(frozen=True, eq=False)
class RendererReport:
    """All results. `seconds`: part -> what it took; `unmeasured`: what could not be measured -> why."""

    flow: FlowReport
    smiles: list[Comparison]
    clips: list[Comparison]
    strangers: list[Comparison]
    generated: Generated
    responses: Responses
    identity: IdentityChange | None
    steadiness: list[Steadiness]
    sharpness: list[Sharpness]
    blinks: list[Blink] = field(default_factory=list)
    teeth: list[Teeth] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    unmeasured: dict[str, str] = field(default_factory=dict)


def evaluate_renderer(bench: RendererBench, renderer: PIRenderer, plan: Plan, watch: Watch) -> RendererReport:
    """Measure a bundle; `renderer` is its network by itself.

    Raises:
        EvaluationError, TrainingDataError: something that is needed is missing.
    """
    portraits = Portraits(plan.data, "test")
    geometry, mesh = Geometry(plan.data, portraits), LandmarkMesh.load(plan.data)
    seconds: dict[str, float] = {}

    def chosen(part: SuitePart, things: Sequence[Any]) -> Iterable[Any]:
        return watch(things, part, len(things)) if part in plan.parts else ()

    def photos(part: SuitePart, numbers: NDArray[np.int64] = plan.photos) -> Iterable[Any]:
        return watch(load(portraits, numbers), part, len(numbers)) if part in plan.parts else ()

    def public(part: SuitePart) -> dict[str, NDArray[np.uint8]]:
        return plan.public if part in plan.parts else {}

    with _timed(seconds, SuitePart.FLOW):
        flow = NO_FLOW if plan.flow is None else evaluate_flow(renderer, portraits, plan.flow)
    with _timed(seconds, SuitePart.SMILES):
        smiles, no_smile = evaluate_smiles(bench, portraits, geometry, chosen(SuitePart.SMILES, plan.smiles))
    with _timed(seconds, SuitePart.CLIPS):
        clips, no_clip = evaluate_clips(bench, chosen(SuitePart.CLIPS, plan.clips))
    with _timed(seconds, SuitePart.STRANGERS):
        driven = across(plan.strangers)
        strangers, no_stranger = evaluate_clips(bench, chosen(SuitePart.STRANGERS, plan.strangers), driven)
    with _timed(seconds, SuitePart.EDITS):
        generated = evaluate_generated(bench, geometry, photos(SuitePart.EDITS), plan.seed)
    with _timed(seconds, SuitePart.SLIDERS):
        responses = evaluate_responses(bench, geometry, photos(SuitePart.SLIDERS))
    with _timed(seconds, SuitePart.IDENTITY):
        identity = evaluate_identity(bench, geometry, mesh, photos(SuitePart.IDENTITY))
    with _timed(seconds, SuitePart.STEADINESS):
        steadiness, no_still = evaluate_steadiness(bench, photos(SuitePart.STEADINESS, plan.stills))
    with _timed(seconds, SuitePart.SHARPNESS):
        sharpness, no_portrait = evaluate_sharpness(bench, public(SuitePart.SHARPNESS))
    with _timed(seconds, SuitePart.BLINKS):
        blinks, no_blink = evaluate_blinks(
            bench, blink_pictures(bench, photos(SuitePart.BLINKS), public(SuitePart.BLINKS))
        )
    with _timed(seconds, SuitePart.TEETH):
        teeth = evaluate_teeth(bench, photos(SuitePart.TEETH, plan.mouths), plan.seed)
    unmeasured = no_smile | no_clip | no_stranger | generated.unmeasured | dict(responses.unmeasured)
    unmeasured |= no_still | no_portrait | no_blink
    return RendererReport(
        flow,
        smiles,
        clips,
        strangers,
        generated,
        responses,
        identity,
        steadiness,
        sharpness,
        blinks,
        teeth,
        seconds,
        unmeasured,
    )


@contextmanager
def _timed(seconds: dict[str, float], part: str) -> Iterator[None]:
    start = time.monotonic()
    yield
    seconds[part] = time.monotonic() - start
