"""nbgrader's settings for this course: run its commands, or JupyterLab, from this folder.

`nbgrader generate_assignment` makes the same files as `course build`. Submissions are graded by
`course grade`, whose hidden checks never enter a student's notebook: nbgrader's own autograde does
not know them, so it refuses here, on the command line and behind formgrader's button.
"""

from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException

c = get_config()  # noqa: F821  (nbgrader defines it)

c.CourseDirectory.course_id = "keras-course"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "assignments"

# `nbgrader validate` executes a whole lesson, whose trainings outlast nbgrader's 30 seconds a cell.
c.Execute.timeout = 600


def refuse(autograde: Autograde) -> None:
    """Stop before a file or the gradebook is touched."""
    assignment = autograde.coursedir.assignment_id
    number = assignment.partition("-")[0]
    message = (
        "nbgrader cannot judge this course's questions: run "
        f"`course grade {number if number.isdecimal() else assignment}` instead of autograde."
    )
    autograde.log.error(message)
    raise NbGraderException(message)


Autograde.start = refuse
