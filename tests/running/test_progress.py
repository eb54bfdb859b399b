"""How a run gets on, told to a terminal and to a log."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from course_staff.running import progress, summary
from course_staff.running.report import JudgedResult, LessonReport

LONG = "05-Normalization-and-regularization-assignment"
REPORT = LessonReport(
    LONG,
    "out_of_band",
    "quick",
    "sample",
    192.3,
    3214.0,
    {
        "batch_normalization_test_accuracy": JudgedResult(0.98765, 0.9905, 0.9955, False),
        "dropout_test_accuracy": JudgedResult(None, 0.9905, 0.9955, False),
        "seconds_to_90_percent": JudgedResult(12.0),
        "mean_surplus_of_the_best_of_1": JudgedResult(-0.00042361, -0.0080254, 0.0079751, True),
    },
    data_origin="fashion_mnist: the embedded sample",
)


def console(width: int = 80, **options) -> Console:
    return Console(file=io.StringIO(), width=width, **options)


def test_lines_say_start_and_end_and_at_most_one_a_minute():
    now = [0.0]
    lines = progress.Lines(log := console(), clock=lambda: now[0])
    with lines:
        lines.started(LONG, 10)
        for second in range(0, 150, 5):
            now[0] = second
            lines.advanced(LONG, second // 15, 10, expected=100.0)
        lines.ended(REPORT)
    assert log.file.getvalue().splitlines() == [
        f"{LONG}: started, 10 cells",
        f"{LONG}: cell 4/10 after 1 min 00 s, about 40 s left",
        f"{LONG}: cell 8/10 after 2 min 00 s, about 30 s left",
        f"{LONG}: out of band in 3 min 12 s",
    ]


def test_bars_are_for_terminals_only():
    assert isinstance(progress.progress_for(console()), progress.Lines)
    assert isinstance(
        progress.progress_for(console(force_terminal=True, _environ={"TERM": "xterm"})),
        progress.Bars,
    )


def test_bars_show_lesson_cell_and_time_left():
    screen = console(force_terminal=True, _environ={"TERM": "xterm"})
    with progress.Bars(screen) as bars:
        bars.started("01-first", 48)
        bars.advanced("01-first", 12, 48, expected=240.0)
        bars._bars.refresh()
        bars.ended(REPORT)
    drawn = screen.file.getvalue()
    for part in ("01-first", "cell 12/48", "4 min 00 s left", "out of band in 3 min 12 s"):
        assert part in drawn


@pytest.mark.parametrize(
    ("cell", "expected", "now", "remaining"),
    [
        (0, None, 5.0, None),  # nothing is known yet
        (0, 60.0, 5.0, 55.0),
        (8, 60.0, 5.0, 55.0),  # the measured duration is the better guess
        (5, 60.0, 80.0, 80.0),  # slower than measured: by the cells
        (5, None, 30.0, 30.0),
    ],
)
def test_the_time_left_adapts(cell, expected, now, remaining):
    pace = progress.LessonPace(0.0, cell, 10, expected)
    assert pace.remaining(now) == remaining


def test_the_tables_fit_80_columns_and_say_all(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    summary.show(screen := console(), [REPORT], tmp_path / "out")
    text = screen.file.getvalue()
    tables, _, paths = text.rpartition("\n\n")
    assert max(map(len, text.splitlines())) <= 80
    for part in (
        "05-Normali",
        "0.9877",
        "0.9905 to 0.9955",
        "-0.0004236   -0.008025 to 0.007975   held",
        "out of band",
        "missing",
        "unmeasured",
        "3 min 12 s",
        "3.2 GB",
        "embedded",
    ):
        assert part in tables + paths
    assert "out/report.json" in text


@pytest.mark.parametrize("width", [40, 50, 60, 79])
def test_on_a_narrow_terminal_names_give_way_and_no_number_or_verdict_does(width, tmp_path):
    ended = replace(REPORT, status="interrupted", data_origin=None)
    summary.show(screen := console(width), [ended], tmp_path)
    tables = screen.file.getvalue().rpartition("\n\n")[0]
    assert max(map(len, tables.splitlines())) <= width
    for part in ("05-", "Outcome", "interrupted", "3 min 12 s", "3.2 GB", "-0.0004236", "0.9955"):
        assert part in tables
    for verdict in ("out of band", "missing", "unmeasured", "held"):
        assert verdict in tables
    assert ("sample" in tables) == (width >= 60)
