"""`Kernels` for whole batches in torch: no step loops over pictures, triangles or pixels."""

from __future__ import annotations

import cv2
import torch
import torch.nn.functional as F
from torch import Tensor

from models.face3d import pixels
from models.face3d.kernels.pull_push import pull_push
from models.face3d.kernels.splat import splat


def rasterise(vertices: Tensor, triangles: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor]:
    """See `Kernels.rasterise`."""
    return splat(vertices, triangles, size)


def interpolate(values: Tensor, triangles: Tensor, triangle: Tensor, weights: Tensor) -> Tensor:
    """See `Kernels.interpolate`."""
    count, vertices, channels = values.shape
    first = torch.arange(count, device=values.device)[:, None, None, None] * vertices
    corner = triangles[triangle.clamp(min=0)] + first  # [B, S, S, 3]
    at_corners = values.reshape(-1, channels)[corner]  # [B, S, S, 3, K]
    # Written out: einsum may multiply in TF32, which is a tenth of a pixel at a picture's width.
    return (at_corners * weights.movedim(1, -1)[..., None]).sum(-2).movedim(-1, 1)


def sample(picture: Tensor, position: Tensor) -> Tensor:
    """See `Kernels.sample`."""
    return pixels.sample(picture.float(), position).round()


def complete(values: Tensor, known: Tensor) -> Tensor:
    """See `Kernels.complete`."""
    known = known.clone()
    for edge in (known[:, 0], known[:, -1], known[:, :, 0], known[:, :, -1]):
        edge.fill_(True)
    return pull_push(values, known)


def deep(mask: Tensor, distance: float) -> Tensor:
    """See `Kernels.deep`."""
    reach = torch.arange(-int(distance), int(distance) + 1, device=mask.device)
    disc = (reach[:, None] ** 2 + reach**2 <= distance**2).float()
    near_outside = F.conv2d((~mask).float()[:, None], disc[None, None], padding=len(reach) // 2)[:, 0] > 0.5
    return ~near_outside


def erode(mask: Tensor, width: int) -> Tensor:
    """See `Kernels.erode`."""
    return -F.max_pool2d(-mask[:, None].float(), width, stride=1, padding=width // 2)[:, 0] > 0


def dilate(mask: Tensor, width: int) -> Tensor:
    """See `Kernels.dilate`."""
    return F.max_pool2d(mask[:, None].float(), width, stride=1, padding=width // 2)[:, 0] > 0


def blur(picture: Tensor, sigma: float) -> Tensor:
    """See `Kernels.blur`; with OpenCV's kernel width and border."""
    width = round(8 * sigma + 1) | 1
    kernel = torch.from_numpy(cv2.getGaussianKernel(width, sigma)).to(picture)[:, 0]
    channels = picture.shape[1]
    padded = F.pad(picture, (width // 2,) * 4, mode="reflect")
    rows = F.conv2d(padded, kernel.view(1, 1, 1, -1).expand(channels, 1, 1, -1), groups=channels)
    return F.conv2d(rows, kernel.view(1, 1, -1, 1).expand(channels, 1, -1, 1), groups=channels)


def percentile(values: Tensor, mask: Tensor, q: float) -> Tensor:
    """See `Kernels.percentile`."""
    count = mask.sum(-1)
    ordered = values.masked_fill(~mask, torch.inf).sort(-1).values
    place = (count - 1).clamp(min=0) * (q / 100)
    low = place.floor().long()
    high = torch.minimum(low + 1, (count - 1).clamp(min=0))
    below, above = (ordered.gather(1, index[:, None])[:, 0] for index in (low, high))
    return torch.where(count > 0, below + (above - below) * (place - low), 0)


def polygon(points: Tensor, position: Tensor) -> Tensor:
    """See `Kernels.polygon`: inside, or within half a pixel of an edge."""
    ring = torch.cat([points, points[:, :1]], 1)[:, None, None]
    (ax, ay), (bx, by) = ring[..., :-1, :].unbind(-1), ring[..., 1:, :].unbind(-1)
    x, y = position[..., None, :].unbind(-1)
    crossing = ax + (y - ay) * ((bx - ax) / torch.where(by == ay, 1, by - ay))
    crossed = ((ay > y) != (by > y)) & (x < crossing)
    return (crossed.sum(-1) % 2 == 1) | (_distances(ring[:, 0, 0], position).amin(-1) < 0.5)


def line(points: Tensor, width: Tensor, level: Tensor, position: Tensor) -> Tensor:
    """See `Kernels.line`: coverage follows the distance to the polyline."""
    cover = (width[:, None, None, None] / 2 + 0.5 - _distances(points, position)).clamp(0, 1)
    return (level * cover).amax(-1)


def inpaint(picture: Tensor, unknown: Tensor, softness: Tensor) -> Tensor:
    """See `Kernels.inpaint`: by pull-push, which leaves no streaks to blur."""
    del softness
    return pull_push(picture, ~unknown)


def _distances(points: Tensor, position: Tensor) -> Tensor:
    """Distance of positions [B, H, W, 2] to each segment between neighbouring points [B, P, 2], [B, H, W, P - 1]."""
    start = points[:, None, None, :-1]
    along = points[:, None, None, 1:] - start
    off = position[..., None, :] - start
    fraction = ((off * along).sum(-1) / (along**2).sum(-1).clamp(min=1e-9)).clamp(0, 1)
    return torch.hypot(*(off - fraction[..., None] * along).unbind(-1))
