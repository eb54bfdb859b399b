"""Checksums of files, and the lists in which they are recorded."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath

from course_lib.errors import DataError
from course_lib.files import decoded

SUMS_FILE = "SHA256SUMS"
SIDECAR = ".sha256"

# A file is hashed when this process first opens it, and again once it has changed.
_remembered: dict[tuple[str, int, int], str] = {}


def sha256(path: Path, *, again: bool = False) -> str:
    """Return a file's SHA-256 as 64 hexadecimal digits.

    Parameters
    ----------
    path : Path
    again : bool
        Read the file even if its checksum is remembered from earlier in this process.
    """
    state = path.stat()
    key = (str(path), state.st_size, state.st_mtime_ns)
    if again or key not in _remembered:
        with path.open("rb") as file:
            _remembered[key] = hashlib.file_digest(file, "sha256").hexdigest()
    return _remembered[key]


def parse_sums(text: str) -> dict[str, str]:
    """Read lines as `sha256sum` writes them: checksum, blanks, an optional ``*``, path.

    Lines of another form are left out, and so are paths that lead out of the folder.

    Examples
    --------
    >>> parse_sums("A" * 64 + " *./mnist/mnist.npz")["mnist/mnist.npz"] == "a" * 64
    True
    """
    sums = {}
    for line in text.splitlines():
        digest, _, path = line.partition(" ")
        path = PurePosixPath(path.lstrip(" ").removeprefix("*").strip())
        is_digest = len(digest) == 64 and set(digest.lower()) <= set("0123456789abcdef")
        if is_digest and path.parts and not path.is_absolute() and ".." not in path.parts:
            sums[path.as_posix()] = digest.lower()
    return sums


def read_sums(path: Path) -> dict[str, str]:
    """Read a file of checksums; an empty dict where there is none.

    Raises
    ------
    DataError
        If the file exists but cannot be read: its data could not be checked.
    """
    if not path.is_file():
        return {}
    try:
        return parse_sums(decoded(path.read_bytes()))
    except UnicodeError:
        return parse_sums(path.read_text("utf-8-sig", errors="replace"))
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}): fix its permissions.") from None


def format_sums(sums: dict[str, str]) -> str:
    """Write checksums as ``sha256sum -c`` reads them."""
    return "".join(f"{digest}  {path}\n" for path, digest in sorted(sums.items()))
