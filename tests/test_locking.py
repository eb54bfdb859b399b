"""A folder for one process at a time."""

from __future__ import annotations

import errno

import pytest

from course_lib import locking
from course_lib.errors import CourseError


def test_a_folder_is_locked_once_and_free_again_afterwards(tmp_path):
    with (
        locking.locked(tmp_path, lambda: "first"),
        pytest.raises(CourseError, match="in use"),
        locking.locked(tmp_path, lambda: "in use"),
    ):
        pass
    with locking.locked(tmp_path, lambda: "still in use"):
        assert list(tmp_path.iterdir()) == []


def test_a_disk_without_locks_refuses_only_who_needs_one(tmp_path, monkeypatch):
    def flock(handle, how):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(locking.fcntl, "flock", flock)
    with locking.locked(tmp_path, lambda: "in use"):
        pass
    with (
        pytest.raises(CourseError, match="without locks"),
        locking.locked(tmp_path, lambda: "in use", needed=True),
    ):
        pass
