"""Showing the progress of grading: a live display on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from course_lib.durations import duration
from course_staff.grading.reports.reporting import SHORT, WORDS, readable

if TYPE_CHECKING:
    from course_staff.grading.marking import StudentReport

_SECONDS_BETWEEN_LINES = 60.0
_RECENT = 30  # submissions: kept ones take no time, so only the last ones tell how fast it goes


class ClassPace:
    """How many submissions of a class are done, with what outcome, and how fast.

    Parameters
    ----------
    students : int
        How many there are.
    clock : callable, optional
        Gives the time in seconds.
    """

    def __init__(self, students: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.students = students
        self.outcomes: Counter[str] = Counter()
        self.kept = 0
        self._clock = clock
        self._started = clock()
        self._recent = deque([self._started], maxlen=_RECENT + 1)

    def add(self, report: StudentReport) -> None:
        """Count one more student."""
        self.outcomes[report.status] += 1
        self.kept += report.kept
        self._recent.append(self._clock())

    @property
    def done(self) -> int:
        """How many students are done."""
        return self.outcomes.total()

    @property
    def elapsed(self) -> float:
        """The seconds since the start."""
        return self._clock() - self._started

    @property
    def per_minute(self) -> float | None:
        """The submissions a minute of late; None before the first."""
        # Up to now, not to the last one: when nothing comes any more, the figure sinks.
        seconds = self._clock() - self._recent[0]
        return 60 * (len(self._recent) - 1) / seconds if self.done and seconds > 0 else None

    @property
    def remaining(self) -> float | None:
        """The seconds still to go at this pace; None before the first submission."""
        rate = self.per_minute
        return 60 * (self.students - self.done) / rate if rate else None

    def outcomes_in_words(self) -> str:
        """Return the counts by status, such as "31 graded, 2 unreadable"."""
        counts = [
            f"{self.outcomes[status]} {SHORT[status]}" for status in SHORT if self.outcomes[status]
        ]
        return ", ".join([*counts, f"{self.kept} unchanged"] if self.kept else counts)


class GradingProgress:
    """Shows the progress of `session.grade`; use it as a context manager.

    On a terminal a bar and the counts are redrawn in place. Elsewhere every student has a line,
    and in between, once a minute at most, a line says how far it is. A last line sums up.

    Parameters
    ----------
    students : int
        How many there are.
    clock : callable, optional
        Gives the time in seconds.
    """

    def __init__(
        self, console: Console, students: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._console, self._clock = console, clock
        self.pace = ClassPace(students, clock)
        self._changes: Counter[str] = Counter()  # of the installed packages
        self._printed_at = clock()
        self._live = None
        if console.is_terminal and not console.is_dumb_terminal:
            self._live = Live(
                get_renderable=self._drawn, console=console, transient=True, refresh_per_second=4
            )

    def __enter__(self) -> GradingProgress:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()
        if self.pace.done:
            took = f"{self.pace.done} of {self.pace.students} in {duration(self.pace.elapsed)}"
            mean = 60 * self.pace.done / max(self.pace.elapsed, 1e-3)
            self._print(f"{took} ({mean:.3g} a minute): {self.pace.outcomes_in_words()}")
        for changes, count in self._changes.items():
            again = "1 submission was" if count == 1 else f"{count} submissions were"
            self._print(f"{again} executed again, for the installed packages changed: {changes}.")

    def graded(self, report: StudentReport) -> None:
        """Show that one more student is done."""
        self.pace.add(report)
        if self._live:
            return
        points, outcome = f"{report.marks.total:g} points", WORDS[report.status]
        self._print(f"{readable(report.student)}: {points}, {outcome}")
        if self._clock() - self._printed_at >= _SECONDS_BETWEEN_LINES:
            self._printed_at = self._clock()
            self._print(
                f"{self.pace.done} of {self.pace.students} after {duration(self.pace.elapsed)}, "
                f"{_speed(self.pace)}: {self.pace.outcomes_in_words()}"
            )

    def changed_packages(self, changes: str) -> None:
        """Print, the first time, why submissions are executed again."""
        if not self._changes[changes]:
            self._print(
                f"The installed packages changed since the last time: {changes}. Submissions "
                "executed before that are executed again."
            )
        self._changes[changes] += 1

    def _drawn(self) -> RenderableType:
        pace = self.pace
        line = Table.grid(expand=True, padding=(0, 2, 0, 0))
        line.add_column(no_wrap=True)
        line.add_column(ratio=1)
        line.add_column(no_wrap=True, justify="right")
        bar = ProgressBar(total=max(pace.students, 1), completed=pace.done)
        line.add_row(f"{pace.done} of {pace.students}", bar, _speed(pace))
        summary = ", ".join(filter(None, (duration(pace.elapsed), pace.outcomes_in_words())))
        return Group(line, Text(summary, style="dim"))

    def _print(self, line: str) -> None:
        # soft_wrap: a log's lines are not broken at 80 columns.
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


def _speed(pace: ClassPace) -> str:
    rate, remaining = pace.per_minute, pace.remaining
    if rate is None or remaining is None:
        return ""
    return f"{rate:.3g} a minute, {duration(remaining)} left"
