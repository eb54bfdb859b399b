"""The gradebook's entries on an assignment: the cells that carry points."""

from __future__ import annotations

from typing import Any

from course_lib.errors import CourseError
from course_staff.grading.assignments.assignment import Assignment


def save_cells(book: Any, assignment: Assignment, db_url: str) -> None:
    """Write the cells that carry points into the gradebook, as generate_assignment does."""
    import copy

    from nbgrader.preprocessors import SaveCells

    if _cells_in(book, assignment) == _cells_of(assignment):
        return  # SaveCells takes half a second, and makes all again while nobody has submitted
    book.db.remove()
    resources = {
        "nbgrader": {
            "notebook": assignment.notebook_name,
            "assignment": assignment.name,
            "db_url": db_url,
        }
    }
    try:
        SaveCells().preprocess(copy.deepcopy(assignment.graded), resources)
    except RuntimeError as error:  # it refuses where there are submissions to other cells
        raise CourseError(
            f"{assignment.name} has different questions now from those marked in the "
            "gradebook: grade it into another --out."
        ) from error


def _cells_of(assignment: Assignment) -> set[tuple]:
    """Return the entries that SaveCells would write."""
    cells: set[tuple] = set()
    for cell in assignment.graded.cells:
        if (metadata := cell.metadata.get("nbgrader")) is None:
            continue
        name, kind = metadata.grade_id, cell.cell_type
        flags = ("grade", "task", "solution", "locked")
        graded, task, solved, locked = (bool(metadata.get(flag)) for flag in flags)
        if graded:
            cells.add(("grade", name, float(metadata.points), kind))
        if solved:
            cells.add(("solution", name))
        if task:
            cells.add(("task", name, float(metadata.points), kind))
        if graded or task or solved or locked:
            cells.add(("source", name, kind, locked, cell.source, metadata.get("checksum")))
    return cells


def _cells_in(book: Any, assignment: Assignment) -> set[tuple]:
    """Return the gradebook's entries on an assignment's cells."""
    from nbgrader.api import MissingEntry

    try:
        notebook = book.find_notebook(assignment.notebook_name, assignment.name)
    except MissingEntry:
        return set()
    return {
        *(("grade", cell.name, cell.max_score, cell.cell_type) for cell in notebook.grade_cells),
        *(("task", cell.name, cell.max_score, cell.cell_type) for cell in notebook.task_cells),
        *(("solution", cell.name) for cell in notebook.solution_cells),
        *(
            ("source", cell.name, cell.cell_type, cell.locked, cell.source, cell.checksum)
            for cell in notebook.source_cells
        ),
    }
