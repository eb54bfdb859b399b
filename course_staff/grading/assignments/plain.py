"""Plain nbgrader assignments: the tests in the notebook's own cells give the points.

Such tests run where the student's code runs, so their verdicts can be forged, and their results
are called "self-judged" everywhere. The marks are those of `nbgrader autograde`, except:

- Text that a cell writes to stderr costs nothing; nbgrader gives the cell no points for a warning.
- A result that is NaN or negative is worth nothing; nbgrader gives full points for both.
- A result above the cell's points, infinity included, is worth nothing; nbgrader stops there and
  leaves the submission without marks.
- An error is worth nothing whatever was shown before it; nbgrader takes the first number.
- A missing test cell is put back, and only the first of several is kept.
- A line that works only elsewhere, as `from google.colab import drive` does in Colab, is left out
  before its cell is executed; nbgrader's execution stops there.

A result that is not a number, text or None, is full points in both: honest cells end in such. That
holds for NumPy's scalars, too, which show themselves as "np.float64(0.5)": a cell that gives a part
of its points must end in `float(…)`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from course_lib.check import Wrong
from course_lib.errors import CourseError
from course_lib.files import decoded
from course_staff.grading.assignments.assignment import Assignment, Handout
from course_staff.grading.protocol.calls import Call, outcome
from course_staff.grading.judging.verdicts import Judge, Reply
from course_staff.grading.judging.questions import Question

if TYPE_CHECKING:
    from nbformat import NotebookNode

_LABEL = "the test cell's own verdict (self-judged)"
# nbgrader's generate_assignment: the steps before SaveCells, and those after it.
_GRADED = ("IncludeHeaderFooter", "LockCells", "ClearSolutions", "ClearOutput", "ComputeChecksums")
_RELEASED = ("ClearHiddenTests", "ClearMarkScheme", "ComputeChecksums")


@dataclass(frozen=True)
class TestCell:
    """The check of a cell that tests: it looks at the cell's outcome and calls nothing."""

    grade_id: str
    points: float
    source: str

    def requests(self, rng: Any) -> list[Call]:
        """Ask for the cell's outcome."""
        return [outcome(self.grade_id, self.source)]

    def verdict(self, replies: list[Reply], judge: Judge) -> None:
        """Give the points as nbgrader's `determine_grade` does, with the exceptions above."""
        error, result = replies[0].value["error"], replies[0].value["result"]
        earned, problem = self.points, ""
        if error is not None:
            earned, problem = 0.0, _failure_text(error)
        elif (number := _number(result)) is not None:
            if not 0 <= number <= self.points:  # NaN is neither
                earned, problem = 0.0, f"Its result, {result}, is not from 0 to {self.points:g}."
            elif number < self.points:
                earned, problem = number, f"Its result is {number:g} of {self.points:g}."
        if earned or not problem:
            with judge.part(earned, _LABEL):
                pass
        if problem:
            with judge.part(self.points - earned, _LABEL):
                raise Wrong(problem)


def _failure_text(error: str) -> str:
    """Return an error as one line."""
    line = " ".join(error.split()).removesuffix(":")
    return "It was not answered." if line == "NotImplementedError" else line


def _number(result: str | None) -> float | None:
    try:
        return None if result is None else float(result)
    except ValueError:
        return None


