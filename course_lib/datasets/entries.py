"""The data that the course uses: names, addresses, checksums, sizes, licences and citations."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import PurePosixPath
from typing import Any

from course_lib.errors import DataError


@dataclass(frozen=True)
class RemoteFile:
    """One file of a data set.

    Attributes
    ----------
    path : str
        Its place in a mirror and in the cache, with forward slashes, such as
        "mnist/mnist.npz".
    url : str
        Its public address.
    sha256 : str or None
        The published checksum, 64 hexadecimal digits.
    size : int or None
        Bytes.
    name : str
        Its name in `Fetched`; the path where it is empty.
    also : tuple of str
        Paths of files that serve instead where `path` is absent, checked by a recorded checksum.
    """

    path: str
    url: str
    sha256: str | None = None
    size: int | None = None
    name: str = ""
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pick:
    """Which pictures of an archive's folder are unpacked: `start` to `stop` by their numbers."""

    source: str
    target: str
    start: int
    stop: int


@dataclass(frozen=True)
class Archive:
    """A zip file of which some pictures make up the data set.

    Attributes
    ----------
    url, sha256, size
        As for a `RemoteFile`.
    folder : str
        The place of the pictures in a mirror and in the cache.
    picks : tuple of Pick
        The pictures to unpack; the targets are below `folder`.
    """

    url: str
    folder: str
    picks: tuple[Pick, ...]
    sha256: str | None = None
    size: int | None = None


@dataclass(frozen=True)
class Dataset:
    """One entry of the catalogue.

    Attributes
    ----------
    name, title, licence, citation, homepage : str
    files : tuple of RemoteFile
        Empty where the data set comes as one `archive`.
    archive : Archive or None
    sample : str
        A description of the embedded sample; empty where there is none.
    """

    name: str
    title: str
    licence: str
    citation: str
    homepage: str
    files: tuple[RemoteFile, ...] = ()
    archive: Archive | None = None
    sample: str = ""

    @property
    def size(self) -> int | None:
        """Bytes to download, or None where that is not known."""
        sizes = [self.archive.size] if self.archive else [file.size for file in self.files]
        return None if None in sizes else sum(sizes)


@cache
def _entries() -> dict[str, Dataset]:
    text = resources.files(__package__).joinpath("catalogue.toml").read_text("utf-8")
    return {name: _dataset(name, entry) for name, entry in tomllib.loads(text).items()}


def _dataset(name: str, entry: dict[str, Any]) -> Dataset:
    files = [
        RemoteFile(**{**file, "also": tuple(file.get("also", ()))})
        for file in entry.pop("files", ())
    ]
    if registry := entry.pop("registry", None):
        files += _registered(**registry)
    if archive := entry.pop("archive", None):
        picks = tuple(Pick(**pick) for pick in archive.pop("picks"))
        archive = Archive(picks=picks, **archive)
    return Dataset(name, files=tuple(files), archive=archive, **entry)


def _registered(file: str, folder: str, url: str) -> list[RemoteFile]:
    """Read a list of many files of which each stands at `url` + its path below `folder`."""
    text = resources.files(__package__).joinpath(file).read_text("utf-8")
    files = []
    for line in text.splitlines():
        if not line.startswith("#"):
            sha256, size, path = line.split(maxsplit=2)
            below = PurePosixPath(path).relative_to(folder)
            files.append(RemoteFile(path, f"{url}{below}", sha256, int(size)))
    return files


def catalogue() -> dict[str, Dataset]:
    """Return every data set of the course by its name.

    Examples
    --------
    >>> catalogue()["mnist"].licence
    'CC BY-SA 3.0'
    """
    return dict(_entries())


def entry(name: str) -> Dataset:
    """Return one data set of the catalogue.

    Raises
    ------
    DataError
        If no data set has this name.
    """
    entries = _entries()
    if name in entries:
        return entries[name]
    close = difflib.get_close_matches(str(name).lower(), entries, n=1)
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    raise DataError(f"There is no data set {name!r}{hint}: choose one of {', '.join(entries)}.")
