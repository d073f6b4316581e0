"""How many processors a container is given."""

import os
from pathlib import Path

import pytest

from autograd_core.compiler.machine.quota import processors, quota

INF = float("inf")


@pytest.mark.parametrize(
    ("groups", "files", "wanted"),
    [
        ("0::/\n", {"cpu.max": "150000 100000\n"}, 1.5),
        ("0::/\n", {"cpu.max": "max 100000\n"}, INF),
        ("0::/pods/one\n", {"pods/one/cpu.max": "max 100000\n", "pods/cpu.max": "200000 100000\n"}, 2.0),
        ("0::/pods/one\n", {"pods/one/cpu.max": "50000 100000\n", "pods/cpu.max": "200000 100000\n"}, 0.5),
        ("0::/../elsewhere\n", {"cpu.max": "300000 100000\n"}, 3.0),
        (
            "3:cpu,cpuacct:/docker/a1\n0::/\n",
            {"cpu,cpuacct/cpu.cfs_quota_us": "250000\n", "cpu,cpuacct/cpu.cfs_period_us": "100000\n"},
            2.5,
        ),
        ("3:cpu:/x\n", {"cpu/x/cpu.cfs_quota_us": "-1\n", "cpu/x/cpu.cfs_period_us": "100000\n"}, INF),
        ("3:cpuset:/\n2:memory:/\n", {"cpu.max": "100000 100000\n"}, INF),
        ("0::/\n", {}, INF),
        ("0::/\n", {"cpu.max": "nonsense\n"}, INF),
        (None, {}, INF),
    ],
)
def test_quotas_of_both_versions(tmp_path: Path, groups: str | None, files: dict[str, str], wanted: float) -> None:
    if groups is not None:
        (tmp_path / "proc/self").mkdir(parents=True)
        (tmp_path / "proc/self/cgroup").write_text(groups)
    for name, text in files.items():
        path = tmp_path / "sys/fs/cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert quota(tmp_path) == wanted


def test_the_least_of_affinity_and_quota_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("0::/\n")
    (tmp_path / "sys/fs/cgroup").mkdir(parents=True)
    limit = tmp_path / "sys/fs/cgroup/cpu.max"
    monkeypatch.delattr(os, "process_cpu_count", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    for allowed, wanted in (("max", 8), ("250000", 3), ("100000", 1), ("1000", 1), ("9900000", 8)):
        limit.write_text(f"{allowed} 100000")
        assert processors(tmp_path) == wanted
    monkeypatch.setattr(os, "process_cpu_count", lambda: 2, raising=False)
    assert processors(tmp_path) == 2
    monkeypatch.setattr(os, "process_cpu_count", lambda: None, raising=False)
    assert processors(tmp_path) == 1
    monkeypatch.delattr(os, "process_cpu_count")
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    assert processors(tmp_path) == 5
