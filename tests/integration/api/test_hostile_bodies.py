"""Small requests that would cost much, and text that cannot be written: refused at once, in few words."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from service.settings import ApiSettings
from tests.integration.api.conftest import ActedWorker, assert_problem
from workers.contract.owners import ANONYMOUS

pytestmark = pytest.mark.integration

MOST_BYTES = 2**16
# An idle machine takes a quarter of the half second that is promised; the suite shares its cores.
MOST_SECONDS = 3.0
MOST_SILENCE = 1.5

Send = Callable[[httpx.Client], httpx.Response]


def body(route: str, document: Any) -> Send:
    """The document as a JSON body."""
    text = document if isinstance(document, str) else json.dumps(document)
    return lambda api: api.post(route, content=text, headers={"content-type": "application/json"})


def form(route: str, **fields: str) -> Send:
    """The fields as text parts of a multipart body."""
    return lambda api: api.post(route, files={name: (None, text) for name, text in fields.items()})


def both(route: str, field: str, document: Any) -> dict[str, Send]:
    """A field of a JSON body, and of a form."""
    text = document if isinstance(document, str) else json.dumps(document)
    return {"json": body(route, f'{{"{field}": {text}}}'), "form": form(route, **{field: text})}


def with_header(name: str, value: str, route: str = "/edit") -> Send:
    return lambda api: api.post(route, data={"controls": "{}"}, headers={name: value})


def get(path: str) -> Send:
    return lambda api: api.get(path)


def nested(depth: int) -> str:
    return '{"a": ' * depth + "1" + "}" * depth


def raw(route: str, content_type: str, content: bytes) -> Send:
    return lambda api: api.post(route, content=content, headers={"content-type": content_type})


URL_ENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"
FILE_PART = b'--b\r\nContent-Disposition: form-data; name="source"; filename="a.png"\r\n\r\n'
LONG = "x" * 3_000_000
KEYFRAMES = [{"time": i / 100, "expression": {f"n{k}": 9 for k in range(120)}} for i in range(1000)]
UNKNOWN = [{"time": i / 100, "expression": {f"n{k}": 0.5 for k in range(120)}} for i in range(1000)]

BODIES: dict[str, tuple[Send, tuple[int, ...]]] = {
    "a million texts as coefficients": (body("/edit", {"controls": {"coefficients": ["x"] * 1_000_000}}), (422,)),
    "a million coefficients": (body("/edit", {"controls": {"coefficients": [9] * 1_000_000}}), (422,)),
    "three million coefficients": (body("/edit", {"controls": {"coefficients": [9] * 3_000_000}}), (413,)),
    "20,000 unknown sliders": (
        body("/edit", {"controls": {"expression": {f"n{i}": 1 for i in range(20_000)}}}),
        (422,),
    ),
    "a hundred unknown sliders": (
        body("/edit", {"controls": {"expression": {f"n{i}": 1 for i in range(100)}}}),
        (422,),
    ),
    "20,000 wrong sliders": (
        body("/edit", {"controls": {"expression": {f"n{i}": "a" for i in range(20_000)}}}),
        (422,),
    ),
    "a slider's name of 3 MB": (body("/edit", {"controls": {"expression": {LONG: 1}}}), (422,)),
    "unknown keys of controls": (body("/edit", {"controls": {f"n{i}": 1 for i in range(100_000)}}), (422,)),
    "an unknown key of 3 MB": (body("/edit", {"controls": {LONG: 1}}), (422,)),
    "wrong keyframes": (body("/edit", {"controls": {"keyframes": KEYFRAMES}}), (422,)),
    "keyframes of unknown sliders": (body("/edit", {"controls": {"keyframes": UNKNOWN}}), (422,)),
    "keyframes without end": (body("/edit", {"controls": {"keyframes": [{"time": 0}] * 300_000}}), (413,)),
    "too many keyframes": (body("/edit", {"controls": {"keyframes": [{"time": 0}] * 60_000}}), (422,)),
    "a million empty lists": (form("/talk", options='{"pose": {"frames": [' + "[]," * 1_000_000 + "1]}}"), (413,)),
    "keyframes that go back": (
        body("/edit", {"controls": {"keyframes": [{"time": 1000 - i} for i in range(1000)]}}),
        (422,),
    ),
    "a mode of 3 MB": (body("/edit", {"controls": {"mode": LONG}}), (422,)),
    "options nested deep, as json": (both("/edit", "options", nested(900))["json"], (400,)),
    "options nested deep, as form": (both("/edit", "options", nested(900))["form"], (400,)),
    "pose nested deep": (form("/talk", options=f'{{"pose": {nested(900)}}}'), (400,)),
    "lists nested deep": (form("/talk", options='{"pose": {"frames": ' + "[" * 500 + "]" * 500 + "}}"), (400,)),
    "lists nested without end": (body("/edit", "[" * 5_000_000), (400,)),
    "objects nested without end": (body("/edit", nested(300_000)), (400,)),
    "options of 15 MB": (form("/edit", options=f'{{"a": "{"x" * 15_000_000}"}}'), (413,)),
    "options of 15 MB that /talk reads": (form("/talk", options=f'{{"a": "{"x" * 15_000_000}"}}'), (422,)),
    "options of 7 million numbers": (form("/talk", options=f'{{"pose": {{"frames": [{"1," * 7_000_000}1]}}}}'), (413,)),
    "options of 15 MB in a JSON body": (body("/edit", {"options": {"a": "x" * 17_000_000}}), (413,)),
    "a long source_id": (body("/edit", {"source_id": LONG}), (422,)),
    "a long source_id in a form": (form("/edit", source_id="x" * 900_000), (422,)),
    "a rather long source_id": (body("/edit", {"source_id": "x" * 150}), (422,)),
    "a long unknown field": (body("/edit", {LONG: 1}), (422,)),
    "a long unknown field in a form": (lambda api: api.post("/edit", files={"n" * 3000: (None, "1")}), (422,)),
    "many unknown fields": (body("/edit", {f"n{i}": 1 for i in range(100_000)}), (400,)),
    "many fields of a form": (form("/edit", **{f"n{i}": "1" for i in range(5_000)}), (400,)),
    "many fields of a URL-encoded form": (
        lambda api: api.post("/edit", data={f"n{i}": "1" for i in range(100_000)}),
        (400,),
    ),
    "a long field of a URL-encoded form": (lambda api: api.post("/edit", data={"options": LONG}), (413,)),
    "a URL-encoded form of nothing": (raw("/edit", URL_ENCODED, b"&" * 30_000_000), (413,)),
    "a shorter one": (raw("/edit", URL_ENCODED, b"&" * 2_000_000), (400,)),
    "a file of half boundaries": (
        raw("/edit", MULTIPART, FILE_PART + b"\r\n--" * 7_500_000 + b"\r\n--b--\r\n"),
        (415,),
    ),
    "many headers of a part": (raw("/edit", MULTIPART, b"--b\r\n" + b"X-A: 1\r\n" * 1_000_000), (400,)),
    "a part's name of 3 MB": (raw("/edit", MULTIPART, FILE_PART.replace(b"source", b"x" * 3_000_000)), (400,)),
    "an endless integer": (both("/edit", "options", '{"face": ' + "9" * 100_000 + "}")["form"], (400,)),
    "a long key": (with_header("Idempotency-Key", "k" * 5000), (400, 422)),
    "a long preference": (with_header("Prefer", "wait=1," * 700), (422,)),
    "a long Accept": (with_header("Accept", "image/png;q=0.1," * 300), (422,)),
    "a long Content-Type": (with_header("Content-Type", "text/" + "x" * 5000), (415,)),
    "a long format": (lambda api: api.post("/extract", params={"format": "y" * 5000}), (422,)),
    "an endless index": (get("/jobs/x/result?index=" + "9" * 5000), (404, 422)),
    "a long job id": (get("/jobs/" + "j" * 5000), (404,)),
    "a long source id in the path": (get("/sources/" + "s" * 5000), (404,)),
    "a long path": (get("/" + "p" * 5000), (404,)),
}


@contextmanager
def longest_silence(url: str) -> Iterator[list[float]]:
    """Poll liveness meanwhile; the list holds how long each answer took."""
    taken: list[float] = []
    polled, stop = threading.Event(), threading.Event()

    def poll() -> None:
        with httpx.Client(base_url=url, timeout=30) as probe:
            while not stop.is_set():
                began = time.monotonic()
                assert probe.get("/health/live").status_code == 200
                taken.append(time.monotonic() - began)
                polled.set()
                stop.wait(0.01)

    thread = threading.Thread(target=poll)
    thread.start()
    try:
        assert polled.wait(10)
        yield taken
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize(("send", "statuses"), BODIES.values(), ids=BODIES)
def test_a_refusal_is_short_and_quick(
    api: httpx.Client, settings: ApiSettings, send: Send, statuses: tuple[int, ...]
) -> None:
    with longest_silence(f"http://127.0.0.1:{settings.port}") as silences:
        began = time.monotonic()
        answer = send(api)
        seconds = time.monotonic() - began
    assert answer.status_code in statuses, answer.text[:1000]
    problem = assert_problem(answer, answer.status_code, answer.json()["code"])
    assert len(answer.content) <= MOST_BYTES
    assert len(problem.get("errors", [])) <= 20
    assert seconds < MOST_SECONDS
    assert max(silences) < MOST_SILENCE


def test_the_number_of_errors_is_reported(api: httpx.Client) -> None:
    answer = body("/edit", {"controls": {"expression": {f"n{i}": 1 for i in range(100)}}})(api)
    problem = assert_problem(answer, 422, "invalid_request")
    assert len(problem["errors"]) == 20
    assert problem["detail"].startswith("100 fields are wrong; the first 20: controls.expression.n0: unknown slider")


def test_a_long_echo_is_cut(api: httpx.Client) -> None:
    for answer in (body("/edit", {"source_id": "ab" * 80})(api), get("/sources/" + "ab" * 200)(api)):
        assert "ababab" in answer.json()["detail"]
        assert "ab" * 33 not in answer.json()["detail"]


def test_poses_of_two_minutes_are_still_read(api: httpx.Client, worker: ActedWorker, photo: dict[str, Any]) -> None:
    frames = [
        {
            "time": i / 25,
            "face": {"box": [0.0, 0.0, 100.5, 100.5], "score": 0.9876543},
            "expression": {f"mouthNameOfASlider{k}": 0.123456789 for k in range(53)},
            "pose": dict.fromkeys(("yaw", "pitch", "roll", "x", "y", "zoom"), 0.1),
            "coefficients": [0.123456789] * 59,
        }
        for i in range(3000)
    ]
    pose = {"space": "arkit", "names": ["a"] * 59, "fps": 25, "frames": frames}
    sound = b"RIFF\x00\x00\x00\x00WAVEfmt " + bytes(100)
    answer = api.post(
        "/talk",
        files=photo | {"audio": ("a.wav", sound, "audio/wav")},
        data={"options": json.dumps({"pose": pose})},
    )
    assert answer.status_code == 202, answer.text
    request = worker.store.get(answer.json()["id"]).request
    assert json.loads(worker.sources.open(ANONYMOUS, request.pose_id).read()) == pose


SURROGATE, NUL = "\\ud800", "\\u0000"


@pytest.mark.parametrize("escape", [SURROGATE, NUL, "\\uDFFF", "\\u001b"])
@pytest.mark.parametrize("as_form", [False, True], ids=["json", "form"])
@pytest.mark.parametrize(
    ("route", "field", "document", "where"),
    [
        ("/edit", "controls", '{"expression": {"jaw%sOpen": 1}}', "controls.expression.jaw\ufffdOpen"),
        ("/edit", "controls", '{"%s": 1}', "controls.\ufffd"),
        ("/edit", "controls", '{"mode": "a%s"}', "controls.mode"),
        ("/edit", "controls", '{"keyframes": [{"time": 0}, {"x": "%s"}]}', "controls.keyframes.1.x"),
        ("/edit", "options", '{"face": "%s"}', "options.face"),
        ("/talk", "options", '{"pose": {"space": "%s"}}', "options.pose.space"),
        ("/reenact", "options", '{"region": "%s"}', "options.region"),
        ("/extract", "options", '{"%s": {}}', "options.\ufffd"),
    ],
)
def test_text_that_cannot_be_written_is_named(
    api: httpx.Client, route: str, field: str, document: str, where: str, as_form: bool, escape: str
) -> None:
    answer = both(route, field, document.replace("%s", escape))["form" if as_form else "json"](api)
    problem = assert_problem(answer, 422, "invalid_request")
    assert [error["field"] for error in problem["errors"]] == [where]
    assert "cannot be written" in problem["errors"][0]["message"]


@pytest.mark.parametrize("route", ["/edit", "/reenact", "/talk", "/extract", "/faces", "/sources"])
def test_a_broken_name_or_id_is_named(api: httpx.Client, route: str) -> None:
    answer = body(route, f'{{"{SURROGATE}": 1}}')(api)
    assert [error["field"] for error in assert_problem(answer, 422, "invalid_request")["errors"]] == ["\ufffd"]
    if route != "/sources":
        for text in (SURROGATE, NUL, f"ab{SURROGATE}"):
            answer = body(route, f'{{"source_id": "{text}"}}')(api)
            fields = [error["field"] for error in assert_problem(answer, 422, "invalid_request")["errors"]]
            assert fields == ["source_id"]


CHARSETS = ["utf-7", "unicode_escape", "raw_unicode_escape", "utf-16", "punycode", "\x01", "nonsense", "hex", '"a;b"']


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("text", ["+2AA-", "\\ud800", "\\x00", "\x00"])
def test_no_charset_makes_text_that_cannot_be_written(api: httpx.Client, charset: str, text: str) -> None:
    content = f'--b\r\nContent-Disposition: form-data; name="source_id"\r\n\r\n{text}\r\n--b--\r\n'
    for header in (
        f"multipart/form-data; charset={charset}; boundary=b",
        f"multipart/form-data; boundary=b; CHARSET={charset}",
    ):
        answer = api.post("/edit", content=content.encode(), headers={"content-type": header})
        if answer.status_code == 400 and "text/plain" in answer.headers["content-type"]:
            assert charset == "\x01", "no HTTP at all"
            continue
        assert answer.status_code == 422, answer.text
        assert [error["field"] for error in answer.json()["errors"]] == ["source_id"]


def test_an_emoji_is_no_fault(api: httpx.Client, photo: dict[str, Any]) -> None:
    answer = body("/edit", '{"controls": {"expression": {"\\ud83d\\ude00": 1}}}')(api)
    problem = assert_problem(answer, 422, "invalid_request")
    assert problem["errors"][0]["field"] == "controls.expression.😀"
    assert "unknown slider" in problem["errors"][0]["message"]


STRANGE = ["\ud800".encode("utf-8", "surrogatepass"), b"\0", b"\xff\xfe", b"\r\n", "😀".encode()]


@pytest.mark.parametrize("raw", STRANGE)
def test_strange_bytes_in_addresses(api: httpx.Client, raw: bytes) -> None:
    text = "".join(f"%{byte:02x}" for byte in raw)
    base = str(api.base_url).rstrip("/")
    for path, code in (
        (f"/jobs/{text}", "unknown_job"),
        (f"/jobs/{text}/events", "unknown_job"),
        (f"/jobs/{text}/result", "unknown_job"),
        (f"/sources/{text}", "unknown_source"),
        (f"/{text}", "not_found"),
    ):
        assert_problem(api.get(httpx.URL(base + path)), 404, code)
    for query in (f"index={text}", f"{text}={text}"):
        answer = api.get(httpx.URL(f"{base}/jobs/x/result?{query}"))
        assert answer.status_code in (404, 422)
        assert_problem(answer, answer.status_code, answer.json()["code"])
    answer = api.post(httpx.URL(f"{base}/extract?format={text}"), json={})
    assert [error["field"] for error in assert_problem(answer, 422, "invalid_request")["errors"]] == ["query.format"]


@pytest.mark.parametrize("raw", [b"\xed\xa0\x80", b"\xff\xfe", "😀".encode(), b"\x85"])
@pytest.mark.parametrize("name", [b"Idempotency-Key", b"Prefer", b"Accept", b"X-Request-Id", b"Content-Type"])
def test_strange_bytes_in_headers(api: httpx.Client, photo: dict[str, Any], name: bytes, raw: bytes) -> None:
    if name == b"Content-Type":
        assert_problem(api.post("/edit", content=b"x", headers=[(name, raw)]), 415, "unsupported_content_type")
        return
    answer = api.post("/edit", files=photo, headers=[(name, raw)])
    assert answer.status_code == 202, answer.text


def test_a_file_may_hold_what_it_wants(api: httpx.Client, worker: ActedWorker, photo: dict[str, Any]) -> None:
    document = b'{"space": "\\ud800", "frames": []}'
    files = {"source": base64.b64encode(photo["source"][1]).decode(), "driver": base64.b64encode(document).decode()}
    answer = api.post("/reenact", json=files)
    assert answer.status_code == 202, "only a worker reads it"
