"""Edit: a photo comes on the table, sliders and drags change its face, and nothing but its face."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.e2e.conftest import ROOT
from tests.e2e.studio.conftest import Studio

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

CLEAR = 40  # levels: a change that is seen, and more than JPEG makes
MOUTH = (slice(125, 165), slice(185, 265))  # rows and columns of Eileen Collins' mouth, in her photo
EYES = (slice(88, 118), slice(185, 265))
CROP = (slice(10, 228), slice(117, 335))


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def visible_change(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Where the photo, of 512 pixels, clearly looks different."""
    assert before.shape == after.shape
    clear = (np.abs(before - after).max(axis=2) > CLEAR).astype(np.uint8) * 255
    return np.asarray(Image.fromarray(clear).resize((512, 512), Image.Resampling.BOX)) > 100


def press(studio: Studio, slider: str, key: str, times: int = 1) -> None:
    fader = studio.fader(slider)
    for _ in range(times):
        fader.press(key)


def test_a_slider_changes_the_mouth_and_nothing_else_and_undo_takes_it_back(at_work: Studio) -> None:
    before = at_work.table()
    press(at_work, "jawOpen", "PageUp", 6)
    at_work.settled()
    changed = visible_change(before, at_work.table())
    assert changed[MOUTH].mean() > 0.05
    assert not changed[EYES].any()
    outside = np.ones_like(changed)
    outside[CROP] = False
    assert not changed[outside].any()

    for _ in range(6):
        at_work.page.keyboard.press("Control+z")
    at_work.page.wait_for_selector("#undo:disabled")
    assert not visible_change(before, at_work.table()).any()
    at_work.page.click("#redo")
    assert int(at_work.fader("jawOpen").input_value()) > 0


def test_the_download_is_the_photo_with_another_face(at_work: Studio, astronaut: np.ndarray) -> None:
    at_work.page.click("[data-preset=surprise]")
    data = at_work.download(lambda: at_work.page.click("#download"))
    edited = pixels(data)
    assert edited.shape == astronaut.shape
    different = (edited != astronaut).any(axis=2)
    assert different[MOUTH].mean() > 0.5
    different[CROP] = False
    assert not different.any(), "pixels outside of the face's square are the photo's own"


def test_dragging_moves_the_sliders_of_what_lies_under_the_pointer(at_work: Studio) -> None:
    box = at_work.page.locator(".print").bounding_box()
    scale = box["width"] / 512

    def drag(x: float, y: float, right: float, down: float) -> None:
        mouse = at_work.page.mouse
        mouse.move(box["x"] + x * scale, box["y"] + y * scale)
        mouse.down()
        mouse.move(box["x"] + (x + right) * scale, box["y"] + (y + down) * scale, steps=4)
        mouse.up()

    jaw = float(at_work.fader("jawOpen").input_value())
    drag(223, 141, 0, 12)
    assert float(at_work.fader("jawOpen").input_value()) > jaw + 20, "the mouth opens"
    yaw = float(at_work.fader("yaw").input_value())
    drag(222, 122, 12, 0)
    assert float(at_work.fader("yaw").input_value()) > yaw + 5, "the head turns to the picture's right"
    drag(246, 104, 0, 20)
    left, right = (float(at_work.fader(f"eyeBlink{side}").input_value()) for side in ("Left", "Right"))
    assert left > right + 30, "her left eye is on the picture's right"


def test_one_of_two_faces_is_chosen(studio: Studio, astronaut: np.ndarray, hopper: np.ndarray) -> None:
    both = np.concatenate([astronaut, hopper[:512]], axis=1)
    file = io.BytesIO()
    Image.fromarray(both).save(file, "JPEG", quality=92)
    studio.choose_file("#choose-photo", "both.jpg", file.getvalue())
    faces = studio.page.locator("button.face")
    faces.nth(1).wait_for()
    assert faces.count() == 2
    assert studio.page.locator("fieldset.face-body:disabled").count() == 1, "not before one is chosen"
    largest, smaller = (faces.nth(k).bounding_box() for k in range(2))
    assert largest["x"] > smaller["x"]
    faces.nth(1).click()
    studio.page.wait_for_selector("fieldset.face-body:enabled")
    assert faces.nth(1).get_attribute("aria-pressed") == "true"
    before = studio.table()
    studio.page.click("[data-preset=open_mouth]")
    studio.settled()
    changed = np.abs(studio.table() - before).max(axis=2) > CLEAR
    columns = np.flatnonzero(changed.any(axis=0)) / changed.shape[1]
    assert columns.max() < 0.5, "the face on the left"


