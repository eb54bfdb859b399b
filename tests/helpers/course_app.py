"""A program that is `course run` alone, for tests that need a process of their own."""

import sys

import typer

from course_lib.errors import CourseError
from course_staff.running import commands

app = typer.Typer()
commands.register(app)


@app.callback()
def course() -> None:
    """Make `run` a command of its own, as in the course's command line."""


def main() -> None:
    """Run the command line; errors that a user can fix are one sentence on stderr."""
    try:
        app()
    except CourseError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_status)


if __name__ == "__main__":
    main()
