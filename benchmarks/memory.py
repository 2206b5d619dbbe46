"""How much memory the processes of a stack that this program has started hold."""

from __future__ import annotations

import psutil

PROCESSES = {"API": "-m service", "worker": "-m workers"}


def stack_processes() -> dict[str, psutil.Process]:
    """API and worker by name."""
    return {
        name: process
        for process in psutil.Process().children(recursive=True)
        for name, ending in PROCESSES.items()
        if " ".join(process.cmdline()).endswith(ending)
    }


def held(process: psutil.Process) -> float:
    """MB of a process and its children; shared pages count once on Linux."""
    total = 0.0
    for each in (process, *process.children(recursive=True)):
        try:
            memory = each.memory_full_info()
        except psutil.Error:  # a decoder that has just been replaced
            continue
        total += getattr(memory, "pss", memory.uss) / 2**20
    return total


def held_by_stack() -> dict[str, float]:
    """MB of API and worker, the worker's decoder included."""
    return {name: held(process) for name, process in stack_processes().items()}
