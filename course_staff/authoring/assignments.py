"""Graded lessons as nbgrader sees them: the instructor's version and the students'.

A lesson's source marks the cells: ``answer="name"`` a student's answer, ``tests="name"
points=2`` its visible tests, ``written="name" points=3`` a text that is marked by hand. `mark`
turns that into nbgrader's metadata; `release` has nbgrader itself make the students' version.
"""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from course_lib.errors import CourseError
from course_lib.extras import install_command

KINDS = ("answer", "tests", "written")

# Only in the instructor's version and, while nbgrader's autograde runs, in the submission: without
# it a test cell that does not fail would count as full points, and no hidden check decides there.
_REFUSAL = """\
### BEGIN HIDDEN TESTS
import os

if os.environ.get("NBGRADER_EXECUTION") == "autograde":
    raise RuntimeError("nbgrader does not judge this question: run `course grade {number}`.")
### END HIDDEN TESTS"""


def mark(notebook: NotebookNode, lesson: str) -> bool:
    """Turn the graded cells' own metadata into nbgrader's, in place."""
    graded = False
    for number, cell in enumerate(notebook.cells, start=1):
        kinds = [kind for kind in KINDS if kind in cell.metadata]
        if len(kinds) > 1:
            raise CourseError(f"{lesson}, cell {number} is both {' and '.join(kinds)}: choose one.")
        if not kinds:
            continue
        graded = True
        kind = kinds[0]
        name = str(cell.metadata.pop(kind))
        points = cell.metadata.pop("points", None)
        cell.metadata["nbgrader"] = _metadata(kind, name, points)
        if kind == "tests":
            refusal = _REFUSAL.format(number=lesson.partition("-")[0])
            cell.source = f"{refusal}\n{cell.source}"
    return graded


def kind_of(cell: NotebookNode) -> str | None:
    """Return "answer", "tests" or "written" for a marked cell, None for any other."""
    metadata = cell.metadata.get("nbgrader")
    if metadata is None:
        return None
    if not metadata["grade"]:
        return "answer"
    return "written" if metadata["solution"] else "tests"


def question_of(cell: NotebookNode) -> str:
    """Return the name of the question that a marked cell belongs to."""
    name = cell.metadata["nbgrader"]["grade_id"]
    return name.removesuffix("-answer") if kind_of(cell) == "answer" else name


def release(lesson: str, solution: str) -> str:
    """Return the students' version of a graded lesson, made by nbgrader's generate_assignment.

    It runs in a folder of its own and leaves nothing behind, not even a gradebook. The text is
    nbgrader's to the byte, so that formgrader's button and `course build` make the same file.
    """
    try:
        from nbgrader.converters import GenerateAssignment, NbGraderException
        from nbgrader.coursedir import CourseDirectory
        from traitlets.config import Config
    except ImportError as error:
        raise CourseError(
            f"{lesson} is graded, and nbgrader is not installed: {install_command('dev')}"
        ) from error
    with tempfile.TemporaryDirectory(prefix="course-build-") as folder:
        root = Path(folder).resolve()
        source = root / "source" / lesson / f"{lesson}.ipynb"
        source.parent.mkdir(parents=True)
        source.write_text(solution, "utf-8")
        # As `nbgrader generate_assignment --no-db` does it.
        config = Config(SaveCells={"enabled": False}, GenerateAssignment={"no_database": True})
        course = CourseDirectory(root=str(root), assignment_id=lesson, config=config)
        converter = GenerateAssignment(coursedir=course, config=config)
        log = _Log()
        converter.log = log.logger
        try:
            converter.start()
        except NbGraderException as error:
            raise CourseError(f"{lesson}: nbgrader refuses it: {log.reason or error}") from error
        return (root / "release" / lesson / f"{lesson}.ipynb").read_text("utf-8")


def _metadata(kind: str, name: str, points: Any) -> NotebookNode:
    entry = NotebookNode(
        schema_version=3,
        grade=kind != "answer",
        grade_id=f"{name}-answer" if kind == "answer" else name,
        locked=kind == "tests",
        solution=kind != "tests",
        task=False,
    )
    if points is not None:
        entry["points"] = points
    return entry


class _Log:
    """Keeps nbgrader's log off the terminal, and remembers the last line of its errors."""

    def __init__(self) -> None:
        self.reason = ""
        self.logger = logging.Logger("nbgrader")
        handler = logging.Handler(logging.ERROR)
        handler.emit = self._keep  # type: ignore[method-assign]
        self.logger.addHandler(handler)

    def _keep(self, record: logging.LogRecord) -> None:
        text = record.getMessage().strip()
        if text.startswith("Traceback"):
            self.reason = text.splitlines()[-1]
