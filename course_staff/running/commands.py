"""The command `course run`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperCommand

from course_lib.errors import CourseError
from course_lib.extras import install_command

PROFILES = ("auto", "quick", "full")
DATA = ("auto", "real", "sample")

_HELP = """Run lessons from top to bottom, and hold their results against the expected bands.

For each lesson an executed notebook and an HTML page are written to the folder --out, and one
report.json for all. Exit status: 0 if all held, 1 if something fell short, 2 for wrong use,
130 if interrupted.

Example: course run 01 --profile quick --data sample -p seed 1
"""


def register(app: typer.Typer) -> None:
    """Add `run` to the command line."""
    app.command("run", help=_HELP, cls=_RunCommand)(run)


class _RunCommand(TyperCommand):
    """Typer's command, with an option that may be repeated and takes two words.

    Typer has options of two words and options that may be repeated, but none that is both: so
    ``-p NAME VALUE`` becomes ``-p NAME=VALUE`` before it looks.
    """

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, join_pairs(args))


def join_pairs(words: Sequence[str]) -> list[str]:
    """Join the two words after every -p by an equals sign, unless they came joined."""
    joined, rest = [], list(words)
    while rest:
        joined.append(rest.pop(0))
        if joined[-1] == "--":
            return joined + rest
        if joined[-1] in ("-p", "--parameter"):
            name = rest.pop(0) if rest else ""
            if "=" in name:
                joined.append(name)
            elif not name or not rest:
                written = f"-p {name}".rstrip()
                raise CourseError(
                    f"{written} lacks a value: write it as -p NAME VALUE, such as -p seed 1."
                )
            else:
                joined.append(f"{name}={rest.pop(0)}")
    return joined


def run(
    lessons: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[LESSON…|all]",
            help="Numbers, names, or parts of names; all by default.",
            show_default=False,
        ),
    ] = None,
    profile: Annotated[str, typer.Option(help=" | ".join(PROFILES))] = "auto",
    data: Annotated[str, typer.Option(help=" | ".join(DATA))] = "auto",
    out: Annotated[str, typer.Option(metavar="DIR", help="Where to write.")] = "out",
    parameters: Annotated[
        list[str] | None,
        typer.Option("-p", "--parameter", metavar="NAME VALUE", help="A notebook's parameter."),
    ] = None,
    jobs: Annotated[
        str, typer.Option(metavar="N|auto", help="Lessons at a time; auto asks cores and memory.")
    ] = "auto",
    time_limit: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Longest time for each lesson.")
    ] = None,
    memory_limit: Annotated[
        float | None, typer.Option(metavar="MB", help="Most memory for each lesson.")
    ] = None,
    junit: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a JUnit XML report as well.")
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print report.json and nothing else.")
    ] = False,
) -> None:
    if find_spec("papermill") is None:
        raise CourseError(f"papermill is not installed: {install_command('run')}")
    # Here, so that `course --help` need not load them.
    from rich.console import Console

    from course_lib import datasets, files, project
    from course_lib.locking import locked
    from course_staff.running import notebooks, report, session, summary
    from course_staff.running.progress import progress_for

    _check_choice("--profile", profile, PROFILES)
    _check_choice("--data", data, DATA)
    _check_positive("--time-limit", time_limit)
    _check_positive("--memory-limit", memory_limit)
    datasets.mirror_dir()  # report a wrong COURSE_DATA_DIR now, not once per lesson
    available = project.notebooks(project.find_root())
    names = notebooks.select(lessons or [], available)
    given = notebooks.parse_parameters([pair.split("=", 1) for pair in parameters or []])
    chosen = []
    for name in names:
        notebook = notebooks.read(available[name])
        values = notebooks.parameter_values(name, notebook, profile=profile, data=data, given=given)
        chosen.append(session.Lesson(name, notebook, values))
    if not out:  # as from a variable that is not set; it would be the course's own folder
        raise CourseError("--out is empty: name a folder, such as --out out.")
    folder = files.prepare_folder(Path(out))
    if junit is not None:
        junit = files.prepare_folder(junit.parent, option="--junit") / junit.name
        if junit.is_dir():
            raise CourseError(f"--junit {junit} is a folder: name a file in it.")
    settings = session.RunSettings(
        profile, data, folder, _jobs(jobs, len(chosen)), time_limit, memory_limit
    )
    # Progress goes to stderr, so that stdout holds the result and can be kept.
    progress = progress_for(Console(stderr=True))
    refusal = (
        f"Another run is writing to {folder}: wait until it has finished, or choose another --out."
    )
    with locked(folder, lambda: refusal):
        reports = session.run(chosen, settings, progress)
    if junit is not None:  # first, for printing may fail
        report.write_junit(junit, reports)
    if json:
        sys.stdout.write(report.as_json(reports))
    else:
        summary.show(Console(), reports, folder)
    raise typer.Exit(exit_status(reports))


def exit_status(reports: list) -> int:
    """Return 0 if all lessons held, 130 if the run was interrupted, else 1."""
    if any(report.status == "interrupted" for report in reports):
        return 130
    return 0 if all(report.passed for report in reports) else 1


def _jobs(text: str, lessons: int) -> int:
    from course_staff.running.session import automatic_jobs

    if text.casefold() == "auto":
        return automatic_jobs(lessons)
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise CourseError(f"--jobs must be a number from 1 to 64, or auto; got {text}.")
    return int(text)


def _check_choice(option: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise CourseError(f"{option} {value} is unknown: choose from {', '.join(choices)}.")


def _check_positive(option: str, value: float | None) -> None:
    if value is not None and not value > 0:
        raise CourseError(f"{option} must be a number above 0; got {value:g}.")
