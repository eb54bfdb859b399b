"""The answers that the gradebook's marks were given for, kept in the gradebook itself.

Marks given by hand belong to an answer. A fingerprint of it is written in the same transaction as
the marks, into a table beside nbgrader's own, so that no stop in between parts the two.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import Column, MetaData, String, Table, Text, delete, insert, select

if TYPE_CHECKING:
    from nbgrader.api import Gradebook

_TABLE = Table(
    "course_recorded",
    MetaData(),
    Column("assignment", String(128), primary_key=True),
    Column("student", String(128), primary_key=True),
    # No foreign key: nbgrader must be able to remove a submission.
    Column("submission", String(32)),
    Column("facts", Text, nullable=False),
)


@dataclass(frozen=True)
class GradedState:
    """The state of a submission that a student's marks in the gradebook were given for.

    Attributes
    ----------
    key : str or None
        The attempt; None where nothing was handed in.
    code : str
        A fingerprint of the executed cells.
    written : dict of str to str
        A fingerprint of each written answer.
    timestamp : str or None
        The time of submission, in ISO format.
    notes : list of str
        Notes for the instructor on how the notebook was found.
    """

    key: str | None = None
    code: str = ""
    written: dict[str, str] = field(default_factory=dict)
    timestamp: str | None = None
    notes: list[str] = field(default_factory=list)


class Ledger:
    """The graded states of one assignment's submissions.

    Parameters
    ----------
    book : nbgrader.api.Gradebook
        Open.
    """

    def __init__(self, book: Gradebook, assignment: str) -> None:
        self._book, self._assignment = book, assignment
        _TABLE.create(book.engine, checkfirst=True)

    def students(self) -> list[str]:
        """Return the students with a recorded state, sorted."""
        rows = self._book.db.execute(
            select(_TABLE.c.student).where(_TABLE.c.assignment == self._assignment)
        )
        return sorted(rows.scalars())

    def state(self, student: str, submission: str | None = None) -> GradedState | None:
        """Return the state that a student's marks were given for."""
        row = self._book.db.execute(select(_TABLE).where(*self._of(student))).one_or_none()
        if row is None or (submission is not None and row.submission != submission):
            return None
        return GradedState(**json.loads(row.facts))

    def record(self, student: str, submission: str | None, state: GradedState) -> None:
        """Record the state that a student's marks are given for, in the open transaction."""
        noted = json.dumps(asdict(state), sort_keys=True)
        self._book.db.execute(delete(_TABLE).where(*self._of(student)))
        self._book.db.execute(
            insert(_TABLE).values(
                assignment=self._assignment, student=student, submission=submission, facts=noted
            )
        )

    def _of(self, student: str) -> tuple:
        return _TABLE.c.assignment == self._assignment, _TABLE.c.student == student
