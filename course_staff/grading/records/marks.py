"""Marks: the gradebook's entry for each question, and the entry after a verdict."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from course_staff.grading.judging.verdicts import Verdict

UNMARKED = "This answer waits to be marked by hand."
UNANSWERED = "✗ No answer was written."


@dataclass(frozen=True)
class Mark:
    """The mark of one question as the gradebook has it, manual marks included.

    Attributes
    ----------
    waiting : bool
        Whether it still has to be marked by hand.
    """

    score: float
    max_score: float
    waiting: bool = False


@dataclass(frozen=True)
class Marks:
    """A submission's marks by question, and the late penalty.

    Attributes
    ----------
    handed_in : datetime or None
        In UTC and without a time zone, as the gradebook has it; None where it is not known.
    seconds_late : float
        As nbgrader counts them for the penalty; 0 where nothing is known.
    """

    questions: dict[str, Mark]
    late_penalty: float = 0.0
    handed_in: datetime.datetime | None = None
    seconds_late: float = 0.0

    @property
    def total(self) -> float:
        """All points together, less the late penalty."""
        return round(sum(mark.score for mark in self.questions.values()) - self.late_penalty, 4)


@dataclass(frozen=True)
class Entry:
    """The gradebook's entry for one question: nbgrader's grade, and the comment on it."""

    auto_score: float | None = None
    manual_score: float | None = None
    extra_credit: float | None = None
    needs_manual_grade: bool = True
    auto_comment: str | None = None
    manual_comment: str | None = None

    @property
    def score(self) -> float:
        """The points that count, as nbgrader adds them up."""
        score = self.auto_score if self.manual_score is None else self.manual_score
        return 0.0 if score is None else score + (self.extra_credit or 0.0)


def entry_after(before: Entry, verdict: Verdict | None, *, answered: bool, same: bool) -> Entry:
    """Return the entry that the gradebook should hold for a question now."""
    kept = before if same else Entry()
    if verdict is not None:
        return replace(kept, auto_score=verdict.score, needs_manual_grade=False, auto_comment=None)
    waiting = answered and kept.manual_score is None
    return replace(kept, auto_score=None if answered else 0.0, needs_manual_grade=waiting)
