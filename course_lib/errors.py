"""The errors that a person can fix."""


class CourseError(Exception):
    """An error that a user can fix: the message names the wrong value and the fix.

    The command line prints the message alone, as a notebook does, without a traceback, and exits
    with `exit_status`: 2 for wrong use or a wrong set-up, 1 where a result fell short.
    """

    exit_status = 2

    def _render_traceback_(self) -> list[str]:  # IPython calls it
        return [f"{type(self).__name__}: {self}"]


class DataError(CourseError):
    """A data set could not be found, downloaded or trusted."""
