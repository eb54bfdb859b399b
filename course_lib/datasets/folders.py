"""Where data lies on this computer, and whether it can be trusted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from course_lib.datasets.checksums import SIDECAR, SUMS_FILE, read_sums, sha256
from course_lib.datasets.entries import Dataset, RemoteFile
from course_lib.errors import DataError

Status = Literal["ok", "missing", "corrupt", "unreadable", "unrecorded"]


def mirror_dir() -> Path | None:
    """Return the read-only folder that ``COURSE_DATA_DIR`` names, or None where it is not set.

    Raises
    ------
    DataError
        If the variable names something that is not a folder.
    """
    value = os.environ.get("COURSE_DATA_DIR")
    if not value:
        return None
    folder = Path(value).expanduser()
    if not folder.is_dir():
        raise DataError(
            f"COURSE_DATA_DIR is {value!r}, which is not a folder: correct it or unset it."
        )
    return folder.absolute()


def cache_dir() -> Path:
    """Return where downloads are kept: ``COURSE_CACHE_DIR``, else the user's cache folder."""
    if value := os.environ.get("COURSE_CACHE_DIR"):
        return Path(value).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_cache_dir("keras-course", appauthor=False))


@dataclass(frozen=True)
class FileCheck:
    """The state of one file.

    Attributes
    ----------
    name : str
        The file's name in its data set.
    path : Path
        Where it is, or should be.
    origin : {"mirror", "cache"}
    status : {"ok", "missing", "corrupt", "unreadable", "unrecorded"}
        "unrecorded": there is no checksum for it.
    """

    name: str
    path: Path
    origin: Literal["mirror", "cache"]
    status: Status

    @property
    def usable(self) -> bool:
        """A mirror is trusted where it records no checksum, the cache is not."""
        return self.status == "ok" or (self.status == "unrecorded" and self.origin == "mirror")


def recorded_sums(root: Path, dataset: Dataset) -> dict[str, str]:
    """Return the checksums that a mirror or cache itself records, by path below `root`.

    They are in the root's ``SHA256SUMS``, or in that of an unpacked archive's own folder, or, for
    a file that was downloaded without a published checksum, beside it in ``FILE.sha256``, which
    takes precedence over the others.
    """
    sums = read_sums(root / SUMS_FILE)
    if dataset.archive:
        folder = dataset.archive.folder
        own = read_sums(root / folder / SUMS_FILE)
        sums |= {f"{folder}/{path}": digest for path, digest in own.items()}
    for file in dataset.files:
        sums |= read_sums(root / (file.path + SIDECAR))
    return sums


def files_in(
    root: Path, dataset: Dataset, sums: dict[str, str]
) -> Iterator[tuple[RemoteFile, Path]]:
    """Yield each file of a data set with its place in a mirror or cache, present or not.

    The pictures of an unpacked archive are those with recorded checksums, else those that exist.
    """
    for file in dataset.files:
        places = [root / path for path in (file.path, *file.also)]
        yield file, next((place for place in places if place.is_file()), places[0])
    if dataset.archive:
        for pick in dataset.archive.picks:
            folder = f"{dataset.archive.folder}/{pick.target}"
            paths = [path for path in sums if path.startswith(folder + "/")]
            if not paths:
                paths = [f"{folder}/{p.name}" for p in sorted((root / folder).glob("*.jpg"))]
            for path in paths or [folder]:
                yield RemoteFile(path, url=""), root / path


def examine(
    root: Path, dataset: Dataset, origin: Literal["mirror", "cache"], *, again: bool = False
) -> list[FileCheck]:
    """Check every file of a data set in a mirror or cache, without changing anything there.

    A checksum that the folder itself records takes precedence over the catalogue's: a mirror may
    hold the same arrays in other bytes.
    """
    sums = recorded_sums(root, dataset)
    return [
        FileCheck(file.name or file.path, place, origin, _status(file, place, root, sums, again))
        for file, place in files_in(root, dataset, sums)
    ]


def _status(file: RemoteFile, place: Path, root: Path, sums: dict[str, str], again: bool) -> Status:
    if not place.is_file():
        return "missing"
    path = place.relative_to(root).as_posix()
    published = path == file.path
    expected = sums.get(path) or (file.sha256 if published else None)
    try:
        if expected:
            return "ok" if sha256(place, again=again) == expected else "corrupt"
        wrong_size = published and file.size is not None and place.stat().st_size != file.size
    except OSError:
        return "unreadable"
    return "corrupt" if wrong_size else "unrecorded"
