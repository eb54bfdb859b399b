"""The report on a judged submission, and judging a kept attempt."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from typing import Any

from course_lib.check.messages import causes
from course_staff.grading.assignments.assignment import Assignment
from course_staff.grading.judging.judging import judge, prepare_check
from course_staff.grading.judging.verdicts import Verdict
from course_staff.grading.protocol.calls import Call
from course_staff.grading.records.attempts import Attempt
from course_staff.grading.records.marks import UNANSWERED, UNMARKED, Mark, Marks
from course_staff.grading.sources import FINGERPRINT
from course_staff.grading.submissions.sanitizing import Submission


@dataclass(frozen=True)
class StudentReport:
    """One student's line.

    Attributes
    ----------
    status : {"graded", "to_mark", "missing", "unreadable", "failed"}
        "to_mark": a written answer waits for a person. "failed": the grader itself could not
        record the submission; grading again tries it again.
    messages : dict of str to tuple of str
        The checks' messages by question.
    remarks : tuple of str
        Remarks on the notebook as a whole.
    seconds : float
        The wall time of executing; 0 where a kept attempt was used.
    seed : int or None
        For the hidden inputs; None where nothing was executed.
    sandboxed : bool
        Whether the submission was executed in the sandbox.
    limits_hit : tuple of str
        Which bounds ended a cell or a call, such as "cpu" or "memory".
    peak_memory_mb : float
        The most memory that the student's processes held together; 0 where it is not known.
    notes : tuple of str
        Notes for the instructor on how the notebook was found.
    problems : tuple of str
        Files of a graded submission that could not be made, such as its feedback page, and why.
    has_page : bool
        Whether its feedback page is there.
    """

    student: str
    status: str
    marks: Marks
    messages: dict[str, tuple[str, ...]]
    remarks: tuple[str, ...] = ()
    seconds: float = 0.0
    seed: int | None = None
    sandboxed: bool = True
    limits_hit: tuple[str, ...] = ()
    peak_memory_mb: float = 0.0
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    has_page: bool = True

    @property
    def kept(self) -> bool:
        """Whether a kept attempt was judged, without executing it again."""
        return self.seconds == 0 and self.status in ("graded", "to_mark")


def with_problems(
    reports: Iterable[StudentReport], problems: Mapping[str, str], *, has_page: bool = True
) -> list[StudentReport]:
    """Return reports that name the files that could not be made."""
    return [
        replace(
            report,
            problems=(*report.problems, problems[report.student]),
            has_page=report.has_page and has_page,
        )
        if report.student in problems
        else report
        for report in reports
    ]


@dataclass(frozen=True)
class Change:
    """A mark that judging again changed."""

    student: str
    question: str
    before: float
    after: float


def zero_marks(assignment: Assignment) -> Marks:
    """Return the marks of a submission that could not be judged."""
    return Marks(
        {name: Mark(0.0, question.points) for name, question in assignment.questions.items()}
    )


def hidden_calls(assignment: Assignment, seed: int) -> dict[str, list[Call]]:
    """Return the calls that an assignment's hidden checks make under a seed, by question."""
    return {name: prepare_check(question, seed)[1] for name, question in assignment.checked.items()}


def judge_fingerprint(assignment: Assignment) -> str:
    """Return a fingerprint of all that verdicts depend on besides the replies."""
    digest = hashlib.sha256(FINGERPRINT.encode())
    checks = assignment.root / "lessons" / assignment.name / "checks.py"
    if checks.is_file():
        digest.update(checks.read_bytes())
    for notebook in (assignment.graded, assignment.release):
        digest.update(json.dumps(notebook, sort_keys=True).encode())
    for name in ("keras", "numpy", "tensorflow"):
        digest.update(metadata.version(name).encode())
    return digest.hexdigest()[:20]


def judge_attempt(
    assignment: Assignment, submission: Submission, attempt: Attempt | None
) -> dict[str, Verdict]:
    """Judge an attempt: a verdict for every question with hidden checks."""
    verdicts = {}
    for name, question in assignment.checked.items():
        if attempt is None or submission.status != "ok":
            verdicts[name] = Verdict(0.0, question.points, submission.remarks)
            continue
        verdict = judge(question, attempt.execution.replies.get(name, []), seed=attempt.seed)
        verdicts[name] = replace(verdict, messages=_with_causes(verdict, submission, attempt))
    return verdicts


def _with_causes(verdict: Verdict, submission: Submission, attempt: Attempt) -> tuple[str, ...]:
    """Return a verdict's messages, and why a missing name is not defined: another cell failed."""
    if not any("is not defined" in message for message in verdict.messages):
        return verdict.messages
    cells = submission.notebook.cells
    failed = [
        (cells[index].source, error) for index, error in attempt.execution.cell_errors.items()
    ]
    executed = set(submission.executed)
    skipped = [
        cell.source
        for index, cell in enumerate(cells)
        # A cell that nbgrader knows is a test, or a stub that was put back.
        if cell.cell_type == "code" and index not in executed and "nbgrader" not in cell.metadata
    ]
    sentences = [
        sentence for message in verdict.messages for sentence in causes(message, failed, skipped)
    ]
    return (*verdict.messages, *(f"  {sentence}" for sentence in dict.fromkeys(sentences)))


def student_report(
    student: str,
    submission: Submission,
    attempt: Attempt | None,
    verdicts: Mapping[str, Verdict],
    marks: Marks,
    notes: Sequence[str] = (),
) -> StudentReport:
    """Return a student's report from the verdicts and the recorded marks."""
    messages = {name: verdict.messages for name, verdict in verdicts.items()}
    for name, mark in marks.questions.items():
        if name not in verdicts:
            if submission.status != "ok":  # there are no answers to show
                messages[name] = submission.remarks
            elif name not in submission.written:
                messages[name] = (UNANSWERED,)
            else:
                messages[name] = (UNMARKED,) if mark.waiting else ("Marked by hand.",)
    status = submission.status
    if status == "ok":
        waiting = any(mark.waiting for mark in marks.questions.values())
        status = "to_mark" if waiting else "graded"
    return StudentReport(
        student,
        status,
        marks,
        messages,
        submission.remarks,
        notes=tuple(notes),
        **{} if attempt is None else _execution_facts(attempt),
    )


def _execution_facts(attempt: Attempt) -> dict[str, Any]:
    """Return a report's fields on executing."""
    names = ("seconds", "sandboxed", "limits_hit", "peak_memory_mb")
    return {"seed": attempt.seed, **{name: getattr(attempt.execution, name) for name in names}}
