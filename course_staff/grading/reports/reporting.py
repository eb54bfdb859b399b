"""The results of grading for people and programs: report.json, grades.csv and a table."""

from __future__ import annotations

import csv
import datetime
import io
import json
import math
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from course_lib.durations import duration
from course_staff.grading.assignments.assignment import Assignment
from course_staff.grading.marking import StudentReport
from course_staff.grading.records.marks import Marks
from course_staff.grading.reports.class_summary import summarize

if TYPE_CHECKING:
    from rich.table import Table

    from course_staff.grading.marking import Change

WORDS = {
    "graded": "graded",
    "to_mark": "graded, written answers to mark",
    "missing": "nothing handed in",
    "unreadable": "could not be read",
    "failed": "grading failed",
}
# The same in a list of counts: "31 graded, 2 to mark".
SHORT = {
    "graded": "graded",
    "to_mark": "to mark",
    "missing": "missing",
    "unreadable": "unreadable",
    "failed": "failed",
}
LIMITS = {
    "cpu": "CPU time",
    "idle": "waiting time",
    "waiting": "waiting time in all",
    "memory": "memory",
    "output": "output",
    "died": "the process died",
    "stops": "too much was stopped",
}
NOT_SANDBOXED = "not sandboxed"
CAVEATS = {
    "self-judged": "Self-judged: these points come from the tests in the students' own processes, "
    "which they can forge. Points that matter belong in hidden checks."
}
_JOINERS = "\u200c\u200d"  # which names in some scripts need


def as_json(
    assignment: Assignment,
    reports: Sequence[StudentReport],
    due: datetime.datetime | None = None,
) -> str:
    """Return report.json's text, in ASCII: every terminal and pipe can take it."""
    submissions = [_submission(report, assignment) for report in reports]
    return json.dumps(
        {
            "assignment": assignment.name,
            "judged": assignment.judged,
            "max_score": assignment.max_score,
            "due": _iso(due),
            "summary": summarize(assignment, reports).as_data(),
            "submissions": submissions,
        },
        indent=1,
    )


def _submission(report: StudentReport, assignment: Assignment) -> dict[str, Any]:
    return {
        "student": report.student,
        "status": report.status,
        "score": report.marks.total,
        "max_score": assignment.max_score,
        "handed_in": _iso(report.marks.handed_in),
        "seconds_late": report.marks.seconds_late,
        "late_penalty": report.marks.late_penalty,
        "notes": list(report.notes),
        "remarks": list(report.remarks),
        "problems": list(report.problems),
        "seed": report.seed,
        "seconds": round(report.seconds, 2),
        "sandboxed": report.sandboxed,
        "limits_hit": list(report.limits_hit),
        "peak_memory_mb": round(report.peak_memory_mb, 1),
        "questions": [
            {
                "id": name,
                "score": mark.score,
                "max_score": mark.max_score,
                "to_mark": mark.waiting,
                "messages": list(report.messages.get(name, ())),
            }
            for name, mark in report.marks.questions.items()
        ],
    }


def _iso(moment: datetime.datetime | None) -> str | None:
    return None if moment is None else f"{moment.isoformat()}Z"


def late(marks: Marks) -> str:
    """Return how late a submission was, and its penalty; empty if it was not late."""
    if not marks.seconds_late:
        return ""
    cost = f": −{marks.late_penalty:g}" if marks.late_penalty else ""
    return f"late by {duration(max(marks.seconds_late, 1))}{cost}"


