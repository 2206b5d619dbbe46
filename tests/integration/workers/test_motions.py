"""Stored motions: kept under their owner's name with document and sound, used as drivers, forgotten in time."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import redis

from models.coefficients import ARKIT
from models.coefficients.document import Motion, motion_npz
from tests.clips import beep, heard, onset, shown, write_clip
from tests.integration.workers.conftest import launch
from workers.attempt import Attempt, Deadline
from workers.contract.bundle import BundleIdentity
from workers.contract.errors import MotionExistsError, MotionsFullError, UnknownMotionError
from workers.contract.jobs import JobRecord, JobStatus
from workers.contract.kinds.motion import MotionRequest
from workers.contract.kinds.reenact import ReenactRequest
from workers.contract.motions import MotionLibrary
from workers.contract.owners import ANONYMOUS
from workers.contract.presence import WorkerState
from workers.contract.previews import Previews
from workers.contract.records import job_key
from workers.contract.settings import Settings
from workers.contract.stored_motion import MotionFacts, StoredMotion
from workers.contract.waits import Waits
from workers.heartbeat import Heartbeat
from workers.output_file import OutputFile
from workers.runner import Runner

if TYPE_CHECKING:
    from tests.integration.workers.conftest import Service

pytestmark = pytest.mark.integration

COUNT, FLASH = 20, 12
TIMES = [k / 25 for k in range(COUNT)]
FACTS = MotionFacts(title="Nods", space="arkit", frames=1, fps=None, seconds=None)


@pytest.fixture
def motions(service: Service) -> MotionLibrary:
    return library(service)


def library(service: Service, **limits: int) -> MotionLibrary:
    settings = service.settings.model_copy(update=limits)
    return MotionLibrary(service.client, service.blobs, settings)


@pytest.fixture(scope="module", autouse=True)
def worker(settings: Settings, service: Service) -> Iterator[subprocess.Popen[bytes]]:
    """The module's worker."""
    process = launch(settings)
    service.wait_for_worker(WorkerState.READY)
    yield process
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0


def add(motions: MotionLibrary, folder: Path, owner: str, name: str = "nods", **more: object) -> StoredMotion:
    """Store a motion of 8 bytes, 5 of them its sound."""
    document, sound = folder / "a.json", folder / "a.flac"
    document.write_bytes(b"{ }")
    sound.write_bytes(b"sound")
    given: dict[str, object] = {"job": "one", "attempt": 1} | more
    return motions.add(owner, name, FACTS, document, sound, **given)  # type: ignore[arg-type]


def files(service: Service, owner: str) -> list[Path]:
    return [path for path in Path(service.settings.storage_url, "motions", owner).rglob("*") if path.is_file()]


def test_owners_never_meet(motions: MotionLibrary, tmp_path: Path) -> None:
    kept = add(motions, tmp_path, "ann")
    add(motions, tmp_path, "bob")

    assert kept.bytes == 8
    assert motions.get("ann", "nods") == kept
    motions.delete("bob", "nods")

    assert motions.all("bob") == []
    for look in (motions.get, motions.open, motions.use, motions.delete):
        with pytest.raises(UnknownMotionError):
            look("bob", "nods")
    assert motions.open("ann", "nods").read() == b"{ }"
    assert motions.fetch_sound("ann", "nods", tmp_path / "copy", lambda: None)
    assert (tmp_path / "copy").read_bytes() == b"sound"


def test_a_name_is_taken_once_and_its_own_job_may_repeat_itself(
    service: Service, motions: MotionLibrary, tmp_path: Path
) -> None:
    first = add(motions, tmp_path, "cat")
    with pytest.raises(MotionExistsError, match="delete"):
        add(motions, tmp_path, "cat", job="two")
    again = add(motions, tmp_path, "cat", attempt=2)
    assert len(files(service, "cat")) == 2, "the first attempt's files have gone"

    motions.take_back("cat", first)
    assert motions.get("cat", "nods") == again, "another attempt has stored it since"
    motions.take_back("cat", again)
    motions.take_back("cat", again)
    assert motions.all("cat") == []
    assert files(service, "cat") == []


