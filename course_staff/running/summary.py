"""The end of a run as tables for people."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from course_lib.durations import duration
from course_staff.running.progress import WORDS
from course_staff.running.report import JudgedResult, LessonReport


def show(console: Console, reports: Sequence[LessonReport], out: Path) -> None:
    """Print results, costs, failures and paths; the tables fit 40 columns and more."""
    recorded = [report for report in reports if report.results]
    if recorded:
        console.print(_results_table(recorded, console.width))
    console.print(_lessons_table(reports, console.width))
    for report in reports:
        if report.data_origin:
            console.print(Text(f"Data of {report.lesson}: {report.data_origin}"))
    console.print()
    for report in reports:
        if report.error:
            _print(console, Text(f"{report.lesson}: {report.error}", style="bold red"))
            for line in report.traceback:
                _print(console, Text(f"  {line}"))
            console.print()
    for report in reports:
        for path in (report.notebook, report.page):
            if path:
                _print(console, Text(_short(path)))
    _print(console, Text(_short(out / "report.json")))


def _empty_table(width: int) -> Table:
    return Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1 if width >= 80 else 0))


def _results_table(reports: Sequence[LessonReport], width: int) -> Table:
    table = _empty_table(width)
    # Below each lesson's name its results, so that both have room. No number is ever cut off: the
    # one column that may wrap is the one that gives way, and names have nowhere to wrap.
    table.add_column("Result", overflow="ellipsis")
    table.add_column("Value", justify="right", no_wrap=True)
    # On a narrow terminal a band stands in two lines, "0.9905 to" and "0.9955".
    table.add_column("Expected", no_wrap=width >= 60, width=None if width >= 60 else 10)
    table.add_column("Verdict", no_wrap=True)
    for report in reports:
        table.add_row(Text(report.lesson, style="bold"))
        for name, result in report.results.items():
            value = "missing" if result.value is None else f"{result.value:.4g}"
            band = "–" if result.low is None else f"{result.low:.4g} to {result.high:.4g}"
            table.add_row(f"  {name}", value, band, _verdict(result))
    return table


def _lessons_table(reports: Sequence[LessonReport], width: int) -> Table:
    table = _empty_table(width)
    # As above, the lesson's name gives way; then what was asked for, which its user knows.
    table.add_column("Lesson", overflow="ellipsis", max_width=23)
    table.add_column("Outcome", width=None if width >= 80 else 11, no_wrap=width >= 80)
    if width >= 50:
        table.add_column("Profile", no_wrap=True)
    table.add_column("Time", justify="right", no_wrap=True)
    table.add_column("Memory", justify="right", no_wrap=True)
    if width >= 60:
        table.add_column("Data", no_wrap=True)
    for report in reports:
        row = {
            "Lesson": report.lesson,
            "Outcome": Text(WORDS[report.status], style="green" if report.passed else "bold red"),
            "Profile": report.profile,
            "Time": duration(report.seconds) if report.seconds else "–",
            "Memory": f"{report.peak_memory_mb / 1000:.1f} GB" if report.peak_memory_mb else "–",
            "Data": report.data,
        }
        table.add_row(*(row[column.header] for column in table.columns))
    return table


def _verdict(result: JudgedResult) -> Text:
    if result.ok is None:
        return Text("unmeasured", style="yellow")
    if result.ok:
        return Text("held", style="green")
    return Text("missing" if result.value is None else "out of band", style="bold red")


def _print(console: Console, text: Text) -> None:
    # soft_wrap: a path stays in one piece, to be copied or clicked.
    console.print(text, soft_wrap=True, highlight=False)


def _short(path: str | Path) -> str:
    """Return a path relative to here where it lies below, else as it is."""
    path = Path(path)
    here = Path(os.getcwd())
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
