"""An assignment as the grader needs it: its questions, hidden checks and released notebook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from course_lib.errors import CourseError
from course_staff.grading.judging.questions import Question

if TYPE_CHECKING:
    from nbformat import NotebookNode

ANSWER_SUFFIX = "-answer"  # as in the grade_id of the cell that answers a question
EXPLORE_TAGS = ("explore", "bootstrap")  # of the cells that are left out when grading


@dataclass(frozen=True)
class Handout:
    """The notebook that was handed out.

    Attributes
    ----------
    cells : dict of str to NotebookNode
        The cells that nbgrader knows, by their grade_id.
    explore : frozenset of str
        The sources of the cells that are not executed for grading: they explore or test.
    functions : frozenset of str
        The names that the questions ask for.
    runs_all : bool
        Whether every cell of code is executed, those that explore or test as well.
    """

    cells: dict[str, NotebookNode]
    explore: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()
    runs_all: bool = False

    def runs(self, cell: NotebookNode) -> bool:
        """Tell whether one of nbgrader's cells is executed."""
        return cell.cell_type == "code" and (self.runs_all or cell.metadata.nbgrader.solution)


@dataclass(frozen=True)
class Assignment:
    """One assignment of the course.

    Attributes
    ----------
    judged : {"trusted", "self-judged"}
        The process that makes the verdicts: the grader's own, or the student's.
    name : str
        Such as "04-Regression-nn-assignment": its folder's.
    questions : dict of str to Question
        In the notebook's order, written ones included.
    source_path, release_path : pathlib.Path
        The instructor's and the students' notebook.
    """

    judged: ClassVar[str] = "trusted"

    name: str
    questions: dict[str, Question]
    source_path: Path
    release_path: Path

    @property
    def root(self) -> Path:
        """The course's folder, which holds the folder of sources."""
        return self.source_path.parents[2]

    @property
    def notebook_name(self) -> str:
        """The notebook's name, in the gradebook as in a student's folder."""
        return self.source_path.stem

    @property
    def checked(self) -> dict[str, Question]:
        """The questions that hidden checks judge."""
        return {name: question for name, question in self.questions.items() if question.check}

    @property
    def written(self) -> dict[str, Question]:
        """The questions that are marked by hand."""
        return {name: question for name, question in self.questions.items() if not question.check}

    @property
    def max_score(self) -> float:
        """The points of all questions together."""
        return sum(question.points for question in self.questions.values())

    @cached_property
    def source(self) -> NotebookNode:
        """The instructor's notebook, with solutions."""
        return _read(self.source_path)

    @cached_property
    def release(self) -> NotebookNode:
        """The students' notebook, as it was handed out."""
        return _read(self.release_path)

    @property
    def graded(self) -> NotebookNode:
        """The students' notebook as it is graded: the tests in it are the whole tests."""
        return self.release

    @property
    def files(self) -> Mapping[str, bytes]:
        """The files beside the notebook, by their paths there; lessons have none."""
        return {}

    @cached_property
    def handout(self) -> Handout:
        """The parts of the students' notebook."""
        cells = self.graded.cells
        return Handout(
            {c.metadata.nbgrader.grade_id: c for c in cells if "nbgrader" in c.metadata},
            frozenset(cell.source.strip() for cell in cells if _is_explore_cell(cell)),
            frozenset(self.checked),
        )


def is_explore(tags: Iterable[str]) -> bool:
    """Tell by its tags whether a cell is left out when grading."""
    return not set(EXPLORE_TAGS).isdisjoint(tags)


def _is_explore_cell(cell: NotebookNode) -> bool:
    nbgrader = cell.metadata.get("nbgrader", {})
    tests = nbgrader.get("grade", False) and not nbgrader.get("solution", False)
    return is_explore(cell.metadata.get("tags", ())) or tests


def _read(path: Path) -> NotebookNode:
    import nbformat

    if not path.is_file():
        raise CourseError(f"{path} is missing: make it with `course build`.")
    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
    except Exception as error:  # nbformat raises many unrelated exceptions
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise CourseError(
            f"{path} is not a valid notebook ({reason}): make it again with `course build`."
        ) from error
    return notebook
