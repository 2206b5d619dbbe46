"""The portrait editor with the default bundle on a real portrait."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from numba.core.registry import CPUDispatcher
from PIL import Image

from models.audio import MotionGains, SpeechMotion, SpeechNetwork
from models.audio.presets import SPEECH_PRESETS
from models.coefficients import apply_controls
from models.errors import ControlError, FaceIndexError, NoFaceError, NoSpeechError, RenderMemoryError
from models.extractor.motion import Track, VideoSource, tracked_motion
from models.face3d import drawing
from models.face3d.landmark_fit import LandmarkFit
from models.portrait import PortraitEditor, Source
from models.renderer import painting
from models.renderer.layers import head_pixels, pixels
from models.renderer.layers.compose import LayeredSource
from models.renderer.palette import Palette


@pytest.fixture(scope="module")
def editor() -> PortraitEditor:
    return PortraitEditor.load(device="cpu", threads=2)


@pytest.fixture(scope="module")
def source(editor: PortraitEditor, astronaut: np.ndarray) -> Source:
    return editor.analyse(astronaut)


def edited(editor: PortraitEditor, source: Source, **controls: object) -> np.ndarray:
    motion = apply_controls(editor.space, source.coefficients, **controls)[None]  # type: ignore[arg-type]
    return next(editor.render(source, motion))


def test_the_first_picture_waits_for_no_compiler(editor: PortraitEditor, source: Source) -> None:
    loops = [
        loop
        for module in (drawing, painting, pixels, head_pixels)
        for name, loop in vars(module).items()
        if isinstance(loop, CPUDispatcher) and not name.startswith("_")  # which others hold
    ]
    before = [len(loop.signatures) for loop in loops]
    assert len(loops) > 15
    assert all(before)
    controls = {"expression": {"jawOpen": 0.5, "eyeBlinkLeft": 0.7, "mouthSmileLeft": 0.3}}
    for yaw in (0.0, 0.4, 9.0):  # still, between, turned
        edited(editor, source, **controls, pose={"yaw": yaw})
    assert [len(loop.signatures) for loop in loops] == before


def test_analysis_finds_the_astronauts_face(source: Source) -> None:
    left, top, right, bottom = source.face.box
    assert 150 < (left + right) / 2 < 290
    assert 50 < (top + bottom) / 2 < 180
    assert source.coefficients.shape == (59,)
    assert source.coefficients.dtype == np.float32


def test_all_faces_are_read_as_each_of_them_is(
    editor: PortraitEditor, astronaut: np.ndarray, hopper: np.ndarray
) -> None:
    both = np.concatenate([astronaut, hopper[:512]], 1)  # at the first size that shows a face, hers is overlooked
    found = editor.analyse_all(both)
    assert [face.faces for face in found] == [2, 2]
    assert found[0].face.box[0] > 512 > found[1].face.box[2]
    for index, face in enumerate(found):
        alone = editor.analyse(both, index)
        assert (face.face.box, face.crop, face.sharpness) == (alone.face.box, alone.crop, alone.sharpness)
        assert np.allclose(face.coefficients, alone.coefficients, atol=1e-4)
    assert editor.analyse_all(np.full((200, 200, 3), 90, np.uint8)) == []


def test_an_edit_of_nothing_is_the_photo(editor: PortraitEditor, source: Source) -> None:
    nothing = dict.fromkeys(editor.space.index, 0.0)
    assert np.array_equal(edited(editor, source, expression=nothing, pose={"yaw": 0.0}), source.image)
    crop = next(editor.render(source, source.coefficients[None], paste_back=False))
    assert np.array_equal(crop, source.crop.cut(source.image, source.crop.side))
    small = next(editor.render(source, source.coefficients[None], paste_back=False, size=100))
    assert np.array_equal(small, source.crop.cut(source.image, 100))


def test_a_clip_is_the_photo_where_it_is_at_rest(editor: PortraitEditor, source: Source) -> None:
    smile = apply_controls(editor.space, source.coefficients, expression={"jawOpen": 0.5})
    first, moved, last = editor.render(source, np.stack([source.coefficients, smile, source.coefficients]))
    assert np.array_equal(first, source.image)
    assert not np.array_equal(moved, source.image)
    assert np.array_equal(last, source.image)


@pytest.mark.parametrize("control", [{"expression": {"jawOpen": 0.01}}, {"pose": {"yaw": 0.2}}])
def test_a_small_edit_changes_little(editor: PortraitEditor, source: Source, control: dict[str, object]) -> None:
    changed = np.abs(edited(editor, source, **control).astype(int) - source.image)
    assert changed.max() <= 6


@pytest.mark.slow
@pytest.mark.parametrize("portrait", ["astronaut", "hopper"])
def test_a_grey_photo_stays_grey(editor: PortraitEditor, portrait: str, request: pytest.FixtureRequest) -> None:
    light = request.getfixturevalue(portrait).astype(float) @ (0.299, 0.587, 0.114)
    grey = np.repeat(light.round().astype(np.uint8)[..., None], 3, 2)
    source = editor.analyse(grey)
    motion = np.stack(
        [
            apply_controls(editor.space, source.coefficients, **controls)  # type: ignore[arg-type]
            for controls in (
                {"expression": {"jawOpen": 0.8}},
                {"expression": {"eyeBlink": 1.0}, "pose": {"yaw": 15.0}},
            )
        ]
    )
    for picture in editor.render(source, motion):
        assert np.ptp(picture.astype(int), axis=-1).max() <= 1
        assert np.abs(picture.astype(int) - grey).max() > 60
        for form in ("JPEG", "WEBP"):
            file = io.BytesIO()
            Image.fromarray(picture).save(file, form, quality=90)
            assert np.ptp(np.asarray(Image.open(file).convert("RGB")).astype(int), axis=-1).max() <= 2


def test_paint_takes_no_colour_off_a_colour_photo(
    editor: PortraitEditor, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = edited(editor, source, expression={"jawOpen": 0.8, "eyeBlink": 1.0})
    monkeypatch.setattr(Palette, "painted", lambda self, warped, image: image)
    free = edited(editor, source, expression={"jawOpen": 0.8, "eyeBlink": 1.0})
    assert np.abs(held.astype(int) - free).max() <= 1


@pytest.mark.parametrize(
    "controls",
    [
        pytest.param({"expression": {"jawOpen": 0.6}}, id="jaw"),
        pytest.param({"expression": {"eyeBlink": 1.0}}, id="blink"),
        pytest.param({"pose": {"yaw": 15.0}}, id="yaw"),
        pytest.param({"pose": {"roll": -15.0}}, id="roll"),
    ],
)
def test_an_edit_changes_the_face(editor: PortraitEditor, source: Source, controls: dict[str, object]) -> None:
    still, moved = edited(editor, source), edited(editor, source, **controls)
    changed = np.abs(moved.astype(int) - still).max(-1) > 30
    assert changed.sum() > 50, "lids are small, but their pixels change a lot"


@pytest.mark.slow
def test_the_crop_comes_in_any_size(editor: PortraitEditor, source: Source) -> None:
    moved = apply_controls(editor.space, source.coefficients, expression={"jawOpen": 0.6})
    motion = np.repeat(moved[None], 3, 0)
    frames = list(editor.render(source, motion, paste_back=False, size=120))
    assert [frame.shape for frame in frames] == [(120, 120, 3)] * 3
    assert np.array_equal(frames[0], frames[2]), "equal coefficients give equal frames"
    assert next(editor.render(source, motion, paste_back=False)).shape == (source.crop.side, source.crop.side, 3)


@pytest.mark.slow
def test_equal_coefficients_give_equal_frames_in_the_last_batch_too(editor: PortraitEditor, source: Source) -> None:
    moved = apply_controls(editor.space, source.coefficients, expression={"jawOpen": 0.6}, pose={"yaw": 8.0})
    frames = list(editor.render(source, np.repeat(moved[None], 11, 0), paste_back=False))
    assert len(frames) == 11
    assert all(np.array_equal(frame, frames[0]) for frame in frames)


def test_size_together_with_paste_back_is_refused(editor: PortraitEditor, source: Source) -> None:
    with pytest.raises(ControlError, match="paste_back"):
        editor.render(source, source.coefficients[None], size=256)


@pytest.mark.parametrize("motion", [np.zeros((1, 58)), np.full((1, 59), np.nan), np.zeros(59)])
def test_motion_that_fits_no_network_is_refused(editor: PortraitEditor, source: Source, motion: np.ndarray) -> None:
    with pytest.raises(ControlError, match="59"):
        editor.render(source, motion.astype(np.float32))


def test_a_picture_without_a_face_says_so(editor: PortraitEditor) -> None:
    with pytest.raises(NoFaceError, match="face"):
        editor.analyse(np.full((300, 400, 3), 128, np.uint8))


def test_a_face_that_is_not_there_says_how_many_are(editor: PortraitEditor, astronaut: np.ndarray) -> None:
    with pytest.raises(FaceIndexError, match="0 to 0"):
        editor.analyse(astronaut, face=1)


def test_a_video_is_followed_frame_by_frame(editor: PortraitEditor, source: Source) -> None:
    covered = np.full_like(source.image, 120)
    tracked = list(editor.track((i / 25, picture) for i, picture in enumerate([source.image, covered, source.image])))
    assert [frame.time for frame in tracked] == [0, 0.04, 0.08]
    assert tracked[0].coefficients == pytest.approx(source.coefficients, abs=1e-5)
    assert tracked[1].face is tracked[1].coefficients is None
    jaw, close = editor.space.index["jawOpen"], editor.space.index["mouthClose"]
    assert tracked[2].coefficients is not None
    assert tracked[2].coefficients[close] <= tracked[2].coefficients[jaw]


@pytest.fixture(scope="module")
def walk(astronaut: np.ndarray) -> list[np.ndarray]:
    """Eileen Collins moving to the right, covered in the fourth frame; in the sixth she is far from where she was."""
    wide = np.pad(astronaut[:320], ((0, 0), (200, 0), (0, 0)), mode="edge")
    frames = [np.ascontiguousarray(wide[:, 200 - x :][:, :512]) for x in (0, 4, 8, 12, 16, 90)]
    frames[3] = np.full_like(frames[3], 120)
    return frames


@pytest.fixture(scope="module")
def track(editor: PortraitEditor, walk: list[np.ndarray]) -> Track:
    return tracked_motion(editor.space, editor.track((i / 25, frame) for i, frame in enumerate(walk)), 25)


@pytest.mark.slow
def test_a_video_keeps_its_frames_and_changes_its_face(
    editor: PortraitEditor, walk: list[np.ndarray], track: Track
) -> None:
    source = track.as_source()
    assert source.squares[0] == source.squares[2]
    assert len({source.squares[0], source.squares[4], source.squares[5]}) == 3, "a square for every segment"
    motion = source.coefficients.copy()
    motion[:, editor.space.index["jawOpen"]] += 0.6
    read: list[int] = []

    def frames() -> Iterator[np.ndarray]:
        for index, frame in enumerate([*walk, walk[0]]):
            read.append(index)
            yield frame

    rendered = list(editor.render_video(frames(), source, motion))

    assert read == list(range(len(walk))), "no more than the motion has"
    assert np.array_equal(rendered[3], walk[3]), "where the face is out of sight the frame stays as it is"
    for index in (0, 1, 2, 4, 5):
        square = source.squares[index]
        changed = np.abs(rendered[index].astype(int) - walk[index]).max(-1)
        assert (changed > 30).sum() > 50, index
        outside = np.ones(changed.shape, bool)
        outside[max(square.y, 0) : square.y + square.side, max(square.x, 0) : square.x + square.side] = False
        assert changed[outside].max() == 0, index


def test_a_video_without_any_request_keeps_every_pixel(
    editor: PortraitEditor, walk: list[np.ndarray], track: Track
) -> None:
    source = track.as_source()
    for frame, own in zip(editor.render_video(walk, source, source.coefficients), walk, strict=True):
        assert np.array_equal(frame, own)


@pytest.mark.slow
def test_a_video_of_one_photo_is_rendered_as_the_photo_is(editor: PortraitEditor, source: Source) -> None:
    motion = np.repeat(source.coefficients[None], 3, 0)
    motion[:, editor.space.index["jawOpen"]] = 0, 0.3, 0.6
    own = np.repeat(source.coefficients[None], 3, 0)
    moving = VideoSource([source.crop] * 3, np.ones(3, bool), own)
    frames = list(editor.render_video([source.image] * 3, moving, motion))
    for frame, expected in zip(frames, editor.render(source, motion, layers=False), strict=True):
        assert np.abs(frame.astype(int) - expected).max() <= 1


def test_crops_of_a_video_are_all_as_large(editor: PortraitEditor, walk: list[np.ndarray], track: Track) -> None:
    source = track.as_source()
    for size, side in (("source", source.squares[0].side), (96, 96)):
        frames = list(editor.render_video(walk, source, source.coefficients, paste_back=False, size=size))  # type: ignore[arg-type]
        assert {frame.shape for frame in frames} == {(side, side, 3)}
        assert np.array_equal(frames[3], source.squares[3].cut(walk[3], side))


def test_a_video_shorter_than_its_motion_is_refused(
    editor: PortraitEditor, walk: list[np.ndarray], track: Track
) -> None:
    source = track.as_source()
    for count in (0, 4):
        with pytest.raises(ControlError, match=f"{count} frames"):
            list(editor.render_video(walk[:count], source, source.coefficients))


class Crammed(torch.nn.Module):
    """A renderer that runs out of memory when it gets more than `most` frames."""

    def __init__(self, renderer: Any, most: int) -> None:
        super().__init__()
        self.renderer, self.preset, self.most = renderer, renderer.preset, most
        self.descriptor, self.move = renderer.descriptor, renderer.move
        self.sizes: list[int] = []

    def forward(self, source: torch.Tensor, descriptor: torch.Tensor) -> Any:
        self.sizes.append(len(source))
        if len(source) > self.most:
            raise torch.OutOfMemoryError("out of memory")
        return self.renderer(source, descriptor)


def crammed(editor: PortraitEditor, most: int) -> tuple[PortraitEditor, Crammed]:
    renderer, fit = Crammed(editor._renderer, most), editor._frames.fit
    small = PortraitEditor(
        editor.space,
        editor._extractor,
        renderer,  # type: ignore[arg-type]
        editor._device,
        editor.bundle,
        face=None if fit is None else fit.model,
    )
    return small, renderer


@pytest.mark.slow
def test_out_of_memory_means_smaller_batches_not_failure(editor: PortraitEditor, source: Source) -> None:
    motion = np.repeat(source.coefficients[None], 5, 0)
    motion[:, editor.space.index["jawOpen"]] = np.linspace(0, 0.6, 5)
    small, renderer = crammed(editor, 2)
    frames = list(small.render(source, motion))
    assert renderer.sizes == [5, 2, 2, 2]
    for frame, expected in zip(frames, crammed(editor, 8)[0].render(source, motion), strict=True):
        assert np.abs(frame.astype(int) - expected).max() <= 1


@pytest.mark.slow
def test_a_videos_frames_are_tried_again_in_smaller_batches(
    editor: PortraitEditor, walk: list[np.ndarray], track: Track
) -> None:
    source = track.as_source()
    small, renderer = crammed(editor, 2)
    motion = source.coefficients.copy()
    motion[:, editor.space.index["jawOpen"]] += 0.4
    frames = list(small.render_video(iter(walk), source, motion))
    assert renderer.sizes == [3, 3, 1, 1, 1, 1, 1], "six frames, then three, then one at a time; one shows no face"
    for frame, expected in zip(frames, crammed(editor, 8)[0].render_video(walk, source, motion), strict=True):
        assert np.abs(frame.astype(int) - expected).max() <= 1


def test_a_single_frame_that_does_not_fit_is_an_error(editor: PortraitEditor, source: Source) -> None:
    with pytest.raises(RenderMemoryError, match="smaller"):
        next(crammed(editor, 0)[0].render(source, source.coefficients[None] + np.float32(0.1)))


@pytest.fixture(scope="module")
def speaker(editor: PortraitEditor) -> PortraitEditor:
    """The editor with a fresh, tiny speech network: it moves by chance."""
    torch.manual_seed(0)
    network = SpeechNetwork(SPEECH_PRESETS["debug"])
    for flow in (network.mouth, network.head):
        flow.deviation.fill_(0.05)
    speech = SpeechMotion(network, torch.device("cpu"))
    return PortraitEditor(
        editor.space, editor._extractor, editor._renderer, editor._device, editor.bundle, speech=speech
    )


def test_a_portrait_speaks_in_a_motion_that_can_be_rendered(speaker: PortraitEditor, source: Source) -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, 17_000).astype(np.float32)
    motion = np.concatenate(list(speaker.speak(source, [sound], seed=1)))
    assert motion.shape == (27, 59)
    assert motion.std(0)[[speaker.space.index["jawOpen"], 53, 54, 55]].min() > 0
    assert len(list(speaker.render(source, motion[:2]))) == 2
    slow = np.concatenate(list(speaker.speak(source, [sound], seed=1, gains=MotionGains(head=0), fps=12.5)))
    assert len(slow) == 14
    assert slow[:, 53:] == pytest.approx(np.repeat(source.coefficients[None, 53:], 14, 0), abs=1e-5)


def test_a_bundle_without_speech_says_so(editor: PortraitEditor, source: Source) -> None:
    silent = PortraitEditor(editor.space, editor._extractor, editor._renderer, editor._device, editor.bundle)
    assert silent.speech is None
    with pytest.raises(NoSpeechError, match=r"audio\.safetensors"):
        silent.speak(source, [], seed=0)


@pytest.mark.slow
def test_the_second_edit_of_a_photo_prepares_nothing_and_makes_the_same_picture(
    editor: PortraitEditor, astronaut: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = editor.analyse(astronaut)
    before = source.prepared.nbytes
    first = edited(editor, source, expression={"jawOpen": 0.5})
    assert before == 0
    assert source.prepared.nbytes > source.crop.side**2 * 3

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the face is fitted again")

    monkeypatch.setattr(LandmarkFit, "fit", refuse)
    assert (edited(editor, source, expression={"jawOpen": 0.5}) == first).all()
    assert (edited(editor, source, expression={"jawOpen": 0.1}) != first).any()
    with pytest.raises(AssertionError, match="fitted again"):
        next(editor.render(source, source.coefficients[None] + np.float32(0.1), paste_back=False, size=96))


def test_layers_are_begun_while_the_networks_compute(
    editor: PortraitEditor, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, begin = threading.Event(), LayeredSource.begun
    computed: list[bool] = []

    def begins(layered: LayeredSource, *wanted: Any) -> Any:
        begun.set()
        return begin(layered, *wanted)

    def rendered(*arguments: Any) -> Any:
        computed.append(begun.wait(60))
        return render(*arguments)

    render = editor._frames._rendered
    monkeypatch.setattr(LayeredSource, "begun", begins)
    monkeypatch.setattr(editor._frames, "_rendered", rendered)
    edited(editor, source, pose={"yaw": 9.0})
    assert computed == [True]


@pytest.mark.slow
def test_a_photo_keeps_the_ways_it_was_drawn_in_last_and_no_more(editor: PortraitEditor, astronaut: np.ndarray) -> None:
    source = editor.analyse(astronaut)
    motion = source.coefficients[None] + np.float32(0.1)
    sizes = []
    for side in (64, 512, 64, 96, 64):
        next(editor.render(source, motion, paste_back=False, size=side))
        sizes.append(source.prepared.nbytes)
    assert sizes[1] == sizes[2], "both are kept"
    assert sizes[3] == sizes[4] < sizes[2], "the large one was not used for longest"
