"""A folder for one process at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from course_lib import files
from course_lib.errors import CourseError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None


@contextmanager
def locked(folder: Path, refusal: Callable[[], str], *, needed: bool = False) -> Iterator[None]:
    """Lock a folder; where another process holds it, raise a CourseError with the refusal.

    The lock is the system's and on the folder itself: it ends with the process that holds it, and
    leaves no file behind. Windows and some network disks have no such lock; there, nobody is
    refused, unless a lock is `needed`: then everybody is.
    """
    if fcntl is None and not needed:
        yield
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise CourseError(files.explain(folder, error)) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CourseError(refusal()) from None
        except OSError as error:  # this disk has no locks
            if needed:
                raise CourseError(
                    f"{folder} is on a disk without locks ({error.strerror})."
                ) from error
        yield
    finally:
        os.close(handle)