def test_an_owner_has_room_for_some(service: Service, tmp_path: Path) -> None:
    few, small = library(service, max_motions=2), library(service, max_motion_bytes=20)
    add(few, tmp_path, "dan", "a")
    add(few, tmp_path, "dan", "b")
    with pytest.raises(MotionsFullError, match="At most 2 motions"):
        add(few, tmp_path, "dan", "c", job="two")
    with pytest.raises(MotionsFullError, match="20 bytes"):
        add(small, tmp_path, "dan", "c", job="two")
    assert len(files(service, "dan")) == 4, "what was refused is not stored"
    few.delete("dan", "a")
    add(small, tmp_path, "dan", "c", job="two")
    assert [motion.name for motion in small.all("dan")] == ["b", "c"]


def test_a_motion_lives_on_while_it_is_used(
    service: Service, motions: MotionLibrary, tmp_path: Path, client: redis.Redis
) -> None:
    add(motions, tmp_path, "eve", "used", life_s=100)
    add(motions, tmp_path, "eve", "unused", life_s=100)
    motions.use("eve", "used", 10_000)

    elapse(client, service, "eve", 200)

    assert [motion.name for motion in motions.all("eve")] == ["used"]
    with pytest.raises(UnknownMotionError):
        motions.get("eve", "unused")
    service.blobs.sweep()
    assert len(files(service, "eve")) == 2
    motions.use("eve", "used")
    add(motions, tmp_path, "eve", "unused", job="two")
    elapse(client, service, "eve", 2 * service.settings.motion_ttl_s)
    service.blobs.sweep()
    assert (motions.all("eve"), files(service, "eve")) == ([], [])


def elapse(client: redis.Redis, service: Service, owner: str, seconds: float) -> None:
    """Let time pass for an owner's motions: everything is due earlier."""
    name = f"{{portrait}}:owner:{owner}:motions"
    for field, raw in client.hgetall(name).items():
        motion = StoredMotion.model_validate_json(raw)
        changed = motion.model_copy(update={"expires_at": motion.expires_at - seconds})
        client.hset(name, field, changed.model_dump_json())
        for key in filter(None, (motion.document, motion.sound)):
            client.zincrby("{portrait}:blobs:expiry", -seconds, key)


def frame(level: int) -> np.ndarray:
    return np.full((120, 160, 3), level, np.uint8)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A grey video with a flash and a beep at the same moment."""
    path = tmp_path_factory.mktemp("clips") / "driver.mp4"
    frames = [frame(250 if k in (FLASH, FLASH + 1) else 60) for k in range(COUNT)]
    return write_clip(path, frames, TIMES, sounds=[beep(0.8, TIMES[FLASH])]).read_bytes()


def store(service: Service, name: str, driver_id: str, kind: str, **fields: object) -> JobRecord:
    """Have a driver's motion stored, and wait for the end."""
    request = {"name": name, "driver_id": driver_id, "driver_kind": kind, **fields}
    record, _ = service.store.create(MotionRequest.model_validate(request), ANONYMOUS)
    service.queue.enqueue(record)
    return service.finish(record.job.id)


def reenacted(service: Service, photo: str, name: str, **options: object) -> JobRecord:
    request = {"driver_id": name, "driver_kind": "motion", "options": options}
    return service.finish(service.start(ReenactRequest, photo, **request))


def test_a_stored_motion_outlives_its_video_and_keeps_its_sound(
    service: Service, motions: MotionLibrary, photo: str, video: bytes, tmp_path: Path
) -> None:
    driver = service.add(video)
    made = store(service, "flashes", driver, "video", title="Flashes", description="Once")
    assert made.job.result is not None, made.job.error
    service.sources.delete(ANONYMOUS, driver)

    clip = service.result(reenacted(service, photo, "flashes"), tmp_path)
    silent = reenacted(service, photo, "flashes", sound="none")

    assert onset(*shown(clip)) == pytest.approx(TIMES[FLASH], abs=0.001)
    assert onset(*heard(clip)) == pytest.approx(TIMES[FLASH], abs=0.02)
    assert silent.job.status is JobStatus.SUCCEEDED
    facts = motions.get(ANONYMOUS, "flashes").facts
    assert (facts.title, facts.description, facts.frames, facts.fps, facts.seconds) == ("Flashes", "Once", 20, 25, 0.8)
    assert facts.bundle == made.job.bundle
    document = json.loads(motions.open(ANONYMOUS, "flashes").read())
    assert document == json.loads(service.result(made, tmp_path).read_bytes())
    assert document["sound"] == {"source_id": "flashes", "offset_s": 0, "clock": "picture"}
    assert document["bundle"]["name"] == "stand-in"


