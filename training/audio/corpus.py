"""The training corpus: sounds as features beside motions, packed in shards.

Three kinds of items: recordings two at a time, each in several disguises; sentences spoken by eSpeak NG and Flite,
whose lips come from phonemes and whose head is a GRID clip's, stretched to the sentence; and sounds that are no speech.
Every head moves by more than the GRID speaker's, who hardly moves: that motion is enlarged and a random sway added.
"""

from __future__ import annotations

import logging
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import torch

from datasets.speech.espeak import Espeak
from datasets.speech.flite import Flite
from datasets.speech.items import save_items
from datasets.speech.recordings import load_recordings
from datasets.speech.speakers import OTHERS, STRANGERS, load_speakers
from training.audio.corpus_builder import HELD_OUT, SHARD, CorpusBuilder
from training.plan import shard_plan

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Amounts:
    """How much is made: disguises of every recording (the first one is none), sentences, sounds without speech."""

    disguises: int = 6
    sentences: int = 3000
    non_speech: int = 300

    def shards(self, recordings: int) -> list[str]:
        """Names of the shards that come of so many recordings; each has a hundred items, `heldout_…` are watched."""
        counts = {
            "recorded": self.disguises * max(1, (recordings - HELD_OUT) // 2),
            "spoken": self.sentences,
            "non_speech": self.non_speech,
        }
        return [
            "heldout_recorded",
            "heldout_spoken",
            *(f"{kind}-{i:04d}" for kind, count in counts.items() for i in range(-(-count // SHARD))),
        ]


def build(data: Path, recordings: Path, out: Path, amounts: Amounts, processes: int) -> None:
    """Write the shards of the corpus into `out`; those that exist are kept, so the same call resumes.

    Raises:
        TrainingDataError: there are no recordings, or eSpeak NG or Flite is missing.
    """
    out.mkdir(parents=True, exist_ok=True)
    names = amounts.shards(_builder(data, recordings).recordings)
    missing = [name for name in names if not (out / f"{name}.npz").is_file()]
    with ProcessPoolExecutor(processes, get_context("spawn"), _start, (data, recordings)) as pool:
        for number, name in enumerate(pool.map(partial(_shard, out), missing), start=1):
            logger.info("%s (%d of %d)", name, number, len(missing))


def plan(data: Path, recordings: Path, out: Path, amounts: Amounts) -> str:
    """The plan of `build`, with recordings, eSpeak NG and Flite opened. Raises as it does."""
    count = _builder(data, recordings).recordings
    Espeak()
    Flite()
    names = [f"{name}.npz" for name in amounts.shards(count)]
    return shard_plan("training.audio corpus", {"recordings": f"{recordings}: {count}"}, names, out)


_process: dict[str, CorpusBuilder] = {}  # what a process of the pool keeps between shards


def _start(data: Path, recordings: Path) -> None:
    torch.set_num_threads(1)
    _process["builder"] = _builder(data, recordings)


def _builder(data: Path, recordings: Path) -> CorpusBuilder:
    others = load_speakers(recordings / OTHERS)
    return CorpusBuilder(
        load_recordings(data, recordings, "train"), [clips for name, clips in others.items() if name not in STRANGERS]
    )


def _shard(out: Path, name: str) -> str:
    save_items(out / f"{name}.npz", _process["builder"].shard(name))
    return name
