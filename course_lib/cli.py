"""The command line, `course …`."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Annotated, NoReturn

import typer

from course_lib import __version__
from course_lib.errors import CourseError
from course_lib.extras import extra_of, install_command

# Each part brings its own commands; the last one only where staff's package is installed.
PARTS = (
    "course_lib.datasets.commands",
    "course_lib.doctor",
    "course_lib.check.commands",
    "course_staff.commands",
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="A deep-learning course in Keras: run its lessons, build them, look after its data.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"course {__version__}")
        raise typer.Exit


@app.callback()
def course(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def lab(context: typer.Context) -> None:
    """Open the course in JupyterLab; further options go to JupyterLab.

    Example: course lab --no-browser --port 8889
    """
    from course_lib.project import find_root

    if find_spec("jupyterlab") is None:
        raise CourseError(f"JupyterLab is not installed: {install_command('lab')}")
    root = find_root()
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={root}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # as in a container
        command.append("--allow-root")
    command += context.args
    os.chdir(root)  # where nbgrader's extensions look for nbgrader_config.py
    if os.name == "posix":
        os.execv(sys.executable, command)  # ending this process ends JupyterLab
    raise typer.Exit(subprocess.run(command, check=False).returncode)


def _is_here(module: str) -> bool:
    """Tell whether a module is installed, without importing it."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # its package is missing
        return False


for part in PARTS:
    if _is_here(part):
        import_module(part).register(app)


def main() -> None:
    """Run the command line; an error that a person can fix is one sentence, not a traceback."""
    # nbformat loads jsonschema, which loads this to check a kind of address that no notebook has.
    # That takes a second; jsonschema does without where it is missing.
    sys.modules.setdefault("rfc3987_syntax", None)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a character that the terminal lacks stops nothing
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except CourseError as error:
        _fail(error)
    except ModuleNotFoundError as error:
        extra = extra_of(error.name)
        if extra is None:
            raise
        _fail(CourseError(f"{error.name} is not installed: {install_command(extra)}"))
    except BrokenPipeError:  # as in `course data list | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _fail(error: CourseError) -> NoReturn:
    typer.secho("Error: ", fg=typer.colors.RED, err=True, nl=False)
    typer.echo(str(error), err=True)
    sys.exit(error.exit_status)
