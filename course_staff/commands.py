"""Staff's commands of the command line, `course …`."""

from __future__ import annotations

import typer

from course_lib import doctor as course_doctor
from course_staff import doctor
from course_staff.authoring import commands as authoring
from course_staff.grading import commands as grading
from course_staff.grading.classroom import commands as classroom
from course_staff.grading.classroom import releasing
from course_staff.running import commands as running


def register(app: typer.Typer) -> None:
    """Add staff's commands to the command line."""
    course_doctor.extra_checks.append(doctor.examine)
    releasing.find_problems = authoring.find_problems
    for part in (running, authoring, grading, classroom):
        part.register(app)
