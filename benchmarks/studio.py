"""From a moved slider to the picture of it, in a real browser.

    python -m benchmarks.studio
    python -m benchmarks.studio --url http://127.0.0.1:8000

Chromium, without a window, loads the studio, puts its sample portrait on the table and moves sliders by keyboard. Time
runs from the slider's event until the decoded picture of that very value is in the page. `drag` moves on every
PERIOD ms whether the last picture has come or not, as a hand does: what newer moves overtook has no picture and is
counted. `step` waits for every picture. `full` is the picture in full resolution after the hand has rested. The
baseline is one POST /edit of the same small picture over HTTP, in the same run. Without `--url` it starts the embedded
stack. It needs Chromium on this machine.
"""

from __future__ import annotations

import io
import statistics
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated

import httpx
import numpy as np
import typer
from PIL import Image
from rich.console import Console
from rich.table import Table
from skimage import data

from examples.studio.browser import chromium, open_studio, put_sample, wait_for_full_picture
from service.embedded.background import embedded_stack

if TYPE_CHECKING:
    from playwright.sync_api import Page

PERIOD_MS = 40
SIDE = 384
SLIDERS = ("jawOpen", "mouthSmileLeft mouthSmileRight", "yaw")

console = Console()

# Every picture that the page shows tells how long it took, from the slider's event on.
_LISTEN = """() => {
    window.shownTimes = [];
    document.getElementById("easel").addEventListener("shown", ({ detail }) => window.shownTimes.push(detail));
}"""
_TAKE = "() => window.shownTimes.splice(0)"


def move(page: Page, count: int) -> None:
    """Move the sliders, one after the other and back and forth, by one step."""
    fader = page.locator(f'[data-slider="{SLIDERS[count // 40 % len(SLIDERS)]}"] .fader')
    fader.press("ArrowLeft" if count // 20 % 2 else "ArrowRight")


def dragged(page: Page, moves: int) -> list[float]:
    """Milliseconds of every picture while a hand moves steadily."""
    for count in range(moves):
        move(page, count)
        page.wait_for_timeout(PERIOD_MS)
    return [each["milliseconds"] for each in page.evaluate(_TAKE) if not each["full"]]


def stepped(page: Page, moves: int) -> list[float]:
    """Milliseconds of single moves, each awaited."""
    times: list[float] = []
    for count in range(moves):
        page.evaluate(_TAKE)
        move(page, count)
        while not (shown := page.evaluate(_TAKE)):
            page.wait_for_timeout(5)
        times.append(shown[0]["milliseconds"])
    return times


def full(page: Page, moves: int) -> list[float]:
    """Milliseconds of the pictures in full resolution, from when the hand has rested."""
    times: list[float] = []
    for count in range(moves):
        page.evaluate(_TAKE)
        move(page, count)
        wait_for_full_picture(page)
        while not (shown := [each for each in page.evaluate(_TAKE) if each["full"]]):
            page.wait_for_timeout(20)
        times.append(shown[0]["milliseconds"])
    return times


def over_http(url: str, requests: int) -> list[float]:
    """Milliseconds of POST /edit for the same small picture of an uploaded photo."""
    times: list[float] = []
    with httpx.Client(base_url=url, timeout=60) as http:
        source = http.post("/sources", files={"source": ("portrait.png", _png(data.astronaut()))}).json()["id"]
        options = {"paste_back": False, "output": {"format": "jpeg", "size": SIDE}}
        for count in range(requests):
            body = {"source_id": source, "controls": {"pose": {"yaw": count % 20}}, "options": options}
            began = time.perf_counter()
            http.post("/edit", json=body, headers={"Prefer": "wait=60", "Accept": "image/jpeg"}).raise_for_status()
            times.append(1000 * (time.perf_counter() - began))
    return times[1:]


def _png(photo: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(photo).save(file, "png")
    return file.getvalue()


def main(
    url: Annotated[str | None, typer.Option(help="A running API, instead of an embedded one.")] = None,
    moves: Annotated[int, typer.Option(min=20, help="Moves of the sliders.")] = 120,
) -> None:
    """Measure, and print a table."""
    with nullcontext(url) if url else embedded_stack() as base, chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(120_000)
        open_studio(page, base)
        put_sample(page)
        page.evaluate(_LISTEN)
        stepped(page, 5)  # what is loaded with the first picture
        rows = {
            "drag": dragged(page, moves),
            "step": stepped(page, moves // 4),
            "full": full(page, moves // 12),
            "baseline: POST /edit": over_http(base, moves // 4),
        }
    table = Table("", "pictures", "p50 ms", "p95 ms", "slowest", title=f"Slider to picture, {moves} moves dragged")
    for name, times in rows.items():
        p95 = float(np.percentile(times, 95))
        table.add_row(name, str(len(times)), f"{statistics.median(times):.0f}", f"{p95:.0f}", f"{max(times):.0f}")
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
