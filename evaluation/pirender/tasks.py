"""The paper's three tasks on prepared clips: same-identity, cross-identity, intuitive editing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from datasets.clip_store import Clip, ClipStore
from evaluation.pirender.distances import Judges, frechet_distance, motion_distances
from evaluation.pirender.prior import MotionPrior
from models.coefficients import CoefficientSpace, Transfer, descriptor_windows, transfer
from models.errors import EvaluationError
from models.extractor import Extractor
from models.extractor.tracker import KEEP
from models.renderer import PIRenderer
from models.renderer.synthesis import to_picture, to_tensor

TaskName = Literal["same-identity", "cross-identity", "intuitive editing"]
TASKS: tuple[TaskName, ...] = get_args(TaskName)
_BATCH = 8
_CROSS = Transfer("absolute", normalise_crop=True)

Pictures = NDArray[np.uint8]
Motion = NDArray[np.float32]


@dataclass(frozen=True)
class Measured:
    """One task's figures; None where there was no judge, or nothing to judge.

    Attributes:
        pictures: how many were made.
        lost: in how many of them the extractor sees no face: AED and APD leave them out.
    """

    task: TaskName
    pictures: int
    lost: int
    fid: float | None
    aed: float | None
    apd: float | None
    lpips: float | None


@dataclass
class _Sums:
    made: list[NDArray[np.float32]] = field(default_factory=list)
    real: list[NDArray[np.float32]] = field(default_factory=list)
    lpips: list[float] = field(default_factory=list)
    requested: list[Motion] = field(default_factory=list)
    found: list[Motion] = field(default_factory=list)
    pictures: int = 0
    lost: int = 0


@dataclass(frozen=True, eq=False)
class _Job:
    """A source (clip and frame), a motion [T, C] for it, which frames of that to make, and whether each is a still of
    its own: motions that were drawn one by one have no neighbours in time."""

    source: tuple[Clip, int]
    motion: Motion
    frames: NDArray[np.intp]
    stills: bool = False


@dataclass(frozen=True)
class PirenderBench:
    """What the tasks are run with.

    Attributes:
        every: of a clip's frames each so many is made.
        samples: motions that are drawn for each source of intuitive editing.
        seed: of sources and samples.
    """

    store: ClipStore
    space: CoefficientSpace
    renderer: PIRenderer
    extractor: Extractor
    judges: Judges
    device: torch.device
    every: int = 5
    samples: int = 8
    seed: int = 0

    def measure(self, task: TaskName, advance: Callable[[], None]) -> Measured:
        """Run one task over all clips; `advance` is called after each.

        Raises:
            EvaluationError: clips of another space, or of one person where two are needed.
        """
        if self.store.space != self.space.name:
            raise EvaluationError(f"the clips are of the space {self.store.space}, the bundle reads {self.space.name}")
        sums = _Sums()
        for job in self._jobs(task):
            made = np.concatenate(list(self._render(job)))
            real = np.stack([self.store.frame(*frame) for frame in _compared(task, job)])
            self._judge(sums, made, real, job.motion[job.frames], paired=task == "same-identity")
            advance()
        return self._figures(task, sums)

    def _jobs(self, task: TaskName) -> Iterator[_Job]:
        clips = self.store.clips
        rng = np.random.default_rng(self.seed)
        prior = None
        if task == "intuitive editing":
            shown = np.concatenate([self.store.coefficients(clip) for clip in clips])
            prior = MotionPrior(self.space, shown, self.seed)
        for number, clip in enumerate(clips):
            motion = self.store.coefficients(clip)
            frames = np.arange(0, clip.frames, self.every)
            if prior is not None:
                sampled = prior.sample(motion[0], self.samples, self.seed + number)
                yield _Job((clip, 0), sampled, np.arange(self.samples), stills=True)
            elif task == "cross-identity":
                others = [other for other in clips if other.person != clip.person]
                if not others:
                    raise EvaluationError("cross-identity needs clips of two people: prepare more videos")
                source = others[rng.integers(len(others))]
                own = self.store.coefficients(source)[0]
                yield _Job((source, 0), transfer(self.space, own, motion, _CROSS), frames)
            else:
                yield _Job((clip, 0), motion, frames)

    @torch.inference_mode()
    def _render(self, job: _Job) -> Iterator[Pictures]:
        source = to_tensor(self.store.frame(*job.source), self.device)
        read, radius = self.space.network_vector, self.renderer.preset.radius
        clip, frame = job.source
        own = torch.from_numpy(np.asarray(read(self.store.coefficients(clip)[frame]), np.float32)).to(self.device)
        numbers = np.asarray(read(job.motion), np.float32)
        for start in range(0, len(job.frames), _BATCH):
            chosen = [int(index) for index in job.frames[start : start + _BATCH]]
            windows = np.concatenate(
                [
                    descriptor_windows(numbers[i : i + 1], radius)
                    if job.stills
                    else descriptor_windows(numbers, radius, range(i, i + 1))
                    for i in chosen
                ]
            )
            target = torch.from_numpy(windows).to(self.device)
            descriptor = self.renderer.descriptor(target, own.expand(len(chosen), -1))
            yield to_picture(self.renderer(source.expand(len(chosen), -1, -1, -1), descriptor).image)

    @torch.inference_mode()
    def _judge(self, sums: _Sums, made: Pictures, real: Pictures, requested: Motion, paired: bool) -> None:
        sums.pictures += len(made)
        seen = self.extractor.extract(made)
        there = seen.presence >= KEEP
        sums.lost += int((~there).sum())
        sums.requested.append(requested[there])
        sums.found.append(seen.coefficients[there])
        for start in range(0, len(made), _BATCH):
            ours, theirs = (
                torch.cat([to_tensor(picture, self.device) for picture in pictures[start : start + _BATCH]])
                for pictures in (made, real)
            )
            if self.judges.features is not None:
                sums.made.append(self.judges.features(ours).cpu().numpy())
                sums.real.append(self.judges.features(theirs).cpu().numpy())
            if paired and self.judges.lpips is not None:
                sums.lpips += self.judges.lpips(ours, theirs).tolist()

    def _figures(self, task: TaskName, sums: _Sums) -> Measured:
        fid = frechet_distance(np.concatenate(sums.made), np.concatenate(sums.real)) if sums.made else None
        requested, found = np.concatenate(sums.requested), np.concatenate(sums.found)
        aed, apd = motion_distances(self.space, requested, found) if len(requested) else (None, None)
        lpips = float(np.mean(sums.lpips)) if sums.lpips else None
        return Measured(task, sums.pictures, sums.lost, fid, aed, apd, lpips)


def _compared(task: TaskName, job: _Job) -> Iterator[tuple[Clip, int]]:
    """Real pictures that the made ones should look like: the same moments, or the source's person."""
    clip, _ = job.source
    if task == "same-identity":
        yield from ((clip, int(frame)) for frame in job.frames)
    else:
        yield from ((clip, int(frame)) for frame in np.linspace(0, clip.frames - 1, len(job.frames)))
