"""Coefficients -> pictures: batches of frames through the networks, and back into the photo or video they come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from itertools import groupby

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.coefficients import LazyMotion, descriptor_windows, space
from models.coefficients.rest import motion_weight
from models.extractor import Crop
from models.extractor.motion import VideoSource
from models.face3d import drawing
from models.face3d.face_model import FaceModel
from models.face3d.landmark_fit import LandmarkFit
from models.frame_buffer import FrameBuffer
from models.prepared_photo import PreparedPhoto, PreparedPhotos, Way
from models.renderer import PIRenderer, painting
from models.renderer.engine import CompiledEngine, Engine
from models.renderer.layers import head_pixels, pixels
from models.renderer.layers.compose import LayeredSource
from models.renderer.memory import in_batches
from models.renderer.palette import Palette
from models.renderer.pirenderer import Rendering
from models.renderer.synthesis import Seam, full_resolution, painted_levels, tapered, to_picture, to_tensor

CROP_PIXELS = 4 * 1024 * 1024  # of crops rendered at a time: bounds memory whatever the picture's size
HELD_PIXELS = 16 * 1024 * 1024  # of a video's frames that wait to be rendered together
BATCH_FRAMES = 8

Pixels = NDArray[np.uint8]


class FrameRenderer:
    """The networks, the face model's layers, and what happens to pictures before and after them.

    Args:
        face: draws skin, eyes and mouth of photos over what the networks make; None leaves all to the networks. `fit`
            lays it on photos.
        engine: computes the renderer; None for PyTorch.
    """

    def __init__(
        self,
        renderer: PIRenderer,
        device: torch.device,
        face: FaceModel | None = None,
        engine: Engine | None = None,
    ) -> None:
        self._renderer, self._device, self._engine = renderer, device, engine or renderer
        # A compiled engine gains nothing by more: their pictures would only drive each other out of the caches.
        self._batch = 1 if isinstance(engine, CompiledEngine) else BATCH_FRAMES
        self.fit = None
        if face is not None:
            self.fit = LandmarkFit(face)
            drawing.compile_loops()
            pixels.compile_loops()
            head_pixels.compile_loops()
        painting.compile_loops()
        self._space = space(renderer.preset.space)
        self._beside = ThreadPoolExecutor(1, "layers")  # beside the networks

    def photo(
        self,
        image: Pixels,
        square: Crop,
        own: NDArray[np.float32],
        motion: NDArray[np.float32] | LazyMotion,
        size: int | None,
        landmarks: NDArray[np.float32] | None = None,
        prepared: PreparedPhotos | None = None,
        *,
        seen: Pixels | None = None,
    ) -> Iterator[Pixels]:
        """One photo, uint8 [H, W, 3], making a motion.

        Args:
            square: of the face.
            own: the photo's own coefficients [C].
            motion: the requested ones [T, C]; a lazy one is computed as far as the frames need it.
            size: side of the crops that come out; None pastes them back into the photo.
            landmarks: of the photo's face, [478, 2] fractions of the crop; None leaves all to the networks.
            prepared: keeps what can be used again the next time that the same photo, square and landmarks come.
            seen: the same photo as the networks see it, where that is not `image`.
        """
        prepared = prepared or PreparedPhotos()
        way = Way(self, size, layers=landmarks is not None)
        photo = prepared.get(
            way, lambda: self._prepare(image, square, own, size, landmarks, image if seen is None else seen)
        )

        def render(start: int, stop: int) -> list[Pixels]:
            windows = descriptor_windows(motion, self._renderer.preset.radius, range(start, stop))
            if isinstance(photo.shown, LayeredSource):
                return self._layered(photo.shown, photo, own[None], windows)
            return list(self._made(photo.network, photo.shown, own[None], windows, photo.palette))

        for pictures in in_batches(render, len(motion), self._most_crops(size or square.side), whole=True):
            for picture in pictures:
                shown = square.put_back(picture)
                yield photo.seam.paste(shown) if photo.seam else shown

    @torch.inference_mode()
    def _prepare(
        self,
        image: Pixels,
        square: Crop,
        own: NDArray[np.float32],
        size: int | None,
        landmarks: NDArray[np.float32] | None,
        seen: Pixels,
    ) -> PreparedPhoto:
        """All that does not depend on the motion; arguments as of `photo`."""
        side = size or square.side
        network = self._shown([(seen, square)], self._renderer.preset.image_size)
        shown: Tensor | LayeredSource
        if self.fit is not None and landmarks is not None:
            shown = LayeredSource.of(self.fit, square.cut(image, side), landmarks, own)
        else:
            shown = self._shown([(image, square)], side)
        seam = None if size else Seam(image, square.x, square.y, side)
        shared = image, self.fit and self.fit.model
        return PreparedPhoto(square, network, Palette.of(network), shown, seam, shared)

    def video(
        self, frames: Iterable[Pixels], source: VideoSource, motion: NDArray[np.float32], size: int | None
    ) -> Iterator[Pixels]:
        """T frames of a video, each with its face changed; they are read as they are needed.

        Args:
            frames: uint8 [H, W, 3], all of one size; those after the first T are not read.
            motion: the requested coefficients [T, C], of every frame in its own square.
            size: side of the crops that come out; None pastes them back into their frames.

        Raises:
            ControlError: fewer than T frames.
        """
        buffer = FrameBuffer(frames)

        def kind(index: int) -> tuple[bool, int]:
            return bool(source.seen[index]), size or source.squares[index].side

        def render(start: int, stop: int) -> list[Pixels]:
            made: list[Pixels] = []
            for (seen, side), run in groupby(range(start, stop), kind):
                chosen = list(run)
                pairs = [(image, source.squares[i]) for image, i in zip(buffer.at(chosen), chosen, strict=True)]
                if seen:
                    windows = np.stack([source.window(motion, i, self._renderer.preset.radius) for i in chosen])
                    network = self._shown(pairs, self._renderer.preset.image_size)
                    drawn = self._made(network, self._shown(pairs, side), source.coefficients[chosen], windows)
                    crops = [square.put_back(crop) for (_, square), crop in zip(pairs, drawn, strict=True)]
                    made += crops if size else _pasted(pairs, crops)
                else:
                    made += [square.put_back(square.cut(image, side)) if size else image for image, square in pairs]
            buffer.drop_before(stop)
            return made

        height, width = buffer.at([0])[0].shape[:2]
        side = size or max(square.side for square in source.squares)
        most = max(1, min(self._most_crops(side), HELD_PIXELS // (height * width)))
        for pictures in in_batches(render, len(motion), most):
            yield from pictures

    def _most_crops(self, side: int) -> int:
        return max(1, min(self._batch, CROP_PIXELS // side**2))

    def _shown(self, pairs: Sequence[tuple[Pixels, Crop]], side: int) -> Tensor:
        """The squares of N pictures, [N, 3, side, side] on the device."""
        return torch.cat([to_tensor(square.cut(image, side), self._device) for image, square in pairs])

    @torch.inference_mode()
    def _made(
        self,
        network: Tensor,
        crops: Tensor,
        own: NDArray[np.float32],
        windows: NDArray[np.float32],
        palette: Palette | None = None,
    ) -> NDArray[np.uint8]:
        """Pictures [N, S, S, 3] of windows [N, C, W]; N or 1 crops as the networks see them, full ones, own [C].

        What the networks make of a source at rest is not quite the source. So their pictures are shown as far as the
        motion goes beyond rest, and an edit of nothing is the photo.
        """
        crops = crops.expand(len(windows), -1, -1, -1)
        weight = torch.from_numpy(motion_weight(self._space, own, windows)).to(self._device)
        if not weight.any():
            return to_picture(crops)
        picture = full_resolution(crops, self._rendered(network, own, windows, palette), self._renderer.move)
        return to_picture(torch.lerp(crops, picture, weight[:, None, None, None]))

    @torch.inference_mode()
    def _layered(
        self,
        source: LayeredSource,
        photo: PreparedPhoto,
        own: NDArray[np.float32],
        windows: NDArray[np.float32],
    ) -> list[Pixels]:
        """The same of a photo, with its layers over them."""
        weights = motion_weight(self._space, own, windows)
        if not weights.any():
            return [source.crop] * len(windows)
        motion = windows[..., self._renderer.preset.radius]
        beginning = self._beside.submit(lambda: list(map(source.begun, motion, weights)))
        try:
            rendering = self._rendered(photo.network, own, windows, photo.palette)
        finally:
            wait([beginning])  # whoever tries again with fewer frames has the memory for himself
        flows = tapered(rendering.flow).movedim(1, -1).cpu().numpy()
        paintings = painted_levels(rendering)
        return [source.frame(*frame) for frame in zip(flows, paintings, beginning.result(), weights, strict=True)]

    def _rendered(
        self,
        network: Tensor,
        own: NDArray[np.float32],
        windows: NDArray[np.float32],
        palette: Palette | None = None,
    ) -> Rendering:
        """What the networks make of N windows, in the photo's own colours: its palette's, where that is known."""
        count = len(windows)
        read = self._space.network_vector
        numbers = (read(windows.transpose(0, 2, 1)).transpose(0, 2, 1), read(own))
        target, source = (torch.from_numpy(array).to(self._device) for array in numbers)
        descriptor = self._renderer.descriptor(target, source.expand(count, -1))
        rendering = self._engine(network.expand(count, -1, -1, -1), descriptor)
        return replace(rendering, image=(palette or Palette.of(network)).painted(rendering.warped, rendering.image))


def _pasted(pairs: Sequence[tuple[Pixels, Crop]], crops: Sequence[Pixels]) -> list[Pixels]:
    rows = zip(pairs, crops, strict=True)
    return [Seam(image, square.x, square.y, square.side).paste(crop) for (image, square), crop in rows]
