"""Batches for training out of the generator: the sizes and the meaning of those that are read from shards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

import numpy as np
import torch

from datasets.portraits import PhotoWindow
from models.face3d.head import Head
from models.face3d.heads import Heads, MeshModel
from models.face3d.retarget import RetargetedBatch, retarget
from training.pairs.examples import examples, reduced
from training.pairs.shards import FIELDS, SIZE, entries
from training.pairs.stream import cut

Retarget = Callable[[list[Head], list[Head]], RetargetedBatch]


def test_fields_have_the_sizes_of_a_shard(retargeted: Retarget, face: Head, motions: dict[str, Head]) -> None:
    small = reduced(retargeted([face] * 2, [motions["shift"], motions["turn"]]))
    for name, value in small.items():
        assert value.shape[1:] == FIELDS[name][0], name
    # Six pixels of the test picture are twelve of the 256 that flows are counted in.
    inner = small["flow"][0, :, 30:34, 30:34]
    torch.testing.assert_close(inner, torch.tensor([-12.0, -8.0])[:, None, None].expand_as(inner), atol=1e-2, rtol=0)


def test_pairs_that_run_backwards_aim_at_the_photo(
    retargeted: Retarget, photo: np.ndarray, face: Head, motions: dict[str, Head]
) -> None:
    sources, targets = [face] * 2, [motions["shift"]] * 2
    pair = retargeted(sources, targets)
    photos = torch.from_numpy(photo).permute(2, 0, 1).expand(2, -1, -1, -1)
    vectors = [Heads.stack(faces, "cpu").coefficients(len(photo)) for faces in (sources, targets)]
    batch = examples(photos, *vectors, pair, torch.tensor([False, True]), 64)
    assert batch.source.shape == batch.target.shape == (2, 3, 64, 64)
    assert batch.flow.shape == (2, 2, 64, 64)
    assert batch.reliable.shape == batch.detail.shape == (2, 1, 128, 128)
    assert {getattr(batch, field.name).dtype for field in fields(batch)} == {torch.float32}
    torch.testing.assert_close(batch.source[0], batch.target[1])
    torch.testing.assert_close(batch.source[1], batch.target[0])
    torch.testing.assert_close(batch.source_coefficients[0], batch.target_coefficients[1])
    torch.testing.assert_close(batch.flow[0, :, 32, 32], -batch.flow[1, :, 32, 32], atol=1e-2, rtol=0)
    assert batch.reliable[1].all()


def test_fields_are_those_that_are_written_on_a_core(
    retargeted: Retarget, compiled: MeshModel, photo: np.ndarray, face: Head, motions: dict[str, Head]
) -> None:
    written = entries(0, photo, face, motions["turn"], retarget(compiled, photo, face, motions["turn"]))
    small = reduced(retargeted([face], [motions["turn"]]))
    scale = SIZE / len(photo)  # shards are written from pictures of 256 pixels; these have half as many
    for name, value in small.items():
        expected = written[name].astype(np.float32) * (scale if name.endswith("flow") else 1)
        assert np.abs(value[0].float().numpy() - expected).mean() < (0.3 if name.endswith("flow") else 0.02), name


def test_windows_are_cut_as_on_the_host(photo: np.ndarray) -> None:
    windows = [PhotoWindow(3.5, 8.25, 100.0), PhotoWindow(0.0, 0.0, 128.0)]
    pictures = torch.from_numpy(photo).permute(2, 0, 1).expand(2, -1, -1, -1)
    for ours, window in zip(cut(pictures, windows, 96), windows, strict=True):
        theirs = window.cut(photo, 96).astype(int)
        assert np.abs(ours.permute(1, 2, 0).numpy() - theirs).max() <= 2
