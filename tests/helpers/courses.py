"""Small courses and classes, made in a folder: for building, running, handing in and marking."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_lib.project import settings
from course_staff.authoring.notebooks import build_lesson
from course_staff.grading.assignments import finding, plain
from course_staff.grading.assignments.assignment import Assignment
from course_staff.grading.assignments.plain import PlainAssignment
from course_staff.grading.records.gradebook import gradebook, gradebook_url

NAME = "04-Small"
PROBLEM_SET, PROBLEM = "ps1", "problem1"

SETTINGS = """\
[tool.course]
student-tree = "https://github.com/a/b"
student-branch = "main"
"""
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}

# The least lesson that keeps every rule; the graded ones begin with it.
HEADER = """\
# %% [markdown]
# # Small
#
# **You will** learn.
#
# **Time**: 1 minute.
#
# **Data**: none.

# %% tags=["parameters"]
profile = "auto"
data = "auto"
seed = 0
"""

# What a class hands in: it needs no TensorFlow, and shows if a cell that explores is executed.
LESSON = f"""{HEADER}
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

RIGHT = {
    "double": "def double(values):\n    return 2 * np.asarray(values)",
    "draw": "def draw(n, rng):\n    return rng.normal(size=n)",
    "why": "Because adding twice is doubling.",
}

# What an author writes: text between the questions, a sum at the end, and secrets to find again.
AUTHORS_LESSON = f'''{HEADER}
# %%
import numpy as np

from course_lib import check

# %% [markdown]
# ## Question 1: `double` (2 points)

# %% answer="double"
def double(values):
    """Return twice the values."""
    ### BEGIN SOLUTION
    twice_the_secret = 2 * np.asarray(values)
    return twice_the_secret
    ### END SOLUTION


# %% tests="double" points=2
with check.question("double", points=2) as question:
    with question.part(0.5, "keeps the shape"):
        check.array(double(np.ones((2, 3))), "double(ones)", shape=(2, 3))
    with question.part(1, "doubles"):
        check.close(double([1.0, 2.0]), [2, 4], "double([1, 2])")

# %% tags=["explore"]
if check.passed("double"):
    print(double([3.0]))

# %% [markdown]
# ## Question 2 (1 point)

# %% [markdown] written="why" points=1
# The model answer: doubling adds a number to itself. Rubric: one point for the idea.

# %%
check.summary()
'''

AUTHORS_CHECKS = '''\
"""Hidden checks of the small assignment."""

import numpy as np

from course_lib import check
from course_staff.grading import call, question, written


@question("double", points=2)
class Double:
    """Twice the values, of any sign."""

    def requests(self, rng):
        self.hidden_values = rng.normal(size=(4, 3))
        yield call("double", self.hidden_values)

    def verdict(self, replies, judge):
        with judge.part(2, "doubles"):
            check.close(replies[0].value, 2 * self.hidden_values, "double(values)")


why = written("why", points=1)
'''


def write_course(
    root: Path,
    lesson: str = AUTHORS_LESSON,
    checks: str | None = AUTHORS_CHECKS,
    name: str = NAME,
) -> Path:
    """Write a course with one lesson, graded if it has checks, and return its folder."""
    folder = root / "lessons" / name
    folder.mkdir(parents=True, exist_ok=True)
    (root / "pyproject.toml").write_text(SETTINGS, "utf-8")
    (folder / "lesson.py").write_text(lesson, "utf-8")
    if checks is not None:
        (folder / "checks.py").write_text(checks, "utf-8")
    return root


def small_course(root: Path, lesson: str = LESSON, checks: str = CHECKS) -> Assignment:
    """Write and build a course with an assignment, and return the assignment."""
    write_course(root, lesson, checks)
    for name, text in build_lesson(root / "lessons" / NAME, settings(root)).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return finding.load(root, "04")


def set_checks(root: Path, text: str) -> None:
    """Write the hidden checks."""
    (root / "lessons" / NAME / "checks.py").write_text(text, "utf-8")


