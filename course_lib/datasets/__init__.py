"""The course's data sets: a list of them, where they are, and how to get them as arrays.

>>> from course_lib import datasets
>>> data = datasets.load("mnist")  # doctest: +SKIP

Real data is looked for in the mirror that ``COURSE_DATA_DIR`` names, which is never written to,
then in the cache (``COURSE_CACHE_DIR``, else the user's cache folder), then at its public address,
or below ``COURSE_DATA_URL``, a web folder that is laid out as a mirror. Every file is checked
against its SHA-256 before it is used. Where no real data can be had, a small embedded sample takes
its place, and says so.
"""

from course_lib.datasets.entries import Archive, Dataset, RemoteFile, catalogue
from course_lib.datasets.fetching import (
    DataWarning,
    Fetched,
    Located,
    NotFetched,
    fetch,
    locate,
    verify,
)
from course_lib.datasets.folders import FileCheck, cache_dir, mirror_dir
from course_lib.datasets.loading import load

__all__ = [
    "Archive",
    "DataWarning",
    "Dataset",
    "Fetched",
    "FileCheck",
    "Located",
    "NotFetched",
    "RemoteFile",
    "cache_dir",
    "catalogue",
    "fetch",
    "load",
    "locate",
    "mirror_dir",
    "verify",
]
