"""The visible label: the client's wish, or the operator's decision."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from tests.unit.workers.test_attempt import Reports, attempt
from workers.contract.kinds.common import OutputSpec
from workers.media.clock import Clock
from workers.output import write_clip, write_picture

GREY = np.full((256, 256, 3), 127, np.uint8)


def frames(count: int) -> Iterator[np.ndarray]:
    yield from [GREY] * count


def is_marked(pixels: np.ndarray) -> bool:
    return int(np.abs(pixels.astype(int) - 127).max()) > 60


@pytest.mark.parametrize(("wished", "forced"), [(False, False), (True, False), (False, True)])
def test_the_operator_may_decide_on_the_label(tmp_path: Path, wished: bool, forced: bool) -> None:
    subject = attempt(Reports())
    subject.force_label = forced
    picture = write_picture(subject, tmp_path, OutputSpec("png", False, 256, label=wished), frames(1), "arkit")
    assert is_marked(np.asarray(Image.open(picture.path))) == (wished or forced)
    spec = OutputSpec("mp4", False, 256, label=wished)
    clip = write_clip(subject, tmp_path, spec, frames(3), Clock.even(3, 25), "arkit")
    with av.open(str(clip.path)) as container:
        shown = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert [is_marked(pixels) for pixels in shown] == [wished or forced] * 3
