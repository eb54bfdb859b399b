"""Running several lessons: side by side, watched, and stopped without leaving a kernel behind."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from course_lib import files, results
from course_lib.errors import CourseError
from course_lib.signals import stopping_on_signals
from course_staff.running import report
from course_staff.running.report import LessonReport

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from course_staff.running.progress import RunProgress

# The needs of one lesson: so much has to be free for another one beside it.
_MEMORY_PER_LESSON = 4e9


@dataclass(frozen=True)
class Lesson:
    """One lesson to run: its notebook and the parameters to inject."""

    name: str
    notebook: NotebookNode
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RunSettings:
    """How the lessons are run.

    Attributes
    ----------
    profile, data : str
        The requested ones; "auto" leaves the choice to the lesson.
    out : pathlib.Path
        The folder for the executed notebooks, the pages and report.json.
    jobs : int
        How many lessons at a time.
    time_limit : float or None
        Seconds of wall time for each lesson.
    memory_limit_mb : float or None
        Megabytes for each lesson.
    """

    profile: str
    data: str
    out: Path
    jobs: int = 1
    time_limit: float | None = None
    memory_limit_mb: float | None = None


def automatic_jobs(lessons: int) -> int:
    """Return how many lessons this machine can run at a time.

    One for each core, for networks as small as these hardly train faster on two; and a lesson may
    hold 4 GB.
    """
    memory = int(psutil.virtual_memory().available / _MEMORY_PER_LESSON)
    return max(1, min(lessons, os.cpu_count() or 1, memory))


def share_of_cores(jobs: int) -> dict[str, str]:
    """Return variables by which lessons that run side by side divide the cores."""
    if jobs == 1:
        return {}
    cores = str(max(1, (os.cpu_count() or 1) // jobs))
    names = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    return {name: os.environ.get(name, cores) for name in names}


def run(lessons: list[Lesson], settings: RunSettings, progress: RunProgress) -> list[LessonReport]:
    """Run lessons and write, for each, the executed notebook and its page; at the end the report.

    Ctrl-C and SIGTERM end all kernels; unfinished lessons are reported as "interrupted".
    """
    for lesson in lessons:
        path = settings.out / f"{lesson.name}.ipynb"
        if path.exists() and not _is_executed(path):
            raise CourseError(
                f"{path} was not written by `course run`, which would replace it: "
                "choose another --out."
            )
    for name in (
        "report.json",
        *(f"{x.name}{end}" for x in lessons for end in (".ipynb", ".html")),
    ):
        _remove(settings.out / name)  # nothing of an earlier run may pass for this one's
    stop = threading.Event()
    reports: dict[str, LessonReport] = {}
    heard_before = False
    with (
        stopping_on_signals(stop) as heard,
        progress,
        ThreadPoolExecutor(settings.jobs) as pool,
    ):
        pending = {
            pool.submit(_run_one, lesson, settings, progress, stop): lesson for lesson in lessons
        }
        while pending:
            # With a time-out, so that signals are seen while nothing else happens.
            if heard.is_set() and not heard_before:
                heard_before = True
                progress.interrupted()
            for done in wait(pending, timeout=0.2, return_when=FIRST_COMPLETED).done:
                lesson = pending.pop(done)
                reports[lesson.name] = _outcome(done, lesson, settings)
                progress.ended(reports[lesson.name])
    ordered = [reports[lesson.name] for lesson in lessons]
    files.write(settings.out / "report.json", report.as_json(ordered))
    return ordered


def _run_one(
    lesson: Lesson, settings: RunSettings, progress: RunProgress, stop: threading.Event
) -> LessonReport:
    from course_staff.running.execution import execute
    from course_staff.running.page import html_page

    if stop.is_set():
        return LessonReport(lesson.name, "interrupted", settings.profile, settings.data)
    progress.started(lesson.name, len(lesson.notebook.cells))

    def on_cell(index: int, notebook: NotebookNode) -> None:
        noted = report.facts(notebook)
        expected = results.expectation(
            lesson.name,
            noted.profile or _guess(settings.profile, "quick"),
            noted.data or _guess(settings.data, "real"),
        )
        progress.advanced(lesson.name, index, len(notebook.cells), expected.seconds)

    execution = execute(
        lesson.notebook,
        lesson.parameters,
        time_limit=settings.time_limit,
        memory_limit_mb=settings.memory_limit_mb,
        stop=stop,
        on_cell=on_cell,
        environment=share_of_cores(settings.jobs),
    )
    noted = report.facts(execution.notebook)
    profile, data = noted.profile or settings.profile, noted.data or settings.data
    judged_results = report.judge(lesson.name, execution.notebook, profile=profile, data=data)
    status = execution.status
    if status == "completed":
        status = "out_of_band" if any(r.ok is False for r in judged_results.values()) else "passed"
    error = str(execution.failure) if execution.failure else None
    notebook_path = settings.out / f"{lesson.name}.ipynb"
    page_path = settings.out / f"{lesson.name}.html"
    try:
        import nbformat

        files.write(notebook_path, nbformat.writes(execution.notebook))
        files.write(page_path, html_page(execution.notebook, fallback_title=lesson.name))
    except CourseError as problem:  # a full disk: keep the numbers, and report what is missing
        error = f"{error}. {problem}" if error else str(problem)
        status = "failed" if status in ("passed", "out_of_band") else status
    return LessonReport(
        lesson.name,
        status,
        profile,
        data,
        execution.seconds,
        execution.peak_memory_mb,
        judged_results,
        error,
        execution.failure.traceback if execution.failure else (),
        str(notebook_path) if notebook_path.is_file() else None,
        str(page_path) if page_path.is_file() else None,
        noted.data_origin,
        noted.device,
    )


def _outcome(done: Future[LessonReport], lesson: Lesson, settings: RunSettings) -> LessonReport:
    """Return a lesson's report, also where running it went wrong outside its notebook."""
    problem = done.exception()
    if problem is None:
        return done.result()
    # The other lessons continue after any error: no kernel could be started, no page be made.
    error = f"{type(problem).__name__}: {problem}"
    return LessonReport(lesson.name, "failed", settings.profile, settings.data, error=error)


def _guess(asked: str, usual: str) -> str:
    return usual if asked == "auto" else asked


def _is_executed(path: Path) -> bool:
    """Tell whether a notebook bears papermill's mark, as every one does that a run wrote."""
    try:
        return "papermill" in json.loads(path.read_text("utf-8"))["metadata"]
    except (OSError, ValueError, KeyError, TypeError):  # no notebook, so somebody's own file
        return False


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise CourseError(
            f"{path} is in the way ({error.strerror}): remove it, or choose another --out."
        ) from error
