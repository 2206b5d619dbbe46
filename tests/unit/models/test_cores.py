"""Cores that a process may use: of its affinity, and of the quotas of its control groups in both versions."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from models.cores import cpu_budgets, usable_cores

COUNT = "from models.cores import usable_cores; print(usable_cores())"
V1 = Path("/sys/fs/cgroup/cpu/cpu.cfs_quota_us")
V2 = Path("/sys/fs/cgroup/cgroup.subtree_control")


def quotas(process: Path) -> list[float]:
    return [budget.cores for budget in cpu_budgets(process)[1:]]


class Machine:
    """A process folder and a tree of control groups, laid out as Linux does it."""

    def __init__(self, folder: Path) -> None:
        self.process, self.tree = folder / "self", folder / "tree"
        self.process.mkdir()
        self.tree.mkdir()

    def describe(self, cgroup: str, root: str, kind: str) -> None:
        (self.process / "cgroup").write_text(f"7:memory:/elsewhere\n{cgroup}\n")
        mount = f"32 31 0:29 {root} {self.tree} rw,relatime shared:9 - {kind}\n"
        (self.process / "mountinfo").write_text(f"22 1 8:1 / / rw - ext4 /dev/root rw\n{mount}")

    def limit(self, group: str, **files: str) -> None:
        folder = self.tree / group
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name.replace("__", ".")).write_text(f"{text}\n")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_version_two_is_bound_by_the_group_and_all_above_it(machine: Machine) -> None:
    machine.describe("0::/system.slice/portrait.service", "/", "cgroup2 cgroup2 rw")
    machine.limit("system.slice/portrait.service", cpu__max="max 100000")
    machine.limit("system.slice", cpu__max="150000 100000")
    assert quotas(machine.process) == [1.5]
    machine.limit("system.slice/portrait.service", cpu__max="50000 100000")
    assert quotas(machine.process) == [0.5, 1.5]


def test_version_one_is_read_where_the_cpu_controller_is(machine: Machine) -> None:
    machine.describe("4:cpu,cpuacct:/docker/abc", "/", "cgroup cgroup rw,cpu,cpuacct")
    machine.limit("docker/abc", cpu__cfs_quota_us="300000", cpu__cfs_period_us="100000")
    machine.limit("", cpu__cfs_quota_us="-1", cpu__cfs_period_us="100000")
    assert quotas(machine.process) == [3.0]


@pytest.mark.parametrize("root", ["/docker/abc", "/"])
def test_a_container_that_sees_its_own_group_alone_is_bound_by_it(machine: Machine, root: str) -> None:
    """Version 1 shows the path from the top, although the mounted tree begins at the container's group."""
    machine.describe("4:cpu:/docker/abc", root, "cgroup cgroup rw,cpu")
    machine.limit("", cpu__cfs_quota_us="200000", cpu__cfs_period_us="100000")
    assert quotas(machine.process) == [2.0]


def test_without_control_groups_there_are_the_cores(tmp_path: Path) -> None:
    [cores] = cpu_budgets(tmp_path)
    assert cores.cores >= usable_cores() >= 1


def test_two_processes_name_the_same_budgets_alike() -> None:
    code = "from models.cores import cpu_budgets; print(*(budget.name for budget in cpu_budgets()), sep='\\n')"
    names = [subprocess.check_output([sys.executable, "-c", code], text=True) for _ in range(2)]
    assert names[0] == names[1] == "\n".join(budget.name for budget in cpu_budgets()) + "\n"


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system binds no process to cores")
def test_a_process_on_one_core_counts_one() -> None:
    core = min(os.sched_getaffinity(0))
    code = f"import os; os.sched_setaffinity(0, {{{core}}}); {COUNT}"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "1\n"


@contextmanager
def real_group() -> Iterator[Path]:
    """A control group of this machine that may use one core."""
    if V1.exists():
        group, files = V1.parent / f"portrait-test-{os.getpid()}", {"cpu.cfs_quota_us": "100000"}
    elif V2.exists() and "cpu" in V2.read_text().split():
        group, files = V2.parent / f"portrait-test-{os.getpid()}", {"cpu.max": "100000 100000"}
    else:
        pytest.skip("no CPU controller of control groups")
    try:
        group.mkdir()
    except OSError:
        pytest.skip("no right to make a control group")
    try:
        for name, text in files.items():
            (group / name).write_text(text)
        yield group
    finally:
        group.rmdir()


def test_a_process_in_a_real_group_with_a_quota_counts_that() -> None:
    with real_group() as group:
        join = f"import os; open({str(group / 'cgroup.procs')!r}, 'w').write(str(os.getpid()))"
        assert subprocess.check_output([sys.executable, "-c", f"{join}; {COUNT}"], text=True) == "1\n"
