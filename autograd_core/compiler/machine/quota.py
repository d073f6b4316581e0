"""How many processors this process may use: what its affinity allows, and what a container is given of them.

A container is often held to its share by a quota of time, while it sees all processors of the machine; any more threads
are stopped again and again. Linux keeps quotas in its file systems of control groups, of which there are two versions,
https://docs.kernel.org/admin-guide/cgroup-v2.html (``cpu.max``) and https://docs.kernel.org/scheduler/sched-bwc.html
(``cpu.cfs_quota_us``).
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

__all__ = ["processors", "quota"]


def processors(root: Path = Path("/")) -> int:
    """How many there are for this process, at least 1: a part of one counts as one.

    Args:
        root: where the system's ``proc`` and ``sys`` are.
    """
    if hasattr(os, "process_cpu_count"):  # from 3.13 on; it also knows what Python itself was told
        count = os.process_cpu_count()
    elif hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count()
    return max(1, math.ceil(min(count or 1, quota(root))))


def quota(root: Path = Path("/")) -> float:
    """The processors that all quotas above this process leave it, which may be a fraction; inf without any."""
    return min(_quotas(root), default=math.inf)


def _quotas(root: Path) -> Iterator[float]:
    try:
        groups = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:  # another system than Linux
        return
    mounted = root / "sys/fs/cgroup"
    for line in groups:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            read, folder = _of_version_2, mounted
        elif "cpu" in controllers.split(","):
            read, folder = _of_version_1, mounted / controllers
            folder = folder if folder.exists() else mounted / "cpu"
        else:
            continue
        # in a container its own group is the root of the mounted ones, and the path may be that outside of it
        own = PurePosixPath(path.lstrip("/"))
        for group in (own, *own.parents):
            try:
                allowed, period = read(folder / group)
            except (OSError, ValueError):  # no such group, or no quota
                continue
            if allowed > 0 and period > 0:
                yield allowed / period


def _of_version_2(group: Path) -> tuple[int, int]:
    allowed, period = (group / "cpu.max").read_text().split()
    return int(allowed), int(period)  # "max" is no number, and no quota


def _of_version_1(group: Path) -> tuple[int, int]:
    allowed, period = ((group / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
    return int(allowed), int(period)  # −1 is no quota
