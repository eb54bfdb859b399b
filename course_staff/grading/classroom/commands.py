"""`course release`, `collect`, `feedback` and `export`: the round around grading."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from course_lib.errors import CourseError
from course_staff.grading.commands import require_packages

if TYPE_CHECKING:
    from rich.progress import Progress

    from course_staff.grading.classroom.collecting import Collection

ASSIGNMENT = typer.Argument(metavar="ASSIGNMENT", help="Its number, name, or part of its name.")
OUT = typer.Option(metavar="DIR", help="Where `course grade` left the marks.")
DB = typer.Option("--db", metavar="URL", help="The gradebook; gradebook.db in --out if not given.")
ROSTER = typer.Option("--roster", metavar="CSV", help="The class list: id, name, email, lms_id.")
AS_JSON = typer.Option("--json", help="Print JSON for a program.")


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(release)
    app.command()(collect)
    app.command()(feedback)
    app.command("export")(export_marks)


def release(
    assignment: Annotated[str, ASSIGNMENT],
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="PATH", help="A folder or name.zip instead of the exchange."),
    ] = None,
    exchange: Annotated[
        Path | None, typer.Option("--exchange", metavar="DIR", help="nbgrader's exchange.")
    ] = None,
    course: Annotated[
        str | None, typer.Option("--course", metavar="ID", help="The course in the exchange.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier release.")] = False,
) -> None:
    """Hand out an assignment: through nbgrader's exchange, or as a file for a learning platform.

    Refuses a notebook that is older than its source, or holds a solution.

    Example: course release 04 --to 04.zip
    """
    require_packages()
    from rich.console import Console

    from course_lib.project import find_root
    from course_staff.grading.assignments import finding
    from course_staff.grading.assignments.settings import nbgrader_config
    from course_staff.grading.classroom import releasing

    if to and (exchange or course):
        raise CourseError(
            "--to writes files, --exchange and --course use the exchange: choose one."
        )
    root = find_root()
    chosen = finding.load(root, assignment)
    console = Console()
    with console.status(f"checking that {chosen.name} is up to date"):
        releasing.check_release(chosen.name, chosen.release, chosen.source)
        releasing.check_fresh(root, chosen.name)
    if to:
        there = releasing.release_to_files(chosen.release_path, to, force=force)
    else:
        there = releasing.release_to_exchange(
            root,
            chosen.name,
            exchange=exchange,
            course=course,
            config=nbgrader_config(root),
            force=force,
        )
    console.print(f"released {chosen.name}: {there}", soft_wrap=True, highlight=False)


def collect(
    assignment: Annotated[str, ASSIGNMENT],
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE", help="A folder, or a learning platform's zip.")
    ],
    roster: Annotated[Path | None, ROSTER] = None,
    submitted: Annotated[
        Path, typer.Option(metavar="DIR", help="Where to put <student>/<assignment>/….")
    ] = Path("submitted"),
    timezone: Annotated[
        str, typer.Option(metavar="ZONE", help="Of dates that name none, as in a zip.")
    ] = "UTC",
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Collect a class's submissions: each student's newest notebook, and its time.

    SOURCE is Canvas' or Moodle's zip of files, a folder of <student>/<notebook>.ipynb or of
    <student>_<notebook>.ipynb, or nbgrader's exchange. Collecting again changes nothing. Files
    that cannot be placed are listed and left alone: exit status 1.

    Example: course collect 04 submissions.zip --roster class.csv --submitted submitted
    """
    require_packages()
    from rich.console import Console

    from course_staff.grading.assignments import finding
    from course_staff.grading.classroom import collecting
    from course_staff.grading.roster import read_roster
    from course_staff.grading.submissions import copies

    folder = finding.locate(assignment)
    name = folder.name
    students = read_roster(roster) if roster else None
    others = sorted(path for path in folder.parent.iterdir() if path.is_dir())
    console = Console(stderr=as_json)
    if students is not None:
        console.print(students.columns(), markup=False, highlight=False, soft_wrap=True)
    with _progress(console, "collecting") as bar:
        task = bar.add_task("collecting", total=None)
        collection = collecting.collect(
            source,
            name,
            submitted,
            students,
            others=[path.name for path in others],
            matcher=copies.of_folder(folder, others),
            zone=_zone(timezone),
            advance=lambda done, total: bar.update(task, completed=done, total=total),
        )
    if as_json:
        print(json.dumps(_collection_json(name, collection), indent=1))
    else:
        _show_collection(name, collection, submitted)
    raise typer.Exit(1 if collection.problems else 0)


