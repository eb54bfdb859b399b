"""Judging kept attempts again: their replies are enough, no student code runs."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from contextlib import suppress

from course_lib.errors import CourseError
from course_staff.grading.assignments.assignment import Assignment
from course_staff.grading.marking import (
    Change,
    StudentReport,
    hidden_calls,
    judge_attempt,
    student_report,
    zero_marks,
)
from course_staff.grading.records.attempts import Attempt, fingerprint
from course_staff.grading.records.recording import Recorder
from course_staff.grading.submissions.sanitizing import Submission, sanitize


def reports_from_archive(
    assignment: Assignment, students: Iterable[str], recorder: Recorder
) -> list[StudentReport]:
    """Return the reports of students who were graded before; the others are left out.

    A student whose attempt is damaged is reported as "failed", with the marks of the gradebook.
    """
    graded = set(recorder.students())

    def report(student: str) -> StudentReport:
        marks = recorder.marks(student)
        submission, attempt = _kept(assignment, student, recorder)
        verdicts = judge_attempt(assignment, submission, attempt)
        notes = recorder.state(student).notes
        return student_report(student, submission, attempt, verdicts, marks, notes)

    return [
        _guarded(report, student, assignment, recorder) for student in students if student in graded
    ]


def _guarded(
    report: Callable[[str], StudentReport],
    student: str,
    assignment: Assignment,
    recorder: Recorder,
) -> StudentReport:
    """Return a student's report; where that fails, one that says so, with the recorded marks."""
    try:
        return report(student)
    except DamagedAttemptError as error:
        remark = str(error)
    except CourseError:
        raise
    except Exception as error:
        remark = (
            f"The kept attempt could not be judged ({type(error).__name__}: {error}): run "
            "`course grade` again."
        )
    try:
        marks = recorder.marks(student)
    except CourseError:
        raise
    except Exception:  # the gradebook's own row is wrong
        marks = zero_marks(assignment)
    return StudentReport(student, "failed", marks, {}, (remark,))


class DamagedAttemptError(CourseError):
    """A student's kept attempt cannot be read."""


def _kept(
    assignment: Assignment, student: str, recorder: Recorder
) -> tuple[Submission, Attempt | None]:
    """Return the attempt that the gradebook shows of a student."""
    archive, key = recorder.archive, recorder.state(student).key
    if key is None:  # nothing was handed in
        return sanitize(None, assignment), None
    attempt = archive.find(student, key)
    if attempt is not None:
        return attempt.submission, attempt
    home = archive.folder / student
    raise DamagedAttemptError(
        f"{home / key} is damaged: run `course grade` again, which executes {student}'s "
        "submission again. If it is no longer in --submitted, put it back there first, or move "
        f"{home} away: the marks stay in the gradebook, and no report names {student}."
    )


def rejudge(assignment: Assignment, recorder: Recorder) -> tuple[list[StudentReport], list[Change]]:
    """Judge kept replies again, after a check was corrected; no student code runs.

    A student whose attempt is damaged is reported as "failed"; the gradebook keeps its marks.
    """
    students = recorder.students()
    answered = []
    for student in students:
        with suppress(DamagedAttemptError):  # it is reported below
            _, attempt = _kept(assignment, student, recorder)
            if attempt is not None:  # its replies may be large: they are read again when judged
                answered.append((attempt.seed, attempt.asked))
    for seed in {seed for seed, _ in answered}:
        fingerprints = {
            n: fingerprint(calls) for n, calls in hidden_calls(assignment, seed).items()
        }
        changed = {
            name
            for its_seed, before in answered
            if its_seed == seed
            for name in fingerprints
            if before.get(name) != fingerprints[name]
        }
        if changed:
            raise CourseError(
                f"The checks of {', '.join(sorted(changed))} make other calls than those that were "
                "answered: run `course grade` again, which executes the submissions."
            )
    changes: list[Change] = []

    def report(student: str) -> StudentReport:
        submission, attempt = _kept(assignment, student, recorder)
        verdicts = judge_attempt(assignment, submission, attempt)
        before = recorder.marks(student)
        state = recorder.state(student)
        marks = recorder.record(
            student,
            submission,
            verdicts,
            key=attempt.key if attempt else "",
            timestamp=state.timestamp and datetime.datetime.fromisoformat(state.timestamp),
            notes=state.notes,
        )
        changes.extend(
            Change(student, name, before.questions[name].score, mark.score)
            for name, mark in marks.questions.items()
            if mark.score != before.questions[name].score
        )
        return student_report(student, submission, attempt, verdicts, marks, state.notes)

    return [_guarded(report, student, assignment, recorder) for student in students], changes
