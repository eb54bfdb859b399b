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
from course_staff.grading.marking import StudentReport, calls_of, judged, nothing_for, report_of
from course_staff.grading.records.attempts import Attempt, fingerprint, inputs_of, key_of
from course_staff.grading.records.kept_verdicts import KeptVerdicts
from course_staff.grading.records.recording import Recorder
from course_staff.grading.submissions import copies, reading
from course_staff.grading.submissions.sanitizing import Submission, sanitize


@dataclass(frozen=True)
class Settings:
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
    settings: Settings,
    workers: Workers,
    *,
    on_graded: Callable[[StudentReport], None] = lambda report: None,
    on_changed_packages: Callable[[str], None] = lambda told: None,
    stop: threading.Event | None = None,
) -> list[StudentReport]:
    """Grade the submissions of some students.

    A submission that was executed before, unchanged, under the same seed and with the same packages
    installed, is judged by its kept replies. What goes wrong with one submission touches no other.
    """
    stop = stop or threading.Event()
    class_ = _Class(assignment, submitted, recorder, settings, workers, stop)
    reports: dict[str, StudentReport] = {}
    students = list(students)
    waiting = list(reversed(students))
    running: dict[Future[_Executed], str] = {}
    with ThreadPoolExecutor(workers.count) as pool, _stopping_on_errors(stop):
        while running or (waiting and not stop.is_set()):
            # One more than can run, so that no kernel waits for the writer.
            while waiting and len(running) <= workers.count and not stop.is_set():
                student = waiting.pop()
                running[pool.submit(class_.executed, student)] = student
            for future in wait(running, timeout=0.2, return_when=FIRST_COMPLETED).done:
                student = running.pop(future)
                report = class_.recorded(future, student)
                if (changed := class_.changed_packages.pop(student, None)) and report is not None:
                    on_changed_packages(changed)
                if report is not None:
                    reports[student] = report
                    on_graded(report)
    return [reports[student] for student in students if student in reports]


@contextmanager
def _stopping_on_errors(stop: threading.Event) -> Iterator[None]:
    """Let nobody wait for kernels whose results cannot be recorded any more."""
    try:
        yield
    except BaseException:
        stop.set()
        raise


@dataclass(frozen=True)
class _Executed:
    """What a student handed in, and what came of executing it."""

    submission: Submission
    attempt: Attempt | None = None
    verdicts: Mapping[str, Verdict] | None = None  # kept ones: the attempt's replies are not here
    timestamp: datetime.datetime | None = None
    notes: tuple[str, ...] = ()


class _Class:
    """What grading every submission of a class has in common."""

    def __init__(
        self,
        assignment: Assignment,
        submitted: Path,
        recorder: Recorder,
        settings: Settings,
        workers: Workers,
        stop: threading.Event,
    ) -> None:
        self.assignment, self.submitted, self.recorder = assignment, submitted, recorder
        self.settings, self.workers, self.stop = settings, workers, stop
        self.calls = calls_of(assignment, settings.seed)
        self.asked = {name: fingerprint(some) for name, some in self.calls.items()}
        self.verdicts = KeptVerdicts(recorder.archive, assignment)
        self.sought = copies.of_assignment(assignment)
        self.changed_packages: dict[str, str] = {}  # in words, by student

    def executed(self, student: str) -> _Executed:
        """Read and execute a submission, unless a kept attempt says what would come of it.

        Runs in several threads at once; what it writes, an attempt, is the student's own.
        """
        if self.stop.is_set():
            raise Interrupted
        archive, settings, assignment = self.recorder.archive, self.settings, self.assignment
        handed = reading.read(
            self.submitted, student, assignment.name, assignment.notebook_name, self.sought
        )
        submission = sanitize(handed.data, assignment)
        submission = replace(submission, remarks=(*handed.remarks, *submission.remarks))
        if submission.status == "missing":
            return _Executed(submission, timestamp=handed.timestamp, notes=handed.notes)
        packages = self.workers.packages
        inputs = inputs_of(
            submission, self.asked, settings.seed, settings.limits, self.workers.sandboxed
        )
        key = key_of(inputs, packages)
        if student not in settings.again:
            verdicts = self.verdicts.find(student, key)
            attempt = archive.find(student, key, replies=verdicts is None)
            if attempt is not None:
                # This run's remarks on how the notebook was found, not those of the kept attempt.
                kept = replace(attempt.submission, remarks=submission.remarks)
                execution = replace(attempt.execution, seconds=0.0)
                attempt = replace(attempt, submission=kept, execution=execution)
                return _Executed(kept, attempt, verdicts, handed.timestamp, handed.notes)
            before = archive.packages_before(student, inputs)
            if before is not None and (changed := differences(before, packages)):
                self.changed_packages[student] = changed
        execution = self.workers.execute(submission, self.calls, settings.limits, self.stop)
        submission = replace(submission, notebook=execution.notebook)
        attempt = Attempt(
            key, settings.seed, self.asked, submission, execution, inputs, dict(packages)
        )
        archive.keep(student, attempt)
        return _Executed(submission, attempt, timestamp=handed.timestamp, notes=handed.notes)

    def recorded(self, future: Future[_Executed], student: str) -> StudentReport | None:
        """Judge and record what was executed; None where it was interrupted."""
        try:
            executed = future.result()
            submission, attempt = executed.submission, executed.attempt
            verdicts = self._judged(student, executed)
            marks = self.recorder.record(
                student,
                submission,
                verdicts,
                key=attempt.key if attempt else "",
                timestamp=executed.timestamp,
                notes=executed.notes,
            )
        except Interrupted:
            return None
        except CourseError:
            raise  # a full disk, a check that is wrong: no submission would fare better
        except Exception as error:
            remedy = "grade this student again"
            if not student.isprintable():
                remedy = "rename the student's folder, whose name is not readable text"
            remark = f"Grading failed ({type(error).__name__}: {error}): {remedy}."
            return StudentReport(student, "failed", nothing_for(self.assignment), {}, (remark,))
        return report_of(student, submission, attempt, verdicts, marks, executed.notes)

    def _judged(self, student: str, executed: _Executed) -> Mapping[str, Verdict]:
        """Judge an attempt, unless that was done before in the same way."""
        if executed.verdicts is not None:
            return executed.verdicts
        submission, attempt = executed.submission, executed.attempt
        verdicts = judged(self.assignment, submission, attempt)
        if attempt is not None and submission.status == "ok":
            self.verdicts.keep(student, attempt.key, verdicts)
        return verdicts
