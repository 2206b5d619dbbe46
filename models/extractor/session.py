"""ONNX Runtime sessions as the extractor wants them."""

from __future__ import annotations

import os
from pathlib import Path

import onnxruntime

from models.errors import BundleError
from models.runtime import thread_count


def open_session(
    path: Path, threads: int | None, outputs: tuple[str, ...], device: str = "auto"
) -> onnxruntime.InferenceSession:
    """Load an ONNX file.

    Args:
        threads: CPU threads of one call; None for `models.runtime.thread_count`.
        outputs: the names that the file must offer.
        device: "auto" (a CUDA device if this machine has one, else the CPU), "cpu", "cuda" or "cuda:1".

    Raises:
        BundleError: the file is missing, is no ONNX model, or lacks an output.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors only: a missing GPU is no news
    options.intra_op_num_threads = threads or thread_count()
    for pool in ("intra_op", "inter_op"):  # idle threads sleep; ONNX Runtime has no variable for that
        options.add_session_config_entry(f"session.{pool}.allow_spinning", "0")
    try:
        # Bytes rather than the path: ONNX Runtime's errors about files differ between platforms, pathlib's do not.
        session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=providers(device))
    except FileNotFoundError:
        raise BundleError(f"{path} does not exist: point to a complete bundle") from None
    except Exception as error:
        # ONNX Runtime's exceptions share no base class of their own.
        raise BundleError(
            f"{path.name} is no ONNX model that ONNX Runtime can load ({error}): restore the file"
        ) from error
    missing = set(outputs) - {output.name for output in session.get_outputs()}
    if missing:
        names = ", ".join(sorted(missing))
        raise BundleError(f"{path.name} does not offer {names}: take the file that belongs to this version")
    return session


def providers(device: str) -> list[str | tuple[str, dict[str, int]]]:
    """What ONNX Runtime computes with on a device, `PORTRAIT_DEVICE`'s words.

    CUDA only where a device is: elsewhere a GPU build would try, warn and fall back at every start.
    """
    kind, _, number = device.partition(":")
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES", "any").strip() in {"", "-1"}
    has_cuda = "CUDAExecutionProvider" in onnxruntime.get_available_providers() and Path("/dev/nvidiactl").exists()
    if kind == "cpu" or hidden or not has_cuda:
        return ["CPUExecutionProvider"]
    return [("CUDAExecutionProvider", {"device_id": int(number or 0)}), "CPUExecutionProvider"]
