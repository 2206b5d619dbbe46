"""Training of the speech flows by negative log-likelihood alone (paper, section 3.3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from datasets.speech.items import Item, batches, load_items
from datasets.speech.likelihood import likelihood_loss, parts, watch
from models.audio import SpeechNetwork
from models.audio.presets import SPEECH_PRESETS
from models.bundle import load_speech, open_bundle
from models.errors import BundleError, TrainingDataError
from training.averaging import Growing
from training.options import TrainingOptions, option, recorded
from training.record import RunRecord
from training.run_folder import RunFolder
from training.schedules import LinearDecay
from training.trainer import Recipe, StepLoss, Trainer

KIND_FRACTIONS = {"recorded": 0.45, "spoken": 0.45, "non_speech": 0.1}
"""Fraction of the windows from each kind of items: recordings, synthetic sentences, sounds without speech."""

HELD_OUT = ("heldout_recorded", "heldout_spoken")
"""Kinds that are not trained on: the likelihood of them is logged."""

SEEDS = 10_000_000
"""Between the streams of windows of two seeds: no run has more steps."""

_WATCH_EVERY = 500

Windows = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class LikelihoodWeights:
    """Weights of the two flows' negative log-likelihoods."""

    mouth_weight: float = option(1.0, "Weight of the mouth's negative log-likelihood.")
    head_weight: float = option(1.0, "Weight of the head's negative log-likelihood.")


@dataclass(frozen=True)
class SpeechOptions(TrainingOptions):
    """Options of a speech training.

    Attributes:
        batch_size: windows a step.
        frames: of a window.
        averaging: what the average of the weights keeps of itself a step, once it has grown.
    """

    steps: int = option(4000)
    batch_size: int = option(32, "Windows a step.")
    frames: int = option(80, "Frames of a window.", least=1, most=80)
    learning_rate: float = option(
        1e-3, "Adam's, at full speed; it rises over 200 steps and falls over the second half.", least=0
    )
    preset: str = option("small", f"Size of the networks: {', '.join(SPEECH_PRESETS)}.")
    averaging: float = option(0.999, "What the average of the weights keeps of itself a step.", least=0, most=1)
    log_every: int = option(50)
    save_every: int = option(250)
    losses: LikelihoodWeights = LikelihoodWeights()


def speech_trainer(corpus: Path, out: Path, options: SpeechOptions, start: Path | None = None) -> Trainer[Windows]:
    """The trainer of both flows on a corpus.

    Args:
        start: a bundle whose speech a fresh run takes, statistics included.

    Raises:
        BundleError: `start` is none, or of another preset.
        TrainingDataError: there is no corpus, it has nothing to train on, an item is shorter than a window, or no such
            preset exists.
    """
    if options.preset not in SPEECH_PRESETS:
        raise TrainingDataError(f"preset {options.preset} has no speech: choose {', '.join(SPEECH_PRESETS)}")
    torch.manual_seed(options.seed)
    kinds = load_items(corpus)
    lengths = [len(item.motion) for kind in KIND_FRACTIONS for item in kinds.get(kind, [])]
    if not lengths:
        raise TrainingDataError(
            f"{corpus} holds no shards of the kinds {', '.join(KIND_FRACTIONS)}: make another corpus with "
            "`python -m training.audio corpus`"
        )
    if (shortest := min(lengths)) < options.frames:
        raise TrainingDataError(
            f"the shortest item of {corpus} has {shortest} frames: give --frames {max(shortest, 1)} or fewer, or make "
            "another corpus"
        )
    record = RunRecord.of(
        "training.audio train", recorded(options), {"corpus": corpus} | ({"start": start} if start else {})
    )
    run = RunFolder(out, record, options.resume_with_changes)
    network = SpeechNetwork(SPEECH_PRESETS[options.preset])
    if start is None:
        _set_statistics(network, kinds)
    else:
        _take_over(network, start)
    recipe = Recipe(
        loss=_Likelihood(network, kinds, options),
        batches=lambda step: _windows(network, kinds, options, step),
        learning_rate=LinearDecay(options.learning_rate, options.steps, decay=0.5),
        decay=Growing(options.averaging),
        notes={"items": ", ".join(f"{len(items)} {kind}" for kind, items in kinds.items())},
    )
    return Trainer(run, network, torch.optim.Adam(network.parameters(), fused=True), recipe, options)


class _Likelihood:
    """The loss of a batch of windows: both flows' negative log-likelihoods."""

    def __init__(self, network: SpeechNetwork, kinds: Mapping[str, Sequence[Item]], options: SpeechOptions) -> None:
        self._network, self._kinds, self._options = network, kinds, options
        self._generator: torch.Generator | None = None

    def __call__(self, batch: Windows, step: int) -> StepLoss:
        if self._generator is None:
            self._generator = torch.Generator().manual_seed(self._options.seed * SEEDS + step)
        features, motion = batch
        mouth, head = (likelihood_loss(part, features, self._generator) for part in parts(self._network, motion))
        weights = self._options.losses
        total = torch.stack([weights.mouth_weight * mouth, weights.head_weight * head]).sum()
        watches = (step + 1) % _WATCH_EVERY == 0 or step + 1 == self._options.steps
        return StepLoss(total, {"mouth": mouth, "head": head}, self._held_out if watches else None)

    def _held_out(self, average: nn.Module) -> Mapping[str, float]:
        assert isinstance(average, SpeechNetwork)
        return {
            f"{name}_{kind}": value
            for kind in HELD_OUT
            for name, value in watch(average, self._kinds.get(kind, [])).items()
        }


def _windows(
    network: SpeechNetwork, kinds: Mapping[str, Sequence[Item]], options: SpeechOptions, step: int
) -> Iterator[Windows]:
    reach = (network.preset.mouth.past, network.preset.mouth.future)
    seed = options.seed * SEEDS + step
    return batches(kinds, KIND_FRACTIONS, options.batch_size, options.frames, reach, seed)


def _take_over(network: SpeechNetwork, bundle: Path) -> None:
    """The weights of a bundle's speech. Raises BundleError."""
    speech = load_speech(open_bundle(bundle), torch.device("cpu"))
    if speech.network.preset != network.preset:
        raise BundleError(f"{bundle} has no speech of this preset; leave out --start, or choose another --preset")
    network.load_state_dict(speech.network.state_dict())


def _set_statistics(network: SpeechNetwork, kinds: Mapping[str, Sequence[Item]]) -> None:
    """Mean and deviation of every channel, kinds weighted as they will be drawn."""
    means, squares = [], []
    fractions = {kind: fraction for kind, fraction in KIND_FRACTIONS.items() if kinds.get(kind)}
    for kind, fraction in fractions.items():
        rows = np.concatenate([item.motion for item in kinds[kind]]).astype(np.float64)
        means.append(fraction * rows.mean(0))
        squares.append(fraction * (rows**2).mean(0))
    mean = np.sum(means, 0) / sum(fractions.values())
    deviation = np.sqrt(np.maximum(np.sum(squares, 0) / sum(fractions.values()) - mean**2, 0))
    moments = torch.from_numpy(np.stack([mean, deviation]))
    for part in parts(network, moments):
        centre, spread = part.motion
        part.flow.mean.copy_(centre)
        part.flow.deviation.copy_(spread + part.least)
