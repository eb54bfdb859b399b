"""Marks for other systems: a table for people, Canvas' gradebook, Moodle's.

The marks are the gradebook's at that moment: manual marks, extra credit and late penalties count.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from course_lib.errors import CourseError
from course_staff.grading.records.gradebook import gradebook
from course_staff.grading.roster import Student

if TYPE_CHECKING:
    from nbgrader.api import Gradebook

FORMATS = ("csv", "canvas", "moodle")


@dataclass(frozen=True)
class Exported:
    """A file's text, and notes for the instructor."""

    text: str
    rows: int
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _MarkRow:
    student: Student
    handed_in: bool = False
    timestamp: str = ""
    questions: Mapping[str, float] = field(default_factory=dict)
    raw: float = 0.0
    penalty: float = 0.0
    waiting: bool = False

    @property
    def score(self) -> float:
        """The points that count: never below zero."""
        return max(0.0, self.raw - self.penalty)


def export(
    assignment: str,
    db_url: str,
    kind: str,
    students: Mapping[str, Student] | None = None,
    *,
    questions: Sequence[str] = (),
    column: str | None = None,
    missing_as_zero: bool = False,
) -> Exported:
    """Return one assignment's marks as a CSV."""
    with gradebook(db_url) as book:
        rows, points = _read(book, assignment, students or {})
    notes = []
    if waiting := [row.student.id for row in rows if row.waiting]:
        notes.append(f"{len(waiting)} to mark by hand: {_some(waiting)}.")
    if students and (strangers := [r.student.id for r in rows if r.student.id not in students]):
        notes.append(f"Not in the class list, but in the gradebook: {_some(strangers)}.")
    if kind != "csv":
        absent = [row.student.id for row in rows if not row.handed_in]
        if absent and not missing_as_zero:
            rows = [row for row in rows if row.handed_in]
            notes.append(f"{len(absent)} left out, without a submission: {_some(absent)}.")
        if not rows:
            raise CourseError(f"No student submitted {assignment}: there is no mark to export.")
    order = [name for name in questions if name in points]
    order += sorted(points.keys() - set(order))
    if kind == "csv":
        table = _for_people(rows, order, points, missing_as_zero=missing_as_zero)
    elif kind == "canvas":
        table = _for_canvas(rows, column or assignment, points)
    elif kind == "moodle":
        table = _for_moodle(rows, column or assignment)
    else:
        raise CourseError(f"{kind!r} is not a format: choose {', '.join(FORMATS)}.")
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows([[_inert(cell) for cell in line] for line in table])
    return Exported(text.getvalue(), len(rows), notes)


def _for_people(
    rows: Sequence[_MarkRow],
    order: Sequence[str],
    points: Mapping[str, float],
    *,
    missing_as_zero: bool,
) -> list[list[str]]:
    before = ["student", "last_name", "first_name", "email", "lms_id", "timestamp"]
    after = ["raw_score", "late_penalty", "score", "max_score", "needs_manual_grade"]
    table = [[*before, *order, *after]]
    for row in rows:
        student = row.student
        line = [
            student.id,
            student.last_name,
            student.first_name,
            student.email,
            student.lms_id,
            row.timestamp,
        ]
        marks = [*(row.questions.get(name, 0.0) for name in order), row.raw, row.penalty, row.score]
        shown = row.handed_in or missing_as_zero
        line += [_number(mark) if shown else "" for mark in marks]
        table.append([*line, _number(sum(points.values())), "yes" if row.waiting else "no"])
    return table


def _for_canvas(
    rows: Sequence[_MarkRow], column: str, points: Mapping[str, float]
) -> list[list[str]]:
    """The columns that Canvas' gradebook import wants, "Section" the last before the marks."""
    _require(rows, "lms_id", "Canvas", "the number that Canvas knows them by")
    table = [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", column],
        ["    Points Possible", "", "", "", "", _number(sum(points.values()))],
    ]
    for row in rows:
        student = row.student
        name = (
            ", ".join(part for part in (student.last_name, student.first_name) if part)
            or student.id
        )
        # A class list with SIS ids alone uses them as LMS ids too: they are not Canvas' own.
        own = "" if student.lms_id == student.sis_id else student.lms_id
        table.append([name, own, student.sis_id, student.id, student.section, _number(row.score)])
    return table


def _for_moodle(rows: Sequence[_MarkRow], column: str) -> list[list[str]]:
    """Columns for Moodle's Grades > Import > CSV, in which the user maps them."""
    emails = all(row.student.email for row in rows)
    numbers = all(row.student.lms_id for row in rows)
    if not emails and not numbers:
        _require(rows, "email", "Moodle", "or for everyone the ID number, as lms_id,")
    table = [["First name", "Last name", "ID number", "Email address", column]]
    for row in rows:
        student = row.student
        table.append(
            [
                student.first_name,
                student.last_name,
                student.lms_id if numbers else "",
                student.email if emails else "",
                _number(row.score),
            ]
        )
    return table


def _require(rows: Sequence[_MarkRow], name: str, platform: str, what: str) -> None:
    lacking = [row.student.id for row in rows if not getattr(row.student, name)]
    if lacking:
        raise CourseError(
            f"{len(lacking)} students have no {name}, {what} which {platform} needs: "
            f"{_some(lacking)}. Put it into the class list and give that with --roster."
        )


def _read(
    book: Gradebook, assignment: str, students: Mapping[str, Student]
) -> tuple[list[_MarkRow], dict[str, float]]:
    from nbgrader.api import MissingEntry

    try:
        gradebook_entry = book.find_assignment(assignment)
    except MissingEntry as error:
        raise CourseError(
            f"{assignment} is not in the gradebook: grade it with `course grade` first."
        ) from error
    points = {
        cell.name: float(cell.max_score)
        for notebook in gradebook_entry.notebooks
        for cell in (*notebook.grade_cells, *notebook.task_cells)
    }
    in_gradebook = {student.id: student for student in book.students}
    handed_in = {submission.student_id: submission for submission in gradebook_entry.submissions}
    rows = []
    for id in sorted({*in_gradebook, *students}):
        student = _complete(students.get(id, Student(id)), in_gradebook.get(id))
        submission = handed_in.get(id)
        rows.append(_row(student, submission) if submission else _MarkRow(student))
    return rows, points


def _row(who: Student, submission: Any) -> _MarkRow:
    grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
    return _MarkRow(
        who,
        handed_in=True,
        timestamp=f"{submission.timestamp} UTC" if submission.timestamp else "",
        questions={grade.name: float(grade.score or 0.0) for grade in grades},
        raw=float(sum(grade.score or 0.0 for grade in grades)),
        penalty=float(sum(n.late_submission_penalty or 0.0 for n in submission.notebooks)),
        waiting=any(grade.needs_manual_grade for grade in grades),
    )


def _complete(who: Student, known: Any) -> Student:
    """Return a student whose empty fields are filled in from the gradebook."""
    if known is None:
        return who
    return replace(
        who,
        first_name=who.first_name or (known.first_name or "" if not who.last_name else ""),
        last_name=who.last_name or (known.last_name or "" if not who.first_name else ""),
        email=who.email or known.email or "",
        lms_id=who.lms_id or known.lms_user_id or "",
    )


def _number(value: float) -> str:
    return f"{round(value, 4):.12g}"


def _inert(cell: str) -> str:
    """Keep a spreadsheet program from taking a student's name for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _some(names: Sequence[str]) -> str:
    listed = ", ".join(names[:10])
    return listed if len(names) <= 10 else f"{listed} and {len(names) - 10} more"
