"""What tests ask of other processes: whether they have ended, or did what is waited for."""

from __future__ import annotations

import time
from collections.abc import Callable

import psutil


def is_gone(pid: int) -> bool:
    """Whether a process has ended, reaped or not."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_until(holds: Callable[[], object], seconds: float = 120) -> None:
    """Wait for a condition, and fail where it does not come true even on a busy machine."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"it did not come true within {seconds:g} s"
        time.sleep(0.05)


def processes_of(mark: str) -> list[psutil.Process]:
    """Return the processes that have a variable COURSE_TEST of this value."""
    found = []
    for process in psutil.process_iter():
        try:
            if (
                process.environ().get("COURSE_TEST") == mark
                and process.status() != psutil.STATUS_ZOMBIE
            ):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found
