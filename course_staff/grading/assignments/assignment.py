"""An assignment as the grader needs it: its questions, its hidden checks, and what was released."""

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
PASSIVE_TAGS = ("explore", "bootstrap")  # of the cells that are left out when grading


@dataclass(frozen=True)
class Handout:
    """What was handed out.

    Attributes
    ----------
    cells : dict of str to NotebookNode
        The cells that nbgrader knows, by their grade_id.
    passive : frozenset of str
        The sources of the cells that are not executed for grading: they only explore or test.
    functions : frozenset of str
        The names that the questions ask for.
    runs_all : bool
        Whether every cell of code is executed, those that explore or test as well.
    """

    cells: dict[str, NotebookNode]
    passive: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()
    runs_all: bool = False

    def runs(self, cell: NotebookNode) -> bool:
        """Tell whether one of the cells that nbgrader knows is executed."""
        return cell.cell_type == "code" and (self.runs_all or cell.metadata.nbgrader.solution)


@dataclass(frozen=True)
class Assignment:
    """One assignment of the course.

    Attributes
    ----------
    judged : {"trusted", "self-judged"}
        Where verdicts are made: in the grader's own process, or in the student's.
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
        return {name: one for name, one in self.questions.items() if one.check}

    @property
    def written(self) -> dict[str, Question]:
        """The questions that are marked by hand."""
        return {name: one for name, one in self.questions.items() if not one.check}

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
        """What lies beside the notebook, by its path there; lessons stand alone."""
        return {}

    @cached_property
    def handout(self) -> Handout:
        """What the students' notebook consists of."""
        cells = self.graded.cells
        return Handout(
            {c.metadata.nbgrader.grade_id: c for c in cells if "nbgrader" in c.metadata},
            frozenset(cell.source.strip() for cell in cells if _is_passive_cell(cell)),
            frozenset(self.checked),
        )


def is_passive(tags: Iterable[str]) -> bool:
    """Tell by its tags whether a cell is left out when grading."""
    return not set(PASSIVE_TAGS).isdisjoint(tags)


def _is_passive_cell(cell: NotebookNode) -> bool:
    nbgrader = cell.metadata.get("nbgrader", {})
    tests = nbgrader.get("grade", False) and not nbgrader.get("solution", False)
    return is_passive(cell.metadata.get("tags", ())) or tests


def _read(path: Path) -> NotebookNode:
    import nbformat

    if not path.is_file():
        raise CourseError(f"{path} is missing: make it with `course build`.")
    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
    except Exception as error:  # nbformat raises whatever it stumbles over
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise CourseError(
            f"{path} is not a valid notebook ({reason}): make it again with `course build`."
        ) from error
    return notebook
