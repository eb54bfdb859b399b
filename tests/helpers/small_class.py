"""A course with one small assignment that needs no TensorFlow, and submissions to it."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell

from course_lib.project import settings
from course_staff.authoring.notebooks import build_lesson
from course_staff.grading.assignments import finding
from course_staff.grading.assignments.assignment import Assignment

NAME = "04-Small"

LESSON = """\
# %% [markdown]
# # Small
#
# **You will** double and draw. **Time**: none. **Data**: none.

# %% tags=["parameters"]
profile = "auto"
data = "auto"
seed = 0

# %%
import numpy as np

from course_lib import check

# %% tags=["explore"]
raise RuntimeError("this cell only explores")

# %% answer="double"
def double(values):
    ### BEGIN SOLUTION
    return 2 * np.asarray(values)
    ### END SOLUTION


# %% tests="double" points=2
with check.question("double", points=2) as question:
    with question.part(2, "doubles"):
        check.close(double([1.0]), [2.0], "double([1])")

# %% answer="draw"
def draw(n, rng):
    ### BEGIN SOLUTION
    return rng.normal(size=n)
    ### END SOLUTION


# %% tests="draw" points=1
with check.question("draw", points=1) as question:
    with question.part(1, "draws n numbers"):
        check.array(draw(3, np.random.default_rng(0)), "draw(3)", shape=(3,))

# %% [markdown] written="why" points=1
# The model answer.
"""

CHECKS = """\
import numpy as np

from course_lib import check
from course_staff.grading import call, generator, question, written


@question("double", points=2)
class Double:
    def requests(self, rng):
        self.values = rng.normal(size=(4, 3))
        yield call("double", self.values, seconds=2)

    def verdict(self, replies, judge):
        with judge.part(0.5, "keeps the shape"):
            check.array(replies[0].value, "double(values)", shape=(4, 3))
        with judge.part(1.5, "doubles"):
            check.close(replies[0].value, 2 * self.values, "double(values)")


@question("draw", points=1)
class Draw:
    def requests(self, rng):
        yield call("draw", 5, generator(3), seconds=2)
        yield call("draw", 5, generator(4), seconds=2)

    def verdict(self, replies, judge):
        with judge.part(1, "draws from rng"):
            first, second = (check.array(reply.value, "draw(5)", shape=(5,)) for reply in replies)
            check.that(not np.allclose(first, second), "Another seed should give other numbers.")


why = written("why", points=1)
"""

SETTINGS = """\
[tool.course]
student-tree = "https://github.com/keras-course/keras-course-student"
student-branch = "main"
"""

RIGHT = {
    "double": "def double(values):\n    return 2 * np.asarray(values)",
    "draw": "def draw(n, rng):\n    return rng.normal(size=n)",
    "why": "Because adding twice is doubling.",
}


def small_course(root: Path, lesson: str = LESSON, checks: str = CHECKS) -> Assignment:
    """Write the course into a folder and return its assignment."""
    folder = root / "lessons" / NAME
    folder.mkdir(parents=True)
    (root / "pyproject.toml").write_text(SETTINGS, "utf-8")
    (folder / "lesson.py").write_text(lesson, "utf-8")
    set_checks(root, checks)
    for name, text in build_lesson(folder, settings(root)).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return finding.load(root, "04")


def set_checks(root: Path, text: str) -> None:
    """Write the hidden checks."""
    (root / "lessons" / NAME / "checks.py").write_text(text, "utf-8")


def answered(assignment: Assignment, **answers: str) -> nbformat.NotebookNode:
    """Return the assignment with some answers filled in."""
    notebook = copy.deepcopy(assignment.release)
    for cell in notebook.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        name = grade_id.removesuffix("-answer")
        if name in answers and cell.metadata.nbgrader.solution:
            cell.source = answers[name]
    return notebook


def right(assignment: Assignment, **answers: str) -> nbformat.NotebookNode:
    """Return the assignment with right answers, but for those that are given."""
    return answered(assignment, **(RIGHT | answers))


def with_cell(notebook: nbformat.NotebookNode, source: str, at: int = 5) -> nbformat.NotebookNode:
    """Return a notebook with one more code cell."""
    longer = copy.deepcopy(notebook)
    longer.cells.insert(at, new_code_cell(source))
    return longer


def as_bytes(notebook: nbformat.NotebookNode) -> bytes:
    """Return a notebook as a file holds it, whether it keeps nbformat's rules or not."""
    return json.dumps(notebook).encode()


def hand_in(submitted: Path, student: str, content: nbformat.NotebookNode | bytes) -> Path:
    """Put a submission where the grader looks for it."""
    path = submitted / student / NAME / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else as_bytes(content))
    return path
