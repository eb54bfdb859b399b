"""What the tests of grading share."""

from __future__ import annotations

from pathlib import Path

import pytest
from courses import small_course

from course_staff.grading.assignments.assignment import Assignment


@pytest.fixture(scope="session")
def small(tmp_path_factory) -> Assignment:
    """The assignment of a small course; do not change it."""
    return small_course(tmp_path_factory.mktemp("small") / "course")


@pytest.fixture
def small_root(tmp_path: Path) -> Path:
    """A small course of one's own."""
    small_course(tmp_path / "course")
    return tmp_path / "course"
