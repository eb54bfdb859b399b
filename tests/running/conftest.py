"""What the tests of running share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from courses import course_of


@pytest.fixture
def course(tmp_path: Path) -> Callable[[dict[str, Iterable[str]]], Path]:
    """Make a course in the test's own folder."""
    return lambda lessons: course_of(tmp_path / "course", lessons)


@pytest.fixture
def marked_environment(tmp_path: Path) -> dict[str, str]:
    """Return an environment by which all processes of one test can be found.

    Its temporary files are the test's own, because a program that is killed leaves some.
    """
    return {**os.environ, "COURSE_TEST": str(tmp_path), "TMPDIR": str(tmp_path)}
