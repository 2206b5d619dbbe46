"""The generator with the parallel kernels on the synthetic head: motions known in closed form, and the answers that the
compiled kernels give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

import cv2
import numpy as np
import pytest
import torch

from datasets.portraits import coefficients
from models.coefficients import ARKIT, rotation_matrix
from models.face3d.correspondence import _anchored, flow_between
from models.face3d.head import Head
from models.face3d.heads import Heads, MeshModel
from models.face3d.kernels import PARALLEL
from models.face3d.morphable import HEAD, TEETH, MorphableModel
from models.face3d.retarget import Retargeted, RetargetedBatch, retarget, retarget_batch
from models.face3d.surface import Surface

Retarget = Callable[[list[Head], list[Head]], RetargetedBatch]


def overlap(first: np.ndarray, second: np.ndarray) -> float:
    return float((first & second).sum() / (first | second).sum()) if (first | second).any() else 1.0


def assert_agrees(batch: RetargetedBatch, row: int, one: Retargeted) -> None:
    """A row of a batch is what the compiled kernels make of one pair: flow to 0.3 pixels, masks but for single ones."""
    for name, mesh in (("flow", "mesh"), ("reverse_flow", "reverse_mesh")):
        difference = np.linalg.norm(getattr(batch, name)[row].permute(1, 2, 0).numpy() - getattr(one, name), axis=-1)
        on_mesh = getattr(one, mesh)
        assert overlap(getattr(batch, mesh)[row].numpy(), on_mesh) >= 0.97
        assert difference[on_mesh].mean() < 0.01
        assert difference[~on_mesh].mean() < 0.3
    for name in ("reliable", "detail", "reverse_detail", "reverse_reliable"):
        assert overlap(getattr(batch, name)[row].numpy(), getattr(one, name)) >= 0.97, name
    picture = batch.picture[row].permute(1, 2, 0).numpy().astype(int)
    assert np.abs(picture - one.picture).mean() < 1.5


def test_identity_motion_gives_zero_flow_and_the_photo(retargeted: Retarget, photo: np.ndarray, face: Head) -> None:
    pair = retargeted([face], [face])
    assert pair.flow.abs().max() < 1e-3
    assert pair.reverse_flow.abs().max() < 1e-3
    assert pair.mesh.float().mean() > 0.2
    assert torch.equal(pair.mesh, pair.reverse_mesh)
    assert np.abs(pair.picture[0].permute(1, 2, 0).numpy().astype(int) - photo).max() <= 1
    assert pair.reliable[pair.mesh].all()


def test_flow_of_a_shift_is_constant(retargeted: Retarget, face: Head, motions: dict[str, Head]) -> None:
    pair = retargeted([face], [motions["shift"]])
    # 6 pixels to the right and 4 down in the picture: the target pixel was 6 to the left and 4 up.
    for flow, mesh, expected in ((pair.flow, pair.mesh, (-6.0, -4.0)), (pair.reverse_flow, pair.reverse_mesh, (6, 4))):
        on_mesh = flow.permute(0, 2, 3, 1)[mesh]
        torch.testing.assert_close(on_mesh, torch.tensor(expected).float().expand_as(on_mesh), atol=1e-3, rtol=0)
    edge = torch.cat([pair.flow[..., 0], pair.flow[..., -1], pair.flow[..., 0, :], pair.flow[..., -1, :]])
    assert edge.abs().max() < 0.7, "the picture's border does not move"


@pytest.mark.parametrize("motion", ["shift", "turn", "blendshape"])
def test_the_compiled_kernels_give_the_same(
    retargeted: Retarget,
    compiled: MeshModel,
    photo: np.ndarray,
    face: Head,
    motions: dict[str, Head],
    motion: str,
) -> None:
    assert_agrees(retargeted([face], [motions[motion]]), 0, retarget(compiled, photo, face, motions[motion]))


def test_the_background_does_not_go_along_with_rims_from_inside_the_old_head(
    mesh: MeshModel,
    retargeted: Retarget,
    compiled: MeshModel,
    photo: np.ndarray,
    face: Head,
    motions: dict[str, Head],
) -> None:
    turned = replace(face, pose=replace(face.pose, rotation=rotation_matrix(0.6, 0, 0)))
    heads = Heads.stack([turned, motions["shift"], face, face], "cpu")
    drawn = Surface.draw(mesh, mesh.project(heads), len(photo))
    new, there = drawn.first(2), drawn.exchanged().first(2)
    _, seen = flow_between(new, there)
    anchored = _anchored(new, there, new.carry(there.vertices), seen)
    silhouette = new.mesh & PARALLEL.dilate(~new.mesh, 3)
    assert (silhouette & ~anchored)[0].any()
    assert not (silhouette & ~anchored)[1].any(), "a head that only moves takes its surroundings with it"
    assert anchored[:, 50:78, 50:78].all(), "the rule is for rims"
    pair, one = retargeted([face], [turned]), retarget(compiled, photo, face, turned)
    beside = ~one.mesh & (cv2.dilate(one.mesh.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0)
    difference = np.linalg.norm(pair.flow[0].permute(1, 2, 0).numpy() - one.flow, axis=-1)
    assert difference[beside].mean() < 0.3


def test_what_the_photo_hid_is_not_reliable(retargeted: Retarget, face: Head) -> None:
    """Turn a head by 70 degrees: its far cheek, edge-on in the photo, now faces the viewer."""
    side = replace(face, pose=replace(face.pose, rotation=rotation_matrix(1.2, 0, 0)))
    pair = retargeted([side], [face])
    assert not pair.reliable[pair.mesh].all()


def test_a_pair_does_not_depend_on_its_batch(retargeted: Retarget, face: Head, motions: dict[str, Head]) -> None:
    targets = list(motions.values())
    together = retargeted([face] * 3, targets)
    for row, target in enumerate(targets):
        alone = retargeted([face], [target])
        for field in fields(alone):
            one, all_of_them = getattr(alone, field.name), getattr(together, field.name)
            torch.testing.assert_close(all_of_them[row], one[0], atol=1e-4, rtol=0, msg=field.name)


@pytest.mark.parametrize("level", [60, 180])
def test_a_mouth_that_opens_is_painted_as_by_the_compiled_kernels(
    model: MorphableModel, face: Head, level: int
) -> None:
    """A patch of the sphere hides teeth behind it until it sinks behind them."""
    steps = 41
    lip = [row * steps + column for row in range(8, 20) for column in range(14, 27)]
    behind = model.mean[lip] - np.array([0, 0, 2], np.float32)
    number = {vertex: len(model.mean) + k for k, vertex in enumerate(lip)}
    inner = np.array([[number[v] for v in t] for t in model.triangles.tolist() if set(t) <= set(lip)], np.int32)
    mean = np.concatenate([model.mean, behind])
    expression = np.zeros((53, len(mean), 3), np.float32)
    expression[ARKIT.index["jawOpen"], lip, 2] = -4  # centimetres
    toothed = replace(
        model,
        mean=mean,
        identity=np.zeros((1, *mean.shape), np.float32),
        expression=expression,
        triangles=np.concatenate([model.triangles, inner]),
        part=np.concatenate([np.full(len(model.triangles), HEAD), np.full(len(inner), TEETH)]).astype(np.int8),
    )
    shut = replace(face, person=mean)
    weights = np.zeros(53, np.float32)
    weights[ARKIT.index["jawOpen"]] = 1
    wide = replace(shut, expression=weights)
    picture = np.full((128, 128, 3), level, np.uint8)
    picture[..., 0] += 40
    one = retarget(MeshModel.of(toothed, "cpu"), picture, shut, wide)
    photo = torch.from_numpy(picture).permute(2, 0, 1)[None]
    batch = retarget_batch(
        MeshModel.of(toothed, "cpu", PARALLEL), photo, Heads.stack([shut], "cpu"), Heads.stack([wide], "cpu")
    )
    painted = (one.picture != picture).any(-1)
    assert painted.sum() > 100
    difference = np.abs(batch.picture[0].permute(1, 2, 0).numpy().astype(int) - one.picture)
    assert difference[painted].mean() < 2
    assert_agrees(batch, 0, one)


def test_all_tensors_are_made_on_the_photos_device(
    mesh: MeshModel, photo: np.ndarray, face: Head, motions: dict[str, Head]
) -> None:
    """What named no device of its own would land on the default one, and could not be mixed with the rest."""
    heads = Heads.stack([face], "cpu"), Heads.stack([motions["turn"]], "cpu")
    photos = torch.from_numpy(photo).permute(2, 0, 1)[None]
    lidded = replace(mesh, lid_rims=torch.tensor([[[980, 985, 990], [900, 905, 910]]]))
    with torch.device("meta"):
        pair = retarget_batch(lidded, photos, *heads)
    assert {getattr(pair, field.name).device.type for field in fields(pair)} == {"cpu"}


def test_heads_know_their_coefficients(face: Head, motions: dict[str, Head]) -> None:
    faces = list(motions.values())
    expected = torch.from_numpy(np.stack([coefficients(one, 128) for one in faces]))
    torch.testing.assert_close(Heads.stack(faces, "cpu").coefficients(128), expected, atol=1e-5, rtol=0)
