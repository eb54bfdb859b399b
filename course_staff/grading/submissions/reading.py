"""Reading a folder of submissions, in nbgrader's layout ``<student>/<assignment>/``."""

from __future__ import annotations

import datetime
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from course_lib.errors import CourseError
from course_staff.grading.submissions.copies import Copy, NotebookMatcher
from course_staff.grading.submissions.sanitizing import MAX_NOTEBOOK_BYTES
from course_staff.grading.times import TimeError, read_time

TIMESTAMP = "timestamp.txt"
NOT_UNDERSTOOD = "time of handing in not understood"
MAX_COPIES = 20  # of one student's that are looked into


@dataclass(frozen=True)
class SubmittedFiles:
    """The files that one student submitted, as bytes.

    Attributes
    ----------
    data : bytes or None
        The notebook; None if there is none.
    timestamp : datetime or None
        From timestamp.txt, in UTC and without a time zone, as nbgrader keeps it.
    remarks : tuple of str
        Remarks for the student on how the notebook was found.
    notes : tuple of str
        The same in few words, for the instructor's table.
    """

    student: str
    data: bytes | None
    timestamp: datetime.datetime | None = None
    remarks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def students_in(folder: Path) -> list[str]:
    """Return the students who have a folder, sorted."""
    try:
        entries = list(os.scandir(folder))
    except NotADirectoryError as error:
        raise CourseError(
            f"{folder} is a file: --submitted names a folder. `course collect` unpacks a "
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


def read(
    folder: Path,
    student: str,
    assignment: str,
    notebook: str | None = None,
    matcher: NotebookMatcher | None = None,
) -> SubmittedFiles:
    """Read a student's notebook and timestamp; links and anything but plain files are ignored.

    Of several notebooks of the assignment the newest counts, by the files' dates; see `copies`.
    """
    notebook = notebook or assignment
    home = folder / student / assignment
    timestamp, remarks, notes = _timestamp(home / TIMESTAMP)
    usual = home / f"{notebook}.ipynb"
    notebooks = _notebooks(home, usual.name)
    if len(notebooks) < 2:
        path = notebooks[0] if notebooks else usual
        if path.stem != notebook:
            name = _printable(path.name)
            remarks.append(f"The notebook was called {name}; it was taken for {notebook}.")
            notes.append(f"took {name}")
        data = plain_file(path, MAX_NOTEBOOK_BYTES + 1)
    else:
        matcher = matcher or NotebookMatcher((assignment, notebook))
        data = _newest(notebooks, notebook, matcher, remarks, notes)
    if data is None and (others := {entry.name for entry in _entries(home)} - {TIMESTAMP}):
        listed = ", ".join(map(_printable, sorted(others)[:5]))
        remarks.append(f"The folder holds no notebook, but {listed}.")
    return SubmittedFiles(student, data, timestamp, tuple(remarks), tuple(notes))


def _newest(
    notebooks: list[Path],
    notebook: str,
    matcher: NotebookMatcher,
    remarks: list[str],
    notes: list[str],
) -> bytes | None:
    """Return the bytes of the notebook that counts, and note which one it is."""
    copies = [copy for path in notebooks if (copy := _copy(path)) is not None]
    ours = {copy.place: matcher.is_ours(copy) for copy in copies}
    named = [copy for copy in copies if copy.place.stem == notebook]
    candidates = [copy for copy in copies if ours[copy.place]] or named
    counting = matcher.newest(candidates)
    equal = len(counting) > 1
    if equal:  # nothing tells which is newer: the one that has the right name
        counting = [copy for copy in counting if copy in named]
    listed = ", ".join(_printable(path.name) for path in notebooks[:5])
    if not counting:
        why = "equally new" if equal else f"called {notebook}.ipynb or surely that notebook"
        subject = f"All of {listed} are" if equal else f"None of {listed} is"
        remarks.append(f"{subject} {why}; none was graded.")
        notes.append("several notebooks, none graded")
        return None
    (taken,) = counting
    left = [copy for copy in candidates if copy is not taken and copy.data != taken.data]
    if not left and taken in named:
        others = [copy for copy in copies if ours[copy.place] is None]
        if matcher.is_untouched(taken) and others:
            left = others  # the work may be there
        else:
            return taken.data
    names = ", ".join(_printable(copy.name) for copy in left)
    name = _printable(taken.name)
    if equal:
        remarks.append(f"{name} was graded; {names} is as new, and was left.")
    elif left:
        remarks.append(f"{name} was graded, the newest with work in it; {names} was left.")
    else:
        remarks.append(f"The notebook was called {name}; it was taken for {notebook}.")
    notes.append(f"took {name}" + f", left {names}" * bool(left))
    return taken.data


def _copy(path: Path) -> Copy | None:
    data = plain_file(path, MAX_NOTEBOOK_BYTES + 1)
    if data is None:
        return None
    modified = datetime.datetime.fromtimestamp(path.stat().st_mtime, datetime.UTC)
    return Copy(path.name, data, modified, place=path)


def _notebooks(home: Path, usual: str) -> list[Path]:
    """Return a folder's notebooks, plain files alone; of too many the usual and the newest."""
    notebooks = []
    for entry in _entries(home):
        with suppress(OSError):
            if entry.name.lower().endswith(".ipynb") and entry.is_file(follow_symlinks=False):
                modified = entry.stat(follow_symlinks=False).st_mtime
                notebooks.append((entry.name == usual, modified, Path(entry.path)))
    return sorted(path for *_, path in sorted(notebooks)[-MAX_COPIES:])


def _entries(home: Path) -> list[os.DirEntry[str]]:
    """Return the entries of a student's own folder; none for a link, which leads elsewhere."""
    with suppress(OSError):
        if not (home.is_symlink() or home.parent.is_symlink()):
            return list(os.scandir(home))
    return []


def _printable(name: str) -> str:
    """Return a file's name as text: it may hold invalid bytes and control characters."""
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
            return None  # os.fdopen refuses directories
        with os.fdopen(handle, "rb", closefd=False) as file, suppress(OSError):
            return file.read(most)
    finally:
        os.close(handle)
    return None


def _timestamp(path: Path) -> tuple[datetime.datetime | None, list[str], list[str]]:
    """Return the time of submission, and remarks and notes if it cannot be read."""
    data = plain_file(path, 200)
    if data is None:
        return None, [], []
    try:
        return read_time(data, datetime.UTC).replace(tzinfo=None), [], []
    except TimeError as error:
        remark = f"timestamp.txt could not be read ({error.reason}): no time of handing in is known"
        return None, [f"{remark}, and being late costs nothing."], [NOT_UNDERSTOOD]
