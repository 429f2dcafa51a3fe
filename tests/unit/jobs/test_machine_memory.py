"""Memory of the machine, or of the control group around a process: made-up /proc and /sys, both versions."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from prism.jobs.machine_memory import left_bytes, total_bytes

MACHINE = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
MB = 2**20
UNIFIED = ("memory.max", "memory.current", "inactive_file")
SEPARATE = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def machine_mb(root: Path) -> int:
    """What profiles/default says; a profile cannot import the function that it repeats."""
    profile = Path(__file__).resolve().parents[3] / "profiles/default/config.yaml"
    names: dict = {}
    for statement in yaml.safe_load(profile.read_text())["__definitions__"]:
        exec(statement, names)
    return names["machine_mb"](root)


def group(folder: Path, names, limit, used=0, cached=0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in zip(names, (limit, used), strict=False):
        (folder / name).write_text(f"{value}\n")
    (folder / "memory.stat").write_text(f"anon 5\n{names[2]} {cached}\n")


@pytest.fixture
def root(tmp_path):
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/meminfo").write_text("MemTotal: 99 kB\nMemAvailable:    4096 kB\n")
    return tmp_path


def said(root: Path) -> tuple[float, float]:
    """MB in all, which both say, and MB left."""
    assert machine_mb(root) == total_bytes(root) // MB
    return total_bytes(root) / MB, left_bytes(root) / MB


def test_without_control_groups_it_is_the_machines(root):
    assert said(root) == (MACHINE / MB, 4)


def test_version_2_the_smallest_of_the_group_and_those_around_it(root):
    (root / "proc/self/cgroup").write_text("0::/job/step\n")
    group(root / "sys/fs/cgroup/job/step", UNIFIED, "max", 5 * MB)
    group(root / "sys/fs/cgroup/job", UNIFIED, 9 * MB, 8 * MB)
    assert said(root) == (9, 1)


def test_a_container_sees_its_own_group_as_the_root(root):
    (root / "proc/self/cgroup").write_text("0::/\n")
    group(root / "sys/fs/cgroup", UNIFIED, 7 * MB, 6 * MB, cached=2 * MB)
    assert said(root) == (7, 3)  # cached files are given up when memory is short


def test_version_1_a_container_whose_path_is_the_hosts(root):
    (root / "proc/self/cgroup").write_text(
        "5:cpu,cpuacct:/docker/a\n4:memory:/docker/a\n1:name=systemd:/docker/a\n0::/\n"
    )
    group(root / "sys/fs/cgroup/memory", SEPARATE, 6 * MB, 5 * MB, cached=MB)
    group(root / "sys/fs/cgroup/cpu/docker/a", SEPARATE, MB)
    assert said(root) == (6, 2)
    group(root / "sys/fs/cgroup/memory/docker/a", SEPARATE, 3 * MB, 4 * MB)
    assert said(root) == (3, 0)


def test_version_1_without_a_limit_has_a_large_number(root):
    (root / "proc/self/cgroup").write_text("4:memory:/\n")
    group(root / "sys/fs/cgroup/memory", SEPARATE, 9223372036854771712, 5 * MB)
    assert said(root) == (MACHINE / MB, 4)
