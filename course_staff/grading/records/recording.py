"""Writing verdicts into nbgrader's gradebook, one submission at a time, by one process.

The gradebook keeps nbgrader's schema, so formgrader, feedback and exporters still work. New marks
of a submission replace those of an earlier one; marks that a person gave
stay as long as the answer they were given for stays.

Each submission is written in one transaction, and writing the same again changes
nothing. So the same command completes the work of a stopped process: before the commit
the gradebook shows the earlier state, and the files, which lie beside it, are compared again.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_staff.grading.assignments.assignment import ANSWER_SUFFIX, Assignment
from course_staff.grading.judging.verdicts import Verdict
from course_staff.grading.records import marked_notebooks
from course_staff.grading.records.assignment_cells import save_cells
from course_staff.grading.records.attempts import AttemptArchive
from course_staff.grading.records.gradebook import explained, gradebook, one_transaction
from course_staff.grading.records.ledger import GradedState, Ledger
from course_staff.grading.records.marks import Entry, Mark, Marks, entry_after
from course_staff.grading.roster import Student, record_roster
from course_staff.grading.submissions.sanitizing import Submission

if TYPE_CHECKING:
    from nbgrader.api import Gradebook


class Recorder:
    """Writes one assignment's marks; use it as a context manager.

    Parameters
    ----------
    out : pathlib.Path
        The grader's output folder.
    db_url : str
        The gradebook, such as "sqlite:////home/me/out/gradebook.db".
    config : object, optional
        A traitlets configuration, for nbgrader's plugin of late penalties.
    due : datetime, optional
        The assignment's due date, in UTC and without a time zone; the gradebook's if None.

    Attributes
    ----------
    book : nbgrader.api.Gradebook
        Open inside the context.
    """

    book: Gradebook

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
        self.archive = AttemptArchive(out, assignment.name)

    def __enter__(self) -> Recorder:
        self._opened = gradebook(self.db_url)
        self.book = self._opened.__enter__()
        with explained(self.db_url):
            due = {} if self.due is None else {"duedate": self.due}
            self.book.update_or_create_assignment(self.assignment.name, **due)
            save_cells(self.book, self.assignment, self.db_url)
            self._ledger = Ledger(self.book, self.assignment.name)
        with one_transaction(self.book):
            name = self.assignment.name
            notebook = self.book.find_notebook(self.assignment.notebook_name, name)
            tasks = notebook.task_cells  # marked by hand, wherever their answers stand
            self._graded = {cell.id: cell.name for cell in (*notebook.grade_cells, *tasks)}
            self._solved = {cell.id: cell.name for cell in (*notebook.solution_cells, *tasks)}
        return self

    def __exit__(self, *exc_info: Any) -> None:
        self._opened.__exit__(*exc_info)

    def enroll(self, students: Mapping[str, Student]) -> None:
        """Write the class list into the gradebook."""
        with one_transaction(self.book):
            record_roster(self.book, students)

    def students(self) -> list[str]:
        """Return the students with recorded marks whose attempts are kept here, sorted."""
        with one_transaction(self.book):
            return [
                name
                for name in self._ledger.students()
                if self.archive.holds(name) or self._ledger.state(name).key is None
            ]

    @property
    def duedate(self) -> datetime.datetime | None:
        """The due date in force, in UTC and without a time zone: given now, or before."""
        with one_transaction(self.book):
            return self.book.find_assignment(self.assignment.name).duedate

    def state(self, student: str) -> GradedState:
        """Return the state that the gradebook's marks of a student were given for."""
        with one_transaction(self.book):
            return self._ledger.state(student) or GradedState()

    def record(
        self,
        student: str,
        submission: Submission,
        verdicts: Mapping[str, Verdict],
        *,
        key: str,
        timestamp: datetime.datetime | None = None,
        notes: Sequence[str] = (),
    ) -> Marks:
        """Record a submission's verdicts, and write its notebook where nbgrader looks for it."""
        if submission.status == "missing":
            return self._forget(student)
        name, book = self.assignment.name, self.book
        now = GradedState(
            key,
            _code(submission),
            _texts(submission),
            None if timestamp is None else timestamp.isoformat(),
            list(notes),
        )
        with one_transaction(book):
            book.update_or_create_student(student)
            self._close(student, now)
            submission_row = book.update_or_create_submission(name, student, timestamp=timestamp)
            before = self._ledger.state(student, submission_row.id)
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
            notebook.late_submission_penalty = self._penalty(submission_row, score)
            if before != now:
                self._ledger.record(student, submission_row.id, now)
            book.db.flush()  # first, so that a database error comes before any file is written
            marks = self._marks(notebook)
            report = _attempt_report(submission, verdicts, marks, now, _entries(rows))
            self.archive.write_report(student, key, report)
            marked_notebooks.write(
                self.out,
                name,
                student,
                self.assignment.notebook_name,
                marked_notebooks.with_messages(submission, verdicts, self.assignment.release),
                timestamp,
            )
        return marks

    def marks(self, student: str) -> Marks:
        """Return a student's marks as the gradebook has them; zeros without a submission."""
        from nbgrader.api import MissingEntry

        with one_transaction(self.book):
            try:
                return self._marks(self._notebook(student))
            except MissingEntry:
                return self._nothing()

    def _forget(self, student: str) -> Marks:
        """Remove the marks of a submission that is no longer there."""
        from nbgrader.api import MissingEntry

        nothing = GradedState()
        with one_transaction(self.book):
            self.book.update_or_create_student(student)
            self._close(student, nothing)
            with suppress(MissingEntry):
                self.book.remove_submission(self.assignment.name, student)
            if self._ledger.state(student) != nothing:
                self._ledger.record(student, None, nothing)
        marked_notebooks.remove(self.out, self.assignment.name, student)
        return self._nothing()

    def _close(self, student: str, now: GradedState) -> None:
        """Write the last marks of an attempt into its report, before another takes its place."""
        from nbgrader.api import MissingEntry

        with suppress(MissingEntry):
            submission_row = self.book.find_submission(self.assignment.name, student)
            before = self._ledger.state(student, submission_row.id)
            if before is None or before.key is None or before.key == now.key:
                return
            report = self.archive.report(student, before.key)
            notebook = self._notebook(student)
            marks, rows = self._marks(notebook), self._rows(notebook)
            self.archive.write_report(
                student, before.key, report | _with_marks(report, marks, _entries(rows))
            )

    def _notebook(self, student: str) -> Any:
        """Return nbgrader's row of a student's notebook."""
        name = self.assignment.name
        return self.book.find_submission_notebook(self.assignment.notebook_name, name, student)

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
        marks = {
            name: Mark(
                _entry(*rows[name]).score, question.points, bool(rows[name][0].needs_manual_grade)
            )
            for name, question in self.assignment.questions.items()
        }
        submission = notebook.assignment
        late = float(submission.total_seconds_late or 0.0)
        penalty = float(notebook.late_submission_penalty or 0.0)
        return Marks(marks, penalty, submission.timestamp, late)

    def _nothing(self) -> Marks:
        questions = self.assignment.questions.items()
        return Marks({name: Mark(0.0, question.points) for name, question in questions})

    def _penalty(self, handed: Any, score: float) -> float | None:
        """Return the late penalty, as nbgrader's AssignLatePenalties finds it."""
        from nbgrader.preprocessors import AssignLatePenalties

        if handed.assignment.duedate is None or not handed.total_seconds_late:
            return None
        assigning = AssignLatePenalties(config=self.config)
        assigning.init_plugin()
        penalty = assigning.plugin_inst.late_submission_penalty(
            handed.student_id, score, handed.total_seconds_late
        )
        return None if penalty is None else min(max(0.0, penalty), score)