def _clock(seconds: float) -> str:
    """Return a duration as spreadsheet programs read it, such as 26:05:00."""
    whole = math.ceil(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def as_csv(assignment: Assignment, reports: Sequence[StudentReport]) -> str:
    """Return grades.csv's text: a row a student, a column a question."""
    file = io.StringIO()
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(
        ["student", *assignment.questions, "late_penalty", "total", "maximum", "status",
         "handed_in", "late_by", "notes"]
    )  # fmt: skip
    for report in reports:
        scores = [f"{mark.score:g}" for mark in report.marks.questions.values()]
        penalty, total = f"{report.marks.late_penalty:g}", f"{report.marks.total:g}"
        rows.writerow(
            [_cell(report.student), *scores, penalty, total, f"{assignment.max_score:g}",
             report.status, *_times(report.marks), _notes(report, assignment)]
        )  # fmt: skip
    return file.getvalue()


def _times(marks: Marks) -> tuple[str, str]:
    handed_in = "" if marks.handed_in is None else f"{marks.handed_in:%Y-%m-%d %H:%M:%S} UTC"
    return handed_in, _clock(marks.seconds_late) if marks.seconds_late else ""


def _cell(text: str) -> str:
    """Keep a spreadsheet from taking a name for a formula."""
    text = readable(text)
    return f"'{text}" if text[:1] in "=+-@" else text


def _notes(report: StudentReport, assignment: Assignment) -> str:
    """Return the notes on a row for a person who reads only grades.csv."""
    notes = [f"limit: {LIMITS.get(kind, kind)}" for kind in report.limits_hit]
    notes += map(readable, report.notes)
    if not report.sandboxed:
        notes.insert(0, NOT_SANDBOXED)
    if assignment.judged in CAVEATS and report.status != "missing":
        notes.insert(0, assignment.judged)
    notes += [readable(" ".join(problem.split())) for problem in report.problems]
    return "; ".join(notes)


def readable(text: str) -> str:
    """Return a text that shows in one line, with signs that steer or break it written out.

    A folder's name may hold any sign but a slash: one that clears the terminal, turns the writing
    direction, or cannot be written as UTF-8.

    Examples
    --------
    >>> print(readable("ada\\x1b[2J"))
    ada\\x1b[2J
    """
    return "".join(
        sign.encode("unicode_escape").decode()
        if unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp") and sign not in _JOINERS
        else sign
        for sign in text
    )


def table(assignment: Assignment, reports: Sequence[StudentReport]) -> Table:
    """Return a table for the terminal: a row a student."""
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column("Student", overflow="fold")
    shown.add_column("Points", justify="right", no_wrap=True)
    shown.add_column("Outcome")
    for report in reports:
        outcome = WORDS[report.status]
        if report.status in ("unreadable", "failed"):
            outcome = readable(" ".join(report.remarks))
        if notes := _notes(report, assignment):
            outcome += f", {notes}"
        if late_text := late(report.marks):
            outcome += f", {late_text}"
        shown.add_row(
            Text(readable(report.student)),
            f"{report.marks.total:g}/{assignment.max_score:g}",
            Text(outcome),
        )
    return shown


def summary(assignment: Assignment, reports: Sequence[StudentReport]) -> Table:
    """Return a table for the terminal: for each question, how the class did."""
    from rich.table import Table

    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column("Question", overflow="fold")
    shown.add_column("Mean", justify="right", no_wrap=True)
    shown.add_column("Full marks", justify="right", no_wrap=True)
    for question in summarize(assignment, reports).questions:
        mean = (
            "–" if question.mean_share is None else f"{question.mean_share * question.points:.2f}"
        )
        full_marks = (
            f"{question.to_mark} to mark"
            if question.to_mark
            else f"{question.full} of {question.students}"
        )
        shown.add_row(question.name, f"{mean}/{question.points:g}", full_marks)
    return shown


def table_of_changes(changes: Sequence[Change]) -> Table:
    """Return a table for the terminal: each mark that judging again changed."""
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("Student", "Question"):
        shown.add_column(name, overflow="fold")
    for name in ("Before", "After"):
        shown.add_column(name, justify="right")
    for change in changes:
        shown.add_row(
            Text(readable(change.student)),
            change.question,
            f"{change.before:g}",
            f"{change.after:g}",
        )
    return shown
