"""How the libraries below the models run: idle threads sleep, threads follow the cores, and nobody is called.

Each library reads its variables once, while it is loaded. So `models` sets them before anything else happens, and the
entry points load `models` first. What the user has set stays. Torch-free.
"""

from __future__ import annotations

import os

from models.cores import usable_cores

# By default a thread without work spins, in the hope of some. Where another process wants the core, that takes the
# core away from the very thread that all the others wait for, and everything takes ten times as long.
_SLEEP_WHEN_IDLE = {
    "OMP_WAIT_POLICY": "PASSIVE",  # torch's OpenMP
    "KMP_BLOCKTIME": "0",  # the same for builds with Intel's or LLVM's OpenMP, in milliseconds
    "OPENBLAS_THREAD_TIMEOUT": "4",  # NumPy, SciPy: 2 to the power of 4 clock cycles, the least there is
    "OPENCV_THREAD_POOL_ACTIVE_WAIT_WORKER": "0",
    "OPENCV_THREAD_POOL_ACTIVE_WAIT_MAIN": "0",
}
# ONNX Runtime would write a device id into the user's cache and report to its makers.
_CALL_NOBODY = {"ORT_DISABLE_TELEMETRY": "1"}


def prepare_libraries() -> None:
    """Set the variables of libraries that are not loaded yet, in this process and those that it starts."""
    threads = str(thread_count())
    follow_the_cores = {"OMP_NUM_THREADS": threads, "OPENCV_FOR_THREADS_NUM": threads}  # OpenBLAS reads OpenMP's
    for name, value in {**_SLEEP_WHEN_IDLE, **_CALL_NOBODY, **follow_the_cores}.items():
        os.environ.setdefault(name, value)


def thread_count() -> int:
    """CPU threads for one network or decoder: PORTRAIT_THREADS or OMP_NUM_THREADS, else the cores that may be used."""
    for name in ("PORTRAIT_THREADS", "OMP_NUM_THREADS"):
        outermost = os.environ.get(name, "").partition(",")[0].strip()  # OpenMP takes one number a level of nesting
        if outermost.isdecimal() and int(outermost) > 0:
            return int(outermost)
    return usable_cores()
