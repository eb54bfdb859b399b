"""The course's nbgrader configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from course_lib.errors import CourseError


def nbgrader_config(root: Path) -> Any:
    """Return the course's nbgrader configuration: late penalties are set there."""
    from traitlets.config import PyFileConfigLoader

    path = root / "nbgrader_config.py"
    if not path.is_file():
        return None
    try:
        return PyFileConfigLoader(path.name, path=str(root)).load_config()
    except Exception as error:
        raise CourseError(f"{path} fails: {type(error).__name__}: {error}.") from error
