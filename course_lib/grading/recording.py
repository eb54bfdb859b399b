"""Writing verdicts into nbgrader's gradebook, one submission at a time, by one process.

The gradebook keeps nbgrader's schema, so formgrader, feedback and exporters go on working. What is
written for a submission replaces what was written for an earlier one; marks that a person gave
stay as long as the answer they were given for stays.

All that is written for a submission is one transaction, and writing the same again changes
nothing. So a process that was stopped anywhere is made good by the same command: before the commit
the gradebook shows the earlier state, and the files, which lie beside it, are compared again.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from course_lib.errors import CourseError
from course_lib.grading import marked_notebooks
from course_lib.grading.assignments import ANSWER_SUFFIX, Assignment
from course_lib.grading.attempts import Archive
from course_lib.grading.classroom.roster import Student, record_roster
from course_lib.grading.gradebook import explained, gradebook, one_transaction
from course_lib.grading.judging import Verdict
from course_lib.grading.ledger import Facts, Ledger
from course_lib.grading.marks import UNANSWERED, UNMARKED, Entry, Mark, Marks, entry_after
from course_lib.grading.sanitizing import Submission

__all__ = ["UNANSWERED", "UNMARKED", "Mark", "Marks", "Recorder", "nbgrader_config"]


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
        with explained(self.db_url):
            due = {} if self.due is None else {"duedate": self.due}
            self._book.update_or_create_assignment(self.assignment.name, **due)
            _save_cells(self._book, self.assignment, self.db_url)
            self._ledger = Ledger(self._book, self.assignment.name)
        with one_transaction(self._book):
            name = self.assignment.name
            notebook = self._book.find_notebook(self.assignment.notebook_name, name)
            tasks = notebook.task_cells  # marked by hand, wherever their answers stand
            self._graded = {cell.id: cell.name for cell in (*notebook.grade_cells, *tasks)}
            self._solved = {cell.id: cell.name for cell in (*notebook.solution_cells, *tasks)}
        return self

    def __exit__(self, *exc_info: Any) -> None:
        self._opened.__exit__(*exc_info)

    def enroll(self, students: Mapping[str, Student]) -> None:
        """Write the class list into the gradebook."""
        with one_transaction(self._book):
            record_roster(self._book, students)

    def students(self) -> list[str]:
        """Return the students of whom something was recorded, and is kept here, sorted."""
        with one_transaction(self._book):
            return [name for name in self._ledger.students() if self.archive.knows(name)]

    def facts(self, student: str) -> Facts:
        """Return what the gradebook's marks of a student were given for."""
        with one_transaction(self._book):
            return self._ledger.facts(student) or Facts()

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
            For every question that is not marked by hand.
        key : str
            The attempt's fingerprint.
        timestamp : datetime, optional
            When it was handed in, in UTC and without a time zone.

        Returns
        -------
        Marks
            With the manual marks that remain.

        Raises
        ------
        CourseError
            If the gradebook or a file cannot be written: nothing of the submission is recorded
            then, and what was recorded before stays.
        """
        if submission.status == "missing":
            return self._forget(student)
        name, book = self.assignment.name, self._book
        now = Facts(
            key,
            _code(submission),
            _texts(submission),
            None if timestamp is None else timestamp.isoformat(),
        )
        with one_transaction(book):
            book.update_or_create_student(student)
            self._close(student, now)
            handed = book.update_or_create_submission(name, student, timestamp=timestamp)
            before = self._ledger.facts(student, handed.id)
            notebook = self._notebook(student)
            rows = self._rows(notebook)
            if before is None or before.code != now.code:
                _clear_comments(notebook, rows)
            for question, (grade, comment) in rows.items():
                if question not in self.assignment.questions:
                    continue
                entry = entry_after(
                    _entry(grade, comment),
                    verdicts.get(question),
                    answered=question in submission.written,
                    same=_is_same(question, verdicts, before, now),
                )
                _set(entry, grade, comment)
            score = sum(_entry(*row).score for row in rows.values())
            notebook.late_submission_penalty = self._penalty(handed, score)
            if before != now:
                self._ledger.note(student, handed.id, now)
            book.db.flush()  # what the gradebook refuses, it refuses before a file is written
            marks = self._marks(notebook)
            report = _report(submission, verdicts, marks, now, rows)
            self.archive.write_report(student, key, report)
            marked_notebooks.leave(
                self.out,
                name,
                student,
                self.assignment.notebook_name,
                marked_notebooks.with_messages(submission, verdicts, self.assignment.release),
                timestamp,
            )
        self.archive.note(student, key, marks.total)
        return marks

    def marks(self, student: str) -> Marks:
        """Return a student's marks as the gradebook has them; zeros without a submission."""
        from nbgrader.api import MissingEntry

        with one_transaction(self._book):
            try:
                return self._marks(self._notebook(student))
            except MissingEntry:
                return self._nothing()

    def _forget(self, student: str) -> Marks:
        """Take back what was recorded for a submission that is no longer there."""
        from nbgrader.api import MissingEntry

        nothing = Facts()
        with one_transaction(self._book):
            self._book.update_or_create_student(student)
            self._close(student, nothing)
            with suppress(MissingEntry):
                self._book.remove_submission(self.assignment.name, student)
            if self._ledger.facts(student) != nothing:
                self._ledger.note(student, None, nothing)
        marked_notebooks.remove(self.out, self.assignment.name, student)
        self.archive.note(student, None, 0.0)
        return self._nothing()

    def _close(self, student: str, now: Facts) -> None:
        """Write the last marks of an attempt into its report, before another takes its place."""
        from nbgrader.api import MissingEntry

        with suppress(MissingEntry):
            handed = self._book.find_submission(self.assignment.name, student)
            before = self._ledger.facts(student, handed.id)
            if before is None or before.key is None or before.key == now.key:
                return
            report = self.archive.report(student, before.key)
            notebook = self._notebook(student)
            marks, rows = self._marks(notebook), self._rows(notebook)
            self.archive.write_report(
                student, before.key, report | _marks_of_report(report, marks, rows)
            )

    def _notebook(self, student: str) -> Any:
        """Return nbgrader's row of a student's notebook."""
        name = self.assignment.name
        return self._book.find_submission_notebook(self.assignment.notebook_name, name, student)

    def _rows(self, notebook: Any) -> dict[str, tuple[Any, Any]]:
        """Return nbgrader's grade of every question, and the comment on its answer."""
        comments = {self._solved[comment.cell_id]: comment for comment in notebook.comments}
        rows = {}
        for grade in notebook.grades:
            question = self._graded[grade.cell_id]
            comment = comments.get(question) or comments.get(question + ANSWER_SUFFIX)
            rows[question] = grade, comment
        return {name: rows[name] for name in sorted(rows)}

    def _marks(self, notebook: Any) -> Marks:
        rows = self._rows(notebook)
        found = {
            name: Mark(
                _entry(*rows[name]).score, question.points, bool(rows[name][0].needs_manual_grade)
            )
            for name, question in self.assignment.questions.items()
        }
        return Marks(found, float(notebook.late_submission_penalty or 0.0))

    def _nothing(self) -> Marks:
        questions = self.assignment.questions.items()
        return Marks({name: Mark(0.0, question.points) for name, question in questions})

    def _penalty(self, handed: Any, score: float) -> float | None:
        """Return what being late costs, as nbgrader's AssignLatePenalties finds it."""
        from nbgrader.preprocessors import AssignLatePenalties

        if handed.assignment.duedate is None or not handed.total_seconds_late:
            return None
        assigning = AssignLatePenalties(config=self.config)
        assigning.init_plugin()
        penalty = assigning.plugin_inst.late_submission_penalty(
            handed.student_id, score, handed.total_seconds_late
        )
        return None if penalty is None else min(max(0.0, penalty), score)


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


