"""A class's results in numbers: for the page, report.json and the terminal alike."""

from __future__ import annotations

import math
import re
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from course_staff.grading.assignments.assignment import Assignment

if TYPE_CHECKING:
    from course_staff.grading.marking import StudentReport

STATUSES = ("graded", "to_mark", "missing", "unreadable", "failed")
MARKED = ("graded", "to_mark", "unreadable")  # the statuses whose totals count
_MAX_BARS = 12
# The parts in which two students' messages differ although their meaning is the same.
_NUMBER = re.compile(r"[-−+]?\d[\d.,]*(?:e[-+]?\d+)?", re.IGNORECASE)


@dataclass(frozen=True)
class QuestionSummary:
    """How a class did in one question.

    Attributes
    ----------
    students : int
        The number whose marks are counted: answers that wait to be marked by hand are not.
    mean_share : float or None
        The mean share of the points, 0 to 1; None where nobody's are counted.
    full, none : int
        How many have all the points, and none of them.
    to_mark : int
        How many answers wait to be marked by hand.
    """

    name: str
    points: float
    students: int
    mean_share: float | None
    full: int
    none: int
    to_mark: int


@dataclass(frozen=True)
class ClassSummary:
    """How a class did.

    Attributes
    ----------
    statuses : dict of str to int
        How many students have which status.
    totals : tuple of float
        Sorted; of the submissions that have marks, written answers as far as they are marked.
    questions : tuple of QuestionSummary
        In the notebook's order.
    late : int
        The number of submissions after the due date.
    """

    statuses: dict[str, int]
    totals: tuple[float, ...]
    questions: tuple[QuestionSummary, ...]
    late: int = 0

    @property
    def mean(self) -> float | None:
        """The mean total; None where there is none."""
        return statistics.fmean(self.totals) if self.totals else None

    @property
    def quartiles(self) -> tuple[float, float, float] | None:
        """The totals below which a quarter, half and three quarters of the class lie."""
        if len(self.totals) < 2:
            return (self.totals[0],) * 3 if self.totals else None
        first, median, third = statistics.quantiles(self.totals, n=4, method="inclusive")
        return first, median, third

    def as_data(self) -> dict[str, Any]:
        """Return the class's part of report.json."""
        quartiles = self.quartiles
        return {
            "students": sum(self.statuses.values()),
            "statuses": self.statuses,
            "late": self.late,
            "mean": _rounded(self.mean),
            "median": _rounded(quartiles[1]) if quartiles else None,
            "quartiles": [_rounded(quartiles[0]), _rounded(quartiles[2])] if quartiles else None,
            "questions": [
                {
                    "id": one.name,
                    "max_score": one.points,
                    "students": one.students,
                    "mean_share": _rounded(one.mean_share),
                    "full": one.full,
                    "none": one.none,
                    "to_mark": one.to_mark,
                }
                for one in self.questions
            ],
        }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def summarize(assignment: Assignment, reports: Sequence[StudentReport]) -> ClassSummary:
    """Return a class's results; missing and failed submissions have no total."""
    statuses = Counter(report.status for report in reports)
    marked = [report for report in reports if report.status in MARKED]
    questions = []
    for name, question in assignment.questions.items():
        marks = [report.marks.questions[name] for report in marked]
        counted = [mark for mark in marks if not mark.waiting]
        shares = [mark.score / mark.max_score if mark.max_score else 1.0 for mark in counted]
        questions.append(
            QuestionSummary(
                name,
                question.points,
                len(counted),
                statistics.fmean(shares) if shares else None,
                sum(mark.score >= mark.max_score for mark in counted),
                sum(mark.score <= 0 < mark.max_score for mark in counted),
                len(marks) - len(counted),
            )
        )
    return ClassSummary(
        {status: statuses[status] for status in STATUSES},
        tuple(sorted(report.marks.total for report in marked)),
        tuple(questions),
        sum(report.marks.seconds_late > 0 for report in reports),
    )


@dataclass(frozen=True)
class Bar:
    """A bar of the histogram: how many totals lie from `low` to below `high`."""

    low: float
    high: float
    count: int


def histogram(totals: Sequence[float], max_score: float) -> list[Bar]:
    """Count totals between round numbers from 0 to the maximum; the last bar holds it, too."""
    top = max([max_score, *totals, 1e-9])
    magnitude = 10 ** math.floor(math.log10(top / _MAX_BARS))
    steps = (magnitude * factor for factor in (1, 2, 2.5, 5, 10))
    step = next(step for step in steps if top / step <= _MAX_BARS)
    bars = math.ceil(top / step - 1e-9)
    # A late penalty can push a total below zero.
    place = Counter(min(max(int(total / step + 1e-9), 0), bars - 1) for total in totals)
    return [Bar(i * step, (i + 1) * step, place[i]) for i in range(bars)]


@dataclass(frozen=True)
class Message:
    """A message that several students got, apart from the numbers in it.

    Attributes
    ----------
    text : str
        As the first of them got it.
    varies : bool
        Whether the numbers differ.
    """

    text: str
    students: tuple[str, ...]
    varies: bool


def commonest_messages(
    reports: Sequence[StudentReport], question: str, most: int = 5
) -> list[Message]:
    """Return the commonest messages to students who lost points for a question."""
    messages: dict[str, dict[str, str]] = {}  # by the text without numbers: each student's message
    for report in reports:
        if report.status not in MARKED:
            continue
        for message in report.messages.get(question, ()):
            if message.startswith("✗"):
                same = messages.setdefault(_NUMBER.sub("#", message), {})
                same.setdefault(report.student, message)
    often = sorted(messages.values(), key=lambda students: (-len(students), min(students.values())))
    return [
        Message(next(iter(same.values())), tuple(same), len(set(same.values())) > 1)
        for same in often[:most]
    ]
