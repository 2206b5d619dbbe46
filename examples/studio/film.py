"""The film on the README's first screen: the studio edits a portrait, and lets it talk.

    python -m examples.studio.film [--url http://127.0.0.1:8000] [--output docs/studio.webp]

The portrait is Eileen Collins' (NASA, public domain), the sentence that of the demo. Without `--url` it starts the
embedded stack. It needs Chromium on this machine.
"""

from __future__ import annotations

import argparse
import io
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from examples.studio.browser import chromium, open_studio, put_sample, wait_for_full_picture
from service.embedded.background import embedded_stack

if TYPE_CHECKING:
    from playwright.sync_api import FloatRect, Page

VIEW_WIDTH, VIEW_HEIGHT = 1180, 740
WIDTH = 940
FRAME_MS = 80
QUALITY = 62
SENTENCE = Path("examples/demo/sentence.flac")
# In pixels of the portrait, which is 512 wide.
SIDE = 512
CHEEK, MOUTH = (222, 122), (223, 141)


class Film:
    """Frames of the page, each shown for a while."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._frames: list[Image.Image] = []
        self._milliseconds: list[int] = []

    def shoot(self, milliseconds: int = FRAME_MS) -> None:
        """Take a frame."""
        picture = Image.open(io.BytesIO(self._page.screenshot())).convert("RGB")
        self._frames.append(
            picture.resize((WIDTH, round(WIDTH * picture.height / picture.width)), Image.Resampling.LANCZOS)
        )
        self._milliseconds.append(milliseconds)

    def save(self, path: Path) -> None:
        """Write an animated WebP that repeats."""
        first, *others = self._frames
        first.save(
            path, save_all=True, append_images=others, duration=self._milliseconds, loop=0, quality=QUALITY, method=6
        )


def drag(page: Page, film: Film, start: tuple[int, int], way: tuple[int, int], steps: int = 7) -> None:
    """Drag on the face, with a frame for every step, and one when the hand has rested."""
    box = page.locator(".print").bounding_box()
    assert box is not None

    def at(progress: float) -> tuple[float, float]:
        return tuple(_on_page(box, axis, start[axis] + way[axis] * progress) for axis in (0, 1))  # type: ignore[return-value]

    page.mouse.move(*at(0))
    page.mouse.down()
    for step in range(1, steps + 1):
        page.mouse.move(*at(step / steps))
        page.locator(".edited:not([hidden])").wait_for()
        page.wait_for_timeout(350)  # for the picture
        film.shoot()
    page.mouse.up()
    wait_for_full_picture(page)
    film.shoot(900)


def talk(page: Page, film: Film) -> None:
    """Let the portrait say the sentence, and show the result as it plays."""
    page.click("#reset-all")
    page.click("[data-mode=talk]")
    with page.expect_file_chooser() as chooser:
        page.click("[data-drop=audio] .button >> nth=0")
    chooser.value.set_files(SENTENCE)
    page.locator("#panel-talk [data-field='options.paste_back'] input").uncheck()
    film.shoot(1000)
    page.click("#start-talk")
    page.locator(".shot progress[value]").wait_for()
    film.shoot(900)
    page.click(".shot[data-kind=talk] button.window", timeout=300_000)
    main = page.locator("#viewer video.main")
    seconds: float = main.evaluate("video => { video.pause(); video.controls = false; return video.duration }")
    for frame in range(int(1000 * seconds / FRAME_MS)):
        main.evaluate(
            "(video, time) => new Promise(seen => { video.addEventListener('seeked', seen, {once: true}); "
            "video.currentTime = time })",
            frame * FRAME_MS / 1000,
        )
        film.shoot()
    film.shoot(1200)


def shoot(url: str, output: Path) -> None:
    """Act the film, and write it."""
    with chromium() as browser:
        page = browser.new_page(viewport={"width": VIEW_WIDTH, "height": VIEW_HEIGHT}, color_scheme="light")
        open_studio(page, url)
        film = Film(page)
        film.shoot(1400)
        put_sample(page)
        page.wait_for_timeout(300)
        film.shoot(900)
        page.click("#zoom-to-face")
        page.wait_for_timeout(300)
        film.shoot(900)
        drag(page, film, CHEEK, (18, -4))
        drag(page, film, MOUTH, (0, 9))
        page.click("#reset-all")
        page.click("[data-preset=wink]")
        wait_for_full_picture(page)
        film.shoot(1200)
        talk(page, film)
    film.save(output)


def _on_page(box: FloatRect, axis: int, place: float) -> float:
    origin, length = (box["x"], box["width"]) if axis == 0 else (box["y"], box["height"])
    return origin + place * length / SIDE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="a running API, instead of an embedded one")
    parser.add_argument("--output", type=Path, default=Path("docs/studio.webp"))
    given = parser.parse_args()
    with nullcontext(given.url) if given.url else embedded_stack() as url:
        shoot(url, given.output)
    print(f"Film: {given.output}, {given.output.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
