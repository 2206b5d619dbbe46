"""Requests that the clients send, how often, and what they make of the answers. Each test runs for both."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from client import (
    AsyncPortraitClient,
    FileUrl,
    InvalidUrlError,
    Job,
    JobCancelledError,
    NoConnectionError,
    PortraitClient,
    ProblemError,
    Retries,
    SourceId,
    UnexpectedAnswerError,
    WaitTimeoutError,
)
from client.async_live import AsyncLive
from client.following import Waiting
from client.live import Live
from client.retries import retry_after
from client.steps import Answer, Sleep, Step
from tests.unit.client.conftest import DONE, JOB, Script, answer, problem, public

SOURCE = {"id": "s1", "media_type": "image/png", "bytes": 3, "expires_at": "2030-01-01T00:00:00Z", "new_field": 1}
REFUSED = httpx.ConnectError("refused")


def parts(script: Script, index: int = 0) -> dict[str, tuple[dict[str, str], bytes]]:
    """The parts of a multipart body by name: parameters of Content-Disposition, content."""
    boundary = script.requests[index].headers["content-type"].partition("boundary=")[2].encode()
    found = {}
    for part in script.bodies[index].split(b"--" + boundary)[1:-1]:
        head, _, content = part.strip(b"\r\n").partition(b"\r\n\r\n")
        words = head.split(b"\r\n")[0].decode().split("; ")[1:]
        parameters = {name: value.strip('"') for name, _, value in (word.partition("=") for word in words)}
        found[parameters["name"]] = (parameters, content)
    return found


def test_an_edit_is_one_form_with_its_key(portrait: Any, script: Script, tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"picture")
    script.answers = [answer(JOB, 202, Location="/jobs/j1")]
    job = portrait.edit(photo, controls={"pose": {"yaw": 15}}, options={"paste_back": False})
    assert (job.id, job.status, job.progress.total, job.ended) == ("j1", "queued", 4, False)
    assert script.paths == ["POST /base/v1/edit"]
    assert script.requests[0].headers["authorization"] == "Bearer key"
    assert len(script.requests[0].headers["idempotency-key"]) == 32
    sent = parts(script)
    assert sent.keys() == {"source", "controls", "options"}
    assert sent["source"] == ({"name": "source", "filename": "photo.jpg"}, b"picture")
    assert json.loads(sent["controls"][1]) == {"pose": {"yaw": 15}}
    assert json.loads(sent["options"][1]) == {"paste_back": False}


def test_faces_come_with_their_controls_and_their_drivers_are_uploaded_once(portrait: Any, script: Script) -> None:
    script.answers = [answer(JOB, 202), answer(SOURCE, 201), answer(JOB, 202)]
    smiling = {"face": 0, "controls": {"expression": {"mouthSmile": 0.7}}}
    portrait.edit(b"p", faces=[smiling, {"face": 1}])
    assert json.loads(parts(script)["faces"][1]) == [smiling, {"face": 1}]
    own = b"d1"
    portrait.reenact(
        b"p", b"d", faces=[{"driver": own}, smiling, {"face": 2, "driver": own}, {"face": 3, "driver": SourceId("nod")}]
    )
    assert script.paths[1:] == ["POST /base/v1/sources", "POST /base/v1/reenact"]
    assert parts(script, 1)["source"][1] == own
    assert json.loads(parts(script, 2)["faces"][1]) == [
        {"driver_id": "s1"},
        smiling,
        {"face": 2, "driver_id": "s1"},
        {"face": 3, "driver_id": "nod"},
    ]


def test_every_job_may_have_notes_a_callback_and_a_bundle(portrait: Any, script: Script) -> None:
    extras = {"metadata": {"order": "7"}, "callback": "https://here/done", "bundle": "next:2", "idempotency_key": "k"}
    calls = (
        lambda **more: portrait.edit(b"p", **more),
        lambda **more: portrait.reenact(b"p", b"d", **more),
        lambda **more: portrait.talk(b"p", b"s", **more),
        lambda **more: portrait.extract(b"p", **more),
        lambda **more: portrait.faces(b"p", **more),
    )
    for index, call in enumerate(calls):
        script.answers = [answer(JOB, 202)]
        call(**extras)
        sent = {name: content for name, (_, content) in parts(script, index).items()}
        assert json.loads(sent["metadata"]) == {"order": "7"}
        assert json.loads(sent["callback"]) == {"url": "https://here/done"}
        assert sent["bundle"] == b"next:2"
        assert script.requests[index].headers["idempotency-key"] == "k"
    script.answers = [answer(JOB, 202)]
    portrait.edit(b"p", callback={"url": "https://here/", "events": ["started"]})
    assert json.loads(parts(script, 5)["callback"][1])["events"] == ["started"]


def test_bundles_and_their_sliders_are_requested_by_name(portrait: Any, script: Script) -> None:
    bundle = {"name": "next", "version": "2", "digest": "0" * 64, "workers": 1, "traffic": 0.1}
    script.answers = [answer({"bundles": [bundle]})]
    assert [(one.name, one.traffic) for one in portrait.bundles()] == [("next", 0.1)]
    script.answers = [answer({"space": "arkit", "expression": [], "pose": []})]
    portrait.sliders("next:2")
    assert script.paths[-1] == "GET /base/v1/sliders?bundle=next%3A2"


@pytest.mark.parametrize("photo", [b"picture", io.BytesIO(b"picture")], ids=["bytes", "open file"])
def test_media_may_be_bytes_or_an_open_file(portrait: Any, script: Script, photo: Any) -> None:
    if not isinstance(photo, bytes):
        photo.seek(0)
    script.answers = [REFUSED, answer(JOB, 202)]
    portrait.talk(photo, b"sound", pose=b"{}", options={"seed": 7})
    sent = parts(script, 1)
    assert {name: content for name, (_, content) in sent.items()} == {
        "source": b"picture",
        "audio": b"sound",
        "pose": b"{}",
        "options": b'{"seed": 7}',
    }


def test_a_file_that_is_not_there_is_reported_before_anything_is_sent(portrait: Any, script: Script) -> None:
    with pytest.raises(FileNotFoundError):
        portrait.edit("nowhere.jpg")
    assert script.requests == []


def test_a_file_elsewhere_is_for_the_service_to_fetch(portrait: Any, script: Script) -> None:
    script.answers = [answer(JOB, 202)]
    portrait.talk(FileUrl("https://here/photo.jpg"), b"sound")
    sent = parts(script, 0)
    assert sent["source_url"][1] == b"https://here/photo.jpg"
    assert "source" not in sent
    with pytest.raises(ProblemError, match="is not fetched for this"):
        portrait.upload(FileUrl("https://here/photo.jpg"))


def test_an_uploaded_file_is_named_instead_of_sent(portrait: Any, script: Script) -> None:
    script.answers = [answer(SOURCE, 201), answer(JOB, 202), answer(JOB | {"kind": "extract"}, 202)]
    script.answers.append(answer(JOB | {"kind": "faces"}, 202))
    source = portrait.upload(b"abc")
    portrait.edit(source)
    portrait.extract(source, format="npz")
    portrait.faces(source)
    assert script.paths == [
        "POST /base/v1/sources",
        "POST /base/v1/edit",
        "POST /base/v1/extract?format=npz",
        "POST /base/v1/faces",
    ]
    for index in (1, 2, 3):
        assert script.requests[index].headers["content-type"].startswith("multipart/form-data")
        assert parts(script, index) == {"source_id": ({"name": "source_id"}, b"s1")}
    assert source.new_field == 1, "what a newer service adds is kept"


def test_every_file_may_be_an_uploaded_one(portrait: Any, script: Script) -> None:
    script.answers = [answer(SOURCE, 201), answer(JOB, 202), answer(JOB, 202)]
    source = portrait.upload(b"abc")
    portrait.reenact(b"photo", source)
    portrait.talk(SourceId("s0"), source, pose=SourceId("s2"))
    assert {name: content for name, (_, content) in parts(script, 1).items()} == {
        "source": b"photo",
        "driver_id": b"s1",
    }
    assert {name: content for name, (_, content) in parts(script, 2).items()} == {
        "source_id": b"s0",
        "audio_id": b"s1",
        "pose_id": b"s2",
    }


def test_an_uploaded_file_can_be_looked_up_fetched_and_deleted(portrait: Any, script: Script) -> None:
    script.answers = [answer(SOURCE), answer(b"abc"), answer(b"", 204)]
    source = portrait.source("s1")
    assert (source.id, portrait.content(source)) == ("s1", b"abc")
    portrait.delete(source)
    paths = ["GET /base/v1/sources/s1", "GET /base/v1/sources/s1/content", "DELETE /base/v1/sources/s1"]
    assert script.paths == paths


def test_a_motion_is_kept_listed_used_and_deleted(portrait: Any, script: Script) -> None:
    own = {"id": "wave", "title": "Waves", "shipped": False, "seconds": 2.0, "sound_url": "/v1/motions/wave/sound"}
    pages = {"motions": [own], "next_cursor": "wave"}, {"motions": [own | {"id": "nod"}], "next_cursor": None}
    script.answers += [answer(JOB, 202), *map(answer, pages), answer(own), answer(JOB, 202), answer(b"{}")]
    script.answers.append(answer(b"", 204))

    portrait.add_motion("wave", b"video", title="Waves", options={"face": 1}, metadata={"order": "7"})
    assert [motion.id for motion in portrait.motions()] == ["wave", "nod"]
    portrait.reenact(b"photo", portrait.motion("wave"))
    assert portrait.motion_content("wave") == b"{}"
    portrait.delete_motion("a/b")

    sent = {name: content.decode() for name, (_, content) in parts(script).items()}
    assert sent == {
        "driver": "video",
        "name": "wave",
        "title": "Waves",
        "options": '{"face": 1}',
        "metadata": '{"order": "7"}',
    }
    assert parts(script, 4)["driver_id"][1] == b"wave", "it stands for its driver"
    assert [path.removeprefix("GET /base/v1") for path in script.paths[1:4]] == [
        "/motions?",
        "/motions?cursor=wave",
        "/motions/wave",
    ]
    assert script.paths[-1] == "DELETE /base/v1/motions/a%2Fb"


def test_a_request_is_repeated_with_one_key(portrait: Any, script: Script) -> None:
    script.answers = [
        REFUSED,
        problem("queue_full", 503, Retry_After="7"),
        problem("rate_limited", 429),
        answer(JOB, 202),
    ]
    assert portrait.edit(b"p").id == "j1"
    assert len({request.headers["idempotency-key"] for request in script.requests}) == 1
    assert all(b"p" in body for body in script.bodies)
    assert script.pauses == [0.5, 7.0, 2.0]


def test_two_requests_have_two_keys(portrait: Any, script: Script) -> None:
    script.answers = [answer(JOB, 202), answer(JOB, 202), answer(JOB, 202)]
    portrait.edit(b"p")
    portrait.edit(b"p")
    portrait.edit(b"p", idempotency_key="mine")
    keys = [request.headers["idempotency-key"] for request in script.requests]
    assert len(set(keys)) == 3
    assert keys[2] == "mine"


def test_patience_ends(portrait: Any, script: Script) -> None:
    script.answers = [REFUSED] * 4
    with pytest.raises(NoConnectionError, match=r"http://here/base/v1/ cannot be reached.*refused"):
        portrait.sliders()
    assert script.pauses == [0.5, 1.0, 2.0]
    script.answers = [problem("not_ready", 503) for _ in range(4)]
    with pytest.raises(ProblemError) as caught:
        portrait.sliders()
    assert (caught.value.status, caught.value.code) == (503, "not_ready")


def test_a_service_that_asks_for_more_than_the_longest_pause_is_not_waited_for(portrait: Any, script: Script) -> None:
    script.answers = [problem("rate_limited", 429, Retry_After="31")]
    with pytest.raises(ProblemError) as caught:
        portrait.edit(b"p")
    assert caught.value.retry_after == 31
    assert script.pauses == []


@pytest.mark.parametrize(
    ("status", "code"), [(422, "invalid_request"), (413, "body_too_large"), (500, "internal_error")]
)
def test_a_refusal_is_raised_at_once(portrait: Any, script: Script, status: int, code: str) -> None:
    body = {"title": "t", "status": status, "detail": "d: change it", "code": code}
    script.answers = [answer(body | {"errors": [{"field": "f", "message": "m"}]}, status)]
    with pytest.raises(ProblemError, match="d: change it") as caught:
        portrait.edit(b"p")
    error = caught.value
    assert (error.status, error.code, error.detail) == (status, code, "d: change it")
    assert [(wrong.field, wrong.message) for wrong in error.errors] == [("f", "m")]


def test_the_problem_of_a_job_is_not_repeated(portrait: Any, script: Script) -> None:
    """The answer was lost, and the job has failed meanwhile: the same key would find it again and again."""
    script.answers = [httpx.ReadError("lost"), problem("worker_lost", 503, Content_Location="/jobs/j1")]
    with pytest.raises(ProblemError) as caught:
        portrait.edit(b"p")
    assert caught.value.code == "worker_lost"
    assert len(script.requests) == 2


def test_a_repeated_extraction_that_has_ended_is_still_a_job(portrait: Any, script: Script) -> None:
    script.answers = [
        httpx.ReadError("lost"),
        answer({"space": "arkit", "frames": []}, Location="/jobs/j1"),
        answer(DONE),
    ]
    assert portrait.extract(b"p").status == "succeeded"
    assert script.paths[-1] == "GET /base/v1/jobs/j1"


@pytest.mark.parametrize("body", [b"<html>Bad gateway</html>", b"", b"{}"])
def test_an_answer_that_is_not_the_services_says_so(portrait: Any, script: Script, body: bytes) -> None:
    script.answers = [answer(body, 502), answer(body, 200)]
    for status in (502, 200):
        with pytest.raises(UnexpectedAnswerError, match=f"status {status}"):
            portrait.job("j1")


def test_a_url_without_a_scheme_is_refused() -> None:
    for kind in (PortraitClient, AsyncPortraitClient):
        with pytest.raises(InvalidUrlError, match="http://"):
            kind("localhost:8000")


def test_ids_are_escaped(portrait: Any, script: Script) -> None:
    script.answers = [answer(JOB)]
    portrait.cancel("../a b")
    assert script.paths == ["DELETE /base/v1/jobs/..%2Fa%20b"]


def stream(*jobs: dict[str, Any]) -> httpx.Response:
    """Server-sent events, with a comment among them."""
    lines = "".join(f": ping\n\nevent: progress\nid: 1-0\ndata: {json.dumps(job)}\n\n" for job in jobs)
    return httpx.Response(200, content=lines.encode(), headers={"content-type": "text/event-stream"})


RUNNING = JOB | {"status": "running", "progress": {"done": 2, "total": 4, "stage": "render"}}


def test_waiting_follows_the_events(portrait: Any, script: Script) -> None:
    script.answers = [stream(JOB, RUNNING, RUNNING, DONE)]
    seen: list[tuple[str, int]] = []
    job = portrait.wait(Job.model_validate(JOB), on_progress=lambda job: seen.append((job.status, job.progress.done)))
    assert job.result.media_type == "image/png"
    assert seen == [("queued", 0), ("running", 2), ("succeeded", 0)]
    assert script.paths == ["GET /base/v1/jobs/j1/events"]


def test_waiting_connects_again_and_then_asks(portrait: Any, script: Script) -> None:
    script.answers = [
        answer(JOB),
        problem("too_many_streams", 503),
        answer(JOB),
        stream(RUNNING),  # cut short
        answer(RUNNING),
        httpx.ReadTimeout("silent"),
        answer(RUNNING),
        answer(RUNNING),
        answer(DONE),
    ]
    assert portrait.wait("j1").status == "succeeded"
    status, events = "GET /base/v1/jobs/j1", "GET /base/v1/jobs/j1/events"
    assert script.paths == [status, events, status, events, status, events, status, status, status]
    assert script.pauses == [1.0, 1.0]


def test_a_failed_job_raises_its_problem(portrait: Any, script: Script) -> None:
    error = {"status": 422, "detail": "No face.", "code": "no_face", "type": "t", "title": "t"}
    script.answers = [stream(JOB | {"status": "failed", "error": error})]
    with pytest.raises(ProblemError, match="No face") as caught:
        portrait.wait(Job.model_validate(JOB))
    assert caught.value.code == "no_face"
    with pytest.raises(JobCancelledError, match="j1"):
        portrait.result(Job.model_validate(JOB | {"status": "cancelled"}))


def test_waiting_may_be_no_waiting(portrait: Any, script: Script) -> None:
    with pytest.raises(WaitTimeoutError, match="queued"):
        portrait.wait(Job.model_validate(JOB), timeout_s=0)
    assert script.requests == []


def test_waiting_ends_in_time() -> None:
    """Near the end the job is requested: a stream could not be left in time."""
    clock = 100.0
    steps = Waiting(Job.model_validate(JOB), Retries(), timeout_s=2.5, now=lambda: clock).steps()
    taken: list[Step] = []

    def take_all() -> None:
        nonlocal clock
        taken.append(next(steps))
        while True:
            if isinstance(taken[-1], Sleep):
                clock += taken[-1].seconds
                taken.append(steps.send(None))
            else:
                taken.append(steps.send(Answer(200, {}, json.dumps(RUNNING).encode())))

    with pytest.raises(WaitTimeoutError, match=r"running after 2.5 s"):
        take_all()
    assert [step.seconds for step in taken if isinstance(step, Sleep)] == [1.0, 1.0, 0.5]


def test_a_result_is_saved_whole_or_not_at_all(portrait: Any, script: Script, tmp_path: Path) -> None:
    target = tmp_path / "out.png"

    class Broken(httpx.SyncByteStream, httpx.AsyncByteStream):
        def __iter__(self) -> Any:
            yield b"half"
            raise httpx.ReadError("cut")

        async def __aiter__(self) -> Any:
            yield b"half"
            raise httpx.ReadError("cut")

    def broken() -> httpx.Response:
        return httpx.Response(200, stream=Broken())

    done = Job.model_validate(DONE)
    script.answers = [broken(), problem("storage_full", 503), answer(b"all")]
    assert portrait.save(done, target) == target
    assert target.read_bytes() == b"all"
    assert script.paths == ["GET /base/v1/jobs/j1/result?index=0"] * 3
    script.answers = [broken() for _ in range(4)]
    with pytest.raises(NoConnectionError):
        portrait.save(done, target)
    assert [path.name for path in tmp_path.iterdir()] == ["out.png"]
    assert target.read_bytes() == b"all", "what was there before stays"


def test_a_result_comes_as_bytes(portrait: Any, script: Script) -> None:
    script.answers = [answer(b"clip")]
    assert portrait.result(Job.model_validate(DONE), index=2) == b"clip"
    assert script.paths == ["GET /base/v1/jobs/j1/result?index=2"]


def test_both_clients_offer_the_same() -> None:
    blocking, awaiting = public(PortraitClient), public(AsyncPortraitClient)
    assert [kinds.pop("live").return_annotation for kinds in (blocking, awaiting)] == ["Live", "AsyncLive"]
    assert blocking == awaiting
    assert public(Live) == public(AsyncLive)


def test_retry_after_is_seconds_or_a_date() -> None:
    def now() -> datetime:
        return datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)

    def read(value: str) -> float | None:
        return retry_after({"retry-after": value}, now)

    assert read("7") == 7
    assert read("Thu, 01 Jan 2026 12:00:30 GMT") == 30
    assert read("Thu, 01 Jan 2026 11:00:00 GMT") == 0
    assert [read(value) for value in ("", "soon", "-1")] == [None, None, None]


def test_pauses_double_and_differ_by_chance() -> None:
    early, late = Retries(most=9, draw=lambda: 0.999), Retries(most=9, draw=lambda: 0.0)
    assert [late.pause(sent) for sent in (1, 2, 3, 9)] == [0.5, 1.0, 2.0, 60.0]
    assert early.pause(3) == pytest.approx(1.0, rel=0.01)
    assert early.pause(1, retry_after=5) == 5
    assert late.pause(10) is None
    assert Retries(most=0).pause(1) is None