def run(*command: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `course …` or `nbgrader …` in a folder; nbgrader needs alembic on the PATH."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    program, *arguments = command
    module = {"course": "course_lib"}.get(program, program)
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=folder,
        env={**os.environ, "PATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


# A plain nbgrader course, whose tests stand in the notebook's cells

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

PLAIN_RIGHT = {
    "square": "def square(x):\n    return x**2",
    "mean": "def mean(values):\n    return sum(values) / len(values)",
    "area": "def area(r):\n    return math.pi * r * r * unit",
}
PLAIN_ANSWERS = {"sketch": "drawn = square(2)", "why": "Since it is so."}


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
    return new_notebook(cells=cells, metadata=KERNEL)


def plain_course(root: Path) -> PlainAssignment:
    """Write the course into a folder and return its assignment."""
    folder = root / "source" / PROBLEM_SET
    folder.mkdir(parents=True)
    path = folder / f"{PROBLEM}.ipynb"
    path.write_text(nbformat.writes(source_notebook()), "utf-8")
    return plain.load(folder)


# Submissions to either


def id_of(cell: nbformat.NotebookNode) -> str:
    """Return a cell's grade_id, "" where it has none."""
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def answered(assignment: Assignment | PlainAssignment, **answers: str) -> nbformat.NotebookNode:
    """Return the notebook that was handed out, with some answers filled in."""
    notebook = copy.deepcopy(assignment.release)
    for cell in notebook.cells:
        name = id_of(cell).removesuffix("-answer")
        if name in answers and cell.metadata.nbgrader.solution:
            cell.source = answers[name]
    return notebook


def right(assignment: Assignment | PlainAssignment, **answers: str) -> nbformat.NotebookNode:
    """Return right answers, but for those that are given."""
    known = PLAIN_RIGHT if isinstance(assignment, PlainAssignment) else RIGHT
    return answered(assignment, **(known | answers))


def with_cell(notebook: nbformat.NotebookNode, source: str, at: int = 5) -> nbformat.NotebookNode:
    """Return a notebook with one more code cell."""
    longer = copy.deepcopy(notebook)
    longer.cells.insert(at, new_code_cell(source))
    return longer


def as_bytes(notebook: nbformat.NotebookNode) -> bytes:
    """Return a notebook as a file holds it, whether it keeps nbformat's rules or not."""
    return json.dumps(notebook).encode()


def hand_in(
    submitted: Path,
    student: str,
    content: nbformat.NotebookNode | bytes,
    name: str = NAME,
    notebook: str = NAME,
) -> Path:
    """Put a submission where nbgrader and the grader look for it."""
    path = submitted / student / name / f"{notebook}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else as_bytes(content))
    return path


hand_in_plain = partial(hand_in, name=PROBLEM_SET, notebook=PROBLEM)


# A class that was graded: marked notebooks and nbgrader's gradebook


def marked_notebook() -> nbformat.NotebookNode:
    """Return an assignment with one judged question and one written one."""
    return new_notebook(
        cells=[
            _answer("f-answer", "def f(): ..."),
            _test("f", 2, "check.question"),
            _cell(new_markdown_cell, "why", "Because.", points=3, grade=True, solution=True),
        ]
    )


def mark_class(out: Path, scores: dict[str, float], *, db=None, answer="Because.", penalties=None):
    """Leave in `out` what `course grade` leaves; return the gradebook's address."""
    from nbgrader.preprocessors import SaveCells

    url = gradebook_url(out, db)
    with gradebook(url) as book:
        book.update_or_create_assignment(NAME)
        resources = {"nbgrader": {"notebook": NAME, "assignment": NAME, "db_url": url}}
        SaveCells().preprocess(copy.deepcopy(marked_notebook()), resources)
        for student, score in scores.items():
            book.update_or_create_student(student)
            book.update_or_create_submission(NAME, student, timestamp="2026-11-21 12:00:00 UTC")
            grade = book.find_grade("f", NAME, NAME, student)
            grade.auto_score, grade.needs_manual_grade = score, False
            written = book.find_grade("why", NAME, NAME, student)
            written.needs_manual_grade = True
            handed = book.find_submission_notebook(NAME, NAME, student)
            handed.late_submission_penalty = (penalties or {}).get(student)
            book.db.commit()
            notebook = marked_notebook()
            notebook.cells[1].outputs = [
                new_output("stream", name="stdout", text=f"{score:g} of 2 points\n")
            ]
            notebook.cells[2].source = answer
            folder = out / "autograded" / student / NAME
            folder.mkdir(parents=True, exist_ok=True)
            nbformat.write(notebook, folder / f"{NAME}.ipynb")
    return url


def mark_by_hand(url: str, student: str, score: float, comment: str | None = None) -> None:
    """Give points for the written answer, as a person does in formgrader."""
    with gradebook(url) as book:
        grade = book.find_grade("why", NAME, NAME, student)
        grade.manual_score, grade.needs_manual_grade = score, False
        if comment:
            found = book.find_comment("why", NAME, NAME, student)
            found.manual_comment = comment
        book.db.commit()


# Notebooks for `course run`, which is called alone and in a process of its own

PROGRAM = [sys.executable, str(Path(__file__).with_name("course_app.py")), "run"]

# What a lesson's notebook says of itself, without TensorFlow.
SETUP = "\n".join(
    [
        "from course_lib.results import note",
        "note('setup', 'quick on a CPU', profile='quick', device='a CPU', seed=seed)",
        "note('data', 'digits', dataset='digits', data='sample', origin='embedded sample')",
    ]
)


def result(name: str, value: float) -> str:
    """Return the code that records one result."""
    return f"note('result', '{name}', name='{name}', value={value})"


def make_notebook(*sources: str, title: str = "A lesson") -> nbformat.NotebookNode:
    """Return a notebook with a heading, a parameters cell and cells with these sources.

    A source that begins with # and a space is Markdown.
    """
    parameters = 'profile = "auto"\ndata = "auto"\nseed = 0'
    cells = [
        new_markdown_cell(f"# {title}"),
        new_code_cell(parameters, metadata={"tags": ["parameters"]}),
    ]
    for source in sources:
        make = new_markdown_cell if source.startswith("# ") else new_code_cell
        cells.append(make(source, metadata={"tags": []}))
    return new_notebook(cells=cells, metadata=KERNEL)


def course_of(root: Path, lessons: dict[str, Iterable[str]]) -> Path:
    """Write a course of notebooks, each given by the sources of its cells."""
    (root / "notebooks").mkdir(parents=True)
    (root / "pyproject.toml").write_text(SETTINGS, "utf-8")
    for name, sources in lessons.items():
        nbformat.write(make_notebook(*sources, title=name), root / "notebooks" / f"{name}.ipynb")
    return root


def run_course(root: Path, *words: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run `course run` in a process of its own."""
    return subprocess.run(
        [*PROGRAM, *words], cwd=root, text=True, capture_output=True, timeout=300, **options
    )