def _save_cells(book: Any, assignment: Assignment, db_url: str) -> None:
    """Tell the gradebook which cells carry points, as nbgrader's generate_assignment does."""
    import copy

    from nbgrader.preprocessors import SaveCells

    if _cells_in(book, assignment) == _cells_of(assignment):
        return  # SaveCells takes half a second, and makes them anew as long as nobody handed in
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
            f"{assignment.name} has other questions now than those that are marked in the "
            "gradebook: grade it into another --out."
        ) from error


def _cells_of(assignment: Assignment) -> set[tuple]:
    """Return what SaveCells would write."""
    cells: set[tuple] = set()
    for cell in assignment.graded.cells:
        if (known := cell.metadata.get("nbgrader")) is None:
            continue
        name, kind = known.grade_id, cell.cell_type
        kinds = ("grade", "task", "solution", "locked")
        graded, task, solved, locked = (bool(known.get(one)) for one in kinds)
        if graded:
            cells.add(("grade", name, float(known.points), kind))
        if solved:
            cells.add(("solution", name))
        if task:
            cells.add(("task", name, float(known.points), kind))
        if graded or task or solved or locked:
            cells.add(("source", name, kind, locked, cell.source, known.get("checksum")))
    return cells


def _cells_in(book: Any, assignment: Assignment) -> set[tuple]:
    """Return what the gradebook knows of an assignment's cells."""
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