def test_settings_are_saved_and_opened_again(at_work: Studio, tmp_path: Path) -> None:
    smile = "mouthSmileLeft mouthSmileRight"
    press(at_work, smile, "Home")
    saved = at_work.download(lambda: at_work.page.click('[aria-label="Save the settings"]'))
    assert json.loads(saved)["values"]["mouthSmileLeft"] == 0
    at_work.page.click('[aria-label="Reset all to the photo"]')
    assert int(at_work.fader(smile).input_value()) > 50, "her own smile"
    at_work.choose_file('[aria-label="Load settings"]', "settings.json", saved)
    at_work.page.wait_for_selector(f'[data-slider="{smile}"][data-changed]')
    assert int(at_work.fader(smile).input_value()) == 0
    at_work.choose_file('[aria-label="Load settings"]', "wrong.json", b"{}")
    assert "no settings" in at_work.page.locator("#panel .problem").inner_text()


def test_the_request_that_is_shown_as_code_makes_the_same_picture(at_work: Studio, tmp_path: Path) -> None:
    press(at_work, "yaw", "PageUp")
    expected = at_work.download(lambda: at_work.page.click("#download"))
    at_work.page.click("#copy-code")
    result = tmp_path / "result.png"
    for language, command in (("curl", ["bash", "-e"]), ("python", [sys.executable, "-"])):
        at_work.page.click(f"[data-language={language}]")
        code = at_work.page.locator("#code").inner_text()
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run(command, input=code, text=True, cwd=tmp_path, env=environment, check=True, capture_output=True)
        assert np.array_equal(pixels(result.read_bytes()), pixels(expected)), language
        result.unlink()
    at_work.page.click("[data-language=javascript]")
    code = at_work.page.locator("#code").inner_text()
    assert '"yaw":' in code
    at_work.page.keyboard.press("Escape")
    assert at_work.page.locator("dialog").count() == 0


def test_before_lies_beside_after(at_work: Studio) -> None:
    before = at_work.table()
    at_work.page.click("[data-preset=big_smile]")
    at_work.settled()
    at_work.page.click("#compare")
    at_work.page.locator(".split input").fill("100")
    changed = visible_change(before, at_work.table())
    assert not changed[CROP].any(), "all of the photo is before"
    at_work.page.locator(".split input").fill("0")
    assert visible_change(before, at_work.table())[MOUTH].any()


def test_a_still_of_the_camera_becomes_the_photo(studio: Studio) -> None:
    studio.page.click("text=Take one")
    studio.page.click("text=Take the photo")
    studio.page.locator(".easel-note .problem", has_text="No face was found").wait_for()


def test_a_moving_hand_gets_live_pictures_of_its_newest_wish(studio: Studio, astronaut_png: Path) -> None:
    wishes: list[str] = []
    pictures: list[bytes] = []

    def listen(socket: Any) -> None:
        socket.on("framesent", lambda frame: wishes.append(frame))
        socket.on("framereceived", lambda frame: pictures.append(frame) if isinstance(frame, bytes) else None)

    studio.page.on("websocket", listen)
    studio.put("collins.png", astronaut_png.read_bytes())
    press(studio, "yaw", "ArrowRight", 12)
    studio.settled()
    last = json.loads(wishes[-1])
    assert last["controls"]["pose"]["yaw"] == pytest.approx(float(studio.fader("yaw").input_value()), abs=0.6)
    shown = [json.loads(picture[4 : 4 + int.from_bytes(picture[:4])])["seq"] for picture in pictures]
    assert shown == sorted(shown)
    assert shown[-1] == last["seq"], "the newest wish is answered"


def test_the_face_fills_the_table_and_drags_still_hit_it(at_work: Studio) -> None:
    wide = at_work.page.locator(".print").bounding_box()["width"]
    at_work.page.click("#zoom-to-face")
    near = at_work.page.locator(".print").bounding_box()
    table = at_work.page.locator("#easel").bounding_box()
    assert near["width"] > 1.5 * wide
    scale = near["width"] / 512
    mouth = near["x"] + 223 * scale, near["y"] + 141 * scale
    assert table["x"] < mouth[0] < table["x"] + table["width"]
    assert table["y"] < mouth[1] < table["y"] + table["height"]
    jaw = float(at_work.fader("jawOpen").input_value())
    at_work.page.mouse.move(*mouth)
    at_work.page.mouse.down()
    at_work.page.mouse.move(mouth[0], mouth[1] + 12 * scale, steps=3)
    at_work.page.mouse.up()
    assert float(at_work.fader("jawOpen").input_value()) > jaw + 20
