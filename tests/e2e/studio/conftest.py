"""The studio in a real Chromium, against the real processes."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile
from PIL import Image

from tests.clips import beep, write_clip
from tests.e2e.conftest import ROOT, Embedded
from tests.processes import start_process

pytest.importorskip("playwright.sync_api", reason="Playwright for Python is not installed")

from examples.studio.browser import NoBrowserError, chromium, open_studio, wait_for_full_picture

NETWORK = ("Failed to load resource", "WebSocket connection to")
PATIENCE_MS = 60_000  # on a busy machine


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """The machine's Chromium. While it is driven, other tests in this process cannot run an event loop."""
    with ExitStack() as stack:
        try:
            yield stack.enter_context(chromium())
        except NoBrowserError as error:
            pytest.skip(str(error))


class Studio:
    """The page, and what people do on it."""

    def __init__(self, page: Any, folder: Path) -> None:
        self.page, self._folder = page, folder
        self.complaints: list[str] = []
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message: Any) -> None:
        """The network's errors are logged too; what the page makes of them is for the test to see."""
        if message.type in ("error", "warning") and not message.text.startswith(NETWORK):
            self.complaints.append(message.text)

    def open(self, url: str) -> Studio:
        open_studio(self.page, url)
        return self

    def choose_file(self, button: str, name: str, data: bytes) -> None:
        """Press a button that asks for a file, and give it this one."""
        path = self._folder / name
        path.write_bytes(data)
        with self.page.expect_file_chooser() as chooser:
            self.page.click(button)
        chooser.value.set_files(path)

    def put(self, name: str, data: bytes) -> None:
        """Put a photo of one face on the table, and wait until its sliders can be moved."""
        self.choose_file("#choose-photo", name, data)
        self.page.wait_for_selector("fieldset.face-body:enabled")

    def mode(self, name: str) -> None:
        self.page.click(f"#modes [data-mode={name}]")

    def fader(self, slider: str) -> Any:
        """The fader of a slider, or of both sides of one."""
        return self.page.locator(f'[data-slider="{slider}"] .fader')

    def settled(self) -> None:
        """Wait for the picture in full resolution."""
        wait_for_full_picture(self.page)

    def table(self) -> np.ndarray:
        """What the photo looks like on the page, int16 [H, W, 3]."""
        self.page.mouse.move(2, 2)
        self.page.wait_for_timeout(250)  # of a fading hint
        shot = self.page.locator(".print").screenshot(animations="disabled")
        return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB")).astype(np.int16)

    def shot(self, kind: str) -> Any:
        """The newest frame on the strip, of a kind of job."""
        return self.page.locator(f".shot[data-kind={kind}]").first

    def result(self, kind: str) -> Any:
        """Wait for a finished result, and open it on the table."""
        self.shot(kind).locator("button.window").first.click()
        return self.page.locator("#viewer .main")

    def download(self, press: Callable[[], object]) -> bytes:
        with self.page.expect_download() as download:
            press()
        return Path(download.value.path()).read_bytes()


@pytest.fixture
def new_studio(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Studio]]:
    """Opens pages; at the end none may have complained: no exception, no error in the console, no breach of the CSP."""
    opened: list[tuple[Any, Studio]] = []

    def open_page(**options: Any) -> Studio:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        studio = Studio(context.new_page(), tmp_path)
        opened.append((context, studio))
        return studio

    yield open_page
    for context, studio in opened:
        context.close()
        assert not studio.complaints


@pytest.fixture
def studio(new_studio: Callable[..., Studio], embedded: Embedded) -> Studio:
    """The page of the shared stack."""
    return new_studio().open(str(embedded.http.base_url))


@pytest.fixture
def at_work(studio: Studio, astronaut_png: Path) -> Studio:
    """With Eileen Collins on the table."""
    studio.put("collins.png", astronaut_png.read_bytes())
    return studio


class OtherApi:
    """A further API process on the shared stack's Redis and blobs, with settings of its own; it can be restarted."""

    def __init__(self, stack: Embedded, port: int, **settings: str) -> None:
        [api] = [process for process in stack.processes() if process.cmdline()[-2:] == ["-m", "service"]]
        self._environment = {**api.environ(), **settings, "PORTRAIT_PORT": str(port)}
        self.url = f"http://127.0.0.1:{port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> OtherApi:
        self._process = start_process(
            [sys.executable, "-m", "service"], cwd=ROOT, env=self._environment, stdout=subprocess.DEVNULL, stderr=2
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.url}/health/live").is_success:
                    return self
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError("the API did not start")

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()


@pytest.fixture
def other_api(embedded: Embedded, unused_port: int) -> Iterator[Callable[..., OtherApi]]:
    apis: list[OtherApi] = []

    def build(**settings: str) -> OtherApi:
        apis.append(OtherApi(embedded, unused_port, **settings))
        return apis[-1].start()

    yield build
    for api in apis:
        api.kill()


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def speech() -> bytes:
    """A beep of half a second, as WAV."""
    file = io.BytesIO()
    soundfile.write(file, beep(0.6, 0.2, 16_000), 16_000, format="WAV")
    return file.getvalue()


@pytest.fixture(scope="session")
def driver(hopper: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Grace Hopper moving in front of a camera: eight frames."""
    frames = [np.roll(hopper, 2 * k, axis=1) for k in range(8)]
    path = tmp_path_factory.mktemp("drivers") / "driver.mp4"
    return write_clip(path, frames, [k / 25 for k in range(8)]).read_bytes()
