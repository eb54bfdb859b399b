"""Writing verdicts into nbgrader's gradebook, one submission at a time, by one process.

The gradebook keeps nbgrader's schema, so formgrader, feedback and exporters go on working. What is
written for a submission replaces what was written for an earlier one; marks that a person gave
stay as long as the answer they were given for stays.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_lib import files
from course_lib.errors import CourseError
from course_lib.grading.assignments import ANSWER_SUFFIX, Assignment
from course_lib.grading.attempts import Archive
from course_lib.grading.classroom.roster import Student, record_roster
from course_lib.grading.gradebook import gradebook
from course_lib.grading.judging import Verdict
from course_lib.grading.sanitizing import Submission

if TYPE_CHECKING:
    from nbformat import NotebookNode

UNMARKED = "This answer waits to be marked by hand."
UNANSWERED = "✗ No answer was written."


@dataclass(frozen=True)
class Mark:
    """The mark of one question as the gradebook has it, manual marks included.

    Attributes
    ----------
    score : float
    max_score : float
    waiting : bool
        Whether it still has to be marked by hand.
    """

    score: float
    max_score: float
    waiting: bool = False


@dataclass(frozen=True)
class Marks:
    """A submission's marks by question, and what being late cost."""

    questions: dict[str, Mark]
    late_penalty: float = 0.0

    @property
    def total(self) -> float:
        """All points together, less what being late cost."""
        return round(sum(mark.score for mark in self.questions.values()) - self.late_penalty, 4)


class Recorder:
    """Writes one assignment's marks; use it as a context manager.

    Parameters
    ----------
    assignment : Assignment
    out : pathlib.Path
        The grader's output folder.
    db_url : str
        The gradebook, such as "sqlite:////home/me/out/gradebook.db".
    config : object, optional
        A traitlets configuration, for nbgrader's plugin of late penalties.
    due : datetime, optional
        The assignment's due date, in UTC and without a time zone; the gradebook's if None.
    """

    def __init__(
        self,
        assignment: Assignment,
        out: Path,
        db_url: str,
        *,
        config: Any = None,
        due: datetime.datetime | None = None,
    ) -> None:
        self.assignment, self.out, self.db_url = assignment, out, db_url
        self.config, self.due = config, due
        self.archive = Archive(out, assignment.name)

    def __enter__(self) -> Recorder:
        self._opened = gradebook(self.db_url)
        self._book = self._opened.__enter__()
        due = {} if self.due is None else {"duedate": self.due}
        self._book.update_or_create_assignment(self.assignment.name, **due)
        _save_cells(self.assignment, self.db_url)
        return self

    def __exit__(self, *exc_info: Any) -> None:
        self._opened.__exit__(*exc_info)

    def enroll(self, students: Mapping[str, Student]) -> None:
        """Write the class list into the gradebook."""
        record_roster(self._book, students)

    def record(
        self,
        student: str,
        submission: Submission,
        verdicts: Mapping[str, Verdict],
        *,
        key: str,
        timestamp: datetime.datetime | None = None,
    ) -> Marks:
        """Record a submission's verdicts, and leave its notebook where nbgrader looks for it.

        Parameters
        ----------
        student : str
        submission : Submission
            With the outputs of its executed cells.
        verdicts : mapping of str to Verdict
            For every question that hidden checks judge.
        key : str
            The attempt's fingerprint.
        timestamp : datetime, optional
            When it was handed in, in UTC and without a time zone.

        Returns
        -------
        Marks
            With the manual marks that remain.
        """
        name, book = self.assignment.name, self._book
        book.update_or_create_student(student)
        if submission.status == "missing":
            return self._forget(student)
        before = self.archive.latest(student)
        now = {
            "key": key,
            "code": _code(submission),
            "written": _texts(submission),
            "timestamp": None if timestamp is None else timestamp.isoformat(),
        }
        book.update_or_create_submission(name, student, timestamp=timestamp)
        same_code = before.get("code") == now["code"]
        for question in self.assignment.questions:
            grade = book.find_grade(question, name, name, student)
            if question in verdicts:
                grade.auto_score = verdicts[question].score
                grade.needs_manual_grade = False
                same = same_code
            else:
                same = before.get("written", {}).get(question) == now["written"].get(question)
                answered = question in submission.written
                grade.auto_score = None if answered else 0.0
                grade.needs_manual_grade = answered and not (
                    same and grade.manual_score is not None
                )
            if not same:  # marks and comments belong to the answer that they were given for
                grade.manual_score = None
                grade.extra_credit = None
                self._comment(student, question).manual_comment = None
            if question in verdicts or not same:
                self._comment(student, question).auto_comment = None
        book.db.commit()
        self._write_notebook(student, submission, verdicts, timestamp)
        self._late_penalty(student)
        self.archive.set_latest(student, now)
        return self.marks(student)

    def marks(self, student: str) -> Marks:
        """Return a student's marks as the gradebook has them; zeros without a submission."""
        from nbgrader.api import MissingEntry

        name = self.assignment.name
        questions = self.assignment.questions
        try:
            notebook = self._book.find_submission_notebook(name, name, student)
        except MissingEntry:
            return Marks({name: Mark(0.0, one.points) for name, one in questions.items()})
        self._book.db.refresh(notebook)
        grades = {grade.name: grade for grade in notebook.grades}
        found = {
            name: Mark(
                float(grades[name].score or 0.0),
                question.points,
                bool(grades[name].needs_manual_grade),
            )
            for name, question in questions.items()
        }
        return Marks(found, float(notebook.late_submission_penalty or 0.0))

    def _forget(self, student: str) -> Marks:
        """Take back what was recorded for a submission that is no longer there."""
        from nbgrader.api import MissingEntry

        with contextlib.suppress(MissingEntry):
            self._book.remove_submission(self.assignment.name, student)
        self.archive.set_latest(student, {})
        for shown in ("autograded", "feedback"):
            shutil.rmtree(self.out / shown / student / self.assignment.name, ignore_errors=True)
        return self.marks(student)

    def _comment(self, student: str, question: str) -> Any:
        name = self.assignment.name
        cell = question if question in self.assignment.written else question + ANSWER_SUFFIX
        return self._book.find_comment(cell, name, name, student)

    def _late_penalty(self, student: str) -> None:
        from nbformat.v4 import new_notebook
        from nbgrader.preprocessors import AssignLatePenalties

        name = self.assignment.name
        resources = {
            "nbgrader": {
                "notebook": name, "assignment": name, "student": student, "db_url": self.db_url,
            }
        }  # fmt: skip
        AssignLatePenalties(config=self.config).preprocess(new_notebook(), resources)
        self._book.db.expire_all()

    def _write_notebook(
        self,
        student: str,
        submission: Submission,
        verdicts: Mapping[str, Verdict],
        timestamp: datetime.datetime | None,
    ) -> None:
        import nbformat

        name = self.assignment.name
        folder = files.prepare_folder(self.out / "autograded" / student / name)
        marked = with_messages(submission, verdicts)
        files.write(folder / f"{name}.ipynb", nbformat.writes(marked))
        if timestamp is None:
            (folder / "timestamp.txt").unlink(missing_ok=True)
        else:
            files.write(folder / "timestamp.txt", f"{timestamp:%Y-%m-%d %H:%M:%S} UTC\n")


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


