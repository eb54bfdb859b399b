"""How many submissions this machine executes at a time."""

from __future__ import annotations

import os
import sys
from types import SimpleNamespace

import psutil
import pytest

from course_lib.errors import CourseError
from course_staff.grading.execution.workers import LocalWorkers, automatic_count, raise_open_files

resource = pytest.importorskip("resource")


@pytest.fixture
def limited(monkeypatch):
    """Give a function that sets what the system says of open files, and what it refuses."""

    def limit(soft: int, hard: int, refused: int = 10**12) -> None:
        now = [(soft, hard)]

        def change(_: int, bounds: tuple[int, int]) -> None:
            if bounds[0] > refused:
                raise ValueError("refused")
            now[0] = bounds

        monkeypatch.setattr(resource, "getrlimit", lambda _: now[0])
        monkeypatch.setattr(resource, "setrlimit", change)

    return limit


def test_a_process_may_open_more_files_once_there_are_workers():
    before = soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 300), hard))
        LocalWorkers(1)
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (min(hard, 65_536), hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize(
    ("limits", "allowed"),
    [
        pytest.param((1024, 4096), 4096, id="up to the hard limit"),
        pytest.param((1024, 10**9), 65_536, id="not up to a billion"),
        pytest.param((100_000, 10**9), 100_000, id="never down"),
        pytest.param((256, 2**63 - 1, 30_000), 10_240, id="macOS refuses what it names"),
        pytest.param((256, 4096, 300), 256, id="refused"),
    ],
)
def test_the_limit_of_open_files_is_raised(limited, limits, allowed):
    limited(*limits)
    assert raise_open_files() == allowed
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (allowed, limits[1])


@pytest.mark.parametrize(("hard", "count"), [(1024, 13), (300, 1), (64, 1), (20_000, 64)])
def test_no_more_kernels_than_the_limit_of_open_files_has_room_for(
    limited, monkeypatch, hard, count
):
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=1e12))
    limited(64, hard)
    assert automatic_count() == count


def test_who_asks_for_more_is_told_what_to_do(limited):
    limited(1024, 1024)
    LocalWorkers(13)
    told = "--workers 20: .* take 1400 open files, .* limit is 1024.*`ulimit -n 1400`.*--workers 13"
    with pytest.raises(CourseError, match=told):
        LocalWorkers(20)


def test_a_cluster_worker_with_more_threads_than_it_has_room_for_says_so(limited, monkeypatch):
    cluster_worker = pytest.importorskip("course_staff.grading.execution.cluster_worker")
    worker = SimpleNamespace(address="tcp://here:1", state=SimpleNamespace(nthreads=20))
    monkeypatch.setattr(cluster_worker, "get_worker", lambda: worker)
    limited(1024, 1024)
    with pytest.raises(CourseError, match=r"The worker at tcp://here:1: --nthreads 20: .*1024"):
        cluster_worker.run_task(cluster_worker.versions(), b"", b"")


def test_systems_without_such_a_limit_have_room_for_all(monkeypatch):
    monkeypatch.setitem(sys.modules, "resource", None)
    assert raise_open_files() == 65_536
