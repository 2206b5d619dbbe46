"""How many cores this process may use: its affinity and the CPU quotas of its control groups. Torch-free."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")  # one a running kernel: the same in all containers of a machine


@dataclass(frozen=True)
class CpuBudget:
    """CPU time that a process may use, perhaps together with others.

    Attributes:
        name: equal in all processes that draw on the same budget, and in no others.
        cores: how many cores it is worth; a quota may be a fraction.
    """

    name: str
    cores: float


def usable_cores() -> int:
    """Cores that this process may keep busy, if nobody else does: at least 1.

    A fraction of a core is left alone: a thread for it would run into the quota, and the others would wait for it.
    """
    return max(1, int(min(budget.cores for budget in cpu_budgets())))


def cpu_budgets(process: Path = Path("/proc/self")) -> list[CpuBudget]:
    """All budgets that bound this process: the cores of its affinity, and every quota of its control groups.

    Args:
        process: the process's folder in /proc; where it tells no control groups (macOS), there are no quotas.
    """
    machine = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else platform.node()
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))
    budgets = [CpuBudget(f"{machine}/cores/{','.join(map(str, cores))}", len(cores))]
    for group in _groups(process):
        quota = _quota(group)
        if quota is not None:
            where = group.stat()
            # Containers see their own group under other paths, but under one inode.
            budgets.append(CpuBudget(f"{machine}/group/{where.st_dev}/{where.st_ino}", quota))
    return budgets


def _groups(process: Path) -> Iterator[Path]:
    """Folders of the control groups that may hold a CPU quota of the process, each with all above it."""
    for mount, root, hierarchy in _mounts(process):
        top = Path(mount)
        path = _membership(process, hierarchy)
        if path is None:
            continue
        # A container may see the whole path of its group, but only that group's part of the tree.
        inside = Path(path).relative_to(root) if Path(path).is_relative_to(root) else Path()
        group = top / inside if (top / inside).is_dir() else top
        yield group
        while group != top:
            group = group.parent
            yield group


def _mounts(process: Path) -> Iterator[tuple[str, str, str]]:
    """Mount point, root and hierarchy ("" for version 2) of the control group trees with a CPU controller."""
    for line in _lines(process / "mountinfo"):
        before, _, after = line.partition(" - ")
        fields, (kind, _, options) = before.split(), (*after.split(" ", 2), "", "")[:3]
        if kind == "cgroup2":
            yield fields[4], fields[3], ""
        elif kind == "cgroup" and "cpu" in options.strip().split(","):
            yield fields[4], fields[3], "cpu"


def _membership(process: Path, hierarchy: str) -> str | None:
    """Path of the process's group in a hierarchy."""
    for line in _lines(process / "cgroup"):
        _, controllers, path = line.strip().split(":", 2)
        if hierarchy in controllers.split(","):
            return path
    return None


def _quota(group: Path) -> float | None:
    """Cores that a control group may use; None without a limit."""
    both = _lines(group / "cpu.max")
    numbers = both[0].split() if both else [*_lines(group / "cpu.cfs_quota_us"), *_lines(group / "cpu.cfs_period_us")]
    if len(numbers) != 2 or numbers[0] == "max" or int(numbers[0]) <= 0:
        return None
    return int(numbers[0]) / int(numbers[1])


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:  # another system, or a file that this one does not show
        return []
