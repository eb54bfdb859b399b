"""An assignment as the grader needs it: its questions, its hidden checks, and what was released."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from course_lib.errors import CourseError
from course_lib.project import find_lesson, find_root
from course_staff.grading.questions import Question, load_checks

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


def names(root: Path) -> list[str]:
    """Return the names of the course's assignments, in order."""
    folders = (root / "assignments", root / "solutions")
    return sorted({path.parent.name for folder in folders for path in folder.glob("*/*.ipynb")})


def locate(wanted: str) -> Path:
    """Return the source folder of the assignment that a user means: its name is the assignment's.

    Parameters
    ----------
    wanted : str
        A number, a name or a part of it in the course around; or the folder's path, as in
        "source/ps1", wherever that lies.

    Raises
    ------
    CourseError
        If there is none like that.
    """
    folder = Path(wanted).absolute()
    if folder.is_dir() and (len(Path(wanted).parts) > 1 or any(folder.glob("*.ipynb"))):
        return folder
    root = find_root()
    name = find_lesson(wanted, names(root))
    source = root / "solutions" / name
    return source if source.is_dir() else root / "assignments" / name


def find(wanted: str) -> Assignment:
    """Load the assignment that a user means, as `locate` takes it.

    A lesson is judged by its hidden checks; a plain nbgrader assignment, which has none, by the
    tests in its own cells.

    Raises
    ------
    CourseError
        If there is none like that, or something is wrong with it.
    """
    from course_staff.grading import self_judging

    folder = locate(wanted)
    root, name = folder.parents[1], folder.name
    if (root / "lessons" / f"{name}.py").is_file():
        return load(root, name)
    return self_judging.load(folder)


def load(root: Path, name: str) -> Assignment:
    """Load a graded lesson by its number, its name or a part of it.

    Raises
    ------
    CourseError
        If there is none like that, a part of it is missing, or its notebook and its checks do not
        ask the same questions.
    """
    available = names(root)
    if not available:
        raise CourseError("assignments/ holds no assignment: make them with `course build` first.")
    name = find_lesson(name, available)
    assignment = Assignment(
        name,
        load_checks(root / "lessons" / f"{name}.checks.py"),
        root / "solutions" / name / f"{name}.ipynb",
        root / "assignments" / name / f"{name}.ipynb",
    )
    asked = {
        cell.metadata.nbgrader.grade_id: float(cell.metadata.nbgrader.points)
        for cell in assignment.source.cells
        if cell.metadata.get("nbgrader", {}).get("grade")
    }
    declared = {question.name: question.points for question in assignment.questions.values()}
    if asked != declared:
        differing = sorted({name for name, _ in asked.items() ^ declared.items()})
        raise CourseError(
            f"{name}: its notebook and its hidden checks disagree about {', '.join(differing)}: "
            "make names and points the same in both."
        )
    in_order = {name: assignment.questions[name] for name in asked}
    return Assignment(name, in_order, assignment.source_path, assignment.release_path)


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


def nbgrader_config(root: Path) -> Any:
    """Return the course's nbgrader configuration: late penalties are set there.

    Raises
    ------
    CourseError
        If nbgrader_config.py fails.
    """
    from traitlets.config import PyFileConfigLoader

    path = root / "nbgrader_config.py"
    if not path.is_file():
        return None
    try:
        return PyFileConfigLoader(path.name, path=str(root)).load_config()
    except Exception as error:
        raise CourseError(f"{path} fails: {type(error).__name__}: {error}.") from error
