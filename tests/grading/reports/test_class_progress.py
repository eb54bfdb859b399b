"""What `course grade` shows while it runs."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from course_staff.grading.marking import StudentReport
from course_staff.grading.records.marks import Mark, Marks
from course_staff.grading.reports.progress import ClassPace, GradingProgress


class Clock:
    """A clock that stands still until it is told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def report(student: str = "ada", status: str = "graded", seconds: float = 2.0) -> StudentReport:
    return StudentReport(student, status, Marks({"double": Mark(1.5, 2)}), {}, seconds=seconds)


def test_pace_and_remaining_time_follow_the_last_submissions():
    clock = Clock()
    pace = ClassPace(1000, clock)
    assert pace.per_minute is None
    assert pace.remaining is None
    for _ in range(500):  # kept from an earlier run: they take no time
        clock.now += 0.001
        pace.add(report(seconds=0))
    for _ in range(100):
        clock.now += 3
        pace.add(report())
    assert pace.per_minute == pytest.approx(20)
    assert pace.remaining == pytest.approx(400 * 3)
    assert pace.kept == 500


def test_the_pace_sinks_while_nothing_comes():
    clock = Clock()
    pace = ClassPace(10, clock)
    clock.now = 6
    pace.add(report())
    assert pace.per_minute == pytest.approx(10)
    clock.now = 60
    assert pace.per_minute == pytest.approx(1)


def test_a_log_has_a_line_a_student_and_now_and_then_a_line_that_sums_up():
    clock, text = Clock(), io.StringIO()
    with GradingProgress(Console(file=text, width=80), 8, clock) as progress:
        for number in range(4):
            clock.now += 25
            progress.graded(report(f"student-{number}"))
        progress.graded(report("eve", "unreadable"))
        progress.graded(report("fay", "missing", seconds=0))
    lines = text.getvalue().splitlines()
    assert lines == [
        "student-0: 1.5 points, graded",
        "student-1: 1.5 points, graded",
        "student-2: 1.5 points, graded",
        "3 of 8 after 1 min 15 s, 2.4 a minute, 2 min 05 s left: 3 graded",
        "student-3: 1.5 points, graded",
        "eve: 1.5 points, could not be read",
        "fay: 1.5 points, nothing handed in",
        "6 of 8 in 1 min 40 s (3.6 a minute): 4 graded, 1 missing, 1 unreadable",
    ]


@pytest.mark.parametrize("width", [80, 120])
def test_a_terminal_has_a_bar_and_counts_that_fit(width):
    clock, text = Clock(), io.StringIO()
    console = Console(file=text, width=width, force_terminal=True, color_system=None)
    with GradingProgress(console, 40, clock) as progress:
        clock.now = 60
        for status in ("graded", "graded", "to_mark", "unreadable", "missing", "failed"):
            progress.graded(report(status=status))
        progress.graded(report(seconds=0))
    lines = re.sub(r"\x1b\[[?\d]*[A-Za-z]|\r", "", text.getvalue()).splitlines()
    (bar, *_) = (line for line in lines if "7 of 40  " in line)
    assert bar.endswith("7 a minute, 4 min 43 s left")
    assert len(bar) <= width
    counts = "3 graded, 1 to mark, 1 missing, 1 unreadable, 1 failed, 1 unchanged"
    assert f"1 min 00 s, {counts}" in lines
    assert lines[-1] == f"7 of 40 in 1 min 00 s (7 a minute): {counts}"


def test_a_name_cannot_steer_the_terminal():
    text = io.StringIO()
    with GradingProgress(Console(file=text), 1) as progress:
        progress.graded(report("eve\x1b[2J\nada: 2 points, graded\u202e\udc80"))
    assert text.getvalue().splitlines()[0] == (
        "eve\\x1b[2J\\nada: 2 points, graded\\u202e\\udc80: 1.5 points, graded"
    )