def _is_same(
    question: str, verdicts: Mapping[str, Verdict], before: GradedState | None, now: GradedState
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


def _entries(rows: Mapping[str, tuple[Any, Any]]) -> dict[str, Entry]:
    return {question: _entry(*row) for question, row in rows.items()}


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


def _code(submission: Submission) -> str:
    cells = [submission.notebook.cells[index].source for index in submission.executed]
    return hashlib.sha256("\0".join(cells).encode()).hexdigest()[:20]


def _texts(submission: Submission) -> dict[str, str]:
    return {
        name: hashlib.sha256(text.strip().encode()).hexdigest()[:20]
        for name, text in submission.written.items()
    }


def _attempt_report(
    submission: Submission,
    verdicts: Mapping[str, Verdict],
    marks: Marks,
    state: GradedState,
    entries: Mapping[str, Entry],
) -> dict[str, Any]:
    """Return the report to keep beside an attempt: its marks, and the checks' messages."""
    report = {"questions": [{"id": n, "messages": v.messages} for n, v in verdicts.items()]}
    return {
        "attempt": state.key,
        "handed_in": state.timestamp,
        "status": submission.status,
        "remarks": submission.remarks,
        **_with_marks(report, marks, entries),
    }


def _with_marks(
    report: Mapping[str, Any], marks: Marks, entries: Mapping[str, Entry]
) -> dict[str, Any]:
    """Return a report's marks as the gradebook has them, with the messages that it has."""
    messages = {question["id"]: question["messages"] for question in report.get("questions", ())}
    return {
        "score": marks.total,
        "late_penalty": marks.late_penalty,
        "questions": [
            {
                "id": name,
                "score": mark.score,
                "max_score": mark.max_score,
                "to_mark": mark.waiting,
                "by_hand": entries[name].manual_score is not None,
                "comment": entries[name].manual_comment,
                "messages": messages.get(name, ()),
            }
            for name, mark in marks.questions.items()
        ],
    }