@dataclass(frozen=True)
class PlainAssignment(Assignment):
    """A plain nbgrader assignment; the students' version is made from its source."""

    judged: ClassVar[str] = "self-judged"

    @property
    def root(self) -> Path:
        """nbgrader's course folder; the folder around for an assignment that stands alone."""
        sources = self.source_path.parents[1]
        usual = sources.name in ("source", "solutions")
        return sources.parent if usual or _has_settings(sources.parent) else sources

    @cached_property
    def source(self) -> NotebookNode:
        """The instructor's notebook, with solutions and hidden tests."""
        return _read(self.source_path)

    @cached_property
    def graded(self) -> NotebookNode:
        """The notebook without solutions, but with hidden tests, as nbgrader's gradebook has it."""
        return self._after(self.source, _GRADED)

    @cached_property
    def release(self) -> NotebookNode:
        """The notebook as it is handed out."""
        return self._after(self.graded, _RELEASED)

    @cached_property
    def files(self) -> Mapping[str, bytes]:
        """The other files of the source's folder, which nbgrader hands out with the notebook."""
        from nbgrader.coursedir import CourseDirectory
        from nbgrader.utils import find_all_files

        folder = self.source_path.parent
        ignored = CourseDirectory(config=self._config).ignore
        paths = map(Path, sorted(find_all_files(str(folder), [*ignored, "*.ipynb"])))
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}

    @cached_property
    def handout(self) -> Handout:
        """The parts of the students' notebook; all of its code is executed."""
        graded = (cell for cell in self.graded.cells if "nbgrader" in cell.metadata)
        return Handout({cell.metadata.nbgrader.grade_id: cell for cell in graded}, runs_all=True)

    @cached_property
    def _config(self) -> Any:
        from course_staff.grading.assignments.settings import nbgrader_config

        return nbgrader_config(self.root)

    def _after(self, notebook: NotebookNode, steps: tuple[str, ...]) -> NotebookNode:
        """Return a notebook after some of nbgrader's steps, with the course's settings."""
        import copy

        from nbgrader import preprocessors

        made = copy.deepcopy(notebook)
        for step in steps:
            try:
                made, _ = getattr(preprocessors, step)(config=self._config).preprocess(made, {})
            except (RuntimeError, ValueError, OSError) as error:
                raise CourseError(f"{self.source_path}: nbgrader's {step} reports: {error}.") from None
        return made


def _has_settings(folder: Path) -> bool:
    return (folder / "nbgrader_config.py").is_file()


def load(folder: Path) -> PlainAssignment:
    """Load the assignment of a folder of nbgrader's sources: the folder's name is its name."""
    notebooks = sorted(path.name for path in folder.glob("*.ipynb"))
    if len(notebooks) != 1:
        notebooks_found = (
            f"{len(notebooks)} notebooks ({', '.join(notebooks)})" if notebooks else "no notebook"
        )
        raise CourseError(
            f"{folder} holds {notebooks_found}, but a plain assignment is a folder with one: give each "
            "notebook a folder of its own."
        )
    released = folder.parents[1] / "release" / folder.name / notebooks[0]
    bare = PlainAssignment(folder.name, {}, folder / notebooks[0], released)
    questions = {grade_id: _question(cell) for grade_id, cell in bare.handout.cells.items()}
    graded = {grade_id: question for grade_id, question in questions.items() if question is not None}
    if not graded:
        raise CourseError(f"{bare.source_path} has no graded cell: mark one in nbgrader's toolbar.")
    return replace(bare, questions=graded)


def _question(cell: NotebookNode) -> Question | None:
    """Return the question of a cell, None where it carries no points."""
    nbgrader = cell.metadata.nbgrader
    if not (nbgrader.grade or nbgrader.task):
        return None
    name, points = nbgrader.grade_id, float(nbgrader.points)
    check: Callable[[], TestCell] | None = None
    if cell.cell_type == "code" and not nbgrader.solution and not nbgrader.task:
        check = partial(TestCell, name, points, cell.source)
    return Question(name, points, check)


def _read(path: Path) -> NotebookNode:
    """Read a source as nbgrader does, and leave its marks on the cells that it knows alone."""
    import nbformat
    from nbgrader.nbgraderformat import MetadataValidator
    from nbgrader.utils import is_grade, is_locked, is_solution, is_task

    validator = MetadataValidator()
    try:
        notebook = validator.upgrade_notebook_metadata(
            nbformat.reads(decoded(path.read_bytes()), 4)
        )
        validator.validate_nb(notebook)
    except Exception as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise CourseError(f"{path} is not an nbgrader notebook: {reason}.") from error
    if notebook.metadata.get("kernelspec", {}).get("language", "python") != "python":
        raise CourseError(f"{path} is not written in Python: grade it with nbgrader itself.")
    for cell in notebook.cells:
        if not (is_grade(cell) or is_solution(cell) or is_locked(cell) or is_task(cell)):
            cell.metadata.pop("nbgrader", None)
            continue
        if cell.cell_type == "code" and "AUTOTEST" in cell.source:
            raise CourseError(
                f"{path}: {cell.metadata.nbgrader.grade_id} holds AUTOTEST, which nbgrader turns "
                "into tests: put the tests that it makes into the source."
            )
        cell.metadata.nbgrader.locked = is_locked(cell)
        cell.metadata.nbgrader.setdefault("task", False)
    return notebook