def feedback(
    assignment: Annotated[str, ASSIGNMENT],
    out: Annotated[Path, OUT] = Path("grading"),
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="PATH", help="Also copy the pages to a folder or name.zip."),
    ] = None,
    submitted: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where they were collected: for Moodle, the exchange."),
    ] = None,
    student: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="This student only; repeatable.")
    ] = None,
    db: Annotated[str | None, DB] = None,
) -> None:
    """Make the feedback pages again, with the marks and comments given by hand.

    If a page cannot be made, it is named, the others are made, and the exit status is 1.

    Example: course feedback 04 --out grading --to feedback-04.zip
    """
    require_packages()
    from rich.console import Console

    from course_staff.grading.assignments import finding
    from course_staff.grading.classroom.collecting import platform_folders
    from course_staff.grading.records.gradebook import gradebook, gradebook_url, require_gradebook
    from course_staff.grading.records.locking import only_grader
    from course_staff.grading.reports.feedback import (
        copy_receipts,
        pack_feedback,
        students_with_marks,
        write_feedback,
    )
    from course_staff.grading.reports.reporting import readable

    name = finding.locate(assignment).name
    url = gradebook_url(out, db)
    require_gradebook(url)
    out = out.absolute()
    marked = students_with_marks(out, name)
    if unknown := sorted(set(student or ()) - set(marked)):
        raise CourseError(f"{', '.join(unknown)}: not graded in {out}; {len(marked)} students are.")
    chosen = student or marked
    if not chosen:
        raise CourseError(f"{out} holds no marked notebook of {name}: run `course grade` first.")
    console = Console()
    with only_grader(out, url), gradebook(url) as book, _progress(console, "feedback") as bar:
        task = bar.add_task("feedback", total=len(chosen))
        failed: dict[str, str] = {}
        pages = write_feedback(
            out, name, chosen, book,
            advance=lambda _: bar.advance(task), on_failure=failed.__setitem__,
        )  # fmt: skip
    if submitted:
        copy_receipts(out, name, pages, submitted)
    where = out / "feedback"
    if to:
        folders = platform_folders(submitted, name) if submitted else {}
        where = pack_feedback(pages, to, folders)
    for name_, reason in failed.items():
        line = readable(f"{name_}: {reason}")
        console.print(line, style="yellow", markup=False, soft_wrap=True, highlight=False)
    summary = f"Feedback for {_students(len(pages))}: {where}"
    console.print(summary, soft_wrap=True, highlight=False)
    raise typer.Exit(bool(failed))


