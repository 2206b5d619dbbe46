"""What operators see of real processes: metrics that dashboard and alerts read, logs with ids, a trace of every job."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families
from promql_parser import parse

from service.settings import ApiSettings
from tests.integration.api.conftest import api_process, free_port, wait_until
from tests.integration.workers.conftest import ROOT, environment_of
from tests.processes import start_process
from workers.contract.connection import connect

pytestmark = [pytest.mark.integration, pytest.mark.slow]

KEY = "a-key-that-no-log-may-hold"
REQUEST_ID = "request-0001"
CLIENT_TRACE = "0af7651916cd43dd8448eb211c80319c"
RULES = ROOT / "deploy" / "prometheus" / "alerts.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "dashboards" / "portrait.json"


class Collector:
    """Takes spans as an OpenTelemetry collector does."""

    def __init__(self) -> None:
        self.spans: dict[str, list[Span]] = {}
        spans = self.spans

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["Content-Length"])))
                for resource in body.resource_spans:
                    about = {one.key: one.value.string_value for one in resource.resource.attributes}
                    for scope in resource.scope_spans:
                        spans.setdefault(about["service.name"], []).extend(scope.spans)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *args: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"


class Seen:
    """What the processes left behind."""

    job: dict[str, Any]
    api_log: list[dict[str, Any]]
    worker_log: list[dict[str, Any]]
    api_metrics: str
    worker_metrics: str
    spans: dict[str, list[Span]]


@pytest.fixture(scope="module")
def seen(settings: ApiSettings, photo: dict[str, Any]) -> Iterator[Seen]:
    """An API and a worker that did one edit, failed at another, had a third cancelled, and ended."""
    with connect(settings.redis_url) as client:
        client.flushall()  # jobs of other tests
    collector, port, seen = Collector(), free_port(), Seen()
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "PORTRAIT_METRICS_PORT": str(port),
    }
    script = Path(__file__).parents[1] / "workers" / "standin.py"
    auth = {"Authorization": f"Bearer {KEY}"}
    with tempfile.NamedTemporaryFile() as log, api_process(settings, PORTRAIT_API_KEYS=KEY, **variables) as api:
        command = [sys.executable, str(script)]
        worker = start_process(command, cwd=ROOT, env=environment_of(settings, **variables), stderr=log)
        try:
            wait_until(lambda: api.http.get("/health/ready").status_code == 200, seconds=60)
            named = {"X-Request-Id": REQUEST_ID, "traceparent": f"00-{CLIENT_TRACE}-b7ad6b7169203331-01"}
            waited = {"Prefer": "wait=30"}
            seen.job = api.http.post("/edit", files=photo, headers=auth | named | waited).json()
            empty = {"source": ("grey.png", _grey(), "image/png")}
            api.http.post("/edit", files=empty, headers=auth | waited)
            seen.api_metrics = api.http.get("/metrics").text
            seen.worker_metrics = httpx.get(f"http://127.0.0.1:{port}/metrics").text
            worker.terminate()
            worker.wait(20)
        finally:
            worker.kill()
            worker.wait()
        seen.worker_log = [json.loads(line) for line in Path(log.name).read_text().splitlines()]
        api.process.terminate()
        api.process.wait(20)
        seen.api_log = [json.loads(line) for line in api.log.splitlines()]
    seen.spans = collector.spans
    yield seen
    collector.server.shutdown()


def _grey() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (128, 128), "grey").save(file, "PNG")
    return file.getvalue()


def samples(*texts: str) -> dict[str, set[str]]:
    """Name of every time series, and its labels."""
    found: dict[str, set[str]] = {}
    for text in texts:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                found.setdefault(sample.name, set()).update(sample.labels)
    return found


def expressions() -> Iterator[tuple[str, str]]:
    """Every query of the dashboard and of the alerts, with where it is."""
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"].replace("$__rate_interval", "5m")


def test_dashboard_and_alerts_read_metrics_that_exist(seen: Seen) -> None:
    known = samples(seen.api_metrics, seen.worker_metrics)
    known["up"] = {"job", "instance"}
    known["portrait_worker_gpu_memory_bytes"] = {"what"}  # of workers on a GPU alone
    known["portrait_jobs_requeued_total"] = {"reason"}  # once one was
    known["portrait_live_problems_total"] = {"code"}  # once a wish got no picture
    known["portrait_live_connections_ended_total"] = {"end"}  # once one did
    for place, expression in expressions():
        parse(expression)
        selectors = re.findall(r"\b(up|portrait_\w+)(?:\{([^}]*)\})?", expression)
        assert selectors, place
        for name, matchers in selectors:
            assert name in known, f"{place}: no process has a metric {name}"
            assert set(re.findall(r"(\w+)\s*=~?", matchers)) <= known[name], f"{place}: {name} has other labels"


def test_every_alert_has_a_page_in_the_playbook() -> None:
    playbook = (ROOT / "docs" / "operations.md").read_text()
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        for rule in group["rules"]:
            assert f"| `{rule['alert']}` |" in playbook, rule["alert"]


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool on PATH")
def test_alerts_fire_when_they_should() -> None:
    subprocess.run(["promtool", "test", "rules", "alerts_test.yml"], cwd=RULES.parent, check=True, capture_output=True)


def test_jobs_are_counted_once(seen: Seen) -> None:
    ended = re.findall(r"^portrait_jobs_ended_total\{(.*)\} (.*)$", seen.worker_metrics, re.MULTILINE)
    assert sorted(ended) == [
        ('code="",kind="edit",status="succeeded"', "1.0"),
        ('code="no_face",kind="edit",status="failed"', "1.0"),
    ]
    assert "portrait_jobs_ended_total{" not in seen.api_metrics
    assert 'portrait_worker_frames_total{kind="edit"} 1.0' in seen.worker_metrics
    assert 'portrait_job_wait_seconds_count{queue="interactive"} 2.0' in seen.worker_metrics


def test_logs_tie_a_request_to_its_job(seen: Seen) -> None:
    job = seen.job["id"]
    [accepted] = [line for line in seen.api_log if line.get("job_id") == job and line["message"] == "request"]
    [done] = [line for line in seen.worker_log if line.get("job_id") == job and line["logger"] == "workers.runner"]
    assert accepted["request_id"] == done["request_id"] == REQUEST_ID
    assert accepted["tenant"] == done["tenant"]
    assert (done["kind"], done["status"]) == ("edit", "succeeded")
    assert done["decode_s"] > 0
    assert KEY not in json.dumps([seen.api_log, seen.worker_log])


def test_a_trace_leads_from_the_request_to_the_stages(seen: Seen) -> None:
    trace = [
        (process, span)
        for process, spans in seen.spans.items()
        for span in spans
        if span.trace_id.hex() == CLIENT_TRACE
    ]
    names = {span.span_id: span.name for _, span in trace}
    parents = {(process, span.name): names.get(span.parent_span_id) for process, span in trace}
    assert parents[("portrait-api", "POST /edit")] is None, "the client's own span"
    assert parents[("portrait-worker", "job edit")] == "POST /edit"
    for stage in ("wait", "decode", "extract", "render", "encode"):
        assert parents[("portrait-worker", stage)] == "job edit"
    [job] = [span for _, span in trace if span.name == "job edit"]
    assert {one.key: one.value.string_value for one in job.attributes}["job_id"] == seen.job["id"]
