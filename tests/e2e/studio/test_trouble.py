"""What goes wrong is said in words, next to what caused it; keys are asked for; a restart is survived."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.e2e.conftest import Embedded
from tests.e2e.studio.conftest import OtherApi, Studio

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


def grey() -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.full((200, 300, 3), 128, np.uint8)).save(file, "PNG")
    return file.getvalue()


def test_a_file_that_is_no_picture_leaves_the_table_empty(studio: Studio) -> None:
    studio.choose_file("#choose-photo", "notes.png", b"just some text")
    problem = studio.page.locator("#intake .problem")
    assert "JPEG" in problem.inner_text(), "it says what to send"
    assert problem.get_attribute("data-code") == "unsupported_media"


def test_a_video_is_no_photo(studio: Studio, driver: bytes) -> None:
    studio.choose_file("#choose-photo", "clip.mp4", driver)
    assert "not a picture" in studio.page.locator("#intake .problem").inner_text()


def test_a_photo_without_a_face_says_so_over_the_photo(studio: Studio, astronaut_png: Path) -> None:
    studio.choose_file("#choose-photo", "grey.png", grey())
    studio.page.locator(".easel-note .problem", has_text="No face was found").wait_for()
    assert studio.page.locator("fieldset.face-body:disabled").count() == 1
    assert studio.page.locator("#download").is_disabled()
    studio.choose_file("#new-photo", "collins.png", astronaut_png.read_bytes())
    studio.page.wait_for_selector("fieldset.face-body:enabled")
    assert studio.page.locator(".problem").count() == 0


def test_a_broken_driver_is_named_beside_its_field(at_work: Studio) -> None:
    at_work.mode("drive")
    at_work.choose_file("[data-drop=driver] .button >> nth=0", "driver.mp4", b"no video")
    at_work.page.click("#start-drive")
    at_work.page.locator("[data-field=driver] .problem").wait_for()
    assert at_work.shot("reenact").locator(".failed").inner_text()


def test_what_decoding_finds_is_shown_on_the_strip_and_in_the_panel(at_work: Studio) -> None:
    at_work.mode("drive")
    at_work.choose_file("[data-drop=driver] .button >> nth=0", "driver.png", grey())
    at_work.page.click("#start-drive")
    at_work.shot("reenact").locator(".failed").wait_for()
    assert "face" in at_work.page.locator("#panel-drive .problem").inner_text()


def test_the_key_is_requested_and_kept_in_the_page_alone(
    new_studio: Callable[..., Studio], other_api: Callable[..., OtherApi], astronaut_png: Path
) -> None:
    api = other_api(PORTRAIT_API_KEYS="open-sesame")
    studio = new_studio()
    studio.page.goto(api.url)
    dialog = studio.page.locator("#key-dialog")
    for key in ("wrong", "open-sesame"):
        dialog.locator("input").fill(key)
        dialog.locator("input").press("Enter")
        if key == "wrong":
            assert "not known" in dialog.locator(".problem").inner_text()
    studio.page.wait_for_selector("html[data-ready]")
    studio.put("collins.png", astronaut_png.read_bytes())
    studio.page.click("[data-preset=smile]")
    studio.settled()
    studio.page.click("#download")
    studio.shot("edit").locator("button.window").wait_for()
    kept = studio.page.evaluate("[{...localStorage}, {...sessionStorage}, document.cookie]")
    assert kept == [{}, {}, ""]
    studio.page.click("#copy-code")
    assert "open-sesame" not in studio.page.locator("#code").inner_text()


def test_the_page_survives_a_restart_of_the_service(
    new_studio: Callable[..., Studio], other_api: Callable[..., OtherApi], astronaut_png: Path
) -> None:
    api = other_api()
    studio = new_studio().open(api.url)
    studio.put("collins.png", astronaut_png.read_bytes())
    studio.mode("talk")
    studio.page.locator("[data-field='options.idle'] input").check()
    studio.page.locator("#panel-talk input[type=number] >> nth=0").fill("2")
    studio.page.click("#start-talk")
    studio.shot("talk").locator("text=frames").wait_for()
    api.kill()
    studio.mode("edit")
    studio.page.click("[data-preset=smile]")
    studio.page.locator("#banner", has_text="does not answer").wait_for()
    api.start()
    studio.settled()
    studio.page.locator("#banner").wait_for(state="hidden")
    studio.shot("talk").locator("button.window").wait_for()


def test_a_photo_that_the_service_has_lost_is_sent_again(
    at_work: Studio, embedded: Embedded, astronaut_png: Path
) -> None:
    uploads: list[str] = []
    at_work.page.on("request", lambda request: uploads.append(request.url))
    source = hashlib.sha256(astronaut_png.read_bytes()).hexdigest()
    assert embedded.http.delete(f"/sources/{source}").is_success
    at_work.page.click("[data-preset=smile]")
    at_work.settled()
    assert any(url.endswith("/sources") for url in uploads)
    assert embedded.http.get(f"/sources/{source}").is_success