def with_messages(submission: Submission, verdicts: Mapping[str, Verdict]) -> NotebookNode:
    """Return a submission's notebook whose test cells show what the hidden checks found."""
    import copy

    from nbformat import v4

    marked = copy.deepcopy(submission.notebook)
    for cell in marked.cells:
        verdict = verdicts.get(cell.metadata.get("nbgrader", {}).get("grade_id", ""))
        if verdict is not None and cell.cell_type == "code":
            heading = f"{verdict.score:g} of {verdict.max_score:g} points"
            text = "\n".join([heading, *verdict.messages])
            cell.outputs = [v4.new_output("stream", name="stdout", text=text + "\n")]
    if submission.remarks:
        listed = "\n".join(f"- {remark}" for remark in submission.remarks)
        note = v4.new_markdown_cell(f"**From the grader**\n\n{listed}")
        note.id = "from-the-grader"
        marked.cells.insert(0, note)
    return marked


def _save_cells(assignment: Assignment, db_url: str) -> None:
    """Tell the gradebook which cells carry points, as nbgrader's generate_assignment does."""
    import copy

    from nbgrader.preprocessors import SaveCells

    resources = {
        "nbgrader": {
            "notebook": assignment.name, "assignment": assignment.name, "db_url": db_url,
        }
    }  # fmt: skip
    SaveCells().preprocess(copy.deepcopy(assignment.release), resources)


def _code(submission: Submission) -> str:
    cells = [submission.notebook.cells[index].source for index in submission.executed]
    return hashlib.sha256("\0".join(cells).encode()).hexdigest()[:20]


def _texts(submission: Submission) -> dict[str, str]:
    return {
        name: hashlib.sha256(text.strip().encode()).hexdigest()[:20]
        for name, text in submission.written.items()
    }
