"""End-point error of the warping network on known flow: held-out people, exact targets from the 3DMM."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from datasets.portraits import PhotoWindow, Portraits
from evaluation.statistics import Summary, summarise
from models.errors import TrainingDataError
from models.face3d.arrays import read_arrays
from models.face3d.pose import HeadPose
from models.renderer import PIRenderer

_SIZE = 256
_MADE_BY = "`python -m training data flow-test`"
_WINDOW = PhotoWindow(16, 16, _SIZE)  # the part of a stored portrait that the test was made on
_BATCH = 16


@dataclass(frozen=True)
class FlowTest:
    """Test targets.

    Attributes:
        photo: index of each target's photo, [T].
        source, target: coefficients of photo and target in the `arkit` space, float32 [T, 59].
        flow: backward flow, float32 [T, h, w, 2] in pixels of a 256² picture.
        mask: the pixels where it is known, bool [T, h, w].
    """

    photo: NDArray[np.int32]
    source: NDArray[np.float32]
    target: NDArray[np.float32]
    flow: NDArray[np.float32]
    mask: NDArray[np.bool_]


@dataclass(frozen=True)
class FlowReport:
    """Mean end-point error inside the mask in pixels of 256², and that of predicting no motion."""

    network: Summary
    no_motion: Summary


def load_flow_test(data: Path, portraits: Portraits) -> FlowTest:
    """The targets of DATA/flow_test.npz. Raises TrainingDataError where the file is missing or of other portraits."""
    path = data / "flow_test.npz"
    fit = ("expression", "scale", "rotation", "translation")
    file = read_arrays(path, (*fit, "photo", "flow", "mask"), _MADE_BY)
    photo: NDArray[np.int32] = file["photo"]
    if not np.isin(photo, portraits.index).all():
        raise TrainingDataError(f"{path} is of other portraits: make it again with {_MADE_BY}")
    fits = zip(*(file[name] for name in fit), strict=True)
    target = np.stack([_coefficients(e, HeadPose(float(s), r.astype(float), t.astype(float))) for e, s, r, t in fits])
    sources = {int(i): _own_coefficients(portraits, int(i)) for i in np.unique(photo)}
    source = np.stack([sources[int(i)] for i in photo])
    return FlowTest(photo, source, target, file["flow"].astype(np.float32), file["mask"])


def evaluate_flow(renderer: PIRenderer, portraits: Portraits, test: FlowTest) -> FlowReport:
    """Compare the flow that the network predicts for every target with the known one.

    The mean runs over all masked pixels; its interval is over targets.
    """
    errors: list[NDArray[np.float32]] = []
    for start in range(0, len(test.photo), _BATCH):
        part = slice(start, start + _BATCH)
        pictures = np.stack([_WINDOW.cut(portraits.picture(int(i)), _SIZE) for i in test.photo[part]])
        flow = predict_flow(renderer, pictures, test.source[part], test.target[part], test.flow.shape[1])
        errors.append(np.linalg.norm(flow - test.flow[part], axis=-1))
    return FlowReport(
        _masked_mean(np.concatenate(errors), test.mask), _masked_mean(np.linalg.norm(test.flow, axis=-1), test.mask)
    )


@torch.inference_mode()
def predict_flow(
    renderer: PIRenderer,
    pictures: NDArray[np.uint8],
    source: NDArray[np.float32],
    target: NDArray[np.float32],
    size: int,
) -> NDArray[np.float32]:
    """Backward flow [N, size, size, 2] in pixels of 256², for pictures [N, 256, 256, 3] and coefficients [N, C]."""
    image = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1
    windows = torch.from_numpy(target)[..., None].expand(-1, -1, renderer.preset.mapping.window)
    flow, _ = renderer.flow(image, renderer.descriptor(windows, torch.from_numpy(source)))
    flow = flow * (_SIZE / flow.shape[-1])
    return _resized(flow, size).permute(0, 2, 3, 1).numpy()


def _resized(flow: Tensor, size: int) -> Tensor:
    if flow.shape[-1] == size:
        return flow
    return F.interpolate(flow, (size, size), mode="bilinear", align_corners=False)


def _masked_mean(error: NDArray[np.float32], mask: NDArray[np.bool_]) -> Summary:
    count = mask.sum((1, 2))
    means = (error * mask).sum((1, 2)) / np.maximum(count, 1)
    return summarise(means.tolist(), count.tolist())


def _own_coefficients(portraits: Portraits, photo: int) -> NDArray[np.float32]:
    pose = portraits.pose(photo).in_window(_WINDOW.x, _WINDOW.y, _WINDOW.side, _SIZE)
    return _coefficients(portraits.expression[photo], pose)


def _coefficients(expression: NDArray[np.float32], pose: HeadPose) -> NDArray[np.float32]:
    return np.concatenate([np.clip(expression, 0, 1), pose.coefficients(_SIZE)]).astype(np.float32)
