"""A fingerprint of the course's sources that this process runs."""

from __future__ import annotations

import hashlib
from pathlib import Path

import course_lib
import course_staff


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for package in (course_lib, course_staff):
        folder = Path(package.__file__).parent
        for path in sorted(folder.rglob("*.py")):
            digest.update(f"{path.relative_to(folder.parent).as_posix()}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:20]


# Of all Python files, at import: a file that changes later does not affect this process.
FINGERPRINT = _fingerprint()
