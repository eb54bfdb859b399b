"""The commands `course grade` and `course rejudge`."""

from __future__ import annotations

import datetime
import os
import sys
from dataclasses import fields
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from course_lib.errors import CourseError
from course_lib.extras import install_command
from course_staff.grading.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console

    from course_staff.grading.assignments.assignment import Assignment
    from course_staff.grading.marking import StudentReport
    from course_staff.grading.records.recording import Recorder

ASSIGNMENT = typer.Argument(
    metavar="ASSIGNMENT", help="Its number, (part of its) name, or a folder of nbgrader's sources."
)
OUT = typer.Option(metavar="DIR", help="Where the marks are kept.")
DB = typer.Option("--db", metavar="URL", help="The gradebook; gradebook.db in --out if not given.")
AS_JSON = typer.Option("--json", help="Print report.json and nothing else.")
_ALL = "all"  # in place of a student
_KINDS = {limit.name: type(limit.default) for limit in fields(Limits)}


class Sandboxing(StrEnum):
    """Whether student code runs in the sandbox."""

    auto = "auto"
    none = "none"


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(grade)
    app.command()(rejudge)


def grade(
    assignment: Annotated[str, ASSIGNMENT],
    submitted: Annotated[
        Path, typer.Option(metavar="DIR", help="Holds <student>/<assignment>/<notebook>.ipynb.")
    ] = Path("submitted"),
    out: Annotated[Path, OUT] = Path("grading"),
    seed: Annotated[int, typer.Option(min=0, help="For the hidden inputs.")] = 0,
    student: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Grade this student only; repeatable.")
    ] = None,
    roster: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV",
            help="Class list; students without a submission are then listed as missing.",
        ),
    ] = None,
    due: Annotated[
        str | None,
        typer.Option(metavar="TIME", help='Due date, such as "2026-12-01 12:00 +01:00".'),
    ] = None,
    db: Annotated[str | None, DB] = None,
    worker_count: Annotated[
        int,
        typer.Option(
            "--workers", min=0, metavar="N", help="Submissions at a time; 0: as many as fit."
        ),
    ] = 0,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Execute on this Dask cluster: tcp://HOST:8786."),
    ] = None,
    sandbox: Annotated[
        Sandboxing, typer.Option(help="none: trust the class; its code can do what you can.")
    ] = Sandboxing.auto,
    limit: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help=f"Repeatable: {', '.join(_KINDS)}."),
    ] = None,
    again: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Execute this student's again, unchanged or not; or: all."),
    ] = None,
    json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Grade a class: execute every submission, judge it, and keep marks and feedback in --out.

    A folder such as source/ps1 is graded by the tests in its cells, whose outcome can be forged.

    Exit status: 0 if every submission has its marks and its page, 1 if one has
    not or its submission time could not be read, 130 if interrupted.

    Example: course grade 04 --submitted submitted --out grading --roster class.csv
    """
    require_packages()
    from rich.console import Console

    from course_lib import files
    from course_staff.grading import rejudging, session
    from course_staff.grading.assignments import finding
    from course_staff.grading.interrupting import STATUS, interruptible
    from course_staff.grading.records import gradebook
    from course_staff.grading.records.locking import only_grader
    from course_staff.grading.reports.progress import GradingProgress
    from course_staff.grading.reports.reporting import readable
    from course_staff.grading.submissions import reading

    chosen = finding.find(assignment)
    due_date = _due(due)
    out = files.prepare_folder(out)
    enrolled = _read_roster(roster)
    folders = reading.students_in(submitted)
    class_list = sorted({*folders, *enrolled})
    again = class_list if _ALL in (again or ()) else again or []
    if unknown := sorted({*(student or ()), *again} - {*class_list}):
        raise CourseError(f"{', '.join(unknown)}: no such folder in {submitted}.")
    everyone = [name for name in class_list if not student or name in student]
    if not everyone:
        raise CourseError(f"{submitted} holds no submission: <student>/<assignment>/…ipynb.")
    settings = session.GradingSettings(seed, _limits(limit or []), frozenset(again))
    workers = _workers(
        worker_count,
        scheduler,
        sandboxed=sandbox is Sandboxing.auto,
        notebook=chosen.source,
        hidden=[chosen.root, out, submitted],
    )
    console = Console(stderr=json)
    url = gradebook.gradebook_url(out, db)
    with (
        interruptible(console, workers) as interruption,
        only_grader(out, url),
        _recorder(chosen, out, url, due_date) as recorder,
    ):
        interruption.check()
        recorder.enroll(enrolled)
        duedate = recorder.duedate
        with workers:
            interruption.check()
            students = f"{len(everyone)} student{'s' * (len(everyone) != 1)}"
            summary = f"{students}, {workers.count} at a time, seed {seed}"
            console.print(f"{chosen.name}: {summary}")
            if enrolled:
                console.print(enrolled.columns(), markup=False, highlight=False, soft_wrap=True)
            if not workers.sandboxed:
                console.print("[bold]Not sandboxed[/]: students' code can do whatever you can.")
            if duedate:
                due_text = _due_in_words(duedate, due)
                console.print(due_text, highlight=False, markup=False, soft_wrap=True)
            with GradingProgress(console, len(everyone)) as progress:
                reports = session.grade(
                    chosen, submitted, everyone, recorder, settings, workers,
                    on_graded=progress.graded, on_changed_packages=progress.changed_packages,
                    stop=interruption.stop,
                )  # fmt: skip
                reached = {report.student for report in reports}
                if left := len(set(everyone) - reached):
                    students = "1 student" if left == 1 else f"{left} students"
                    interruption.tell(f"{students} not graded yet")
                others = set(recorder.students()) - reached
                reports += rejudging.reports_from_archive(chosen, others, recorder)
        reports.sort(key=lambda report: report.student)
        _write_configuration(chosen, out, submitted, url)
        if interruption.stop.is_set():
            _write_tables(chosen, reports, out, duedate)
            interruption.tell("every submission has its marks")
            raise typer.Exit(STATUS)
        reports = _write_reports(
            console, chosen, reports, recorder, duedate, json=json, check=interruption.check
        )
    undated = [r for r in reports if r.status != "missing" and reading.NOT_UNDERSTOOD in r.notes]
    if duedate and undated:
        console.print(
            "The submission time could not be read for "
            f"{', '.join(readable(report.student) for report in undated[:10])}"
            f"{' and others' * (len(undated) > 10)}, so it is not known whether they were late: "
            "correct timestamp.txt in their folders, then run the same command.",
            style="bold", highlight=False, markup=False, soft_wrap=True,
        )  # fmt: skip
        raise typer.Exit(1)
    raise typer.Exit(_has_failures(reports))


def rejudge(
    assignment: Annotated[str, ASSIGNMENT],
    out: Annotated[Path, OUT] = Path("grading"),
    db: Annotated[str | None, DB] = None,
    json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Judge the kept replies of a class again, after a check was corrected.

    No student code runs. Shows which marks change; manual marks stay. Exit status: 1 if a
    submission could not be judged again, or its page not be made.

    Example: course rejudge 04 --out grading
    """
    require_packages()
    from rich.console import Console

    from course_staff.grading import rejudging
    from course_staff.grading.assignments import finding
    from course_staff.grading.records import gradebook
    from course_staff.grading.records.locking import only_grader
    from course_staff.grading.reports import reporting

    chosen = finding.find(assignment)
    if not (out / "attempts" / chosen.name).is_dir():
        raise CourseError(f"{out} holds no graded submission of {chosen.name}: grade it first.")
    out = out.absolute()
    console = Console(stderr=json)
    url = gradebook.gradebook_url(out, db)
    with only_grader(out, url), _recorder(chosen, out, url, None) as recorder:
        reports, changes = rejudging.rejudge(chosen, recorder)
        reports = _write_reports(
            console, chosen, reports, recorder, recorder.duedate, json=json, quiet=True
        )
    if changes:
        console.print(reporting.table_of_changes(changes))
    count = len(changes)
    change = {0: "no mark changes", 1: "1 mark changes"}.get(count, f"{count} marks change")
    failed = [report for report in reports if report.status == "failed" or report.problems]
    if failed and not json:
        console.print(reporting.table(chosen, failed))
    judged_count = sum(report.status != "failed" for report in reports)
    console.print(f"{judged_count} submissions judged again: {change}.")
    raise typer.Exit(_has_failures(reports))