@pytest.mark.parametrize("lost_by", ["cancelling", "erasing"])
def test_a_motion_is_taken_back_when_its_job_is_lost_at_the_last_moment(
    service: Service, motions: MotionLibrary, tmp_path: Path, lost_by: str
) -> None:
    request = MotionRequest(name=lost_by, driver_id="wink", driver_kind="motion")
    record, _ = service.store.create(request, ANONYMOUS)  # not in the queue: this process does it
    job_id = record.job.id

    def task(attempt: Attempt, folder: Path) -> list[OutputFile]:
        kept = add(motions, tmp_path, ANONYMOUS, lost_by, job=job_id)
        attempt.if_lost(lambda: motions.take_back(ANONYMOUS, kept))
        if lost_by == "cancelling":
            service.store.cancel(job_id)
        else:
            service.client.delete(job_key(job_id))
        return []

    runner = Runner(
        name="here",
        tasks={"motion": task},
        store=service.store,
        queue=service.queue,
        blobs=service.blobs,
        previews=Previews(service.client),
        waits=Waits(service.client, service.queue, service.presence),
        batches=service.batches,
        bundle=BundleIdentity(name="b", version="1", digest="0" * 64),
        heartbeat=Heartbeat("here", service.presence, service.store, service.settings),
        deadline=Deadline(5),
        settings=service.settings,
    )
    runner.run(job_id, 1)

    assert lost_by not in [motion.name for motion in motions.all(ANONYMOUS)]
    assert not [path for path in files(service, ANONYMOUS) if path.name.startswith(lost_by)]


def test_documents_and_other_motions_are_stored_too(
    service: Service, motions: MotionLibrary, photo: str, video: bytes, tmp_path: Path
) -> None:
    store(service, "first", service.add(video), "video")
    motions_document = json.loads(motions.open(ANONYMOUS, "first").read())
    motions_document["frames"] = motions_document["frames"][5:]
    cut = json.dumps(motions_document).encode()

    of_document = store(service, "cut", service.add(cut), "motion")
    motions.delete(ANONYMOUS, "first")
    of_sliders = store(service, "my-wink", "wink", "motion")

    assert of_document.job.result is not None, of_document.job.error
    clip = service.result(reenacted(service, photo, "cut"), tmp_path)
    assert onset(*shown(clip)) == pytest.approx(TIMES[FLASH - 5], abs=0.001)
    assert onset(*heard(clip)) == pytest.approx(TIMES[FLASH - 5], abs=0.02), "a sound of its own"
    facts = motions.get(ANONYMOUS, "cut").facts
    assert (facts.bundle, facts.of_sliders, facts.title) == (None, False, "cut"), "this worker read no picture of it"
    assert of_sliders.job.result is not None, of_sliders.job.error
    assert motions.get(ANONYMOUS, "my-wink").facts.of_sliders
    assert motions.get(ANONYMOUS, "my-wink").sound is None


def test_a_motion_that_cannot_be_stored_says_why(service: Service, motions: MotionLibrary, video: bytes) -> None:
    driver, before = service.add(video), len(files(service, ANONYMOUS))
    store(service, "taken", driver, "video")
    again = store(service, "taken", driver, "video")
    broken = store(service, "broken", service.add(b'{"space": "arkit", "frames": []}'), "motion")
    gone = store(service, "copy", "no-such-motion", "motion")

    assert [record.job.error and record.job.error.code for record in (again, broken, gone)] == [
        "motion_exists",
        "invalid_motion",
        "unknown_motion",
    ]
    assert {"broken", "copy"}.isdisjoint(motion.name for motion in motions.all(ANONYMOUS))
    assert len(files(service, ANONYMOUS)) == before + 2


def test_a_motion_whose_sound_is_gone_is_stored_without(service: Service, motions: MotionLibrary) -> None:
    still = np.zeros((3, ARKIT.size), np.float32)
    document = motion_npz(Motion(ARKIT, np.arange(3) / 25, 25.0, still))
    with_sound = json.loads(json.dumps({"space": "arkit", "fps": 25, "sound": {"source_id": "0" * 64}}))
    with_sound["frames"] = [{"time": k / 25, "coefficients": [0.0] * ARKIT.size} for k in range(3)]

    plain = store(service, "plain", service.add(document), "motion")
    lost = store(service, "lost", service.add(json.dumps(with_sound).encode()), "motion")

    assert plain.job.warnings == []
    assert [str(warning.code) for warning in lost.job.warnings] == ["sound_missing"]
    assert motions.get(ANONYMOUS, "lost").sound is None
