"""The command `course check`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from course_lib.errors import CourseError

if TYPE_CHECKING:
    from course_lib.check.trying import Report

_COLOURS = {"passed": "green", "written": "green", "partly": "yellow", "not_yet": "red"}


def register(app: typer.Typer) -> None:
    """Add `course check` to the command line."""
    app.command()(check)


def check(
    notebook: Annotated[
        str, typer.Argument(help="Your notebook, or a lesson's number or name.", show_default=False)
    ],
    time_limit: Annotated[
        float, typer.Option(help="Seconds that one cell may take.", metavar="SECONDS")
    ] = 120.0,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Try the answers in an assignment's notebook with its visible tests.

    Says per question: passed, partly or not yet, and what is missing. Cells that only explore are
    skipped. The hidden checks, which decide the marks, use other inputs.

    Exit status: 0 if every question passed, 1 if not, 2 for wrong use.

    Of a lesson's notebooks in notebooks/ and assignments/ the one that was saved last is tried.

    Example: course check 04
    """
    from course_lib.check import notebook as notebooks
    from course_lib.project import find_root

    if not time_limit > 0:
        raise CourseError(f"--time-limit must be a number of seconds above 0; got {time_limit:g}.")
    path = _find(notebook)
    cells = notebooks.read(path)
    try:
        root = find_root(path.parent)
    except CourseError:
        root = None
    released = notebooks.released_version(path, root)
    plan = notebooks.plan(cells, notebooks.read(released) if released else None)
    if not plan.questions:
        raise CourseError(f"{path} has no questions to check: give an assignment's notebook.")
    try:
        report = _try_with_progress(plan, path.parent, time_limit)
    except KeyboardInterrupt:
        typer.echo("Interrupted: no question was checked completely.", err=True)
        raise typer.Exit(130) from None
    if hasattr(sys.stdout, "reconfigure"):  # a terminal that lacks a character shows "?"
        sys.stdout.reconfigure(errors="replace")
    if json:
        sys.stdout.write(as_json(path, report))
    else:
        typer.echo(f"{path}:")
        show(report)
    raise typer.Exit(0 if report.passed else 1)


def _find(name: str) -> Path:
    """Return the notebook that a path, or the name of a lesson of this course, means."""
    from course_lib.project import find_lesson, find_root, notebooks

    path = Path(name).expanduser().absolute()
    if path.suffix.lower() == ".ipynb" or path.exists():
        return path  # a missing or damaged file is reported when it is read
    root = find_root()
    lessons = notebooks(root)
    lesson = find_lesson(name, list(lessons))
    copies = [lessons[lesson], root / "assignments" / lesson / f"{lesson}.ipynb"]
    return max(
        (copy for copy in copies if copy.is_file()), key=lambda copy: copy.stat().st_mtime_ns
    )


def as_json(notebook: Path, report: Report) -> str:
    """Return a report as JSON text."""
    from json import dumps

    document = {
        "notebook": str(notebook),
        "passed": report.passed,
        "points_seen": sum(outcome.seen for outcome in report.outcomes),
        "points": sum(outcome.points or 0 for outcome in report.outcomes),
        "questions": [asdict(outcome) for outcome in report.outcomes],
        "errors": report.errors,
        "notes": report.notes,
    }
    return dumps(document, indent=2) + "\n"


def show(report: Report) -> None:
    """Print a report as a table, and below it the cells that failed."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from course_lib.check.trying import VERDICTS

    console = Console()
    table = Table("question", "", "points seen", "what is missing")
    for outcome in report.outcomes:
        points = "?" if outcome.points is None else f"{outcome.points:g}"
        seen = f"{points}, by hand" if outcome.written else f"{outcome.seen:g} of {points}"
        table.add_row(
            Text(outcome.name),
            Text(VERDICTS[outcome.verdict], style=_COLOURS[outcome.verdict]),
            Text(seen),
            # Text, not markup: a message may hold brackets.
            Text("\n".join(outcome.problems)),
        )
    console.print(table)
    for error in report.errors:
        console.print(Text(f"An error in {error}"), style="red")
    for note in report.notes:
        console.print(Text(note))
    tested = [outcome for outcome in report.outcomes if not outcome.written]
    seen = sum(outcome.seen for outcome in tested)
    points = sum(outcome.points or 0 for outcome in tested)
    by_hand = sum(outcome.points or 0 for outcome in report.outcomes if outcome.written)
    texts = f"; {by_hand:g} more are marked by hand" if by_hand else ""
    console.print(
        f"The visible tests see {seen:g} of {points:g} points{texts}. The hidden checks decide.",
        highlight=False,
    )


def _try_with_progress(plan, folder: Path, time_limit: float) -> Report:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from course_lib.check.trying import try_notebook

    # On stderr, so that stdout holds the result alone; nothing where there is no terminal.
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bars:
        bar = bars.add_task("starting Python", total=len(plan.cells))

        def progress(done: int, cell) -> None:
            what = cell.question or cell.answers or f"cell {cell.number}"
            bars.update(bar, completed=done, description=what)

        return try_notebook(plan, folder, time_limit=time_limit, progress=progress)