def _has_failures(reports: Sequence[StudentReport]) -> bool:
    return any(report.status == "failed" or report.problems for report in reports)


def require_packages() -> None:
    """Raise a CourseError that names the remedy in a student's installation."""
    if find_spec("nbgrader") is None:
        raise CourseError(f"nbgrader is not installed: {install_command('grading')}")


def _workers(
    count: int, scheduler: str | None, *, sandboxed: bool, notebook: Any, hidden: Sequence[Path]
) -> Any:
    """Return the workers that execute the submissions: this machine's or a cluster's."""
    from course_staff.grading.execution import workers

    modules = workers.modules_to_preload(notebook)
    how = {"sandboxed": sandboxed, "preload": modules, "hidden": hidden}
    if scheduler is None:
        if sandboxed:
            workers.require_sandbox()
        return workers.LocalWorkers(count or workers.automatic_count(), **how)
    if find_spec("distributed") is None:
        raise CourseError(f"Dask is not installed: {install_command('cluster')}")
    from course_staff.grading.execution.cluster import ClusterWorkers

    return ClusterWorkers(scheduler, most=count, **how)


def _limits(settings: Sequence[str]) -> Limits:
    """Return the limits, with those set that are given as in "memory_mb=2000"."""
    chosen: dict[str, float] = {}
    for text in settings:
        name, _, value = text.partition("=")
        if name not in _KINDS:
            raise CourseError(
                f"--limit {text}: {name!r} is not a limit; choose from {', '.join(_KINDS)}."
            )
        try:
            chosen[name] = _KINDS[name](value)
        except ValueError:
            raise CourseError(f"--limit {text}: {value!r} is not a number.") from None
        if not 0 < chosen[name] < float("inf"):
            raise CourseError(f"--limit {text}: a limit is a positive number.")
    return Limits(**chosen)


