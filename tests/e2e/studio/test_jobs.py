"""Animate, Drive and Talk: jobs with progress and cancel, and results on the strip."""

from __future__ import annotations

import io

import pytest
import soundfile

from tests.clips import beep
from tests.e2e.studio.conftest import Studio

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


def clip(main: object) -> dict[str, float]:
    """Size and seconds of the clip on the table, once the browser can play it."""
    facts: dict[str, float] = main.evaluate(  # type: ignore[attr-defined]
        """video => new Promise(resolve => {
            const tell = () => resolve({width: video.videoWidth, height: video.videoHeight, seconds: video.duration});
            video.readyState >= 1 ? tell() : video.addEventListener("loadedmetadata", tell);
        })"""
    )
    return facts


def test_keyframes_become_a_clip(at_work: Studio) -> None:
    at_work.mode("animate")
    length = at_work.page.locator(".timeline input[type=number]")
    length.fill("0.4")
    length.press("Enter")
    at_work.page.click("#export")
    assert "at least one keyframe" in at_work.page.locator("#timeline .problem").inner_text()
    scrub = at_work.page.locator(".scrub")
    scrub.press("End")
    at_work.page.click("[data-preset=open_mouth]")
    stops = at_work.page.locator(".lane .stop")
    assert stops.count() == 2, "moving a slider sets a keyframe"
    opened = float(at_work.fader("jawOpen").input_value())
    scrub.press("Home")
    shut = float(at_work.fader("jawOpen").input_value())
    for _ in range(5):
        scrub.press("ArrowRight")
    assert shut < float(at_work.fader("jawOpen").input_value()) < opened, "between keyframes the face is between them"

    at_work.page.select_option('[aria-label="Format"]', "webm")
    at_work.page.click("#export")
    main = at_work.result("edit")
    assert clip(main) == {"width": 512, "height": 512, "seconds": pytest.approx(0.44, abs=0.03)}
    at_work.page.click("text=Back to the photo")
    assert stops.count() == 2


def test_keyframes_leave_the_edited_face_as_it_was(at_work: Studio) -> None:
    at_work.fader("yaw").press("PageUp")
    turned = at_work.fader("yaw").input_value()
    at_work.mode("animate")
    at_work.page.click("[data-preset=wink]")
    at_work.mode("edit")
    assert at_work.fader("yaw").input_value() == turned
    at_work.page.click("#undo")
    assert at_work.fader("yaw").input_value() != turned, "steps of the timeline are none of the edit's"
    at_work.page.wait_for_selector("#undo:disabled")
    assert at_work.page.locator('[data-slider^="eyeBlink"][data-changed]').count() == 0


def test_a_video_drives_the_portrait_and_plays_beside_it(at_work: Studio, driver: bytes) -> None:
    at_work.mode("drive")
    at_work.page.click("#start-drive")
    assert "Choose a driver" in at_work.page.locator("[data-field=driver] .problem").inner_text()
    at_work.choose_file("[data-drop=driver] .button >> nth=0", "driver.mp4", driver)
    at_work.page.select_option("[data-field='options.output.format'] >> visible=true >> select", "webm")
    at_work.page.click("#start-drive")
    main = at_work.result("reenact")
    assert clip(main)["seconds"] == pytest.approx(0.32, abs=0.03)
    assert at_work.page.locator("#viewer video").count() == 2


def test_a_ready_motion_needs_no_driver(at_work: Studio) -> None:
    at_work.mode("drive")
    ready = at_work.page.locator("[data-field=driver_id] select")
    ready.locator("option[value=wink]").wait_for(state="attached")
    ready.select_option("wink")
    at_work.page.select_option("[data-field='options.output.format'] >> visible=true >> select", "webm")
    at_work.page.click("#copy-code")
    assert "driver_id=wink" in at_work.page.locator("#code").inner_text()
    at_work.page.keyboard.press("Escape")
    at_work.page.click("#start-drive")
    main = at_work.result("reenact")
    assert clip(main)["seconds"] > 0.5
    assert at_work.page.locator("#viewer video").count() == 1


def test_the_portrait_talks_and_takes_differ(at_work: Studio, speech: bytes) -> None:
    at_work.mode("talk")
    at_work.choose_file("[data-drop=audio] .button >> nth=0", "speech.wav", speech)
    at_work.page.select_option("[data-field='options.output.format'] >> visible=true >> select", "webm")
    at_work.page.click("#start-talk")
    main = at_work.result("talk")
    assert clip(main)["seconds"] == pytest.approx(0.6, abs=0.1)
    assert at_work.page.locator("#viewer h2").inner_text().endswith("take 1")
    saved = at_work.download(lambda: at_work.page.click("#viewer .tool"))
    assert saved[:4] == b"\x1aE\xdf\xa3", "a WebM file"
    at_work.page.click("#another-take")
    assert at_work.page.locator("#take").input_value() != "1"
    at_work.page.locator(".shot[data-kind=talk]").nth(1).wait_for()
    at_work.shot("talk").locator("button", has_text="Cancel").click()  # or the next test's photo would wait for it
    at_work.shot("talk").locator("text=Cancelled.").wait_for()


def test_several_jobs_run_at_a_time_and_one_is_cancelled(at_work: Studio) -> None:
    file = io.BytesIO()
    soundfile.write(file, beep(60, 0.3, 16_000), 16_000, format="WAV")
    at_work.mode("talk")
    at_work.choose_file("[data-drop=audio] .button >> nth=0", "long.wav", file.getvalue())
    at_work.page.click("#start-talk")
    talk = at_work.shot("talk")
    talk.locator("text=frames").wait_for()
    at_work.mode("edit")
    at_work.page.click("[data-preset=smile]")
    at_work.page.click("#download")
    talk.locator("button", has_text="Cancel").click()
    talk.locator("text=Cancelled.").wait_for()
    at_work.shot("edit").locator("button.window").wait_for()
    talk.locator('[aria-label="Remove"]').click()
    assert at_work.page.locator(".shot").count() == 1


def test_speech_is_recorded_by_the_microphone(at_work: Studio) -> None:
    at_work.mode("talk")
    at_work.page.click("[data-drop=audio] .button >> nth=1")
    dialog = at_work.page.locator("dialog")
    dialog.locator("button", has_text="Record").click()
    at_work.page.wait_for_timeout(700)
    dialog.locator("button", has_text="Stop").click()
    assert at_work.page.locator("[data-drop=audio] .chosen span").inner_text().startswith("recording.")
    at_work.page.click("#start-talk")
    at_work.shot("talk").locator("button.window").wait_for()
