"""Reading the reply file of a student's kernel, which may hold anything at all."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path
from typing import Any

from course_staff.grading.limits import Stopped
from course_staff.grading.protocol import responder

MAX_REPLY_BYTES = 50_000_000  # bytes, packed and unpacked
_MAX_TREE_BYTES = 5_000_000  # bytes of it that are not arrays
# The size of Python's objects: a list with a place in another one, and a character of a text.
_OBJECT, _CHARACTER = 100, 4


def read_reply(path: Path, function: str, room: float = MAX_REPLY_BYTES) -> tuple[Any, int]:
    """Return a kernel's reply, and the bytes that it takes as arrays and as Python's objects.

    Nothing in it is executed or unpickled.
    """
    most = min(room, MAX_REPLY_BYTES)
    try:
        if path.is_symlink() or not path.is_file():
            raise Stopped(f"{function} left no readable reply")
        size = path.stat().st_size
        if size <= most:
            data = path.read_bytes()
            held = _held(data)
            if held <= most:
                return responder.unpack(data), held
    except Stopped:
        raise
    except Exception as error:
        raise Stopped(f"{function} left no readable reply") from error
    raise Stopped(f"{function} left no readable reply: it is too large")


def _held(data: bytes) -> int:
    """Return how many bytes a reply takes, at most, once it is read."""
    sign, directory, comment = struct.unpack("<4s8xI4xH", data[-22:])
    if sign != b"PK\5\6" or comment or data[-42:-38] == b"PK\6\7" or directory > _MAX_TREE_BYTES:
        raise ValueError("a directory of its files that would take long to read")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if not all(name.endswith(".npy") for name in archive.namelist()):
            raise ValueError("files that NumPy did not write")
        tree = archive.getinfo("tree.npy")
        if tree.file_size > _MAX_TREE_BYTES:
            return _OBJECT * tree.file_size
        arrays = sum(entry.file_size for entry in archive.infolist()) - tree.file_size
        text = archive.read(tree)
        objects = sum(map(text.count, (b"[", b"{", b",")))
        return arrays + _OBJECT * objects + _CHARACTER * len(text)
