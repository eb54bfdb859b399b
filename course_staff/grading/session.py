"""Grading a class: read, sanitise, execute, judge and record, with one writer.

Executing takes seconds and happens in kernels, several at a time, each looked after by a thread of
its own; judging and recording take milliseconds and are done by the calling thread alone.
"""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from course_lib.errors import CourseError
from course_staff.grading.assignments.assignment import Assignment
from course_staff.grading.execution.packages import differences
from course_staff.grading.execution.workers import Workers
from course_staff.grading.judging.verdicts import Verdict
from course_staff.grading.limits import Interrupted, Limits
from course_staff.grading.marking import (
    StudentReport,
    hidden_calls,
    judge_attempt,
    judge_fingerprint,
    student_report,
    zero_marks,
)
from course_staff.grading.records.attempts import (
    Attempt,
    attempt_key,
    fingerprint,
    inputs_fingerprint,
)
from course_staff.grading.records.recording import Recorder
from course_staff.grading.submissions import copies, reading
from course_staff.grading.submissions.sanitizing import Submission, sanitize


@dataclass(frozen=True)
class GradingSettings:
    """How a class is graded.

    Attributes
    ----------
    seed : int
        For the hidden inputs: the same for the whole class.
    again : frozenset of str
        The students whose submissions are executed also where nothing has changed.
    """

    seed: int
    limits: Limits = field(default_factory=Limits)
    again: frozenset[str] = frozenset()


def grade(
    assignment: Assignment,
    submitted: Path,
    students: Iterable[str],
    recorder: Recorder,
    settings: GradingSettings,
    workers: Workers,
    *,
    on_graded: Callable[[StudentReport], None] = lambda report: None,
    on_changed_packages: Callable[[str], None] = lambda changes: None,
    stop: threading.Event | None = None,
) -> list[StudentReport]:
    """Grade the submissions of some students.

    A submission that was executed before, unchanged, under the same seed and with the same packages
    installed, is judged by its kept replies. An error in one submission affects no other.
    """
    stop = stop or threading.Event()
    grader = _ClassGrader(assignment, submitted, recorder, settings, workers, stop)
    reports: dict[str, StudentReport] = {}
    students = list(students)
    waiting = list(reversed(students))
    running: dict[Future[_Outcome], str] = {}
    with ThreadPoolExecutor(workers.count) as pool, _stopping_on_errors(stop):
        while running or (waiting and not stop.is_set()):
            # One more than can run, so that no kernel waits for the writer.
            while waiting and len(running) <= workers.count and not stop.is_set():
                student = waiting.pop()
                running[pool.submit(grader.execute_one, student)] = student
            for future in wait(running, timeout=0.2, return_when=FIRST_COMPLETED).done:
                student = running.pop(future)
                report = grader.record_one(future, student)
                if (changed := grader.changed_packages.pop(student, None)) and report is not None:
                    on_changed_packages(changed)
                if report is not None:
                    reports[student] = report
                    on_graded(report)
    return [reports[student] for student in students if student in reports]


@contextmanager
def _stopping_on_errors(stop: threading.Event) -> Iterator[None]:
    """Stop waiting for kernels after an error: their results could not be recorded."""
    try:
        yield
    except BaseException:
        stop.set()
        raise


@dataclass(frozen=True)
class _Outcome:
    """A student's submission, and the outcome of executing it."""

    submission: Submission
    attempt: Attempt | None = None
    verdicts: Mapping[str, Verdict] | None = None  # kept ones: the attempt's replies are not here
    timestamp: datetime.datetime | None = None
    notes: tuple[str, ...] = ()


class _ClassGrader:
    """Grades the submissions of a class, one by one."""

    def __init__(
        self,
        assignment: Assignment,
        submitted: Path,
        recorder: Recorder,
        settings: GradingSettings,
        workers: Workers,
        stop: threading.Event,
    ) -> None:
        self.assignment, self.submitted, self.recorder = assignment, submitted, recorder
        self.settings, self.workers, self.stop = settings, workers, stop
        self.calls = hidden_calls(assignment, settings.seed)
        self.asked = {name: fingerprint(calls) for name, calls in self.calls.items()}
        self.judge = judge_fingerprint(assignment)
        self.matcher = copies.of_assignment(assignment)
        self.changed_packages: dict[str, str] = {}  # in words, by student

    def execute_one(self, student: str) -> _Outcome:
        """Read and execute a submission, unless there is a kept attempt with the same inputs.

        Runs in several threads at once; each writes only its own student's attempt.
        """
        if self.stop.is_set():
            raise Interrupted
        archive, settings, assignment = self.recorder.archive, self.settings, self.assignment
        files = reading.read(
            self.submitted, student, assignment.name, assignment.notebook_name, self.matcher
        )
        submission = sanitize(files.data, assignment)
        submission = replace(submission, remarks=(*files.remarks, *submission.remarks))
        if submission.status == "missing":
            return _Outcome(submission, timestamp=files.timestamp, notes=files.notes)
        packages = self.workers.packages
        inputs = inputs_fingerprint(
            submission, self.asked, settings.seed, settings.limits, self.workers.sandboxed
        )
        key = attempt_key(inputs, packages)
        if student not in settings.again:
            verdicts = archive.verdicts(student, key, self.judge)
            attempt = archive.find(student, key, replies=verdicts is None)
            if attempt is not None:
                # This run's remarks on how the notebook was found, not those of the kept attempt.
                kept = replace(attempt.submission, remarks=submission.remarks)
                execution = replace(attempt.execution, seconds=0.0)
                attempt = replace(attempt, submission=kept, execution=execution)
                return _Outcome(kept, attempt, verdicts, files.timestamp, files.notes)
            before = archive.packages_before(student, inputs)
            if before is not None and (changed := differences(before, packages)):
                self.changed_packages[student] = changed
        execution = self.workers.execute(submission, self.calls, settings.limits, self.stop)
        submission = replace(submission, notebook=execution.notebook)
        attempt = Attempt(
            key, settings.seed, self.asked, submission, execution, inputs, dict(packages)
        )
        archive.save(student, attempt)
        return _Outcome(submission, attempt, timestamp=files.timestamp, notes=files.notes)

    def record_one(self, future: Future[_Outcome], student: str) -> StudentReport | None:
        """Judge and record an executed submission; None where it was interrupted."""
        try:
            outcome = future.result()
            submission, attempt = outcome.submission, outcome.attempt
            verdicts = self.judge_one(student, outcome)
            marks = self.recorder.record(
                student,
                submission,
                verdicts,
                key=attempt.key if attempt else "",
                timestamp=outcome.timestamp,
                notes=outcome.notes,
            )
        except Interrupted:
            return None
        except CourseError:
            raise  # a full disk or a broken check would fail every submission
        except Exception as error:
            remedy = "grade this student again"
            if not student.isprintable():
                remedy = "rename the student's folder, whose name is not readable text"
            remark = f"Grading failed ({type(error).__name__}: {error}): {remedy}."
            return StudentReport(student, "failed", zero_marks(self.assignment), {}, (remark,))
        return student_report(student, submission, attempt, verdicts, marks, outcome.notes)

    def judge_one(self, student: str, outcome: _Outcome) -> Mapping[str, Verdict]:
        """Judge an attempt, unless the same verdicts are kept already."""
        if outcome.verdicts is not None:
            return outcome.verdicts
        submission, attempt = outcome.submission, outcome.attempt
        verdicts = judge_attempt(self.assignment, submission, attempt)
        if attempt is not None and submission.status == "ok":
            self.recorder.archive.write_verdicts(student, attempt.key, self.judge, verdicts)
        return verdicts
