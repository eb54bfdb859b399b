"""Showing the progress of a run: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, Task, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress
from rich.table import Column
from rich.text import Text

from course_lib.durations import duration
from course_staff.running.report import LessonReport

_SECONDS_BETWEEN_LINES = 60.0
_INTERRUPTED = "Interrupted: the kernels end, and what has run so far is written."

WORDS = {
    "passed": "passed",
    "out_of_band": "out of band",
    "failed": "failed",
    "time_limit": "ended at the time limit",
    "memory_limit": "ended at the memory limit",
    "interrupted": "interrupted",
}


class RunProgress(Protocol):
    """Shows the progress of `session.run`; called from several threads."""

    def __enter__(self) -> RunProgress: ...
    def __exit__(self, *exc_info: object) -> None: ...
    def started(self, lesson: str, cells: int) -> None: ...
    def advanced(self, lesson: str, cell: int, cells: int, expected: float | None) -> None: ...
    def ended(self, report: LessonReport) -> None: ...
    def interrupted(self) -> None: ...


def progress_for(console: Console) -> RunProgress:
    """Return bars where the console is a terminal that can draw them, lines elsewhere."""
    return Bars(console) if console.is_terminal and not console.is_dumb_terminal else Lines(console)


@dataclass
class LessonPace:
    """How far one lesson is, and how long it may still take."""

    started: float
    cell: int = 0
    cells: int = 1
    expected: float | None = None

    def remaining(self, now: float) -> float | None:
        """Return the seconds still to go; None where they are not known yet.

        The lesson's measured duration is used as long as it holds; a lesson that exceeds it,
        or has none, is judged by the share of its cells that are done.
        """
        elapsed = now - self.started
        if self.expected is not None and elapsed < self.expected:
            return self.expected - elapsed
        if self.cell == 0:
            return None
        return elapsed * (self.cells - self.cell) / self.cell


class Bars:
    """One line per running lesson, redrawn on a terminal."""

    def __init__(self, console: Console) -> None:
        self._bars = RichProgress(
            TextColumn(
                "{task.description}",
                table_column=Column(ratio=3, no_wrap=True, overflow="ellipsis"),
            ),
            BarColumn(bar_width=None, table_column=Column(ratio=2)),
            TextColumn("cell {task.completed:.0f}/{task.total:.0f}"),
            TimeElapsedColumn(),
            _RemainingColumn(),
            console=console,
            expand=True,
            transient=True,  # the table at the end says it all
        )
        self._tasks: dict[str, TaskID] = {}
        self._paces: dict[str, LessonPace] = {}

    def __enter__(self) -> Bars:
        self._bars.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._bars.stop()

    def started(self, lesson: str, cells: int) -> None:
        pace = self._paces[lesson] = LessonPace(time.monotonic(), cells=cells)
        self._tasks[lesson] = self._bars.add_task(lesson, total=cells, pace=pace)

    def advanced(self, lesson: str, cell: int, cells: int, expected: float | None) -> None:
        pace = self._paces[lesson]
        pace.cell, pace.cells, pace.expected = cell, cells, expected
        self._bars.update(self._tasks[lesson], completed=cell, total=cells)

    def ended(self, report: LessonReport) -> None:
        if (task := self._tasks.pop(report.lesson, None)) is not None:
            self._bars.remove_task(task)
        self._bars.console.print(_end_line(report), markup=False, highlight=False)

    def interrupted(self) -> None:
        self._bars.console.print(_INTERRUPTED)


class _RemainingColumn(ProgressColumn):
    """How much longer it takes, counting down between cells."""

    max_refresh = 0.5

    def render(self, task: Task) -> Text:
        remaining = task.fields["pace"].remaining(time.monotonic())
        return Text(
            "" if remaining is None else f"{duration(remaining)} left", "progress.remaining"
        )


class Lines:
    """A line when a lesson starts and ends, and one a minute at most in between."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._lock = threading.Lock()
        self._paces: dict[str, LessonPace] = {}
        self._printed_at: dict[str, float] = {}

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *exc_info: object) -> None:
        pass

    def started(self, lesson: str, cells: int) -> None:
        self._paces[lesson] = LessonPace(self._clock(), cells=cells)
        self._say(lesson, f"started, {cells} cells")

    def advanced(self, lesson: str, cell: int, cells: int, expected: float | None) -> None:
        pace, now = self._paces[lesson], self._clock()
        pace.cell, pace.cells, pace.expected = cell, cells, expected
        if now - self._printed_at[lesson] >= _SECONDS_BETWEEN_LINES:
            remaining = pace.remaining(now)
            left = "" if remaining is None else f", about {duration(remaining)} left"
            self._say(lesson, f"cell {cell}/{cells} after {duration(now - pace.started)}{left}")

    def ended(self, report: LessonReport) -> None:
        with self._lock:
            self._print(_end_line(report))

    def interrupted(self) -> None:
        with self._lock:
            self._print(_INTERRUPTED)

    def _say(self, lesson: str, text: str) -> None:
        self._printed_at[lesson] = self._clock()
        with self._lock:
            self._print(f"{lesson}: {text}")

    def _print(self, line: str) -> None:
        # soft_wrap: a log's lines are not broken at 80 columns.
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


def _end_line(report: LessonReport) -> str:
    took = f" in {duration(report.seconds)}" if report.seconds else ""
    return f"{report.lesson}: {WORDS[report.status]}{took}"