def _read_roster(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    from course_staff.grading.roster import read_roster

    return read_roster(path)


def _recorder(chosen: Assignment, out: Path, url: str, due: Any) -> Recorder:
    from course_staff.grading.assignments.settings import nbgrader_config
    from course_staff.grading.records.recording import Recorder

    return Recorder(chosen, out, url, config=nbgrader_config(chosen.root), due=due)


def _due(text: str | None) -> datetime.datetime | None:
    """Return the due date as nbgrader keeps it: in UTC, and without a time zone."""
    if text is None:
        return None
    from course_staff.grading.times import TimeError, read_time

    try:
        return read_time(text, datetime.UTC).replace(tzinfo=None)
    except TimeError as error:
        raise CourseError(f"--due: {error}.") from error


def _due_in_words(due: datetime.datetime, text: str | None) -> str:
    from course_staff.grading.times import in_words

    source = "from the gradebook; --due sets another" if text is None else f"--due {text!r}"
    return f"due {in_words(due)} ({source})"


def _write_tables(
    chosen: Assignment,
    reports: Sequence[StudentReport],
    out: Path,
    due: datetime.datetime | None,
) -> str:
    """Write report.json and grades.csv; return the first one's text."""
    from course_lib import files
    from course_staff.grading.reports import reporting

    text = reporting.as_json(chosen, reports, due)
    files.write(out / "report.json", text)
    files.write_table(out / "grades.csv", reporting.as_csv(chosen, reports))
    return text


def _write_reports(
    console: Console,
    chosen: Assignment,
    reports: Sequence[StudentReport],
    recorder: Recorder,
    due: datetime.datetime | None,
    *,
    json: bool,
    quiet: bool = False,
    check: Callable[[], None] = lambda: None,
) -> Sequence[StudentReport]:
    """Write the reports and the feedback, and print a summary.

    `check` is called in between, and raises to stop this. Returns the reports with the problems
    of submissions whose page could not be made: the others have theirs.
    """
    from rich.progress import Progress

    from course_staff.grading import marking
    from course_staff.grading.reports import reporting
    from course_staff.grading.reports.class_report import read_students_code, write_class_report
    from course_staff.grading.reports.feedback import write_feedback

    out = recorder.out
    text = _write_tables(chosen, reports, out, due)  # before the pages, which take time
    problems: dict[str, str] = {}
    handed_in = [report.student for report in reports if report.status not in ("missing", "failed")]
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("feedback", total=len(handed_in))

        def advance(_: str) -> None:
            bar.advance(task)
            check()

        write_feedback(
            out, chosen.name, handed_in, recorder.book,
            advance=advance, on_failure=problems.__setitem__,
        )  # fmt: skip
    reports = marking.with_problems(reports, problems, has_page=False)
    findings, unread = read_students_code(out, chosen, reports)
    reports = marking.with_problems(reports, unread)
    if problems or unread:
        text = _write_tables(chosen, reports, out, due)
    write_class_report(out, chosen, reports, findings, due)
    check()
    if json:
        sys.stdout.write(text + "\n")
        return reports
    if not quiet:
        console.print()
        console.print(reporting.table(chosen, reports))
        console.print()
        console.print(reporting.summary(chosen, reports))
    if caveat := reporting.CAVEATS.get(chosen.judged):
        console.print()
        console.print(caveat, highlight=False)
    console.print()
    for name in ("class.html", "grades.csv", "report.json", "feedback", "gradebook.db"):
        if (out / name).exists():
            console.print(str(out / name), soft_wrap=True, highlight=False)
    return reports


_CONFIGURATION = """\
# Written by `course grade`: makes nbgrader's formgrader and exporters work in this folder.
# If that fails nothing is set, so that no page of a submission is shown as nbgrader makes it.
from course_staff.grading.reports.formgrader import protect
protect()
c = get_config()  # noqa: F821
{course}c.CourseDirectory.root = {out!r}
c.CourseDirectory.source_directory = {source!r}
c.CourseDirectory.release_directory = {release!r}
c.CourseDirectory.submitted_directory = {submitted!r}
c.CourseDirectory.db_url = {url!r}
"""
_COURSE = 'load_subconfig("nbgrader_config.py", path={root!r})  # noqa: F821\n'


def _write_configuration(chosen: Assignment, out: Path, submitted: Path, url: str) -> None:
    """Make the output folder a course folder of nbgrader's."""
    from sqlalchemy.engine import make_url

    from course_lib import files

    if out == chosen.root:
        return  # it is one already, with its own settings
    address = make_url(url)
    if address.password:  # a secret stays where it is: nbgrader takes --db on its command line
        address = address.set(password=None)
    has_own = (chosen.root / "nbgrader_config.py").is_file()
    text = _CONFIGURATION.format(
        course=_COURSE.format(root=str(chosen.root)) if has_own else "",
        out=str(out),
        source=str(chosen.source_path.parents[1]),
        release=str(chosen.release_path.parents[1]),
        submitted=os.path.abspath(submitted),
        url=address.render_as_string(),
    )
    files.write(out / "nbgrader_config.py", text)