def _is_same(
    question: str, verdicts: Mapping[str, Verdict], before: Facts | None, now: Facts
) -> bool:
    """Tell whether a question's marks were given for the answer that is there now."""
    if before is None:
        return False
    if question in verdicts:
        return before.code == now.code
    return before.written.get(question) == now.written.get(question)


def _entry(grade: Any, comment: Any) -> Entry:
    return Entry(
        grade.auto_score,
        grade.manual_score,
        grade.extra_credit,
        bool(grade.needs_manual_grade),
        comment and comment.auto_comment,
        comment and comment.manual_comment,
    )


def _set(entry: Entry, grade: Any, comment: Any) -> None:
    """Write an entry; SQLAlchemy writes nothing where nothing differs."""
    for name, value in asdict(entry).items():
        row = comment if name.endswith("_comment") else grade
        if row is not None:
            setattr(row, name, value)


def _clear_comments(notebook: Any, rows: Mapping[str, tuple[Any, Any]]) -> None:
    """Remove the comments on cells that belong to no question alone: their code changed."""
    of_questions = [comment for _, comment in rows.values()]
    for comment in notebook.comments:
        if comment not in of_questions:
            comment.auto_comment = comment.manual_comment = None


def _report(
    submission: Submission,
    verdicts: Mapping[str, Verdict],
    marks: Marks,
    facts: Facts,
    rows: Mapping[str, tuple[Any, Any]],
) -> dict[str, Any]:
    """Return what is kept beside an attempt: its marks, and what the checks found."""
    found = {"questions": [{"id": n, "messages": v.messages} for n, v in verdicts.items()]}
    return {
        "attempt": facts.key,
        "handed_in": facts.timestamp,
        "status": submission.status,
        "remarks": submission.remarks,
        **_marks_of_report(found, marks, rows),
    }


def _marks_of_report(
    report: Mapping[str, Any], marks: Marks, rows: Mapping[str, tuple[Any, Any]]
) -> dict[str, Any]:
    """Return a report's marks as the gradebook has them, with the messages that it has."""
    messages = {one["id"]: one["messages"] for one in report.get("questions", ())}
    return {
        "score": marks.total,
        "late_penalty": marks.late_penalty,
        "questions": [
            {
                "id": name,
                "score": mark.score,
                "max_score": mark.max_score,
                "to_mark": mark.waiting,
                "by_hand": rows[name][0].manual_score is not None,
                "comment": _entry(*rows[name]).manual_comment,
                "messages": messages.get(name, ()),
            }
            for name, mark in marks.questions.items()
        ],
    }


def _code(submission: Submission) -> str:
    cells = [submission.notebook.cells[index].source for index in submission.executed]
    return hashlib.sha256("\0".join(cells).encode()).hexdigest()[:20]


def _texts(submission: Submission) -> dict[str, str]:
    return {
        name: hashlib.sha256(text.strip().encode()).hexdigest()[:20]
        for name, text in submission.written.items()
    }
