"""The results as a page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any


def markdown(report: dict[str, Any]) -> str:
    """RESULTS.md of what `python -m benchmarks` has measured."""
    machine, parts = report["machine"], report["parts"]
    lines = [
        "# How fast it is",
        "",
        (
            f"Written by `make bench` on {machine['date']}: {machine['processor']} ({machine['architecture']}), "
            f"{machine['cores']} cores, load {machine['load_before']} before. Times are wall-clock; upload, "
            "queue and download count. The baseline is named in each table."
        ),
    ]
    for name, section in _SECTIONS.items():
        if name in parts:
            lines += ["", *section(parts[name], parts)]
        elif name in report["failed"]:
            lines += ["", f"## {name}", "", f"Not measured: {report['failed'][name]}"]
    return "\n".join(lines) + "\n"


def _network(part: dict[str, Any], _: dict[str, Any]) -> Iterator[str]:
    peaks = ", ".join(f"{value:.0f} GFLOP/s in {name}" for name, value in part["matmul_gflops"].items())
    yield f"## The networks alone, 256², {part['threads']} threads"
    yield ""
    yield f"A large matrix product reaches {peaks}. PSNR is against the same network in float32."
    yield ""
    yield from _table(
        ("network", "frames/s", "GFLOP/s", "of the peak", "PSNR dB", f"times the baseline ({part['baseline']})"),
        (
            (
                row["name"],
                f"{row['frames_per_s']:.2f}",
                f"{row['gflops']:.0f}",
                f"{row['of_peak']:.0%}",
                f"{row['psnr']:.0f}",
                f"{row['ratio']:.1f}",
            )
            for row in part["rows"]
        ),
    )


def _edit(part: dict[str, Any], parts: dict[str, Any]) -> Iterator[str]:
    frame = _baseline_s(parts)
    yield "## POST /edit, 512² photo, JPEG"
    yield ""
    yield from _table(
        ("", "edits", "p50 ms", "p95 ms", "p99 ms", "p50 against one frame of the baseline network"),
        (
            (
                name,
                *(f"{row[key]:g}" for key in ("edits", "p50_ms", "p95_ms", "p99_ms")),
                f"{row['p50_ms'] / 1000 / frame:.2f}" if frame else "",
            )
            for name, row in part["rows"].items()
        ),
    )
    yield ""
    yield _memory(part)


def _clip(route: str, part: dict[str, Any], parts: dict[str, Any]) -> Iterator[str]:
    frame = _baseline_s(parts)
    times = f", {part['frames_per_s'] * frame:.1f} times the baseline network alone" if frame else ""
    yield f"## POST /{route}, 512² photo, H.264 with sound"
    yield ""
    yield f"{part['frames']} frames at {part['frames_per_s']:.1f} frames/s end to end{times}. Stages overlap:"
    yield ""
    yield from _table(("stage", "busy, of the job's time"), ((n, f"{s:.0%}") for n, s in part["fractions"].items()))
    if "memory_mb" in part:
        yield ""
        yield _memory(part)


def _workers(part: dict[str, Any], _: dict[str, Any]) -> Iterator[str]:
    yield "## Workers that share the machine with a busy neighbour"
    yield ""
    yield from _table(
        ("workers", "edits/s", "against one"),
        ((count, f"{row['edits_per_s']:.2f}", f"{row['ratio']:.2f}") for count, row in part["rows"].items()),
    )


def _memory(part: dict[str, Any]) -> str:
    return "Memory: " + ", ".join(f"{name} {size} MB" for name, size in part["memory_mb"].items()) + "."


def _baseline_s(parts: dict[str, Any]) -> float | None:
    """Seconds of one frame of the baseline network in the same run."""
    network = parts.get("network")
    if network is None:
        return None
    return 1 / next(row["frames_per_s"] for row in network["rows"] if row["name"] == network["baseline"])


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    head = list(head)
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


_SECTIONS = {
    "network": _network,
    "edit": _edit,
    "reenact": lambda part, parts: _clip("reenact", part, parts),
    "talk": lambda part, parts: _clip("talk", part, parts),
    "workers": _workers,
}
