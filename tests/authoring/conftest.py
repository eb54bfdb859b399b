"""What the tests of authoring share."""

from __future__ import annotations

from pathlib import Path

import pytest
from courses import HEADER, write_course


@pytest.fixture
def small_course(tmp_path: Path) -> Path:
    """A course with the least lesson that keeps every rule, in the test's own folder."""
    return write_course(tmp_path, HEADER, checks=None, name="01-One")
