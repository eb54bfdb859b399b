"""nbgrader's settings for this course: run its commands, or JupyterLab, from this folder.

`nbgrader generate_assignment` makes the same files as `course build`. Submissions are graded by
`course grade`, whose hidden checks never enter a student's notebook, and feedback pages are made by
`course feedback`: nbgrader's own autograde and generate_feedback know neither, so they refuse here,
on the command line and behind formgrader's buttons. Formgrader runs no script of a student's.
"""

from course_staff.grading.reports.formgrader import protect

protect()

c = get_config()  # noqa: F821  (nbgrader defines it)

c.CourseDirectory.course_id = "keras-course"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "assignments"

# `nbgrader validate` executes a whole lesson, whose trainings outlast nbgrader's 30 seconds a cell.
c.Execute.timeout = 600
