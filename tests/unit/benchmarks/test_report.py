"""The page of `make bench`: every part against the baseline of the same run, and what failed by name."""

from __future__ import annotations

from typing import Any

from benchmarks.__main__ import clip_report
from benchmarks.report import markdown

BASELINE = "paper, PyTorch, float32, batch 1"


def row(name: str, frames_per_s: float) -> dict[str, Any]:
    return {
        "name": name,
        "frames_per_s": frames_per_s,
        "gflops": 10,
        "of_peak": 0.5,
        "psnr": 50,
        "ratio": frames_per_s / 2,
    }


def report(**parts: Any) -> dict[str, Any]:
    machine = {"date": "2026-01-01", "processor": "P", "architecture": "A", "cores": 2, "load_before": 0.1}
    return {"machine": machine, "parts": parts, "failed": {}}


NETWORK = {
    "threads": 2,
    "matmul_gflops": {"float32": 100.0},
    "baseline": BASELINE,
    "rows": [row(BASELINE, 2), row("small, OpenVINO, bfloat16, batch 1", 60)],
}


def test_networks_and_clips_are_given_against_the_baseline() -> None:
    job = {"result": {"frames": 50}, "metrics": {"render_s": 2.0}}
    clip = clip_report(2.5, job, ("render_s",)) | {"memory_mb": {"API": 60}}
    page = markdown(report(network=NETWORK, reenact=clip))
    assert "| small, OpenVINO, bfloat16, batch 1 | 60.00 | 10 | 50% | 50 | 30.0 |" in page
    assert "50 frames at 20.0 frames/s end to end, 10.0 times the baseline network alone" in page
    assert "| render | 80% |" in page
    assert "Memory: API 60 MB." in page


def test_edits_have_percentiles_and_the_baselines_frame_as_their_unit() -> None:
    edit = {"rows": {"cached": {"edits": 30, "p50_ms": 100.0, "p95_ms": 150.0, "p99_ms": 160.0}}, "memory_mb": {}}
    assert "| cached | 30 | 100 | 150 | 160 | 0.20 |" in markdown(report(network=NETWORK, edit=edit))
    assert "| cached | 30 | 100 | 150 | 160 |  |" in markdown(report(edit=edit)), "without networks there is no unit"


def test_what_failed_is_named() -> None:
    broken = report(network=NETWORK)
    broken["failed"]["talk"] = "SystemExit: no speech"
    page = markdown(broken)
    assert "## talk\n\nNot measured: SystemExit: no speech" in page
    assert "reenact" not in page
