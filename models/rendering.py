"""Coefficients -> pictures: batches of frames through the networks, and back into the photo or video they come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby, islice

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.coefficients import descriptor_windows, space
from models.coefficients.rest import motion_share
from models.errors import ControlError
from models.extractor import Crop
from models.extractor.motion import VideoSource
from models.renderer import PIRenderer
from models.renderer.memory import in_batches
from models.renderer.palette import Palette
from models.renderer.synthesis import Seam, full_resolution, to_picture, to_tensor

CROP_PIXELS = 4 * 1024 * 1024  # of crops rendered at a time: bounds memory whatever the picture's size
HELD_PIXELS = 16 * 1024 * 1024  # of a video's frames that wait to be rendered together
BATCH_FRAMES = 8

Pixels = NDArray[np.uint8]


class FrameRenderer:
    """The networks, and what happens to pictures before and after them."""

    def __init__(self, renderer: PIRenderer, device: torch.device) -> None:
        self._renderer, self._device = renderer, device
        self._space = space(renderer.preset.space)

    def photo(
        self, image: Pixels, square: Crop, own: NDArray[np.float32], motion: NDArray[np.float32], size: int | None
    ) -> Iterator[Pixels]:
        """One photo, uint8 [H, W, 3], making a motion.

        Args:
            square: of the face.
            own: the photo's own coefficients [C].
            motion: the wanted ones [T, C].
            size: side of the crops that come out; None pastes them back into the photo.
        """
        side = size or square.side
        network, crop = self._cut([(image, square)], side)
        seam = None if size else Seam(image, square.x, square.y, side)

        def render(start: int, stop: int) -> list[Pixels]:
            windows = descriptor_windows(motion, self._renderer.preset.radius, range(start, stop))
            return list(self._made(network, crop, own[None], windows))

        for pictures in in_batches(render, len(motion), _most_crops(side), whole=True):
            for picture in pictures:
                shown = square.put_back(picture)
                yield seam.paste(shown) if seam else shown

    def video(
        self, frames: Iterable[Pixels], source: VideoSource, motion: NDArray[np.float32], size: int | None
    ) -> Iterator[Pixels]:
        """T frames of a video, each with its face changed; they are read as they are needed.

        Args:
            frames: uint8 [H, W, 3], all of one size; those after the first T are not read.
            motion: the wanted coefficients [T, C], of every frame in its own square.
            size: side of the crops that come out; None pastes them back into their frames.

        Raises:
            ControlError: fewer than T frames.
        """
        held = _Held(frames)

        def kind(index: int) -> tuple[bool, int]:
            return bool(source.seen[index]), size or source.squares[index].side

        def render(start: int, stop: int) -> list[Pixels]:
            made: list[Pixels] = []
            for (seen, side), run in groupby(range(start, stop), kind):
                chosen = list(run)
                pairs = [(image, source.squares[i]) for image, i in zip(held.at(chosen), chosen, strict=True)]
                if seen:
                    windows = np.stack([source.window(motion, i, self._renderer.preset.radius) for i in chosen])
                    drawn = self._made(*self._cut(pairs, side), source.coefficients[chosen], windows)
                    crops = [square.put_back(crop) for (_, square), crop in zip(pairs, drawn, strict=True)]
                    made += crops if size else _pasted(pairs, crops)
                else:
                    made += [square.put_back(square.cut(image, side)) if size else image for image, square in pairs]
            held.let_go(stop)
            return made

        height, width = held.at([0])[0].shape[:2]
        side = size or max(square.side for square in source.squares)
        most = max(1, min(_most_crops(side), HELD_PIXELS // (height * width)))
        for pictures in in_batches(render, len(motion), most):
            yield from pictures

    def _cut(self, pairs: Sequence[tuple[Pixels, Crop]], side: int) -> tuple[Tensor, Tensor]:
        """The squares of N pictures, as the networks see them and [N, 3, side, side] as they come out."""

        def cut(size: int) -> Tensor:
            return torch.cat([to_tensor(square.cut(image, size), self._device) for image, square in pairs])

        return cut(self._renderer.preset.image_size), cut(side)

    @torch.inference_mode()
    def _made(
        self, network: Tensor, crops: Tensor, own: NDArray[np.float32], windows: NDArray[np.float32]
    ) -> NDArray[np.uint8]:
        """Pictures [N, S, S, 3] of windows [N, C, W]; N or 1 crops as the networks see them, full ones, own [C].

        What the networks make of a source at rest is not quite the source. So their pictures are shown as far as the
        motion goes beyond rest, and an edit of nothing is the photo.
        """
        count = len(windows)
        crops = crops.expand(count, -1, -1, -1)
        share = torch.from_numpy(motion_share(self._space, own, windows)).to(self._device)
        if not share.any():
            return to_picture(crops)
        read = self._space.network_vector
        numbers = (read(windows.transpose(0, 2, 1)).transpose(0, 2, 1), read(own))
        target, source = (torch.from_numpy(array).to(self._device) for array in numbers)
        descriptor = self._renderer.descriptor(target, source.expand(count, -1))
        rendering = self._renderer(network.expand(count, -1, -1, -1), descriptor)
        painted = Palette.of(network).painted(rendering.warped, rendering.image)
        picture = full_resolution(crops, replace(rendering, image=painted), self._renderer.move)
        return to_picture(torch.lerp(crops, picture, share[:, None, None, None]))


class _Held:
    """Frames of a video by their number, read as they are asked for, held until they are let go: a batch that did not
    fit into memory is tried again."""

    def __init__(self, frames: Iterable[Pixels]) -> None:
        self._coming = iter(frames)
        self._held: list[Pixels] = []
        self._first = 0

    def at(self, numbers: Sequence[int]) -> list[Pixels]:
        """Those frames. Raises ControlError when the video ends before."""
        self._held += islice(self._coming, max(0, numbers[-1] + 1 - self._first - len(self._held)))
        if (there := self._first + len(self._held)) <= numbers[-1]:
            raise ControlError(f"the video has {there} frames, fewer than the motion that is asked of them")
        return [self._held[number - self._first] for number in numbers]

    def let_go(self, stop: int) -> None:
        """Forget the frames before that one."""
        del self._held[: stop - self._first]
        self._first = stop


def _pasted(pairs: Sequence[tuple[Pixels, Crop]], crops: Sequence[Pixels]) -> list[Pixels]:
    rows = zip(pairs, crops, strict=True)
    return [Seam(image, square.x, square.y, square.side).paste(crop) for (image, square), crop in rows]


def _most_crops(side: int) -> int:
    return max(1, min(BATCH_FRAMES, CROP_PIXELS // side**2))
