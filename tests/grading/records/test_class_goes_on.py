"""What is wrong with one student's files costs nobody a mark, and does not stop the class."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest
from small_class import NAME, hand_in, right

from course_lib.grading import session, submissions
from course_lib.grading.execution import responder
from course_lib.grading.execution.executing import Execution
from course_lib.grading.records.gradebook import gradebook_url
from course_lib.grading.records.recording import Recorder


class Hands:
    """Workers that execute the tests' own notebooks here, without a kernel."""

    count, sandboxed = 2, False

    def __init__(self) -> None:
        self.executed = 0

    def execute(self, submission, calls, limits, stop):
        self.executed += 1
        names = {"np": np}
        for cell in submission.notebook.cells:
            if cell.source.startswith("def "):
                exec(cell.source, names)
        replies = {
            question: [responder.answer(call.request, names) for call in some]
            for question, some in calls.items()
        }
        return Execution(submission.notebook, replies, seconds=1.0)


@pytest.fixture
def class_of_two(small, tmp_path):
    """Grade Ada and Ben as often as wanted."""
    submitted, out = tmp_path / "submitted", tmp_path / "out"
    for student in ("ada", "ben"):
        hand_in(submitted, student, right(small))

    def grade(students=("ada", "ben")):
        hands = Hands()
        with Recorder(small, out, gradebook_url(out)) as recorder:
            reports = session.grade(
                small, submitted, students, recorder, session.Settings(0), hands
            )
        return {report.student: report for report in reports}, hands.executed

    grade.submitted, grade.out = submitted, out
    return grade


def test_a_time_that_is_none_is_told_and_costs_nothing(class_of_two):
    stamp = class_of_two.submitted / "ben" / NAME / "timestamp.txt"
    for text in ("99999999999999999999999999999 h", "9999-12-31T23:00-05:00", "soon"):
        stamp.write_text(text)
        reports, _ = class_of_two()
        assert {one.marks.total for one in reports.values()} == {3.0}
        assert "timestamp.txt could not be read" in reports["ben"].remarks[0]


def test_a_submission_whose_reading_goes_wrong_is_the_only_one(class_of_two, monkeypatch):
    read = submissions.read

    def failing(folder, student, *names):
        if student == "ada":
            raise RuntimeError("a surprise")
        return read(folder, student, *names)

    monkeypatch.setattr(submissions, "read", failing)
    reports, _ = class_of_two()
    assert (reports["ada"].status, reports["ben"].status) == ("failed", "to_mark")
    assert "a surprise" in reports["ada"].remarks[0]
    assert reports["ben"].marks.total == 3


@pytest.mark.parametrize("failing", [1, 2])
def test_a_file_of_verdicts_that_cannot_be_read_for_once_costs_no_mark(
    class_of_two, monkeypatch, failing
):
    class_of_two(["ada"])
    read, readings = Path.read_text, []

    def read_text(path, *arguments, **named):
        readings.append(path.name)
        if path.name == "verdicts.json" and readings.count("verdicts.json") == failing:
            raise OSError(errno.EMFILE, "Too many open files")
        return read(path, *arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_text", read_text)
        reports, executed = class_of_two(["ada"])
    assert (reports["ada"].marks.total, executed) == (3, 0)
    assert class_of_two(["ada"])[0]["ada"].marks.total == 3