def export_marks(
    assignment: Annotated[str, ASSIGNMENT],
    out: Annotated[Path, OUT] = Path("grading"),
    format: Annotated[
        str, typer.Option("--format", metavar="csv|canvas|moodle", help="Where the marks go.")
    ] = "csv",
    roster: Annotated[Path | None, ROSTER] = None,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FILE", help="The CSV; <assignment>-<format>.csv in --out."),
    ] = None,
    column: Annotated[
        str | None, typer.Option(metavar="NAME", help="The assignment's name in the platform.")
    ] = None,
    missing_as_zero: Annotated[
        bool, typer.Option("--missing-as-zero", help="Give 0 to students who submitted nothing.")
    ] = False,
    db: Annotated[str | None, DB] = None,
) -> None:
    """Write the marks for people, Canvas or Moodle; manual marks and late penalties count.

    Example: course export 04 --out grading --format canvas --roster class.csv
    """
    require_packages()
    from rich.console import Console

    from course_lib.files import prepare_folder, write, write_table
    from course_staff.grading.assignments import finding
    from course_staff.grading.classroom import exporting
    from course_staff.grading.records.gradebook import gradebook_url, require_gradebook
    from course_staff.grading.roster import read_roster

    if format not in exporting.FORMATS:
        raise CourseError(f"{format!r} is not a format: choose {', '.join(exporting.FORMATS)}.")
    folder = finding.locate(assignment)
    name = folder.name
    url = gradebook_url(out, db)
    require_gradebook(url)
    console = Console()
    students = read_roster(roster) if roster else None
    if students is not None:
        console.print(students.columns(), markup=False, highlight=False, soft_wrap=True)
    exported = exporting.export(
        name,
        url,
        format,
        students,
        questions=_questions(folder),
        column=column,
        missing_as_zero=missing_as_zero,
    )
    to = to or out / f"{name}-{format}.csv"
    # The platforms would take a byte order mark for a part of the first column's name.
    save = write_table if format == "csv" else write
    save(prepare_folder(to.absolute().parent) / to.name, exported.text)
    for note in exported.notes:
        console.print(f"Note: {note}", style="yellow", soft_wrap=True, highlight=False)
    summary = f"Marks of {_students(exported.rows)}: {to}"
    console.print(summary, soft_wrap=True, highlight=False)


def _students(count: int) -> str:
    return f"{count} student{'s' * (count != 1)}"


def _questions(folder: Path) -> list[str]:
    """Return an assignment's questions in its order; no hidden check is needed for that."""
    import nbformat

    from course_lib.files import decoded

    notebooks = [nbformat.reads(decoded(path.read_bytes()), 4) for path in folder.glob("*.ipynb")]
    cells = [cell for notebook in notebooks for cell in notebook.cells]
    graded = (cell.metadata.get("nbgrader", {}) for cell in cells)
    return [
        metadata["grade_id"] for metadata in graded if metadata.get("grade") or metadata.get("task")
    ]


def _zone(name: str) -> datetime.tzinfo:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise CourseError(
            f"--timezone {name!r} is not a time zone: write it as Europe/Berlin or UTC."
        ) from error


@contextmanager
def _progress(console, what: str) -> Iterator[Progress]:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    with Progress(
        TextColumn(what), BarColumn(), MofNCompleteColumn(), TextColumn("left"),
        TimeRemainingColumn(),
        console=console, transient=True, disable=not console.is_terminal,
    ) as bar:  # fmt: skip
        yield bar


def _collection_json(name: str, collection: Collection) -> dict:
    from dataclasses import asdict

    return {"assignment": name, **asdict(collection)}


def _show_collection(name: str, collection: Collection, submitted: Path) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    counts: dict[str, int] = {}
    for collected in collection.collected:
        counts[collected.status] = counts.get(collected.status, 0) + 1
    summary = ", ".join(f"{count} {status}" for status, count in counts.items()) or "nothing"
    console.print(f"{name}: {summary}, in {submitted}", soft_wrap=True, highlight=False)
    remarks = [
        (collected.student, collected.remark)
        for collected in collection.collected
        if collected.remark
    ]
    for student, remark in sorted(remarks):
        console.print(f"{student}: {remark}", markup=False, highlight=False, soft_wrap=True)
    for note in collection.notes:
        console.print(f"Note: {note}", style="yellow", markup=False, soft_wrap=True)
    if collection.missing:
        shown = ", ".join(collection.missing[:20])
        more = len(collection.missing) - 20
        console.print(
            f"{_students(len(collection.missing))} submitted nothing: {shown}"
            f"{f' and {more} more' * (more > 0)}",
            soft_wrap=True,
            highlight=False,
        )
    if collection.problems:
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("left alone", overflow="fold")
        table.add_column("why", overflow="fold")
        for problem in collection.problems:
            table.add_row(escape(problem.source), escape(problem.reason))
        console.print()
        console.print(table)
        console.print(
            "\nCollect the zip again after correcting the class list, or put such a file into "
            "<student>/<notebook>.ipynb and collect that folder."
        )
