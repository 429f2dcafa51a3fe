"""Memory of this machine, or of the container or control group that a process runs in, where that has less."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

# Of control groups, version 2 and 1: folder, file of the limit, of the use, and the key of what is only cached.
_UNIFIED = ("sys/fs/cgroup", "memory.max", "memory.current", "inactive_file")
_SEPARATE = (
    "sys/fs/cgroup/memory",
    "memory.limit_in_bytes",
    "memory.usage_in_bytes",
    "total_inactive_file",
)


def total_bytes(root: str | Path = "/") -> int:
    """Bytes that this process and its like may use together; the same as `machine_mb` in profiles/default.

    root: where /proc and /sys lie; default "/".
    """
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([machine, *(limit for limit, _ in _groups(Path(root)))])


def left_bytes(root: str | Path = "/") -> int:
    """Bytes that are free or can be freed, in the machine and in each control group.

    root: where /proc and /sys lie; default "/".
    """
    info = Path(root) / "proc/meminfo"
    lines = info.read_text().splitlines() if info.exists() else []
    free = [1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")]
    free += [max(limit - used, 0) for limit, used in _groups(Path(root))]
    return min(free, default=total_bytes(root))


def _groups(root: Path) -> Iterator[tuple[int, int]]:
    """(limit, use without cached files) of each control group around this process that has a limit."""
    named = root / "proc/self/cgroup"
    for line in named.read_text().splitlines() if named.exists() else []:
        _, controllers, name = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        base, limit, use, cached = _SEPARATE if controllers else _UNIFIED
        folder = root / base / name.lstrip("/")
        # within a container its own group may lie where the host's root is
        for each in (folder, *folder.parents):
            if (each / limit).exists() and (most := (each / limit).read_text().strip()).isdecimal():
                yield int(most), _number(each / use) - _of_stat(each / "memory.stat", cached)
            if each == root / base:
                break


def _number(path: Path) -> int:
    return int(path.read_text()) if path.exists() else 0


def _of_stat(path: Path, key: str) -> int:
    lines = path.read_text().splitlines() if path.exists() else []
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{key} ")), 0)
