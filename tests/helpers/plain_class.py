"""A plain nbgrader course whose tests stand in the notebook's cells, and submissions to it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course_staff.grading.assignments import plain
from course_staff.grading.assignments.plain import PlainAssignment

NAME, NOTEBOOK = "ps1", "problem1"

SQUARE = """\
assert square(3) == 9, "square(3) is 9"
### BEGIN HIDDEN TESTS
assert square(-2) == 4, "squares are not negative"
### END HIDDEN TESTS
"well done"
"""

MEAN = """\
points = 1.5 * (mean([1, 3]) == 2)
### BEGIN HIDDEN TESTS
points += 1.5 * (mean([2, 2, 5]) == 3)
### END HIDDEN TESTS
points
"""


def _cell(make, grade_id: str, source: str, *, points: float | None = None, **kind: bool):
    """Return a cell as nbgrader's toolbar leaves it; kinds are grade, solution, locked and task."""
    cell = make(source, id=grade_id.replace("_", "-"))
    kinds = {name: kind.get(name, False) for name in ("grade", "solution", "locked", "task")}
    cell.metadata["nbgrader"] = {"grade_id": grade_id, "schema_version": 3, **kinds} | (
        {} if points is None else {"points": points}
    )
    return cell


def _answer(grade_id: str, source: str):
    return _cell(new_code_cell, grade_id, source, solution=True)


def _test(grade_id: str, points: float, source: str):
    return _cell(new_code_cell, grade_id, source, points=points, grade=True, locked=True)


def _solution(function: str, body: str) -> str:
    return f"def {function}:\n    ### BEGIN SOLUTION\n    {body}\n    ### END SOLUTION"


def source_notebook() -> nbformat.NotebookNode:
    """Return the instructor's version."""
    cells = [
        new_markdown_cell("# Problem 1"),
        _cell(new_code_cell, "setup", "import math\nunit = 1", locked=True),
        _answer("square", _solution("square(x)", "return x * x")),
        _test("test_square", 2, SQUARE),
        new_code_cell("seen = []", metadata={"tags": ["explore"]}),
        _answer("mean", _solution("mean(values)", "return sum(values) / len(values)")),
        _test("test_mean", 3, MEAN),
        _answer("area", _solution("area(r)", "return math.pi * r**2 * unit")),
        _test("test_area", 1, "assert seen == []\nassert abs(area(1) - 3.14159) < 1e-4"),
        _cell(new_code_cell, "sketch", "drawn = 1", points=2, grade=True, solution=True),
        _cell(new_markdown_cell, "why", "Because.", points=2, grade=True, solution=True),
        _cell(
            new_markdown_cell, "project", "Add a cell of your own.", points=3, task=True,
            locked=True,
        ),
    ]  # fmt: skip
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def plain_course(root: Path) -> PlainAssignment:
    """Write the course into a folder and return its assignment."""
    folder = root / "source" / NAME
    folder.mkdir(parents=True)
    (folder / f"{NOTEBOOK}.ipynb").write_text(nbformat.writes(source_notebook()), "utf-8")
    return plain.load(folder)


RIGHT = {
    "square": "def square(x):\n    return x**2",
    "mean": "def mean(values):\n    return sum(values) / len(values)",
    "area": "def area(r):\n    return math.pi * r * r * unit",
}
ANSWERS = {"sketch": "drawn = square(2)", "why": "Since it is so."}
STDERR = "import sys\nprint('take care', file=sys.stderr)\n"


def answered(assignment: PlainAssignment, **answers: str) -> nbformat.NotebookNode:
    """Return the notebook that was handed out, with some answers filled in."""
    notebook = copy.deepcopy(assignment.release)
    for cell in notebook.cells:
        if (grade_id := id_of(cell)) in answers:
            cell.source = answers[grade_id]
    return notebook


def right(assignment: PlainAssignment, **answers: str) -> nbformat.NotebookNode:
    """Return right answers, but for those that are given."""
    return answered(assignment, **(RIGHT | answers))


def id_of(cell: nbformat.NotebookNode) -> str:
    """Return a cell's grade_id, "" where it has none."""
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def without(notebook: nbformat.NotebookNode, *grade_ids: str) -> nbformat.NotebookNode:
    """Return a notebook that lacks some cells."""
    notebook.cells = [cell for cell in notebook.cells if id_of(cell) not in grade_ids]
    return notebook


def changed(
    notebook: nbformat.NotebookNode, grade_id: str, change: Callable[[nbformat.NotebookNode], None]
) -> nbformat.NotebookNode:
    """Return a notebook one cell of which was changed."""
    change(next(cell for cell in notebook.cells if id_of(cell) == grade_id))
    return notebook


def doubled(notebook: nbformat.NotebookNode, grade_id: str) -> nbformat.NotebookNode:
    """Return a notebook that holds a cell twice."""
    notebook.cells = [
        copy.deepcopy(cell)
        for cell in notebook.cells
        for _ in range(2 if id_of(cell) == grade_id else 1)
    ]
    return notebook


def hand_in(submitted: Path, student: str, notebook: nbformat.NotebookNode) -> Path:
    """Put a submission where nbgrader and the grader look for it."""
    path = submitted / student / NAME / f"{NOTEBOOK}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook), "utf-8")
    return path
