"""Writing results so that a file is either whole or absent, with errors that name the fix."""

from __future__ import annotations

import codecs
import errno
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from course_lib.errors import CourseError

PART = ".course-"  # before the name of a file that is being written
os.umask(_UMASK := os.umask(0o077))  # it can only be read by setting it: once, before any thread


def decoded(data: bytes) -> str:
    """Return the text of a file that people write, in UTF-8 or in UTF-16 with its mark.

    A byte order mark is left out, and lines end in a newline alone.

    Raises
    ------
    UnicodeError
        If it is neither.

    Examples
    --------
    >>> decoded("id".encode("utf-8-sig")), decoded("id".encode("utf-16"))
    ('id', 'id')
    """
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = data.decode("utf-16" if utf16 else "utf-8-sig")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def write(path: Path, text: str) -> None:
    """Write a text file in one step: a reader sees the old one or the new one, never a part.

    Raises
    ------
    CourseError
        If the disk is full or the folder cannot be written.
    """
    write_bytes(path, text.encode("utf-8"))


def write_table(path: Path, text: str) -> None:
    """Write a table that people open in Excel, which knows UTF-8 by its byte order mark alone."""
    write_bytes(path, text.encode("utf-8-sig"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file in one step, as `write` does."""
    try:
        handle, name = tempfile.mkstemp(prefix=PART, suffix=".part", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.chmod(name, 0o666 & ~_UMASK)  # mkstemp's files are private
            os.replace(name, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(name)
            raise
    except OSError as error:
        raise CourseError(explain(path, error)) from error


def prepare_folder(folder: Path, *, option: str = "--out") -> Path:
    """Make a folder for results, and return it as an absolute path.

    Parameters
    ----------
    folder : pathlib.Path
    option : str
        The option that names it, for messages.

    Raises
    ------
    CourseError
        If it is a file, or cannot be made or written.
    """
    folder = Path(os.path.abspath(folder.expanduser()))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (FileExistsError, NotADirectoryError) as error:
        raise CourseError(
            f"{folder} cannot be a folder because it, or a part of its path, is a file: "
            f"choose another {option}."
        ) from error
    except OSError as error:
        raise CourseError(explain(folder, error, option=option)) from error
    return folder


def explain(path: Path, error: OSError, *, option: str = "--out") -> str:
    """Return a sentence on why a path cannot be written, and the fix."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"No space is left to write {path}: free some, or choose another {option}."
    reason = error.strerror or str(error)
    return f"{path} cannot be written ({reason}): choose another {option}."
