"""Find a data set: in a mirror, in the cache, or at its public address."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from course_lib.datasets.caching import download_to_cache
from course_lib.datasets.downloading import DownloadFailed
from course_lib.datasets.entries import Dataset, entry
from course_lib.datasets.folders import (
    FileCheck,
    cache_dir,
    examine,
    files_in,
    mirror_dir,
    recorded_sums,
)
from course_lib.errors import DataError

Origin = Literal["mirror", "cache", "download"]


class DataWarning(UserWarning):
    """A copy of some data was not used because it cannot be trusted."""


class NotFetched(DataError):
    """No source had the data; `reasons` says why, one short phrase for each source."""

    def __init__(self, message: str, reasons: Sequence[str]) -> None:
        super().__init__(message)
        self.reasons = tuple(reasons)


@dataclass(frozen=True)
class Fetched:
    """A data set whose files are on this computer and checked.

    Attributes
    ----------
    name : str
    folder : Path
        The mirror or cache below which all paths of the catalogue are.
    origin : {"mirror", "cache", "download"}
    files : dict of str to Path
        Every file by its name in the catalogue; for weights these are "top", "no_top", "classes".
    """

    name: str
    folder: Path
    origin: Origin
    files: dict[str, Path]

    def __getitem__(self, name: str) -> Path:
        """Return one file's path by its name."""
        if name not in self.files:
            names = ", ".join(list(self.files)[:5])
            raise DataError(f"{self.name} has no file {name!r}: it has {names}.")
        return self.files[name]


@dataclass(frozen=True)
class Located:
    """Where a data set would be taken from, found without reading or downloading it.

    Attributes
    ----------
    name : str
    origin : {"mirror", "cache", "download"}
    folder : Path or None
        The mirror or cache that has every file; None for a download.
    size : int or None
        Bytes there, or to download; None where that is not known.
    """

    name: str
    origin: Origin
    folder: Path | None
    size: int | None


def locate(name: str | Dataset, *, offline: bool = False) -> Located | None:
    """Look where a data set is, without checksums and without the network.

    Parameters
    ----------
    name : str or Dataset
    offline : bool
        Leave out the download.

    Returns
    -------
    Located or None
        None where `offline` and neither the mirror nor the cache has every file.

    Raises
    ------
    DataError
        If the name is unknown or ``COURSE_DATA_DIR`` is not a folder.
    """
    dataset = _dataset(name)
    for origin, root in (("mirror", mirror_dir()), ("cache", cache_dir())):
        if root:
            sums = recorded_sums(root, dataset)
            places = [place for _, place in files_in(root, dataset, sums)]
            if all(place.is_file() for place in places):
                size = sum(place.stat().st_size for place in places)
                return Located(dataset.name, origin, root, size)
    return None if offline else Located(dataset.name, "download", None, dataset.size)


def verify(name: str | Dataset) -> list[FileCheck]:
    """Read every file of a data set again and compare its checksum, in the mirror and the cache.

    Returns
    -------
    list of FileCheck
        One for each file and each of the two folders that has any of them; where neither has,
        every file as missing from the cache.

    Raises
    ------
    DataError
        If the name is unknown or ``COURSE_DATA_DIR`` is not a folder.
    """
    dataset = _dataset(name)
    checks = []
    if mirror := mirror_dir():
        checks = _unless_absent(examine(mirror, dataset, "mirror", again=True))
    cached = examine(cache_dir(), dataset, "cache", again=True)
    return checks + _unless_absent(cached) or cached


def _unless_absent(checks: list[FileCheck]) -> list[FileCheck]:
    return [] if all(check.status == "missing" for check in checks) else checks


def fetch(name: str | Dataset, *, download: bool = True) -> Fetched:
    """Make sure that a data set is on this computer: mirror, else cache, else download.

    A copy that does not match its checksum is never used: a `DataWarning` names it and the next
    source is tried. The mirror is never changed.

    Parameters
    ----------
    name : str or Dataset
        A name of the catalogue, or a data set of your own.
    download : bool
        Whether the network may be used. ``COURSE_DATA_URL``, where it is set, is the web address
        of a folder that is laid out as a mirror, and replaces all public addresses.

    Raises
    ------
    DataError
        If the name is unknown, if no source has the data whole and right, or if the cache cannot
        be written.

    Examples
    --------
    >>> weights = fetch("mobilenet")  # doctest: +SKIP
    >>> keras.applications.MobileNet(  # doctest: +SKIP
    ...     alpha=0.25, include_top=False, weights=weights["no_top"])
    """
    dataset = _dataset(name)
    mirror, cache = mirror_dir(), cache_dir()
    reasons = []
    for origin, root in (("mirror", mirror), ("cache", cache)):
        checks = examine(root, dataset, origin) if root else []
        if checks and all(check.usable for check in checks):
            return _fetched(dataset, root, origin, checks)
        reasons.append(_pass_over(origin, root, checks))
    if download:
        try:
            download_to_cache(dataset, cache)
        except DownloadFailed as error:
            reasons.append(error.reason)
        else:
            checks = examine(cache, dataset, "cache")
            if all(check.usable for check in checks):
                return _fetched(dataset, cache, "download", checks)
            reasons.append("the download was changed in the cache by another program")
    raise NotFetched(
        f"{dataset.name} could not be had ({'; '.join(reasons)}): connect to the network and run "
        f"`course data fetch {dataset.name}`, or set COURSE_DATA_DIR to a folder that has it.",
        reasons,
    )


def _dataset(name: str | Dataset) -> Dataset:
    return name if isinstance(name, Dataset) else entry(name)


def _fetched(dataset: Dataset, root: Path, origin: Origin, checks: list[FileCheck]) -> Fetched:
    return Fetched(dataset.name, root, origin, {check.name: check.path for check in checks})


def _pass_over(origin: str, root: Path | None, checks: list[FileCheck]) -> str:
    """Return a phrase on why a folder is not used, and warn where its copy is bad or partial."""
    if root is None:
        return f"no {origin} is set (COURSE_DATA_DIR)"
    missing = [check for check in checks if check.status == "missing"]
    if len(missing) == len(checks):
        return f"the {origin} does not have it"
    faulty = [check for check in checks if not check.usable and check.status != "missing"] + missing
    fault = {
        "corrupt": "does not match its checksum",
        "unreadable": "cannot be read",
        "unrecorded": "has no checksum to check it against",
        "missing": "is missing",
    }[faulty[0].status]
    others = f" (and {len(faulty) - 1} more)" if faulty[1:] else ""
    warnings.warn(
        f"The copy in the {origin} is not used: {faulty[0].path} {fault}{others}.",
        DataWarning,
        stacklevel=3,
    )
    return f"the {origin}'s {faulty[0].path.relative_to(root).as_posix()} {fault}{others}"
