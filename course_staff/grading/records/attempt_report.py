"""The report kept beside an attempt: its marks at the time, and the checks' messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from course_staff.grading.judging.verdicts import Verdict
from course_staff.grading.records.ledger import GradedState
from course_staff.grading.records.marks import Entry, Marks
from course_staff.grading.submissions.sanitizing import Submission


def attempt_report(
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
        **with_marks(report, marks, entries),
    }


def with_marks(
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
