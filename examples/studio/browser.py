"""A headless Chromium of this machine, and the studio in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAMES = ("chromium", "chromium-browser", "google-chrome")
# As root, which containers and CI are, Chromium starts without its sandbox alone. Camera and microphone are Chromium's
# own test pictures and beeps.
FLAGS = ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--mute-audio"]


class NoBrowserError(Exception):
    """There is no Chromium on this machine."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the machine's Chromium, without a window; nothing is downloaded. Raises NoBrowserError."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        raise NoBrowserError(f"there is no Chromium: install one of {', '.join(NAMES)} (apt install chromium)")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


def open_studio(page: Page, url: str) -> None:
    """Load the page, and wait until it can be used."""
    page.goto(url)
    page.wait_for_selector("html[data-ready]")


def put_sample(page: Page) -> None:
    """Put the portrait that the page offers on the table, and wait until its sliders can be moved."""
    page.click("#sample")
    page.wait_for_selector("fieldset.face-body:enabled")


def wait_for_full_picture(page: Page) -> None:
    """Wait until the edited face is shown in the photo's own resolution."""
    page.locator("#state", has_text="full resolution").wait_for()
