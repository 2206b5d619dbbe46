"""The page for everybody: by keyboard and screen reader, on phones, in both themes, from right to left."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Embedded
from tests.e2e.studio.conftest import Studio

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe for Playwright is not installed")
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

SERIOUS = {"serious", "critical"}


def faults(studio: Studio) -> list[str]:
    """What axe finds on the page as it is now, of the serious kinds."""
    studio.page.wait_for_timeout(300)  # of colours that fade
    found: list[dict[str, Any]] = axe.Axe().run(studio.page).response["violations"]
    return [
        f"{fault['id']}: {[node['target'] for node in fault['nodes']]}" for fault in found if fault["impact"] in SERIOUS
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(
    scheme: str, new_studio: Callable[..., Studio], embedded: Embedded, astronaut_png: Path
) -> None:
    studio = new_studio(color_scheme=scheme, reduced_motion="reduce").open(str(embedded.http.base_url))
    assert faults(studio) == []
    studio.put("collins.png", astronaut_png.read_bytes())
    studio.page.click("[data-preset=wink]")
    studio.settled()
    assert faults(studio) == []
    for mode in ("animate", "drive", "talk"):
        studio.mode(mode)
        assert faults(studio) == [], mode
    studio.mode("edit")
    studio.page.click("#download")
    studio.result("edit").wait_for()
    assert faults(studio) == []


def test_the_page_is_never_wider_than_the_screen(at_work: Studio) -> None:
    page = at_work.page
    for width in (360, 900, 1600):
        for direction in ("ltr", "rtl"):
            page.set_viewport_size({"width": width, "height": 800})
            page.evaluate("direction => { document.documentElement.dir = direction }", direction)
            for mode in ("animate", "drive", "talk", "edit"):
                at_work.mode(mode)
                wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                assert wide <= 0, (width, direction, mode)
            print_box, table = (page.locator(name).bounding_box() for name in (".print", ".table"))
            assert table["x"] <= print_box["x"], (width, direction)
            assert print_box["x"] + print_box["width"] <= table["x"] + table["width"], (width, direction)


def test_the_keyboard_alone_does(studio: Studio) -> None:
    press = studio.page.keyboard.press
    press("Tab")
    assert studio.page.evaluate("document.activeElement.className") == "skip"
    studio.page.locator("#sample").focus()
    press("Enter")
    studio.page.wait_for_selector("fieldset.face-body:enabled")
    smile = studio.fader("jawOpen")
    before = int(smile.input_value())
    smile.focus()
    press("ArrowRight")
    press("Shift+ArrowRight")
    assert int(smile.input_value()) == before + 11
    assert smile.get_attribute("aria-valuetext") == str(before + 11)
    press("Delete")
    assert int(smile.input_value()) == before
    number = studio.page.locator('[data-slider="jawOpen"] input[type=number]')
    number.fill("64")
    press("Enter")
    assert int(smile.input_value()) == 64


def test_results_are_announced(studio: Studio) -> None:
    studio.page.click("#sample")
    studio.page.wait_for_selector("fieldset.face-body:enabled")
    studio.page.click("#download")
    studio.page.locator("#announcer", has_text="Result 1 is ready").wait_for(state="attached")
