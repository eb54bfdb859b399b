"""What lies in a folder of submissions, in nbgrader's layout ``<student>/<assignment>/``."""

from __future__ import annotations

import datetime
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from course_lib.errors import CourseError
from course_lib.grading.sanitizing import LARGEST


@dataclass(frozen=True)
class Handed:
    """What one student handed in, as bytes.

    Attributes
    ----------
    student : str
    data : bytes or None
        The notebook; None if there is none.
    timestamp : datetime or None
        From timestamp.txt, in UTC and without a time zone, as nbgrader keeps it.
    remarks : tuple of str
        What the student should know about how the notebook was found.
    """

    student: str
    data: bytes | None
    timestamp: datetime.datetime | None = None
    remarks: tuple[str, ...] = ()


def students_in(folder: Path) -> list[str]:
    """Return the students who have a folder, sorted.

    Raises
    ------
    CourseError
        If the folder is not there or cannot be read.
    """
    try:
        entries = list(os.scandir(folder))
    except NotADirectoryError as error:
        raise CourseError(
            f"{folder} is a file: --submitted names a folder. `course collect` unpacks what a "
            "platform has packed."
        ) from error
    except OSError as error:
        raise CourseError(
            f"{folder} cannot be read ({error.strerror}): --submitted names the folder that holds "
            "<student>/<assignment>/<notebook>.ipynb."
        ) from error
    return sorted(
        entry.name
        for entry in entries
        if entry.is_dir(follow_symlinks=False) and not entry.name.startswith((".", "_"))
    )


def read(folder: Path, student: str, assignment: str, notebook: str | None = None) -> Handed:
    """Read a student's notebook and timestamp; links and anything but plain files are ignored.

    Parameters
    ----------
    folder : pathlib.Path
    student, assignment : str
    notebook : str, optional
        The notebook's name; the assignment's if None.
    """
    notebook = notebook or assignment
    home = folder / student / assignment
    timestamp, late_remarks = _timestamp(home / "timestamp.txt")
    path = home / f"{notebook}.ipynb"
    remarks: list[str] = list(late_remarks)
    if not os.path.lexists(path):
        others = _notebooks(home)
        if len(others) == 1:
            path = others[0]
            name = _printable(path.name)
            remarks.append(f"The notebook was called {name}; it was taken for {notebook}.")
        elif others:
            listed = ", ".join(_printable(other.name) for other in others[:5])
            remarks.append(f"None of {listed} is called {notebook}.ipynb; none was graded.")
    return Handed(student, plain_file(path, LARGEST + 1), timestamp, tuple(remarks))


def _notebooks(home: Path) -> list[Path]:
    with suppress(OSError):
        return sorted(
            Path(entry.path)
            for entry in os.scandir(home)
            if entry.name.endswith(".ipynb") and entry.is_file(follow_symlinks=False)
        )
    return []


def _printable(name: str) -> str:
    """Return a file's name as a text: it may hold bytes that are none, and control characters."""
    return "".join(sign if sign.isprintable() else "�" for sign in name)


def plain_file(path: Path, most: int) -> bytes | None:
    """Return a plain file's first bytes; a link, a device or a pipe counts as no file."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        if path.parent.is_symlink() or path.parent.parent.is_symlink():
            return None
        handle = os.open(path, flags)
    except (OSError, ValueError):
        return None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return None  # a folder cannot even be made a file object
        with os.fdopen(handle, "rb", closefd=False) as file, suppress(OSError):
            return file.read(most)
    finally:
        os.close(handle)
    return None


def _timestamp(path: Path) -> tuple[datetime.datetime | None, Iterable[str]]:
    from nbgrader.utils import parse_utc

    text = plain_file(path, 200)
    if text is None:
        return None, ()
    try:
        return parse_utc(text.decode("utf-8").strip()), ()
    except Exception:  # dateutil has no end of them
        return None, ("timestamp.txt could not be read; the time of handing in is unknown.",)
