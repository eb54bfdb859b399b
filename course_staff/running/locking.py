"""One run at a time for a folder of results."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from course_lib import files
from course_lib.errors import CourseError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None


@contextmanager
def only_run(out: Path) -> Iterator[None]:
    """Lock a folder, so that only this run writes into it.

    The lock is the system's and on the folder itself: it ends with the process that holds it, and
    leaves no file behind. Windows and some network disks have no such lock; there, nobody is
    refused.
    """
    if fcntl is None:
        yield
        return
    try:
        folder = os.open(out, os.O_RDONLY)
    except OSError as error:
        raise CourseError(files.explain(out, error)) from error
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CourseError(
                f"Another run is writing to {out}: wait until it has finished, "
                "or choose another --out."
            ) from None
        except OSError:
            pass  # this disk has no locks
        yield
    finally:
        os.close(folder)
