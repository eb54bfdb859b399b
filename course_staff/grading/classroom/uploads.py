"""The files in a folder or a zip of submissions, read with care.

Students may have put anything in there, so nothing is extracted: names are looked at, and the
notebooks of the assignment are read one by one, within bounds.
"""

from __future__ import annotations

import datetime
import lzma
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from course_lib.errors import CourseError
from course_staff.grading.submissions.sanitizing import MAX_NOTEBOOK_BYTES

MAX_FILES = 50_000  # a class of a thousand with fifty files each
# Text with embedded pictures shrinks to a third, JSON of repeated numbers to a twentieth; zeros
# shrink to a thousandth.
MAX_COMPRESSED = 200
IGNORED = frozenset({"__MACOSX", ".ipynb_checkpoints", ".DS_Store", "Thumbs.db", "desktop.ini"})


class UnreadableError(Exception):
    """One file cannot be read; the message says why."""


@dataclass(frozen=True)
class Upload:
    """One file of a source.

    Attributes
    ----------
    parts : tuple of str
        Its path inside the source.
    modified : datetime.datetime
        When, in UTC: of the file, or of the zip's entry.
    read : callable
        Returns its bytes, or raises UnreadableError.
    """

    parts: tuple[str, ...]
    modified: datetime.datetime
    read: Callable[[], bytes]

    @property
    def name(self) -> str:
        """Its path as a text, also where the file system holds bytes that are not text."""
        return "/".join(self.parts).encode("utf-8", "replace").decode()


@contextmanager
def uploads(source: Path, zone: datetime.tzinfo) -> Iterator[list[Upload]]:
    """Open a folder or a zip, and yield its files in the order of their names."""
    if source.is_dir():
        yield _sorted(source, _in_folder(source))
        return
    try:
        archive = zipfile.ZipFile(source)
    except OSError as error:
        raise CourseError(
            f"{source} cannot be read ({error.strerror}): name a folder or a zip of files."
        ) from error
    except (zipfile.BadZipFile, ValueError, struct.error, NotImplementedError) as error:
        raise CourseError(
            f"{source} is not a zip file, or is damaged ({error}): download it again."
        ) from error
    with archive:
        yield _sorted(source, _in_zip(source, archive, zone))


def _sorted(source: Path, found: Iterator[Upload]) -> list[Upload]:
    kept: list[Upload] = []
    for upload in found:
        if not IGNORED.isdisjoint(upload.parts) or upload.parts[-1].startswith("._"):
            continue
        kept.append(upload)
        if len(kept) > MAX_FILES:
            raise CourseError(
                f"{source} holds more than {MAX_FILES} files: collect it in several parts."
            )
    return sorted(kept, key=lambda upload: upload.parts)


def _in_folder(source: Path) -> Iterator[Upload]:
    for folder, _, names in os.walk(source):  # links to folders are listed, and not followed
        for name in names:
            path = Path(folder, name)
            status = path.lstat()
            yield Upload(
                path.relative_to(source).parts,
                datetime.datetime.fromtimestamp(status.st_mtime, datetime.UTC),
                lambda path=path: _read_file(path),
            )


def _read_file(path: Path) -> bytes:
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        with os.fdopen(os.open(path, flags), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise UnreadableError("is not a plain file")
            data = file.read(MAX_NOTEBOOK_BYTES + 1)
    except OSError as error:
        reason = "is a link" if path.is_symlink() else f"cannot be read ({error.strerror})"
        raise UnreadableError(reason) from error
    return _bounded(data)


def _in_zip(source: Path, archive: zipfile.ZipFile, zone: datetime.tzinfo) -> Iterator[Upload]:
    latest = datetime.datetime.fromtimestamp(source.stat().st_mtime, datetime.UTC)
    entries = archive.infolist()
    if len(entries) > MAX_FILES:
        raise CourseError(
            f"{source} holds {len(entries)} files, more than {MAX_FILES}: "
            "collect it in several parts."
        )
    for entry in entries:
        name = _name(entry).replace("\\", "/")  # as some programs on Windows write it
        parts = name.removesuffix("/").split("/")
        if ".." in parts or "" in parts or name[1:2] == ":" or "\0" in entry.orig_filename:
            raise CourseError(
                f"{source} holds the name {entry.orig_filename!r}, which leads out of it. No "
                "learning platform writes such a zip: nothing was collected from it."
            )
        if entry.is_dir():
            continue
        yield Upload(
            tuple(part for part in parts if part != "."),
            _date(entry, zone) or latest,
            lambda entry=entry: _read_entry(archive, entry),
        )


def _read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise UnreadableError("is a link")
    if entry.flag_bits & 0x1:
        raise UnreadableError("is encrypted")
    if entry.file_size > MAX_NOTEBOOK_BYTES:
        raise UnreadableError(
            f"has {entry.file_size / 1e6:.0f} MB, more than {MAX_NOTEBOOK_BYTES / 1e6:.0f}"
        )
    if entry.file_size > 1e6 and entry.file_size > MAX_COMPRESSED * entry.compress_size:
        raise UnreadableError(
            f"shrank to less than 1/{MAX_COMPRESSED} of its size, as no notebook does"
        )
    try:
        with archive.open(entry) as file:
            return _bounded(file.read(MAX_NOTEBOOK_BYTES + 1))
    except (
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        OSError,
        ValueError,
    ) as error:
        raise UnreadableError(f"is damaged ({error})") from error


def _bounded(data: bytes) -> bytes:
    if len(data) > MAX_NOTEBOOK_BYTES:
        raise UnreadableError(f"is larger than {MAX_NOTEBOOK_BYTES / 1e6:.0f} MB")
    return data


def _extra(entry: zipfile.ZipInfo) -> Iterator[tuple[int, bytes]]:
    """Yield an entry's extra fields."""
    extra, position = entry.extra, 0
    while position + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, position)
        yield kind, extra[position + 4 : position + 4 + size]
        position += 4 + size


def _name(entry: zipfile.ZipInfo) -> str:
    """Return an entry's name: without the flag for UTF-8, zipfile takes it for an old PC's.

    The Finder and old PHP write UTF-8 without the flag; other programs write it beside the name.
    """
    if entry.flag_bits & 0x800:
        return entry.filename
    try:
        raw = entry.filename.encode("cp437")
        for kind, body in _extra(entry):
            if kind == 0x7075 and body[1:5] == struct.pack("<I", zlib.crc32(raw)):
                return body[5:].decode("utf-8")  # "Unicode path", made for this very name
        return raw.decode("utf-8")
    except UnicodeError:
        return entry.filename


def _date(entry: zipfile.ZipInfo, zone: datetime.tzinfo) -> datetime.datetime | None:
    """Return when an entry was changed: in UTC where the zip says so, else by its clock.

    An hour that the clock shows twice is the first one: of two dates the earlier makes nobody late.
    """
    for kind, body in _extra(entry):
        if kind == 0x5455 and len(body) >= 5 and body[0] & 1:  # "extended timestamp"
            return datetime.datetime.fromtimestamp(
                struct.unpack_from("<i", body, 1)[0], datetime.UTC
            )
    try:
        return datetime.datetime(*entry.date_time, tzinfo=zone).astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        return None
